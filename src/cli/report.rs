//! `check`: shows what came of a check, and puts a pass down.

use super::args::Options;
use super::check::{
    self, Blind, Check, CheckResult, Checked, INDENT, Outcome, Report, View,
};
use super::errors;
use super::hints;
use super::inbox::{Inbox, Interrupted, Message, suspend};
use super::json;
use super::learner;
use super::progress::Progress;
use super::repo::{Exercise, Repo};
use super::screen::{Look, Screen, clipped, count};
use anyhow::{Result, bail};
use async_workbook::Lesson;
use std::ops::ControlFlow;
use std::process::ExitCode;

/// How many compiler errors are shown.
const ERRORS: usize = 5;

/// A check on the screen, as it goes on.
#[derive(Debug)]
pub struct Live<'a> {
    pub screen: &'a Screen,
    /// Whether the last line is one that says what cargo does, to be written over.
    passing: bool,
    built: usize,
}

impl<'a> Live<'a> {
    /// Says at once what is being checked.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn begin(screen: &'a Screen, exercise: &Exercise) -> Result<Live<'a>> {
        screen.line(&format!("checking {} ...", exercise.name()))?;
        Ok(Live { screen, passing: false, built: 0 })
    }

    /// Takes away the line that is only of the moment.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn clear(&mut self) -> Result<()> {
        if self.passing {
            self.screen.text("\r\x1b[K")?;
            self.passing = false;
        }
        Ok(())
    }
}

impl View for Live<'_> {
    fn doing(&mut self, what: &str) -> Result<()> {
        // Another build is worth a word; the lock on the package cache is held for a
        // moment only.
        let waits = what.starts_with("Blocking") && !what.ends_with("package cache");
        if what.starts_with("Compiling") {
            self.built += 1;
        } else if !waits {
            return Ok(());
        }
        if self.screen.terminal {
            let line = clipped(what, self.screen.columns().saturating_sub(3));
            let line = self.screen.paint(Look::Quiet, &line);
            self.screen.text(&format!("\r\x1b[K  {line}"))?;
            self.passing = true;
        } else if waits {
            self.screen.line(&format!("  {what}"))?;
        } else if self.built == 2 {
            self.screen
                .line("  compiling; the first time it takes a minute or two")?;
        }
        Ok(())
    }

    fn output(&mut self, line: &str) -> Result<()> {
        self.clear()?;
        let bar = self.screen.paint(Look::Quiet, "│");
        let line = if self.screen.color {
            line.to_owned()
        } else {
            super::output::plain(line)
        };
        self.screen.line(format!("  {bar} {line}").trim_end())?;
        Ok(())
    }

    fn check(&mut self, check: &Check) -> Result<()> {
        self.clear()?;
        let (look, sign, note) = match &check.result {
            CheckResult::Passed => (Look::Good, "✓", ""),
            CheckResult::Failed(_) => (Look::Bad, "✗", ""),
            CheckResult::Skipped => (Look::Quiet, "-", " (not tried)"),
            CheckResult::Unfinished => (Look::Bad, "✗", " (did not come to an end)"),
        };
        let title = format!("{}{note}", check.title);
        let columns = self.screen.columns().min(88);
        // Wrapped first, coloured then: a look must not be broken in two.
        let text = super::screen::wrap(&title, "    ", columns);
        let sign = self.screen.paint(look, sign);
        self.screen.text(&text.replacen("    ", &format!("  {sign} "), 1))?;
        if let CheckResult::Failed(diagnosis) = &check.result {
            self.diagnosis(diagnosis)?;
        }
        Ok(())
    }
}

