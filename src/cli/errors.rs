//! What a compiler error usually means in async code, and where the book explains it.

use super::compile::Diagnostic;

/// A section of a chapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Such as `01_hello_await`.
    pub chapter: &'static str,
    /// Its heading, or `""` for the chapter as a whole.
    pub heading: &'static str,
}

/// A line on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The error's code; some errors of async code have none.
    code: Option<&'static str>,
    /// What the message has to say, besides: all of the parts between `*`.
    says: &'static str,
    pub text: &'static str,
    pub section: Option<Section>,
}

const fn see(chapter: &'static str, heading: &'static str) -> Option<Section> {
    Some(Section { chapter, heading })
}

/// The first that fits counts.
const ADVICE: &[Advice] = &[
    Advice {
        code: Some("E0728"),
        says: "",
        text: "`.await` works only inside an async fn, block or closure; the closure of \
               a `map` is none, unless it holds an `async` block.",
        section: see("01_hello_await", "Why"),
    },
    Advice {
        code: Some("E0752"),
        says: "",
        text: "something has to poll `main`: `#[tokio::main]` above it makes a runtime \
               that does.",
        section: see("01_hello_await", "Why"),
    },
    Advice {
        code: Some("E0308"),
        says: "different `async` block",
        text: "each async block has a type of its own; a Vec of futures needs one async \
               fn that makes all of them, or `.boxed()`.",
        section: see("03_gather", "The program"),
    },
    Advice {
        code: Some("E0308"),
        says: "found future",
        text: "a call of an async fn is a future, not its result: `.await` is missing.",
        section: see("01_hello_await", "The pitfall"),
    },
    Advice {
        code: Some("E0308"),
        says: "Future<Output",
        text: "a call of an async fn is a future, not its result: `.await` is missing.",
        section: see("01_hello_await", "The pitfall"),
    },
    Advice {
        code: Some("E0277"),
        says: "is not a future",
        text: "only a future can be awaited; is it awaited already, or was it never one?",
        section: see("01_hello_await", "Why"),
    },
    Advice {
        code: Some("E0277"),
        says: "between threads*restricting",
        text: "the signature does not promise that of its type parameter, so nothing of \
               it can be spawned here: run the futures in this task, with `join_all` or a \
               stream.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0277"),
        says: "couldn't convert the error",
        text: "`?` makes the function's own error of another by `From`; where there is \
               no `From`, `map_err` says how.",
        section: see("06_errors", "The program"),
    },
    Advice {
        code: Some("E0277"),
        says: "cannot be sent between threads",
        text: "a spawned task may move to another thread, so what it holds across an \
               await has to be `Send`: an `Rc` or a std guard is not.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: None,
        says: "cannot be sent between threads",
        text: "a spawned task may move to another thread, so what it holds across an \
               await has to be `Send`: an `Rc` or a std guard is not.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0277"),
        says: "Future<Output",
        text: "a call of an async fn is a future, not its result: `.await` is missing.",
        section: see("01_hello_await", "The pitfall"),
    },
    Advice {
        code: Some("E0277"),
        says: "the `?` operator can only be used in",
        text: "`?` leaves the async block or fn it stands in, so that has to return a \
               Result.",
        section: see("06_errors", "The program"),
    },
    Advice {
        code: Some("E0599"),
        says: "Future<Output",
        text: "a future has no such method, its result may have: `.await` it first.",
        section: see("01_hello_await", "The pitfall"),
    },
    Advice {
        code: Some("E0609"),
        says: "Future<Output",
        text: "a future has no such field, its result may have: `.await` it first.",
        section: see("01_hello_await", "The pitfall"),
    },
    Advice {
        code: Some("E0369"),
        says: "Future<Output",
        text: "a future cannot be reckoned with, its result can: `.await` it first.",
        section: see("01_hello_await", "The pitfall"),
    },
    Advice {
        code: Some("E0373"),
        says: "async block may outlive",
        text: "a task may outlive the function that spawns it, so it has to own what it \
               uses: `async move`, of a clone where others need it too.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0373"),
        says: "closure may outlive",
        text: "whoever calls the closure may do so when the function is over, so it has to \
               own what it uses: `move`, of a clone where others need it too.",
        section: None,
    },
    Advice {
        code: Some("E0597"),
        says: "borrowed for `'static`",
        text: "a task may outlive the function that spawns it, so it cannot borrow from \
               it; `join!` can.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0716"),
        says: "",
        text: "something borrows from a value that is gone at the end of the line, a \
               future perhaps: give the value a name first.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0521"),
        says: "must outlive `'static`",
        text: "a task may outlive the function that spawns it, so it has to own what it \
               uses: clone it, or pass an `Arc`.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0382"),
        says: "due to use in coroutine",
        text: "`async move` takes what it uses with it; clone it before, or share an \
               `Arc`.",
        section: see("02_lazy", "Why"),
    },
    Advice {
        code: Some("E0499"),
        says: "in coroutine",
        text: "two futures that run together cannot both change one value: let each \
               return its part, and put the parts together after the await.",
        section: see("03_gather", "The program"),
    },
    Advice {
        code: Some("E0733"),
        says: "",
        text: "an async fn that awaits itself needs a box: `Box::pin(f(n - 1)).await`.",
        section: see("rosetta", "Language"),
    },
    Advice {
        code: Some("unused_must_use"),
        says: "uture",
        text: "a future that nobody awaits does nothing.",
        section: see("01_hello_await", "The pitfall"),
    },
];

