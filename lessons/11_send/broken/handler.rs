//! A handler parses a page with a parser that is not `Send`.

use std::rc::Rc;

use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let _app: Router = Router::new().route("/title", get(title));
}

async fn title() -> String {
    let page = Page::parse("Prices");
    save(&page.title).await;
    page.title.to_string()
}

struct Page {
    title: Rc<str>,
}

impl Page {
    fn parse(text: &str) -> Self {
        Self { title: text.into() }
    }
}

async fn save(_title: &str) {}