impl Live<'_> {
    /// Text is wrapped; a picture, whose lines fit because the check was told how many
    /// columns there are, is not changed by that.
    fn diagnosis(&self, diagnosis: &str) -> Result<()> {
        let indent = " ".repeat(INDENT);
        for line in diagnosis.lines() {
            if super::screen::width(line) + INDENT <= self.screen.columns() {
                self.screen.line(format!("{indent}{line}").trim_end())?;
            } else {
                self.screen.wrapped(&indent, line)?;
            }
        }
        Ok(())
    }

    /// What the check comes to: compiler errors, a reason, the verdict, what to do.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn verdict(&mut self, repo: &Repo, report: &Report) -> Result<()> {
        self.clear()?;
        let screen = self.screen;
        self.diagnostics(repo, report)?;
        let name = report.exercise.name();
        let verdict = match report.outcome {
            Outcome::Solved => format!("{name} is solved: {}", report.score()),
            Outcome::Failed => format!("{name}: {}", report.score()),
            Outcome::DoesNotCompile if report.reason.is_some() => {
                format!("{name} was not built; `cargo workbook doctor` may know why")
            }
            Outcome::DoesNotCompile => format!("{name} does not compile"),
            _ => name.to_owned(),
        };
        let (look, sign) =
            if report.solved() { (Look::Good, "✓") } else { (Look::Bad, "✗") };
        let verdict = match &report.reason {
            Some(reason) if report.outcome == Outcome::DoesNotCompile => {
                screen.line(reason)?;
                verdict
            }
            Some(reason) => format!("{verdict}: {reason}"),
            None => verdict,
        };
        let text = super::screen::wrap(&verdict, "  ", screen.columns().min(88));
        let sign = screen.paint(look, sign);
        screen
            .text(&format!("\n{}", text.replacen("  ", &format!("{sign} "), 1)))?;
        if report.solved() {
            return Ok(());
        }
        let file = report.exercise.file();
        let shown = screen.link(&file, &repo.shown(&file));
        screen.line(&format!("  {shown}"))?;
        // Where there is nothing to judge, no hint helps.
        let judged = match report.outcome {
            Outcome::Missing => false,
            Outcome::DoesNotCompile => report.reason.is_none(),
            _ => true,
        };
        if judged {
            screen.line(&format!("  {}", learner::ask("hint", &report.exercise)))?;
        }
        Ok(())
    }

    fn diagnostics(&self, repo: &Repo, report: &Report) -> Result<()> {
        let mut said = Vec::new();
        for diagnostic in report.diagnostics.iter().take(ERRORS) {
            self.screen.line(diagnostic.rendered.trim_end())?;
            self.screen.line("")?;
        }
        let more = report.diagnostics.len().saturating_sub(ERRORS);
        if more > 0 {
            self.screen.line(&format!(
                "... and {}; `cargo test --no-run --example {}` shows all",
                count(more as u64, "more error"),
                report.exercise.target()
            ))?;
        }
        for diagnostic in &report.diagnostics {
            let Some(advice) = errors::advice(diagnostic) else { continue };
            if said.contains(&advice.text) {
                continue;
            }
            said.push(advice.text);
            let code = match diagnostic.code.as_deref() {
                Some(code) if code.starts_with('E') => format!("{code}: "),
                _ => String::new(),
            };
            let place = match advice.section {
                Some(section) => format!(" See {}", hints::section(repo, section)),
                None => String::new(),
            };
            self.screen.wrapped("", &format!("{code}{}{place}", advice.text))?;
        }
        Ok(())
    }
}

/// What else can happen during a check outside `watch`: that it is to end.
fn interrupted(message: Message, _: &mut dyn View) -> Result<ControlFlow<u8>> {
    match message {
        Message::Interrupt(signal) => return Ok(ControlFlow::Break(signal)),
        Message::Suspend => suspend(),
        _ => {}
    }
    Ok(ControlFlow::Continue(()))
}

