//! Builds one exercise, runs its checks, and collects a report.
//!
//! ```text
//!   Building ──> Running ──> Finished        (Stage)
//!       │           │
//!       └───────────┴── CheckEvent::Finished(report)
//! ```
//!
//! [`CheckRun::next`] drives this state machine and returns its events: `check` and
//! `watch` print them, `check --json` uses only the report. A mistake in the exercise,
//! such as code that does not compile, results in a report, not in an error. Dropping a
//! `CheckRun` cancels it.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use async_workbook::Utf8Decoder;
use async_workbook::check::event::{Event, EventParser, Part};
use async_workbook::check::genuine;
use async_workbook::process::Stdin;
use async_workbook::text::{capitalize, clip, count, sanitize};
use serde::Serialize;

use super::args::CheckOptions;
use super::build::{Build, BuildEvent, Diagnostic};
use super::context::Context;
use super::inbox::{Message, suspend};
use super::job::{Job, JobEvent};
use super::output::OutputTruncator;
use super::progress::Progress;
use super::repo::{Exercise, Repo};
use super::screen::Style;

/// The indentation of a diagnosis in columns.
pub const INDENT: usize = 4;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    pub exercise: Exercise,
    pub outcome: Outcome,
    /// The reason for a failure that no diagnosis explains, as a sentence.
    pub reason: Option<String>,
    pub checks: Vec<Check>,
    /// Errors, and the warnings that [`CheckRun::filter_diagnostics`] keeps.
    pub diagnostics: Vec<Diagnostic>,
    /// The program's output, truncated.
    pub output: Vec<String>,
    /// The text that was checked.
    pub source: String,
}

/// The verdict on an exercise; `check --json` prints its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Solved,
    Failed,
    DoesNotCompile,
    /// The program was killed: it exceeded its time limit or could not make progress.
    Stopped,
    /// The program exited before its checks ended, or failed after they had passed.
    Ended,
    /// No check ran, or the result is not that of the lesson's check.rs.
    NoChecks,
    /// The exercise's file is missing or empty.
    Missing,
}

/// One of an exercise's checks, as `check --json` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    #[serde(rename = "check")]
    pub title: String,
    pub outcome: CheckOutcome,
    /// Of a failed check.
    pub diagnosis: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    Passed,
    Failed,
    Skipped,
    /// The program exited or was killed during the check.
    Unfinished,
}

/// Something that happened during a run. `Finished` comes last.
#[derive(Debug)]
pub enum CheckEvent {
    /// Cargo's status line.
    Building(String),
    /// A line of the program's output.
    Output(String),
    /// A check ended.
    Check(Check),
    /// A message unrelated to the run.
    Message(Message),
    Finished(Box<Report>),
}

/// A run of an exercise's checks. Dropping it cancels the run.
#[derive(Debug)]
pub struct CheckRun {
    stage: Stage,
    seed: Option<u64>,
    /// The time limit of the program.
    limit: Duration,
    color: bool,
    report: Report,
    events: VecDeque<CheckEvent>,
    decoder: Utf8Decoder,
    parser: EventParser,
    /// The token of the events.
    token: String,
    /// The source file that created the exercise.
    opened_by: Option<String>,
    /// True once the program has printed a line that looks like an event.
    forged: bool,
    /// The title of the check that is running.
    current: Option<String>,
    /// The output since the last event.
    output: OutputTruncator,
    /// The lines that the test harness has printed, outside of any check.
    harness: Vec<String>,
    /// The number of checks that passed, and of all checks.
    verdict: Option<(usize, usize)>,
    /// The program's own diagnosis of a check that makes no progress.
    stuck: Option<String>,
}

#[derive(Debug)]
enum Stage {
    Building(Box<Build>),
    Running(Job),
    Finished,
}

