//! The progress file, and the commands that read and write it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::fixture::{Fixture, Run, source};

#[test]
fn unreadable_progress_is_never_overwritten() {
    let fixture = Fixture::with("unreadable", "42");
    fixture.run(&["check"]).prints(0, &["is solved"]);
    let good = fs::read_to_string(fixture.progress()).unwrap();
    fixture.write(2, "42");
    let broken = [
        String::new(),
        good[..good.len() / 2].to_owned(),
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
            run.fails(
                2,
                &[
                    "could not read your progress from ",
                    "The file was left untouched.",
                ],
            );
            assert_eq!(run.out, "", "{arguments:?}");
            let now = fs::read_to_string(fixture.progress()).unwrap();
            assert_eq!(now, text, "{arguments:?}");
        }
    }
    fs::write(fixture.progress(), good).unwrap();
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
}

#[test]
fn the_previous_version_is_kept() {
    let fixture = Fixture::with("backup", "42");
    fixture.run(&["check"]).prints(0, &[]);
    fixture.write(2, "43");
    // Records the time of the first check.
    fixture.run(&["check"]).prints(1, &[]);
    let first = fs::read_to_string(fixture.progress()).unwrap();
    fixture.write(2, "42");
    fixture.run(&["check"]).prints(0, &[]);
    let backup = fixture.progress().with_extension("json.bak");
    assert_eq!(fs::read_to_string(&backup).unwrap(), first);
    fs::write(fixture.progress(), "").unwrap();
    let run = fixture.run(&["list"]);
    run.fails(2, &["EOF while parsing", "or copy ", "progress.json.bak over it."]);
    fs::copy(backup, fixture.progress()).unwrap();
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
}

#[test]
fn an_edit_after_a_pass_is_shown() {
    let fixture = Fixture::with("changed", "42");
    fixture.run(&["check"]).prints(0, &[]);
    fixture.write(1, "43");
    assert_eq!(fixture.states(), ["changed", "unsolved", "unsolved"]);
    fixture
        .run(&["list"])
        .prints(0, &["~ 01_hello_await", "~ changed since it was solved"]);
    // It still counts as solved, so another exercise is current.
    fixture.run(&[]).prints(
        0,
        &["~ · ·  1 of 3 exercises solved, 1 of them changed since\n", "02_lazy"],
    );
    fixture.write(1, "42");
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
    // The progress file keeps the text that passed.
    let progress = fs::read_to_string(fixture.progress()).unwrap();
    let progress: serde_json::Value = serde_json::from_str(&progress).unwrap();
    assert_eq!(progress["solved"]["01_hello_await"]["source"], source("42"));
}

#[test]
fn a_changed_check_is_shown_until_the_exercise_passes_it() {
    let fixture = Fixture::with("stale", "42");
    fixture.run(&["check"]).prints(0, &[]);
    let before = fixture.saved()["solved"]["01_hello_await"].clone();
    let check = fixture.file(1).with_file_name("check.rs");
    let text = fs::read_to_string(&check).unwrap();
    // As git may write the file on Windows.
    fs::write(&check, text.replace('\n', "\r\n")).unwrap();
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
    fs::write(&check, format!("{text}// Stricter.\n")).unwrap();
    assert_eq!(fixture.states(), ["changed", "unsolved", "unsolved"]);
    let note = "01_hello_await passed, but its check has changed since: \
                cargo workbook check 01\n";
    fixture.run(&["list"]).prints(0, &["~ 01_hello_await", note]);
    fixture.run(&[]).prints(0, &["1 of them changed since\n01_hello_await", note]);
    fixture.run(&["check", "1"]).prints(0, &["is solved"]);
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
    assert!(!fixture.run(&["list"]).out.contains("its check has changed"));
    let after = fixture.saved()["solved"]["01_hello_await"].clone();
    assert_eq!(after["at"], before["at"]);
    assert_ne!(after["check"], before["check"]);
}

