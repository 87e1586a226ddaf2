//! The check of exercise 11.
//!
//! What does not compile cannot be checked, so the starter compiles, and the check
//! asks the compiler whether a future is `Send`: of two methods of the same name, it
//! prefers the one that exists only for `Send` types.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use tokio::time::sleep;

use super::service::{Text, log};
use super::{List, fetch_all, index, publish, remind, reserve, subscribe};
use async_workbook::check::{self, Calls, Explain, Run, timetable};
use async_workbook::text;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise
        .check("`subscribe` spawns, and no caller waits for another", subscribes);
    exercise.check("`remind` spawns, and copies only one address", reminds);
    exercise.check("`publish` spawns, and copies nothing", publishes);
    exercise.check("`reserve` spawns, and parses only once", reserves);
    exercise.check("`fetch_all` spawns, and copies nothing", fetches);
    exercise.check("`index` spawns, and parses only once", indexes);
    exercise.verdict()
}

// Which of the two methods is unused depends on the answer.
#[allow(dead_code)]
struct Candidate<'a, F>(&'a F);

#[allow(dead_code)]
trait NotSend {
    fn is_send(&self) -> bool {
        false
    }
}

impl<F> NotSend for Candidate<'_, F> {}

#[allow(dead_code)]
impl<F: Send> Candidate<'_, F> {
    fn is_send(&self) -> bool {
        true
    }
}

/// Checks that the future of a call is `Send`. In a generic function, no `F` would be
/// known to be `Send`.
macro_rules! spawns {
    ($name:ident($($argument:expr),*)) => {{
        let name = stringify!($name);
        let words = format!(
            "the future of `{name}` is not `Send`, so `spawn` does not accept it.\n\
             In `main`, write `task::spawn({name}(..))` in place of \
             `task::spawn_local({name}(..))`, and check again: the compiler then reports \
             the reason."
        );
        check::that(Candidate(&$name($($argument),*)).is_send(), words)?
    }};
}

/// The number of calls at once.
const MANY: usize = 40;

/// A call of the service: the function, and its argument.
type Called = (&'static str, String);

/// What several calls of a function did.
struct Seen<T> {
    what: String,
    outputs: Vec<T>,
    run: Run<()>,
    /// The calls of the service.
    calls: Calls,
    log: log::Log,
}

/// Calls a function with each of the arguments at the same time.
async fn watch<A, F: Future>(
    function: &str,
    arguments: Vec<A>,
    call: impl Fn(A) -> F,
) -> Result<Seen<F::Output>> {
    let count = text::count(arguments.len() as u64, "call");
    let what = format!("{count} of `{function}`");
    log::with(|log| {
        log.called.clear();
        (log.copies, log.parsed) = (0, 0);
    });
    let all = async { join_all(arguments.into_iter().map(call)).await };
    let (outputs, run) = check::run(&what, all).await.split();
    run.never_blocked()?;
    // Lets tasks end that were left running.
    sleep(Duration::from_secs(1)).await;
    let log = log::with(|log| log.clone());
    let called = log.called.len();
    let most = 10 + 3 * called as u64;
    run.few_wakeups(most, &format!("{called} calls of the service"))?;
    Ok(Seen { what, outputs, calls: run.calls(Some), run, log })
}

impl<T: Debug + PartialEq> Seen<T> {
    /// Checks what the calls returned, and which functions of the service they called.
    fn did(&self, outputs: &[T], called: &[Called]) -> Result<()> {
        let Self { what, .. } = self;
        for (number, (got, expected)) in (1..).zip(self.outputs.iter().zip(outputs))
        {
            let words = format!(
                "{what}: number {number} returned {got:?}, expected {expected:?}."
            );
            check::that(got == expected, words)?;
        }
        let missing = check::without(called, &self.log.called);
        let extra = check::without(&self.log.called, called);
        let right = missing.is_empty() && extra.is_empty();
        let first = |calls: &[&Called]| match calls.first() {
            None => "none".to_owned(),
            Some((name, argument)) => format!("`{name}` with {argument:?}"),
        };
        let words = format!(
            "{what}: wrong calls of the service. Missing: {}; not expected: {}.",
            first(&missing),
            first(&extra)
        );
        check::that(right, words)
    }

    /// Checks that no call waits for another one.
    fn concurrent(&self) -> Result<()> {
        let Self { what, run, calls, outputs, log, .. } = self;
        let (took, peak) = (run.took.as_millis(), calls.peak());
        let longest =
            log.called.iter().map(|(_, argument)| log.time(argument)).max();
        let longest = u128::from(longest.unwrap_or(0));
        let words = format!(
            "{what} took {took} ms, expected {longest} ms, the time of the longest call \
             of the service."
        );
        let in_turn = "The calls of the service ran one after another: what does each of \
                       them hold, or await, that keeps the next one from starting?";
        let never = format!(
            "Never more than {peak} calls of the service were in flight: one for each of \
             the {what}."
        );
        let (late, early) =
            (took > longest, "It returned before they had ended: await them.");
        let one_each = peak == outputs.len() && calls.len() > peak && peak > 1;
        run.that(took == longest, words)
            .when(took < longest, early)
            .when(late && calls.one_after_another(), in_turn)
            .when(late && one_each, never)
            .because(calls.slept_after(run.took))
    }

    /// Checks the numbers of copies, and of calls that parse.
    fn spent(&self, most_copies: usize, parsed: usize) -> Result<()> {
        let (what, log) = (&self.what, &self.log);
        let expected = match most_copies {
            0 => "none".to_owned(),
            most => format!("at most {most}"),
        };
        let words = format!(
            "{what} made {} copies of a `Text`, expected {expected}.",
            log.copies
        );
        check::that(log.copies <= most_copies, words)?;
        let words =
            format!("{what} parsed {} times, expected {parsed} times.", log.parsed);
        check::that(log.parsed == parsed, words)
    }
}

/// Draws how long the service takes for each of the arguments.
fn draw_times<'a>(arguments: impl IntoIterator<Item = &'a String>) {
    let draw = check::draw();
    let time = |argument: &String| {
        (argument.clone(), u64::from(draw.between(30..=190).unsigned_abs()))
    };
    let times = arguments.into_iter().map(time).collect();
    log::with(|log| *log = log::Log { times, ..log::Log::default() });
}

