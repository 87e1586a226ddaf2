//! The check of exercise 02.

use anyhow::Result;

use super::site::Site;
use super::{Page, home_page};
use async_workbook::check::{self, Run};

/// The requests and their durations in milliseconds.
const REQUESTS: [(&str, u128); 5] = [
    ("user", 100),
    ("orders", 150),
    ("messages", 100),
    ("news", 200),
    ("weather", 150),
];

/// Their total in milliseconds if each waits for the one before it.
const IN_TURN: u128 = 700;

/// The shortest possible time: the user, then the orders.
const TOGETHER: u128 = 250;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the page belongs to the logged-in user", right);
    exercise.check("each request is sent once", once);
    exercise.check("orders and messages wait for the user", not_too_early);
    exercise.check("no request waits for something it does not need", not_too_late);
    exercise.verdict()
}

async fn right() -> Result<()> {
    for name in ["Ada", "Grace"] {
        let Page { user, orders, messages, news, weather } =
            home_page(&Site::of(name)).await?;
        let expected = [
            name,
            &format!("2 orders of {name}"),
            &format!("3 messages to {name}"),
            "a new bridge",
            "24 degrees",
        ];
        let got = [&*user, &*orders, &*messages, &*news, &*weather];
        let theirs = [&orders, &messages].iter().all(|text| text.ends_with(name));
        let why = (!theirs).then(|| {
            format!(
                "{name} is logged in. Fetch orders and messages with the name that \
                 `site.user()` returns."
            )
        });
        check::explain(check::in_order(&got, &expected), why.as_deref())?;
    }
    Ok(())
}

/// A request, with its start and end in milliseconds.
#[derive(Debug)]
struct Request {
    name: String,
    start: u128,
    end: u128,
}

/// Fetches one home page and lists its requests.
async fn requested() -> (Run<Result<Page>>, Vec<Request>) {
    let site = Site::of("Ada");
    let run = check::run("home page", home_page(&site)).await;
    let requests = site.requests().into_iter().map(|(name, start)| {
        let start = start.as_millis();
        let takes = REQUESTS.iter().find(|(known, _)| *known == name);
        let end = start + takes.map_or(0, |(_, takes)| *takes);
        Request { name, start, end }
    });
    (run, requests.collect())
}

/// The time at which the user's name was known, if it was requested.
fn user_known(requests: &[Request]) -> Option<u128> {
    requests.iter().find(|request| request.name == "user").map(|user| user.end)
}

fn needs_user(request: &Request) -> bool {
    ["orders", "messages"].contains(&&*request.name)
}

async fn once() -> Result<()> {
    let (run, requests) = requested().await;
    for (name, _) in REQUESTS {
        let times = requests.iter().filter(|request| request.name == name).count();
        let words = format!("`{name}` was requested {times} times, expected once.");
        let why = match (name, times) {
            ("user", 0) => {
                Some("Without it, the program cannot know whose page it is.")
            }
            (_, 0) => Some("It is part of the page."),
            ("user", 2) => Some(
                "Orders and messages each request the user. Await the user once, \
                 then join the two.",
            ),
            _ => None,
        };
        let asked_once = run.pictured(check::that(times == 1, words));
        check::explain(asked_once, why)?;
    }
    Ok(())
}

async fn not_too_early() -> Result<()> {
    let (run, requests) = requested().await;
    let known = user_known(&requests);
    let mut theirs = requests.iter().filter(|request| needs_user(request));
    let early = theirs.find(|one| known.is_none_or(|known| one.start < known));
    let Some(Request { name, start, .. }) = early else {
        return Ok(());
    };
    let known = match known {
        Some(known) => format!("the user was known at {known} ms"),
        None => "the user was never requested".to_owned(),
    };
    let words = format!("`{name}` started at {start} ms; {known}.");
    let why = "Use the name that `site.user()` returns, not one from elsewhere.";
    check::explain(run.pictured(check::that(false, words)), Some(why))
}

async fn not_too_late() -> Result<()> {
    let (run, requests) = requested().await;
    let known = user_known(&requests).unwrap_or(0);
    let needed = |request: &Request| if needs_user(request) { known } else { 0 };
    let late: Vec<_> =
        requests.iter().filter(|one| one.start > needed(one)).collect();
    let took = run.took.as_millis();
    if late.is_empty() {
        // A time that is too short is reported by the check before this one.
        let words = format!(
            "the home page took {took} ms, but its last request was done at \
             {TOGETHER} ms: what else does it wait for?"
        );
        return run.pictured(check::that(took <= TOGETHER, words));
    }
    let words = match took {
        ..=TOGETHER => "the page was done in time, yet a request waited.".to_owned(),
        _ => format!("the home page took {took} ms, expected {TOGETHER} ms."),
    };
    let lines = late.iter().map(|one| {
        let Request { name, start, .. } = one;
        let done = requests.iter().filter(|other| other.end == *start);
        let done: Vec<_> = done.map(|other| format!("`{}`", other.name)).collect();
        let when = match &*done {
            [] => String::new(),
            [_] => format!(", when {} was done", done[0]),
            _ => format!(", when {} were done", done.join(" and ")),
        };
        let needs = match needs_user(one) {
            true => format!("the user, known at {known} ms"),
            false => "nothing".to_owned(),
        };
        format!("`{name}` started at {start} ms{when}. It needs {needs}.")
    });
    let lines = lines.collect::<Vec<_>>().join("\n");

    let names: Vec<_> = late.iter().map(|one| &*one.name).collect();
    let has = |name| names.contains(&name);
    let why = if took >= IN_TURN {
        "Each request waits for the one before it. Creating a future starts \
         nothing; `.await`, `join!` or `spawn` does. And a task that you await \
         right after `spawn` makes you wait like any other future."
    } else if has("user") {
        "The user needs nothing, and other requests need the user: start with it."
    } else if has("orders") && has("messages") {
        "These are two rounds: the second starts when the whole first round is \
         done. Put the user and the requests that need it into one async block, and \
         join that with the rest."
    } else if has("news") || has("weather") {
        "News and weather can start together with the user: join them with an async \
         block that awaits the user."
    } else {
        "Orders and messages need the user, but not each other: join the two."
    };
    let late = run.pictured(check::that(false, format!("{words}\n{lines}")));
    check::explain(late, Some(why))
}
