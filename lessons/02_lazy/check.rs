//! The check of exercise 02.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::site::{Content, Site};
use super::{Page, home_page};
use async_workbook::check::{self, Call, Calls, Explain, Run};
use async_workbook::text::millis;

/// The requests, in the order of [`Content::millis`].
const REQUESTS: [&str; 5] = ["user", "orders", "messages", "news", "weather"];

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the page belongs to the logged-in user", right);
    exercise.check("each request is sent once", once);
    exercise.check("orders and messages wait for the user", not_too_early);
    exercise.check("no request waits for something it does not need", not_too_late);
    exercise.verdict()
}

/// The texts of the right page, in the order of [`REQUESTS`].
fn expected(content: &Content) -> [String; 5] {
    let Content { user, orders, messages, news, degrees, .. } = content;
    [
        user.clone(),
        format!("{orders} orders of {user}"),
        format!("{messages} messages to {user}"),
        news.clone(),
        format!("{degrees} degrees"),
    ]
}

async fn right() -> Result<()> {
    let rng = check::rng();
    let words = rng.words(8);
    let counts = rng.distinct(8, 4..=99);
    // None of a site as it is documented.
    let degrees = rng.distinct(4, -9..=23);
    let contents = [0, 1, 2, 3].map(|n| Content {
        news: format!("a new {}", words[2 * n + 1]),
        orders: counts[2 * n].unsigned_abs(),
        messages: counts[2 * n + 1].unsigned_abs(),
        degrees: degrees[n],
        ..Content::of(&words[2 * n])
    });
    let sites = contents.clone().map(Site::with);
    let mut pages = vec![home_page(&sites[0]).await, home_page(&sites[1]).await];
    // The last two at the same time.
    let (third, fourth) = tokio::join!(home_page(&sites[2]), home_page(&sites[3]));
    pages.extend([third, fourth]);
    for (n, page) in pages.into_iter().enumerate() {
        let others = [&contents[..n], &contents[n + 1..]].concat();
        right_page(page?, &sites[n], &contents[n], &others)?;
    }
    Ok(())
}

/// Checks the texts of a page. `others` are the contents of other sites.
fn right_page(
    page: Page,
    site: &Site,
    content: &Content,
    others: &[Content],
) -> Result<()> {
    let Page { user, orders, messages, news, weather } = page;
    let got = [user, orders, messages, news, weather];
    let expected_texts = expected(content);
    let Some(wrong) = (0..5).find(|&one| got[one] != expected_texts[one]) else {
        return Ok(());
    };
    let (name, text) = (REQUESTS[wrong], &got[wrong]);
    let sent = site.requests().iter().any(|(request, _)| request == name);
    let unsent = format!("`{name}` was not requested for this page.");
    let cached = others.iter().any(|other| expected(other)[wrong] == *text);
    // `9 orders of Ada`: the site returns the name that it got.
    let begin = expected_texts[wrong].strip_suffix(&content.user);
    let requested_for = begin.and_then(|begin| text.strip_prefix(begin));
    let why = if let Some(requested_for) = requested_for.filter(|_| wrong > 0) {
        Some(format!(
            "`{name}` was requested for {requested_for:?}, but {} is logged in. Use the \
             name that `site.user()` returns.",
            content.user
        ))
    } else if cached {
        Some(format!(
            "{text:?} belongs to another page: something keeps it between two calls \
             of `home_page`.{}",
            if sent { String::new() } else { format!(" {unsent}") }
        ))
    } else if !sent {
        Some(unsent)
    } else {
        let place = expected_texts.iter().position(|other| other == text);
        place.map(|other| {
            format!("{text:?} is the response to `{}`.", REQUESTS[other])
        })
    };
    check::in_order(&got, &expected_texts).because(why)
}

fn needs_user(call: &Call) -> bool {
    ["orders", "messages"].contains(&&*call.name)
}

/// A page that was fetched, with its requests.
struct Fetched {
    page: Result<Page>,
    run: Run<()>,
    site: Site,
    content: Content,
    requests: Calls,
    /// The time at which the user's name was known, if it was requested.
    user_known: Option<u64>,
}

impl Fetched {
    /// Fetches a home page whose requests take these milliseconds.
    async fn with(millis: [u64; 5]) -> Self {
        let content = Content { millis, ..Content::of("Ada") };
        let site = Site::with(content.clone());
        let (page, run) = check::run("home page", home_page(&site)).await.split();
        let requests = run.calls(|label| REQUESTS.contains(&label).then_some(label));
        let user = requests.iter().find(|call| call.name == "user");
        let user_known = user.map(|call| call.end);
        Self { page, run, site, content, requests, user_known }
    }