/// Draws the size of each page.
fn draw_sizes(urls: &[String]) -> Vec<usize> {
    let sizes = check::draw().distinct(urls.len(), 1000..=9999);
    let sizes: Vec<_> =
        sizes.iter().map(|size| size.unsigned_abs() as usize).collect();
    log::with(|log| log.sizes = urls.iter().cloned().zip(sizes.clone()).collect());
    sizes
}

fn texts(words: &[String]) -> Vec<Text> {
    words.iter().map(|word| Text::new(word)).collect()
}

fn called(function: &'static str, arguments: &[String]) -> Vec<Called> {
    arguments.iter().map(|argument| (function, argument.clone())).collect()
}

/// Subscribes addresses.
async fn subscribed(list: &Arc<List>, addresses: &[String]) -> Result<Seen<usize>> {
    let call = |address| subscribe(Arc::clone(list), address);
    watch("subscribe", texts(addresses), call).await
}

async fn subscribes() -> Result<()> {
    spawns!(subscribe(Arc::default(), Text::new("")));
    for count in [MANY, 3] {
        let numbers: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
        draw_times(&numbers);
        let addresses = check::draw().words(count);
        let mut seen = subscribed(&Arc::default(), &addresses).await?;
        // Any order will do.
        seen.outputs.sort();
        seen.did(&Vec::from_iter(1..=count), &called("welcome", &numbers))?;
        seen.concurrent()?;
        seen.spent(0, 0)?;
    }
    Ok(())
}

async fn reminds() -> Result<()> {
    spawns!(remind(Arc::default(), 1));
    let mut addresses = check::draw().words(MANY);
    draw_times(&addresses);
    let list = Arc::default();
    let mut numbers = subscribed(&list, &addresses).await?.outputs;
    // Two of them twice.
    numbers.extend_from_within(..2);
    addresses.extend_from_within(..2);
    let mails = numbers.len();
    numbers.extend([0, MANY + 1, usize::MAX]);
    let call = |number| remind(Arc::clone(&list), number);
    let seen = watch("remind", numbers, call).await?;
    let known = [vec![true; mails], vec![false; 3]].concat();
    seen.did(&known, &called("send", &addresses))?;
    seen.concurrent()?;
    seen.spent(mails, 0)
}

