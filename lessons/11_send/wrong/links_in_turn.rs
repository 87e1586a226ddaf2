//! Wrong: fetches one link after the other.

async fn index(html: String) -> String {
    let (title, links) = {
        let page = Page::parse(&html);
        (page.title.to_string(), page.links())
    };
    let mut sum = 0;
    for link in &links {
        sum += service::fetch(link).await;
    }
    format!("{title}: {sum}")
}
