//! `doctor`: whether this machine has what lessons need.

use super::check::INDENT;
use super::compile;
use super::repo::Repo;
use super::screen::{Look, Screen};
use anyhow::{Context, Result, bail};
use async_workbook::{LESSONS, postgres, web};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

/// What was found on one thing.
#[derive(Debug)]
enum Finding {
    Good(String),
    /// Only some lessons need it, or it may do harm later.
    Doubtful(String),
    Bad(String),
}

use Finding::{Bad, Doubtful, Good};

/// Looks at one thing after another.
///
/// # Errors
///
/// When nobody reads any more. What is missing is no error, but exit code 1.
pub fn run(repo: &Repo, screen: &Screen) -> Result<ExitCode> {
    type Inspect = fn(&Repo) -> Finding;
    let looks: [(&str, Inspect); 8] = [
        ("Rust", rust),
        ("offline build", offline),
        ("folder for programs", target),
        ("free disk", disk),
        ("your progress", progress),
        ("a port of this machine", port),
        ("PostgreSQL", database),
        ("Python", python),
    ];
    let mut bad = 0;
    for (name, look) in looks {
        let finding = look(repo);
        let (paint, sign, text) = match &finding {
            Good(text) => (Look::Good, "✓", text),
            Doubtful(text) => (Look::Changed, "!", text),
            Bad(text) => (Look::Bad, "✗", text),
        };
        bad += usize::from(matches!(finding, Bad(_)));
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let line = format!("{name}: {first}");
        let sign = screen.paint(paint, sign);
        let wrapped = super::screen::wrap(&line, "  ", screen.columns().min(88));
        screen.text(&wrapped.replacen("  ", &format!("{sign} "), 1))?;
        screen.wrapped(&" ".repeat(INDENT), rest)?;
    }
    screen.line("")?;
    if bad > 0 {
        let what = super::screen::count(bad as u64, "thing");
        screen.line(&format!("{what} to put right"))?;
        return Ok(ExitCode::FAILURE);
    }
    screen.line("Ready: cargo workbook")?;
    Ok(ExitCode::SUCCESS)
}

