//! Wrong: keeps the sizes of pages for other calls.

use std::collections::HashMap;

static SIZES: Mutex<Option<HashMap<String, usize>>> = Mutex::new(None);

async fn size(url: &Text) -> usize {
    let known = SIZES.lock().unwrap().get_or_insert_default().get(&**url).copied();
    if let Some(size) = known {
        return size;
    }
    let size = service::fetch(url).await;
    SIZES.lock().unwrap().get_or_insert_default().insert(url.to_string(), size);
    size
}

async fn index(html: String) -> String {
    let (title, links) = {
        let page = Page::parse(&html);
        (page.title.to_string(), page.links())
    };
    let sizes = join_all(links.iter().map(size)).await;
    format!("{title}: {}", sizes.iter().sum::<usize>())
}
