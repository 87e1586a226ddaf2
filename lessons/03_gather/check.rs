//! The check of exercise 03.

use std::time::Duration;

use anyhow::{Error, Result};
use reqwest::Client;
use serde_json::json;
use tokio::time::{Instant, error::Elapsed, timeout};

use super::{Guide, guides};
use async_workbook::{
    check::{self, Call, Calls, Explain, Pace, Rng, Run},
    web,
};

const MS: Duration = Duration::from_millis(1);

const CITIES: [&str; 3] = ["Lisbon", "Oslo", "Helsinki"];

const APIS: [&str; 2] = ["weather", "events"];

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("each city has its weather and its events", right);
    exercise.check("all requests are in flight together", together);
    exercise.check("the guides keep the order of the list", in_order);
    exercise.check("an unknown city is an error; the others succeed", unknown);
    exercise.verdict()
}

/// A placeholder for a city that the server does not know.
const AN_ERROR: &str = "an error";

/// A server, a client, and the guide to each city for which both APIs work.
struct World {
    server: web::Server,
    client: Client,
    known: Vec<(String, String)>,
}

impl World {
    /// Starts a server that knows `cities`, with random weather and events.
    async fn of(cities: &[&str], rng: &Rng) -> Result<Self> {
        // The server installs the provider that the client needs.
        let server = web::Server::start().await?;
        let client = check::client().build()?;
        let mut world = Self { server, client, known: Vec::new() };
        for city in cities {
            world.add(city, rng);
        }
        Ok(world)
    }

    fn add(&mut self, city: &str, rng: &Rng) {
        let (celsius, sky) = (rng.between(-30..=45), rng.word());
        let weather = json!({ "city": city, "celsius": celsius, "sky": sky });
        let mut guide = format!("{city}: {celsius}, {sky}");
        let mut events = Vec::new();
        // Two, one or none, in turn.
        for _ in self.known.len() % 3..2 {
            let day = *rng.pick(&["Friday", "Saturday", "Sunday"]);
            let title = rng.word();
            guide += &format!(", {day}: {title}");
            events.push(json!({ "title": title, "day": day }));
        }
        self.respond("weather", city, 200, weather.to_string());
        self.respond("events", city, 200, json!(events).to_string());
        self.known.push((city.to_owned(), guide));
    }

    fn respond(&self, api: &str, city: &str, status: u16, body: String) {
        self.server.set_response(&format!("/api/{api}/{city}"), status, body);
    }

    /// Sets how long the requests about a city take.
    fn delay(&self, city: &str, millis: [u32; 2]) {
        for (api, millis) in APIS.iter().zip(millis) {
            self.server.delay(&format!("/api/{api}/{city}"), millis * MS);
        }
    }

    async fn guides(
        &self,
        what: &str,
        cities: &[&str],
    ) -> (Vec<Result<Guide>>, Run<()>) {
        let guides = guides(&self.client, &self.server, cities);
        check::run(what, guides).await.split()
    }

    /// Formats an error without the address of the server, which is different in
    /// every run.
    fn in_words(&self, error: &Error) -> String {
        format!("{error:#}").replace(&self.server.url(""), "")
    }

    fn guide(&self, city: &str) -> Option<&str> {
        let known = self.known.iter().find(|(known, _)| known == city);
        known.map(|(_, guide)| &**guide)
    }

    /// Compares the guides with the expected ones: first their cities, then all of
    /// them. The order counts only if `ordered`.
    fn compare(
        &self,
        guides: &[Result<Guide>],
        cities: &[&str],
        ordered: bool,
    ) -> Result<()> {
        self.no_unexpected_error(guides, cities)?;
        let known = cities.iter().map(|city| self.guide(city).map(|_| *city));
        let known = known.map(|city| city.unwrap_or(AN_ERROR));
        same(names(guides), known.collect(), ordered)?;
        let lines = guides.iter().map(in_one_line).collect::<Vec<_>>();
        let lines = lines.iter().map(|line| &**line).collect();
        let known = cities.iter().map(|city| self.guide(city).unwrap_or(AN_ERROR));
        same(lines, known.collect(), ordered)
    }