impl CheckRun {
    /// Starts a run. `color` applies to the compiler's messages and to
    /// pictures in diagnoses.
    pub fn start(
        cx: &Context,
        exercise: &Exercise,
        options: &CheckOptions,
        color: bool,
    ) -> Result<CheckRun> {
        let report = Report {
            exercise: exercise.clone(),
            outcome: Outcome::Missing,
            reason: None,
            checks: Vec::new(),
            diagnostics: Vec::new(),
            output: Vec::new(),
            source: String::new(),
        };
        let token = random_token();
        let mut run = CheckRun {
            stage: Stage::Finished,
            seed: options.seed,
            limit: options.limit.unwrap_or(exercise.limit()),
            color,
            report,
            events: VecDeque::new(),
            decoder: Utf8Decoder::default(),
            parser: EventParser::new(token.clone()),
            token,
            opened_by: None,
            forged: false,
            current: None,
            output: OutputTruncator::default(),
            harness: Vec::new(),
            verdict: None,
            stuck: None,
        };
        match read_source(&cx.repo, exercise) {
            Ok(source) => {
                // A check works on a read-only disk, too.
                let _ = Progress::begin(&cx.repo, exercise, &source);
                run.report.source = source;
                #[cfg(unix)]
                update_mtime(&exercise.file());
                let build = Build::start(cx, exercise, color)?;
                run.stage = Stage::Building(Box::new(build));
            }
            Err(reason) => run.finish(Outcome::Missing, Some(reason)),
        }
        Ok(run)
    }

    /// Waits for the next event.
    pub fn next(&mut self, cx: &Context) -> Result<CheckEvent> {
        while self.events.is_empty() {
            match &mut self.stage {
                Stage::Building(build) => match build.next(&cx.inbox)? {
                    BuildEvent::Status(text) => {
                        return Ok(CheckEvent::Building(text));
                    }
                    BuildEvent::Message(message) => {
                        return Ok(CheckEvent::Message(message));
                    }
                    BuildEvent::Diagnostic(diagnostic) => {
                        self.report.diagnostics.push(diagnostic)
                    }
                    BuildEvent::Built(executable) => self.built(cx, &executable)?,
                    BuildEvent::Failed(messages) => self.build_failed(&messages),
                },
                Stage::Running(job) => match job.next(&cx.inbox)? {
                    JobEvent::Output(bytes) => self.read(&bytes),
                    JobEvent::Message(message) => {
                        return Ok(CheckEvent::Message(message));
                    }
                    JobEvent::TimedOut => {
                        let limit = self.limit.as_secs_f64();
                        self.stopped(&format!("timed out after {limit} s"));
                    }
                    JobEvent::Exited(status) => self.exited(cx, status),
                },
                Stage::Finished => break,
            }
        }
        self.events.pop_front().context("the run has finished")
    }

    /// Suspends this process and the programs of the run.
    pub fn suspend(&mut self) {
        match &mut self.stage {
            Stage::Building(build) => build.job.suspend(),
            Stage::Running(job) => job.suspend(),
            Stage::Finished => suspend(),
        }
    }

    fn finish(&mut self, outcome: Outcome, reason: Option<String>) {
        self.stage = Stage::Finished;
        self.report.outcome = outcome;
        self.report.reason = reason.map(|reason| sanitize(&reason, false));
        let report = Box::new(self.report.clone());
        self.events.push_back(CheckEvent::Finished(report));
    }

    fn built(&mut self, cx: &Context, executable: &Path) -> Result<()> {
        self.filter_diagnostics();
        let Report { exercise, source, .. } = &self.report;
        let (root, check) = (&cx.repo.root, exercise.check());
        let missing = genuine::missing_check(root, &check, source, executable);
        if let Some(reason) = missing {
            let reason = format!("no check ran: {reason}");
            self.finish(Outcome::NoChecks, Some(reason));
        } else {
            self.stage = Stage::Running(self.start_program(cx, executable)?);
        }
        Ok(())
    }

    fn build_failed(&mut self, messages: &str) {
        self.filter_diagnostics();
        let has_errors = self.report.diagnostics.iter().any(|error| error.is_error);
        let reason = (!has_errors).then(|| messages.trim_end().to_owned());
        self.finish(Outcome::DoesNotCompile, reason);
    }

