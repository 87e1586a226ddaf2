//! What decides exercise 02.

use super::site::Site;
use super::{Page, home_page};
use anyhow::Result;
use async_workbook::check::{self, Run};

/// The requests and how many milliseconds each takes.
const REQUESTS: [(&str, u128); 5] = [
    ("user", 100),
    ("orders", 150),
    ("messages", 100),
    ("news", 200),
    ("weather", 150),
];

/// How many milliseconds they take if each waits for the one before it.
const IN_TURN: u128 = 700;

/// And if none waits for what it does not need: first the user, then the orders.
const TOGETHER: u128 = 250;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the page is that of the user who is logged in", right);
    exercise.check("each request is made once", once);
    exercise.check("orders and messages wait for the user", not_too_early);
    exercise.check("no request waits for what it does not need", not_too_late);
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
                "{name} is logged in. Orders and messages have to be asked for with \
                 the name that `site.user()` returns."
            )
        });
        check::explain(check::in_order(&got, &expected), why.as_deref())?;
    }
    Ok(())
}

/// A request, and in which milliseconds it began and was over.
#[derive(Debug)]
struct Request {
    name: String,
    began: u128,
    over: u128,
}

/// Asks for one page.
async fn asked() -> (Run<Result<Page>>, Vec<Request>) {
    let site = Site::of("Ada");
    let run = check::run("home page", home_page(&site)).await;
    let requests = site.requests().into_iter().map(|(name, began)| {
        let began = began.as_millis();
        let takes = REQUESTS.iter().find(|(known, _)| *known == name);
        let over = began + takes.map_or(0, |(_, takes)| *takes);
        Request { name, began, over }
    });
    (run, requests.collect())
}

/// When the site has said who the user is.
fn user_known(requests: &[Request]) -> Option<u128> {
    requests.iter().find(|request| request.name == "user").map(|user| user.over)
}

fn needs_user(request: &Request) -> bool {
    ["orders", "messages"].contains(&&*request.name)
}

async fn once() -> Result<()> {
    let (run, requests) = asked().await;
    for (name, _) in REQUESTS {
        let times = requests.iter().filter(|request| request.name == name).count();
        let words = format!("`{name}` was asked {times} times, expected once.");
        let why = match (name, times) {
            ("user", 0) => Some("Then whose page is it? The site has to say."),
            (_, 0) => Some("It is part of the page, too."),
            ("user", 2) => Some(
                "Orders and messages each ask who the user is. One answer is enough \
                 for both: await it, and then join the two.",
            ),
            _ => None,
        };
        let asked_once = run.pictured(check::that(times == 1, words));
        check::explain(asked_once, why)?;
    }
    Ok(())
}

async fn not_too_early() -> Result<()> {
    let (run, requests) = asked().await;
    let known = user_known(&requests);
    let mut theirs = requests.iter().filter(|request| needs_user(request));
    let early = theirs.find(|one| known.is_none_or(|known| one.began < known));
    let Some(Request { name, began, .. }) = early else {
        return Ok(());
    };
    let known = match known {
        Some(known) => format!("the site said who the user is at {known} ms"),
        None => "nobody had asked the site who the user is".to_owned(),
    };
    let words = format!("`{name}` began at {began} ms; {known}.");
    let why = "The name has to be the one that `site.user()` returns. One from \
               elsewhere is a guess.";
    check::explain(run.pictured(check::that(false, words)), Some(why))
}

async fn not_too_late() -> Result<()> {
    let (run, requests) = asked().await;
    let known = user_known(&requests).unwrap_or(0);
    let needed = |request: &Request| if needs_user(request) { known } else { 0 };
    let late: Vec<_> =
        requests.iter().filter(|one| one.began > needed(one)).collect();
    let took = run.took.as_millis();
    if late.is_empty() {
        // Too short a time is for the check before this one.
        let words = format!(
            "the home page took {took} ms, and its last request was over at \
             {TOGETHER} ms: what else does it wait for?"
        );
        return run.pictured(check::that(took <= TOGETHER, words));
    }
    let words = match took {
        ..=TOGETHER => "the page came in time, and yet a request waited.".to_owned(),
        _ => format!("the home page took {took} ms, expected {TOGETHER} ms."),
    };
    let told = late.iter().map(|one| {
        let Request { name, began, .. } = one;
        let over = requests.iter().filter(|other| other.over == *began);
        let over: Vec<_> = over.map(|other| format!("`{}`", other.name)).collect();
        let when = match &*over {
            [] => String::new(),
            [_] => format!(", when {} was over", over[0]),
            _ => format!(", when {} were over", over.join(" and ")),
        };
        let needs = match needs_user(one) {
            true => format!("the user, who was known at {known} ms"),
            false => "nothing".to_owned(),
        };
        format!("`{name}` began at {began} ms{when}. It needs {needs}.")
    });
    let told = told.collect::<Vec<_>>().join("\n");

    let names: Vec<_> = late.iter().map(|one| &*one.name).collect();
    let has = |name| names.contains(&name);
    let why = if took >= IN_TURN {
        "Each waits for the one before it. Making a future begins nothing: \
         `.await`, `join!` or `spawn` does. And a task that is awaited right after \
         `spawn` is waited for like any future."
    } else if has("user") {
        "The user needs nothing, and others need the user: begin with it."
    } else if has("orders") && has("messages") {
        "These are rounds: the second begins when all of the first is over. Put the \
         user and what needs it into one async block, and join that with the rest."
    } else if has("news") || has("weather") {
        "News and weather can begin together with the user: join them with an async \
         block in which the user is awaited."
    } else {
        "Orders and messages need the user, and not each other: join the two."
    };
    let late = run.pictured(check::that(false, format!("{words}\n{told}")));
    check::explain(late, Some(why))
}