/// A program's output, or why there is none.
fn output(command: &mut Command) -> Result<Output> {
    let name = command.get_program().display().to_string();
    command.output().with_context(|| format!("cannot start {name}"))
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// The compiler that cargo uses, against the oldest that will do.
fn rust(repo: &Repo) -> Finding {
    let look = || -> Result<(String, String)> {
        let needed = env!("CARGO_PKG_RUST_VERSION").to_owned();
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output =
            output(Command::new(rustc).arg("--version").current_dir(&repo.root))?;
        let text = said(&output.stdout);
        let version = text.split(' ').nth(1).context("rustc has no version")?;
        Ok((version.to_owned(), needed))
    };
    match look() {
        Ok((version, needed)) if parts(&version) >= parts(&needed) => {
            Good(format!("{version} ({needed} or newer is needed)"))
        }
        Ok((version, needed)) => {
            Bad(format!("{version} is older than {needed}\nrustup update stable"))
        }
        Err(error) => Bad(format!("{error:#}\nget it from https://rustup.rs")),
    }
}

/// The numbers of a version, to compare.
fn parts(version: &str) -> Vec<u64> {
    let numbers = version.split(['.', '-', '+']);
    numbers.map_while(|part| part.parse().ok()).collect()
}

/// Whether cargo has everything it needs, should the network go away.
fn offline(repo: &Repo) -> Finding {
    // Quicker than a build, and fails for the same want: a crate that is not here.
    // Of those that only other systems need, none has to be.
    let look = || -> Result<()> {
        let rustc =
            output(Command::new("rustc").arg("-vV").current_dir(&repo.root))?;
        let text = said(&rustc.stdout);
        let host = text.lines().find_map(|line| line.strip_prefix("host: "));
        let mut cargo = compile::cargo(repo, "fetch");
        cargo.args(["--offline", "--locked"]);
        if let Some(host) = host {
            cargo.args(["--target", host]);
        }
        let output = output(&mut cargo)?;
        if !output.status.success() {
            bail!("{}", said(&output.stderr));
        }
        Ok(())
    };
    match look() {
        Ok(()) => Good("every crate is on this machine".to_owned()),
        Err(error) => Doubtful(format!(
            "not every crate is on this machine\n{error:#}\ncargo fetch, while there is \
             a network"
        )),
    }
}

/// Where cargo puts what it builds, as it says itself.
fn target_folder(repo: &Repo) -> Result<PathBuf> {
    let mut cargo = compile::cargo(repo, "metadata");
    cargo.args(["--no-deps", "--offline", "--format-version=1"]);
    let output = output(&mut cargo)?;
    if !output.status.success() {
        bail!("{}", said(&output.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder =
        metadata["target_directory"].as_str().context("cargo does not say")?;
    Ok(PathBuf::from(folder))
}

fn target(repo: &Repo) -> Finding {
    match target_folder(repo).and_then(|folder| writable(&folder)) {
        Ok(folder) => Good(folder.display().to_string()),
        Err(error) => Bad(format!(
            "{error:#}\nset CARGO_TARGET_DIR to a folder you may write to"
        )),
    }
}

/// Whether a file can be made in a folder, which is made where it is missing.
fn writable(folder: &Path) -> Result<PathBuf> {
    let try_it = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".doctor-{}", std::process::id()));
        fs::write(&path, "a line\n")?;
        fs::remove_file(&path)
    };
    try_it().with_context(|| format!("cannot write to {}", folder.display()))?;
    Ok(folder.to_owned())
}

/// A build of everything takes so many bytes, with room for a second thought.
const NEEDED: u64 = 2_000_000_000;

fn disk(repo: &Repo) -> Finding {
    let folder = target_folder(repo).unwrap_or_else(|_| repo.root.clone());
    let there = folder.ancestors().find(|path| path.is_dir());
    let Some(free) = free(there.unwrap_or(&repo.root)) else {
        return Doubtful("cannot tell".to_owned());
    };
    let shown = format!("{:.1} GB", free as f64 / 1e9);
    if free < NEEDED {
        let needed = NEEDED / 1_000_000_000;
        return Doubtful(format!(
            "{shown} in {}; a build of everything takes up to {needed} GB\n\
             CARGO_TARGET_DIR may name a folder on another disk",
            folder.display()
        ));
    }
    Good(shown)
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

fn progress(repo: &Repo) -> Finding {
    let progress = match super::progress::Progress::load(repo) {
        Ok(progress) => progress,
        Err(error) => return Bad(format!("{error:#}")),
    };
    if let Err(error) = writable(&repo.root.join(".workbook")) {
        return Doubtful(format!("{error:#}\nchecks work, and no pass is put down"));
    }
    let exercises = repo.exercises();
    let solved =
        exercises.iter().filter(|one| progress.solved.contains_key(one.name()));
    let of = super::screen::count(exercises.len() as u64, "exercise");
    Good(format!("{} of {of} solved", solved.count()))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")
}

fn port(_: &Repo) -> Finding {
    let look = || {
        runtime()?
            .block_on(async { anyhow::Ok(web::Server::start().await?.url("")) })
    };
    match look() {
        Ok(url) => {
            Good(format!("the web server of the lessons starts, here at {url}"))
        }
        Err(error) => Bad(format!("{error:#}")),
    }
}

/// The very server that a lesson would use, started and asked.
fn database(_: &Repo) -> Finding {
    let look = || -> Result<String> {
        runtime()?.block_on(async {
            let database = postgres::start().await?;
            Ok(database.url())
        })
    };
    let lessons: Vec<_> = LESSONS
        .iter()
        .filter(|lesson| lesson.postgres)
        .map(|lesson| lesson.name)
        .collect();
    let lessons = lessons.join(", ");
    match look() {
        Ok(_) if env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty()) => {
            Good("the server in DATABASE_URL answers".to_owned())
        }
        Ok(_) => Good("a private server starts".to_owned()),
        Err(error) => Doubtful(format!("only {lessons} needs it\n{error:#}")),
    }
}

/// For reading along, Python is enough; to run the programs, it has to be new enough.
fn python(_: &Repo) -> Finding {
    let not_needed = "only the lessons' Python programs need 3.11 or newer";
    for name in ["python3", "python"] {
        let Ok(output) = output(Command::new(name).arg("--version")) else {
            continue;
        };
        let text = said(&output.stdout);
        let version = text.rsplit(' ').next().unwrap_or_default();
        if parts(version) >= vec![3, 11] {
            return Good(version.to_owned());
        }
    }
    Doubtful(format!("not found; {not_needed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parts("1.100.0") > parts("1.89"));
        assert!(parts("1.89.0-nightly") >= parts("1.89"));
        assert!(parts("1.88.2") < parts("1.89"));
    }
}
