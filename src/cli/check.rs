//! A check of one exercise, from the learner's file to what came of it.

use super::args::Options;
use super::compile::{self, Built, Diagnostic, Sight};
use super::inbox::{Inbox, Message};
use super::job::{End, Job, Seen};
use super::output::Cut;
use super::repo::{Exercise, Repo};
use super::screen::{Screen, count};
use anyhow::{Context, Result};
use async_workbook::Utf8Decoder;
use async_workbook::check::event::{Event, EventParser, Part};
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant, SystemTime};

/// Columns that a diagnosis is moved in by.
pub const INDENT: usize = 4;

/// What came of a check.
#[derive(Clone, Debug)]
pub struct Report {
    pub exercise: Exercise,
    pub outcome: Outcome,
    /// Why it is not solved, as a sentence, where no diagnosis says it.
    pub reason: Option<String>,
    pub checks: Vec<Check>,
    /// Errors, and warnings that matter.
    pub diagnostics: Vec<Diagnostic>,
    /// What the program printed, cut.
    pub output: Vec<String>,
    pub build: Duration,
    pub run: Duration,
    /// The learner's text, as it was checked.
    pub source: String,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Solved,
    Failed,
    DoesNotCompile,
    /// It took too long.
    Stopped,
    /// The program came to an end before its checks did.
    Ended,
    /// The program has no checks.
    NoChecks,
    /// There is no file, or nothing in it.
    Missing,
}

/// One of an exercise's checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub title: String,
    pub result: CheckResult,
}

/// What came of one of an exercise's checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckResult {
    Passed,
    Failed(String),
    Skipped,
    /// It had begun when the program ended or was stopped.
    Unfinished,
}

