//! The check of exercise 08.
//!
//! The clock is paused, and while a task of `spawn_blocking` runs it does not move
//! by itself. The check waits in such tasks for other threads, and moves the clock
//! itself:
//!
//! ```text
//! check    call a, b   wait: a runs   advance 300 ms   open a   wait: b runs   ...
//! thread               hash(a) ......................  done     hash(b) ......
//! ```
//!
//! A call to `uploads::hash` blocks until the check opens its gate. A right answer
//! therefore takes no time, on any machine. To observe that something does not happen,
//! the check waits for 10 ms and until all threads are asleep, several times.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::ops::RangeBounds;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::advance;

use super::Hasher;
use super::uploads::log::{self, Log};
use async_workbook::check::{self, Explain};
use async_workbook::text;

const MS: Duration = Duration::from_millis(1);

/// The real time without any progress after which nothing more is expected: shorter where
/// `check::all_asleep` knows whether a thread still has something to do.
const STALL_TIMEOUT: Duration =
    Duration::from_secs(if cfg!(target_os = "linux") { 1 } else { 2 });

/// The real time for which the check observes that something does not happen.
const OBSERVATION: Duration = Duration::from_millis(10);

/// More wakeups than there are in [`OBSERVATION`] if callers only wait.
const MANY: usize = 50;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("each upload gets its hash, or its error", right);
    exercise.check("the runtime thread is never blocked", free);
    exercise.check("as many calls as the limit allows run, never more", bounded);
    exercise.check("it gives up at the deadline, even while queued", punctual);
    exercise.check("a call counts until it ends, even without a caller", counted);
    exercise.check("any number of callers may wait", crowded);
    exercise.verdict()
}

const GAVE_UP: &str = "gave up at the deadline";
const DROPPED: &str = "were dropped";

const FAILURE_KEEPS_PERMIT: &str = "The last of them failed, and then no other one \
     started. What limits the calls, such as a permit, has to be released after a \
     failure, too.";
const CALLER_KEEPS_PERMIT: &str = "When both calls had ended, no other one had started \
     either. What limits the calls, such as a permit, was never released: code after an \
     `.await` does not run if the future is dropped there. Release it where the call \
     runs.";

type Hashing<'a> = Pin<Box<dyn Future<Output = Result<String>> + 'a>>;

/// A call to `Hasher::hash`, in a set of its own: a set polls only what was woken.
struct Caller<'a> {
    hashing: FuturesUnordered<Hashing<'a>>,
    result: Option<Result<String>>,
}

/// Polls the callers that were woken, while the check does something else.
struct Server<'a> {
    hasher: &'a Hasher,
    /// Has another limit. Hashers share nothing.
    other: &'a Hasher,
    callers: RefCell<Vec<Caller<'a>>>,
    wakeups: Cell<usize>,
    /// Polls no caller while it is set.
    paused: Cell<bool>,
}

impl<'a> Server<'a> {
    fn call(&self, upload: &str) {
        self.call_to(self.hasher, upload);
    }