/// What there is to say on an error.
pub fn advice(diagnostic: &Diagnostic) -> Option<&'static Advice> {
    let code = diagnostic.code.as_deref();
    let rendered = super::output::plain(&diagnostic.rendered);
    ADVICE.iter().find(|advice| {
        advice.code == code
            && advice.says.split('*').all(|part| rendered.contains(part))
    })
}

impl Section {
    /// Its page in the folder of chapters, such as `01_hello_await.md#why`.
    pub fn page(&self) -> String {
        let anchor = anchor(self.heading);
        let hash = if anchor.is_empty() { "" } else { "#" };
        format!("{}.md{hash}{anchor}", self.chapter)
    }
}

/// The anchor that mdBook gives a heading.
pub fn anchor(heading: &str) -> String {
    let mut anchor = String::new();
    for character in heading.trim().chars() {
        if character.is_alphanumeric() || "_-".contains(character) {
            anchor.extend(character.to_lowercase());
        } else if character.is_whitespace() {
            anchor.push('-');
        }
    }
    anchor
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_section_is_in_the_book() {
        for advice in ADVICE {
            let Some(section) = advice.section else { continue };
            let chapters =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("book/chapters");
            let path = chapters.join(section.chapter).with_extension("md");
            let chapter = std::fs::read_to_string(&path).expect("a chapter");
            let heading = format!("## {}", section.heading);
            assert!(chapter.lines().any(|line| line == heading), "{section:?}");
        }
    }

    #[test]
    fn a_forgotten_await_is_known_by_what_rustc_says() {
        let diagnostic = |code: &str, rendered: &str| Diagnostic {
            code: Some(code.to_owned()),
            rendered: rendered.to_owned(),
            ..Diagnostic::default()
        };
        let of_a_future = "expected `u32`, \x1b[1mfound future\x1b[0m";
        let advice = advice(&diagnostic("E0308", of_a_future)).expect("known");
        assert!(advice.text.contains("`.await` is missing"));
        assert_eq!(super::advice(&diagnostic("E0308", "expected `u32`")), None);
        assert_eq!(super::advice(&diagnostic("E0425", "cannot find value")), None);
    }

    #[test]
    fn anchors_are_mdbooks() {
        assert_eq!(anchor("The pitfall"), "the-pitfall");
        assert_eq!(
            anchor("5. `select!` where you meant `join!`"),
            "5-select-where-you-meant-join"
        );
    }
}
