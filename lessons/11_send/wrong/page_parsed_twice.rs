//! Wrong: parses the page before the await for its links, and after it for its title.

async fn index(html: String) -> String {
    let links = Page::parse(&html).links();
    let sizes = join_all(links.iter().map(|link| service::fetch(link))).await;
    let page = Page::parse(&html);
    format!("{}: {}", page.title, sizes.iter().sum::<usize>())
}
