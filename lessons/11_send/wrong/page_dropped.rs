//! Wrong: drops the page before the await, in the same block.

async fn index(html: String) -> String {
    let page = Page::parse(&html);
    let (title, links) = (page.title.to_string(), page.links());
    drop(page);
    let sizes = join_all(links.iter().map(|link| service::fetch(link))).await;
    format!("{title}: {}", sizes.iter().sum::<usize>())
}

/// Without `spawn`, it compiles.
fn main() {}
