//! `watch`: checks an exercise at every save, and reads keys meanwhile.
//!
//! The loop has one place to block: during a check it is [`CheckRun::next`], between
//! checks `Inbox::next`. Both return the messages about saves, keys and signals, which
//! [`Watch::handle`] turns into the [`NextStep`]. A save during a check cancels it, by
//! dropping the `CheckRun`, and starts over.

use std::process::ExitCode;

use anyhow::{Result, bail};
use async_workbook::Lesson;
use async_workbook::text::wrap;

use super::{hint, list};
use crate::cli::args::{CheckOptions, HintOptions};
use crate::cli::check_run::{CheckEvent, CheckRun};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::inbox::{Message, suspend};
use crate::cli::keys::Keys;
use crate::cli::live::{Live, after_pass};
use crate::cli::progress::Progress;
use crate::cli::repo::Exercise;
use crate::cli::saves::{SaveEvent, SaveWatcher, send_ticks};
use crate::cli::screen::Style;

const KEYS: &str = "h hint · n next · r run again · l list · q quit";

/// What a message asks for.
#[derive(Debug)]
enum NextStep {
    Check,
    Quit,
}

/// The state of a running `watch`.
struct Watch<'a> {
    cx: &'a Context,
    options: &'a CheckOptions,
    exercise: Exercise,
    saves: SaveWatcher,
    keys: Keys,
}

/// Checks an exercise at every save until the user quits.
pub fn run(
    cx: &Context,
    lesson: Option<&'static Lesson>,
    options: &CheckOptions,
) -> Result<ExitCode> {
    cx.progress()?;
    let exercise = cx.exercise(lesson)?;
    if lesson.is_some() {
        let at = Some(exercise.name().to_owned());
        // Everything else works without it.
        if let Err(error) = Progress::change(&cx.repo, |progress| progress.at = at) {
            eprintln!("could not save which exercise you are on: {error:#}");
        }
    }
    cx.inbox.listen_for_signals()?;
    send_ticks(&cx.inbox);
    let saves = SaveWatcher::new(exercise.file());
    let keys = Keys::listen(&cx.inbox);
    let mut watch = Watch { cx, options, exercise, saves, keys };
    if !watch.keys.are_single() {
        cx.screen.line(&format!("keys, one per line: {KEYS}"))?;
    }
    let mut step = NextStep::Check;
    loop {
        step = match step {
            NextStep::Check => match watch.check()? {
                Some(step) => step,
                None => watch.wait()?,
            },
            NextStep::Quit => return Ok(ExitCode::SUCCESS),
        };
    }
}

impl Watch<'_> {
    /// Checks the exercise once. Returns the next step if a message cancels the check.
    fn check(&mut self) -> Result<Option<NextStep>> {
        let cx = self.cx;
        let exercise = self.exercise.clone();
        if cx.screen.terminal {
            // Clear it, so that an old verdict cannot be taken for the new one.
            cx.screen.text("\x1b[H\x1b[2J")?;
        }
        let mut live = Live::start(cx, &exercise)?;
        // Before the check reads the file, so that no later save is missed.
        self.saves = SaveWatcher::new(exercise.file());
        let mut run = CheckRun::start(cx, &exercise, self.options, cx.screen.color)?;
        let report = loop {
            match run.next(cx)? {
                CheckEvent::Building(status) => live.building(&status)?,
                CheckEvent::Output(line) => live.output(&line)?,
                CheckEvent::Check(check) => live.check(&check)?,
                CheckEvent::Message(message) => {
                    if let Some(step) = self.handle(message, Some(&mut run))? {
                        drop(run);
                        live.clear_status()?;
                        let same = self.exercise == exercise;
                        if matches!(step, NextStep::Check)
                            && same
                            && !cx.screen.terminal
                        {
                            cx.screen.line("restarting the check")?;
                        }
                        return Ok(Some(step));
                    }
                }
                CheckEvent::Finished(report) => break report,
            }
        };
        live.verdict(&report)?;
        report.save(&cx.repo);
        if report.solved() {
            after_pass(cx, &exercise, "key n")?;
        }
        self.print_footer()?;
        Ok(None)
    }

    /// Waits for a message that asks for something.
    fn wait(&mut self) -> Result<NextStep> {
        loop {
            if let Some(message) = self.cx.inbox.next(None)
                && let Some(step) = self.handle(message, None)?
            {
                return Ok(step);
            }
        }
    }

    /// Handles a message; `run` is the check that it interrupts.
    fn handle(
        &mut self,
        message: Message,
        run: Option<&mut CheckRun>,
    ) -> Result<Option<NextStep>> {
        match message {
            Message::Interrupt(signal) => {
                self.cx.screen.line("")?;
                bail!(Error::Interrupted(signal));
            }
            Message::Suspend => {
                self.keys.restore();
                run.map_or_else(suspend, CheckRun::suspend);
                self.keys.take();
            }
            Message::Tick => match self.saves.poll() {
                SaveEvent::Changed => return Ok(Some(NextStep::Check)),
                // The check that runs is of this very text.
                SaveEvent::Touched if run.is_none() => {
                    return Ok(Some(NextStep::Check));
                }
                SaveEvent::Touched | SaveEvent::Unchanged => {}
            },
            Message::Key('q') => return Ok(Some(NextStep::Quit)),
            Message::Key('r') => return Ok(Some(NextStep::Check)),
            Message::Key('n') => return self.next_exercise(),
            Message::Key('h') => {
                self.cx.screen.line("")?;
                let next = HintOptions::default();
                print_error(hint::show(self.cx, &self.exercise, &next))?;
            }
            Message::Key('l') => {
                self.cx.screen.line("")?;
                print_error(list::show(self.cx))?;
            }
            Message::Key(_) | Message::Process { .. } => {}
        }
        Ok(None)
    }

    /// Moves on to the next exercise. If there is none, the running check goes on.
    fn next_exercise(&mut self) -> Result<Option<NextStep>> {
        match Progress::advance(&self.cx.repo, Some(self.exercise.name())) {
            Ok(Some(next)) => {
                self.exercise = next;
                return Ok(Some(NextStep::Check));
            }
            Ok(None) => {
                self.cx.screen.line("there is no other unsolved exercise")?
            }
            Err(error) => print_error(Err(error))?,
        }
        Ok(None)
    }

    fn print_footer(&self) -> Result<()> {
        let screen = &self.cx.screen;
        let file = self.cx.repo.shown(&self.exercise.file());
        let mut text = format!("waiting for a save of {file}");
        if self.keys.are_single() {
            text = format!("{KEYS}\n{text}");
        }
        screen.line("")?;
        for line in wrap(&text, "", screen.columns()).lines() {
            screen.line(&screen.paint(Style::Quiet, line))?;
        }
        Ok(())
    }
}

/// Prints an error and continues, unless it is that stdout is closed.
fn print_error(result: Result<()>) -> Result<()> {
    let Err(error) = result else { return Ok(()) };
    if error.is::<std::io::Error>() {
        return Err(error);
    }
    eprintln!("{error:#}");
    Ok(())
}
