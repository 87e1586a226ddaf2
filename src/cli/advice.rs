//! Explains compiler errors that are typical of async code, with a link to the chapter.

use async_workbook::text::strip_ansi;

use super::build::Diagnostic;
use super::markdown::chapter_path;
use super::repo::Repo;

/// What an error usually means in async code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The error's code; some errors of async code have none.
    code: Option<&'static str>,
    /// Parts that the rendered error must contain, separated by `*`.
    pattern: &'static str,
    pub text: &'static str,
    section: Option<Section>,
}

/// A chapter, and a heading in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Section(&'static str, &'static str);

const fn advice(
    code: &'static str,
    pattern: &'static str,
    text: &'static str,
    chapter: &'static str,
    heading: &'static str,
) -> Advice {
    Advice {
        code: Some(code),
        pattern,
        text,
        section: Some(Section(chapter, heading)),
    }
}

const MISSING_AWAIT: &str =
    "calling an async fn returns a future, not its result: add `.await`.";

const NOT_SEND: &str = "a spawned task may move to another thread, so everything it holds \
    across an `.await` must be `Send`: an `Rc` or a `std` mutex guard is not.";

/// The first match is used.
const ADVICE: &[Advice] = &[
    advice(
        "E0728",
        "",
        "`.await` works only inside an async fn, block or closure; the closure passed to \
         `map` is not async unless it contains an `async` block.",
        "01_hello_await",
        "Why",
    ),
    advice(
        "E0752",
        "",
        "`main` needs something that polls it: `#[tokio::main]` above it creates a runtime \
         that does.",
        "01_hello_await",
        "Why",
    ),
    advice(
        "E0308",
        "different `async` block",
        "each async block has its own type; to put futures into a Vec, create all of them \
         with one async fn, or box them with `.boxed()`.",
        "03_gather",
        "The program",
    ),
    advice("E0308", "found future", MISSING_AWAIT, "01_hello_await", "The pitfall"),
    advice("E0308", "Future<Output", MISSING_AWAIT, "01_hello_await", "The pitfall"),
    advice(
        "E0277",
        "is not a future",
        "only a future can be awaited; was it awaited before, or is it not a future at \
         all?",
        "01_hello_await",
        "Why",
    ),
    advice(
        "E0277",
        "between threads*restricting",
        "the function's signature does not promise that its type parameter is `Send`, so \
         you cannot spawn it here: run the futures in this task, with `join_all` or a \
         stream.",
        "02_lazy",
        "Why",
    ),
    advice(
        "E0277",
        "couldn't convert the error",
        "`?` converts the error with `From`; if there is no such `From`, convert it with \
         `map_err`.",
        "06_errors",
        "The program",
    ),
    advice("E0277", "cannot be sent between threads", NOT_SEND, "02_lazy", "Why"),
    Advice {
        code: None,
        ..advice("", "cannot be sent between threads", NOT_SEND, "02_lazy", "Why")
    },
    advice("E0277", "Future<Output", MISSING_AWAIT, "01_hello_await", "The pitfall"),
    advice(
        "E0277",
        "the `?` operator can only be used in",
        "`?` returns from the async block or fn around it, so that must return a Result.",
        "06_errors",
        "The program",
    ),
    advice(
        "E0599",
        "Future<Output",
        "a future has no such method, but its result may have it: `.await` it first.",
        "01_hello_await",
        "The pitfall",
    ),
    advice(
        "E0609",
        "Future<Output",
        "a future has no such field, but its result may have it: `.await` it first.",
        "01_hello_await",
        "The pitfall",
    ),
    advice(
        "E0369",
        "Future<Output",
        "you cannot do arithmetic on a future: `.await` it first.",
        "01_hello_await",
        "The pitfall",
    ),
    advice(
        "E0373",
        "async block may outlive",
        "a task may outlive the function that spawns it, so it must own what it uses: add \
         `move`, and clone what others need, too.",
        "02_lazy",
        "Why",
    ),
    Advice {
        section: None,
        ..advice(
            "E0373",
            "closure may outlive",
            "the closure may be called after the function has returned, so it must own \
             what it uses: add `move`, and clone what others need, too.",
            "",
            "",
        )
    },
    advice(
        "E0597",
        "borrowed for `'static`",
        "a task may outlive the function that spawns it, so it cannot borrow from it; \
         `join!` can.",
        "02_lazy",
        "Why",
    ),
    advice(
        "E0716",
        "",
        "something, perhaps a future, borrows a value that is dropped at the end of the \
         statement: bind the value to a variable first.",
        "02_lazy",
        "Why",
    ),
    advice(
        "E0521",
        "must outlive `'static`",
        "a task may outlive the function that spawns it, so it must own what it uses: \
         clone it, or pass an `Arc`.",
        "02_lazy",
        "Why",
    ),
    advice(
        "E0382",
        "due to use in coroutine",
        "`async move` takes ownership of what it uses; clone it first, or share an `Arc`.",
        "02_lazy",
        "Why",
    ),
    advice(
        "E0499",
        "in coroutine",
        "two futures that run concurrently cannot both mutate one value: let each return \
         its part, and combine the parts after the `.await`.",
        "03_gather",
        "The program",
    ),
    advice(
        "E0733",
        "",
        "an async fn that awaits itself needs a box: `Box::pin(f(n - 1)).await`.",
        "rosetta",
        "Language",
    ),
    advice(
        "unused_must_use",
        "uture",
        "a future does nothing until it is awaited.",
        "01_hello_await",
        "The pitfall",
    ),
];

/// Returns the advice on a compiler error, if there is any.
pub fn find(diagnostic: &Diagnostic) -> Option<&'static Advice> {
    let code = diagnostic.code.as_deref();
    let rendered = strip_ansi(&diagnostic.rendered);
    ADVICE.iter().find(|advice| {
        advice.code == code
            && advice.pattern.split('*').all(|part| rendered.contains(part))
    })
}

impl Advice {
    /// Returns the path of the section that explains the error.
    pub fn path(&self, repo: &Repo) -> Option<String> {
        let Section(chapter, heading) = self.section?;
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
        for Section(chapter, heading) in ADVICE.iter().filter_map(|one| one.section)
        {
            let chapters =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("book/chapters");
            let path = chapters.join(chapter).with_extension("md");
            let text = std::fs::read_to_string(&path).expect("a chapter");
            let line = format!("## {heading}");
            assert!(text.lines().any(|l| l == line), "{chapter}: {heading}");
            // `anchor` covers no more than this.
            assert!(heading.chars().all(|c| c.is_ascii_alphabetic() || c == ' '));
        }
    }

    #[test]
    fn a_forgotten_await_is_recognised_by_the_rendered_error() {
        let diagnostic = |code: &str, rendered: &str| Diagnostic {
            code: Some(code.to_owned()),
            rendered: rendered.to_owned(),
            ..Diagnostic::default()
        };
        let future = "expected `u32`, \x1b[1mfound future\x1b[0m";
        let advice = find(&diagnostic("E0308", future)).expect("advice");
        assert_eq!(advice.text, MISSING_AWAIT);
        assert_eq!(find(&diagnostic("E0308", "expected `u32`")), None);
        assert_eq!(find(&diagnostic("E0425", "cannot find value")), None);
    }
}
