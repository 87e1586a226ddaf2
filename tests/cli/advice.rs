//! The advice on compiler errors: wrong programs, one per line, and the advice on each.
//!
//! The fixture has no dependencies, so small items replace those of the crates. An error
//! of one phase of the compiler hides those of the next, so each phase has its own list.

use std::fs;

use serde_json::Value;

use super::fixture::{Fixture, source};

/// Items that the programs use.
const ITEMS: &str = r#"use std::{cell::RefCell, error::Error as StdError, pin::Pin, rc::Rc};
mod reqwest { #[derive(Debug)] pub struct Error; }
mod anyhow { #[derive(Debug)] pub struct Error; impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error { fn from(_: E) -> Error { Error } } }
struct JoinHandle<T>(T);
fn spawn<F: Future + Send + 'static>(_: F) -> JoinHandle<F::Output> { loop {} }
fn thread<F: FnOnce() + Send + 'static>(_: F) {}
fn spawn_blocking<F: FnOnce() + Send + 'static>(_: F) {}
struct Set<T>(T);
impl<T> Set<T> { fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, _: F) where T: Send + 'static {} }
struct JoinAll<F>(F);
struct MaybeDone<F>(F);
impl<F: Future> MaybeDone<F> { fn take_output(&mut self) {} }
fn join_all<I: IntoIterator>(_: I) -> JoinAll<I::Item> { loop {} }
fn collect<T, C: Extend<T>>(_: T) -> C { loop {} }
fn join<A: Future, B: Future>(_: A, _: B) {}
async fn number() -> u32 { 42 }
async fn other() -> u32 { 1 }
async fn fallible() -> Result<u32, anyhow::Error> { Ok(1) }
async fn get() -> Result<u32, reqwest::Error> { Ok(1) }
async fn save(_: &mut Vec<u32>) {}
#[derive(Clone)] struct Site(u32);
impl Site { async fn news(&self) -> u32 { self.0 } fn user(&self) -> u32 { self.0 } }
"#;

/// Checks an exercise whose wrong lines are the programs, and returns the first error of
/// each line. The texts that follow the programs are not used.
#[track_caller]
fn errors(name: &str, programs: &[(&str, &str)]) -> Vec<Value> {
    let fixture = Fixture::new(name);
    let lines = programs.iter().enumerate();
    let lines =
        lines.map(|(at, (line, _))| line.replace("fn f", &format!("fn f{at}")));
    let lines = lines.collect::<Vec<_>>().join("\n");
    fs::write(fixture.file(1), format!("{ITEMS}{lines}\n{}", source("42"))).unwrap();
    let run = fixture.run(&["check", "--json"]);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    let errors = document["exercises"][0]["errors"].as_array().unwrap();
    let first = ITEMS.lines().count() as u64 + 1;
    let of_line = |(line, (program, _)): (u64, &(&str, &str))| {
        let error = errors.iter().find(|error| error["line"] == line);
        error.unwrap_or_else(|| panic!("no error: {program}")).clone()
    };
    (first..).zip(programs).map(of_line).collect()
}

/// Asserts that the first error of each program has advice that begins with the text; with
/// an empty text, that it has none.
#[track_caller]
fn assert_advice(name: &str, programs: &[(&str, &str)]) {
    for (error, (program, advice)) in errors(name, programs).iter().zip(programs) {
        let given = error["advice"].as_str().unwrap_or_default();
        let expected =
            given.starts_with(advice) && advice.is_empty() == given.is_empty();
        assert!(
            expected,
            "{program}\n{}{given:?}",
            error["rendered"].as_str().unwrap()
        );
    }
}

#[test]
fn type_errors_of_async_code_are_explained() {
    const MISSING: &str = "this is a future, not its result";
    const OWN_TYPE: &str = "each async block and each async fn has its own type";
    const BLOCK: &str = "an async block or a closure does not state its return type";
    const METHOD: &str = "a future has no such method";
    const OPERATOR: &str = "operators do not work on a future";
    const ONLY: &str = "only a future can be awaited, joined or spawned";
    const CLOSURE: &str = "`std::thread::spawn` and `spawn_blocking` run a closure";
    const JOIN: &str = "`join!` and `try_join!` take futures";
    const NESTED: &str = "a future in `try_join!` returns another future";
    const YIELDS: &str = "the iterator yields futures";
    const GENERIC: &str = "the function is generic";
    const CONVERT: &str = "every `?` of an async block or fn must convert to one";
    assert_advice(
        "type errors",
        &[
            ("async fn f() -> u32 { number() }", MISSING),
            ("async fn f() -> Vec<u32> { join_all([number()]) }", MISSING),
            (
                "async fn f() -> u32 { match fallible() { Ok(n) => n, Err(_) => 0 } }",
                MISSING,
            ),
            ("async fn f() { join_all(vec![async { 1 }, async { 2 }]); }", OWN_TYPE),
            ("async fn f() { join_all(vec![number(), other()]); }", OWN_TYPE),
            ("async fn f() { join_all(vec![number(), async { 1 }]); }", OWN_TYPE),
            ("fn f() -> u32 { async { 42 } }", "an async block is a future"),
            (
                "async fn f() -> u32 { spawn(number()) }",
                "awaiting the handle of a task",
            ),
            (
                "async fn f(a: Result<u32, reqwest::Error>, b: bool) { async { if b { return Err(reqwest::Error); } fallible().await }.await; }",
                "the two errors have different types",
            ),
            ("async fn f() -> u32 { \"\" }", ""),
            (
                "async fn f() { let n = async { get().await?; Ok(()) }; n.await; }",
                BLOCK,
            ),
            (
                "async fn f() { let n = async { Ok(get().await?) }; let _n = n.await; }",
                BLOCK,
            ),
            (
                "async fn f() { let h = spawn(async { get().await?; Ok(()) }); h; }",
                BLOCK,
            ),
            ("fn f() { let v = Vec::new(); }", ""),
            ("async fn f() { let n = number().await; n.await; }", ONLY),
            ("async fn f() { spawn(number); }", ONLY),
            (
                "async fn f() { vec![number()].await; }",
                "a Vec of futures is not a future",
            ),
            (
                "async fn f() { (number(), other()).await; }",
                "a tuple of futures is not",
            ),
            ("async fn f() { thread(number()); }", CLOSURE),
            ("async fn f() { thread(async {}); }", CLOSURE),
            (
                "async fn f() { let mut n = number(); (&mut n).await; }",
                "to poll a future by reference, pin it",
            ),
            ("fn f<F: Future + 'static>(future: F) { spawn(future); }", GENERIC),
            (
                "fn f<F: Future + Send + 'static>(mut set: Set<F::Output>, future: F) where F::Output: 'static { set.spawn(future); }",
                GENERIC,
            ),
            (
                "fn f(jobs: Pin<Box<dyn Future<Output = u32>>>) { spawn(jobs); }",
                "a boxed future is not `Send`",
            ),
            (
                "fn f(r: Rc<u32>) { thread(move || drop(r)); }",
                "a spawned task or thread may run on another",
            ),
            (
                "fn f() -> Result<u32, anyhow::Error> { Ok(Err::<u32, _>(String::new())?) }",
                "`anyhow` converts only types",
            ),
            (
                "async fn f() { async { \"1\".parse::<u32>()?; Ok::<u32, std::fmt::Error>(1) }.await; }",
                CONVERT,
            ),
            (
                "struct Mine; async fn f() -> Result<u32, Mine> { Ok(get().await?) }",
                "`?` converts the error with `From`",
            ),
            (
                "async fn f() { let v: Vec<u32> = [1].iter().map(|_| number()).collect(); }",
                YIELDS,
            ),
            (
                "async fn f() { let v: Vec<u32> = [1].iter().map(async |_| 1).collect(); }",
                YIELDS,
            ),
            (
                "async fn f() -> Vec<u32> { collect(number()) }",
                "the stream yields futures",
            ),
            ("async fn f() { for _ in number() {} }", "a future is not an iterator"),
            (
                "async fn f() -> Result<u32, anyhow::Error> { vec![fallible().await]?; Ok(1) }",
                "`?` works on one `Result`",
            ),
            ("async fn f() { println!(\"{}\", number()); }", MISSING),
            (
                "async fn f() -> Result<u32, anyhow::Error> { Ok(fallible()?) }",
                MISSING,
            ),
            ("async fn f() -> u32 { 1 + number() }", MISSING),
            (
                "async fn f() { fallible().await?; }",
                "`?` returns from the async block, closure or fn",
            ),
            ("async fn f() { fallible().unwrap(); }", METHOD),
            ("async fn f() { join_all([number()]).len(); }", METHOD),
            ("async fn f() { vec![number()].join_all(); }", ""),
            ("async fn f() { MaybeDone(number().await).take_output(); }", JOIN),
            ("async fn f() { let mut n = number(); (&mut n).is_err(); }", NESTED),
            ("async fn f(s: &Site) { async { s.clone() }.0; }", ""),
            (
                "async fn g() -> Site { Site(1) } async fn f() { g().0; }",
                "a future has no such field",
            ),
            ("async fn f() -> u32 { number() + 1 }", OPERATOR),
            ("async fn f() -> bool { !number() }", OPERATOR),
        ],
    );
}

#[test]
fn errors_of_await_and_recursion_are_explained() {
    assert_advice(
        "await",
        &[
            ("fn f() { number().await; }", "`.await` works only in async code"),
            (
                "async fn f() { [1].iter().for_each(|_| { number().await; }); }",
                "`.await` works only",
            ),
        ],
    );
    assert_advice(
        "recursion",
        &[("async fn f(n: u32) { f0(n).await }", "an async fn that awaits itself")],
    );
}

#[test]
fn borrow_errors_of_async_code_are_explained() {
    const OUTLIVES: &str =
        "a spawned task or thread may outlive this function, so it cannot";
    const CLOSURE: &str =
        "the closure may be called after the function has returned";
    const MUST_OWN: &str = "a task may outlive the function that spawns it";
    const SHARED: &str = "futures that run concurrently cannot share a value";
    const CONSUMED: &str = "awaiting a future consumes it";
    assert_advice(
        "borrow errors",
        &[
            ("async fn f(n: u32) { spawn(async { n + 1 }); }", MUST_OWN),
            (
                "async fn f() { join_all([1].into_iter().map(|n| async { n + 1 })); }",
                "the async block runs after the closure",
            ),
            ("async fn f(n: u32) { thread(|| drop(&n)); }", CLOSURE),
            ("async fn f(s: String) { spawn_blocking(|| drop(&s)); }", CLOSURE),
            (
                "async fn f(v: Vec<String>) { for s in v { spawn_blocking(|| drop(&s)); } }",
                CLOSURE,
            ),
            ("async fn f(s: &str) { spawn_blocking(move || drop(s)); }", CLOSURE),
            (
                "async fn f(s: String) { let r = &s; spawn_blocking(move || drop(r)); }",
                CLOSURE,
            ),
            // The three errors that lead to each other.
            ("async fn f(s: &Site) { spawn(s.news()); }", OUTLIVES),
            ("async fn f(s: &Site) { spawn(s.clone().news()); }", OUTLIVES),
            (
                "async fn f(s: &Site) { let s = s.clone(); spawn(s.news()); }",
                OUTLIVES,
            ),
            (
                "async fn f(s: &Site) { let n = s.clone().news(); n.await; }",
                "something, perhaps a future, borrows",
            ),
            ("async fn f() { let r; { let s = 1; r = &s; } drop(*r); }", ""),
            (
                "async fn f(s: Site) { let n = async move { s.news().await }; s.user(); n.await; }",
                "`async move` takes ownership",
            ),
            ("async fn f() { let n = number(); n.await; n.await; }", CONSUMED),
            ("async fn f() { let n = number(); join(n, n); }", CONSUMED),
            ("async fn f(s: Site) { drop(s); s.user(); }", ""),
            (
                "async fn f(s: Site) { join_all([1].map(|_| async move { s.news().await })); }",
                "the closure is called for each item",
            ),
            (
                "fn f(s: Site) { [1].map(|_| drop(s)); }",
                "the closure is called for each",
            ),
            (
                "async fn f(mut n: u32) { let a = async { n += 1 }; let b = async { n += 2 }; join(a, b); }",
                SHARED,
            ),
            (
                "async fn f(mut n: u32) { let a = async { n += 1 }; let b = async { n + 2 }; join(a, b); }",
                SHARED,
            ),
            (
                "async fn f(mut v: Vec<u32>) { join_all([1].map(|_| save(&mut v))); }",
                SHARED,
            ),
            (
                "async fn f(mut v: Vec<u32>) { let a = &mut v; let b = &mut v; a.push(1); b.push(1); }",
                "",
            ),
            (
                "fn f() { spawn(async { let v = [Site(1)]; let n = v.iter().map(|s| s.news()).peekable(); number().await; drop(n); }); }",
                "the compiler cannot prove that the future is `Send`",
            ),
        ],
    );
}

#[test]
fn futures_that_are_not_send_are_explained() {
    assert_advice(
        "send",
        &[
            (
                "fn f() { spawn(async { let r = Rc::new(1); number().await; drop(r); }); }",
                "a spawned task or thread may run on another",
            ),
            (
                "fn f<T: 'static>(t: T) { spawn(async move { drop(t); }); }",
                "the function is generic",
            ),
            (
                "fn f() { let m = std::sync::Mutex::new(1); spawn(async move { let _guard = m.lock(); number().await; }); }",
                "the guard of a `std` mutex",
            ),
            (
                "fn f(e: Box<dyn StdError>) { spawn(async move { drop(e); }); }",
                "`Box<dyn Error>` is not `Send`",
            ),
            (
                "fn f(c: &'static RefCell<u32>) { spawn(async move { c.take(); }); }",
                "a spawned task or thread may run on another",
            ),
        ],
    );
}

#[test]
fn advice_names_the_section_that_teaches_it() {
    const TASK: &str = "02_lazy.md#what-a-task-may-use";
    const CLOSURE: &str = "08_blocking.md#two-errors";
    let programs = [
        ("async fn f(n: u32) { spawn(async { n + 1 }); }", TASK),
        ("async fn f(s: &Site) { spawn(s.news()); }", TASK),
        ("async fn f(s: &Site) { let s = s.clone(); spawn(s.news()); }", TASK),
        ("async fn f(s: &Site) { spawn(s.clone().news()); }", TASK),
        (
            "async fn f(s: Site) { let n = async move { s.news().await }; s.user(); n.await; }",
            TASK,
        ),
        ("async fn f(s: String) { spawn_blocking(|| drop(&s)); }", CLOSURE),
        (
            "async fn f() { let n = number(); n.await; n.await; }",
            "01_hello_await.md#why",
        ),
    ];
    assert_sections("sections of borrow errors", &programs);
    let programs = [("fn f() { number().await; }", "01_hello_await.md#the-pitfall")];
    assert_sections("section of await", &programs);
    let programs = [
        ("fn f<T: 'static>(t: T) { spawn(async move { drop(t); }); }", TASK),
        (
            "fn f() { let m = std::sync::Mutex::new(1); spawn(async move { let _guard = m.lock(); number().await; }); }",
            "11_send.md#1-a-guard",
        ),
    ];
    assert_sections("sections of send", &programs);
}

#[track_caller]
fn assert_sections(name: &str, programs: &[(&str, &str)]) {
    for (error, (program, section)) in errors(name, programs).iter().zip(programs) {
        let given = error["section"].as_str().unwrap_or_default();
        assert_eq!(given, format!("book/chapters/{section}"), "{program}");
    }
}

#[test]
fn conflict_markers_are_explained() {
    let versions = "a merge or `git stash pop` left two versions in this file";
    for (name, conflict) in [
        ("item", "<<<<<<< HEAD\nfn f() {}\n=======\nfn g() {}\n>>>>>>> theirs\n"),
        (
            "list",
            "fn f() { vec![\n<<<<<<< HEAD\n1,\n=======\n2,\n>>>>>>> theirs\n]; }\n",
        ),
        ("half", "fn f() {\n=======\n    1\n>>>>>>> theirs\n}\n"),
    ] {
        let fixture = Fixture::new(&format!("conflict {name}"));
        fs::write(fixture.file(1), format!("{conflict}{}", source("42"))).unwrap();
        fixture.run(&["check"]).prints(1, &[versions]);
    }
}
