//! `run` and `compare`: replace this process with cargo.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use async_workbook::Lesson;
use async_workbook::python::{COMPARE_PACKAGES, MissingPython, Python};

use crate::cli::args::CompareOptions;
use crate::cli::build::{self, EXERCISE_FEATURES};
use crate::cli::context::Context;

/// Runs a lesson's program, or the exercise's; by default those of the current exercise.
pub fn run(
    cx: &Context,
    lesson: Option<&'static Lesson>,
    exercise: bool,
    arguments: &[OsString],
) -> Result<ExitCode> {
    let mut cargo = build::cargo(&cx.repo, "run");
    if exercise {
        let exercise = cx.exercise(lesson, "run")?;
        cx.create_if_missing(&exercise)?;
        // Cargo would block on a FIFO.
        exercise.source()?;
        cargo.args(EXERCISE_FEATURES).args(["--example", &exercise.target()]);
    } else {
        let current = || Ok(cx.exercise(None, "run")?.lesson);
        let lesson = lesson.map_or_else(current, Ok::<_, anyhow::Error>)?;
        cargo.args(["--example", lesson.name]);
    }
    exec(cargo.arg("--").args(arguments))
}

/// Measures Rust and Python on the same work. Unless `--partial`, fails if Python or one of
/// its packages is missing.
pub fn compare(cx: &Context, options: &CompareOptions) -> Result<ExitCode> {
    // The comparison would notice, too, but only after minutes of compiling.
    let (root, requirements) = (&cx.repo.root, "book/compare/requirements.txt");
    if !options.partial
        && let Err(MissingPython { problem, advice }) =
            Python::with_all(root, &COMPARE_PACKAGES, requirements)
    {
        let without = "To measure without them: cargo workbook compare --partial";
        bail!("{problem}\n{advice}\n{without}");
    }
    let mut cargo = build::cargo(&cx.repo, "run");
    cargo.args(["--release", "--package", "compare", "--"]);
    cargo.args(options.quick.then_some("--quick"));
    cargo.args(options.save.then_some("--save"));
    exec(cargo.args(&options.benchmarks))
}

/// Replaces this process with a program, which then gets the keys and signals, and whose
/// exit status is this command's. Without `exec`, waits for the program and returns its
/// exit status.
pub fn exec(command: &mut Command) -> Result<ExitCode> {
    let program = command.get_program().display().to_string();
    let context = || format!("could not start {program}");
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(command))
        .with_context(context);
    #[cfg(not(unix))]
    {
        let status = command.status().with_context(context)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(ExitCode::from(code.unwrap_or(1)))
    }
}