#[test]
fn the_minutes_until_the_first_pass_are_kept() {
    let fixture = Fixture::new("minutes");
    let row = |text: &str| format!("01_hello_await  {text}\n");
    fixture.run(&["check"]).prints(1, &[]);
    // The starter is not a beginning.
    assert!(!fixture.progress().exists());
    fixture.run(&["list", "--minutes"]).prints(0, &[&row("-")]);
    fixture.write(1, "43");
    fixture.run(&["check"]).prints(1, &[]);
    let mut saved = fixture.saved();
    let begun = saved["begun"]["01_hello_await"].as_u64().unwrap() - 25 * 60;
    saved["begun"]["01_hello_await"] = begun.into();
    fs::write(fixture.progress(), saved.to_string()).unwrap();
    fixture.write(1, "44");
    fixture.run(&["check"]).prints(1, &[]);
    assert_eq!(fixture.saved(), saved);
    fixture.write(1, "42");
    fixture.run(&["check"]).prints(0, &[]);
    let seconds =
        fixture.saved()["solved"]["01_hello_await"]["at"].as_u64().unwrap() - begun;
    let minutes = (seconds + 30) / 60;
    assert!(minutes >= 25);
    let is_kept = || {
        let text = row(&format!("{minutes} minutes"));
        fixture
            .run(&["list", "--minutes"])
            .prints(0, &[&text, "02_lazy         -\n"]);
        let list = fixture.run(&["list", "--json"]).out;
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list["lessons"][0]["minutes_taken"], minutes);
        assert!(list["lessons"][1]["minutes_taken"].is_null());
    };
    is_kept();
    // Neither another answer nor a second attempt changes the time of the first.
    fixture.write(1, "40 + 2");
    fixture.run(&["check", "1"]).prints(0, &[]);
    is_kept();
    fixture.run(&["reset", "1"]).prints(0, &[]);
    fixture.write(1, "42");
    fixture.run(&["check"]).prints(0, &[]);
    is_kept();
}

#[test]
fn an_old_progress_file_and_lessons_that_are_gone_are_kept() {
    let fixture = Fixture::with("old-progress", "42");
    let gone = fixture.root.join("lessons/99_gone/exercise.rs");
    fs::create_dir_all(gone.parent().unwrap()).unwrap();
    fs::write(&gone, source("42")).unwrap();
    let pass = serde_json::json!({ "at": 5, "source": source("42") });
    let old = serde_json::json!({
        "version": 1,
        "at": "99_gone",
        "hints": { "99_gone": 2 },
        "solved": { "01_hello_await": pass, "99_gone": pass },
    });
    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    fs::write(fixture.progress(), old.to_string()).unwrap();
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
    assert!(!fixture.run(&["list"]).out.contains("its check has changed"));
    fixture.run(&["check", "1"]).prints(0, &[]);
    fixture.run(&["hint", "1"]).prints(0, &[]);
    let saved = fixture.saved();
    assert_eq!(saved["hints"]["99_gone"], 2);
    let kept = &saved["solved"]["99_gone"];
    assert_eq!((&kept["at"], &kept["source"]), (&pass["at"], &pass["source"]));
    assert_eq!(fs::read_to_string(&gone).unwrap(), source("42"));
    // The time of a pass that an older version has recorded stays unknown.
    let again = &saved["solved"]["01_hello_await"];
    assert_eq!((&again["at"], again["seconds"].is_null()), (&pass["at"], true));
}

