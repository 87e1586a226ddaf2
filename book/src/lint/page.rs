//! The facts of one page that the rules look at, selected from its parsed HTML.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};

/// The facts of one page.
#[derive(Debug, Default)]
pub struct Page {
    pub html: String,
    pub ids: BTreeSet<String>,
    /// The targets of `<a>`.
    pub links: Vec<String>,
    /// URLs that the browser loads by itself: scripts, style sheets, images.
    pub loads: Vec<String>,
    /// Style sheets within the page.
    pub styles: String,
    /// The headings in `<main>`.
    pub headings: Vec<Heading>,
    /// The texts of `<summary>`.
    pub summaries: Vec<String>,
    /// For each question to guess at, or with choices, the level-2 heading above it.
    pub questions: Vec<String>,
    /// For each fold, the level-2 heading above it.
    pub folds: Vec<String>,
    pub blocks: Vec<Block>,
    /// The captions of blocks.
    pub captions: Vec<String>,
    /// Names of the lessons that have a plan in a fold.
    pub plans: Vec<String>,
    /// The text of `<main>` that is not code.
    pub prose: String,
}

#[derive(Debug, PartialEq)]
pub struct Heading {
    pub level: u8,
    pub text: String,
    pub classes: String,
}

/// A block of code or output.
#[derive(Debug)]
pub struct Block {
    pub classes: String,
    pub text: String,
    /// It is in one of two columns.
    pub in_pair: bool,
}

/// Attributes by which an element other than a link loads something.
const LOADS: [&str; 7] =
    ["src", "srcset", "href", "data", "poster", "action", "xlink:href"];

impl Page {
    /// Parses a page. Like a browser, the parser accepts any text.
    pub fn parse(html: String) -> Self {
        let document = Html::parse_document(&html);
        let all = |selector: &str| select(&document, selector);
        let texts = |selector: &str| all(selector).into_iter().map(text).collect();
        let mut page = Self {
            links: attributes(&all("a[href], area[href]"), "href"),
            ids: attributes(&all("[id]"), "id").into_iter().collect(),
            styles: attributes(&all("[style]"), "style").concat()
                + &all("style").into_iter().map(text).collect::<String>(),
            summaries: texts("main summary"),
            captions: texts("main p.file"),
            plans: attributes(&all("details ol.plan"), "data-lesson"),
            ..Self::default()
        };
        // The `<base>` of 404.html is not loaded; it makes relative URLs work at any
        // path.
        for element in all("*:not(a):not(area):not(base)") {
            let value = |name: &&str| element.value().attr(name).map(str::to_owned);
            page.loads.extend(LOADS.iter().filter_map(value));
        }
        for element in all("main pre code") {
            let mut parents = element.ancestors().filter_map(ElementRef::wrap);
            page.blocks.push(Block {
                classes: classes(element),
                text: text(element),
                in_pair: parents.any(|parent| has(&classes(parent), "pair")),
            });
        }
        let mut section = String::new();
        let sections = "main :is(h1, h2, h3, h4, h5, h6), main details, main :is(.guess, .choices)";
        for element in all(sections) {
            match element.value().name() {
                "details" => page.folds.push(section.clone()),
                "label" | "fieldset" => page.questions.push(section.clone()),
                heading => {
                    let level = heading.as_bytes()[1] - b'0';
                    let text = text(element);
                    if level == 2 {
                        section.clone_from(&text);
                    }
                    let classes = classes(element);
                    page.headings.push(Heading { level, text, classes });
                }
            }
        }
        for node in all("main").iter().flat_map(|main| main.descendants()) {
            let mut parents = node.ancestors().filter_map(ElementRef::wrap);
            let is_prose = parents.all(|parent| {
                !matches!(parent.value().name(), "code" | "script" | "style")
            });
            if let Some(text) = node.value().as_text().filter(|_| is_prose) {
                page.prose.push_str(text);
            }
        }
        page.html = html;
        page
    }
}

fn select<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    // All selectors are literals above, and parsing any page parses every one.
    let selector = Selector::parse(selector).expect("a valid selector");
    document.select(&selector).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

fn classes(element: ElementRef<'_>) -> String {
    element.value().attr("class").unwrap_or_default().to_owned()
}

fn attributes(elements: &[ElementRef<'_>], name: &str) -> Vec<String> {
    let value = |element: &ElementRef| element.value().attr(name).map(str::to_owned);
    elements.iter().filter_map(value).collect()
}

/// Returns whether `class` is one of `classes`.
pub fn has(classes: &str, class: &str) -> bool {
    classes.split_whitespace().any(|name| name == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_selected() {
        let page = Page::parse(
            "<!DOCTYPE html><head><link rel=stylesheet href='a.css'><style>b{}</style></head>
             <h1>Menu</h1><script>var x = '<h1 id=\"no\">';</script><a href=x.html>x</a>
             <main><h1 id=t>A &amp; <code>b</code></h1><p>words <code>x[0][1]</code></p>
             <div class='wide pair'><p class=file>a.rs</p>
             <pre><code class='language-rust ignore'>let a;\n<span>b</span></code></pre></div>
             <pre><code>c</code></pre><h2 class=python>B</h2><h3>C</h3>
             <label class='guess lines'>?</label><label>no</label>
             <fieldset class=choices></fieldset>
             <details><summary>For <b>you</b></summary>
             <ol class=plan data-lesson=03_gather></ol></details>
             <ol class=plan data-lesson=04_bounded></ol></main>"
                .to_owned(),
        );
        assert_eq!(page.loads, ["a.css"]);
        assert_eq!(page.links, ["x.html"]);
        assert_eq!(page.styles, "b{}");
        assert_eq!(page.ids.iter().collect::<Vec<_>>(), ["t"]);
        let heading = |level, text: &str, classes: &str| Heading {
            level,
            text: text.to_owned(),
            classes: classes.to_owned(),
        };
        assert_eq!(
            page.headings,
            [
                heading(1, "A & b", ""),
                heading(2, "B", "python"),
                heading(3, "C", "")
            ]
        );
        assert_eq!(
            (&page.questions[..], &page.folds[..]),
            (&["B".to_owned(), "B".to_owned()][..], &["B".to_owned()][..])
        );
        assert_eq!(page.summaries, ["For you"]);
        assert_eq!(page.captions, ["a.rs"]);
        assert_eq!(page.plans, ["03_gather"]);
        assert!(page.prose.contains("words") && !page.prose.contains("x[0]"));
        assert_eq!(page.blocks.len(), 2);
        assert_eq!(page.blocks[0].text, "let a;\nb");
        assert!(page.blocks[0].in_pair && !page.blocks[1].in_pair);
        assert!(has(&page.blocks[0].classes, "ignore"));
    }
}
