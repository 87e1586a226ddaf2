//! Converts panics to diagnoses.
//!
//! While a check runs on this thread, a panic hook records each panic as a [`Diagnosis`]
//! instead of printing it; otherwise it calls the previous hook. Tokio catches a panic in
//! a spawned task, and that may be part of a correct solution, so such a panic is only
//! reported if the check fails anyway, as the probable cause.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use futures::future::{FutureExt, LocalBoxFuture};

use super::diagnosis::{Diagnosis, Kind};
use super::runner::Opaque;

thread_local! {
    /// The panics during the current check.
    static PANICS: RefCell<Vec<Diagnosis>> = const { RefCell::new(Vec::new()) };
    /// A check is running, so the panic hook records panics.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `code` and converts a panic in it to a diagnosis.
pub(super) fn catch_panics(code: impl FnOnce() -> Result<()>) -> Result<()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let payload = info.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or(payload.downcast_ref::<String>().map(|s| &**s));
                let message = text.unwrap_or("(no message)");
                let panic = panic_diagnosis(message, info.location());
                PANICS.with_borrow_mut(|panics| panics.push(panic));
            } else {
                previous(info);
            }
        }));
    });
    CATCHING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(code));
    CATCHING.set(false);
    let result = match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => match PANICS.with_borrow_mut(Vec::pop) {
            Some(panic) if panic.is(Kind::Unwritten) => Err(panic.into()),
            Some(panic) => Err(Diagnosis::of(error).after(&panic).into()),
            None => Err(error),
        },
        Err(_) => Err(last_panic().into()),
    };
    PANICS.take();
    result
}

/// Awaits `future` and converts a panic in it to an error, which a check can
/// [`Explain`] or ignore. (An uncaught panic of the
/// check's own future fails the check.)
///
/// ```
/// use async_workbook::check::{self, Explain};
///
/// let explained = check::on_paused_clock(async {
///     let first = async { Vec::<u32>::new()[0] };
///     check::caught(first).await.because(["There may be none."])
/// });
/// let message = explained.unwrap_err().to_string();
/// assert!(message.starts_with("the code panicked at "));
/// assert!(message.ends_with("\nThere may be none."));
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] with the location and the message of the panic.
///
/// [`Explain`]: super::Explain
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T> {
    let mut value = None;
    catch(pin!(async { value = Some(future.await) })).await;
    Ok(value.ok_or_else(last_panic)?)
}

fn catch(future: Opaque<'_>) -> LocalBoxFuture<'_, ()> {
    AssertUnwindSafe(future).catch_unwind().map(drop).boxed_local()
}

/// Calls `code`, which is not async, and converts a panic in it to an error. Call it on a
/// thread other than the check's: it ends the recording of panics on its thread.
///
/// ```
/// use async_workbook::check;
///
/// let thread = std::thread::spawn(|| check::caught_call(|| Vec::<u32>::new()[0]));
/// let message = thread.join().unwrap().unwrap_err().to_string();
/// assert!(message.starts_with("the code panicked at "));
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] with the location and the message of the panic.
pub fn caught_call<T>(code: impl FnOnce() -> T) -> Result<T> {
    let mut value = None;
    catch_panics(|| {
        value = Some(code());
        Ok(())
    })?;
    value.context("`code` returned, but has no value")
}

/// Returns true if the code under test has panicked on this thread, even if it has
/// caught the panic, or tokio has because it was in a task.
pub fn panicked() -> bool {
    PANICS.with_borrow(|panics| !panics.is_empty())
}

fn last_panic() -> Diagnosis {
    let last = PANICS.with_borrow_mut(Vec::pop);
    last.unwrap_or_else(|| Diagnosis::new("the code panicked."))
}

/// The number of panics in libraries for which a backtrace is captured.
const MAX_BACKTRACES: usize = 20;

