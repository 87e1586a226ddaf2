//! `check`: every way in which an exercise can go well or wrong.

use super::fixture::{Fixture, Run, source};
use serde_json::Value;
use std::fs;
use std::time::{Duration, SystemTime};

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
           - so is the question (not tried)\n\
         \n\
         ✓ 01_hello_await is solved: 1 of 2 checks hold\n\
         \n  \
           Six by nine.\n\
         \n\
         next: 02_lazy (`cargo workbook next`)\n"
    );
    assert_eq!(run.error, "");
    assert_eq!(fixture.states(), ["solved", "open", "open"]);
}

#[test]
fn a_wrong_answer() {
    let fixture = Fixture::new("wrong");
    let run = fixture.run(&["check", "gather"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.out,
        "checking 03_gather ...\n  \
           ✗ the answer is right\n    \
             Some(41) is not Some(42)\n    \
             A word on what that usually means, in a line of its own that is longer than\n    \
             a narrow screen is wide.\n\
         \n\
         ✗ 03_gather: 0 of 1 check holds\n  \
           lessons/03_gather/exercise.rs\n  \
           cargo workbook hint 03\n"
    );
    assert_eq!(fixture.states(), ["open", "open", "open"]);
}

#[test]
fn a_syntax_error_is_shown_as_cargo_shows_it() {
    let fixture = Fixture::with("syntax", "42 +");
    let run = fixture.run(&["check"]);
    run.says(
        1,
        &[
            "error: expected expression, found `}`\n",
            "--> lessons/01_hello_await/exercise.rs:3:1",
            "✗ 01_hello_await does not compile",
        ],
    );
    assert!(!run.out.contains('\x1b'));
}

#[test]
fn errors_of_async_code_come_with_the_chapter() {
    let fixture = Fixture::new("errors");
    let asynchronous = "async fn a() -> u32 { 42 }\n";
    let told = |body: &str, parts: &[&str]| {
        let text = format!("{asynchronous}{}", source(body));
        fs::write(fixture.file(1), text).unwrap();
        fixture.run(&["check"]).says(1, parts);
    };
    told(
        "a()",
        &[
            "error[E0308]: mismatched types",
            "E0308: a call of an async fn is a future, not its result: `.await` is missing. \
             See book/chapters/01_hello_await.md#the-pitfall",
        ],
    );
    told(
        "a().await",
        &["E0728: `.await` works only inside", "01_hello_await.md#why"],
    );
    told("a().pow(1)", &["E0599: a future has no such method"]);
    told(
        "fn send<T: Send>(_: T) {}\n    send(async { let rc = std::rc::Rc::new(1); \
         a().await; drop(rc); });\n    42",
        &["future cannot be sent between threads", "02_lazy.md#why"],
    );
    told(
        "fn stay<T: 'static>(_: T) {}\n    let s = 1;\n    stay(async { s + 1 });\n    42",
        &["E0373: a task may outlive the function", "02_lazy.md#why"],
    );
    let stay = "fn stay<T: 'static>(_: T) {}\n    let s = String::new();\n    ";
    told(
        &format!("{stay}let r = &s;\n    stay(async move {{ r.len() }});\n    42"),
        &["E0597: a task may outlive the function"],
    );
    told(
        &format!("{stay}stay(async move {{ s.len() }});\n    drop(s);\n    42"),
        &["E0382: `async move` takes what it uses with it"],
    );
    told(
        "let mut n = 1;\n    let both = (async { n += 1 }, async { n += 2 });\n    \
         drop(both);\n    42",
        &["E0499: two futures that run together cannot both change one value"],
    );
    // The same errors of other code have nothing to do with tasks.
    for body in [
        "let r;\n    {\n        let async_s = 42;\n        r = &async_s;\n    }\n    *r",
        "let async_s = String::new();\n    drop(async_s);\n    async_s.len() as u32",
    ] {
        fixture.write(1, body);
        let run = fixture.run(&["check"]);
        run.says(1, &["error[E0"]);
        assert!(!run.out.contains("\nE0"), "{}", run.out);
    }
    // A warning, and what most often is behind it.
    told(
        "async fn b() { a(); }\n    drop(b());\n    41",
        &[
            "unused implementer of `Future`",
            "a future that nobody awaits does nothing",
        ],
    );
}

#[test]
fn an_endless_loop_is_a_result() {
    let fixture =
        Fixture::with("endless", "println!(\"round and round\");\n    loop {}");
    let run = fixture.run(&["check", "--limit", "0.5"]);
    run.says(
        1,
        &[
            "│ round and round",
            "✗ the answer is right (did not come to an end)",
            "✗ 01_hello_await: stopped after 0.5 s in `the answer is right`; the last line \
             printed was: round and round",
        ],
    );
}

#[test]
fn so_is_a_sleep_that_blocks_and_a_deadlock() {
    let fixture = Fixture::with(
        "blocked",
        "use std::io::Write;\n    print!(\"without end\");\n    \
         std::io::stdout().flush().unwrap();\n    \
         std::thread::sleep(std::time::Duration::from_secs(1000));\n    42",
    );
    let run = fixture.run(&["check", "--limit", "0.5"]);
    run.says(1, &["stopped after 0.5 s", "the last line printed was: without end"]);
    fixture.write(
        1,
        "let lock = std::sync::Mutex::new(42);\n    let _first = lock.lock();\n    \
         *lock.lock().unwrap()",
    );
    let run = fixture.run(&["check", "--limit", "0.5"]);
    run.says(1, &["stopped after 0.5 s", "it printed nothing"]);
}

#[test]
fn programs_that_end_too_soon() {
    let fixture = Fixture::new("ends");
    let told = |body: &str, part: &str| {
        fixture.write(1, body);
        let run = fixture.run(&["check"]);
        run.says(1, &[part]);
        assert!(!run.out.contains("is solved"));
    };
    told("panic!(\"oh no\")", "oh no");
    told(
        "println!(\"bye\");\n    std::process::exit(0)",
        "your code ended the program with `std::process::exit(0)` in `the answer is \
         right`; the last line printed was: bye",
    );
    told("std::process::exit(3)", "`std::process::exit(3)`");
    if cfg!(unix) {
        told("std::process::abort()", "the program aborted (SIGABRT)");
        told(
            "fn f(n: u64) -> u64 { std::hint::black_box(f(n + 1)) + 1 }\n    f(0) as u32",
            "the stack overflowed in",
        );
    }
    assert_eq!(fixture.states(), ["open", "open", "open"]);
}

#[test]
fn a_pass_that_is_not_the_end_is_none() {
    let fixture = Fixture::with("late", "42");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    let mut text = fs::read_to_string(&check).unwrap();
    text.push_str("#[test]\nfn later() {\n    panic!(\"late\");\n}\n");
    fs::write(check, text).unwrap();
    let run = fixture.run(&["check"]);
    run.says(1, &["all checks hold, and then a test of the program failed"]);
}

#[test]
fn output_without_end_is_cut() {
    let fixture = Fixture::with(
        "flood",
        "let line = \"many words \".repeat(1000);\n    \
         for n in 0..100_000 { println!(\"{n} {line}\"); }\n    println!(\"last\");\n    42",
    );
    // A gigabyte.
    let run = fixture.run(&["check", "--limit", "300"]);
    run.says(0, &["│ ... 99,971 lines left out ...", "│ last", "more characters)"]);
    assert!(run.out.lines().count() < 50);
    assert!(run.out.len() < 20_000);
}

#[test]
fn output_that_would_harm_a_terminal_is_made_harmless() {
    let fixture = Fixture::with(
        "escapes",
        "println!(\"\\x1b[2J\\x1b[31mred\\x1b[0m\\x07\\u{1e}{{}}\\r\");\n    42",
    );
    fixture.run(&["check", "1"]).says(0, &["│ red{}\n"]);
    let run = fixture.run(&["check", "1", "--color", "always"]);
    run.says(0, &["\x1b[31mred\x1b[0m"]);
    assert!(!run.out.contains("\x1b[2J"));
}

#[test]
fn bytes_that_are_no_text() {
    let fixture = Fixture::with(
        "bytes",
        "use std::io::Write;\n    std::io::stdout().write_all(b\"a\\xff\\n\").unwrap();\n    42",
    );
    fixture.run(&["check"]).says(0, &["│ a\u{fffd}\n"]);
}

#[test]
fn files_that_are_not_what_they_were() {
    let fixture = Fixture::new("files");
    let file = fixture.file(1);
    fs::write(&file, "").unwrap();
    fixture
        .run(&["check"])
        .says(1, &["exercise.rs is empty; `cargo workbook reset 01`"]);
    fs::remove_file(&file).unwrap();
    fixture
        .run(&["check"])
        .says(1, &["exercise.rs is missing; `cargo workbook reset 01`"]);
    fixture.run(&[]).says(0, &["exercise.rs is missing; `cargo workbook reset 01`"]);
    fixture.run(&["reset"]).says(0, &["exercise.rs is as it was given"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), source("41"));
    fs::write(&file, "fn main() {}\n").unwrap();
    fixture
        .run(&["check"])
        .says(1, &["no longer ends with the lines", "mod check;"]);
    // From another system.
    fs::write(&file, source("42").replace('\n', "\r\n")).unwrap();
    fixture.run(&["check"]).says(0, &["is solved"]);
    fs::write(&file, source("42")).unwrap();
    assert_eq!(fixture.states(), ["solved", "open", "open"]);
}

#[test]
fn a_program_without_events_is_none() {
    let fixture = Fixture::new("no events");
    let check = fixture.root.join("lessons/01_hello_await/check.rs");
    fs::write(check, "#[test]\nfn check() {}\n").unwrap();
    let run = fixture.run(&["check"]);
    run.says(1, &["nothing was checked: the program ended without a word"]);
}

#[test]
fn a_file_that_is_older_than_the_program_is_still_what_is_checked() {
    let fixture = Fixture::with("older", "42");
    let kept = fixture.root.join("kept.rs");
    fs::write(&kept, source("41")).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let open = fs::File::options().append(true).open(&kept).unwrap();
    open.set_modified(long_ago).unwrap();
    fixture.run(&["check", "01"]).says(0, &["is solved"]);
    // As by `mv` of a backup, which keeps the time of the last change.
    fs::rename(&kept, fixture.file(1)).unwrap();
    if cfg!(unix) {
        fixture.run(&["check", "01"]).says(1, &["Some(41) is not Some(42)"]);
    }
}

#[test]
fn the_program_is_where_cargo_says() {
    let fixture = Fixture::new("where");
    let rustc = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // What is in the usual place is old.
    fixture.run(&["check"]).says(1, &[]);
    fixture.write(1, "42");
    let mut command = fixture.command(&["check", "01"]);
    Run::of(command.env("CARGO_BUILD_TARGET", host)).says(0, &["is solved"]);
    fixture.write(1, "43");
    let mut command = fixture.command(&["check", "01"]);
    Run::of(command.env("CARGO_TARGET_DIR", "else where")).says(1, &["Some(43)"]);
    assert!(fixture.root.join("else where/debug").is_dir());
    // Cargo says what is wrong, and that is passed on.
    fs::write(fixture.root.join("Cargo.toml"), "[package\n").unwrap();
    fixture.run(&["check"]).says(
        1,
        &["unclosed table", "was not built; `cargo workbook doctor` may know why"],
    );
}

#[test]
fn all_exercises_a_line_each() {
    let fixture = Fixture::new("all");
    fixture.write(2, "42");
    fixture.write(3, "\"42\"");
    let run = fixture.run(&["check", "--all"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.out,
        "✗ 01_hello_await\n    Some(41) is not Some(42)\n\
         ✓ 02_lazy\n\
         ✗ 03_gather\n    error[E0308]: mismatched types\n\
         \n1 of 3 exercises solved\n"
    );
    assert_eq!(fixture.states(), ["open", "solved", "open"]);
    fixture.write(1, "42");
    fixture.write(3, "42");
    fixture.run(&["check", "--all"]).says(0, &["3 of 3 exercises solved"]);
    fixture.run(&[]).says(0, &["✓ ✓ ✓ 3 of 3", "All of them."]);
    fixture.run(&["check"]).complains(2, &["all exercises are solved; name one"]);
}

#[test]
fn json_is_one_document() {
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
    assert!(all["exercises"][2]["run_seconds"].is_number());

    fixture.write(1, "42");
    let solved = document(&["check", "1", "--json"], 0);
    assert_eq!(solved["exercises"][0]["saved"], true);
    fixture.write(1, "loop {}");
    let stopped = document(&["check", "1", "--json", "--limit", "0.5"], 1);
    assert_eq!(stopped["exercises"][0]["outcome"], "stopped");
    assert_eq!(stopped["exercises"][0]["checks"][0]["outcome"], "unfinished");
}

#[test]
fn a_check_is_told_how_it_is_shown() {
    let fixture = Fixture::with(
        "told",
        "for name in [\"COLUMNS\", \"WORKBOOK_COLOR\", \
         \"WORKBOOK_SEED\", \"CARGO_PKG_NAME\"] {\n        \
         println!(\"{name}={:?}\", std::env::var(name).ok());\n    }\n    42",
    );
    let plain = fixture.run(&["check", "01"]);
    plain.says(
        0,
        &[
            "│ COLUMNS=Some(\"76\")",
            "WORKBOOK_COLOR=None",
            "WORKBOOK_SEED=None",
            "CARGO_PKG_NAME=None",
        ],
    );
    let colourful =
        fixture.run(&["check", "01", "--seed", "17", "--color", "always"]);
    colourful.says(0, &["WORKBOOK_COLOR=Some(\"1\")", "WORKBOOK_SEED=Some(\"17\")"]);
}

#[cfg(unix)]
#[test]
fn nothing_is_left_running() {
    use super::fixture::alive;
    let spawn = "let child = std::process::Command::new(\"sleep\").arg(\"1000\")\n        \
                 .spawn().unwrap();\n    println!(\"pid {}\", child.id());\n    ";
    let pid = |run: &Run| {
        let line =
            run.out.lines().find(|line| line.contains("pid ")).expect("a line");
        line.split_whitespace().last().unwrap().to_owned()
    };
    // Neither when it ends, nor when it is stopped.
    let fixture = Fixture::with("left", &format!("{spawn}42"));
    let run = fixture.run(&["check", "01"]);
    run.says(0, &["is solved"]);
    assert!(!alive(&pid(&run)));
    fixture.write(1, &format!("{spawn}loop {{}}"));
    let run = fixture.run(&["check", "01", "--limit", "0.5"]);
    run.says(1, &["stopped after"]);
    assert!(!alive(&pid(&run)));
}

#[cfg(unix)]
#[test]
fn whoever_reads_no_more_ends_it_quietly() {
    let fixture = Fixture::new("pipe");
    let sh = "\"$0\" list | head -n 1; \"$0\" check 01 2>&1 | head -n 1";
    let mut command = fixture.command(&[]);
    let program = command.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(sh).arg(program).current_dir(&fixture.root);
    for (name, value) in command.stdin(std::process::Stdio::null()).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let run = Run::of(&mut shell);
    assert_eq!(run.error, "");
    assert!(run.out.ends_with("checking 01_hello_await ...\n"), "{run:?}");
}
