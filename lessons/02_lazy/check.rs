//! The check of exercise 02.

use anyhow::Result;

use super::site::{Content, Site};
use super::{Page, home_page};
use async_workbook::check::{self, Run};

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

/// The texts on a page, in the order of [`REQUESTS`].
type Texts = [String; 5];

/// The texts of the right page.
fn expected(content: &Content) -> Texts {
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
    let draw = check::draw();
    let mut words = draw.words(8).into_iter();
    let mut counts = draw.distinct(8, 4..=99).into_iter();
    let mut content = || {
        let mut content = Content::of(&words.next().unwrap_or_default());
        content.news = format!("a new {}", words.next().unwrap_or_default());
        content.orders = counts.next().unwrap_or(0) as u32;
        content.messages = counts.next().unwrap_or(0) as u32;
        content
    };
    let mut contents = [content(), content(), content(), content()];
    for (content, degrees) in contents.iter_mut().zip(draw.distinct(4, -9..=39)) {
        content.degrees = degrees;
    }

    let sites = contents.clone().map(Site::with);
    let mut pages = vec![home_page(&sites[0]).await, home_page(&sites[1]).await];
    // The last two at the same time.
    let (third, fourth) = tokio::join!(home_page(&sites[2]), home_page(&sites[3]));
    pages.extend([third, fourth]);
    for (number, page) in pages.into_iter().enumerate() {
        let others = |other: &usize| *other != number;
        let others = (0..4).filter(others).map(|other| &contents[other]).collect();
        right_page(page?, &sites[number], &contents[number], others)?;
    }
    Ok(())
}

/// Checks the texts of a page. `others` are the contents of other sites.
fn right_page(
    page: Page,
    site: &Site,
    content: &Content,
    others: Vec<&Content>,
) -> Result<()> {
    let Page { user, orders, messages, news, weather } = page;
    let got = [user, orders, messages, news, weather];
    let expected_texts = expected(content);
    let Some(wrong) = (0..5).find(|&one| got[one] != expected_texts[one]) else {
        return Ok(());
    };
    let (name, text) = (REQUESTS[wrong], &got[wrong]);
    let sent = site.requests().iter().filter(|(request, _)| request == name).count();
    let of_other = others.iter().any(|other| expected(other)[wrong] == *text);
    // `9 orders of Ada`: the site returns the name that it got.
    let requested_for = match name {
        "orders" => text.strip_prefix(&format!("{} orders of ", content.orders)),
        "messages" => {
            text.strip_prefix(&format!("{} messages to ", content.messages))
        }
        _ => None,
    };
    let why = if let Some(requested_for) = requested_for {
        let user = &content.user;
        Some(format!(
            "`{name}` was requested for {requested_for:?}, but {user} is logged in. Use \
             the name that `site.user()` returns."
        ))
    } else if of_other {
        let sent = match sent {
            0 => format!(" `{name}` was not requested for this page."),
            _ => String::new(),
        };
        Some(format!(
            "{text:?} belongs to another page: something keeps it between two calls \
             of `home_page`.{sent}"
        ))
    } else if sent == 0 {
        Some(format!("`{name}` was not requested for this page."))
    } else {
        let place = expected_texts.iter().position(|other| other == text);
        place
            .map(|other| format!("{text:?} is the answer to `{}`.", REQUESTS[other]))
    };
    check::explain(check::in_order(&got, &expected_texts), why.as_deref())
}

/// A request, with its start and end in milliseconds.
#[derive(Debug)]
struct Request {
    name: String,
    start: u128,
    end: u128,
}

impl Request {
    fn needs_user(&self) -> bool {
        ["orders", "messages"].contains(&&*self.name)
    }
}

/// A page that was fetched, with its requests.
struct Fetched {
    run: Run<Result<Page>>,
    site: Site,
    content: Content,
    requests: Vec<Request>,
}

