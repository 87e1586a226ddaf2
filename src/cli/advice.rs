//! Explains compiler errors that are typical of async code, with a link to the chapter.

use async_workbook::text::strip_ansi;

use super::build::Diagnostic;
use super::markdown::chapter_path;
use super::repo::Repo;

/// An explanation of an error that is typical of async code.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// The error's code or the lint's name; empty for errors that have none.
    code: &'static str,
    /// Parts that the rendered error must contain, separated by `*`.
    pattern: &'static str,
    pub text: &'static str,
    section: Section,
}

/// A chapter, and a heading in it.
type Section = Option<(&'static str, &'static str)>;

const LAZY: Section = Some(("01_hello_await", "Why"));
const NOT_AWAITED: Section = Some(("01_hello_await", "The pitfall"));
const SPAWN: Section = Some(("02_lazy", "Why"));
const GATHER: Section = Some(("03_gather", "The program"));
const ERRORS: Section = Some(("06_errors", "The program"));
const LANGUAGE: Section = Some(("rosetta", "Language"));

const MISSING_AWAIT: &str =
    "calling an async fn returns a future, not its result: add `.await`.";
const NOT_SEND: &str = "a spawned task may move to another thread, so everything it holds across an `.await` must be `Send`: an `Rc` or a `std` mutex guard is not.";

/// The first match is used. One entry per line, so that the table can be scanned.
#[rustfmt::skip]
const ADVICE: &[Advice] = &[
    Advice { code: "E0728", pattern: "", section: LAZY, text: "`.await` works only inside an async fn, block or closure; the closure passed to `map` is not async unless it contains an `async` block." },
    Advice { code: "E0752", pattern: "", section: LAZY, text: "`main` needs something that polls it: `#[tokio::main]` above it creates a runtime that does." },
    Advice { code: "E0308", pattern: "different `async` block", section: GATHER, text: "each async block has its own type; to put futures into a Vec, create all of them with one async fn, or box them with `.boxed()`." },
    Advice { code: "E0308", pattern: "found future", section: NOT_AWAITED, text: MISSING_AWAIT },
    Advice { code: "E0308", pattern: "Future<Output", section: NOT_AWAITED, text: MISSING_AWAIT },
    Advice { code: "E0277", pattern: "is not a future", section: LAZY, text: "only a future can be awaited: this is another type, perhaps the result of a future that was awaited before." },
    Advice { code: "E0277", pattern: "between threads*restricting", section: SPAWN, text: "the function is generic over a type that need not be `Send`, so it cannot spawn a task that holds one: run the futures in this task, with `join_all` or a stream." },
    Advice { code: "E0277", pattern: "couldn't convert the error", section: ERRORS, text: "`?` converts the error with `From`; if there is no such `From`, convert it with `map_err`." },
    Advice { code: "E0277", pattern: "cannot be sent between threads", section: SPAWN, text: NOT_SEND },
    Advice { code: "", pattern: "cannot be sent between threads", section: SPAWN, text: NOT_SEND },
    Advice { code: "E0277", pattern: "Future<Output", section: NOT_AWAITED, text: MISSING_AWAIT },
    Advice { code: "E0277", pattern: "the `?` operator can only be used in", section: ERRORS, text: "`?` returns from the async block or fn around it, so that must return a Result." },
    Advice { code: "E0599", pattern: "Future<Output", section: NOT_AWAITED, text: "a future has no such method, but its result may have it: `.await` it first." },
    Advice { code: "E0609", pattern: "Future<Output", section: NOT_AWAITED, text: "a future has no such field, but its result may have it: `.await` it first." },
    Advice { code: "E0369", pattern: "Future<Output", section: NOT_AWAITED, text: "you cannot do arithmetic on a future: `.await` it first." },
    Advice { code: "E0373", pattern: "async block may outlive", section: SPAWN, text: "a task may outlive the function that spawns it, so it must own what it uses: add `move`, and clone what others need, too." },
    Advice { code: "E0373", pattern: "closure may outlive", section: None, text: "the closure may be called after the function has returned, so it must own what it uses: add `move`, and clone what others need, too." },
    Advice { code: "E0597", pattern: "borrowed for `'static`", section: SPAWN, text: "a task may outlive the function that spawns it, so it cannot borrow from it; `join!` can." },
    Advice { code: "E0716", pattern: "", section: SPAWN, text: "something, perhaps a future, borrows a value that is dropped at the end of the statement: bind the value to a variable first." },
    Advice { code: "E0521", pattern: "must outlive `'static`", section: SPAWN, text: "a task may outlive the function that spawns it, so it must own what it uses: clone it, or pass an `Arc`." },
    Advice { code: "E0382", pattern: "due to use in coroutine", section: SPAWN, text: "`async move` takes ownership of what it uses; clone it first, or share an `Arc`." },
    Advice { code: "E0499", pattern: "in coroutine", section: GATHER, text: "two futures that run concurrently cannot both mutate one value: let each return its part, and combine the parts after the `.await`." },
    Advice { code: "E0733", pattern: "", section: LANGUAGE, text: "an async fn that awaits itself needs a box: `Box::pin(f(n - 1)).await`." },
    Advice { code: "unused_must_use", pattern: "uture", section: NOT_AWAITED, text: "a future does nothing until it is awaited." },
];

/// Finds the advice on a compiler error.
pub fn find(diagnostic: &Diagnostic) -> Option<&'static Advice> {
    let code = diagnostic.code.as_deref().unwrap_or_default();
    let rendered = strip_ansi(&diagnostic.rendered);
    ADVICE.iter().find(|advice| {
        advice.code == code
            && advice.pattern.split('*').all(|part| rendered.contains(part))
    })
}

impl Advice {
    /// Returns the path of the section of the book that explains the error.
    pub fn path(&self, repo: &Repo) -> Option<String> {
        let (chapter, heading) = self.section?;
        Some(chapter_path(repo, &format!("{chapter}.md#{}", anchor(heading))))
    }
}

/// Returns the anchor that mdBook gives a heading.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_section_is_in_the_book() {
        for (chapter, heading) in ADVICE.iter().filter_map(|one| one.section) {
            let chapters =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("book/chapters");
            let path = chapters.join(chapter).with_extension("md");
            let text = std::fs::read_to_string(&path).expect("a chapter");
            let line = format!("## {heading}");
            assert!(text.lines().any(|l| l == line), "{chapter}: {heading}");
            // `anchor` handles only these characters.
            assert!(heading.chars().all(|c| c.is_ascii_alphabetic() || c == ' '));
        }
    }
}
