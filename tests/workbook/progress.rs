//! What is remembered, whatever happens to the file.

use super::fixture::{Fixture, Run, source};
use std::fs;
use std::path::PathBuf;

#[test]
fn progress_that_cannot_be_read_is_never_overwritten() {
    let fixture = Fixture::with("unreadable", "42");
    fixture.run(&["check"]).says(0, &["is solved"]);
    let good = fs::read_to_string(fixture.progress()).unwrap();
    fixture.write(2, "42");
    let broken = [
        String::new(),
        good[..good.len() / 2].to_owned(),
        format!("<<<<<<< ours\n{good}\n=======\n{good}\n>>>>>>> theirs\n"),
        good.replace("\"version\": 1", "\"version\": 2"),
        "\u{fffd}".to_owned(),
        "[]".to_owned(),
    ];
    for text in broken {
        fs::write(fixture.progress(), &text).unwrap();
        for arguments in [
            &["check", "02"][..],
            &["check", "--all"],
            &["check", "--json"],
            &["list"],
            &["list", "--json"],
            &["next"],
            &["hint"],
            &["solution"],
            &["reset"],
            &["watch"],
            &[],
        ] {
            let run = fixture.run(arguments);
            run.complains(
                2,
                &["cannot read your progress in ", "It stays as it is."],
            );
            assert_eq!(run.out, "", "{arguments:?}");
            let now = fs::read_to_string(fixture.progress()).unwrap();
            assert_eq!(now, text, "{arguments:?}");
        }
    }
    fs::write(fixture.progress(), good).unwrap();
    assert_eq!(fixture.states(), ["solved", "open", "open"]);
}

#[test]
fn the_version_before_is_kept() {
    let fixture = Fixture::with("backup", "42");
    fixture.run(&["check"]).says(0, &[]);
    let first = fs::read_to_string(fixture.progress()).unwrap();
    fixture.write(2, "42");
    fixture.run(&["check"]).says(0, &[]);
    let backup = fixture.progress().with_extension("json.bak");
    assert_eq!(fs::read_to_string(&backup).unwrap(), first);
    fs::write(fixture.progress(), "").unwrap();
    let run = fixture.run(&["list"]);
    run.complains(2, &["it is empty", "progress.json.bak", "copy that over it"]);
    fs::copy(backup, fixture.progress()).unwrap();
    assert_eq!(fixture.states(), ["solved", "open", "open"]);
}

#[test]
fn a_change_after_the_pass_shows() {
    let fixture = Fixture::with("changed", "42");
    fixture.run(&["check"]).says(0, &[]);
    fixture.write(1, "43");
    assert_eq!(fixture.states(), ["changed", "open", "open"]);
    fixture
        .run(&["list"])
        .says(0, &["~ 01_hello_await", "~ solved and changed since"]);
    // It is not unsolved by that: a learner who plays on does not go back.
    fixture.run(&[]).says(0, &["~ · · 1 of 3", "02_lazy"]);
    fixture.write(1, "42");
    assert_eq!(fixture.states(), ["solved", "open", "open"]);
    // The text that passed is remembered.
    let progress = fs::read_to_string(fixture.progress()).unwrap();
    let progress: serde_json::Value = serde_json::from_str(&progress).unwrap();
    assert_eq!(progress["solved"]["01_hello_await"]["source"], source("42"));
}

#[test]
fn two_terminals_do_not_undo_each_other() {
    let fixture = Fixture::new("terminals");
    for number in 1..=3 {
        fixture.write(number, "42");
    }
    std::thread::scope(|scope| {
        for number in ["1", "2", "3"] {
            let fixture = &fixture;
            scope.spawn(move || fixture.run(&["check", number]).says(0, &[]).code);
            for _ in 0..3 {
                scope
                    .spawn(move || fixture.run(&["hint", number]).says(0, &[]).code);
            }
        }
    });
    assert_eq!(fixture.states(), ["solved", "solved", "solved"]);
    let list = fixture.run(&["list", "--json"]).out;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    for lesson in list["lessons"].as_array().unwrap().iter().take(3) {
        assert_ne!(lesson["hints"], 0);
    }
}

#[test]
fn a_verdict_is_a_verdict_where_nothing_can_be_written() {
    let fixture = Fixture::with("read-only", "42");
    // Root may write to a read-only folder, but not below a file.
    fs::write(fixture.root.join(".workbook"), "").unwrap();
    let run = fixture.run(&["check"]);
    run.says(0, &["is solved", "Six by nine."]);
    run.complains(0, &["the pass was not put down: cannot make "]);
    fixture.run(&["hint"]).says(0, &["hint 1 of 3"]);
    fixture.write(1, "41");
    // But nothing is lost for want of a backup.
    fixture.write(1, "43");
    fixture.run(&["reset", "1"]).complains(1, &["nothing was changed"]);
    assert_eq!(fs::read_to_string(fixture.file(1)).unwrap(), source("43"));
}