/// Sees a check as it goes on.
pub trait View {
    /// What cargo is doing.
    fn doing(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    /// A line that the program printed.
    fn output(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    /// One of the checks is over.
    fn check(&mut self, _: &Check) -> Result<()> {
        Ok(())
    }
}

/// Sees nothing.
#[derive(Debug)]
pub struct Blind;

impl View for Blind {}

/// A check that ended, or that somebody had a reason to stop.
#[derive(Debug)]
pub enum Checked<Reason> {
    Over(Box<Report>),
    Stopped(Reason),
}

/// Deals with what happens during a check and is none of its business; it may have the
/// check stopped.
pub type Other<'a, Reason> =
    dyn FnMut(Message, &mut dyn View) -> Result<ControlFlow<Reason>> + 'a;

/// Checks an exercise.
///
/// Whatever happens meanwhile and is none of its business goes to `other`, which may
/// have the check stopped.
///
/// # Errors
///
/// When cargo cannot be started, and when the view or `other` has an error. What the
/// learner did wrong is no error but a report.
pub fn run<Reason>(
    repo: &Repo,
    screen: &Screen,
    exercise: &Exercise,
    options: &Options,
    inbox: &Inbox,
    view: &mut dyn View,
    other: &mut Other<'_, Reason>,
) -> Result<Checked<Reason>> {
    let mut report = Report {
        exercise: exercise.clone(),
        outcome: Outcome::Missing,
        reason: None,
        checks: Vec::new(),
        diagnostics: Vec::new(),
        output: Vec::new(),
        build: Duration::ZERO,
        run: Duration::ZERO,
        source: String::new(),
    };
    let over = |mut report: Report, outcome, reason: Option<String>| {
        (report.outcome, report.reason) = (outcome, reason);
        Ok(Checked::Over(Box::new(report)))
    };
    match exercise.source() {
        Ok(source) => report.source = source,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return over(report, Outcome::Missing, Some(exercise.missing(repo)));
        }
        Err(error) => {
            let shown = repo.shown(&exercise.file());
            return over(
                report,
                Outcome::Missing,
                Some(format!("{shown}: {error}")),
            );
        }
    }
    if report.source.trim().is_empty() {
        let reason = format!(
            "{} is empty; `cargo workbook reset {}` puts it back as it was given",
            repo.shown(&exercise.file()),
            exercise.lesson.number()
        );
        return over(report, Outcome::Missing, Some(reason));
    }

    let begun = Instant::now();
    let mut build = || {
        let mut diagnostics = Vec::new();
        let color = screen.color;
        let built =
            compile::build(repo, &exercise.target(), color, inbox, |sight| {
                match sight {
                    Sight::Doing(what) => view.doing(&what)?,
                    Sight::Diagnostic(diagnostic) => diagnostics.push(diagnostic),
                    Sight::Other(message) => return other(message, view),
                }
                Ok(ControlFlow::Continue(()))
            })?;
        anyhow::Ok((built, diagnostics))
    };
    let (mut built, mut diagnostics) = build()?;
    if let Built::Ready { executable, fresh: true } = &built
        && was_put_there_since(&exercise.file(), executable)
    {
        // Cargo goes by the time of the last change, and a file that was moved here
        // keeps the time it had: it would pass for what was built before.
        if let Err(error) = touch(&exercise.file()) {
            let reason = format!(
                "{} is older than the program made from it, and its time cannot be \
                 set: {error}",
                repo.shown(&exercise.file())
            );
            return over(report, Outcome::DoesNotCompile, Some(reason));
        }
        (built, diagnostics) = build()?;
    }
    report.build = begun.elapsed();
    report.diagnostics = diagnostics;
    report.diagnostics.retain(|one| {
        one.error || one.own && one.code.as_deref() == Some("unused_must_use")
    });
    // What the check cannot do with the file follows from what is wrong in the file.
    let in_check = |one: &Diagnostic| {
        one.file.as_ref().is_some_and(|f| f.ends_with("/check.rs"))
    };
    if report.diagnostics.iter().any(|one| one.error && !in_check(one)) {
        report.diagnostics.retain(|one| !in_check(one));
    }
    let executable = match built {
        Built::Stopped(reason) => return Ok(Checked::Stopped(reason)),
        Built::Ready { executable, .. } => executable,
        Built::Broken { said } => {
            let errors = report.diagnostics.iter().any(|one| one.error);
            let reason =
                if errors { None } else { Some(said.trim_end().to_owned()) };
            return over(report, Outcome::DoesNotCompile, reason);
        }
    };

    let begun = Instant::now();
    let limit = options.limit.unwrap_or(exercise.limit());
    let job = loop {
        let command = program(repo, screen, &executable, options);
        match Job::start_in_order(command, inbox) {
            Err(error) if is_written(&error) && begun.elapsed() < REWRITE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            started => break started?,
        }
    };
    let mut trial = Trial::new(view, &mut report);
    let end = job.follow(inbox, Some(limit), |seen| {
        let step = match seen {
            Seen::Output(_, bytes) => trial.read(&bytes).map(ControlFlow::Continue),
            Seen::Other(message) => other(message, trial.view),
        };
        match step {
            Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
            Ok(ControlFlow::Break(reason)) => ControlFlow::Break(Ok(reason)),
            Err(error) => ControlFlow::Break(Err(error)),
        }
    })?;
    let (outcome, reason) = match end {
        End::Stopped(reason) => return Ok(Checked::Stopped(reason?)),
        End::TooLong => trial.too_long(limit)?,
        End::Ended(status) => trial.ended(status)?,
    };
    report.run = begun.elapsed();
    over(report, outcome, reason)
}

/// How long another terminal's cargo may take to write a program anew.
const REWRITE: Duration = Duration::from_secs(5);

/// Whether a program does not start because it is written just now.
fn is_written(error: &anyhow::Error) -> bool {
    use std::io::ErrorKind::{ExecutableFileBusy, NotFound};
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| matches!(cause.kind(), ExecutableFileBusy | NotFound))
}

/// The program, as a check runs it.
fn program(
    repo: &Repo,
    screen: &Screen,
    executable: &Path,
    options: &Options,
) -> Command {
    let columns = (screen.columns() - INDENT).to_string();
    let mut program = Command::new(executable);
    program
        .args(["--nocapture", "--test-threads=1"])
        .current_dir(&repo.root)
        .env("CARGO_MANIFEST_DIR", &repo.root)
        .env("WORKBOOK_EVENTS", "1")
        .env("WORKBOOK_TIED", "1")
        .env("COLUMNS", columns)
        .env_remove("WORKBOOK_COLOR")
        .env_remove("WORKBOOK_SEED");
    if screen.color {
        program.env("WORKBOOK_COLOR", "1");
    }
    if let Some(seed) = options.seed {
        program.env("WORKBOOK_SEED", seed.to_string());
    }
    program
}