impl Fetched {
    /// Fetches a home page whose requests take these milliseconds.
    async fn with(millis: [u64; 5]) -> Self {
        let content = Content { millis, ..Content::of("Ada") };
        let site = Site::with(content.clone());
        let run = check::run("home page", home_page(&site)).await;
        let takes = |name: &str| {
            let place = REQUESTS.iter().position(|&known| known == name);
            place.map_or(0, |place| u128::from(millis[place]))
        };
        let requests = site.requests().into_iter().map(|(name, start)| {
            let start = start.as_millis();
            Request { end: start + takes(&name), name, start }
        });
        let requests = requests.collect();
        Self { run, site, content, requests }
    }

    async fn as_documented() -> Self {
        Self::with(Content::of("Ada").millis).await
    }

    /// The time at which the user's name was known, if it was requested.
    fn user_known(&self) -> Option<u128> {
        self.requests.iter().find(|one| one.name == "user").map(|user| user.end)
    }

    /// The time at which a request of this name was dropped, if one was.
    fn dropped(&self, name: &str) -> Option<u64> {
        let takes = self.requests.iter().find(|request| request.name == name);
        let takes = takes.map_or(0, |one| (one.end - one.start) as u64);
        let mut lives = self
            .run
            .rows()
            .iter()
            .filter(|row| row.label == name)
            .map(|row| row.life);
        let (_, end) = lives.find(|(start, end)| (end - start) / 1000 < takes)?;
        Some(end / 1000)
    }
}

async fn once() -> Result<()> {
    let fetched = Fetched::as_documented().await;
    let Fetched { run, requests, .. } = &fetched;
    for name in REQUESTS {
        let times = requests.iter().filter(|request| request.name == name).count();
        let words = format!("`{name}` was requested {times} times, expected once.");
        let why = match (name, times, fetched.dropped(name)) {
            ("user", 0, _) => {
                Some("Without it, the program cannot know whose page it is.".to_owned())
            }
            (_, 0, _) => Some("It is part of the page.".to_owned()),
            (_, 2.., Some(dropped)) => Some(format!(
                "One of the requests was dropped at {dropped} ms, before its answer \
                 came. `select!` drops the futures that lose, and a timeout drops one \
                 that is late; a new call starts again."
            )),
            ("user", 2.., None) => Some(
                "Await the user once, keep the name, and join the two requests that \
                 need it."
                    .to_owned(),
            ),
            (_, 2.., None) => Some("Each was answered. Keep the first answer.".to_owned()),
            _ => None,
        };
        let sent_once = run.pictured(check::that(times == 1, words));
        check::explain(sent_once, why.as_deref())?;
    }
    Ok(())
}

async fn not_too_early() -> Result<()> {
    let fetched = Fetched::as_documented().await;
    never_early(&fetched)?;
    for millis in drawn_millis() {
        never_early(&Fetched::with(millis).await)?;
    }
    Ok(())
}

fn never_early(fetched: &Fetched) -> Result<()> {
    let known = fetched.user_known();
    let mut theirs = fetched.requests.iter().filter(|request| request.needs_user());
    let early = theirs.find(|one| known.is_none_or(|known| one.start < known));
    let Some(Request { name, start, .. }) = early else {
        return Ok(());
    };
    let known = match known {
        Some(known) => format!("the user was known at {known} ms"),
        None => "the user was never requested".to_owned(),
    };
    let words = format!("`{name}` started at {start} ms; {known}.");
    let done = fetched.requests.iter().any(|other| other.end == *start);
    let why = if *start > 0 && !done {
        "No request was done at that time, so a timer decided when it started: wait \
         for the answer, not for a time."
    } else {
        "Use the name that `site.user()` returns, not one from elsewhere."
    };
    check::explain(fetched.run.pictured(check::that(false, words)), Some(why))
}

/// Durations of the requests such that each of several paths is the longest.
fn drawn_millis() -> [[u64; 5]; 4] {
    let draw = check::draw();
    let mut millis: Vec<_> =
        draw.distinct(5, 50..=499).iter().map(|&n| 2 * n as u64 + 1).collect();
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
    for millis in drawn_millis() {
        never_late(Fetched::with(millis).await)?;
    }
    let slow = drawn_millis()[2].map(|millis| 10 * millis);
    let fetched = Fetched::with(slow).await;
    let parks = fetched.run.parks;
    never_late(fetched)?;
    let words = format!(
        "the thread woke up {parks} times for five requests. Only a timer can wake it \
         here: something sleeps and looks, again and again. Await what you wait for."
    );
    check::that(parks < 200, words)
}