#[test]
fn reset_keeps_what_was_written() {
    let fixture = Fixture::new("reset");
    fixture.run(&["reset"]).says(0, &["is as it was given: nothing to do"]);
    let mut backups = Vec::new();
    for body in ["1", "2", "3"] {
        fixture.write(1, body);
        let run = fixture.run(&["reset", "hello_await"]);
        run.says(0, &["lessons/01_hello_await/exercise.rs is as it was given\n"]);
        let backup =
            run.out.lines().find_map(|line| line.strip_prefix("yours is kept in "));
        let backup = fixture.root.join(PathBuf::from(backup.expect("a backup")));
        assert_eq!(fs::read_to_string(&backup).unwrap(), source(body));
        assert!(!backups.contains(&backup));
        backups.push(backup);
        assert_eq!(fs::read_to_string(fixture.file(1)).unwrap(), source("41"));
    }
    assert!(backups.iter().all(|backup| backup.is_file()));
}

#[test]
fn next_goes_on_and_comes_back() {
    let fixture = Fixture::new("next");
    let current = || {
        let list = fixture.run(&["list", "--json"]).out;
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        list["current"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(current(), "01_hello_await");
    // To ask is not to go.
    fixture.run(&["hint", "3"]).says(0, &["03_gather - hint 1 of 3"]);
    fixture.run(&["check", "3"]).says(1, &[]);
    assert_eq!(current(), "01_hello_await");
    fixture.run(&["next"]).says(0, &["02_lazy  The answer"]);
    fixture.run(&["next"]).says(0, &["03_gather  The answer"]);
    fixture.run(&["next"]).says(0, &["01_hello_await  The answer"]);
    // After a pass, the next one is not left out.
    fixture.write(1, "42");
    fixture.run(&["check"]).says(0, &["next: 02_lazy"]);
    assert_eq!(current(), "02_lazy");
    fixture.run(&["next"]).says(0, &["02_lazy  The answer"]);
    assert_eq!(current(), "02_lazy");
    fixture.write(3, "42");
    fixture.run(&["check", "3"]).says(0, &["you are at 02_lazy"]);
    fixture.run(&["next"]).says(0, &["this is the last unsolved exercise"]);
    fixture.write(2, "42");
    fixture.run(&["check"]).says(0, &["All exercises are solved"]);
    fixture.run(&["next"]).says(0, &["all exercises are solved"]);
}

#[test]
fn hints_come_one_at_a_time() {
    let fixture = Fixture::new("hints");
    fixture.run(&["hint", "--again"]).says(0, &["no hint on 01_hello_await yet"]);
    let run = fixture.run(&["hint"]);
    assert_eq!(
        run.out,
        "01_hello_await - hint 1 of 3: A nudge\n\n  It is a number.\n\n"
    );
    let concept =
        "It is in the program (book/chapters/01_hello_await.md#the-program).";
    let run = fixture.run(&["hint"]);
    run.says(0, &["hint 2 of 3: The concept", concept]);
    assert!(!run.out.contains("hint 1"));
    fixture.run(&["hint", "--again"]).says(0, &["hint 1 of 3", "hint 2 of 3"]);
    fixture.run(&["hint"]).says(0, &["hint 3 of 3: The shape\n\n      40 + 2\n"]);
    fixture.run(&["hint"]).says(0, &["hint 1 of 3", "hint 2 of 3", "hint 3 of 3"]);
    // Each exercise has its own.
    fixture.run(&["hint", "2"]).says(0, &["02_lazy - hint 1 of 3"]);
    fixture.run(&["hint", "3", "--all"]).says(0, &["hint 1 of 3", "hint 3 of 3"]);
    // Once there is a page to read, it is the page.
    fs::create_dir_all(fixture.root.join("book/html")).unwrap();
    fs::write(fixture.root.join("book/html/01_hello_await.html"), "").unwrap();
    let page = "(book/html/01_hello_await.html#the-program)";
    fixture.run(&["hint", "--all"]).says(0, &[page]);
}

#[test]
fn the_solution_is_for_after_the_pass() {
    let fixture = Fixture::new("solution");
    let run = fixture.run(&["solution"]);
    run.complains(1, &["01_hello_await is not solved yet", "--spoil"]);
    assert_eq!(run.out, "");
    assert_eq!(fixture.run(&["solution", "--spoil"]).out, source("42"));
    fixture.write(1, "40 + 2");
    fixture.run(&["check"]).says(0, &[]);
    assert_eq!(fixture.run(&["solution", "01"]).out, source("42"));
    // What was solved once stays so.
    fixture.write(1, "43");
    assert_eq!(Run::of(&mut fixture.command(&["solution", "1"])).code, Some(0));
}