/// Checks one exercise; where none is named, the current one.
///
/// # Errors
///
/// When there is no such exercise, when progress cannot be read, when the check was
/// interrupted.
pub fn check_one(
    repo: &Repo,
    screen: &Screen,
    inbox: &Inbox,
    lesson: Option<&'static Lesson>,
    options: &Options,
    as_json: bool,
) -> Result<ExitCode> {
    // First of all: a pass that cannot be put down is work for nothing.
    let progress = Progress::load(repo)?;
    let exercise = match lesson {
        Some(lesson) => repo.need_exercise(lesson)?,
        None => learner::current(repo, &progress)?,
    };
    let mut blind = Blind;
    let mut live =
        if as_json { None } else { Some(Live::begin(screen, &exercise)?) };
    let view: &mut dyn View = match &mut live {
        Some(live) => live,
        None => &mut blind,
    };
    let plain = screen.without_color();
    let run_screen = if as_json { &plain } else { screen };
    let checked = check::run(
        repo,
        run_screen,
        &exercise,
        options,
        inbox,
        view,
        &mut interrupted,
    )?;
    let report = match checked {
        Checked::Over(report) => report,
        Checked::Stopped(signal) => {
            if let Some(live) = &mut live {
                live.clear()?;
                screen.line("stopped")?;
            }
            bail!(Interrupted(signal));
        }
    };
    if let Some(live) = &mut live {
        live.verdict(repo, &report)?;
    }
    let saved = save(repo, &report);
    if as_json {
        screen.text(&json::checks(repo, &[(*report.clone(), saved)])?)?;
    } else if report.solved() {
        learner::after_a_pass(repo, screen, &exercise, "`cargo workbook next`")?;
    }
    Ok(if report.solved() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts a pass down. A verdict is a verdict even where that does not work, in a
/// read-only folder for example, so it is only said, on standard error.
pub fn save(repo: &Repo, report: &Report) -> bool {
    if !report.solved() {
        return false;
    }
    match report.save(repo) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("{error:#}");
            false
        }
    }
}

/// Checks every exercise, a line each.
///
/// # Errors
///
/// When progress cannot be read, when it was interrupted.
pub fn check_all(
    repo: &Repo,
    screen: &Screen,
    inbox: &Inbox,
    options: &Options,
    as_json: bool,
) -> Result<ExitCode> {
    Progress::load(repo)?;
    let exercises = repo.exercises();
    let plain = screen.without_color();
    let mut reports = Vec::new();
    for exercise in &exercises {
        if !as_json && screen.terminal {
            let line = format!("  checking {} ...", exercise.name());
            screen.text(&screen.paint(Look::Quiet, &line))?;
        }
        let run = check::run(
            repo,
            &plain,
            exercise,
            options,
            inbox,
            &mut Blind,
            &mut interrupted,
        );
        if !as_json && screen.terminal {
            screen.text("\r\x1b[K")?;
        }
        let report = match run? {
            Checked::Over(report) => report,
            Checked::Stopped(signal) => bail!(Interrupted(signal)),
        };
        if !as_json {
            one_line(screen, &report)?;
        }
        let saved = save(repo, &report);
        reports.push((*report, saved));
    }
    let solved = reports.iter().filter(|(report, _)| report.solved()).count();
    if as_json {
        screen.text(&json::checks(repo, &reports)?)?;
    } else {
        let of = count(exercises.len() as u64, "exercise");
        screen.line(&format!("\n{solved} of {of} solved"))?;
    }
    let all = solved == exercises.len();
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn one_line(screen: &Screen, report: &Report) -> Result<()> {
    let (look, sign) =
        if report.solved() { (Look::Good, "✓") } else { (Look::Bad, "✗") };
    let name = report.exercise.name();
    screen.line(&format!("{} {name}", screen.paint(look, sign)))?;
    if !report.solved() {
        let why = clipped(&why(report), screen.columns().saturating_sub(INDENT));
        screen.line(&format!("{}{why}", " ".repeat(INDENT)))?;
    }
    Ok(())
}

/// The first thing that is wrong, as a line.
fn why(report: &Report) -> String {
    if let Some(error) = report.diagnostics.iter().find(|one| one.error) {
        let code = error.code.as_ref().map(|code| format!("[{code}]"));
        return format!("error{}: {}", code.unwrap_or_default(), error.message);
    }
    if let Some(reason) = &report.reason {
        return reason.lines().next().unwrap_or_default().to_owned();
    }
    let failed = report.checks.iter().find_map(|check| match &check.result {
        CheckResult::Failed(diagnosis) => Some(
            diagnosis
                .lines()
                .find(|line| !line.trim().is_empty())
                .map_or(check.title.clone(), |line| {
                    super::output::plain(line).trim().to_owned()
                }),
        ),
        _ => None,
    });
    failed.unwrap_or_else(|| report.score())
}
