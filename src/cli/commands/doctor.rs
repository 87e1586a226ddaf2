//! `doctor`: checks that this machine has what the lessons need.

use std::env;
use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, anyhow, ensure};
use async_workbook::postgres::{self, Problem};
use async_workbook::python::{self, LESSON_PACKAGES, MissingPython, Python};
use async_workbook::text::count;
use async_workbook::{LESSONS, web};

use crate::cli::build;
use crate::cli::check_run::INDENT;
use crate::cli::context::Context;
use crate::cli::progress::Progress;
use crate::cli::repo::Repo;
use crate::cli::screen::Style;

/// The result of an inspection that found no problem.
enum Finding {
    Ready(String),
    /// Something is missing that only some lessons need.
    Missing(String),
}

/// A problem is an error: its first line is what is wrong, the others are what to do.
type Inspect = fn(&Repo) -> Result<Finding>;

const INSPECTIONS: [(&str, Inspect); 6] = [
    ("Rust", rust),
    ("offline build", offline),
    ("your progress", progress),
    ("local web server", web_server),
    ("PostgreSQL", database),
    ("Python", python),
];

/// Runs the inspections one after another; the exit status is 1 if there is a problem.
pub fn run(cx: &Context) -> Result<ExitCode> {
    let mut problems = 0;
    for (name, inspect) in INSPECTIONS {
        let (style, sign, text) = match inspect(&cx.repo) {
            Ok(Finding::Ready(text)) => (Style::Good, "✓", text),
            Ok(Finding::Missing(text)) => (Style::Warning, "!", text),
            Err(error) => {
                problems += 1;
                (Style::Bad, "✗", format!("{error:#}"))
            }
        };
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        cx.screen.item("", style, sign, &format!("{name}: {first}"));
        cx.screen.wrapped(&" ".repeat(INDENT), rest);
    }
    cx.screen.line("");
    if problems > 0 {
        cx.screen.line(&format!("{} to fix", count(problems, "problem")));
        return Ok(ExitCode::FAILURE);
    }
    cx.screen.wrapped("", "No problems found. Start with `cargo workbook`.");
    Ok(ExitCode::SUCCESS)
}

/// Runs a program and returns what it printed on stdout.
fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output =
        command.output().with_context(|| format!("could not start {name}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    let status = output.status;
    ensure!(status.success(), "{name} failed ({status}): {}", text(&output.stderr));
    Ok(text(&output.stdout))
}

/// Appends advice to an error.
fn with_advice<T>(result: Result<T>, advice: &str) -> Result<T> {
    result.map_err(|error| anyhow!("{error:#}\n{advice}"))
}

/// Reports the version, for bug reports. Cargo itself refuses a compiler that is too old.
fn rust(repo: &Repo) -> Result<Finding> {
    let version = rustc(repo, "--version");
    with_advice(version, "install Rust from https://rustup.rs").map(Finding::Ready)
}

/// Runs the compiler that cargo uses.
fn rustc(repo: &Repo, argument: &str) -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    output(Command::new(rustc).arg(argument).current_dir(&repo.root))
}

/// Checks that cargo can build without a network.
fn offline(repo: &Repo) -> Result<Finding> {
    // `cargo fetch --offline` is faster than a build, and fails for the same reason: a
    // crate that was not downloaded. Crates for other targets are not needed.
    let version = rustc(repo, "-vV")?;
    let mut cargo = build::cargo(repo, "fetch");
    // Quiet: an error without a line about another cargo that works at the same time.
    cargo.args(["--offline", "--locked", "--quiet"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    cargo.args(host.map(|host| format!("--target={host}")));
    let fetched = output(&mut cargo)
        .map_err(|error| anyhow!("cargo fetch --offline failed\n{error:#}"));
    with_advice(fetched, "run `cargo fetch` while you are online")?;
    Ok(Finding::Ready("all crates are downloaded".to_owned()))
}

fn progress(repo: &Repo) -> Result<Finding> {
    let progress = Progress::load(repo)?;
    let folder = repo.root.join(".workbook");
    let file = folder.join(format!("doctor-{}", std::process::id()));
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, "a line\n"))
        .and_then(|()| fs::remove_file(&file))
        .with_context(|| format!("could not write to {}", folder.display()));
    with_advice(written, "make it writable; until then your progress is not saved")?;
    Ok(Finding::Ready(progress.summary(&repo.exercises())))
}

fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("could not start tokio")?.block_on(future)
}

fn web_server(_: &Repo) -> Result<Finding> {
    let url = block_on(async { Ok(web::Server::start().await?.url("")) })?;
    Ok(Finding::Ready(format!("started at {url}")))
}

/// Starts the server that a lesson would use.
fn database(_: &Repo) -> Result<Finding> {
    let lessons = LESSONS.iter().filter(|lesson| lesson.postgres);
    let lessons: Vec<_> = lessons.map(|lesson| lesson.name).collect();
    let lessons = lessons.join(", ");
    let url = env::var_os("DATABASE_URL").filter(|url| !url.is_empty());
    match block_on(async { Ok(postgres::start().await?.url()) }) {
        Ok(_) if url.is_some() => {
            Ok(Finding::Ready("connected to the server in DATABASE_URL".to_owned()))
        }
        Ok(_) => Ok(Finding::Ready("started a private server".to_owned())),
        // As for the tests: only a PostgreSQL that does not work is a problem.
        Err(error) if error.downcast_ref().is_some_and(Problem::is_missing) => {
            let only = format!("not available (needed only by {lessons})");
            Ok(Finding::Missing(format!("{only}\n{error:#}")))
        }
        Err(error) => Err(error),
    }
}

/// Finds a Python that can run the lessons' Python programs.
fn python(repo: &Repo) -> Result<Finding> {
    let requirements = "lessons/requirements.txt";
    match Python::with_all(&repo.root, &LESSON_PACKAGES, requirements) {
        Ok(python) => {
            let versions = python.versions.iter();
            let versions =
                versions.map(|(name, version)| format!("{name} {version}"));
            Ok(Finding::Ready(versions.collect::<Vec<_>>().join(", ")))
        }
        Err(MissingPython { problem, advice }) => {
            // As for the tests: with this variable, a skipped program is a failure.
            ensure!(python::chosen().is_none(), "{problem}\n{advice}");
            let only = "only the lessons' Python programs need it";
            Ok(Finding::Missing(format!("{problem} ({only})\n{advice}")))
        }
    }
}
