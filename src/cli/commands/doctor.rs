//! `doctor`: checks that this machine has what the lessons need.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use anyhow::{Context as _, Result, bail};
use async_workbook::text::count;
use async_workbook::{LESSONS, postgres, web};

use crate::cli::build;
use crate::cli::check_run::INDENT;
use crate::cli::context::Context;
use crate::cli::progress::Progress;
use crate::cli::repo::Repo;
use crate::cli::screen::Style;

/// The result of one inspection. A second and further lines say what to do.
#[derive(Debug)]
enum Finding {
    Good(String),
    /// Only some lessons need it, or it may become a problem.
    Warning(String),
    Bad(String),
}

use Finding::{Bad, Good, Warning};

/// Runs the inspections one after another; the exit status is 1 if one finds a problem.
///
/// # Errors
///
/// If stdout is closed.
pub fn run(cx: &Context) -> Result<ExitCode> {
    type Inspect = fn(&Repo) -> Finding;
    let inspections: [(&str, Inspect); 8] = [
        ("Rust", rust),
        ("offline build", offline),
        ("build directory", target),
        ("free disk space", disk),
        ("your progress", progress),
        ("local web server", port),
        ("PostgreSQL", database),
        ("Python", python),
    ];
    let mut problems = 0;
    for (name, inspect) in inspections {
        let finding = inspect(&cx.repo);
        let (style, sign, text) = match &finding {
            Good(text) => (Style::Good, "✓", text),
            Warning(text) => (Style::Changed, "!", text),
            Bad(text) => (Style::Bad, "✗", text),
        };
        problems += u64::from(matches!(finding, Bad(_)));
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
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

/// Runs a program and returns its output.
fn output(command: &mut Command) -> Result<Output> {
    let name = command.get_program().display().to_string();
    command.output().with_context(|| format!("could not start {name}"))
}

fn trimmed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Compares the compiler's version with the oldest that is supported.
fn rust(repo: &Repo) -> Finding {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let version = || -> Result<String> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output =
            output(Command::new(rustc).arg("--version").current_dir(&repo.root))?;
        let text = trimmed(&output.stdout);
        let version = text.split(' ').nth(1).context("rustc printed no version")?;
        Ok(version.to_owned())
    };
    match version() {
        Ok(version) if version_numbers(&version) >= version_numbers(needed) => {
            Good(format!("{version} ({needed} or newer is needed)"))
        }
        Ok(version) => {
            Bad(format!("{version} is older than {needed}\nrustup update stable"))
        }
        Err(error) => Bad(format!("{error:#}\nget it from https://rustup.rs")),
    }
}

fn version_numbers(version: &str) -> Vec<u64> {
    let numbers = version.split(['.', '-', '+']);
    numbers.map_while(|part| part.parse().ok()).collect()
}

/// Checks that cargo could build without a network.
fn offline(repo: &Repo) -> Finding {
    // `cargo fetch --offline` is quicker than a build and fails for the same reason, a
    // crate that was not downloaded. Crates for other systems are not needed.
    let fetch = || -> Result<()> {
        let rustc =
            output(Command::new("rustc").arg("-vV").current_dir(&repo.root))?;
        let text = trimmed(&rustc.stdout);
        let host = text.lines().find_map(|line| line.strip_prefix("host: "));
        let mut cargo = build::cargo(repo, "fetch");
        cargo.args(["--offline", "--locked"]);
        if let Some(host) = host {
            cargo.args(["--target", host]);
        }
        let output = output(&mut cargo)?;
        if !output.status.success() {
            bail!("{}", trimmed(&output.stderr));
        }
        Ok(())
    };
    match fetch() {
        Ok(()) => Good("all crates are downloaded".to_owned()),
        Err(error) => Warning(format!(
            "some crates are not downloaded\n{error:#}\nrun `cargo fetch` while you are \
             online"
        )),
    }
}

/// Asks cargo for its build directory.
fn target_folder(repo: &Repo) -> Result<PathBuf> {
    let mut cargo = build::cargo(repo, "metadata");
    cargo.args(["--no-deps", "--offline", "--format-version=1"]);
    let output = output(&mut cargo)?;
    if !output.status.success() {
        bail!("{}", trimmed(&output.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder = metadata["target_directory"].as_str();
    Ok(PathBuf::from(folder.context("cargo did not report its build directory")?))
}

fn target(repo: &Repo) -> Finding {
    match target_folder(repo).and_then(|folder| writable(&folder)) {
        Ok(folder) => Good(folder.display().to_string()),
        Err(error) => Bad(format!(
            "{error:#}\nset CARGO_TARGET_DIR to a directory that you can write to"
        )),
    }
}

/// Checks that a file can be created in a directory, which is created if necessary.
fn writable(folder: &Path) -> Result<PathBuf> {
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".doctor-{}", std::process::id()));
        fs::write(&path, "a line\n")?;
        fs::remove_file(&path)
    };
    write().with_context(|| format!("could not write to {}", folder.display()))?;
    Ok(folder.to_owned())
}

/// Disk space for a full build, in bytes, with some headroom.
const NEEDED: u64 = 2_000_000_000;

fn disk(repo: &Repo) -> Finding {
    let folder = target_folder(repo).unwrap_or_else(|_| repo.root.clone());
    let existing = folder.ancestors().find(|path| path.is_dir());
    let Some(free) = free(existing.unwrap_or(&repo.root)) else {
        return Warning("unknown".to_owned());
    };
    let shown = format!("{:.1} GB", free as f64 / 1e9);
    if free < NEEDED {
        let needed = NEEDED / 1_000_000_000;
        return Warning(format!(
            "{shown} in {}; a full build takes up to {needed} GB\n\
             set CARGO_TARGET_DIR to a directory on another disk",
            folder.display()
        ));
    }
    Good(shown)
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let stats = rustix::fs::statvfs(folder).ok()?;
    Some(stats.f_bavail.saturating_mul(stats.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

fn progress(repo: &Repo) -> Finding {
    let progress = match Progress::load(repo) {
        Ok(progress) => progress,
        Err(error) => return Bad(format!("{error:#}")),
    };
    if let Err(error) = writable(&repo.root.join(".workbook")) {
        return Warning(format!(
            "{error:#}\nchecks work, but your progress is not saved"
        ));
    }
    let exercises = repo.exercises();
    let solved =
        exercises.iter().filter(|one| progress.solved.contains_key(one.name()));
    let all = count(exercises.len() as u64, "exercise");
    Good(format!("{} of {all} solved", solved.count()))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start tokio")
}

fn port(_: &Repo) -> Finding {
    let start = || {
        runtime()?
            .block_on(async { anyhow::Ok(web::Server::start().await?.url("")) })
    };
    match start() {
        Ok(url) => Good(format!("it starts, for example at {url}")),
        Err(error) => Bad(format!("{error:#}")),
    }
}

/// Starts the same server that a lesson would use.
fn database(_: &Repo) -> Finding {
    let start = || -> Result<String> {
        runtime()?.block_on(async { Ok(postgres::start().await?.url()) })
    };
    let lessons: Vec<_> = LESSONS
        .iter()
        .filter(|lesson| lesson.postgres)
        .map(|lesson| lesson.name)
        .collect();
    let lessons = lessons.join(", ");
    match start() {
        Ok(_) if env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty()) => {
            Good("the server in DATABASE_URL answers".to_owned())
        }
        Ok(_) => Good("a private server starts".to_owned()),
        Err(error) => Warning(format!("needed only for {lessons}\n{error:#}")),
    }
}

/// Python is optional: it runs the lessons' Python programs.
fn python(_: &Repo) -> Finding {
    for name in ["python3", "python"] {
        let Ok(output) = output(Command::new(name).arg("--version")) else {
            continue;
        };
        let text = trimmed(&output.stdout);
        let version = text.rsplit(' ').next().unwrap_or_default();
        if version_numbers(version) >= vec![3, 11] {
            return Good(version.to_owned());
        }
    }
    Warning(
        "Python 3.11 or newer was not found; only the lessons' Python programs need it"
            .to_owned(),
    )
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