    /// Checks that only the unknown cities are errors.
    fn no_unexpected_error(
        &self,
        guides: &[Result<Guide>],
        cities: &[&str],
    ) -> Result<()> {
        let unknown =
            cities.iter().filter(|city| self.guide(city).is_none()).count();
        let errors = errors(guides)?;
        // The unexpected errors, if any: those of known cities.
        let of_known: Vec<_> = guides
            .iter()
            .zip(cities)
            .filter(|(_, city)| self.guide(city).is_some())
            .filter_map(|(guide, _)| guide.as_ref().err())
            .collect();
        let shown = if of_known.is_empty() { &errors } else { &of_known };
        let mut texts: Vec<_> =
            shown.iter().map(|error| self.in_words(error)).collect();
        texts.sort();
        texts.dedup();
        texts.truncate(2);
        let words = format!(
            "{} of {} guides failed, expected {unknown}: {}.",
            errors.len(),
            guides.len(),
            texts.join("; ")
        );
        let timed_out = errors.iter().flat_map(|error| error.chain()).any(|cause| {
            let of_request = cause.downcast_ref::<reqwest::Error>();
            cause.is::<Elapsed>()
                || of_request.is_some_and(reqwest::Error::is_timeout)
        });
        let expected = errors.len() <= unknown || guides.len() != cities.len();
        check::that(expected, words).when(
            timed_out,
            "A timeout expired. The exercise sets no time limit: a server may be slow.",
        )
    }
}

/// Checks that two lists are equal; if not `ordered`, then in any order.
fn same(mut got: Vec<&str>, mut expected: Vec<&str>, ordered: bool) -> Result<()> {
    if !ordered && got.len() == expected.len() {
        got.sort_unstable();
        expected.sort_unstable();
    }
    check::in_order(&got, &expected)
}

/// Returns the errors among the guides. An error whose causes have no end is a
/// failure of the check.
fn errors(guides: &[Result<Guide>]) -> Result<Vec<&Error>> {
    let errors = guides.iter().filter_map(|guide| guide.as_ref().err());
    let finite = |error| check::chain(Error::as_ref(error)).map(|_| error);
    errors.map(finite).collect()
}

/// The city of each guide.
fn names(guides: &[Result<Guide>]) -> Vec<&str> {
    let cities = guides.iter().map(|guide| guide.as_ref().map(|guide| &*guide.city));
    cities.map(|city| city.unwrap_or(AN_ERROR)).collect()
}

/// Formats a guide in one line, for comparing and printing.
fn in_one_line(guide: &Result<Guide>) -> String {
    let Ok(Guide { city, weather, events }) = guide else {
        return AN_ERROR.to_owned();
    };
    let days = events.iter().map(|e| format!(", {}: {}", e.day, e.title));
    let days = days.collect::<String>();
    format!("{city}: {}, {}{days}", weather.celsius, weather.sky)
}

async fn right() -> Result<()> {
    let rng = check::rng();
    let world = World::of(&CITIES, &rng).await?;
    for (place, city) in CITIES.iter().enumerate() {
        world.delay(city, [100 + 10 * place as u32; 2]);
    }
    let (guides, _) = world.guides("three cities", &CITIES).await;
    world.compare(&guides, &CITIES, true)?;

    // Some of the same cities with other weather, one twice, and some others.
    let names = rng.words(3);
    let [one, two, three] = [0, 1, 2].map(|index| &*names[index]);
    let cities = [three, "Oslo", one, "Oslo", two, "Lisbon"];
    let world = World::of(&[one, two, three, "Lisbon", "Oslo"], &rng).await?;
    let (guides, _) = world.guides("six cities", &cities).await;
    world.compare(&guides, &cities, false)?;

    let none = timeout(600_000 * MS, world.guides("no cities", &[])).await;
    let none = none.ok().map(|(guides, _)| guides.len());
    let words = match none {
        None => "with an empty list of cities, `guides` never returns.".to_owned(),
        Some(count) => format!("got {count} guides for an empty list of cities."),
    };
    check::that(none == Some(0), words)
}

/// The requests of a run, called `API/CITY`.
fn requests(run: &Run<()>) -> Calls {
    run.calls(|label| label.strip_prefix("GET /api/"))
}

/// Checks that each city was requested once from each API.
fn once(run: &Run<()>, cities: &[&str]) -> Result<()> {
    let requests = requests(run);
    for city in cities {
        for api in APIS {
            let times = requests.count(&format!("{api}/{city}"));
            let words = format!(
                "`/api/{api}/{city}` was requested {times} times, expected once."
            );
            run.that(times == 1, words)?;
        }
    }
    Ok(())
}

