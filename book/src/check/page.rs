//! The facts of one page that the rules ask for.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// One page, read once.
#[derive(Debug, Default)]
pub struct Page {
    pub html: String,
    pub ids: BTreeSet<String>,
    /// Where `<a>` goes.
    pub links: Vec<String>,
    /// What the browser loads by itself: scripts, style sheets, pictures.
    pub loads: Vec<String>,
    /// Level and text of the headings in `<main>`.
    pub headings: Vec<(u8, String)>,
    /// The texts of `<summary>`.
    pub summaries: Vec<String>,
    pub blocks: Vec<Block>,
    /// The captions above blocks.
    pub captions: Vec<String>,
    /// The lessons whose plans stand in a fold.
    pub plans: Vec<String>,
    /// The text of `<main>` that is not code.
    pub prose: String,
    /// The headings of the second level above the questions to guess at, one for each
    /// question.
    pub guesses: Vec<String>,
    /// The same for folds.
    pub folds: Vec<String>,
    /// The classes of the headings, one for each.
    pub heading_classes: Vec<String>,
    /// Style sheets written into the page.
    pub styles: String,
}

/// A block of code or output.
#[derive(Debug, Default)]
pub struct Block {
    pub classes: String,
    pub text: String,
    pub in_pair: bool,
}

impl Page {
    /// Reads a page as a browser's tokenizer does, so it never fails.
    pub fn read(html: String) -> Self {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from_slice(&html));
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        // Nothing here runs scripts, so nothing ever interrupts the tokenizer but
        // their ends.
        while !queue.is_empty() {
            let _ = tokenizer.feed(&queue);
        }
        tokenizer.end();
        let mut page = tokenizer.sink.state.into_inner().page;
        page.html = html;
        page
    }
}

/// Elements that never end, so that none of them is waited for.
const VOID: [&str; 9] =
    ["area", "base", "br", "hr", "img", "input", "link", "meta", "source"];

/// Attributes by which an element other than `<a>` loads something.
const LOADS: [&str; 7] =
    ["src", "srcset", "href", "data", "poster", "action", "xlink:href"];

#[derive(Default)]
struct Reader {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    page: Page,
    open: Vec<Open>,
}

struct Open {
    name: String,
    classes: String,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                state.start(&tag);
                match &*tag.name {
                    "script" => {
                        return TokenSinkResult::RawData(RawKind::ScriptData);
                    }
                    "style" => return TokenSinkResult::RawData(RawKind::Rawtext),
                    "title" | "textarea" => {
                        return TokenSinkResult::RawData(RawKind::Rcdata);
                    }
                    _ => {}
                }
            }
            Token::TagToken(tag) => state.end(&tag.name),
            Token::CharacterTokens(text) => state.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn start(&mut self, tag: &Tag) {
        let name = tag.name.to_string();
        let (mut classes, mut lesson) = (String::new(), String::new());
        for attribute in &tag.attrs {
            let value = attribute.value.to_string();
            match &*attribute.name.local {
                "id" => {
                    self.page.ids.insert(value);
                }
                "class" => classes = value,
                "data-lesson" => lesson = value,
                "style" => self.page.styles.push_str(&value),
                "href" if name == "a" || name == "area" => {
                    self.page.links.push(value)
                }
                // The page for a wrong address has one, to be found from any folder.
                "href" if name == "base" => {}
                load if LOADS.contains(&load) => self.page.loads.push(value),
                _ => {}
            }
        }
        match &name[..] {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.within("main") => {
                let level = name.as_bytes()[1] - b'0';
                self.page.headings.push((level, String::new()));
                self.page.heading_classes.push(classes.clone());
            }
            "summary" => self.page.summaries.push(String::new()),
            "details" => self.page.folds.push(self.section()),
            "label" if has(&classes, "guess") => {
                self.page.guesses.push(self.section())
            }
            "ol" if has(&classes, "plan") && self.within("details") => {
                self.page.plans.push(lesson);
            }
            "p" if has(&classes, "file") => self.page.captions.push(String::new()),
            "code" if self.within("pre") => self.page.blocks.push(Block {
                classes: classes.clone(),
                text: String::new(),
                in_pair: self.open.iter().any(|open| has(&open.classes, "pair")),
            }),
            _ => {}
        }
        if !tag.self_closing && !VOID.contains(&&name[..]) {
            self.open.push(Open { name, classes });
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            self.open.truncate(at);
        }
    }

    fn text(&mut self, text: &str) {
        if self.within("style") {
            self.page.styles.push_str(text);
            return;
        }
        if self.within("script") || !self.within("main") {
            return;
        }
        let heading = |open: &Open| {
            matches!(&open.name[..], "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
        };
        if self.open.iter().any(heading)
            && let Some((_, words)) = self.page.headings.last_mut()
        {
            words.push_str(text);
        }
        if self.within("summary")
            && let Some(words) = self.page.summaries.last_mut()
        {
            words.push_str(text);
        }
        let caption = |open: &Open| open.name == "p" && has(&open.classes, "file");
        if self.open.iter().any(caption)
            && let Some(words) = self.page.captions.last_mut()
        {
            words.push_str(text);
        }
        if !self.within("code") {
            self.page.prose.push_str(text);
        } else if self.within("pre")
            && let Some(block) = self.page.blocks.last_mut()
        {
            block.text.push_str(text);
        }
    }

    /// The heading of the second level that was read last.
    fn section(&self) -> String {
        let mut above = self.page.headings.iter().rev();
        above
            .find(|(level, _)| *level == 2)
            .map(|(_, words)| words.clone())
            .unwrap_or_default()
    }

    fn within(&self, name: &str) -> bool {
        self.open.iter().any(|open| open.name == name)
    }
}

/// Whether `class` is one of `classes`.
pub fn has(classes: &str, class: &str) -> bool {
    classes.split_whitespace().any(|one| one == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_where_they_count() {
        let page = Page::read(
            "<!DOCTYPE html><head><link rel=stylesheet href='a.css'><style>b{}</style></head>
             <h1>Menu</h1><script>var x = '<h1 id=\"no\">';</script><a href=x.html>x</a>
             <main><h1 id=t>A &amp; <code>b</code></h1><p>words <code>x[0][1]</code></p>
             <div class='wide pair'><p class=file>a.rs</p>
             <pre><code class='language-rust ignore'>let a;\n<span>b</span></code></pre></div>
             <pre><code>c</code></pre><h2 class=python>B</h2><h3>C</h3>
             <label class='guess lines'>?</label><label>no</label>
             <details><summary>For <b>you</b></summary>
             <ol class=plan data-lesson=03_gather></ol></details>
             <ol class=plan data-lesson=04_bounded></ol></main>"
                .to_owned(),
        );
        assert_eq!(page.loads, ["a.css"]);
        assert_eq!(page.links, ["x.html"]);
        assert_eq!(page.styles, "b{}");
        assert_eq!(page.ids.iter().collect::<Vec<_>>(), ["t"]);
        let headings = [(1, "A & b"), (2, "B"), (3, "C")];
        assert_eq!(
            page.headings,
            headings.map(|(level, words)| (level, words.to_owned()))
        );
        assert_eq!(page.heading_classes, ["", "python", ""]);
        assert_eq!(
            (page.guesses, page.folds),
            (vec!["B".to_owned()], vec!["B".to_owned()])
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
