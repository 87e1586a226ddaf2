//! The check of exercise 08.
//!
//! The clock is paused, and while a task of `spawn_blocking` runs it does not move
//! by itself. The check waits in such tasks for what happens on other threads, and
//! so moves the clock itself:
//!
//! ```text
//! check    call a, b   wait: a runs   advance 300 ms   open a   wait: b runs   ...
//! thread               hash(a) ......................  done     hash(b) ......
//! ```
//!
//! A call of `uploads::hash` blocks until the check opens its gate. A right answer
//! therefore takes no time, on any machine. What must not happen has 10 ms in which
//! to happen, several times.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use futures::future::{MaybeDone, maybe_done};
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::advance;

use super::Hasher;
use super::uploads::log::{self, Log};
use async_workbook::check::{self, Explain};
use async_workbook::text;

const MS: Duration = Duration::from_millis(1);

/// The real time in which something has to happen that needs no time.
const PATIENCE: Duration = Duration::from_millis(2000);

/// The real time in which something must not happen.
const LOOK: Duration = Duration::from_millis(10);

/// More wakeups than there are in this time if callers only wait.
const MANY: usize = 50;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("each upload gets its hash, or its error", right);
    exercise.check("the runtime thread is never blocked", free);
    exercise.check("as many calls as the limit allows run, never more", bounded);
    exercise.check("it gives up at the deadline, even while queued", punctual);
    exercise.check("a call counts until it ends, even without a caller", counted);
    exercise.verdict()
}

const GAVE_UP: &str = "gave up at the deadline";

type Hashing<'a> = Pin<Box<dyn Future<Output = Result<String>> + 'a>>;

/// Polls all callers, while the check does something else.
struct Server<'a> {
    hasher: &'a Hasher,
    callers: RefCell<Vec<Pin<Box<MaybeDone<Hashing<'a>>>>>>,
    wakeups: Cell<usize>,
}

impl Server<'_> {
    fn call(&self, upload: &str) {
        let hashing: Hashing = Box::pin(self.hasher.hash(upload.to_owned()));
        self.callers.borrow_mut().push(Box::pin(maybe_done(hashing)));
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Infallible> {
        self.wakeups.set(self.wakeups.get() + 1);
        let mut returned = 0;
        for caller in self.callers.borrow_mut().iter_mut() {
            log::with(|log| (log.polls, log.polling) = (log.polls + 1, true));
            returned += usize::from(caller.as_mut().poll(context).is_ready());
            log::with(|log| log.polling = false);
        }
        log::with(|log| log.returned = returned);
        Poll::Pending
    }

    fn results(&self) -> Vec<Result<String>> {
        let mut callers = self.callers.take();
        let results = callers.iter_mut().map(|caller| caller.as_mut().take_output());
        results.flatten().collect()
    }
}

/// Draws uploads, and runs `script`, which drives their callers, with a new hasher.
async fn scene(
    limit: usize,
    uploads: usize,
    script: impl AsyncFnOnce(&Server, &[String]) -> Result<()>,
) -> Result<()> {
    let draw = check::draw();
    let uploads = draw.words(uploads);
    log::reset(format!(" ({})", draw.word()));
    let hasher = Hasher::new(limit);
    let callers = RefCell::default();
    let server = Server { hasher: &hasher, callers, wakeups: Cell::new(0) };
    let result = tokio::select! {
        biased;
        never = poll_fn(|context| server.poll(context)) => match never {},
        result = script(&server, &uploads) => result,
    };
    log::with(|log| log.all_open = true);
    result
}

/// Returns the result of a scene, unless `uploads::hash` blocked the runtime thread.
fn unblocked(result: Result<()>) -> Result<()> {
    let calls = log::with(|log| log.calls.clone());
    let blocked = calls.iter().any(|call| call.on_runtime || call.gave_up);
    check::that(
        !blocked,
        "`uploads::hash` blocked the runtime thread; see the check above.",
    )?;
    result
}

/// Waits until the log meets a condition, on a thread that may block.
async fn within(
    patience: Duration,
    holds: impl Fn(&Log) -> bool + Send + 'static,
) -> bool {
    yield_now().await; // polls new callers
    spawn_blocking(move || log::wait(patience, holds)).await.unwrap_or(false)
}