async fn together() -> Result<()> {
    let world = World::of(&CITIES, &Rng::new(2)).await?;
    let (guides, run) = world.guides("three cities", &CITIES).await;
    run.never_blocked()?;
    world.no_unexpected_error(&guides, &CITIES)?;
    once(&run, &CITIES)?;
    run.paced(&Pace::of(6, "requests", 100 * MS)).because(cause(&run))?;
    check::peak("requests", world.server.peak(), 6)?;

    // More cities than any limit that code might set.
    let rng = Rng::new(7);
    let names = rng.words(web::capacity(220) / 2);
    let many: Vec<_> = names.iter().map(|city| &**city).collect();
    let world = World::of(&many, &rng).await?;
    let began = Instant::now();
    // Not `check::run`: opening this many connections computes for long.
    let guides = super::guides(&world.client, &world.server, &many).await;
    let (took, peak) = (began.elapsed(), world.server.peak());
    world.no_unexpected_error(&guides, &many)?;
    let count = 2 * many.len();
    Pace::of(count as u32, "requests", 100 * MS).judge(took).when(
        peak < count,
        format!(
            "There are never more than {peak} requests in flight. Where does that limit \
             come from?"
        ),
    )?;
    check::peak("requests", peak, count)?;
    world.compare(&guides, &many, false)?;

    // Responses that take long, so that a loop of short sleeps shows.
    let world = slow_world().await?;
    let (guides, run) = world.guides("five slow cities", &SLOW).await;
    world.no_unexpected_error(&guides, &SLOW)?;
    let in_turn = (DELAYS.iter().sum::<u32>() + 5 * 1_009) * MS;
    let pace = Pace::mixed("five slow cities", in_turn, DELAYS[4] * MS);
    run.paced(&pace).because(cause(&run))?;
    run.few_wakeups(1000, "ten requests")?;

    // A failing city must not make others wait, either.
    let world = World::mixed(&MIXED, false).await?;
    let run = check::caught(world.guides("seven cities", &MIXED)).await;
    let Some((_, run)) =
        run.ok().filter(|(guides, _)| world.compare(guides, &MIXED, false).is_ok())
    else {
        // The last check reports the guides.
        return Ok(());
    };
    let what = "seven cities, three of them unknown,";
    run.paced(&Pace::mixed(what, 2540 * MS, 360 * MS)).because(cause(&run))?;
    once(&run, &MIXED)
}

/// Returns the cause of a wait, as far as the times of the requests show it.
fn cause(run: &Run<()>) -> Option<String> {
    let requests = requests(run);
    let known =
        requests.started_by_timer().or_else(|| requests.slept_after(run.took));
    if known.is_some() || requests.iter().all(|one| one.start == 0) {
        return known;
    }
    if requests.one_after_another() {
        return Some("Each request waits for the one before it.".into());
    }
    // Merges the calls whose names share a part.
    let grouped = |part: fn(&str) -> Option<(&str, &str)>| {
        let mut groups: Vec<Call> = Vec::new();
        for one in requests.iter() {
            let (_, name) = part(&one.name)?;
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.end = group.end.max(one.end),
                None => groups.push(Call { name: name.to_owned(), ..one.clone() }),
            }
        }
        Some(groups.into_iter().collect::<Calls>())
    };
    let cities = grouped(|name| name.split_once('/'))?;
    let apis = grouped(|name| name.split_once('/').map(|(api, city)| (city, api)))?;
    if cities.one_after_another() {
        Some(
            "The requests of each city wait for those of the city before it.".into(),
        )
    } else if apis.one_after_another() {
        Some(format!(
            "No request is sent to `/api/{}` before all responses of `/api/{}` have \
             arrived.",
            apis[1].name, apis[0].name
        ))
    } else {
        requests.limited()
    }
}

const SLOW: [&str; 5] = ["Lisbon", "Oslo", "Helsinki", "Rome", "Athens"];

/// The order in which the responses of [`slow_world`] arrive: neither that of the
/// list, nor its reverse, nor alphabetical.
const ARRIVED: [&str; 5] = ["Helsinki", "Oslo", "Athens", "Lisbon", "Rome"];

/// The milliseconds until each of them arrives: longer than any timeout.
const DELAYS: [u32; 5] = [335_353, 342_083, 348_817, 351_131, 355_787];

async fn slow_world() -> Result<World> {
    let world = World::of(&SLOW, &Rng::new(3)).await?;
    for (city, weather) in ARRIVED.iter().zip(DELAYS) {
        world.delay(city, [weather, 1_009]);
    }
    Ok(world)
}

async fn in_order() -> Result<()> {
    let world = slow_world().await?;
    let (guides, run) = world.guides("five slow cities", &SLOW).await;
    run.pictured(world.compare(&guides, &SLOW, true)).when(
        names(&guides) == ARRIVED,
        "That is the order in which the responses arrived, not that of the list.",
    )
}

/// Cities that the server knows, and between them one that it does not know, one
/// without weather, and one without events.
const MIXED: [&str; 7] =
    ["Lisbon", "Atlantis", "Oslo", "Utopia", "Helsinki", "Elysium", "Rome"];

/// The indices of the unknown cities, and the APIs that do not know them.
const NOT_FOUND: [(usize, &[&str]); 3] =
    [(1, &["weather", "events"]), (3, &["weather"]), (5, &["events"])];

