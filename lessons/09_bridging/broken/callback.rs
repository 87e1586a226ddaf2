//! The callback of a library is not async, so it cannot await.

fn main() {
    on_click(|| {
        let pages = count().await;
        println!("{pages}");
    });
}

fn on_click(callback: impl Fn()) {
    callback();
}

async fn count() -> u32 {
    7
}
