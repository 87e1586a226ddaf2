//! Wrong: waits for a thread that has a runtime of its own.

use std::thread;

use tokio::runtime::Builder;

async fn index(html: String) -> String {
    let work = async |html: String| {
        let page = Page::parse(&html);
        let links = page.links();
        let sizes = join_all(links.iter().map(|link| service::fetch(link))).await;
        format!("{}: {}", page.title, sizes.iter().sum::<usize>())
    };
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work(html))
    });
    thread.join().unwrap()
}
