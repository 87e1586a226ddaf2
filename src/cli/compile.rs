//! Cargo: has it build one target, and takes from its messages what was built.

use super::inbox::{Inbox, Message, Stream};
use super::job::{End, Job, Seen};
use super::repo::Repo;
use anyhow::{Context, Result};
use async_workbook::Utf8Decoder;
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::Command;

/// Something the compiler has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    /// Such as `E0308`, or a lint's name.
    pub code: Option<String>,
    pub error: bool,
    pub message: String,
    pub file: Option<String>,
    pub line: Option<u64>,
    /// As the compiler prints it.
    pub rendered: String,
    /// Whether it is about the target that was asked for.
    pub own: bool,
}

/// What came of a build.
#[derive(Debug)]
pub enum Built<Reason> {
    /// The program that cargo names.
    Ready {
        executable: PathBuf,
        /// Whether there was nothing to do.
        fresh: bool,
    },
    /// It does not compile, or cargo has another reason, which is all it says.
    Broken { said: String },
    /// Somebody had a reason to stop it.
    Stopped(Reason),
}

/// What a build shows as it goes on.
#[derive(Debug)]
pub enum Sight {
    /// What cargo is doing, such as `Compiling tokio v1.54.1`.
    Doing(String),
    Diagnostic(Diagnostic),
    /// Something that has nothing to do with the build.
    Other(Message),
}

/// Cargo, for the workbook's own package.
pub fn cargo(repo: &Repo, subcommand: &str) -> Command {
    let mut cargo = async_workbook::cargo::command();
    cargo.arg(subcommand).arg("--manifest-path").arg(repo.root.join("Cargo.toml"));
    cargo
}

/// Builds the test program of an example target.
///
/// # Errors
///
/// When cargo cannot be started, and when `see` has an error.
pub fn build<Reason>(
    repo: &Repo,
    target: &str,
    color: bool,
    inbox: &Inbox,
    mut see: impl FnMut(Sight) -> Result<ControlFlow<Reason>>,
) -> Result<Built<Reason>> {
    let mut command = cargo(repo, "test");
    let format = if color { "json-diagnostic-rendered-ansi" } else { "json" };
    command
        .args(["--no-run", "--color=never", "--example", target])
        .arg(format!("--message-format={format}"));
    let job = Job::start(command, inbox).context("cargo is needed for a check")?;
    let mut ready = None;
    let mut said = String::new();
    let (mut messages, mut notes) = (Lines::default(), Lines::default());
    let end = job.follow(inbox, None, |seen| {
        let sights: Vec<Sight> = match seen {
            Seen::Other(message) => vec![Sight::Other(message)],
            Seen::Output(Stream::Out, bytes) => messages
                .complete(&bytes)
                .iter()
                .filter_map(|line| match parse(line, target)? {
                    Parsed::Diagnostic(diagnostic) => {
                        Some(Sight::Diagnostic(diagnostic))
                    }
                    Parsed::Program { executable, fresh } => {
                        ready = Some((executable, fresh));
                        None
                    }
                })
                .collect(),
            Seen::Output(Stream::Error, bytes) => notes
                .complete(&bytes)
                .into_iter()
                .filter_map(|line| {
                    if let Some(doing) = doing(&line) {
                        return Some(Sight::Doing(doing.to_owned()));
                    }
                    said.push_str(&line);
                    said.push('\n');
                    None
                })
                .collect(),
        };
        for sight in sights {
            match see(sight) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(reason)) => {
                    return ControlFlow::Break(Ok(reason));
                }
                Err(error) => return ControlFlow::Break(Err(error)),
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(match (end, ready) {
        (End::Stopped(reason), _) => Built::Stopped(reason?),
        (End::Ended(status), Some((executable, fresh))) if status.success() => {
            Built::Ready { executable, fresh }
        }
        _ => Built::Broken { said },
    })
}

/// Cargo's word for what it does, in twelve columns, and of what.
fn doing(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let verb = text.split(' ').next()?;
    let indent = line.len() - text.len();
    let is_verb = verb.starts_with(|first: char| first.is_ascii_uppercase())
        && verb.chars().all(|c| c.is_ascii_alphabetic());
    (indent > 0 && indent + verb.len() == 12 && is_verb).then_some(text)
}

enum Parsed {
    Diagnostic(Diagnostic),
    Program { executable: PathBuf, fresh: bool },
}

fn parse(line: &str, target: &str) -> Option<Parsed> {
    let message: Value = serde_json::from_str(line).ok()?;
    let own = message["target"]["name"] == target;
    match message["reason"].as_str()? {
        "compiler-artifact" if own => Some(Parsed::Program {
            executable: message["executable"].as_str()?.into(),
            fresh: message["fresh"] == true,
        }),
        "compiler-message" => {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let message = &message["message"];
            let spans = message["spans"].as_array();
            let span = spans.and_then(|spans| {
                spans.iter().find(|span| span["is_primary"] == true)
            });
            // How many errors there were is none of them.
            if message["spans"].as_array().is_none_or(Vec::is_empty)
                && message["code"].is_null()
                && message["message"].as_str()?.starts_with("aborting due to")
            {
                return None;
            }
            Some(Parsed::Diagnostic(Diagnostic {
                code: text(&message["code"]["code"]),
                error: message["level"].as_str()?.starts_with("error"),
                message: text(&message["message"])?,
                file: span.and_then(|span| text(&span["file_name"])),
                line: span.and_then(|span| span["line_start"].as_u64()),
                rendered: text(&message["rendered"])?,
                own,
            }))
        }
        _ => None,
    }
}

/// Puts lines together.
#[derive(Debug, Default)]
struct Lines {
    decoder: Utf8Decoder,
    rest: String,
}

impl Lines {
    /// The lines that are complete now.
    fn complete(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.push_str(&self.decoder.decode(bytes));
        let Some(end) = self.rest.rfind('\n') else { return Vec::new() };
        let rest = self.rest.split_off(end + 1);
        let complete = std::mem::replace(&mut self.rest, rest);
        complete.lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_does_is_told_from_what_it_says() {
        assert_eq!(doing("   Compiling tokio v1"), Some("Compiling tokio v1"));
        let waits = "    Blocking waiting for file lock on build directory";
        assert_eq!(doing(waits), Some(&waits[4..]));
        for said in
            ["error: no example target", "Caused by:", "  could not parse", ""]
        {
            assert_eq!(doing(said), None, "{said}");
        }
    }

    #[test]
    fn the_program_is_the_one_that_cargo_names() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"a"},
            "executable":"/t/a-1","fresh":true}"#;
        assert!(matches!(
            parse(line, "a"),
            Some(Parsed::Program { executable, fresh: true })
                if executable == std::path::Path::new("/t/a-1")
        ));
        assert!(parse(line, "b").is_none());
        assert!(parse("not json", "a").is_none());
    }
}
