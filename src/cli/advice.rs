//! Explains compiler errors that are typical of async code, with a link to the chapter.

use async_workbook::text::strip_ansi;

use super::build::Diagnostic;
use super::markdown::chapter_path;
use super::repo::Repo;

/// An explanation of an error that is typical of async code.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// The codes of the error, or the name of the lint; empty for errors without a code.
    codes: &'static [&'static str],
    /// Alternatives, separated by `|`. Of one of them, the rendered error must contain all
    /// parts, which are separated by `*`.
    pattern: &'static str,
    pub text: &'static str,
    section: Section,
}

/// A chapter, and a heading in it.
type Section = Option<(&'static str, &'static str)>;

const LAZY: Section = Some(("01_hello_await", "Why"));
const NOT_AWAITED: Section = Some(("01_hello_await", "The pitfall"));
const SPAWN: Section = Some(("02_lazy", "Why"));
const TASK: Section = Some(("02_lazy", "What a task may use"));
const GATHER: Section = Some(("03_gather", "The program"));
const BLOCK: Section = Some(("03_gather", "Two APIs, one value"));
const ERRORS: Section = Some(("06_errors", "An error for a caller"));
const CLOSURE: Section = Some(("08_blocking", "Two errors"));
const SEND: Section = Some(("11_send", "The program"));
const COPY: Section = Some(("12_cancellation", "What the compiler says"));
const LANGUAGE: Section = Some(("rosetta", "Language"));

const MISSING_AWAIT: &str = "this is a future, not its result, which an async fn returns only after `.await`: add `.await`.";
const OWN_TYPE: &str = "each async block and each async fn has its own type of future; to put several into a Vec, create all with one async fn, or box them with `.boxed()`.";
const SHARED: &str = "futures that run concurrently cannot share a value that one of them changes: let each return its part, and combine the parts after the `.await`.";
const OUTLIVES: &str = "a spawned task or thread may outlive this function, so it cannot borrow from it. Make a clone, of the value or of an `Arc` around it, and use it inside the `async move` block or `move` closure that you spawn: `let its_site = site.clone(); spawn(async move { its_site.news().await })`. `join!` can borrow, without a clone.";