#[test]
fn concurrent_changes_are_not_lost() {
    let fixture = Fixture::new("terminals");
    for number in 1..=3 {
        fixture.write(number, "42");
    }
    std::thread::scope(|scope| {
        for number in ["1", "2", "3"] {
            let fixture = &fixture;
            scope.spawn(move || fixture.run(&["check", number]).prints(0, &[]).code);
            for _ in 0..3 {
                scope.spawn(move || {
                    fixture.run(&["hint", number]).prints(0, &[]).code
                });
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
fn a_check_works_on_a_read_only_disk() {
    let fixture = Fixture::with("read-only", "42");
    // A file in place of the directory, because root can write to a read-only one.
    fs::write(fixture.root.join(".workbook"), "").unwrap();
    let run = fixture.run(&["check"]);
    run.prints(0, &["is solved", "Six by nine."]);
    run.fails(0, &["could not save your progress: could not create "]);
    let run = fixture.run(&["hint"]);
    run.prints(0, &["hint 1 of 3"]);
    let advice = "; use `cargo workbook hint 01 --all` to see the others";
    run.fails(
        0,
        &["could not record this hint as shown: could not create ", advice],
    );
    let quit = fixture.root.join("quit");
    fs::write(&quit, "q\n").unwrap();
    let mut watch = fixture.command(&["watch", "2"]);
    let run = Run::of(watch.stdin(fs::File::open(quit).unwrap()));
    run.fails(0, &["could not record 02_lazy as the current exercise: "]);
    let run = fixture.run(&["doctor"]);
    run.prints(1, &["make it writable; until then your progress is not saved"]);
    // Without a backup, `reset` changes nothing.
    fixture.write(1, "43");
    let error = "could not back up your file; nothing was changed";
    fixture.run(&["reset", "1"]).fails(1, &[error]);
    assert_eq!(fs::read_to_string(fixture.file(1)).unwrap(), source("43"));
}

#[test]
fn reset_makes_a_backup() {
    let fixture = Fixture::new("reset");
    fixture.run(&["reset"]).prints(0, &["created ", " from starter.rs"]);
    fixture
        .run(&["reset"])
        .prints(0, &["lessons/01_hello_await/exercise.rs is already the starter"]);
    let mut backups = Vec::new();
    for body in ["1", "2", "3"] {
        fixture.write(1, body);
        let run = fixture.run(&["reset", "hello_await"]);
        run.prints(
            0,
            &["restored the starter: lessons/01_hello_await/exercise.rs\n"],
        );
        let backup = run
            .out
            .lines()
            .find_map(|line| line.strip_prefix("your file was backed up to "));
        let backup = fixture.root.join(PathBuf::from(backup.expect("a backup")));
        assert_eq!(fs::read_to_string(&backup).unwrap(), source(body));
        assert!(!backups.contains(&backup));
        backups.push(backup);
        assert_eq!(fs::read_to_string(fixture.file(1)).unwrap(), source("41"));
    }
    assert!(backups.iter().all(|backup| backup.is_file()));
}

#[test]
fn next_cycles_through_the_unsolved_exercises() {
    let fixture = Fixture::new("next");
    let current = || {
        let list = fixture.run(&["list", "--json"]).out;
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        list["current"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(current(), "01_hello_await");
    // A lesson that no longer exists is ignored.
    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    fs::write(fixture.progress(), r#"{"version": 1, "at": "99_gone"}"#).unwrap();
    assert_eq!(current(), "01_hello_await");
    // `hint` and `check` do not change the current exercise.
    fixture.run(&["hint", "3"]).prints(0, &["03_gather - hint 1 of 3"]);
    fixture.run(&["check", "3"]).prints(1, &[]);
    assert_eq!(current(), "01_hello_await");
    let left =
        "01_hello_await is still unsolved; `cargo workbook watch 01` returns to it";
    fixture.run(&["next"]).prints(0, &[left, "02_lazy  The answer"]);
    fixture.run(&["next"]).prints(0, &["03_gather  The answer"]);
    let then = "to check it: cargo workbook watch";
    fixture.run(&["next"]).prints(0, &["01_hello_await  The answer", then]);
    // After a pass, `next` does not skip an exercise.
    fixture.write(1, "42");
    fixture.run(&["check"]).prints(0, &["next: 02_lazy"]);
    assert_eq!(current(), "02_lazy");
    let run = fixture.run(&["next"]);
    run.prints(0, &["02_lazy  The answer"]);
    assert!(!run.out.contains("still unsolved"), "{}", run.out);
    assert_eq!(current(), "02_lazy");
    fixture.write(3, "42");
    let then = "next: 02_lazy (`cargo workbook watch`)\n";
    fixture.run(&["check", "3"]).prints(0, &[then]);
    // From the last exercise, back to one that was skipped.
    let text = fs::read_to_string(fixture.progress()).unwrap();
    let at_3 = text.replace("\"at\": \"02_lazy\"", "\"at\": \"03_gather\"");
    assert_ne!(at_3, text);
    fs::write(fixture.progress(), at_3).unwrap();
    assert_eq!(current(), "02_lazy");
    fixture.run(&["next"]).prints(0, &["02_lazy  The answer"]);
    fixture.run(&["next"]).prints(0, &["this is the last unsolved exercise"]);
    fixture.write(2, "42");
    // In the repository, `cargo new` would add the program to its workspace.
    let all = "All exercises are solved. Next, write a program of your own, outside of \
               this repository:\n  cd ..\n  cargo new my-program\n";
    fixture.run(&["check"]).prints(0, &[all]);
    fixture.run(&["next"]).prints(0, &[all, "book/chapters/your_own_program.md"]);
    for command in ["check", "watch", "hint", "open", "reset", "run"] {
        let run = fixture.run(&[command]);
        let message = format!(
            "All exercises are solved. Name one to repeat it: `cargo workbook {command} \
             03`\n"
        );
        assert_eq!((run.code, run.error), (Some(0), message));
    }
    let run = fixture.run(&["check", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document, serde_json::json!({"solved": true, "exercises": []}));
}

#[test]
fn check_names_the_exercise_that_it_continues_with() {
    let fixture = Fixture::with("continues", "42");
    fixture.run(&["check"]).prints(0, &[]);
    let run = fixture.run(&["check"]);
    run.prints(
        1,
        &[
            "01_hello_await is solved, so this checks the next exercise. To check \
             01_hello_await again: `cargo workbook check 01`",
            "checking 02_lazy ...",
        ],
    );
    assert!(!fixture.run(&["check", "2"]).out.contains("so this checks"));
    fixture.run(&["next"]).prints(0, &[]);
    fixture.run(&["next"]).prints(0, &["03_gather"]);
    assert!(!fixture.run(&["check"]).out.contains("so this checks"));
}

#[test]
fn reset_opens_an_exercise_again() {
    let fixture = Fixture::with("reopened", "42");
    fixture.run(&["check"]).prints(0, &[]);
    let pass = || {
        let text = fs::read_to_string(fixture.progress()).unwrap();
        let progress: serde_json::Value = serde_json::from_str(&text).unwrap();
        progress["solved"]["01_hello_await"].clone()
    };
    let before = pass();
    fixture.run(&["reset", "1"]).prints(
        0,
        &["your file was backed up to", "01_hello_await is unsolved again"],
    );
    assert_eq!(fixture.states(), ["unsolved", "unsolved", "unsolved"]);
    fixture.run(&[]).prints(0, &["· · · 0 of 3", "01_hello_await  The answer"]);
    fixture.run(&["check"]).prints(1, &["✗ 01_hello_await: 0 of 1"]);
    fixture.run(&["solution", "1"]).fails(1, &["is not solved yet"]);
    // The earlier pass is kept.
    assert_eq!(pass()["source"], before["source"]);
    assert_eq!(pass()["at"], before["at"]);
    let again = fixture.run(&["reset", "1"]);
    again.prints(0, &["is already the starter"]);
    assert!(!again.out.contains("unsolved again"));
    fixture.write(1, "42");
    fixture.run(&["check"]).prints(0, &["is solved", "next: 02_lazy"]);
    assert_eq!(fixture.states(), ["solved", "unsolved", "unsolved"]);
    fs::remove_file(fixture.file(1)).unwrap();
    let again = fixture.run(&["reset", "1"]);
    again.prints(0, &["from starter.rs", "01_hello_await is unsolved again"]);
}

#[cfg(unix)]
#[test]
fn progress_is_written_through_a_symbolic_link() {
    let fixture = Fixture::new("link");
    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    fs::create_dir(fixture.root.join("synced")).unwrap();
    let synced = fixture.root.join("synced/progress.json");
    // A dangling link, and then one to the file.
    std::os::unix::fs::symlink("../synced/progress.json", fixture.progress())
        .unwrap();
    for shown in ["\"01_hello_await\": 1", "\"01_hello_await\": 2"] {
        fixture.run(&["hint", "1"]).prints(0, &[]);
        assert!(fixture.progress().is_symlink());
        assert!(fs::read_to_string(&synced).unwrap().contains(shown));
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_not_regular_or_too_large_is_refused_at_once() {
    let fixture = Fixture::new("irregular");
    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    let irregular = "it is not a regular file; move it away";
    let remove = |path: &Path| {
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    };
    type Make<'a> = &'a dyn Fn(&Path);
    let kinds: [(&str, Make<'_>); 4] = [
        (irregular, &|path| fs::create_dir(path).unwrap()),
        (irregular, &|path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()),
        (irregular, &|path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        }),
        ("it is larger than 1 MB; move it away", &|path| {
            fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
        }),
    ];
    for (problem, make) in kinds {
        make(&fixture.progress());
        for arguments in [&["list"][..], &["hint"], &["reset"]] {
            fixture.run(arguments).fails(2, &[problem]);
        }
        remove(&fixture.progress());

        let lock = fixture.root.join(".workbook/lock");
        remove(&lock);
        make(&lock);
        fixture.run(&["next"]).fails(1, &["could not lock", problem]);
        remove(&lock);

        let hints = fixture.file(1).with_file_name("hints.md");
        let text = fs::read(&hints).unwrap();
        remove(&hints);
        make(&hints);
        fixture.run(&["hint", "1"]).fails(1, &["hints.md", problem]);
        remove(&hints);
        fs::write(&hints, text).unwrap();

        let file = fixture.file(1);
        make(&file);
        let found = file.symlink_metadata().unwrap().file_type();
        fixture
            .run(&["check", "1"])
            .prints(1, &[&format!("exercise.rs: {problem}")]);
        fixture.run(&["reset", "1"]).fails(1, &[problem]);
        fixture.run(&["run", "1", "--exercise"]).fails(1, &[problem]);
        assert_eq!(file.symlink_metadata().unwrap().file_type(), found);
        remove(&file);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_not_created() {
    let fixture = Fixture::new("no-space");
    let reset = |blocks: &str| {
        // Without the signal, a write above the limit fails, as on a full disk.
        let sh = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let command = fixture.command(&["reset", "1"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &sh, "sh"]).arg(command.get_program());
        shell.args(command.get_args()).current_dir(&fixture.root);
        Run::of(shell.env_remove("CARGO_MANIFEST_DIR"))
    };
    let names = || {
        let files =
            fs::read_dir(fixture.root.join("lessons/01_hello_await")).unwrap();
        files.map(|file| file.unwrap().file_name()).collect::<Vec<_>>()
    };
    let before = names();
    reset("0").fails(1, &["could not create ", "exercise.rs"]);
    assert!(!fixture.file(1).exists());
    assert_eq!(names(), before);
    fixture.write(1, "43");
    reset("0").fails(1, &["could not back up your file; nothing was changed"]);
    assert_eq!(fs::read_to_string(fixture.file(1)).unwrap(), source("43"));
    let backups = fs::read_dir(fixture.root.join(".workbook/backups")).unwrap();
    assert_eq!(backups.count(), 0);
}

#[cfg(unix)]
#[test]
fn what_is_in_place_of_a_temporary_file_is_removed() {
    let fixture = Fixture::new("temporary-files");
    fixture.run(&["next"]).prints(0, &[]);
    for name in ["progress.new", "progress.json.new"] {
        let path = fixture.root.join(".workbook").join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        fixture.run(&["next"]).prints(0, &[]);
        assert!(!path.exists());
    }
}

#[test]
fn each_call_shows_one_more_hint() {
    let fixture = Fixture::new("hints");
    fixture.run(&["hint", "--again"]).prints(
        0,
        &["no hint for 01_hello_await shown yet; run `cargo workbook hint 01`"],
    );
    let run = fixture.run(&["hint"]);
    assert_eq!(
        run.out,
        "01_hello_await - hint 1 of 3: A nudge\n\n  It is a number.\n\n"
    );
    let concept =
        "It is in the program (book/chapters/01_hello_await.md#the-program).";
    let run = fixture.run(&["hint"]);
    run.prints(0, &["hint 2 of 3: The concept", concept]);
    assert!(!run.out.contains("hint 1"));
    fixture.run(&["hint", "--again"]).prints(0, &["hint 1 of 3", "hint 2 of 3"]);
    fixture.run(&["hint"]).prints(0, &["hint 3 of 3: The shape\n\n      40 + 2\n"]);
    let run = fixture.run(&["hint"]);
    run.prints(0, &["`cargo workbook hint 01 --again` shows them again"]);
    assert!(run.out.starts_with("no more hints; "), "{}", run.out);
    // Hints are counted for each exercise.
    fixture.run(&["hint", "2"]).prints(0, &["02_lazy - hint 1 of 3"]);
    fixture.run(&["hint", "3", "--all"]).prints(0, &["hint 1 of 3", "hint 3 of 3"]);
    // Links lead to the built page if there is one.
    fs::create_dir_all(fixture.root.join("book/html")).unwrap();
    fs::write(fixture.root.join("book/html/01_hello_await.html"), "").unwrap();
    let page = "(book/html/01_hello_await.html#the-program)";
    fixture.run(&["hint", "--all"]).prints(0, &[page]);
}

#[test]
fn the_solution_is_shown_after_a_pass() {
    let fixture = Fixture::new("solution");
    let run = fixture.run(&["solution"]);
    run.fails(1, &["01_hello_await is not solved yet", "--spoil"]);
    assert_eq!(run.out, "");
    let shown = format!("// lessons/01_hello_await/solution.rs\n{}", source("42"));
    assert_eq!(fixture.run(&["solution", "--spoil"]).out, shown);
    fixture.write(1, "40 + 2");
    fixture.run(&["check"]).prints(0, &[]);
    // The current exercise is the next one, but this shows the one just solved.
    assert_eq!(fixture.run(&["solution"]).out, shown);
    fixture.run(&["solution", "2"]).fails(1, &["02_lazy is not solved yet"]);
    fixture.run(&["solution", "--spoil"]).prints(0, &["// lessons/02_lazy/"]);
    // An exercise stays solved.
    fixture.write(1, "43");
    assert_eq!(fixture.run(&["solution", "1"]).code, Some(0));
}