    /// Keeps errors, and warnings about futures that are never awaited and about changes to
    /// a captured copy. Errors in check.rs are kept only if there are no others: usually
    /// they follow from those in the exercise.
    fn filter_diagnostics(&mut self) {
        let diagnostics = &mut self.report.diagnostics;
        diagnostics.retain(|diagnostic| {
            let is_shown = diagnostic.code.as_deref() == Some("unused_must_use")
                || diagnostic.rendered.contains("capture by reference instead");
            diagnostic.is_error || diagnostic.is_own && is_shown
        });
        let in_check = |diagnostic: &Diagnostic| {
            diagnostic.file.as_ref().is_some_and(|file| file.ends_with("/check.rs"))
        };
        if diagnostics.iter().any(|error| error.is_error && !in_check(error)) {
            diagnostics.retain(|diagnostic| !in_check(diagnostic));
        }
        // The compiler repeats an error for each place in a line that leads to it.
        let mut seen = HashSet::new();
        diagnostics.retain(|diagnostic| {
            let text = diagnostic.rendered.chars().filter(|c| c.is_alphabetic());
            seen.insert((diagnostic.line, text.collect::<String>()))
        });
    }

    fn start_program(&self, cx: &Context, executable: &Path) -> Result<Job> {
        let start = || {
            let mut command = Command::new(executable);
            command
                .args(["--exact", "check::check"])
                .args(["--nocapture", "--test-threads=1"])
                .current_dir(&cx.repo.root)
                .env("CARGO_MANIFEST_DIR", &cx.repo.root)
                .env("WORKBOOK_EVENTS", "1")
                .env("WORKBOOK_LIFELINE", "1")
                .env("COLUMNS", (cx.screen.columns() - INDENT).to_string())
                .env_remove("WORKBOOK_COLOR")
                .env_remove("WORKBOOK_SEED");
            if self.color {
                command.env("WORKBOOK_COLOR", "1");
            }
            if let Some(seed) = self.seed {
                command.env("WORKBOOK_SEED", seed.to_string());
            }
            Job::start(command, Stdin::Lifeline, Some(self.limit), &cx.inbox)
        };
        let deadline = Instant::now() + REWRITE_TIMEOUT;
        let mut job = start();
        while job.as_ref().is_err_and(is_being_rewritten)
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(20));
            job = start();
        }
        let job = job?;
        // Fails if the program has exited: that is the next event.
        let _ = job.group.write(&format!("{}\n", self.token));
        Ok(job)
    }

    fn read(&mut self, bytes: &[u8]) {
        let text = self.decoder.decode(bytes);
        for part in self.parser.parse(&text) {
            if matches!(self.stage, Stage::Finished) {
                return;
            }
            match part {
                Part::Output(text) => self.read_output(&text),
                Part::Forged(line) => {
                    self.forged = true;
                    self.read_output(&line);
                }
                Part::Event(event) => self.read_event(event),
            }
        }
    }

    fn read_output(&mut self, text: &str) {
        let lines = self.output.push(text);
        self.add_output(lines);
    }

    fn finish_output(&mut self) {
        let lines = self.output.finish();
        self.add_output(lines);
    }

    fn add_output(&mut self, lines: Vec<String>) {
        if self.current.is_some() {
            self.show(lines);
        } else {
            self.harness.extend(lines);
        }
    }

    fn show(&mut self, lines: Vec<String>) {
        self.report.output.extend(lines.iter().cloned());
        self.events.extend(lines.into_iter().map(CheckEvent::Output));
    }

    fn read_event(&mut self, event: Event) {
        use CheckOutcome::{Failed, Passed, Skipped};
        match event {
            Event::Opened { file } => self.opened_by = Some(file),
            Event::Stuck { diagnosis, certain } => {
                self.stuck = Some(diagnosis);
                if certain {
                    self.stopped("the program made no progress and was stopped");
                }
            }
            Event::Began { check } => {
                self.finish_output();
                self.current = Some(check);
                self.output = OutputTruncator::default();
            }
            Event::Verdict { passed, checks } => {
                self.verdict = Some((passed, checks))
            }
            Event::Passed { check } => self.end_check(check, Passed, None),
            Event::Failed { check, diagnosis } => {
                let diagnosis = sanitize(&diagnosis, self.color);
                self.end_check(check, Failed, Some(diagnosis));
            }
            Event::Skipped { check } => self.end_check(check, Skipped, None),
        }
    }

    fn end_check(
        &mut self,
        title: String,
        outcome: CheckOutcome,
        diagnosis: Option<String>,
    ) {
        self.finish_output();
        self.current = None;
        self.stuck = None;
        let check = Check { title, outcome, diagnosis };
        self.report.checks.push(check.clone());
        self.events.push_back(CheckEvent::Check(check));
    }

    /// Ends the run before the program has ended.
    fn stopped(&mut self, how: &str) {
        let stuck =
            self.stuck.take().map(|stuck| format!(". {}.", capitalize(&stuck)));
        let place = self.end_unfinished_check();
        let reason = format!("{how}{place}{}", stuck.unwrap_or_default());
        self.finish(Outcome::Stopped, Some(reason));
    }

    fn exited(&mut self, cx: &Context, status: ExitStatus) {
        self.finish_output();
        let has_begun = self.current.is_some() || !self.report.checks.is_empty();
        match self.verdict {
            Some((_, checks)) if checks > self.report.checks.len() => {
                let reason = "the program reported the results of only some checks";
                self.finish(Outcome::Ended, Some(reason.to_owned()));
            }
            Some((passed, checks)) if passed < checks => {
                self.finish(Outcome::Failed, None)
            }
            Some((_, 1..)) if status.success() => {
                let checks = self.report.checks.iter();
                let titles: Vec<_> = checks.map(|check| &*check.title).collect();
                let file = self.opened_by.as_deref().unwrap_or_default();
                let (root, check) = (&cx.repo.root, self.report.exercise.check());
                match genuine::foreign_verdict(root, &check, file, &titles) {
                    None => self.finish(Outcome::Solved, None),
                    Some(reason) => self.finish(Outcome::NoChecks, Some(reason)),
                }
            }
            Some((_, 1..)) => {
                let how = match status.code() {
                    // The exit status of the test harness, not only of a panic.
                    Some(101) => "a test of the program failed".to_owned(),
                    _ => exit_reason(status, &self.report.output),
                };
                let reason = format!("all checks passed, but then {how}");
                self.finish(Outcome::Ended, Some(reason));
            }
            _ if has_begun => {
                let how = exit_reason(status, &self.report.output);
                let mut reason = format!("{how}{}", self.end_unfinished_check());
                if self.forged {
                    reason.push_str(
                        ". Your code printed a line that looks like the result of a \
                         check; only the check itself reports results",
                    );
                }
                self.finish(Outcome::Ended, Some(reason));
            }
            _ => {
                let mut lines = std::mem::take(&mut self.harness);
                lines.retain(|line| !line.is_empty());
                let cause = why_no_check_ran(status, &lines);
                // Only the end of the harness's output can explain it.
                self.show(lines.split_off(lines.len().saturating_sub(10)));
                let reason = format!("no check ran: {cause}");
                self.finish(Outcome::NoChecks, Some(reason));
            }
        }
    }

    /// Marks the running check as unfinished. Returns its title and the last line of
    /// output, as the end of a sentence.
    fn end_unfinished_check(&mut self) -> String {
        let last = match self.output.last_line() {
            Some(line) => format!("the last line printed was: {}", clip(&line, 60)),
            None => "no output".to_owned(),
        };
        let place = match self.current.clone() {
            Some(title) => {
                let place = format!(" in `{title}`");
                self.end_check(title, CheckOutcome::Unfinished, None);
                place
            }
            None => match self.report.checks.last() {
                Some(check) => format!(" after `{}`", check.title),
                None => " before the first check".to_owned(),
            },
        };
        format!("{place}; {last}")
    }
}

