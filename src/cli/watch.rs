//! `watch`: a check at every save, and keys meanwhile.

mod saves;

use super::args::{Hints, Options};
use super::check::{self, Checked, View};
use super::inbox::{Inbox, Interrupted, Message, suspend};
use super::keys::Keys;
use super::learner;
use super::list;
use super::progress::Progress;
use super::repo::{Exercise, Repo};
use super::report::{self, Live};
use super::screen::{Look, Screen};
use anyhow::{Result, bail};
use async_workbook::Lesson;
use saves::{Saves, Seen};
use std::ops::ControlFlow;
use std::process::ExitCode;

const KEYS: &str = "h hint · n next · r run again · l list · q quit";

/// What is to happen next.
#[derive(Debug)]
enum Wish {
    CheckAgain,
    Quit,
    Interrupt(u8),
}

/// Checks an exercise at every save, until it is told to quit.
///
/// # Errors
///
/// When there is no such exercise, when progress cannot be read, when it was
/// interrupted.
pub fn run(
    repo: &Repo,
    screen: &Screen,
    lesson: Option<&'static Lesson>,
    options: &Options,
    poll: bool,
) -> Result<ExitCode> {
    let progress = Progress::load(repo)?;
    let exercise = match lesson {
        Some(lesson) => repo.need_exercise(lesson)?,
        None => learner::current(repo, &progress)?,
    };
    if lesson.is_some() {
        let at = Some(exercise.name().to_owned());
        // Where it cannot be written, everything else works.
        if let Err(error) = Progress::change(repo, |progress| progress.at = at) {
            eprintln!("not put down where you are: {error:#}");
        }
    }
    let inbox = Inbox::new();
    inbox.listen_for_signals()?;
    let saves = Saves::watch(&exercise, &inbox, poll);
    let keys = Keys::listen(&inbox);
    let each = keys.each();
    let mut state = State { repo, screen, inbox: &inbox, exercise, saves, keys };
    if !each {
        screen.line(&format!("keys, a line each: {KEYS}"))?;
    }
    notice(&mut state)?;
    let mut next = Some(Wish::CheckAgain);
    loop {
        let wish = match next.take() {
            Some(wish) => wish,
            None => wait(&mut state)?,
        };
        next = match wish {
            Wish::CheckAgain => check_once(&mut state, options)?,
            Wish::Quit => return Ok(ExitCode::SUCCESS),
            Wish::Interrupt(signal) => {
                screen.line("")?;
                bail!(Interrupted(signal));
            }
        };
    }
}

/// A watch under way.
struct State<'a> {
    repo: &'a Repo,
    screen: &'a Screen,
    inbox: &'a Inbox,
    exercise: Exercise,
    saves: Saves,
    keys: Keys,
}

/// One check, unless something stops it: then that is what is to happen next.
fn check_once(state: &mut State<'_>, options: &Options) -> Result<Option<Wish>> {
    let State { repo, screen, inbox, .. } = *state;
    // A screen for each check: the old verdict must not pass for the new one.
    if screen.terminal {
        screen.text("\x1b[H\x1b[2J")?;
    }
    let exercise = state.exercise.clone();
    let mut live = Live::begin(screen, &exercise)?;
    // Before the check reads the file: what is saved later is seen as a save.
    state.saves.begin();
    let mut other = |message, view: &mut dyn View| {
        Ok(match handle(state, message, Some(view))? {
            Some(wish) => ControlFlow::Break(wish),
            None => ControlFlow::Continue(()),
        })
    };
    let checked =
        check::run(repo, screen, &exercise, options, inbox, &mut live, &mut other)?;
    let report = match checked {
        Checked::Over(report) => report,
        Checked::Stopped(wish) => {
            live.clear()?;
            let again =
                matches!(wish, Wish::CheckAgain) && state.exercise == exercise;
            if again && !screen.terminal {
                screen.line("stopped, and started anew")?;
            }
            return Ok(Some(wish));
        }
    };
    live.verdict(repo, &report)?;
    report::save(repo, &report);
    if report.solved() {
        learner::after_a_pass(repo, screen, &exercise, "key n")?;
    }
    footer(state)?;
    Ok(None)
}

fn footer(state: &State<'_>) -> Result<()> {
    let screen = state.screen;
    let shown = state.repo.shown(&state.exercise.file());
    let mut text = format!("waiting for a save of {shown}");
    if let Some(why) = state.saves.polling() {
        text.push_str(&format!(" ({why})"));
    }
    if state.keys.each() {
        text = format!("{KEYS}\n{text}");
    }
    screen.line("")?;
    for line in text.lines() {
        for line in super::screen::wrap(line, "", screen.columns()).lines() {
            screen.line(&screen.paint(Look::Quiet, line))?;
        }
    }
    Ok(())
}

/// Waits until something is to be done.
fn wait(state: &mut State<'_>) -> Result<Wish> {
    loop {
        if let Some(message) = state.inbox.next(None)
            && let Some(wish) = handle(state, message, None)?
        {
            return Ok(wish);
        }
    }
}

/// Says it once when saves are looked for from now on.
fn notice(state: &mut State<'_>) -> Result<()> {
    if state.saves.is_new_polling()
        && let Some(why) = state.saves.polling()
    {
        state.screen.wrapped("", why)?;
    }
    Ok(())
}

/// Deals with what happens; during a check there is a view of it.
fn handle(
    state: &mut State<'_>,
    message: Message,
    view: Option<&mut dyn View>,
) -> Result<Option<Wish>> {
    let busy = view.is_some();
    match message {
        Message::Interrupt(signal) => return Ok(Some(Wish::Interrupt(signal))),
        Message::Suspend => {
            state.keys.give_back();
            suspend();
            state.keys.take();
        }
        Message::Look => {
            let seen = state.saves.look();
            notice(state)?;
            match seen {
                Seen::Nothing => {}
                // What is being checked is what is there.
                Seen::SavedAsItWas if busy => {}
                Seen::SavedAsItWas | Seen::Saved => {
                    return Ok(Some(Wish::CheckAgain));
                }
            }
        }
        Message::Key('q') => return Ok(Some(Wish::Quit)),
        Message::Key('r') => return Ok(Some(Wish::CheckAgain)),
        Message::Key('n') => return go_on(state),
        Message::Key('h') => {
            state.screen.line("")?;
            let hint = learner::hint(
                state.repo,
                state.screen,
                &state.exercise,
                Hints::Next,
            );
            tell(hint)?;
        }
        Message::Key('l') => {
            state.screen.line("")?;
            let listed = Progress::load(state.repo).and_then(|progress| {
                list::show(state.repo, state.screen, &progress)
            });
            tell(listed)?;
        }
        _ => {}
    }
    Ok(None)
}

/// Goes on to the next exercise, where there is one; else a check that is under way
/// stays so.
fn go_on(state: &mut State<'_>) -> Result<Option<Wish>> {
    match learner::go_on(state.repo, Some(state.exercise.name())) {
        Ok(Some(next)) => {
            let poll = state.saves.polling().is_some();
            state.exercise = next;
            state.saves = Saves::watch(&state.exercise, state.inbox, poll);
            return Ok(Some(Wish::CheckAgain));
        }
        Ok(None) => state.screen.line("there is no other unsolved exercise")?,
        Err(error) => tell(Err(error))?,
    }
    Ok(None)
}

/// Says an error, and goes on; but not when nobody hears it.
fn tell(result: Result<()>) -> Result<()> {
    let Err(error) = result else { return Ok(()) };
    if error.is::<std::io::Error>() {
        return Err(error);
    }
    eprintln!("{error:#}");
    Ok(())
}