/// The first match is used. One entry per line, so that the table can be scanned.
#[rustfmt::skip]
const ADVICE: &[Advice] = &[
    Advice { codes: &["E0728"], pattern: "", section: NOT_AWAITED, text: "`.await` works only in async code, and the innermost fn or closure around it is not async: make it an `async fn`, or put an `async` block into the closure." },
    Advice { codes: &["E0308"], pattern: "a different `async` block|expected future, found a different future|expected future, found `async` block", section: GATHER, text: OWN_TYPE },
    Advice { codes: &["E0308"], pattern: "distinct types*anyhow::Error", section: BLOCK, text: "the two errors have different types: `Ok(value?)` in place of `value` converts the error." },
    Advice { codes: &["E0308"], pattern: "found `JoinHandle|JoinError", section: SPAWN, text: "awaiting the handle of a task returns a `Result`, which is an error if the task panicked or was aborted: `handle.await?`." },
    Advice { codes: &["E0308"], pattern: "found `async` block", section: NOT_AWAITED, text: "an async block is a future, not its result: add `.await` to it, or remove `async`." },
    Advice { codes: &["E0308"], pattern: "found future|Future<Output|found `Collect<|found `TryCollect<|found `JoinAll<|found `TryJoinAll<|found `Sleep`", section: NOT_AWAITED, text: MISSING_AWAIT },
    Advice { codes: &["E0282", "E0283"], pattern: "type parameter `E`|Result<*, _>*`?`|Result<*, _>`*, E>", section: BLOCK, text: "an async block or a closure does not state its return type, so the error type of its `?` is unknown: end it with `Ok::<_, anyhow::Error>(..)`, or with another error type." },
    Advice { codes: &["E0277"], pattern: "`Vec<impl *is not a future|`Vec<{async *is not a future", section: GATHER, text: "a Vec of futures is not a future: await all of them with `join_all(futures).await`." },
    Advice { codes: &["E0277"], pattern: "`(impl *)` is not a future|`({async *)` is not a future", section: GATHER, text: "a tuple of futures is not a future: await them together with `tokio::join!(a, b)`." },
    Advice { codes: &["E0277"], pattern: "is not a future", section: LAZY, text: "only a future can be awaited, joined or spawned. This is another type, perhaps the result of an earlier `.await`, of a `join!`, which already awaits, or of a fn that is not `async`, or a function that is not called yet." },
    Advice { codes: &["E0277"], pattern: "closure, found `{async block|closure, found `impl*Future<Output", section: SPAWN, text: "`std::thread::spawn` and `spawn_blocking` run a closure; `tokio::spawn` runs a future." },
    Advice { codes: &["E0277"], pattern: "cannot be unpinned", section: None, text: "to poll a future by reference, pin it first: `tokio::pin!(future);`, or `let mut future = Box::pin(future);`." },
    Advice { codes: &["E0277", ""], pattern: "between threads*restricting type parameter|between threads*restricting the associated type", section: TASK, text: "the function is generic over a type that need not be `Send`, so it cannot spawn a task that holds one: run the futures in this task, with `join_all` or a stream." },
    Advice { codes: &["E0277", ""], pattern: "between threads*MutexGuard", section: Some(("11_send", "1. A guard")), text: "the guard of a `std` mutex is held across an `.await`, and it is not `Send`: end its block or its statement before the `.await`. `drop(guard)` is not enough." },
    Advice { codes: &["E0277", ""], pattern: "between threads*`dyn *Error`", section: Some(("11_send", "4. A boxed error")), text: "`Box<dyn Error>` is not `Send`, so a spawned task cannot hold it: use `anyhow::Error`, or `Box<dyn Error + Send + Sync>`." },
    Advice { codes: &["E0277", ""], pattern: "between threads*`dyn *Future", section: GATHER, text: "a boxed future is not `Send` unless its type says so: use `BoxFuture`, as `.boxed()` returns it." },
    Advice { codes: &["E0277", ""], pattern: "cannot be sent between threads", section: SEND, text: "a spawned task or thread may run on another thread, so all that it captures or holds across an `.await` must be `Send`. `Rc` and references to a `RefCell` or `Cell` are not: use `Arc` and `Mutex`." },
    Advice { codes: &[""], pattern: "is not general enough", section: Some(("11_send", "5. A stream that borrows")), text: "the compiler cannot prove that the future is `Send`, because a closure in it takes a reference, perhaps that of a stream: let it take its item by value, or add `.boxed()` to the stream." },
    Advice { codes: &["E0277"], pattern: "couldn't convert the error*Error` is not satisfied", section: ERRORS, text: "`anyhow` converts only types that implement `std::error::Error`; for a string, `.map_err(anyhow::Error::msg)?`." },
    Advice { codes: &["E0277"], pattern: "couldn't convert the error*needs to implement `From<", section: ERRORS, text: "`?` converts the error with `From`, and your error type does not implement `From` for it: implement it, or convert with `map_err`." },
    Advice { codes: &["E0277"], pattern: "couldn't convert the error", section: BLOCK, text: "every `?` of an async block or fn must convert to one error type, here that of its last line or signature: give the last expression a `?` of its own, `Ok::<_, anyhow::Error>(call.await?)`, which accepts every error, or return `anyhow::Result` from the fn." },
    Advice { codes: &["E0277"], pattern: "over elements of type*Future<Output|over elements of type*async closure|over elements of type*async block", section: GATHER, text: "the iterator yields futures, not their results: `join_all(iterator).await` runs them and returns the results." },
    Advice { codes: &["E0277"], pattern: "Extend<impl*Future<Output", section: GATHER, text: "the stream yields futures, not their results: add `.buffered(n)` before `.collect()`." },
    Advice { codes: &["E0277"], pattern: "is not an iterator*Future<Output", section: GATHER, text: "a future is not an iterator, but its result may be: add `.await`. (`join_all` takes one collection of futures; for two futures, `tokio::join!(a, b)`.)" },
    Advice { codes: &["E0277"], pattern: "cannot be applied to type `Vec<Result", section: ERRORS, text: "`?` works on one `Result`, not on a Vec of them: `try_join_all` returns one `Result` of all, or loop over the results." },
    Advice { codes: &["E0277"], pattern: "Future<Output*doesn't implement|operator cannot be applied to type `impl*Future<Output|cannot be applied to type `JoinAll|cannot be applied to type `TryJoinAll|cannot add `impl*Future<Output", section: NOT_AWAITED, text: MISSING_AWAIT },
    Advice { codes: &["E0277"], pattern: "the `?` operator can only be used in", section: ERRORS, text: "`?` returns from the async block, closure or fn around it, so that must return a `Result`: `-> anyhow::Result<..>` for a fn, `Ok::<_, anyhow::Error>(..)` at the end of a block." },
    Advice { codes: &["E0599"], pattern: "opaque type `impl*Future<Output|found for struct `JoinAll|found for struct `TryJoinAll", section: NOT_AWAITED, text: "a future has no such method, but its result may have it: `.await` it first." },
    Advice { codes: &["E0599"], pattern: "MaybeDone<", section: BLOCK, text: "`join!` and `try_join!` take futures, and one of these is not: pass `f()`, not `f().await`, and an `async` block, not a block." },
    Advice { codes: &["E0599"], pattern: "mutable reference `&mut impl*Future<Output", section: BLOCK, text: "a future in `try_join!` returns another future, not a `Result`: add `.await` to the last expression of its async block." },
    Advice { codes: &["E0609"], pattern: "on type `impl*Future<Output", section: NOT_AWAITED, text: "a future has no such field, but its result may have it: `.await` it first." },
    Advice { codes: &["E0369", "E0600"], pattern: "type `impl*Future<Output|to `impl*Future<Output", section: NOT_AWAITED, text: "operators do not work on a future, only on its result: `.await` it first." },
    Advice { codes: &["E0373"], pattern: "async block may outlive*is returned here", section: TASK, text: "the async block runs after the closure or fn around it has returned, so it must own what it uses: `async move`. Borrow what the blocks share first: `let client = &client;`." },
    Advice { codes: &["E0373"], pattern: "async block may outlive", section: TASK, text: "a task may outlive the function that spawns it, so it must own what it uses: add `move`, and clone what others need, too." },
    Advice { codes: &["E0373", "E0521", "E0597", "E0716"], pattern: "closure may outlive|spawn_blocking(*'static`|thread::spawn(*'static`", section: CLOSURE, text: "the closure may be called after the function has returned, so it must own what it uses: add `move`, and clone what others need, too. `move` does not help with a reference: make an owned value before the closure, for example with `.to_owned()`, or for a permit, with `Arc::clone(&permits).acquire_owned()`." },
    Advice { codes: &["E0521", "E0597", "E0716"], pattern: "must outlive `'static`|borrowed for `'static`|lasts for `'static`", section: TASK, text: OUTLIVES },
    Advice { codes: &["E0716"], pattern: "", section: LAZY, text: "something, perhaps a future, borrows a value that is dropped at the end of the statement: put the call and its `.await` into an async block, `async { client.query_opt(sql, &[&id]).await }`, or bind the value to a variable first." },
    Advice { codes: &["E0382"], pattern: "due to use in coroutine", section: TASK, text: "`async move` takes ownership of what it uses. For `join!`, remove `move` or use a reference; for `spawn`, clone before each block." },
    Advice { codes: &["E0382"], pattern: "moved due to this await|has type `impl*Future<Output", section: LAZY, text: "awaiting a future consumes it: keep its result in a variable, or create another future." },
    Advice { codes: &["E0507"], pattern: "captured variable in an `Fn", section: TASK, text: "the closure is called for each item, but it would move the variable at the first: use a reference (`let site = &site;` before the closure), or a clone made inside it." },
    Advice { codes: &["E0499", "E0502"], pattern: "in coroutine", section: GATHER, text: SHARED },
    Advice { codes: &[""], pattern: "cannot escape `FnMut`*`async` block", section: GATHER, text: SHARED },
    Advice { codes: &["E0733"], pattern: "", section: LANGUAGE, text: "an async fn that awaits itself needs a box: `Box::pin(f(n - 1)).await`." },
    Advice { codes: &["unused_assignments", "unused_variables"], pattern: "capture by reference instead", section: COPY, text: "`move` copies a `Copy` variable or field, so this changes only the copy. Move the whole value, for example by a call of a method that takes `self`; or return the new value." },
    Advice { codes: &["unused_must_use"], pattern: "uture", section: NOT_AWAITED, text: "a future does nothing until it is awaited." },
    Advice { codes: &[""], pattern: "diff marker|<<<<<<< |found `==`*=======", section: None, text: "a merge or `git stash pop` left two versions in this file: keep one, and delete the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`." },
];

/// Finds the advice on a compiler error.
pub fn find(diagnostic: &Diagnostic) -> Option<&'static Advice> {
    let code = diagnostic.code.as_deref().unwrap_or_default();
    let rendered = strip_ansi(&diagnostic.rendered);
    let contains_all =
        |parts: &str| parts.split('*').all(|part| rendered.contains(part));
    ADVICE.iter().find(|advice| {
        advice.codes.contains(&code) && advice.pattern.split('|').any(contains_all)
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
    let words = heading.to_lowercase().replace(' ', "-");
    words.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_in_the_book() {
        for (chapter, heading) in ADVICE.iter().filter_map(|advice| advice.section) {
            let root = env!("CARGO_MANIFEST_DIR");
            let path = format!("{root}/book/chapters/{chapter}.md");
            let text = std::fs::read_to_string(&path).expect("a chapter");
            assert!(
                text.contains(&format!("# {heading}\n")),
                "{chapter}: {heading}"
            );
        }
    }
}