async fn publishes() -> Result<()> {
    spawns!(publish(Text::new(""), Vec::new()));
    let draw = check::draw();
    let (issues, hosts) = (draw.words(2), draw.words(5));
    let to = |issue| hosts.iter().map(move |host| format!("{issue} to {host}"));
    let uploads: Vec<_> = issues.iter().flat_map(to).collect();
    draw_times(&uploads);
    let call = |issue| publish(issue, hosts.clone());
    let seen = watch("publish", texts(&issues), call).await?;
    seen.did(&[(), ()], &called("upload", &uploads))?;
    seen.concurrent()?;
    seen.spent(0, 0)
}

async fn reserves() -> Result<()> {
    spawns!(reserve(String::new()));
    let draw = check::draw();
    let seats = draw.distinct(8, 1..=500).into_iter().map(|seat| seat.to_string());
    let mut seats: Vec<_> =
        seats.chain(draw.words(4)).chain([String::new()]).collect();
    draw.shuffle(&mut seats);
    let mark = format!(" ({})", draw.word());
    let call = |seat: &String| match seat.parse::<usize>() {
        Ok(_) => ("book", seat.clone()),
        Err(error) => ("report", format!("{seat}: {error}{mark}")),
    };
    let called: Vec<_> = seats.iter().map(call).collect();
    draw_times(called.iter().map(|(_, argument)| argument));
    log::with(|log| log.mark = mark.clone());
    let booked: Vec<_> = called.iter().map(|(name, _)| *name == "book").collect();
    let seen = watch("reserve", seats, reserve).await?;
    seen.did(&booked, &called)?;
    seen.concurrent()?;
    seen.spent(0, called.len())
}

async fn fetches() -> Result<()> {
    spawns!(fetch_all(Vec::new()));
    for count in [MANY, 3, 0] {
        let urls = check::draw().words(count);
        draw_times(&urls);
        let sizes = draw_sizes(&urls);
        let seen = watch("fetch_all", vec![texts(&urls)], fetch_all).await?;
        let Seen { what, outputs, run, calls, log, .. } = &seen;
        check::in_order(&outputs[0], &sizes)?;
        seen.did(&[sizes], &called("fetch", &urls))?;
        run.pictured(check::peak("fetches", calls.peak(), count.min(4)))?;
        let times: Vec<_> = urls.iter().map(|url| log.time(url) as u32).collect();
        let end = |starts: fn(usize, &[u32]) -> Vec<u32>| {
            let starts = starts(4, &times);
            let ends = starts.iter().zip(&times).map(|(start, time)| start + time);
            u128::from(ends.max().unwrap_or(0))
        };
        let ends = [timetable::buffered, timetable::limited].map(end);
        let took = run.took.as_millis();
        let words = format!(
            "{what} took {took} ms, expected {} ms: the next fetch starts as soon as it may.",
            ends[0]
        );
        let batches = "It fetches in batches, which wait for the slowest of four.";
        run.that(ends.contains(&took), words)
            .when(took == end(timetable::batches), batches)?;
        seen.spent(0, 0)?;
    }
    Ok(())
}

async fn indexes() -> Result<()> {
    spawns!(index(String::new()));
    let draw = check::draw();
    let (titles, urls) = (draw.words(3), draw.words(18));
    draw_times(&urls);
    let sizes = draw_sizes(&urls);
    let pages = titles.iter().zip(urls.chunks(6)).zip(sizes.chunks(6));
    let page = |((title, urls), sizes): ((&String, &[String]), &[usize])| {
        let sum = sizes.iter().sum::<usize>();
        (format!("{title} {}", urls.join(" ")), format!("{title}: {sum}"))
    };
    let (pages, outputs): (Vec<_>, Vec<_>) = pages.map(page).unzip();
    let seen = watch("index", pages, index).await?;
    seen.did(&outputs, &called("fetch", &urls))?;
    seen.concurrent()?;
    seen.spent(0, titles.len())
}
