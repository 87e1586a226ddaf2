//! The command `cargo workbook`, a room for each thing it does.
//!
//! A check: [`check`] has cargo build one target ([`compile`]), starts the program in
//! a process group of its own ([`job`]), and tells a [`check::View`] what it sees.
//! Everything that happens meanwhile (output, a save, a key, Ctrl-C) arrives by one
//! channel, the [`inbox`].

mod args;
mod check;
mod compile;
mod doctor;
mod editor;
mod errors;
mod hints;
mod inbox;
mod job;
mod json;
mod keys;
mod learner;
mod list;
mod output;
mod progress;
mod repo;
mod report;
mod screen;
mod watch;

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use args::{Arguments, Command};
use async_workbook::Lesson;
use inbox::{Inbox, Interrupted};
use learner::Learner;
use progress::Unreadable;
use repo::Repo;
use screen::Screen;

/// Wrong usage: said on standard error, exit code 2.
#[derive(Debug)]
struct Misuse(String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Runs the command that the process's arguments name.
///
/// The exit code is 0 when all is well, 1 when a check or a run failed, 2 for wrong
/// usage and for progress that cannot be read, 130 after Ctrl-C.
pub fn main() -> ExitCode {
    let arguments = match args::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output, errors to standard error; a closed
            // stream is nothing to tell anyone about.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => explain(&error),
    }
}

/// Says what went wrong, and turns it into an exit code.
fn explain(error: &anyhow::Error) -> ExitCode {
    if let Some(Interrupted(signal)) = error.downcast_ref() {
        return ExitCode::from(128 + signal);
    }
    let broken_pipe = error.chain().any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    });
    if broken_pipe {
        return ExitCode::FAILURE;
    }
    eprintln!("error: {error:#}");
    if error.is::<Misuse>() || error.is::<Unreadable>() {
        return ExitCode::from(2);
    }
    ExitCode::FAILURE
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let screen = Screen::new(arguments.color);
    if let Command::Completions { shell } = arguments.command {
        return args::completions(shell);
    }
    let repo = Repo::find()?;
    let learner = Learner::new(&repo, &screen);
    match &arguments.command {
        Command::Status => learner.status(),
        Command::List { json } => list::run(&repo, &screen, *json),
        Command::Run { lesson, exercise, arguments } => {
            run_lesson(&repo, lesson, *exercise, arguments)
        }
        Command::Check { lesson, options, json, all } => {
            let inbox = Inbox::new();
            inbox.listen_for_signals()?;
            if *all {
                report::check_all(&repo, &screen, &inbox, options, *json)
            } else {
                report::check_one(&repo, &screen, &inbox, *lesson, options, *json)
            }
        }
        Command::Watch { lesson, options, poll } => {
            watch::run(&repo, &screen, *lesson, options, *poll)
        }
        Command::Next => learner.next(),
        Command::Hint { lesson, which } => learner.hint(*lesson, *which),
        Command::Solution { lesson, spoil } => learner.solution(*lesson, *spoil),
        Command::Reset { lesson } => learner.reset(*lesson),
        Command::Open { lesson } => editor::open(&repo, &screen, *lesson),
        Command::Doctor => doctor::run(&repo, &screen),
        Command::Compare { arguments } => {
            let mut cargo = compile::cargo(&repo, "bench");
            cargo.args(["--bench", "compare", "--"]).args(arguments);
            job::replace_with(cargo)
        }
        // Dealt with above: it needs no repository.
        Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// `cargo run` of a lesson or of the learner's own program, in place of this one
/// where the system can do that: keys, signals and the exit code are then its own.
fn run_lesson(
    repo: &Repo,
    lesson: &'static Lesson,
    exercise: bool,
    arguments: &[std::ffi::OsString],
) -> Result<ExitCode> {
    let target = if exercise {
        repo.present_exercise(lesson)?.target()
    } else {
        lesson.name.to_owned()
    };
    let mut cargo = compile::cargo(repo, "run");
    cargo.args(["--example", &target, "--"]).args(arguments);
    job::replace_with(cargo)
}
