//! Prints the progress of a run and its verdict.

use std::collections::HashSet;

use anyhow::Result;
use async_workbook::text::{clip, count, width};

use super::advice;
use super::check_run::{Check, CheckEvent, CheckOutcome, INDENT, Outcome, Report};
use super::context::Context;
use super::inbox::Message;
use super::markdown;
use super::repo::Exercise;
use super::screen::Style;

/// The maximum number of compiler errors shown.
const ERRORS: usize = 5;

/// Prints one run.
#[derive(Debug)]
pub struct CheckPrinter<'a> {
    cx: &'a Context,
    /// True if the last line is a status line, to be overwritten.
    has_status: bool,
    /// The number of crates compiled so far.
    compiled: usize,
}

impl<'a> CheckPrinter<'a> {
    /// Prints the exercise's name.
    pub fn start(cx: &'a Context, exercise: &Exercise) -> Result<CheckPrinter<'a>> {
        cx.create_if_missing(exercise)?;
        cx.screen.line(&format!("checking {} ...", exercise.name()));
        Ok(CheckPrinter { cx, has_status: false, compiled: 0 })
    }

    /// Prints an event.
    pub fn print(&mut self, event: &CheckEvent) {
        match event {
            CheckEvent::Building(status) => return self.building(status),
            CheckEvent::Message(Message::Tick) => return,
            _ => self.clear_status(),
        }
        match event {
            CheckEvent::Output(line) => {
                let bar = self.cx.screen.paint(Style::Quiet, "│");
                self.cx.screen.line(format!("  {bar} {line}").trim_end());
            }
            CheckEvent::Check(check) => self.check(check),
            CheckEvent::Finished(report) => self.verdict(report),
            CheckEvent::Building(_) | CheckEvent::Message(_) => {}
        }
    }

    /// Prints cargo's status if it compiles, or waits for another build.
    fn building(&mut self, status: &str) {
        let screen = &self.cx.screen;
        // Another cargo may hold the lock on the build directory for a whole build, but
        // the one on the package cache only for a moment.
        let blocked =
            status.starts_with("Blocking") && !status.ends_with("package cache");
        if status.starts_with("Compiling") {
            self.compiled += 1;
        } else if !blocked {
            return;
        }
        if screen.terminal {
            let line = clip(status, screen.columns() - 3);
            let line = screen.paint(Style::Quiet, &line);
            screen.text(&format!("\r\x1b[K  {line}"));
            self.has_status = true;
        } else if blocked {
            screen.line(&format!("  {status}"));
        } else if self.compiled == 2 {
            // The first crate may be the exercise alone, the second is a dependency.
            screen.line("  compiling; the first time it takes a minute or two");
        }
    }

    /// Removes the status line.
    fn clear_status(&mut self) {
        if self.has_status {
            self.cx.screen.text("\r\x1b[K");
            self.has_status = false;
        }
    }

    /// Prints the result of one check.
    fn check(&self, check: &Check) {
        let screen = &self.cx.screen;
        let (style, sign, note) = match check.outcome {
            CheckOutcome::Passed => (Style::Good, "✓", ""),
            CheckOutcome::Failed => (Style::Bad, "✗", ""),
            CheckOutcome::Skipped => (Style::Quiet, "-", " (skipped)"),
            CheckOutcome::Unfinished => (Style::Bad, "✗", " (did not finish)"),
        };
        screen.item("  ", style, sign, &format!("{}{note}", check.title));
        if let Some(diagnosis) = &check.diagnosis {
            let indent = " ".repeat(INDENT);
            for line in diagnosis.lines() {
                // Ends a color that the learner's program has started.
                let end = if line.contains('\x1b') { "\x1b[0m" } else { "" };
                let line = &format!("{line}{end}");
                // Pictures are drawn for this width and must not be wrapped.
                if width(line) + INDENT <= screen.columns() {
                    screen.line(format!("{indent}{line}").trim_end());
                } else {
                    screen.wrapped(&indent, line);
                }
            }
        }
    }

    /// Prints the verdict: compiler errors, the reason, and what to do next.
    fn verdict(&self, report: &Report) {
        self.diagnostics(report);
        let screen = &self.cx.screen;
        let compiles = report.outcome != Outcome::DoesNotCompile;
        let not_built = report.reason.as_ref().filter(|_| !compiles);
        if let Some(reason) = not_built {
            screen.line(reason);
        }
        screen.line("");
        let (style, sign) = report.sign();
        screen.item("", style, sign, &report.verdict());
        if report.solved() {
            return;
        }
        let file = report.exercise.file();
        let shown = screen.link(&file, &self.cx.repo.display_path(&file));
        screen.line(&format!("  {shown}"));
        // If the run did not test any code, a hint does not help.
        if report.outcome != Outcome::Missing && not_built.is_none() {
            let hint = report.exercise.command("hint");
            screen.line(&format!("  for a hint: {hint}"));
        }
    }

    fn diagnostics(&self, report: &Report) {
        let screen = &self.cx.screen;
        for diagnostic in report.diagnostics.iter().take(ERRORS) {
            screen.line(diagnostic.rendered.trim_end());
            screen.line("");
        }
        let more = report.diagnostics.len().saturating_sub(ERRORS);
        if more > 0 {
            screen.line(&format!(
                "{} not shown; fix the ones above first",
                count(more as u64, "more error")
            ));
        }
        let mut given = HashSet::new();
        for diagnostic in &report.diagnostics {
            let advice = advice::find(diagnostic);
            let advice = advice.filter(|advice| given.insert(advice.text));
            let Some(advice) = advice else { continue };
            let code = diagnostic.code.as_ref().filter(|code| code.starts_with('E'));
            let code = code.map_or(String::new(), |code| format!("{code}: "));
            let see = advice.path(&self.cx.repo);
            let see = see.map_or(String::new(), |path| format!(" See {path}"));
            screen.wrapped("", &format!("{code}{}{see}", advice.text));
        }
    }
}

/// After a pass, prints why the solution works and which exercise is next; `how` is how to
/// get there.
pub fn after_pass(cx: &Context, exercise: &Exercise, how: &str) {
    let screen = &cx.screen;
    // A pass is a pass, even if the hints cannot be read.
    if let Ok(hints) = markdown::load_hints(exercise) {
        screen.line("");
        screen.line("How the book's solution works:");
        markdown::show(cx, "  ", &hints.why);
    }
    screen.line("");
    let progress = cx.progress().unwrap_or_default();
    if !progress.is_solved(exercise) {
        // The pass could not be saved; `Report::save` has reported that.
        return;
    }
    match progress.current(&cx.repo.exercises()) {
        Some(next) => {
            // `next` would skip the current exercise.
            let skips = !progress.is_selected(exercise);
            let how = if skips { "`cargo workbook watch`" } else { how };
            screen.line(&format!("next: {} ({how})", next.name()));
        }
        None => print_all_solved(cx),
    }
}

/// Reports that the exercise that the learner leaves is unsolved, if it is.
pub fn leave(cx: &Context, exercise: &Exercise) {
    if !cx.progress().unwrap_or_default().is_solved(exercise) {
        let (name, watch) = (exercise.name(), exercise.command("watch"));
        let note = format!("{name} is still unsolved; `{watch}` returns to it");
        cx.screen.wrapped("", &note);
    }
}

/// Prints what to do after the last exercise.
pub fn print_all_solved(cx: &Context) {
    let chapter = markdown::chapter_path(&cx.repo, "your_own_program.md");
    let text = format!(
        "All exercises are solved. Next, write a program of your own, outside of this \
         repository:\n  cd ..\n  cargo new my-program\n  cd my-program\n  cargo add \
         tokio --features full\n{chapter} explains the next steps. To start an exercise \
         again:\n  cargo workbook reset 03"
    );
    cx.screen.wrapped("", &text);
}