/// Whether a file was made, moved or changed after the program was built, whatever it
/// says of its last change.
#[cfg(unix)]
fn was_put_there_since(file: &Path, executable: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(file), Ok(program)) = (fs::metadata(file), fs::metadata(executable))
    else {
        return false;
    };
    (file.ctime(), file.ctime_nsec()) > (program.mtime(), program.mtime_nsec())
}

/// This system does not tell.
#[cfg(not(unix))]
fn was_put_there_since(file: &Path, executable: &Path) -> bool {
    let _ = (fs::metadata(file), executable);
    false
}

fn touch(file: &Path) -> std::io::Result<()> {
    File::options().append(true).open(file)?.set_modified(SystemTime::now())
}

/// A program under check: what it said so far.
struct Trial<'a> {
    view: &'a mut dyn View,
    report: &'a mut Report,
    decoder: Utf8Decoder,
    reader: EventParser,
    /// Which check is under way.
    current: Option<String>,
    /// What the learner's code prints in it.
    output: Cut,
    /// What the test harness prints.
    harness: Cut,
    begun: bool,
    verdict: Option<(usize, usize)>,
    overflowed: bool,
}

impl Trial<'_> {
    fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let text = self.decoder.decode(bytes);
        for part in self.reader.parse(&text) {
            match part {
                Part::Output(text) => self.said(&text)?,
                Part::Event(event) => self.event(event)?,
            }
        }
        Ok(())
    }

    fn said(&mut self, text: &str) -> Result<()> {
        self.overflowed |= text.contains("has overflowed its stack");
        if self.current.is_none() {
            self.harness.push(text, |_| {});
            return Ok(());
        }
        let mut lines = Vec::new();
        self.output.push(text, |line| lines.push(line.to_owned()));
        self.show(lines)
    }

    fn show(&mut self, lines: Vec<String>) -> Result<()> {
        for line in lines {
            self.view.output(&line)?;
            self.report.output.push(line);
        }
        Ok(())
    }

    /// Shows what was kept back of the output.
    fn finish(&mut self) -> Result<()> {
        let mut lines = Vec::new();
        self.output.finish(|line| lines.push(line.to_owned()));
        self.show(lines)
    }

    fn event(&mut self, event: Event) -> Result<()> {
        let (title, result) = match event {
            Event::Began { check } => {
                self.begun = true;
                self.finish()?;
                self.current = Some(check);
                self.output = Cut::default();
                return Ok(());
            }
            Event::Verdict { passed, checks } => {
                let (before, of) = self.verdict.unwrap_or_default();
                self.verdict = Some((before + passed, of + checks));
                return Ok(());
            }
            Event::Passed { check } => (check, CheckResult::Passed),
            Event::Failed { check, diagnosis } => {
                (check, CheckResult::Failed(diagnosis))
            }
            Event::Skipped { check } => (check, CheckResult::Skipped),
        };
        self.begun = true;
        self.finish()?;
        self.current = None;
        self.over(Check { title, result })
    }

    fn over(&mut self, check: Check) -> Result<()> {
        self.view.check(&check)?;
        self.report.checks.push(check);
        Ok(())
    }

    /// The program ran into its limit.
    fn too_long(&mut self, limit: Duration) -> Result<(Outcome, Option<String>)> {
        let last = self.last_words();
        let when = self.unfinished()?;
        let seconds = limit.as_secs_f64();
        let mut reason = format!("stopped after {seconds} s{when}; {last}");
        if self.begun {
            // On the paused clock everything else comes to its end, or is a deadlock.
            reason.push_str(
                ". Did the thread never come back from a poll? So it is in a loop without \
                 an await, with a lock of std taken twice, and in `block_on` inside async \
                 code.",
            );
        }
        Ok((Outcome::Stopped, Some(reason)))
    }

    /// The program ended by itself.
    fn ended(&mut self, status: ExitStatus) -> Result<(Outcome, Option<String>)> {
        match self.verdict {
            Some((passed, checks)) if passed < checks => {
                return Ok((Outcome::Failed, None));
            }
            Some((_, checks)) if checks > 0 && status.success() => {
                return Ok((Outcome::Solved, None));
            }
            Some((_, 1..)) => {
                let how = match status.code() {
                    // So the test harness ends, not only by a panic.
                    Some(101) => "a test of the program failed".to_owned(),
                    _ => how_it_ended(status, self.overflowed),
                };
                let reason = format!("all checks hold, and then {how}");
                return Ok((Outcome::Ended, Some(reason)));
            }
            _ => {}
        }
        let how = how_it_ended(status, self.overflowed);
        if self.begun {
            let last = self.last_words();
            let when = self.unfinished()?;
            return Ok((Outcome::Ended, Some(format!("{how}{when}; {last}"))));
        }
        Ok((Outcome::NoChecks, Some(self.no_checks(status, &how)?)))
    }

    fn no_checks(&mut self, status: ExitStatus, how: &str) -> Result<String> {
        if !self.report.source.contains("mod check;") {
            return Ok(
                "nothing was checked: the file no longer ends with the lines \
                       `#[cfg(test)]` and `mod check;`"
                    .to_owned(),
            );
        }
        // Then what the harness said is all there is to go by.
        let mut lines = Vec::new();
        self.harness.finish(|line| lines.push(line.to_owned()));
        let lines = lines.split_off(lines.len().saturating_sub(10));
        self.show(lines)?;
        if status.success() {
            return Ok("nothing was checked: the program ended without a word to \
                       `cargo workbook`"
                .to_owned());
        }
        Ok(format!("nothing was checked: {how}"))
    }

    /// Which check had not ended, as the end of a sentence.
    fn unfinished(&mut self) -> Result<String> {
        self.finish()?;
        let Some(title) = self.current.take() else {
            return Ok(match self.report.checks.last() {
                Some(last) => format!(" after `{}`", last.title),
                None => " before the first check".to_owned(),
            });
        };
        let when = format!(" in `{title}`");
        self.over(Check { title, result: CheckResult::Unfinished })?;
        Ok(when)
    }

    fn last_words(&self) -> String {
        match self.output.last_line() {
            Some(line) => format!(
                "the last line printed was: {}",
                super::screen::clipped(&line, 60)
            ),
            None => "it printed nothing".to_owned(),
        }
    }
}

