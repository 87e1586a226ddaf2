//! A handler parses a page with a parser that is not `Send`. `is_send` says so.

use std::rc::Rc;

#[tokio::main]
async fn main() {
    is_send(title());
}

fn is_send(_: impl Send) {}

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