    fn call_to(&self, hasher: &'a Hasher, upload: &str) {
        let hashing: Hashing = Box::pin(hasher.hash(upload.to_owned()));
        let hashing = FuturesUnordered::from_iter([hashing]);
        self.callers.borrow_mut().push(Caller { hashing, result: None });
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Infallible> {
        self.wakeups.set(self.wakeups.get() + 1);
        let mut callers = self.callers.borrow_mut();
        if !callers.is_empty() && !self.paused.get() {
            watched(|| {
                for Caller { hashing, result } in callers.iter_mut() {
                    if let Poll::Ready(done @ Some(_)) =
                        hashing.poll_next_unpin(context)
                    {
                        *result = done;
                    }
                }
            });
            let returned = callers.iter().filter(|caller| caller.result.is_some());
            log::with(|log| log.returned = returned.count());
        }
        Poll::Pending
    }

    /// Drops the callers in this range, which must not block either.
    fn abandon(&self, range: impl RangeBounds<usize>) {
        watched(|| drop(self.callers.borrow_mut().drain(range)));
    }

    fn has_returned(&self, caller: usize) -> bool {
        self.callers.borrow()[caller].result.is_some()
    }

    fn results(&self) -> Vec<Result<String>> {
        self.callers.take().into_iter().filter_map(|caller| caller.result).collect()
    }
}

/// Runs code of the learner, and logs that it is running, to find a blocked thread.
fn watched<T>(code: impl FnOnce() -> T) -> T {
    log::with(|log| (log.polls, log.polling) = (log.polls + 1, true));
    let value = code();
    log::with(|log| log.polling = false);
    value
}

/// Creates random uploads, large ones after the first, and runs `script`, which drives
/// their callers, with a new hasher.
async fn scene(
    limit: usize,
    uploads: usize,
    script: impl AsyncFnOnce(&Server, &[String]) -> Result<()>,
) -> Result<()> {
    let rng = check::rng();
    let mut uploads = rng.words(uploads);
    let large = |upload: &String| format!("{upload}\n").repeat(300);
    uploads.iter_mut().skip(1).for_each(|upload| *upload = large(upload));
    log::reset(format!(" ({})", rng.word()));
    let [hasher, other] = &[limit, limit.min(5) + 1].map(Hasher::new);
    let (callers, wakeups, paused) = Default::default();
    let server = Server { hasher, other, callers, wakeups, paused };
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
    let words = "`uploads::hash` was called on the runtime thread.";
    check::that(calls.iter().all(|call| !call.on_runtime), words)?;
    let words = "polling or dropping the future of `Hasher::hash` blocked the runtime \
                 thread until `uploads::hash` returned on another one.";
    check::that(calls.iter().all(|call| !call.gave_up), words)?;
    result
}

/// Waits until the log meets a condition, on a thread that may block.
async fn within(
    timeout: Duration,
    holds: impl Fn(&Log) -> bool + Send + 'static,
) -> bool {
    yield_now().await; // polls new callers
    let met = spawn_blocking(move || log::wait(timeout, holds)).await;
    // On a busy machine the wait may have ended before it was awaited. A task that a new
    // caller spawned has then not been polled, and would start its timers too late.
    yield_now().await;
    met.unwrap_or(false)
}

/// Returns the numbers of calls to `uploads::hash` that have started and ended.
fn calls() -> (usize, usize) {
    log::with(|log| (log.calls.len(), log.calls.len() - log.running()))
}

/// Waits until this many calls to `uploads::hash` have started.
async fn started(count: usize, when: &str) -> Result<()> {
    let enough = within(STALL_TIMEOUT, move |log| log.calls.len() >= count).await;
    let (started, ended) = calls();
    let words = format!(
        "{when}, {} had started and {ended} had returned, expected {count} to have \
         started.",
        text::count(started as u64, "`uploads::hash` call"),
    );
    check::that(enough, words)
}

/// Waits until this many calls to `Hasher::hash` have returned.
async fn returned(count: usize, when: &str) -> Result<()> {
    let enough = within(STALL_TIMEOUT, move |log| log.returned >= count).await;
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
    let same = match (&result, &expected) {
        (Err(error), Err(text)) => error.chain().any(|e| e.to_string() == *text),
        (Ok(got), Ok(hash)) => got == hash,
        _ => false,
    };
    let name = match upload.len() {
        0..=6 => format!("{upload:?}"),
        bytes => format!("an upload of {bytes} bytes"),
    };
    let got = result.map_err(|error| format!("{error:#}"));
    let words = format!("for {name}: got {got:?}, expected {expected:?}.");
    let cause = match (&got, &expected) {
        (Err(got), Err(text)) if got.contains(text) => {
            "The error of `uploads::hash` is only a part of another error's text. \
             Return the error itself; `context` may add to it."
        }
        _ => return check::that(same, words),
    };
    check::that(same, words).because([cause])
}

/// Explains that too few calls have returned, if more start or return when time passes.
async fn in_time(late: Result<()>) -> Result<()> {
    let progress = |log: &Log| (log.calls.len(), log.returned);
    let before = log::with(|log| progress(log));
    let more = move |log: &Log| progress(log) != before;
    if late.is_ok() || within(STALL_TIMEOUT / 8, more).await {
        return late;
    }
    advance(400 * MS).await;
    let moved = within(OBSERVATION, more).await;
    late.when(
        moved,
        "The others started or returned when the clock moved: something sleeps where \
         it should wait for a call to end.",
    )
}

async fn right() -> Result<()> {
    for (limit, count) in [(1, 5), (2, 150)] {
        let all = scene(limit, count, async |server, uploads| {
            // Failures must not use up the limit. Two equal uploads run together.
            let mut uploads = uploads.to_vec();
            (2..=4).for_each(|index| uploads[index].clear());
            uploads[1] = uploads[0].clone();
            uploads.iter().for_each(|upload| server.call(upload));
            let what =
                format!("after {count} calls, 3 of them with an empty upload");
            within(STALL_TIMEOUT / 8, move |log| log.calls.len() >= limit).await;
            log::with(|log| log.all_open = true);
            let all = in_time(returned(count, &what).await).await;
            let failures = log::with(|log| {
                log.calls.iter().filter(|call| call.upload.is_empty()).count()
            });
            // After each of two successes another one started, but not after a failure.
            let kept = (limit, failures, calls()) == (1, 1, (3, 3));
            all.when(kept, FAILURE_KEEPS_PERMIT)?;
            let mut results: Vec<_> = uploads.iter().zip(server.results()).collect();
            results.sort_by_key(|(upload, _)| upload.is_empty());
            results.into_iter().try_for_each(|(upload, r)| compare(upload, r))?;
            let (started, _) = calls();
            let on_runtime = log::with(|log| {
                log.calls.iter().filter(|call| call.on_runtime).count()
            });
            let words = "`uploads::hash` was called on the runtime thread for some of \
                         the uploads.";
            // If it was for all, the next check explains it.
            check::that(on_runtime == 0 || on_runtime == started, words)?;
            let words =
                format!("`uploads::hash` ran {started} times for {count} uploads.");
            check::that(started <= count, words)
        });
        all.await?;
    }
    Ok(())
}

async fn free() -> Result<()> {
    let result = scene(1, 1, async |server, uploads| {
        server.call(&uploads[0]);
        started(1, "after one call to `Hasher::hash`").await?;
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
    for limit in [2, 1, 5, 150] {
        let all = limit + limit.min(10) + 1;
        let result = scene(limit, 2 * all, async |server, uploads| {
            let (first, second) = uploads.split_at(all);
            let when = format!("with the limit {limit}");
            burst(server, limit, first, &when).await?;
            let when = format!("{when}, in a second burst");
            burst(server, limit, second, &when).await
        });
        unblocked(result.await)?;
    }
    let result = scene(1, 3, async |server, uploads| {
        server.call(&uploads[0]);
        started(1, "after one call to `Hasher::hash`").await?;
        uploads[1..].iter().for_each(|upload| server.call_to(server.other, upload));
        let when = "after one call to a `Hasher` with the limit 1, and two to another \
                    one with the limit 2";
        let cause = "Each `Hasher` has a limit of its own, but these share something, \
                     such as a `static`.";
        started(3, when).await.because([cause])
    });
    unblocked(result.await)?;
    let result = scene(1, 1, async |server, uploads| {
        server.call(&uploads[0]);
        started(1, "after one call to `Hasher::hash`").await?;
        server.call("");
        let both = within(OBSERVATION, |log| log.calls.len() > 1).await;
        let words = "with the limit 1, `uploads::hash` was called for an empty upload while \
                     another call was running. A call that fails counts, too.";
        check::that(!both, words)?;
        log::with(|log| log.all_open = true);
        returned(2, "after a call with an upload and one without").await
    });
    unblocked(result.await)
}

/// Calls with all uploads at once, and ends the calls to `uploads::hash`: the first few
/// one at a time.
async fn burst(
    server: &Server<'_>,
    limit: usize,
    uploads: &[String],
    when: &str,
) -> Result<()> {
    let ((before, _), all) = (calls(), uploads.len());
    log::with(|log| log.all_open = false);
    uploads.iter().for_each(|upload| server.call(upload));
    for ended in 0..all.min(11) {
        let what = format!("{when}, after {ended} of {all} calls");
        let started = started(before + all.min(limit + ended), &what).await;
        if ended < 2 {
            let wakeups = server.wakeups.get();
            if within(OBSERVATION, move |log| log.running() > limit).await {
                // Until the peak is the same in every run.
                within(STALL_TIMEOUT / 8, move |log| {
                    log.calls.len() == before + all
                })
                .await;
            }
            let words = "while nothing happened, `Hasher::hash` woke itself again \
                         and again, as a loop of `yield_now` does.";
            check::that(server.wakeups.get() - wakeups < MANY, words)?;
        }
        let peak = log::with(|log| log.peak);
        check::peak("calls to `uploads::hash`", peak, limit)?;
        started?;
        log::with(|log| {
            // Not the first: no other call may wait for that one.
            let running = log.calls.iter().rfind(|call| call.running);
            log.open.extend(running.map(|call| call.upload.clone()));
        });
        let what = format!("{when}, when {} of {all} had ended", ended + 1);
        returned(before + ended + 1, &what).await?;
    }
    log::with(|log| log.all_open = true);
    returned(before + all, "when all had ended").await
}

/// Two calls run one after the other, and a third one never gets its turn.
async fn punctual() -> Result<()> {
    let result = scene(1, 3, async |server, uploads| {
        advance(check::rng().delay()).await;
        uploads.iter().for_each(|upload| server.call(upload));
        started(1, "with the limit 1, after three calls to `Hasher::hash`").await?;
        advance(300 * MS).await;
        log::with(|log| log.open.insert(log.calls[0].upload.clone()));
        returned(1, "when the first `uploads::hash` had ended").await?;
        started(2, "when the first one had ended").await?;
        advance(199 * MS).await;
        let third = within(OBSERVATION, |log| log.calls.len() > 2).await;
        let words = "with the limit 1, the third call to `uploads::hash` started while the \
                     second was running.";
        check::that(!third, words)?;
        let words = "a call to `Hasher::hash` returned less than 500 ms after it was made, \
                     although its `uploads::hash` had not ended.";
        check::that(log::with(|log| log.returned == 1), words)?;
        advance(2 * MS).await;
        if let late @ Err(_) = returned(3, "501 ms after three calls").await {
            let before = log::with(|log| log.returned);
            let more = move |log: &Log| log.returned > before;
            let second = log::with(|log| log.calls[1].upload.clone());
            let second = uploads.iter().position(|upload| *upload == second);
            let queued = second.is_some_and(|second| server.has_returned(second));
            advance(298 * MS).await;
            let soon = within(OBSERVATION, more).await;
            advance(2 * MS).await;
            let words = match within(OBSERVATION, more).await {
                _ if soon => "The next one returned later, but within 298 ms.",
                true if queued => {
                    "The queued one returned 501 ms after the first `uploads::hash` \
                     had ended: its deadline started again."
                }
                true => {
                    "The next one returned 501 ms after its `uploads::hash` had \
                     started: the deadline covers the time in the queue, too."
                }
                false => "300 ms later there was no change.",
            };
            return late.because([words]);
        }
        let early = within(OBSERVATION, |log| log.calls.len() > 2).await;
        log::with(|log| log.all_open = true);
        within(STALL_TIMEOUT, |log| log.running() == 0).await;
        let third = within(OBSERVATION, |log| log.calls.len() > 2).await;
        let words = "a call to `uploads::hash` started at the deadline or later, for a \
                     caller that gave up while queued.";
        let why = "The call before it was still running. Its caller had given up, and \
                   released a permit, or what else limits the calls: keep it until \
                   `uploads::hash` returns.";
        check::that(!third, words).when(early, why)?;
        let results = server.results();
        let failed = results.iter().filter(|result| result.is_err()).count();
        let words = format!("{failed} of three calls failed, expected 2.");
        check::that(failed == 2, words)
    });
    unblocked(result.await)
}

async fn counted() -> Result<()> {
    for how in [GAVE_UP, DROPPED] {
        let result = scene(2, 4, async |server, uploads| {
            uploads[..3].iter().for_each(|upload| server.call(upload));
            started(2, "with the limit 2, after three calls to `Hasher::hash`")
                .await?;
            advance(499 * MS).await;
            within(OBSERVATION, |log| log.peak > 2).await;
            let peak = log::with(|log| log.peak);
            check::peak("calls to `uploads::hash`", peak, 2)?;
            if how == GAVE_UP {
                advance(2 * MS).await;
                returned(3, "501 ms after three calls").await?;
            }
            server.abandon(..);
            advance(Duration::from_secs(60)).await;
            server.call(&uploads[3]);
            let more = within(OBSERVATION, |log| log.running() > 2).await;
            let words = format!(
                "more than 2 calls to `uploads::hash` are running. The callers of \
                 the first two {how}, but that does not end a call on another thread."
            );
            check::that(!more, words)?;
            log::with(|log| log.open.insert(log.calls[0].upload.clone()));
            let next = started(3, "when a call without a caller had ended").await;
            if next.is_err() {
                log::with(|log| log.open.insert(log.calls[1].upload.clone()));
            }
            let none = next.is_err()
                && !within(STALL_TIMEOUT, |log| log.calls.len() > 2).await;
            next.when(none, CALLER_KEEPS_PERMIT)?;
            let next = log::with(|log| log.calls[2].upload.clone());
            let words = format!(
                "the next call to `uploads::hash` was for one of the queued uploads, whose \
                 callers {how}."
            );
            check::that(!uploads[..3].contains(&next), words)?;
            log::with(|log| log.all_open = true);
            returned(1, "when all calls had ended").await?;
            // A hasher may remember a hash, but not that a caller gave up.
            server.call(&uploads[2]);
            returned(2, "after a second call for a queued upload").await?;
            let words = format!("All earlier callers, one with this upload, {how}.");
            let mut results = uploads.iter().rev().zip(server.results());
            results.try_for_each(|(upload, result)| {
                compare(upload, result).when(*upload == uploads[2], &words)
            })
        });
        unblocked(result.await)?;
    }
    handed_over().await
}

/// Drops a queued caller after its turn has come, before it can notice that.
async fn handed_over() -> Result<()> {
    let result = scene(1, 3, async |server, uploads| {
        uploads.iter().for_each(|upload| server.call(upload));
        started(1, "with the limit 1, after three calls to `Hasher::hash`").await?;
        server.paused.set(true);
        log::with(|log| log.open.insert(log.calls[0].upload.clone()));
        within(STALL_TIMEOUT, |log| !log.calls[0].running).await;
        within(OBSERVATION, |_| false).await;
        server.abandon(1..2);
        server.paused.set(false);
        log::with(|log| log.all_open = true);
        let last = uploads[2].clone();
        let next = move |log: &Log| log.calls.iter().any(|call| call.upload == last);
        let words = "with the limit 1, the second of three callers was dropped just after \
                     the first call to `uploads::hash` had ended. The call for the \
                     third one never started.";
        check::that(within(STALL_TIMEOUT, next).await, words)
    });
    unblocked(result.await)
}

/// Comes last: its callers are many, and an answer may still call for them later.
async fn crowded() -> Result<()> {
    let result = scene(1, 1, async |server, uploads| {
        server.call(&uploads[0]);
        started(1, "after one call to `Hasher::hash`").await?;
        let crowd = 1050 + check::rng().number(100);
        (0..crowd).for_each(|_| server.call(&uploads[0]));
        for _ in 0..3 {
            yield_now().await;
        }
        let returned = log::with(|log| log.returned);
        server.abandon(1..);
        let words = format!(
            "with the limit 1, {returned} of {crowd} calls to `Hasher::hash` returned \
             while an earlier one was running. Any number may wait."
        );
        check::that(returned == 0, words)
    });
    unblocked(result.await)
}
