//! `check`: every way in which an exercise can pass or fail.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::fixture::{Fixture, Run, source};

#[test]
fn a_solved_exercise() {
    let fixture = Fixture::with("solved", "println!(\"thinking\");\n    42");
    let run = fixture.run(&["check"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.out,
        "checking 01_hello_await ...\n  \
           │ thinking\n  \
           ✓ the answer is right\n  \
           - so is the question (skipped)\n\
         \n\
         ✓ 01_hello_await is solved: 1 of 2 checks passed\n\
         \n\
         How the book's solution works:\n  \
           Six by nine.\n\
         \n\
         next: 02_lazy (`cargo workbook next`)\n"
    );
    assert_eq!(run.error, "");
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
}

#[test]
fn a_wrong_answer() {
    let fixture = Fixture::new("wrong");
    let run = fixture.run(&["check", "gather"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.out,
        "created lessons/03_gather/exercise.rs from starter.rs, and 2 other exercises\n\
         checking 03_gather ...\n  \
           ✗ the answer is right\n    \
             Some(41) is not Some(42)\n    \
             An explanation on a line of its own that is longer than a narrow screen is\n    \
             wide, so that it wraps.\n\
         \n\
         ✗ 03_gather: 0 of 1 check passed\n  \
           lessons/03_gather/exercise.rs\n  \
           for a hint: cargo workbook hint 03\n"
    );
    assert_eq!(fixture.states(), ["unsolved", "unsolved", "unsolved"]);
}

#[test]
fn a_syntax_error_is_shown_as_cargo_prints_it() {
    let fixture = Fixture::with("syntax", "42 +");
    let run = fixture.run(&["check"]);
    run.prints(
        1,
        &[
            "error: expected expression, found `}`\n",
            "--> lessons/01_hello_await/exercise.rs:3:1",
            "✗ 01_hello_await does not compile",
        ],
    );
    assert!(!run.out.contains('\x1b'));
    let run = Fixture::with("seven", "a; b; c; d; e; f; g").run(&["check"]);
    run.prints(1, &["2 more errors not shown; fix the ones above first"]);
}

#[test]
fn errors_typical_of_async_code_are_explained() {
    let fixture = Fixture::new("errors");
    let asynchronous = "async fn a() -> u32 { 42 }\n";
    let explains = |body: &str, parts: &[&str]| {
        let text = format!("{asynchronous}{}", source(body));
        fs::write(fixture.file(1), text).unwrap();
        fixture.run(&["check"]).prints(1, parts);
    };
    explains(
        "a()",
        &[
            "error[E0308]: mismatched types",
            "E0308: this is a future, not its result, which an async fn returns only after \
             `.await`: add `.await`. See book/chapters/01_hello_await.md#the-pitfall",
        ],
    );
    explains(
        "a().await",
        &[
            "E0728: `.await` works only in async code",
            "01_hello_await.md#the-pitfall",
        ],
    );
    explains("a().pow(1)", &["E0599: a future has no such method"]);
    explains(
        "fn send<T: Send>(_: T) {}\n    send(async { let rc = std::rc::Rc::new(1); \
         a().await; drop(rc); });\n    42",
        &["future cannot be sent between threads", "11_send.md#the-program"],
    );
    explains(
        "fn stay<T: 'static>(_: T) {}\n    let s = 1;\n    stay(async { s + 1 });\n    42",
        &[
            "E0373: a task may outlive the function",
            "02_lazy.md#what-a-task-may-use",
        ],
    );
    let stay = "fn stay<T: 'static>(_: T) {}\n    let s = String::new();\n    ";
    explains(
        &format!("{stay}let r = &s;\n    stay(async move {{ r.len() }});\n    42"),
        &["E0597: a spawned task or thread may outlive this function"],
    );
    explains(
        &format!("{stay}stay(async move {{ s.len() }});\n    drop(s);\n    42"),
        &["E0382: `async move` takes ownership of what it uses"],
    );
    explains(
        "let mut n = 1;\n    let both = (async { n += 1 }, async { n += 2 });\n    \
         drop(both);\n    42",
        &["E0499: futures that run concurrently cannot share a value"],
    );
    // The same errors in code that is not async are not explained.
    for body in [
        "let r;\n    {\n        let async_s = 42;\n        r = &async_s;\n    }\n    *r",
        "let async_s = String::new();\n    drop(async_s);\n    async_s.len() as u32",
    ] {
        fixture.write(1, body);
        let run = fixture.run(&["check"]);
        run.prints(1, &["error[E0"]);
        assert!(!run.out.contains("\nE0"), "{}", run.out);
    }
    // Links to the section, and repeats no error.
    explains(
        "fn thread<F: FnOnce() + 'static>(_: F) {}\n    let n = 1;\n    \
         thread(|| drop(&n));\n    n",
        &["E0373: the closure may be called after", "08_blocking.md#two-errors"],
    );
    let need = "fn need(_: u32) {}\n    need(\"\"); need(\"\"); need('c');\n    42";
    fixture.write(1, need);
    let run = fixture.run(&["check"]);
    assert_eq!(run.out.matches("error[E0308]").count(), 2, "{}", run.out);
    // A warning about a future that is not awaited is explained, too.
    explains(
        "async fn b() { a(); }\n    drop(b());\n    41",
        &[
            "unused implementer of `Future`",
            "a future does nothing until it is awaited",
        ],
    );
    // And one about a change to a captured copy. Others are not shown.
    fixture.write(
        1,
        "struct Guard { armed: bool }\n    let mut taken = Guard { armed: true };\n    \
         let disarm = move || taken.armed = false;\n    drop(disarm);\n    let a = 1;\n    42",
    );
    let run = fixture.run(&["check"]);
    run.prints(
        0,
        &[
            "value captured by `taken.armed` is never read",
            "`move` copies a `Copy` variable or field, so this changes only the copy.",
            "See book/chapters/12_cancellation.md#what-the-compiler-says",
        ],
    );
    assert_eq!(run.out.matches("warning: ").count(), 1, "{}", run.out);
}

#[test]
fn an_endless_loop_times_out() {
    let fixture = Fixture::with("endless", "println!(\"looping\");\n    loop {}");
    let run = fixture.run(&["check", "--limit", "0.5"]);
    run.prints(
        1,
        &[
            "│ looping",
            "✗ the answer is right (did not finish)",
            "✗ 01_hello_await: timed out after 0.5 s in `the answer is right`; the last line \
             printed was: looping",
        ],
    );
}

#[test]
fn a_blocking_sleep_and_a_deadlock_time_out() {
    let fixture = Fixture::with(
        "blocked",
        "use std::io::Write;\n    print!(\"without end\");\n    \
         std::io::stdout().flush().unwrap();\n    \
         std::thread::sleep(std::time::Duration::from_secs(1000));\n    42",
    );
    let run = fixture.run(&["check", "--limit", "0.5"]);
    run.prints(
        1,
        &["timed out after 0.5 s", "the last line printed was: without end"],
    );
    fixture.write(
        1,
        "let lock = std::sync::Mutex::new(42);\n    let _first = lock.lock();\n    \
         *lock.lock().unwrap()",
    );
    let run = fixture.run(&["check", "--limit", "0.5"]);
    run.prints(1, &["timed out after 0.5 s", "no output"]);
}

#[test]
fn programs_that_exit_early() {
    let fixture = Fixture::new("ends");
    let reports = |body: &str, part: &str| {
        fixture.write(1, body);
        let run = fixture.run(&["check"]);
        run.prints(1, &[part]);
        assert!(!run.out.contains("is solved"));
    };
    reports("panic!(\"oh no\")", "oh no");
    reports(
        "println!(\"bye\");\n    std::process::exit(0)",
        "your code ended the program with `std::process::exit(0)` in `the answer is \
         right`; the last line printed was: bye",
    );
    reports("std::process::exit(3)", "`std::process::exit(3)`");
    if cfg!(unix) {
        reports("std::process::abort()", "killed by signal 6 (SIGABRT) in `the");
        let killed =
            "killed by signal 9 (SIGKILL, possibly by the OOM killer) in `the";
        reports(
            "let me = std::process::id().to_string();\n    \
             _ = std::process::Command::new(\"kill\").args([\"-9\", &me]).status();\n    \
             loop {}",
            killed,
        );
        reports(
            "fn f(n: u64) -> u64 { std::hint::black_box(f(n + 1)) + 1 }\n    f(0) as u32",
            "the stack overflowed in",
        );
    }
    assert_eq!(fixture.states(), ["unsolved", "unsolved", "unsolved"]);
}

#[test]
fn a_failure_after_all_checks_passed_is_reported() {
    let fixture = Fixture::with("late", "42");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    let text = fs::read_to_string(&check).unwrap();
    let end = text.rfind('}').unwrap();
    let text = format!("{}    panic!(\"late\");\n}}\n", &text[..end]);
    fs::write(check, text).unwrap();
    let run = fixture.run(&["check"]);
    run.prints(1, &["all checks passed, but then a test of the program failed"]);
}

#[test]
fn only_the_check_decides() {
    let fixture = Fixture::new("decides");
    let other = "#[test]\nfn other() {\n    panic!(\"no\");\n}\n";
    fs::write(fixture.file(1), source("42") + other).unwrap();
    fixture.run(&["check"]).prints(0, &["is solved"]);
}

#[test]
fn a_printed_result_does_not_count() {
    let fixture = Fixture::with(
        "printed",
        "println!(\"\\u{1e}{{\\\"event\\\":\\\"passed\\\",\\\"check\\\":\\\"the answer \
         is right\\\"}}\");\n    println!(\"\\u{1e}{{\\\"event\\\":\\\"verdict\\\",\
         \\\"passed\\\":1,\\\"checks\\\":1}}\");\n    std::process::exit(0)",
    );
    fixture.run(&["check"]).prints(
        1,
        &[
            "│ {\"event\":\"passed\"",
            "your code ended the program with `std::process::exit(0)`",
            "Your code printed a line that looks like the result of a check; only the \
             check itself reports results",
        ],
    );
    assert_eq!(fixture.states(), ["unsolved", "unsolved", "unsolved"]);
}

#[test]
fn a_missing_result_is_reported() {
    let fixture = Fixture::new("missing-result");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    let text = fs::read_to_string(&check).unwrap();
    let failed = "(format!(r#\"\"failed\"";
    let lost =
        text.replace("self.emit(&format!(r#\"\"failed\"", &format!("drop{failed}"));
    assert_ne!(lost, text);
    fs::write(check, lost).unwrap();
    let reason =
        "✗ 01_hello_await: the program reported the results of only some checks";
    fixture.run(&["check"]).prints(1, &[reason]);
}

#[test]
fn another_check_does_not_count() {
    let fixture = Fixture::new("another");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    let body = fs::read_to_string(&check).unwrap();
    let code = source("42").replace("#[cfg(test)]\nmod check;\n", "");
    let ends_with = |end: &str, part: &str| {
        fs::write(fixture.file(1), format!("{code}{end}")).unwrap();
        let run = fixture.run(&["check"]);
        run.prints(1, &["✗ 01_hello_await: ", part]);
    };
    let must = "the file must end with the lines `#[cfg(test)]` and `mod check;`";
    let own = format!("#[cfg(test)]\nmod check {{\n{body}}}\n");
    ends_with(&own, "`mod check` has a body of its own; the file must end with");
    ends_with("// #[cfg(test)]\n// mod check;\n", "`mod check;` is in a comment;");
    ends_with("", &format!("no check ran: `mod check;` is missing; {must}"));
    let elsewhere = fixture.root.join("lessons/01_hello_await/mine.rs");
    fs::write(elsewhere, &body).unwrap();
    ends_with(
        "#[cfg(test)]\n#[path = \"mine.rs\"]\nmod check;\n",
        "`mod check;` does not add lessons/01_hello_await/check.rs to the program;",
    );
    ends_with(
        "#[cfg(any())]\nmod check;\n",
        "`mod check;` does not add lessons/01_hello_await/check.rs to the program;",
    );
    // With the lesson's check in the program, but not as the one that runs.
    let renamed = format!("#[cfg(test)]\n#[path = \"check.rs\"]\nmod real;\n{own}");
    ends_with(&renamed, "`mod check` has a body of its own; the file must end with");
    let both = "#[cfg(test)]\n#[path = \"check.rs\"]\nmod real;\n#[cfg(test)]\n\
                #[path = \"mine.rs\"]\nmod check;\n";
    ends_with(
        both,
        "the result comes from lessons/01_hello_await/mine.rs, not lessons/01_",
    );
    let inside = "mod inside {\n    use super::answer;\n    #[cfg(test)]\n    \
                  #[path = \"../check.rs\"]\n    mod check;\n}\n";
    fs::create_dir(fixture.root.join("lessons/01_hello_await/inside")).unwrap();
    ends_with(inside, "the program has no test `check::check`.");
    // Without another module of the starter.
    let starter = check.with_file_name("starter.rs");
    fs::write(&starter, format!("mod site;\n{}", source("41"))).unwrap();
    ends_with(
        "#[cfg(test)]\nmod check;\n",
        "site.rs is not in the program; restore `mod site;` from starter.rs",
    );
    fs::write(&starter, source("41")).unwrap();
    // With some of its checks left out.
    let second = "    exercise.check(\"so is the question\", true);\n";
    let fewer = body.replace(second, &format!("    #[cfg(any())]\n{second}"));
    fs::write(&check, fewer).unwrap();
    ends_with(
        "#[cfg(test)]\nmod check;\n",
        "`git checkout lessons/01_hello_await/check.rs` restores it",
    );
    assert_eq!(fixture.states(), ["unsolved", "unsolved", "unsolved"]);
}

#[test]
fn a_flood_of_output_is_truncated() {
    let fixture = Fixture::with(
        "flood",
        "let line = \"many words \".repeat(1000);\n    \
         for n in 0..10_000 { println!(\"{n} {line}\"); }\n    println!(\"last\");\n    42",
    );
    // 100 MB of output.
    let run = fixture.run(&["check", "--limit", "300"]);
    run.prints(0, &["│ ... 9,971 lines left out ...", "│ last", "…"]);
    assert!(run.out.lines().count() < 50);
    assert!(run.out.len() < 20_000);
}

#[test]
fn escape_sequences_in_the_output_are_removed() {
    let fixture = Fixture::with(
        "escapes",
        "println!(\"\\x1b[2J\\x1b[31mred\\x1b[0m\\x07\\u{1e}{{}}\\r\");\n    42",
    );
    fixture.run(&["check", "1"]).prints(0, &["│ red{}\n"]);
    let run = fixture.run(&["check", "1", "--color", "always"]);
    run.prints(0, &["│\x1b[0m red{}\n"]);
}

#[test]
fn a_diagnosis_has_no_escape_sequences_but_colors() {
    let fixture = Fixture::new("diagnosis");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    let text = fs::read_to_string(&check).unwrap();
    // As the kit quotes the learner's text: in the JSON of an event.
    let quoted =
        r"is \\u001b[2J\\u001b]0;owned\\u0007\\u001b[31mnot\\u001b[?4m\\r Some(42)";
    fs::write(check, text.replace("is not Some(42)", quoted)).unwrap();
    let run = fixture.run(&["check"]);
    run.prints(1, &["Some(41) is not Some(42)\n"]);
    assert!(run.out.chars().all(|c| !c.is_control() || c == '\n'), "{run:?}");
    let run = fixture.run(&["check", "--color", "always"]);
    run.prints(1, &["Some(41) is \x1b[31mnot Some(42)\x1b[0m\n"]);
    let run = fixture.run(&["check", "--json"]);
    run.prints(1, &["Some(41) is not Some(42)\\n"]);
}

#[test]
fn a_panic_before_the_first_check_is_shown() {
    let fixture = Fixture::new("before");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    let text = fs::read_to_string(&check).unwrap();
    let new = "let exercise = Exercise::new();";
    let panics = format!("if true {{\n        panic!(\"soon\");\n    }}\n    {new}");
    let panics = text.replace(new, &panics);
    fs::write(check, panics).unwrap();
    let run = fixture.run(&["check"]);
    run.prints(1, &["│ soon", "no check ran: the program panicked"]);
}

#[test]
fn invalid_utf8_is_replaced() {
    let fixture = Fixture::with(
        "bytes",
        "use std::io::Write;\n    std::io::stdout().write_all(b\"a\\xff\\n\").unwrap();\n    42",
    );
    fixture.run(&["check"]).prints(0, &["│ a\u{fffd}\n"]);
}

#[test]
fn a_missing_exercise_is_created_from_the_starter() {
    let fixture = Fixture::new("created");
    let (file, starter) =
        (fixture.file(1), fixture.file(1).with_file_name("starter.rs"));
    let created = "created lessons/01_hello_await/exercise.rs from starter.rs";
    let run = fixture.run(&["check"]);
    run.prints(1, &[created, "checking 01_hello_await", "Some(41) is not Some(42)"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), source("41"));
    // The command without arguments prints the path, so it creates the file, too.
    fs::remove_file(&file).unwrap();
    fixture.run(&[]).prints(0, &["lessons/01_hello_await/exercise.rs"]);
    assert!(file.is_file());
    // The text that passed is in the progress file.
    fixture.write(1, "42");
    fixture.run(&["check"]).prints(0, &["is solved"]);
    fs::remove_file(&file).unwrap();
    let saved = "the version that passed is in .workbook/progress.json";
    fixture.run(&["check", "1"]).prints(1, &[created, saved, "Some(41)"]);
    fs::remove_file(&file).unwrap();
    fs::remove_file(&starter).unwrap();
    fixture
        .run(&["check", "1"])
        .fails(1, &["exercise.rs: could not read", "starter.rs"]);
    fixture.run(&["check", "1", "--json"]).prints(1, &["could not create "]);
    fixture
        .run(&["run", "1", "--exercise"])
        .fails(1, &["exercise.rs: could not read"]);
}

#[test]
fn two_checks_at_once_create_the_exercise_once() {
    let fixture = Fixture::new("created twice");
    let runs = std::thread::scope(|scope| {
        [1, 2]
            .map(|_| scope.spawn(|| fixture.run(&["check"])))
            .map(|run| run.join().unwrap())
    });
    for run in &runs {
        run.prints(1, &["0 of 1 check passed"]);
    }
    let created = runs.iter().filter(|run| run.out.starts_with("created "));
    assert_eq!(created.count(), 1);
}

#[test]
fn an_existing_exercise_is_never_overwritten() {
    let fixture = Fixture::new("files");
    let file = fixture.file(1);
    fs::write(&file, "").unwrap();
    let run = fixture.run(&["check"]);
    run.prints(1, &["is empty; `cargo workbook reset 01` restores the starter"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    fs::write(&file, "fn main() {}\n").unwrap();
    fixture
        .run(&["check"])
        .prints(1, &["`mod check;` is missing; the file must end with the lines"]);
    // Different line endings are not a change.
    fs::write(&file, source("42").replace('\n', "\r\n")).unwrap();
    fixture.run(&["check"]).prints(0, &["is solved"]);
    fs::write(&file, source("42")).unwrap();
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
}

#[test]
fn a_program_without_events_checks_nothing() {
    let fixture = Fixture::new("no events");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    fs::write(check, "#[test]\nfn check() {}\n").unwrap();
    let run = fixture.run(&["check"]);
    run.prints(1, &["no check ran: the program exited without reporting one"]);
}

#[test]
fn a_file_older_than_the_program_is_rebuilt() {
    let fixture = Fixture::with("older", "42");
    let backup = fixture.root.join("backup.rs");
    fs::write(&backup, source("41")).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let open = fs::File::options().append(true).open(&backup).unwrap();
    open.set_modified(long_ago).unwrap();
    fixture.run(&["check", "01"]).prints(0, &["is solved"]);
    // Like `mv`, `rename` keeps the modification time.
    fs::rename(&backup, fixture.file(1)).unwrap();
    if cfg!(unix) {
        fixture.run(&["check", "01"]).prints(1, &["Some(41) is not Some(42)"]);
    }
}

#[test]
fn the_build_directory_can_be_changed() {
    let fixture = Fixture::new("where");
    let rustc = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // From now on, the executable in the default build directory is stale.
    fixture.run(&["check"]).prints(1, &[]);
    fixture.write(1, "42");
    let mut command = fixture.command(&["check", "01"]);
    Run::of(command.env("CARGO_BUILD_TARGET", host)).prints(0, &["is solved"]);
    fixture.write(1, "43");
    let mut command = fixture.command(&["check", "01"]);
    Run::of(command.env("CARGO_TARGET_DIR", "else where")).prints(1, &["Some(43)"]);
    assert!(fixture.root.join("else where/debug").is_dir());
    // Cargo's errors are printed.
    fs::write(fixture.root.join("Cargo.toml"), "[package\n").unwrap();
    fixture.run(&["check"]).prints(
        1,
        &["unclosed table", "could not be built; try `cargo workbook doctor`"],
    );
}

#[test]
fn all_exercises_are_checked_with_one_line_each() {
    let fixture = Fixture::new("all");
    fixture.write(2, "42");
    fixture.write(3, "\"42\"");
    let run = fixture.run(&["check", "--all"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.out,
        "✗ 01_hello_await: 0 of 1 check passed\n\
         ✓ 02_lazy is solved: 1 of 2 checks passed\n\
         ✗ 03_gather does not compile\n\
         \n1 of 3 exercises solved\n"
    );
    assert_eq!(fixture.states(), ["unsolved", "solved", "unsolved"]);
    fixture.write(1, "42");
    fixture.write(3, "42");
    fixture.run(&["check", "--all"]).prints(0, &["3 of 3 exercises solved"]);
    fixture.run(&[]).prints(0, &["✓ ✓ ✓ 3 of 3", "All exercises are solved."]);
    fixture.run(&["check"]).fails(0, &["All exercises are solved. Name one"]);
}

#[test]
fn check_json_prints_one_document() {
    let fixture = Fixture::with("json", "println!(\"one\");\n    41");
    fixture.write(2, "\"42\"");
    let document = |arguments: &[&str], code| -> Value {
        let run = fixture.run(arguments);
        assert_eq!(run.code, Some(code), "{run:?}");
        serde_json::from_str(&run.out).expect("one JSON document")
    };
    let all = document(&["check", "--all", "--json"], 1);
    assert_eq!(all["solved"], false);
    let failed = &all["exercises"][0];
    assert_eq!(failed["name"], "01_hello_await");
    assert_eq!(failed["outcome"], "failed");
    assert_eq!(failed["reason"], Value::Null);
    assert_eq!(failed["output"][0], "one");
    assert_eq!(failed["checks"][0]["outcome"], "failed");
    let diagnosis = failed["checks"][0]["diagnosis"].as_str().unwrap();
    assert!(diagnosis.starts_with("Some(41) is not Some(42)\n"));
    let broken = &all["exercises"][1];
    assert_eq!(broken["outcome"], "does_not_compile");
    assert_eq!(broken["errors"][0]["code"], "E0308");
    assert_eq!(broken["errors"][0]["line"], 2);
    assert_eq!(broken["errors"][0]["section"], Value::Null);
    assert_eq!(all["exercises"][2]["checks"].as_array().unwrap().len(), 1);

    fixture.write(1, "42");
    let solved = document(&["check", "1", "--json"], 0);
    assert_eq!(solved["exercises"][0]["saved"], true);
    fixture.write(1, "loop {}");
    let stopped = document(&["check", "1", "--json", "--limit", "0.5"], 1);
    assert_eq!(stopped["exercises"][0]["outcome"], "stopped");
    assert_eq!(stopped["exercises"][0]["checks"][0]["outcome"], "unfinished");
}

#[test]
fn the_program_gets_the_width_and_the_color() {
    let fixture = Fixture::with(
        "environment",
        "for name in [\"COLUMNS\", \"WORKBOOK_COLOR\", \
         \"WORKBOOK_SEED\", \"CARGO_PKG_NAME\"] {\n        \
         println!(\"{name}={:?}\", std::env::var(name).ok());\n    }\n    42",
    );
    let plain = fixture.run(&["check", "01"]);
    plain.prints(
        0,
        &[
            "│ COLUMNS=Some(\"76\")",
            "WORKBOOK_COLOR=None",
            "WORKBOOK_SEED=None",
            "CARGO_PKG_NAME=None",
        ],
    );
    let colorful =
        fixture.run(&["check", "01", "--seed", "17", "--color", "always"]);
    colorful
        .prints(0, &["WORKBOOK_COLOR=Some(\"1\")", "WORKBOOK_SEED=Some(\"17\")"]);
}

#[cfg(unix)]
#[test]
fn no_process_is_left_running() {
    use super::fixture::alive;
    let spawn = "let child = std::process::Command::new(\"sleep\").arg(\"1000\")\n        \
                 .spawn().unwrap();\n    println!(\"pid {}\", child.id());\n    ";
    let pid = |run: &Run| {
        let line =
            run.out.lines().find(|line| line.contains("pid ")).expect("a line");
        line.split_whitespace().last().unwrap().to_owned()
    };
    // Neither after the program exits, nor after it times out.
    let fixture = Fixture::with("left", &format!("{spawn}42"));
    let run = fixture.run(&["check", "01"]);
    run.prints(0, &["is solved"]);
    assert!(!alive(&pid(&run)));
    fixture.write(1, &format!("{spawn}loop {{}}"));
    let run = fixture.run(&["check", "01", "--limit", "0.5"]);
    run.prints(1, &["timed out after"]);
    assert!(!alive(&pid(&run)));
}

/// Runs the command with a stdout whose reader has exited.
fn run_without_reader(fixture: &Fixture, arguments: &[&str]) -> Run {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = fixture.command(arguments);
    // `Run::of` would replace stdout.
    let child = command.stdout(writer).stderr(std::process::Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    Run { code: output.status.code(), out: String::new(), error }
}

#[test]
fn a_broken_pipe_changes_nothing_but_the_output() {
    let fixture = Fixture::with("pipe", "41");
    let run = |arguments: &[&str], code| {
        let run = run_without_reader(&fixture, arguments);
        assert_eq!((run.code, &*run.error), (Some(code), ""), "{arguments:?}");
    };
    run(&["list"], 0);
    run(&["check", "01"], 1);
    run(&["check", "--all"], 1);
    fixture.write(1, "42");
    run(&["check", "01"], 0);
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
    run(&["reset", "01"], 0);
    assert_eq!(fixture.states(), ["unsolved", "unsolved", "unsolved"]);
    for number in 1..=3 {
        fixture.write(number, "42");
    }
    // `watch` ends, because no one can read the next verdict.
    run(&["watch", "02"], 0);
    assert_eq!(fixture.states(), ["unsolved", "solved", "unsolved"]);
    run(&["check", "--all", "--json"], 0);
    assert_eq!(fixture.states(), ["solved"; 3]);
    // A hint that no one has read was not shown.
    run(&["hint", "03"], 0);
    fixture.run(&["hint", "03"]).prints(0, &["hint 1 of 3"]);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_reported_after_the_check() {
    let fixture = Fixture::with("full", "42");
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["check"][..], &["watch", "01"]] {
        let mut command = fixture.command(arguments);
        let child =
            command.stdout(full()).stderr(std::process::Stdio::piped()).spawn();
        let output = child.unwrap().wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with("error: could not write to stdout: "), "{error}");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
        fixture.run(&["reset", "01"]).prints(0, &["is unsolved again"]);
        fixture.write(1, "42");
    }
}
