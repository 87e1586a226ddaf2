//! `doctor`: checks that this machine has what the lessons need.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use async_workbook::text::count;
use async_workbook::{LESSONS, postgres, web};

use crate::cli::build;
use crate::cli::check_run::INDENT;
use crate::cli::context::Context;
use crate::cli::progress::Progress;
use crate::cli::repo::Repo;
use crate::cli::screen::Style;

/// Returns a description, or an error whose first line is the problem and whose other
/// lines are what to do.
type Inspect = fn(&Repo) -> Result<String>;

/// The inspections; one that fails is a problem if `true`, otherwise a warning.
const INSPECTIONS: [(&str, bool, Inspect); 7] = [
    ("Rust", true, rust),
    ("offline build", false, offline),
    ("build directory", true, target),
    ("your progress", true, progress),
    ("local web server", true, port),
    ("PostgreSQL", false, database),
    ("Python", false, python),
];

/// Runs the inspections one after another; the exit status is 1 if there is a problem.
pub fn run(cx: &Context) -> Result<ExitCode> {
    let mut problems = 0;
    for (name, required, inspect) in INSPECTIONS {
        let (style, sign, text) = match inspect(&cx.repo) {
            Ok(text) => (Style::Good, "✓", text),
            Err(error) if required => {
                problems += 1;
                (Style::Bad, "✗", format!("{error:#}"))
            }
            Err(error) => (Style::Warning, "!", format!("{error:#}")),
        };
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        cx.screen.item("", style, sign, &format!("{name}: {first}"))?;
        cx.screen.wrapped(&" ".repeat(INDENT), rest)?;
    }
    cx.screen.line("")?;
    if problems > 0 {
        cx.screen.line(&format!("{} to fix", count(problems, "problem")))?;
        return Ok(ExitCode::FAILURE);
    }
    cx.screen.line("Ready: cargo workbook")?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a program and returns what it printed on stdout.
fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output =
        command.output().with_context(|| format!("could not start {name}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    ensure!(output.status.success(), "{}", text(&output.stderr));
    Ok(text(&output.stdout))
}

/// Appends advice to an error.
fn with_advice<T>(result: Result<T>, advice: &str) -> Result<T> {
    result.map_err(|error| anyhow!("{error:#}\n{advice}"))
}

/// Checks that the compiler is new enough.
fn rust(repo: &Repo) -> Result<String> {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output(Command::new(rustc).arg("--version").current_dir(&repo.root));
    let text = with_advice(text, "get it from https://rustup.rs")?;
    let version = text.split(' ').nth(1).context("rustc printed no version")?;
    ensure!(
        version_numbers(version) >= version_numbers(needed),
        "{version} is older than {needed}\nrustup update stable"
    );
    Ok(format!("{version} ({needed} or newer is needed)"))
}

fn version_numbers(version: &str) -> Vec<u64> {
    let numbers = version.split(['.', '-', '+']);
    numbers.map_while(|part| part.parse().ok()).collect()
}

/// Checks that cargo can build without a network.
fn offline(repo: &Repo) -> Result<String> {
    // `cargo fetch --offline` is faster than a build, and fails for the same reason: a
    // crate that was not downloaded. Crates for other targets are not needed.
    let rustc = output(Command::new("rustc").arg("-vV").current_dir(&repo.root))?;
    let mut cargo = build::cargo(repo, "fetch");
    cargo.args(["--offline", "--locked"]);
    if let Some(host) = rustc.lines().find_map(|line| line.strip_prefix("host: ")) {
        cargo.args(["--target", host]);
    }
    let fetched = output(&mut cargo)
        .map_err(|error| anyhow!("some crates are not downloaded yet\n{error:#}"));
    with_advice(fetched, "run `cargo fetch` while you are online")?;
    Ok("all crates are downloaded".to_owned())
}

/// Checks that cargo's build directory is writable.
fn target(repo: &Repo) -> Result<String> {
    let mut cargo = build::cargo(repo, "metadata");
    cargo.args(["--no-deps", "--offline", "--format-version=1"]);
    let metadata: serde_json::Value = serde_json::from_str(&output(&mut cargo)?)?;
    let folder = metadata["target_directory"].as_str();
    let folder = folder.context("cargo did not report its build directory")?;
    let advice = "set CARGO_TARGET_DIR to a directory that you can write to";
    with_advice(writable(Path::new(folder)), advice)
}

/// Checks that a file can be created in a directory, which is created if necessary.
fn writable(folder: &Path) -> Result<String> {
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".doctor-{}", std::process::id()));
        fs::write(&path, "a line\n")?;
        fs::remove_file(&path)
    };
    let shown = folder.display().to_string();
    write().with_context(|| format!("could not write to {shown}"))?;
    Ok(shown)
}

fn progress(repo: &Repo) -> Result<String> {
    let progress = Progress::load(repo)?;
    let folder = writable(&repo.root.join(".workbook"));
    with_advice(folder, "checks work, but your progress is not saved")?;
    let exercises = repo.exercises();
    let solved =
        exercises.iter().filter(|one| progress.solved.contains_key(one.name()));
    let all = count(exercises.len() as u64, "exercise");
    Ok(format!("{} of {all} solved", solved.count()))
}

fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("could not start tokio")?.block_on(future)
}

fn port(_: &Repo) -> Result<String> {
    let url = block_on(async { Ok(web::Server::start().await?.url("")) })?;
    Ok(format!("started at {url}"))
}

/// Starts the server that a lesson would use.
fn database(_: &Repo) -> Result<String> {
    let lessons = LESSONS.iter().filter(|lesson| lesson.postgres);
    let lessons: Vec<_> = lessons.map(|lesson| lesson.name).collect();
    block_on(async { Ok(postgres::start().await?.url()) }).map_err(|error| {
        anyhow!("not available (only {} needs it)\n{error:#}", lessons.join(", "))
    })?;
    Ok(match env::var_os("DATABASE_URL") {
        Some(url) if !url.is_empty() => {
            "connected to the server in DATABASE_URL".to_owned()
        }
        _ => "started a private server".to_owned(),
    })
}

/// Finds a Python that is new enough for the lessons' Python programs.
fn python(_: &Repo) -> Result<String> {
    for name in ["python3", "python"] {
        let text = output(Command::new(name).arg("--version")).unwrap_or_default();
        let version = text.rsplit(' ').next().unwrap_or_default();
        if version_numbers(version) >= vec![3, 11] {
            return Ok(version.to_owned());
        }
    }
    bail!("3.11 or newer not found (only the lessons' Python programs need it)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let numbers = version_numbers;
        assert!(numbers("1.100.0") > numbers("1.89"));
        assert!(numbers("1.89.0-nightly") >= numbers("1.89"));
        assert!(numbers("1.88.2") < numbers("1.89"));
    }
}