/// Returns the numbers of calls of `uploads::hash` that have started and ended.
fn calls() -> (usize, usize) {
    log::with(|log| (log.calls.len(), log.calls.len() - log.running()))
}

/// Waits until this many calls of `uploads::hash` have started.
async fn started(count: usize, when: &str) -> Result<()> {
    let enough = within(PATIENCE, move |log| log.calls.len() >= count).await;
    let (started, ended) = calls();
    let words = format!(
        "{when}, {} had started, expected {count}; {ended} had ended.",
        text::count(started as u64, "`uploads::hash` call"),
    );
    check::that(enough, words)
}

/// Waits until this many calls of `Hasher::hash` have returned.
async fn returned(count: usize, when: &str) -> Result<()> {
    let enough = within(PATIENCE, move |log| log.returned >= count).await;
    let (returned, (started, ended)) = (log::with(|log| log.returned), calls());
    let words = format!(
        "{when}, {} had returned, expected {count}. `uploads::hash` calls: {started} \
         started, {ended} ended.",
        text::count(returned as u64, "`Hasher::hash` call"),
    );
    check::that(enough, words)
}

/// Compares a result with the hash of the upload, or with its error.
fn compare(upload: &str, result: Result<String>) -> Result<()> {
    let mark = log::with(|log| log.mark.clone());
    let expected = match upload {
        "" => Err(format!("an empty upload has no hash{mark}")),
        _ => Ok(log::fnv(upload) + &mark),
    };
    let got = result.map_err(|error| format!("{error:#}"));
    let same = match (&got, &expected) {
        (Err(got), Err(expected)) => got.contains(expected),
        _ => got == expected,
    };
    check::that(same, format!("for {upload:?}: got {got:?}, expected {expected:?}."))
}

async fn right() -> Result<()> {
    for (limit, count) in [(1, 5), (2, 150)] {
        let all = scene(limit, count, async |server, uploads| {
            log::with(|log| log.all_open = true);
            // Failures must not use up the limit.
            let mut uploads = uploads.to_vec();
            (1..=3).for_each(|index| uploads[index].clear());
            uploads.iter().for_each(|upload| server.call(upload));
            let what = format!("after {count} calls, 3 of them empty");
            returned(count, &what).await?;
            for (upload, result) in uploads.iter().zip(server.results()) {
                compare(upload, result)?;
            }
            let (started, _) = calls();
            let words =
                format!("`uploads::hash` ran {started} times for {count} uploads.");
            check::that(started == count, words)
        });
        all.await?;
    }
    Ok(())
}

async fn free() -> Result<()> {
    let result = scene(1, 1, async |server, uploads| {
        server.call(&uploads[0]);
        started(1, "after one call of `Hasher::hash`").await?;
        log::with(|log| log.all_open = true);
        returned(1, "when `uploads::hash` had ended").await
    });
    let result = result.await;
    let Some(call) = log::with(|log| log.calls.first().cloned()) else {
        return result;
    };
    let place = match call.poll {
        None => "by a task: all tasks of this runtime share that thread",
        Some(1) => "within the first poll of `Hasher::hash`",
        Some(_) => {
            "after `Hasher::hash` had been polled before: others can run between two \
             polls, but not within one"
        }
    };
    let words = format!(
        "`uploads::hash` was called on the runtime thread, {place}. Nothing else \
         can run there until it returns."
    );
    check::that(!call.on_runtime, words)?;
    let words = "`uploads::hash` ran on another thread, but the runtime thread was \
                 blocked until it returned. Only an `.await` lets others run while it \
                 waits.";
    check::that(!call.gave_up, words)?;
    result
}