    async fn as_documented() -> Self {
        Self::with(Content::of("Ada").millis).await
    }
}

async fn once() -> Result<()> {
    let Fetched { run, site, requests, content, .. } =
        Fetched::as_documented().await;
    for (name, takes) in REQUESTS.iter().zip(content.millis) {
        let times = requests.count(name);
        let words = format!("`{name}` was requested {times} times, expected once.");
        let mut calls = requests.iter().filter(|call| call.name == *name);
        let dropped = calls.find(|call| call.end - call.start < takes);
        let sent = site.requests();
        let elsewhere =
            sent.iter().filter(|(request, _)| request == name).count() > times;
        let why = match (*name, times, dropped) {
            _ if elsewhere => "It was requested on another thread. That thread has a \
                               clock of its own, and a thread that joins it is blocked: \
                               join the futures instead."
                .to_owned(),
            ("user", 0, _) => {
                "Without it, the program cannot know whose page it is.".to_owned()
            }
            (_, 0, _) => "It is part of the page.".to_owned(),
            (_, _, Some(Call { end, .. })) => format!(
                "One of the requests was dropped at {}, before its response came. \
                 `select!` drops the futures that lose, and a timeout drops one that is \
                 late; a new call starts again.",
                millis(*end)
            ),
            ("user", ..) => "Await the user once, keep the name, and join the two \
                             requests that need it."
                .to_owned(),
            _ => "Each had a response. Keep the first one.".to_owned(),
        };
        run.that(times == 1, words).because([why])?;
    }
    // Long enough for any detached task to finish.
    sleep(Duration::from_secs(60)).await;
    let sent = site.requests();
    let again = sent.get(requests.len()).map_or("", |(name, _)| name);
    let words =
        format!("`{again}` was requested again after the page was returned.");
    check::that(sent.len() == requests.len(), words)
}

async fn not_too_early() -> Result<()> {
    never_early(&Fetched::as_documented().await)?;
    for millis in random_millis() {
        never_early(&Fetched::with(millis).await)?;
    }
    Ok(())
}

fn never_early(fetched: &Fetched) -> Result<()> {
    let known = fetched.user_known;
    let mut theirs = fetched.requests.iter().filter(|call| needs_user(call));
    let early = theirs.find(|one| known.is_none_or(|known| one.start < known));
    let Some(Call { name, start, .. }) = early else {
        return Ok(());
    };
    let known = match known {
        Some(known) => format!("the user was known at {}", millis(known)),
        None => "the user was never requested".to_owned(),
    };
    let words = format!("`{name}` started at {}; {known}.", millis(*start));
    let timer = fetched.requests.started_by_timer();
    let why = "Use the name that `site.user()` returns, not one from elsewhere.";
    fetched.run.that(false, words).when(timer.is_none(), why).because(timer)
}

/// Durations of the requests such that each of several paths is the longest.
fn random_millis() -> [[u64; 5]; 4] {
    let rng = check::rng();
    let mut millis: Vec<_> =
        rng.distinct(5, 50..=499).iter().map(|&n| 2 * n as u64 + 1).collect();
    millis.sort_unstable();
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|index| millis[index]);
    [
        [e, b, a, c, d],         // the user takes longest
        [a, b, c, a + d + e, d], // the news take longer than the user and the orders
        [b, a, e, c, d],         // messages take longer than orders
        [a, d, c, b, a + d + e], // the weather takes longest
    ]
}

async fn not_too_late() -> Result<()> {
    never_late(Fetched::as_documented().await)?;
    for millis in random_millis() {
        never_late(Fetched::with(millis).await)?;
    }
    // Slower than any timeout, and a loop of short sleeps wakes up often.
    let slow = random_millis()[2].map(|millis| 100 * millis);
    never_late(Fetched::with(slow).await)
}

