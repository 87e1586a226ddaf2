//! Names, places, narrow screens, and what else can be asked for.

use super::fixture::{Fixture, Run};
use std::fs;

#[test]
fn a_wrong_name_gets_a_suggestion() {
    let fixture = Fixture::new("names");
    for command in ["check", "watch", "hint", "solution", "reset", "open", "run"] {
        let run = fixture.run(&[command, "gathr"]);
        run.complains(2, &["there is no lesson `gathr`; did you mean `03_gather`?"]);
        assert_eq!(run.out, "");
    }
    fixture.run(&["chekc"]).complains(2, &["check"]);
    for name in ["3", "03", "gather", "03_gather", "lessons/03_gather/exercise.rs"] {
        fixture.run(&["hint", name, "--all"]).says(0, &["03_gather - hint 1 of 3"]);
    }
    // A lesson without an exercise can be run, and that is said.
    let run = fixture.run(&["check", "07"]);
    run.complains(2, &["07_pitfalls has no exercise", "cargo workbook run 07"]);
}

#[test]
fn any_folder_of_the_repository_will_do() {
    let fixture = Fixture::new("folders");
    let lesson = fixture.root.join("lessons/02_lazy");
    let mut command = fixture.command(&["check", "2"]);
    let run = Run::of(command.current_dir(&lesson));
    run.says(1, &["✗ 02_lazy", "\n  exercise.rs\n"]);
    let outside = fixture.root.parent().unwrap();
    let mut command = fixture.command(&["list"]);
    // Where cargo starts it, cargo says where that is.
    let run = Run::of(
        command.current_dir(outside).env("CARGO_MANIFEST_DIR", &fixture.root),
    );
    run.says(0, &["> · 01_hello_await"]);
    let mut command = fixture.command(&["list"]);
    Run::of(command.current_dir("/")).complains(2, &["there are no lessons in /"]);
}

#[test]
fn forty_columns_are_enough() {
    let fixture = Fixture::new("narrow");
    for arguments in [
        &[][..],
        &["list"],
        &["hint", "--all"],
        &["check"],
        &["next"],
        &["doctor"],
        &["check", "--all"],
        &["check", "--limit", "0.5"],
    ] {
        if arguments.contains(&"--limit") {
            fixture.write(2, "loop {}");
        }
        let mut command = fixture.command(arguments);
        command.env("COLUMNS", "40").env("WORKBOOK_POSTGRES_BIN", "/nowhere");
        let run = Run::of(&mut command);
        for line in run.out.lines() {
            // What cannot be broken, such as a path, may be longer.
            let words =
                line.split_whitespace().filter(|word| word.len() > 1).count();
            assert!(
                line.chars().count() <= 40 || words < 3,
                "{arguments:?}: {line}"
            );
        }
    }
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let fixture = Fixture::new("colour");
    assert!(!fixture.run(&["list"]).out.contains('\x1b'));
    assert!(fixture.run(&["list", "--color", "always"]).out.contains("\x1b["));
    assert!(!fixture.run(&["--color=never", "list"]).out.contains('\x1b'));
    fixture.write(1, "\"\"");
    let run = fixture.run(&["check", "--color", "always"]);
    assert!(
        run.out.contains("\x1b[1m\x1b[91merror[E0308]")
            || run.out.contains("\x1b[0m")
    );
}

#[test]
fn ones_own_program_runs() {
    let fixture = Fixture::new("run");
    let run = fixture.run(&["run", "1", "--exercise"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "41\n"));
    fs::write(
        fixture.file(2),
        "fn main() { print!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()); \
         std::process::exit(7) }",
    )
    .unwrap();
    let run = fixture.run(&["run", "2", "--exercise", "--", "--json", "a b"]);
    assert_eq!((run.code, run.out.as_str()), (Some(7), r#"["--json", "a b"]"#));
    fs::remove_file(fixture.file(2)).unwrap();
    fixture.run(&["run", "2", "--exercise"]).complains(1, &["reset 02"]);
    // The lessons themselves are not in this fixture; cargo says so.
    fixture
        .run(&["run", "3"])
        .complains(101, &["no example target named `03_gather`"]);
}

#[cfg(unix)]
#[test]
fn an_editor_opens_the_exercise() {
    let fixture = Fixture::new("open");
    let opened = |name: &str, value: &str| {
        Run::of(fixture.command(&["open", "2"]).env(name, value))
    };
    let file = fixture.file(2).display().to_string();
    // With arguments, and a file whose path has spaces.
    let run = opened("VISUAL", "printf '%s|' 'an argument'");
    assert_eq!(run.code, Some(0));
    assert!(run.out.ends_with(&format!("\nan argument|{file}|")), "{}", run.out);
    let run = opened("EDITOR", "printf '<%s>'");
    assert!(run.out.ends_with(&format!("<{file}>")), "{}", run.out);
    assert_eq!(opened("EDITOR", "exit 3;").code, Some(3));

    let mut command = fixture.command(&["open", "2"]);
    let run = Run::of(command.env("PATH", "/nowhere"));
    run.complains(1, &["no editor found", &file]);
}

#[test]
fn shells_complete_lessons() {
    let fixture = Fixture::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = fixture.run(&["completions", shell]);
        run.says(0, &["watch"]);
    }
    fixture.run(&["completions", "bash"]).says(0, &["03_gather"]);
    // They need no repository.
    let mut command = fixture.command(&["completions", "fish"]);
    assert_eq!(Run::of(command.current_dir("/")).code, Some(0));
}

#[cfg(unix)]
#[test]
fn doctor_says_what_is_missing_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new("doctor");
    // No build yet, no lock file: what cargo needs it makes itself.
    fixture.run(&["check"]).says(1, &[]);
    let doctor = |name: &str, value: &str| {
        let mut command = fixture.command(&["doctor"]);
        Run::of(command.env("WORKBOOK_POSTGRES_BIN", "/nowhere").env(name, value))
    };
    let run = doctor("NO_COLOR", "1");
    run.says(
        0,
        &[
            "✓ Rust: ",
            "✓ offline build: every crate is on this machine",
            "✓ folder for programs: ",
            "free disk: ",
            "✓ your progress: 0 of 3 exercises solved",
            "✓ a port of this machine: ",
            "! PostgreSQL: only 05_pool needs it",
            "sudo apt-get install postgresql",
            "Python: ",
            "Ready: cargo workbook",
        ],
    );

    let old = fixture.root.join("rustc");
    fs::write(&old, "#!/bin/sh\necho 'rustc 1.80.0 (051478957 2024-07-21)'\n")
        .unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).unwrap();
    let run = doctor("RUSTC", &old.display().to_string());
    run.says(
        1,
        &["✗ Rust: 1.80.0 is older than 1.89", "rustup update", "1 thing to put"],
    );

    fs::write(fixture.root.join("file"), "").unwrap();
    let run = doctor("CARGO_TARGET_DIR", "file/below");
    run.says(1, &["✗ folder for programs: cannot write to", "set CARGO_TARGET_DIR"]);

    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    fs::write(fixture.progress(), "").unwrap();
    doctor("NO_COLOR", "1").says(1, &["✗ your progress: cannot read your progress"]);
}