async fn bounded() -> Result<()> {
    for limit in [2, 1, 5] {
        let all = 2 * limit + 1;
        let result = scene(limit, all, async |server, uploads| {
            uploads.iter().for_each(|upload| server.call(upload));
            for ended in 0..all {
                let what =
                    format!("with the limit {limit}, after {ended} of {all} calls");
                let started = started(all.min(limit + ended), &what).await;
                if ended < 2 {
                    let before = server.wakeups.get();
                    if within(LOOK, move |log| log.running() > limit).await {
                        // Until the peak is the same in every run.
                        within(PATIENCE / 8, move |log| log.calls.len() == all)
                            .await;
                    }
                    let words = "while nothing happened, `Hasher::hash` woke itself again \
                                 and again, as a loop of `yield_now` does.";
                    check::that(server.wakeups.get() - before < MANY, words)?;
                }
                let peak = log::with(|log| log.peak);
                check::peak("calls of `uploads::hash`", peak, limit)?;
                started?;
                log::with(|log| {
                    let running = log.calls.iter().find(|call| call.running);
                    log.open.extend(running.map(|call| call.upload.clone()));
                });
                within(PATIENCE, move |log| log.calls.len() - log.running() > ended)
                    .await;
            }
            returned(all, "when all had ended").await
        });
        unblocked(result.await)?;
    }
    Ok(())
}

/// Two calls run one after the other, and a third one never gets its turn.
async fn punctual() -> Result<()> {
    let result = scene(1, 3, async |server, uploads| {
        uploads.iter().for_each(|upload| server.call(upload));
        started(1, "with the limit 1, after three calls of `Hasher::hash`").await?;
        advance(300 * MS).await;
        log::with(|log| log.open.insert(log.calls[0].upload.clone()));
        returned(1, "when the first `uploads::hash` had ended").await?;
        started(2, "when the first one had ended").await?;
        advance(199 * MS).await;
        let third = within(LOOK, |log| log.calls.len() > 2).await;
        let words = "with the limit 1, the third call of `uploads::hash` started while the \
                     second was running.";
        check::that(!third, words)?;
        let words = "a call of `Hasher::hash` returned less than 500 ms after it was made, \
                     although its `uploads::hash` had not ended.";
        check::that(log::with(|log| log.returned == 1), words)?;
        advance(2 * MS).await;
        if let late @ Err(_) = returned(3, "501 ms after three calls").await {
            let before = log::with(|log| log.returned);
            advance(300 * MS).await;
            let words = match within(LOOK, move |log| log.returned > before).await {
                true => {
                    "The next one returned 501 ms after its `uploads::hash` had \
                     started: the deadline covers the time in the queue, too."
                }
                false => "300 ms later there was no change.",
            };
            return late.because([words]);
        }
        log::with(|log| log.all_open = true);
        within(PATIENCE, |log| log.running() == 0).await;
        let third = within(LOOK, |log| log.calls.len() > 2).await;
        let words = "a call of `uploads::hash` started at the deadline or later, for a \
                     caller that gave up while queued.";
        check::that(!third, words)?;
        let results = server.results();
        let failed = results.iter().filter(|result| result.is_err()).count();
        let words = format!("{failed} of three calls failed, expected 2.");
        check::that(failed == 2, words)
    });
    unblocked(result.await)
}

async fn counted() -> Result<()> {
    for how in [GAVE_UP, "was dropped"] {
        let result = scene(2, 4, async |server, uploads| {
            uploads[..3].iter().for_each(|upload| server.call(upload));
            started(2, "with the limit 2, after three calls").await?;
            if how == GAVE_UP {
                advance(501 * MS).await;
                returned(3, "501 ms after three calls").await?;
            }
            server.callers.take();
            server.call(&uploads[3]);
            let more = within(LOOK, |log| log.running() > 2).await;
            let words = format!(
                "more than 2 calls of `uploads::hash` are running. The caller of the \
                 first two {how}, but that does not end a call on another thread."
            );
            check::that(!more, words)?;
            log::with(|log| log.open.insert(log.calls[0].upload.clone()));
            started(3, "when a call without a caller had ended").await?;
            let next = log::with(|log| log.calls[2].upload == uploads[3]);
            let words = format!(
                "the next call of `uploads::hash` was for an upload whose caller {how} \
                 while queued."
            );
            check::that(next, words)?;
            log::with(|log| log.all_open = true);
            returned(1, "when all calls had ended").await?;
            server.results().into_iter().try_for_each(|r| compare(&uploads[3], r))
        });
        unblocked(result.await)?;
    }
    Ok(())
}
