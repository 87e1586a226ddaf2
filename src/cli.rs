//! The `cargo workbook` command.
//!
//! The modules form layers. Each imports only from lower layers, or from modules to its
//! right:
//!
//! ```text
//! commands/   watch, status, open, check, hint, list, solution, reset, run, doctor
//! printer     prints a check and its verdict, with the help of advice and markdown
//! check_run   builds an exercise, runs it, and collects a report
//! build, job  cargo and its messages; a running program
//! context     the repository, the screen and the inbox
//! keys, saves, progress, repo, inbox, screen, output, args
//! error       errors and their exit status
//! ```
//!
//! Everything that the command waits for (output, a save, a key, Ctrl-C) arrives through
//! one channel, the [`inbox`]. There are no callbacks: a command calls `next` on a
//! [`check_run::CheckRun`], which calls `next` on the build or the job, which reads the
//! inbox.

mod advice;
mod args;
mod build;
mod check_run;
mod commands;
mod context;
mod error;
mod inbox;
mod job;
mod keys;
mod markdown;
mod output;
mod printer;
mod progress;
mod repo;
mod saves;
mod screen;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use args::{Arguments, Command};
use clap::Parser;
use commands::{
    check, doctor, hint, list, open, reset, run, solution, status, watch,
};
use context::Context;

/// Parses the arguments and runs the command.
///
/// The exit status is 0 for success, 1 if a check or a run failed, 2 for wrong usage or
/// unreadable progress, and 128 + N if signal N ended the command, such as 130 after
/// Ctrl-C.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let run = || {
        let cx = Context::new(arguments.color)?;
        let status = execute(&cx, arguments.command)?;
        cx.screen.finish().context("could not write to stdout")?;
        Ok(status)
    };
    run().unwrap_or_else(|error| error::report(&error))
}

fn execute(cx: &Context, command: Option<Command>) -> Result<ExitCode> {
    let Some(command) = command else { return status::run(cx) };
    match command {
        Command::Status => status::run(cx),
        Command::List { json: true, .. } => list::document(cx)
            .map(|document| cx.screen.json(&document))
            .map(|()| ExitCode::SUCCESS),
        Command::List { minutes, .. } => {
            list::show(cx, minutes).map(|()| ExitCode::SUCCESS)
        }
        Command::Run { lesson, exercise, arguments } => {
            run::run(cx, lesson.lesson, exercise, &arguments)
        }
        Command::Check { all: true, json, options, .. } => {
            check::all(cx, &options, json)
        }
        Command::Check { lesson, json, options, .. } => {
            check::one(cx, lesson.lesson, &options, json)
        }
        Command::Watch { lesson, options } => {
            watch::run(cx, lesson.lesson, &options)
        }
        Command::Next => status::next(cx),
        Command::Hint { lesson, options } => {
            hint::show(cx, &cx.exercise(lesson.lesson, "hint")?, &options)
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Solution { lesson, spoil } => solution::run(cx, lesson, spoil),
        Command::Reset { lesson } => {
            reset::run(cx, &cx.exercise(lesson.lesson, "reset")?)
        }
        Command::Open { lesson } => {
            open::run(cx, &cx.exercise(lesson.lesson, "open")?)
        }
        Command::Doctor => doctor::run(cx),
        Command::Compare(options) => run::compare(cx, &options),
    }
}