/// Returns random text.
fn random_token() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// Reads the exercise, or returns the reason why it cannot be checked.
fn read_source(repo: &Repo, exercise: &Exercise) -> Result<String, String> {
    let source = exercise.create_if_missing().and_then(|_| exercise.source());
    let source = source.map_err(|error| format!("{error:#}"))?;
    if source.trim().is_empty() {
        let file = repo.display_path(&exercise.file());
        let reset = exercise.command("reset");
        return Err(format!("{file} is empty; `{reset}` restores the starter"));
    }
    Ok(source)
}

/// The maximum time to wait for cargo in another terminal to write an executable.
const REWRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns whether a program could not be started because a linker is writing it.
fn is_being_rewritten(error: &anyhow::Error) -> bool {
    let kind = error.root_cause().downcast_ref().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::ExecutableFileBusy | ErrorKind::NotFound))
}

/// Updates the modification time of a file that was moved here. Cargo rebuilds files that
/// are newer than the last build, but `mv` keeps the old modification time.
#[cfg(unix)]
fn update_mtime(file: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    if let Ok(data) = std::fs::metadata(file)
        // After a save, the two differ by less than a second.
        && data.ctime() > data.mtime() + 1
        && let Ok(file) = std::fs::File::options().append(true).open(file)
    {
        let _ = file.set_modified(std::time::SystemTime::now());
    }
}

