//! The thread borrows a runtime, which may be gone before the thread ends.

use std::thread;
use tokio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().unwrap();
    let pages = in_background(&runtime);
    println!("{}", pages.join().unwrap());
}

fn in_background(runtime: &Runtime) -> thread::JoinHandle<u32> {
    thread::spawn(|| runtime.block_on(count()))
}

async fn count() -> u32 {
    7
}