/// Describes the location of a panic.
///
/// A library panics in its own sources, unless its function is `#[track_caller]`. The
/// useful location is then the innermost lesson frame of the backtrace, whose line needs
/// debug information.
fn describe(location: &Location<'_>) -> String {
    let Some(library) = library(location.file()) else {
        // Files included by a test are named relative to it: `tests/../lessons/...`.
        let file = location.file().trim_start_matches("tests/../");
        return format!("at {file}:{}", location.line());
    };
    // Reading the debug information takes a while, and many tasks may panic.
    static BACKTRACES: AtomicUsize = AtomicUsize::new(0);
    let affordable = BACKTRACES.fetch_add(1, Ordering::Relaxed) < MAX_BACKTRACES;
    let backtrace = affordable.then(|| Backtrace::force_capture().to_string());
    match backtrace.as_deref().and_then(location_in_a_lesson) {
        Some(location) => format!("in {library}, called at {location}"),
        None => format!("in {library}"),
    }
}

/// Returns the name of the library that a source file belongs to, unless it is ours.
fn library(file: &str) -> Option<&str> {
    // With the component `rust-src`, rustc names the sources in its own folder.
    let rust_src = ["rustlib/src/rust/", r"rustlib\src\rust\"];
    if file.starts_with("/rustc/") || rust_src.iter().any(|src| file.contains(src)) {
        return Some("the standard library");
    }
    // .../registry/src/REGISTRY/NAME-VERSION/src/lib.rs
    let mut parts = file.split(['/', '\\']).skip_while(|part| *part != "registry");
    let name_and_version = parts.nth(3)?;
    let (name, _) = name_and_version.rsplit_once('-')?;
    Some(name)
}

/// Finds the innermost location of a backtrace that is in a lesson, as `FILE:LINE`.
fn location_in_a_lesson(backtrace: &str) -> Option<String> {
    let mut locations = backtrace.lines().filter_map(|line| {
        let location = line.trim().strip_prefix("at ")?;
        let file = &location[location.find("lessons/")?..];
        let (location, _column) = file.rsplit_once(':')?;
        (!location.contains("/check.rs:")).then(|| location.to_owned())
    });
    locations.next()
}

fn panic_diagnosis(message: &str, location: Option<&Location<'_>>) -> Diagnosis {
    if message.contains("resumed after completion") {
        // The location is that of the future, which may be the check's.
        return Diagnosis::new(format!(
            "the code panicked: a completed future was polled again ({message})."
        ));
    }
    // The `Debug` form of an `anyhow::Error` may end with a backtrace.
    let message = message.split("\n\nStack backtrace:").next().unwrap_or(message);
    let location = location.map_or_else(String::new, describe);
    match message.strip_prefix("not yet implemented") {
        Some(task) => {
            let task = task.trim_start_matches(": ");
            let colon = if task.is_empty() { "" } else { ": " };
            Diagnosis::new(format!("not implemented yet {location}{colon}{task}"))
                .of_kind(Kind::Unwritten)
        }
        None => {
            // Tokio's message says what does not work, but not what to do instead.
            let only_several = "only when running on the multi-threaded runtime";
            let why = match message.contains(only_several) {
                true => "\n`spawn_blocking` works on every runtime.",
                false => "",
            };
            Diagnosis::new(format!("the code panicked {location}: {message}{why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::spawn;
    use tokio::time::sleep;

    use super::*;
    use crate::check::on_paused_clock;

    fn message<T>(result: Result<T>) -> String {
        result.err().map_or_else(|| "ok".to_owned(), |error| error.to_string())
    }

    #[test]
    fn a_panic_is_reported_with_its_location() {
        let panicked: Result<()> = on_paused_clock(async { panic!("no {}", 7) });
        let message = message(panicked);
        assert!(
            message.starts_with("the code panicked at src/check/panics.rs:"),
            "{message}"
        );
        assert!(message.ends_with(": no 7"), "{message}");
    }

    #[test]
    fn a_panic_in_a_library_has_the_innermost_location_in_a_lesson() {
        let registry =
            "/x/registry/src/index.crates.io-19/tokio-util-1.54.1/src/a.rs";
        assert_eq!(library(registry), Some("tokio-util"));
        for file in [
            "/rustc/5980/library/core/a.rs",
            "/x/stable/lib/rustlib/src/rust/library/core/a.rs",
            r"C:\x\lib\rustlib\src\rust\library\core\a.rs",
        ] {
            assert_eq!(library(file), Some("the standard library"), "{file}");
        }
        assert_eq!(library("lessons/03_gather/exercise.rs"), None);
        let backtrace = "   5: tokio::block_on\n   6: check::right\n             \
            at ./lessons/03_gather/check.rs:7:3\n   7: guides::{async_fn#0}\n             \
            at ./lessons/03_gather/exercise.rs:40:17\n";
        let location = location_in_a_lesson(backtrace);
        assert_eq!(location.as_deref(), Some("lessons/03_gather/exercise.rs:40"));
    }

    #[test]
    fn a_panic_is_described_without_a_backtrace_and_names_a_second_poll() {
        let text =
            "an `Err` value: no\n\nCaused by:\n    x\n\nStack backtrace:\n   0: f";
        let cut = panic_diagnosis(text, None).to_string();
        assert!(cut.ends_with("Caused by:\n    x"), "{cut}");

        let twice = on_paused_clock::<()>(async {
            let mut done = pin!(async {});
            done.as_mut().await;
            done.await;
            Ok(())
        });
        assert_eq!(
            message(twice),
            "the code panicked: a completed future was polled again (`async fn` \
             resumed after completion)."
        );
    }

    #[test]
    fn todo_is_not_reported_as_a_panic() {
        let error = on_paused_clock::<()>(async { todo!("fetch it") }).unwrap_err();
        let diagnosis = error.downcast::<Diagnosis>().unwrap();
        assert!(diagnosis.is(Kind::Unwritten));
        let message = diagnosis.to_string();
        assert!(
            message.starts_with("not implemented yet at src/check/"),
            "{message}"
        );
        assert!(message.ends_with(": fetch it"), "{message}");
    }

    #[test]
    fn a_check_can_catch_a_panic_and_continue() {
        let checked = on_paused_clock(async {
            let panicked = caught(async { panic!("no {}", 8) }).await;
            let unwritten = caught::<()>(async { todo!("it") }).await.unwrap_err();
            let unwritten = unwritten.downcast::<Diagnosis>()?;
            assert!(unwritten.is(Kind::Unwritten));
            assert_eq!(caught(async { 3 }).await?, 3);
            Ok(message::<()>(panicked))
        });
        let message = checked.unwrap();
        assert!(
            message.starts_with("the code panicked at src/check/panics.rs:"),
            "{message}"
        );
        assert!(message.ends_with(": no 8"), "{message}");
    }

    #[test]
    fn a_panic_in_a_task_is_left_to_its_join_handle() {
        let ok = on_paused_clock(async {
            let task = spawn(async { panic!("in a task") });
            assert!(!panicked());
            Ok(task.await.is_err() && panicked())
        });
        assert!(ok.unwrap());
    }

    #[test]
    fn a_panic_in_a_task_is_reported_if_the_check_fails() {
        let led_to = |panic: fn()| {
            let result = on_paused_clock(async move {
                drop(spawn(async move { panic() }));
                sleep(Duration::from_millis(1)).await;
                crate::check::that(false, "nothing was saved.")
            });
            message(result)
        };
        let message = led_to(|| panic!("no"));
        let begin = "nothing was saved.\nBefore that, the code panicked at src/check/panics.rs:";
        assert!(message.starts_with(begin), "{message}");
        let message = led_to(|| todo!());
        assert!(
            message.starts_with("not implemented yet at src/check/"),
            "{message}"
        );
    }
}