impl World {
    /// Starts a server for cities of which it does not know those in [`NOT_FOUND`].
    /// The body of its 404 is text or JSON.
    async fn mixed(cities: &[&str], json: bool) -> Result<Self> {
        let mut world = Self::of(cities, &Rng::new(5)).await?;
        for (place, city) in cities.iter().enumerate() {
            world.delay(city, [200, 300 + 10 * place as u32]);
        }
        for (place, apis) in NOT_FOUND {
            let city = cities[place];
            world.known.retain(|(known, _)| known != city);
            world.delay(city, [50, 70]);
            for &api in apis {
                let body = match (json, api) {
                    (false, _) => format!("no such city: {city}\n"),
                    (true, "weather") => {
                        json!({ "city": city, "celsius": 0, "sky": "?" }).to_string()
                    }
                    (true, _) => "[]".to_owned(),
                };
                world.respond(api, city, 404, body);
            }
        }
        Ok(world)
    }

    /// Makes an API fail for a city in another way than with the status 404.
    fn fail(&mut self, api: &str, city: &str, status: u16, body: &str) {
        self.known.retain(|(known, _)| known != city);
        self.respond(api, city, status, body.to_owned());
    }
}

/// Failures other than the status 404: what fails, the API, the status and the body.
const FAILURES: [(&str, &str, u16, &str); 3] = [
    ("JSON that is cut off", "weather", 200, r#"{ "celsius": 7, "sky": "#),
    ("JSON without one of the fields", "events", 200, r#"[{ "title": "x" }]"#),
    ("the status 500", "weather", 500, "something is broken"),
];

const NO_BUG: &str = "An unknown city is not a bug: return an error, with \
                      `?` instead of `unwrap`.";

async fn unknown() -> Result<()> {
    let world = World::mixed(&MIXED, false).await?;
    let guides = check::caught(world.guides("seven cities", &MIXED)).await;
    let (guides, _) = guides.because([NO_BUG])?;
    for (place, apis) in NOT_FOUND {
        let (city, api) = (MIXED[place], apis[apis.len() - 1]);
        let words = format!(
            "the guide to {city} is not an error, but `/api/{api}/{city}` returned the \
             status 404."
        );
        check::that(!names(&guides).contains(&city), words)?;
    }
    let errors = errors(&guides)?;
    let mut texts: Vec<_> =
        errors.iter().map(|error| world.in_words(error)).collect();
    texts.dedup();
    world
        .compare(&guides, &MIXED, false)
        .when(
            errors.len() == guides.len() && texts.len() == 1,
            "One failing city discards the results of the others.",
        )
        .when(
            errors.is_empty() && guides.len() == MIXED.len() - NOT_FOUND.len(),
            "The cities that failed are left out.",
        )?;
    let words = "for an unknown city, the code panics.";
    check::that(!check::panicked(), words).because([NO_BUG])?;
    // An error takes the place of its city.
    world.compare(&guides, &MIXED, true)?;
    for (place, _) in NOT_FOUND {
        let text = guides[place]
            .as_ref()
            .map_or_else(|e| world.in_words(e), |_| String::new());
        let names = |city: &str| text.contains(city);
        let other = NOT_FOUND
            .iter()
            .any(|&(other, _)| other != place && names(MIXED[other]));
        let words = format!(
            "the error at the place of {} is that of another city: {text:?}.",
            MIXED[place]
        );
        check::that(names(MIXED[place]) || !other, words)?;
    }

    // Other cities, and some fail in other ways. The 404 has JSON in its body, unless each
    // error reports the status: then the code has looked at it.
    let names = check::rng().words(MIXED.len() + FAILURES.len());
    let cities: Vec<_> = names.iter().map(|city| &**city).collect();
    let with_json = !texts.iter().all(|text| text.contains("404"));
    let mut other = World::mixed(&cities, with_json).await?;
    for (city, (_, api, status, body)) in cities[MIXED.len()..].iter().zip(FAILURES)
    {
        other.fail(api, city, status, body);
    }
    let judged = check::caught(other.guides("ten cities", &cities)).await;
    let (judged, _) =
        judged.because(["No failure of one city may end the program."])?;
    for (place, apis) in NOT_FOUND {
        let checked = judged.get(place).is_some_and(Result::is_err);
        let (city, api) = (cities[place], apis[apis.len() - 1]);
        let words = format!(
            "`/api/{api}/{city}` returned the status 404, with JSON in the body, and the \
             guide to {city} is not an error. Is the status checked, for both APIs?"
        );
        check::that(checked, words)?;
    }
    for (judged, (failure, api, ..)) in judged.iter().skip(MIXED.len()).zip(FAILURES)
    {
        let words = format!(
            "`/api/{api}` returned {failure}, and the guide to that city is not an error."
        );
        check::that(judged.is_err(), words)?;
    }
    other.compare(&judged, &cities, true).when(
        judged.iter().all(Result::is_err),
        "One failing city discards the results of the others.",
    )
}
