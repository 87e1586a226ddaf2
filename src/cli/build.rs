//! Builds an exercise with cargo and reads cargo's JSON messages.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use async_workbook::Utf8Decoder;
use async_workbook::process::Stdin;
use async_workbook::text::sanitize;
use serde_json::Value;

use super::context::Context;
use super::inbox::{Inbox, Message};
use super::job::{Job, JobEvent};
use super::repo::{Exercise, Repo};

/// Arguments of cargo commands that build an exercise: `exercises` enables its target, and
/// with `cli` cargo reuses the library that it built for this command.
pub const EXERCISE_FEATURES: [&str; 2] = ["--features", "cli,exercises"];

/// A compiler error or warning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    /// Such as `E0308`, or a lint's name.
    pub code: Option<String>,
    pub is_error: bool,
    pub message: String,
    pub file: Option<String>,
    pub line: Option<u64>,
    /// As the compiler prints it.
    pub rendered: String,
    /// True if it is about the exercise's target, not about a dependency.
    pub is_own: bool,
}

/// Something that happened during a build. `Built` and `Failed` come last.
#[derive(Debug)]
pub enum BuildEvent {
    /// Cargo's status line, such as `Compiling tokio v1.54.1`.
    Status(String),
    Diagnostic(Diagnostic),
    /// The build succeeded and wrote this executable.
    Built(PathBuf),
    /// The build failed, with cargo's messages that are not diagnostics.
    Failed(String),
    /// A message unrelated to the build.
    Message(Message),
}

/// A running build. Dropping it cancels the build.
#[derive(Debug)]
pub struct Build {
    pub job: Job,
    target: String,
    output: Lines,
    events: VecDeque<BuildEvent>,
    executable: Option<PathBuf>,
    messages: String,
}

/// Returns a cargo command for the workbook's package.
pub fn cargo(repo: &Repo, subcommand: &str) -> Command {
    let mut cargo = async_workbook::cargo::command();
    cargo.arg(subcommand).arg("--manifest-path").arg(repo.root.join("Cargo.toml"));
    cargo
}

impl Build {
    /// Starts the build of an exercise's test program.
    pub fn start(cx: &Context, exercise: &Exercise, color: bool) -> Result<Build> {
        let target = exercise.target();
        let format = if color { "json-diagnostic-rendered-ansi" } else { "json" };
        let mut command = cargo(&cx.repo, "test");
        command
            .args(["--no-run", "--color=never", "--example", &target])
            .args(EXERCISE_FEATURES)
            .arg(format!("--message-format={format}"));
        let job = Job::start(command, Stdin::Null, None, &cx.inbox)
            .context("could not build the exercise")?;
        Ok(Build {
            job,
            target,
            output: Lines::default(),
            events: VecDeque::new(),
            executable: None,
            messages: String::new(),
        })
    }

    /// Waits for the next event.
    pub fn next(&mut self, inbox: &Inbox) -> Result<BuildEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            match self.job.next(inbox)? {
                JobEvent::Output(bytes) => {
                    for line in self.output.push(&bytes) {
                        self.read(&line);
                    }
                }
                JobEvent::Message(other) => return Ok(BuildEvent::Message(other)),
                JobEvent::Exited(status) => {
                    let built = self.executable.take().filter(|_| status.success());
                    let messages = std::mem::take(&mut self.messages);
                    return Ok(built
                        .map_or(BuildEvent::Failed(messages), BuildEvent::Built));
                }
                // A build has no time limit.
                JobEvent::TimedOut => {}
            }
        }
    }

    /// Reads a line: a JSON message from stdout, or a text from stderr.
    fn read(&mut self, line: &str) {
        if let Some(text) = status(line) {
            self.events.push_back(BuildEvent::Status(text.to_owned()));
            return;
        }
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            self.messages.push_str(&format!("{line}\n"));
            return;
        };
        let is_own = message["target"]["name"] == self.target.as_str();
        if message["reason"] == "compiler-artifact" && is_own {
            self.executable = message["executable"].as_str().map(PathBuf::from);
        } else if message["reason"] == "compiler-message" {
            let diagnostic = diagnostic(&message["message"], is_own);
            self.events.extend(diagnostic.map(BuildEvent::Diagnostic));
        }
    }
}

/// Parses one of cargo's status lines: a verb, right-aligned to column 12, and its
/// object. Returns it without the indentation.
fn status(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let verb = text.split(' ').next()?;
    let indent = line.len() - text.len();
    let is_verb = verb.starts_with(|first: char| first.is_ascii_uppercase())
        && verb.chars().all(|c| c.is_ascii_alphabetic());
    (indent > 0 && indent + verb.len() == 12 && is_verb).then_some(text)
}

fn diagnostic(message: &Value, is_own: bool) -> Option<Diagnostic> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let spans = message["spans"].as_array().map_or(&[][..], Vec::as_slice);
    // Skip rustc's summary, "aborting due to 2 previous errors".
    let summary = message["message"].as_str()?.starts_with("aborting due to");
    if summary && spans.is_empty() && message["code"].is_null() {
        return None;
    }
    let span = spans.iter().find(|span| span["is_primary"] == true);
    Some(Diagnostic {
        code: text(&message["code"]["code"]),
        is_error: message["level"].as_str()?.starts_with("error"),
        message: text(&message["message"])?,
        file: span.and_then(|span| text(&span["file_name"])),
        line: span.and_then(|span| span["line_start"].as_u64()),
        rendered: sanitize(message["rendered"].as_str()?, true),
        is_own,
    })
}

/// Splits output that arrives in pieces into lines.
#[derive(Debug, Default)]
struct Lines {
    decoder: Utf8Decoder,
    rest: String,
}

impl Lines {
    /// Adds output and returns the lines that it completes.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
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
    fn status_lines_are_recognized_by_their_column() {
        assert_eq!(status("   Compiling tokio v1"), Some("Compiling tokio v1"));
        let blocking = "    Blocking waiting for file lock on build directory";
        assert_eq!(status(blocking), Some(&blocking[4..]));
        for line in
            ["error: no example target", "Caused by:", "  could not parse", ""]
        {
            assert_eq!(status(line), None, "{line}");
        }
    }

    #[test]
    fn lines_arrive_in_pieces() {
        let mut lines = Lines::default();
        assert_eq!(lines.push("on".as_bytes()), Vec::<String>::new());
        assert_eq!(lines.push("e\ntwo\nth".as_bytes()), ["one", "two"]);
        assert_eq!(lines.push("ree\n".as_bytes()), ["three"]);
    }
}