fn never_late(fetched: Fetched) -> Result<()> {
    let Fetched { page, run, site, content, requests, user_known } = fetched;
    let known = user_known.unwrap_or(0);
    run.never_blocked()?;
    let [user, orders, messages, news, weather] = content.millis;
    let shortest = (user + orders.max(messages)).max(news).max(weather);
    let took = run.took.as_millis() as u64;
    let words = match took > shortest {
        false => "the page was done in time, yet a request waited.".to_owned(),
        true => format!(
            "the home page took {}, expected {}.",
            millis(took),
            millis(shortest)
        ),
    };
    let needed = |call: &Call| if needs_user(call) { known } else { 0 };
    let late = requests.iter().filter(|one| one.start > needed(one));
    let late: Vec<_> = late.collect();
    if late.is_empty() {
        // A time that is too short is reported by the check before this one.
        run.that(took <= shortest, words).because(requests.slept_after(run.took))?;
        run.few_wakeups(199, "five requests")?;
        right_page(page?, &site, &content, &[])?;
        return polled_in_time(&run, &content);
    }
    let lines = late.iter().map(|one| {
        let Call { name, start, .. } = one;
        let done = requests.ending_at(*start);
        let done: Vec<_> = done.iter().map(|c| format!("`{}`", c.name)).collect();
        let when = match &*done {
            [] => String::new(),
            [one] => format!(", when {one} ended"),
            _ => format!(", when {} ended", done.join(" and ")),
        };
        let needs = match needs_user(one) {
            true => format!("the user, known at {}", millis(known)),
            false => "nothing".to_owned(),
        };
        format!("`{name}` started at {}{when}. It needs {needs}.", millis(*start))
    });
    let timer = requests.started_by_timer();
    let cause = cause(&requests, &late, known).filter(|_| timer.is_none());
    run.that(false, words).because(lines).because(timer).because(cause)
}

/// Checks that each request was polled when its response arrived.
fn polled_in_time(run: &Run<()>, content: &Content) -> Result<()> {
    for (name, takes) in REQUESTS.iter().zip(content.millis) {
        let mut rows = run.rows().iter();
        let Some(row) = rows.find(|row| row.label == *name) else { continue };
        let arrived = row.life.0 / 1000 + takes;
        let mut polls = row.polls.iter().map(|(begin, _)| begin / 1000);
        let next = polls.find(|&begin| begin >= arrived);
        let words = format!(
            "the response to `{name}` arrived at {}, but its future was next polled at \
             {}: until then, something else was awaited alone.",
            millis(arrived),
            millis(next.unwrap_or(row.life.1 / 1000))
        );
        run.that(next == Some(arrived), words)?;
    }
    Ok(())
}

/// Returns the cause of late requests, as far as the times of all requests show it.
fn cause(requests: &Calls, late: &[&Call], known: u64) -> Option<&'static str> {
    let start_of =
        |name| late.iter().find(|one| one.name == name).map(|one| one.start);
    // The end of all requests that started earlier.
    let round = |time: u64| {
        let earlier = requests.iter().filter(|other| other.start < time);
        earlier.map(|other| other.end).max() == Some(time)
    };
    let end_of =
        |name| requests.iter().find(|one| one.name == name).map(|one| one.end);
    // One of two started when the other ended.
    let waited = |one, other| {
        let waits =
            |one, other| start_of(one).is_some_and(|at| end_of(other) == Some(at));
        waits(one, other) || waits(other, one)
    };
    let of_user = (start_of("orders"), start_of("messages"));
    let of_others = (start_of("news"), start_of("weather"));
    let in_turn_before = |time: u64| {
        let first = requests.iter().filter(|other| other.start <= time).cloned();
        first.collect::<Calls>().one_after_another()
    };
    if requests.len() > REQUESTS.len() {
        // The check before this one reports a request that is sent again.
        None
    } else if requests.one_after_another() {
        Some(
            "Each request waits for the one before it. Creating a future starts \
             nothing; `.await`, `join!` or `spawn` does. And a task that you await \
             right after `spawn` makes you wait like any other future.",
        )
    } else if start_of("user").is_some_and(in_turn_before) {
        Some(
            "The first requests wait for each other, although none needs the result of \
             another. A task that you await right after `spawn` makes you wait like any \
             other future.",
        )
    } else if start_of("user").is_some() {
        Some(
            "The user needs nothing, and other requests need the user: start with it.",
        )
    } else if of_user.0.is_some_and(round) && of_user.0 == of_user.1 {
        Some(
            "These are two rounds: the second starts when the whole first round is \
             done. Put the user and the requests that need it into one async block, \
             and join that with the rest.",
        )
    } else if of_others.0.or(of_others.1) == Some(known) {
        Some(
            "News and weather can start together with the user: join them with an \
             async block that awaits the user. A call such as `site.news()` sends \
             nothing: its future starts when it is first polled.",
        )
    } else if of_others.0.is_some_and(round) && of_others.0 == of_others.1 {
        Some(
            "News and weather started when all other requests were done. A future starts \
             when it is first polled, and so does an async block: join it with the rest.",
        )
    } else if waited("news", "weather") {
        Some("News and weather do not need each other: join the two.")
    } else if waited("orders", "messages") {
        Some("Orders and messages need the user, but not each other: join the two.")
    } else {
        None
    }
}
