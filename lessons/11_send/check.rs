//! The check of exercise 11.
//!
//! A program that does not compile cannot be checked, so the starter compiles, and the
//! check finds out whether a future is `Send`. Of two methods `is_send`, the compiler
//! prefers the inherent one, which exists only for `Send` types, to that of the trait.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use super::service::{Text, log};
use super::{List, fetch_all, index, publish, remind, reserve, subscribe};
use async_workbook::check::{self, Call, Calls, Explain, Run, timetable};
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

// One of the two methods is unused if all futures are `Send`, or if none is.
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
             the reason. Change it back to see the other checks."
        );
        check::that(Candidate(&$name($($argument),*)).is_send(), words)?
    }};
}

/// The number of calls at once.
const MANY: usize = 70;

/// A call of the service: the function, and its argument.
type Called = (&'static str, String);

/// The results of several calls of a function, and the calls of the service.
struct Outcome<T> {
    what: String,
    outputs: Vec<T>,
    /// Of each call: when it returned, and how many calls of the service had ended.
    returned: Vec<(u64, usize)>,
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
) -> Result<Outcome<F::Output>> {
    let count = text::count(arguments.len() as u64, "call");
    let what = format!("{count} of `{function}`");
    log::change(|log| {
        log.called.clear();
        log.ended.clear();
        (log.copies, log.parsed) = (0, 0);
    });
    let changes = log::changes();
    let all = async {
        let start = Instant::now();
        let timed = async |future: F| {
            let output = future.await;
            (output, (start.elapsed().as_millis() as u64, log::ended()))
        };
        join_all(arguments.into_iter().map(call).map(timed)).await
    };
    let (outputs, run) = check::run(&what, all).await.split();
    run.never_blocked()?;
    let words = format!("{what}: a panic was caught, expected none.");
    check::that(!check::panicked(), words)?;
    // Lets tasks end that were left running.
    sleep(Duration::from_secs(1)).await;
    let log = log::snapshot();
    let words = format!(
        "{what}: the code changed the log in `service.rs`, which is the check's."
    );
    check::that(log::changes() == changes, words)?;
    let (outputs, returned) = outputs.into_iter().unzip();
    Ok(Outcome { what, outputs, returned, calls: run.calls(Some), run, log })
}

/// Names a call of the service.
fn name((function, argument): &Called) -> String {
    format!("`{function}` with {argument:?}")
}

impl<T: Debug + PartialEq> Outcome<T> {
    /// Checks what each of the calls returned, and which functions of the service it
    /// called.
    fn did(&self, outputs: &[T], called: &[Vec<Called>]) -> Result<()> {
        let Self { what, run, log, .. } = self;
        let called = called.concat();
        let missing = check::without(&called, &log.called);
        let extra = check::without(&log.called, &called);
        let right = missing.is_empty() && extra.is_empty();
        let first = |calls: &[&Called]| {
            calls.first().map_or("none".to_owned(), |call| name(call))
        };
        let wrong = format!(
            "wrong calls of the service. Missing: {}; not expected: {}.",
            first(&missing),
            first(&extra)
        );
        for (number, (got, expected)) in (1..).zip(self.outputs.iter().zip(outputs))
        {
            let words = format!(
                "{what}: number {number} returned {got:?}, expected {expected:?}."
            );
            check::that(got == expected, words)
                .when(!right, text::capitalize(&wrong))?;
        }
        check::that(right, format!("{what}: {wrong}"))?;
        let most = 10 + 3 * called.len() as u64;
        run.few_wakeups(most, &format!("{} calls of the service", called.len()))
    }

    /// Checks that each call awaited its calls of the service.
    fn awaited(&self, called: &[Vec<Called>]) -> Result<()> {
        for (number, ((_, ended), called)) in
            (1..).zip(self.returned.iter().zip(called))
        {
            let missing = check::without(called, &self.log.ended[..*ended]);
            let first = missing.first().map(|call| name(call)).unwrap_or_default();
            let words = format!(
                "{}: number {number} returned before {first} had ended.",
                self.what
            );
            self.run.that(missing.is_empty(), words)?;
        }
        Ok(())
    }

    /// Checks that each call awaited its calls of the service, and nothing else.
    fn concurrent(&self, called: &[Vec<Called>]) -> Result<()> {
        self.awaited(called)?;
        let Self { what, run, calls, log, .. } = self;
        let longest = |called: &[Called]| {
            called.iter().map(|(_, argument)| log.time(argument)).max().unwrap_or(0)
        };
        let took = run.took.as_millis() as u64;
        let expected = longest(&log.called);
        let words = format!(
            "{what} took {}, expected {}, the time of the longest call of the service.",
            text::millis(took),
            text::millis(expected)
        );
        let in_turn = "The calls of the service ran one after another: what does each of \
                       them hold, or await, that keeps the next one from starting?";
        run.that(took == expected, words)
            .because(calls.started_late())
            .when(calls.one_after_another(), in_turn)
            .because(calls.slept_after(run.took))?;
        for (number, ((end, _), called)) in
            (1..).zip(self.returned.iter().zip(called))
        {
            let expected = longest(called);
            let words = format!(
                "{what}: number {number} returned after {}, expected {}, the time of its \
                 longest call of the service.",
                text::millis(*end),
                text::millis(expected)
            );
            run.that(*end == expected, words)?;
        }
        Ok(())
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

/// Sets a random time of the service for each of the arguments.
fn set_random_times<'a>(arguments: impl IntoIterator<Item = &'a String>) {
    let rng = check::rng();
    let time = |argument: &String| {
        (argument.clone(), u64::from(rng.between(30..=190).unsigned_abs()))
    };
    let times = arguments.into_iter().map(time).collect();
    log::change(|log| *log = log::Log { times, ..log::Log::default() });
}

/// Makes one call of the service take 20 minutes.
fn delay(argument: &str) {
    log::change(|log| {
        log.times.insert(argument.to_owned(), 1_200_000);
    });
}

/// Sets a random size of each page.
fn set_random_sizes(urls: &[String]) {
    let sizes = check::rng().distinct(urls.len(), 1000..=9999);
    let sizes = sizes.iter().map(|size| size.unsigned_abs() as usize);
    log::change(|log| log.sizes = urls.iter().cloned().zip(sizes).collect());
}

fn sizes(urls: &[String]) -> Vec<usize> {
    let sizes = log::snapshot().sizes;
    urls.iter().map(|url| sizes[url]).collect()
}

fn texts(words: &[String]) -> Vec<Text> {
    words.iter().map(|word| Text::new(word)).collect()
}

fn called(function: &'static str, arguments: &[String]) -> Vec<Called> {
    arguments.iter().map(|argument| (function, argument.clone())).collect()
}

/// Returns the expected calls of the service, one for each call of a function.
fn each(function: &'static str, arguments: &[String]) -> Vec<Vec<Called>> {
    called(function, arguments).into_iter().map(|call| vec![call]).collect()
}

/// Subscribes addresses.
async fn subscribed(
    list: &Arc<List>,
    addresses: &[String],
) -> Result<Outcome<usize>> {
    let call = |address| subscribe(Arc::clone(list), address);
    watch("subscribe", texts(addresses), call).await
}

async fn subscribes() -> Result<()> {
    spawns!(subscribe(Arc::default(), Text::new("")));
    for count in [MANY, 3] {
        set_random_times(&Vec::from_iter(
            (1..=count).map(|number| number.to_string()),
        ));
        if count == 3 {
            delay("2");
        }
        let addresses = check::rng().words(count);
        let mut outcome = subscribed(&Arc::default(), &addresses).await?;
        let numbers: Vec<_> = outcome.outputs.iter().map(usize::to_string).collect();
        let called = each("welcome", &numbers);
        // Any order is right.
        outcome.outputs.sort();
        let same = outcome.outputs.windows(2).find(|pair| pair[0] == pair[1]);
        let same = same.map(|pair| format!("Several of them returned {}.", pair[0]));
        outcome.did(&Vec::from_iter(1..=count), &called).because(same)?;
        outcome.concurrent(&called)?;
        outcome.spent(0, 0)?;
    }
    Ok(())
}

/// The result of `remind` or `subscribe`.
#[derive(Debug, PartialEq)]
enum Returned {
    Reminded(bool),
    Subscribed(usize),
}

async fn reminds() -> Result<()> {
    spawns!(remind(Arc::default(), 1));
    let mut addresses = check::rng().words(MANY);
    let numbers = (1..=MANY).map(|number| number.to_string());
    set_random_times(&Vec::from_iter(addresses.iter().cloned().chain(numbers)));
    let list = Arc::default();
    let mut numbers = subscribed(&list, &addresses).await?.outputs;
    // Two of them twice.
    numbers.extend_from_within(..2);
    addresses.extend_from_within(..2);
    let mails = numbers.len();
    let first = numbers[0];
    numbers.extend([0, MANY + 1, usize::MAX]);
    let call = |number| remind(Arc::clone(&list), number);
    let outcome = watch("remind", numbers, call).await?;
    let known = [vec![true; mails], vec![false; 3]].concat();
    let called = [each("send", &addresses), vec![vec![]; 3]].concat();
    outcome.did(&known, &called)?;
    outcome.concurrent(&called)?;
    outcome.spent(mails, 0)?;

    // A slow mail does not delay a subscriber, nor the reverse.
    delay(&addresses[0]);
    let call = async |address| match address {
        None => Returned::Reminded(remind(Arc::clone(&list), first).await),
        Some(address) => {
            Returned::Subscribed(subscribe(Arc::clone(&list), address).await)
        }
    };
    let arguments = vec![None, Some(Text::new("")), None];
    let outcome = watch("remind` and `subscribe", arguments, call).await?;
    let sent = ("send", addresses[0].clone());
    let welcomed = ("welcome", (MANY + 1).to_string());
    let called = [sent.clone(), welcomed, sent].map(|call| vec![call]);
    let outputs = [
        Returned::Reminded(true),
        Returned::Subscribed(MANY + 1),
        Returned::Reminded(true),
    ];
    outcome.did(&outputs, &called)?;
    outcome.concurrent(&called)
}

async fn publishes() -> Result<()> {
    spawns!(publish(Text::new(""), Vec::new()));
    let rng = check::rng();
    let issues = rng.words(2);
    for count in [5, MANY, 1, 0] {
        let mut hosts = rng.words(count);
        let to = |issue, hosts: &[String]| {
            hosts.iter().map(|host| format!("{issue} to {host}")).collect::<Vec<_>>()
        };
        set_random_times(&[to(&issues[0], &hosts), to(&issues[1], &hosts)].concat());
        if count == MANY {
            delay(&to(&issues[0], &hosts)[0]);
            // Two of them twice.
            hosts.extend_from_within(..2);
        }
        let uploads = |issue| called("upload", &to(issue, &hosts));
        let called: Vec<_> = issues.iter().map(uploads).collect();
        let call = |issue| publish(issue, hosts.clone());
        let outcome = watch("publish", texts(&issues), call).await?;
        outcome.did(&[(), ()], &called)?;
        outcome.concurrent(&called)?;
        outcome.spent(0, 0)?;
    }
    Ok(())
}

async fn reserves() -> Result<()> {
    spawns!(reserve(String::new()));
    let rng = check::rng();
    let seats = rng.distinct(MANY, 1..=500).into_iter().map(|seat| seat.to_string());
    let mut seats: Vec<_> =
        seats.chain(rng.words(4)).chain([String::new()]).collect();
    rng.shuffle(&mut seats);
    let mark = format!(" ({})", rng.word());
    let call = |seat: &String| match seat.parse::<usize>() {
        Ok(_) => ("book", seat.clone()),
        Err(error) => ("report", format!("{seat}: {error}{mark}")),
    };
    // At the second time, one of them takes long.
    for seats in [&seats[..], &seats[..2]] {
        let called: Vec<_> = seats.iter().map(|seat| vec![call(seat)]).collect();
        set_random_times(called.iter().map(|called| &called[0].1));
        log::change(|log| log.mark = mark.clone());
        if seats.len() == 2 {
            delay(&called[0][0].1);
        }
        let booked: Vec<_> =
            called.iter().map(|called| called[0].0 == "book").collect();
        let outcome = watch("reserve", seats.to_vec(), reserve).await?;
        outcome.did(&booked, &called)?;
        outcome.concurrent(&called)?;
        outcome.spent(0, called.len())?;
    }
    Ok(())
}

async fn fetches() -> Result<()> {
    spawns!(fetch_all(Vec::new()));
    let urls = check::rng().words(40);
    // Two of them twice; then some of them again.
    let long = [&urls[..], &urls[..2]].concat();
    let (five, eight) = (&urls[..5], &urls[5..13]);
    for lists in [&[&long[..]][..], &[&urls[..3]], &[&[]], &[five, eight]] {
        set_random_times(&urls);
        set_random_sizes(&urls);
        if lists.len() == 2 {
            delay(&five[1]);
        }
        let arguments = lists.iter().map(|urls| texts(urls)).collect();
        let outcome = watch("fetch_all", arguments, fetch_all).await?;
        let outputs: Vec<_> = lists.iter().map(|urls| sizes(urls)).collect();
        for (got, expected) in outcome.outputs.iter().zip(&outputs) {
            check::in_order(got, expected)?;
        }
        let fetched: Vec<_> =
            lists.iter().map(|urls| called("fetch", urls)).collect();
        outcome.did(&outputs, &fetched)?;
        outcome.awaited(&fetched)?;
        for (number, urls) in (1..).zip(lists) {
            outcome.four_at_a_time(number, urls)?;
        }
        outcome.spent(0, 0)?;
    }
    Ok(())
}

impl Outcome<Vec<usize>> {
    /// Checks that a call to `fetch_all` fetched four pages at a time, in any order.
    fn four_at_a_time(&self, number: usize, urls: &[String]) -> Result<()> {
        let Self { what, run, calls, log, .. } = self;
        let url = |call: &Call| call.name.trim_start_matches("fetch ").to_owned();
        let own = calls.iter().filter(|call| urls.contains(&url(call)));
        let own: Calls = own.cloned().collect();
        let fetches = format!("fetches in call {number} of {what}");
        run.pictured(check::peak(&fetches, own.peak(), urls.len().min(4))).when(
            own.peak() < 4 && calls.peak() == 4,
            "The calls share one limit. Each call has its own four.",
        )?;
        let times: Vec<_> =
            own.iter().map(|call| log.time(&url(call)) as u32).collect();
        let starts: Vec<_> = own.iter().map(|call| call.start as u32).collect();
        let soonest = timetable::limited(4, &times);
        let right = starts == soonest || starts == timetable::buffered(4, &times);
        let late =
            own.iter().zip(soonest).find(|(call, at)| call.start > (*at).into());
        let words = late.map(|(call, at)| {
            format!(
                "{what}: `{}` started at {} ms, expected {at} ms: the next fetch starts \
                 as soon as it may.",
                call.name, call.start
            )
        });
        let batches = "It fetches in batches, which wait for the slowest of four.";
        run.that(right, words.unwrap_or_default())
            .when(starts == timetable::batches(4, &times), batches)?;
        let (end, last) = (self.returned[number - 1].0, own.last_end());
        let words = format!(
            "{what}: number {number} returned after {end} ms, but its last fetch ended \
             at {last} ms."
        );
        run.that(end == last, words)
    }
}

async fn indexes() -> Result<()> {
    spawns!(index(String::new()));
    let rng = check::rng();
    let (mut titles, urls) = (rng.words(3), rng.words(6 + MANY));
    // One page has only a title, and one has two links twice and an empty title.
    titles[2].clear();
    let links = [&urls[..6], &[], &[&urls[6..], &urls[6..8]].concat()];
    // The same pages again, and one link takes long.
    for again in [false, true] {
        set_random_times(&urls);
        set_random_sizes(&urls);
        if again {
            delay(&urls[6]);
        }
        let page = |(title, links): (&String, &&[String])| {
            let html = [&[title.clone()], *links].concat().join(" ");
            (html, format!("{title}: {}", sizes(links).iter().sum::<usize>()))
        };
        let (pages, outputs): (Vec<_>, Vec<_>) =
            titles.iter().zip(&links).map(page).unzip();
        let called: Vec<_> =
            links.iter().map(|links| called("fetch", links)).collect();
        let outcome = watch("index", pages, index).await?;
        outcome.did(&outputs, &called)?;
        outcome.concurrent(&called)?;
        outcome.spent(0, titles.len())?;
    }
    Ok(())
}
