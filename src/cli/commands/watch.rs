//! `watch`: checks an exercise after every save, and handles keys in the meantime.
//!
//! The loop blocks in one place at a time: in [`CheckRun::next`] during a check, otherwise
//! in `Inbox::next`. Both return the messages about saves, keys and signals, which
//! [`Watch::handle`] turns into the [`NextStep`]. A save during a check drops the
//! `CheckRun`, which cancels it, and starts another.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use async_workbook::Lesson;
use async_workbook::text::wrap;

use super::{hint, list};
use crate::cli::args::{CheckOptions, HintOptions};
use crate::cli::check_run::{CheckEvent, CheckRun};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::inbox::{Message, suspend};
use crate::cli::keys::Keys;
use crate::cli::printer::{CheckPrinter, after_pass, leave};
use crate::cli::progress::Progress;
use crate::cli::repo::Exercise;
use crate::cli::saves::{SaveEvent, SaveWatcher, send_ticks};
use crate::cli::screen::Style;

const KEYS: &str = "h hint · n next · r run again · l list · q quit";

/// The next step after a message.
#[derive(Debug)]
enum NextStep {
    Check,
    Quit,
}

/// A running `watch`.
struct Watch<'a> {
    cx: &'a Context,
    options: &'a CheckOptions,
    exercise: Exercise,
    /// The exercise that was left by `n`, until that is reported.
    left: Option<Exercise>,
    saves: SaveWatcher,
    keys: Keys,
}

/// Checks an exercise after every save until the user quits.
pub fn run(
    cx: &Context,
    lesson: Option<&'static Lesson>,
    options: &CheckOptions,
) -> Result<ExitCode> {
    cx.progress()?;
    let exercise = cx.exercise(lesson, "watch")?;
    if lesson.is_some() {
        let name = exercise.name().to_owned();
        let context = format!("could not record {name} as the current exercise");
        let select = |progress: &mut Progress| progress.selected = Some(name);
        // Not fatal: everything else works without it.
        print_error(Progress::change(&cx.repo, select).map(drop).context(context));
    }
    cx.inbox.listen_for_signals()?;
    send_ticks(&cx.inbox);
    let saves = SaveWatcher::new(exercise.file());
    let keys = Keys::listen(&cx.inbox);
    let mut watch = Watch { cx, options, exercise, left: None, saves, keys };
    loop {
        let step = match watch.check()? {
            Some(step) => step,
            None => watch.wait()?,
        };
        if let NextStep::Quit = step {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

impl Watch<'_> {
    /// Checks the exercise once. Returns the next step if a message cancels the check.
    fn check(&mut self) -> Result<Option<NextStep>> {
        let cx = self.cx;
        let exercise = self.exercise.clone();
        if cx.screen.terminal {
            // Clear the screen, so that the old verdict is not mistaken for the new one.
            cx.screen.text("\x1b[H\x1b[2J");
        }
        self.left.take().inspect(|left| leave(cx, left));
        let mut printer = CheckPrinter::start(cx, &exercise)?;
        // Create the watcher before the check reads the file, so that a save in between
        // restarts the check.
        self.saves = SaveWatcher::new(exercise.file());
        let mut run = CheckRun::start(cx, &exercise, self.options, cx.screen.color)?;
        let report = loop {
            let event = run.next(cx)?;
            printer.print(&event);
            match event {
                CheckEvent::Message(message) => {
                    if let Some(step) = self.handle(message, Some(&mut run))? {
                        drop(run);
                        if !cx.screen.terminal
                            && self.exercise == exercise
                            && matches!(step, NextStep::Check)
                        {
                            cx.screen.line("restarting the check");
                        }
                        return Ok(Some(step));
                    }
                }
                CheckEvent::Finished(report) => break report,
                _ => {}
            }
        };
        report.save(&cx.repo);
        if report.solved() {
            after_pass(cx, &exercise, "press n");
        }
        self.print_footer();
        Ok(None)
    }

    /// Waits for a message with a next step. Quits once stdout cannot be written to.
    fn wait(&mut self) -> Result<NextStep> {
        while self.cx.screen.is_open() {
            if let Some(message) = self.cx.inbox.next(None)
                && let Some(step) = self.handle(message, None)?
            {
                return Ok(step);
            }
        }
        Ok(NextStep::Quit)
    }

    /// Handles a message; `run` is the running check, if there is one.
    fn handle(
        &mut self,
        message: Message,
        run: Option<&mut CheckRun>,
    ) -> Result<Option<NextStep>> {
        match message {
            Message::Interrupt(signal) => {
                self.cx.screen.line("");
                bail!(Error::Interrupted(signal));
            }
            Message::Suspend => {
                self.keys.restore();
                run.map_or_else(suspend, CheckRun::suspend);
                self.keys.enter_cbreak();
            }
            Message::Tick => match self.saves.poll() {
                SaveEvent::Changed => return Ok(Some(NextStep::Check)),
                // The text did not change, so a running check need not restart.
                SaveEvent::Touched if run.is_none() => {
                    return Ok(Some(NextStep::Check));
                }
                SaveEvent::Touched | SaveEvent::Unchanged => {}
            },
            Message::Key('q') => return Ok(Some(NextStep::Quit)),
            Message::Key('r') => return Ok(Some(NextStep::Check)),
            Message::Key('n') => return self.next_exercise(),
            Message::Key(key) => {
                if matches!(key, 'h' | 'l') {
                    let (cx, next) = (self.cx, HintOptions::default());
                    cx.screen.line("");
                    print_error(match key {
                        'h' => hint::show(cx, &self.exercise, &next),
                        _ => list::show(cx, false),
                    });
                }
                // After a check, this is printed anyway.
                if run.is_none() {
                    self.print_footer();
                }
            }
            Message::Process { .. } => {}
        }
        Ok(None)
    }

    /// Moves on to the next exercise. If there is none, the running check continues.
    fn next_exercise(&mut self) -> Result<Option<NextStep>> {
        match Progress::advance(&self.cx.repo, Some(self.exercise.name())) {
            Ok(Some(next)) => {
                self.left = Some(std::mem::replace(&mut self.exercise, next));
                return Ok(Some(NextStep::Check));
            }
            Ok(None) => self.cx.screen.line("there is no other unsolved exercise"),
            Err(error) => print_error(Err(error)),
        }
        Ok(None)
    }

    fn print_footer(&self) {
        let screen = &self.cx.screen;
        let file = self.cx.repo.display_path(&self.exercise.file());
        let prefix =
            if self.keys.are_single() { "" } else { "keys, one per line: " };
        let text = format!("{prefix}{KEYS}\nwatching {file} ...");
        screen.line("");
        for line in wrap(&text, "", screen.columns()).lines() {
            screen.line(&screen.paint(Style::Quiet, line));
        }
    }
}

/// Prints an error and continues.
fn print_error(result: Result<()>) {
    if let Err(error) = result {
        eprintln!("{error:#}");
    }
}