fn never_late(fetched: Fetched) -> Result<()> {
    let known = fetched.user_known().unwrap_or(0);
    let Fetched { run, site, content, requests } = fetched;
    run.never_blocked()?;
    let [user, orders, messages, news, weather] = content.millis.map(u128::from);
    let shortest = (user + orders.max(messages)).max(news).max(weather);
    let took = run.took.as_millis();
    let needed = |request: &Request| if request.needs_user() { known } else { 0 };
    let late: Vec<_> =
        requests.iter().filter(|one| one.start > needed(one)).collect();
    if late.is_empty() {
        let last = requests.iter().map(|request| request.end).max().unwrap_or(0);
        let words = match took > last {
            true => format!(
                "its last request was done at {last} ms, but the home page took {took} \
                 ms. No request was in flight in between: something slept."
            ),
            false => {
                format!("the home page took {took} ms, expected {shortest} ms.")
            }
        };
        // A time that is too short is reported by the check before this one.
        run.pictured(check::that(took <= shortest, words))?;
        return right_page(run.value?, &site, &content, Vec::new());
    }
    let words = match took > shortest {
        false => "the page was done in time, yet a request waited.".to_owned(),
        true => format!("the home page took {took} ms, expected {shortest} ms."),
    };
    let done_at = |time: u128| -> Vec<&Request> {
        requests.iter().filter(|other| other.end == time).collect()
    };
    let lines = late.iter().map(|one| {
        let Request { name, start, .. } = one;
        let done: Vec<_> = done_at(*start)
            .iter()
            .map(|other| format!("`{}`", other.name))
            .collect();
        let when = match &*done {
            [] => ", when no request was done".to_owned(),
            [_] => format!(", when {} was done", done[0]),
            _ => format!(", when {} were done", done.join(" and ")),
        };
        let needs = match one.needs_user() {
            true => format!("the user, known at {known} ms"),
            false => "nothing".to_owned(),
        };
        format!("`{name}` started at {start} ms{when}. It needs {needs}.")
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let late_words = run.pictured(check::that(false, format!("{words}\n{lines}")));
    check::explain(late_words, cause(&requests, &late, known))
}

/// Returns what the times of the requests show about the cause of late ones.
fn cause(
    requests: &[Request],
    late: &[&Request],
    known: u128,
) -> Option<&'static str> {
    let ends = |time: u128| requests.iter().any(|other| other.end == time);
    let start_of =
        |name| late.iter().find(|one| one.name == name).map(|one| one.start);
    // The end of all requests that started earlier.
    let round = |time: u128| {
        let earlier = requests.iter().filter(|other| other.start < time);
        earlier.map(|other| other.end).max() == Some(time)
    };
    let of_user = (start_of("orders"), start_of("messages"));
    let of_others = (start_of("news"), start_of("weather"));
    if !late.iter().all(|one| ends(one.start)) {
        Some(
            "A start at which no request is done was decided by a timer: wait for the \
             answer, not for a time.",
        )
    } else if requests.windows(2).all(|pair| pair[1].start == pair[0].end) {
        Some(
            "Each request waits for the one before it. Creating a future starts \
             nothing; `.await`, `join!` or `spawn` does. And a task that you await \
             right after `spawn` makes you wait like any other future.",
        )
    } else if start_of("user").is_some() {
        Some(
            "The user needs nothing, and other requests need the user: start with it.",
        )
    } else if let (Some(orders), Some(messages)) = of_user
        && orders == messages
        && round(orders)
    {
        Some(
            "These are two rounds: the second starts when the whole first round is \
             done. Put the user and the requests that need it into one async block, \
             and join that with the rest.",
        )
    } else if of_others.0.or(of_others.1) == Some(known) {
        Some(
            "News and weather can start together with the user: join them with an \
             async block that awaits the user.",
        )
    } else if of_user.0.is_some() != of_user.1.is_some() {
        Some("Orders and messages need the user, but not each other: join the two.")
    } else {
        None
    }
}