/// Explains why no check ran, from the output of the test harness.
fn why_no_check_ran(status: ExitStatus, harness: &[String]) -> String {
    if !status.success() {
        exit_reason(status, harness)
    } else if harness.iter().any(|line| line == "running 0 tests") {
        "the program has no test `check::check`. `mod check;` must be at the end of the \
         file, outside of any other module"
            .to_owned()
    } else {
        "the program exited without reporting one".to_owned()
    }
}

/// Describes an early exit, as the beginning of a sentence. `output` are the last lines
/// that the program printed.
fn exit_reason(status: ExitStatus, output: &[String]) -> String {
    if output.iter().any(|line| line.contains("has overflowed its stack")) {
        return "the stack overflowed".to_owned();
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            6 => " (SIGABRT)",
            9 => " (SIGKILL, possibly by the OOM killer)",
            11 => " (SIGSEGV)",
            15 => " (SIGTERM)",
            _ => "",
        };
        return format!("the program was killed by signal {signal}{name}");
    }
    match status.code() {
        Some(101) => "the program panicked".to_owned(),
        Some(code) => {
            format!("your code ended the program with `std::process::exit({code})`")
        }
        None => "the program exited".to_owned(),
    }
}

impl Report {
    pub fn solved(&self) -> bool {
        self.outcome == Outcome::Solved
    }

    /// Returns the verdict in one sentence.
    pub fn verdict(&self) -> String {
        let name = self.exercise.name();
        match (self.outcome, &self.reason) {
            (Outcome::Solved, _) => format!("{name} is solved: {}", self.score()),
            (Outcome::DoesNotCompile, Some(_)) => {
                format!("{name} could not be built; try `cargo workbook doctor`")
            }
            (Outcome::DoesNotCompile, None) => format!("{name} does not compile"),
            (_, Some(reason)) => format!("{name}: {reason}"),
            (_, None) => format!("{name}: {}", self.score()),
        }
    }

    /// Returns the style and the sign of the verdict.
    pub fn sign(&self) -> (Style, &'static str) {
        if self.solved() { (Style::Good, "✓") } else { (Style::Bad, "✗") }
    }

    /// Summarizes the checks, such as `2 of 3 checks passed`.
    fn score(&self) -> String {
        let checks = self.checks.iter();
        let passed =
            checks.filter(|check| check.outcome == CheckOutcome::Passed).count();
        let all = count(self.checks.len() as u64, "check");
        match passed {
            1 if self.checks.len() == 1 => "its check passed".to_owned(),
            _ if passed == self.checks.len() => format!("all {all} passed"),
            _ => format!("{passed} of {all} passed"),
        }
    }

    /// Saves a pass to the progress file; returns whether it did.
    ///
    /// Failing to save is reported on stderr but is not an error, because the verdict is
    /// valid even on a read-only disk.
    pub fn save(&self, repo: &Repo) -> bool {
        let save = || {
            let file = self.exercise.file();
            ensure!(
                self.exercise.source().unwrap_or_default() == self.source,
                "{} changed during the check; check it again",
                repo.display_path(&file)
            );
            Progress::record_pass(repo, &self.exercise, &self.source)
        };
        self.solved()
            && save()
                .context("could not save your progress")
                .inspect_err(|error| eprintln!("{error:#}"))
                .is_ok()
    }
}
