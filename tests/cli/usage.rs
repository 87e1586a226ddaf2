//! Lesson names, directories, narrow screens, and the smaller subcommands.

use std::fs;
use std::process::Command;

use super::fixture::{Fixture, Run};

#[test]
fn lessons_have_several_names() {
    let fixture = Fixture::new("names");
    for command in ["check", "watch", "hint", "solution", "reset", "open", "run"] {
        let run = fixture.run(&[command, "gathr"]);
        run.fails(
            2,
            &[
                "invalid value 'gathr'",
                "possible values: 01_hello_await, 02_lazy, ",
                "a similar value exists: '03_gather'",
            ],
        );
        assert_eq!(run.out, "");
        // A name is not abbreviated.
        fixture.run(&[command, "0"]).fails(2, &["invalid value '0'"]);
    }
    fixture.run(&["chekc"]).fails(2, &["check"]);
    // Other programs' names for the same commands. `test` looks like `reset`.
    for alias in ["test", "verify"] {
        fixture.run(&[alias, "2"]).prints(1, &["checking 02_lazy"]);
    }
    let status = fixture.run(&["status"]);
    assert_eq!((status.code, status.out), (Some(0), fixture.run(&[]).out));
    fixture.run(&["start", "--help"]).prints(0, &["after every save"]);
    let version = concat!("workbook ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(fixture.run(&["--version"]).out, version);
    for name in [
        "3",
        "03",
        "GATHER",
        "03_gather",
        "03-gather",
        "03_gather_exercise",
        "./lessons/03_gather/exercise.rs",
        "/home/errors/lessons/03_gather/",
        "lessons\\03_gather\\exercise.rs",
    ] {
        fixture
            .run(&["hint", name, "--all"])
            .prints(0, &["03_gather - hint 1 of 3"]);
    }
    let run = fixture.run(&["check", "07"]);
    run.fails(2, &["07_pitfalls has no exercise", "cargo workbook run 07"]);
}

#[test]
fn a_plain_cargo_run_lists_the_commands() {
    assert!(include_str!("../../Cargo.toml").contains("default-run = \"lessons\""));
    let run = Run::of(&mut Command::new(env!("CARGO_BIN_EXE_lessons")));
    run.prints(0, &["cargo workbook", "cargo book serve --open"]);
    for lesson in async_workbook::LESSONS {
        let command = format!("cargo run --example {}", lesson.name);
        run.prints(0, &[&command, lesson.question]);
    }
}

#[test]
fn wrong_usage_has_exit_status_2() {
    let fixture = Fixture::new("usage");
    for arguments in [
        &["check", "--seed", "x"][..],
        &["check", "03", "--all"],
        &["watch", "--limit", "0"],
        &["watch", "--limit", "inf"],
        &["check", "--limit", "1e19"],
        &["--color", "sometimes"],
    ] {
        fixture.run(arguments).fails(2, &["error: "]);
    }
    let help = fixture.run(&["--help"]);
    assert!(help.prints(0, &["Usage: cargo workbook"]).out.lines().count() < 30);
}

#[test]
fn the_command_works_in_any_directory_of_the_repository() {
    let fixture = Fixture::new("folders");
    let lesson = fixture.root.join("lessons/02_lazy");
    let mut command = fixture.command(&["check", "2"]);
    let run = Run::of(command.current_dir(&lesson));
    run.prints(1, &["✗ 02_lazy", "\n  exercise.rs\n"]);
    // Outside of it, cargo names the repository in an environment variable.
    let outside = fixture.root.parent().unwrap();
    let mut command = fixture.command(&["list"]);
    let run = Run::of(
        command.current_dir(outside).env("CARGO_MANIFEST_DIR", &fixture.root),
    );
    run.prints(0, &["> · 01_hello_await"]);
    let mut command = fixture.command(&["list"]);
    Run::of(command.current_dir("/")).fails(2, &["there are no lessons in /"]);
}

#[test]
fn text_fits_into_forty_columns() {
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
            // Long words, such as paths, are not broken.
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
fn color_needs_a_terminal_or_the_option() {
    let fixture = Fixture::new("color");
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
fn run_passes_on_arguments_and_the_exit_status() {
    let fixture = Fixture::new("run");
    let run = fixture.run(&["run", "1", "--exercise"]);
    let created = "created lessons/01_hello_await/exercise.rs from starter.rs, and 2 \
                   other\nexercises\n";
    assert_eq!((run.code, run.out), (Some(0), format!("{created}41\n")));
    fs::write(
        fixture.file(2),
        "fn main() { print!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()); \
         std::process::exit(7) }",
    )
    .unwrap();
    let run = fixture.run(&["run", "2", "--exercise", "--", "--json", "a b"]);
    assert_eq!((run.code, run.out.as_str()), (Some(7), r#"["--json", "a b"]"#));
    // The fixture has no lessons; the error is cargo's.
    fixture.run(&["run"]).fails(101, &["no example target named `01_hello_await`"]);
    fixture.run(&["run", "3"]).fails(101, &["no example target named `03_gather`"]);
}

#[cfg(unix)]
#[test]
fn open_starts_the_editor() {
    let fixture = Fixture::new("open");
    let open = |name: &str, value: &str| {
        Run::of(fixture.command(&["open", "2"]).env(name, value))
    };
    let file = fixture.file(2).display().to_string();
    // An editor with arguments, and a path with spaces.
    let run = open("VISUAL", "printf '%s|' 'an argument'");
    run.prints(
        0,
        &["created lessons/02_lazy/exercise.rs", "opening lessons/02_lazy/"],
    );
    assert!(run.out.ends_with(&format!("\nan argument|{file}|")), "{}", run.out);
    let run = open("EDITOR", "printf '<%s>'");
    assert!(run.out.ends_with(&format!("<{file}>")), "{}", run.out);
    assert_eq!(open("EDITOR", "exit 3;").code, Some(3));
    let advice = format!(
        "could not start `/no/such`: not found; set EDITOR, or open {file} yourself"
    );
    open("EDITOR", "/no/such").fails(127, &[&advice]);

    let mut command = fixture.command(&["open", "2"]);
    let bin = fixture.root.join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink("/bin/sh", bin.join("sh")).unwrap();
    let run = Run::of(command.env("PATH", bin));
    run.fails(127, &["could not start `code`: ", "; set EDITOR, or open ", &file]);
}

#[cfg(unix)]
#[test]
fn doctor_reports_problems_and_how_to_fix_them() {
    let fixture = Fixture::new("doctor");
    fixture.run(&["check"]).prints(1, &[]);
    let doctor = |name: &str, value: &str| {
        let mut command = fixture.command(&["doctor"]);
        command.env("WORKBOOK_POSTGRES_BIN", "/nowhere");
        Run::of(command.env(name, value))
    };
    let run = doctor("NO_COLOR", "1");
    run.prints(
        0,
        &[
            "✓ Rust: rustc 1.",
            "✓ offline build: all crates are downloaded",
            "✓ your progress: 0 of 3 exercises solved",
            "✓ local web server: started at http://",
            "! PostgreSQL: not available (needed only by 05_pool, 14_transactions)",
            "sudo apt-get install postgresql",
            "Python",
            "No problems found. Start with `cargo workbook`.",
        ],
    );
    let run = doctor("RUSTC", "false");
    run.prints(
        1,
        &[
            "✗ Rust: false failed (exit status: 1)",
            "install Rust from https://rustup.rs",
            "✗ offline build: false failed (exit status: 1)",
            "2 problems to fix",
        ],
    );
    // A program that is there but does not work is a problem, as it is for the tests.
    let run = doctor("DATABASE_URL", "postgresql://localhost:1/none");
    run.prints(1, &["✗ PostgreSQL: could not connect", "1 problem to fix"]);

    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    fs::write(fixture.progress(), "").unwrap();
    let run = doctor("NO_COLOR", "1");
    run.prints(1, &["✗ your progress: could not read your progress"]);
    fs::remove_file(fixture.progress()).unwrap();

    // A crate that is not downloaded. `cargo fetch` needs no lock file that lists it.
    let manifest = fixture.root.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace(
            "[features]",
            "[dependencies]\nno-such-crate = \"1\"\n[features]",
        ),
    )
    .unwrap();
    let run = doctor("NO_COLOR", "1");
    run.prints(
        1,
        &[
            "✗ offline build: cargo fetch --offline failed",
            "cargo failed (exit status: 101): error: ",
            "1 problem to fix",
        ],
    );
}

#[cfg(unix)]
#[test]
fn python_must_have_its_packages() {
    let fixture = Fixture::new("python");
    // A Python of this version with these packages.
    let python = |text: &str| {
        let file = fixture.root.join("python");
        fs::write(&file, format!("#!/bin/sh\necho '{text}'\necho\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&file, mode).unwrap();
        file
    };
    let run = |arguments: &[&str], python: &std::path::Path| {
        let mut command = fixture.command(arguments);
        command.env("WORKBOOK_POSTGRES_BIN", "/nowhere");
        Run::of(command.env("WORKBOOK_PYTHON", python))
    };
    let complete = python("Python 3.12.1\naiohttp 3.9\nasyncpg 0.30");
    run(&["doctor"], &complete)
        .prints(0, &["✓ Python: Python 3.12.1, aiohttp 3.9, asyncpg 0.30"]);
    // The comparison needs more packages, and says so before cargo compiles it.
    run(&["compare"], &complete).fails(
        1,
        &[
            "python lacks the packages httpx, orjson, uvloop\n",
            "pip install -r book/compare/requirements.txt",
            "cargo workbook compare --partial",
        ],
    );
    // The fixture has no such package; the error is cargo's.
    run(&["compare", "--partial"], &complete).fails(101, &["`compare`"]);
    run(&["compare", "tea"], &complete).fails(2, &["possible values: pages,"]);
    run(&["doctor"], "/nowhere".as_ref()).prints(
        1,
        &[
            "✗ Python: WORKBOOK_PYTHON: /nowhere is not Python 3.11 or newer",
            "Set it to the path of one, or unset it.",
        ],
    );
    let incomplete = python("Python 3.12.1\naiohttp 3.9");
    run(&["doctor"], &incomplete).prints(
        1,
        &[
            "✗ Python: WORKBOOK_PYTHON: ",
            "python lacks the packages asyncpg",
            "/python -m pip install -r lessons/requirements.txt",
        ],
    );
    let rustc = std::path::Path::new(env!("CARGO")).with_file_name("rustc");
    let mut command = fixture.command(&["doctor"]);
    command.env("WORKBOOK_POSTGRES_BIN", "/nowhere").env("RUSTC", rustc);
    Run::of(command.env("PATH", "/nowhere")).prints(
        0,
        &[
            "! Python: found no Python 3.11 or newer",
            "Install it, for example from https://www.python.org/downloads, and then",
            "pip install -r lessons/requirements.txt",
        ],
    );
}