impl<'a> Trial<'a> {
    fn new(view: &'a mut dyn View, report: &'a mut Report) -> Trial<'a> {
        Trial {
            view,
            report,
            decoder: Utf8Decoder::default(),
            reader: EventParser::default(),
            current: None,
            output: Cut::default(),
            harness: Cut::default(),
            begun: false,
            verdict: None,
            overflowed: false,
        }
    }
}

/// How a program ended before its time, as a sentence without its end.
fn how_it_ended(status: ExitStatus, overflowed: bool) -> String {
    if overflowed {
        return "the stack overflowed".to_owned();
    }
    match status.code() {
        Some(101) => "a panic ended the program".to_owned(),
        Some(code) => {
            format!("your code ended the program with `std::process::exit({code})`")
        }
        None => signal(status),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(6) => "the program aborted (SIGABRT)".to_owned(),
        Some(9) => {
            "something killed the program (SIGKILL); did memory run out?".to_owned()
        }
        Some(11) => "the program crashed (SIGSEGV)".to_owned(),
        Some(15) => "something ended the program (SIGTERM)".to_owned(),
        Some(number) => format!("signal {number} ended the program"),
        None => "the program ended".to_owned(),
    }
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> String {
    "the program ended".to_owned()
}

impl Report {
    pub fn solved(&self) -> bool {
        self.outcome == Outcome::Solved
    }

    /// How many of the checks hold, such as `2 of 3 checks hold`.
    pub fn score(&self) -> String {
        let passed = self
            .checks
            .iter()
            .filter(|check| check.result == CheckResult::Passed)
            .count();
        let of = count(self.checks.len() as u64, "check");
        let verb = if self.checks.len() == 1 { "holds" } else { "hold" };
        if passed == self.checks.len() {
            return if passed == 1 {
                "its check holds".into()
            } else {
                format!("all {of} hold")
            };
        }
        format!("{passed} of {of} {verb}")
    }

    /// Puts a pass down.
    ///
    /// # Errors
    ///
    /// When it cannot be written, and when the file is not what was checked any more.
    pub fn save(&self, repo: &Repo) -> Result<()> {
        let now = self.exercise.source().unwrap_or_default();
        anyhow::ensure!(
            now == self.source,
            "{} was changed during the check: check it again",
            repo.shown(&self.exercise.file())
        );
        super::progress::Progress::solve(repo, &self.exercise, &self.source)
            .map(|_| ())
            .context("the pass was not put down")
    }
}
