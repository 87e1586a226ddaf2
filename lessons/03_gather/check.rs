//! The check of exercise 03.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Error, Result};
use reqwest::Client;
use serde_json::json;
use tokio::time::{Instant, error::Elapsed, timeout};

use super::{Guide, guides};
use async_workbook::{
    check::{self, Draw, Pace, Run},
    web,
};

const CITIES: [&str; 3] = ["Lisbon", "Oslo", "Helsinki"];

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("each city has its weather and its events", right);
    exercise.check("all requests are in flight together", together);
    exercise.check("the guides keep the order of the list", in_order);
    exercise.check("an unknown city is an error; the others succeed", unknown);
    exercise.verdict()
}

/// Stands for a city that the server does not know.
const AN_ERROR: &str = "an error";

/// Building a client is most of the work of a small run, so all runs share one.
static CLIENT: OnceLock<Client> = OnceLock::new();

/// A server, a client, and the guide to each city that the server knows.
struct World {
    server: web::Server,
    client: Client,
    known: Vec<(String, String)>,
}

impl World {
    async fn start() -> Result<Self> {
        // The server installs the provider that the client needs.
        let server = web::Server::start().await?;
        let client = match CLIENT.get() {
            Some(client) => client.clone(),
            None => Client::builder().no_proxy().build()?,
        };
        let client = CLIENT.get_or_init(|| client).clone();
        Ok(Self { server, client, known: Vec::new() })
    }

    /// Starts a server that knows `cities`, with drawn weather and events.
    async fn of(cities: &[&str], draw: &Draw) -> Result<Self> {
        let mut world = Self::start().await?;
        for city in cities {
            world.add(city, draw);
        }
        Ok(world)
    }

    fn add(&mut self, city: &str, draw: &Draw) {
        let (celsius, sky) = (draw.between(-30..=45), draw.word());
        let weather = json!({ "city": city, "celsius": celsius, "sky": sky });
        let mut guide = format!("{city}: {celsius}, {sky}");
        let mut events = Vec::new();
        // Two, one or none, in turn.
        for _ in self.known.len() % 3..2 {
            let day = *draw.pick(&["Friday", "Saturday", "Sunday"]);
            let title = draw.word();
            guide += &format!(", {day}: {title}");
            events.push(json!({ "title": title, "day": day }));
        }
        self.server.set_response(&weather_of(city), 200, weather.to_string());
        self.server.set_response(&events_of(city), 200, json!(events).to_string());
        self.known.push((city.to_owned(), guide));
    }

    /// Sets how long the requests about a city take.
    fn delay(&self, city: &str, millis: [u64; 2]) {
        let [weather, events] = millis.map(Duration::from_millis);
        self.server.delay(&weather_of(city), weather);
        self.server.delay(&events_of(city), events);
    }

    async fn guides(&self, what: &str, cities: &[&str]) -> Run<Vec<Result<Guide>>> {
        check::run(what, guides(&self.client, &self.server, cities)).await
    }

    /// Formats an error without the address of the server, which is different in
    /// every run.
    fn in_words(&self, error: &Error) -> String {
        format!("{error:#}").replace(&self.server.url(""), "")
    }

    /// Compares the guides with the expected ones: first their cities, then all of them.
    /// The order counts only if `ordered`.
    fn compare(
        &self,
        guides: &[Result<Guide>],
        cities: &[&str],
        ordered: bool,
    ) -> Result<()> {
        self.no_unexpected_error(guides, cities)?;
        let known = |city: &str| self.known.iter().find(|(known, _)| known == city);
        let known_names =
            cities.iter().map(|&city| known(city).map_or(AN_ERROR, |_| city));
        let known_lines = cities
            .iter()
            .map(|city| known(city).map_or(AN_ERROR, |(_, guide)| guide));
        same(names(guides), known_names.collect(), ordered)?;
        let lines = guides.iter().map(in_one_line).collect::<Vec<_>>();
        same(
            lines.iter().map(|line| &**line).collect(),
            known_lines.collect(),
            ordered,
        )
    }

    /// Checks that only the unknown cities are errors.
    fn no_unexpected_error(
        &self,
        guides: &[Result<Guide>],
        cities: &[&str],
    ) -> Result<()> {
        let known =
            |city: &&&str| self.known.iter().any(|(known, _)| known == **city);
        let unknown = cities.len() - cities.iter().filter(known).count();
        let errors = errors(guides)?;
        if errors.len() <= unknown || guides.len() != cities.len() {
            return Ok(());
        }
        let mut texts: Vec<_> =
            errors.iter().map(|error| self.in_words(error)).collect();
        texts.sort();
        texts.dedup();
        texts.truncate(2);
        let words = format!(
            "{} of {} guides are errors, expected {unknown}: {}.",
            errors.len(),
            guides.len(),
            texts.join("; ")
        );
        let timed_out = errors.iter().flat_map(|error| error.chain()).any(|cause| {
            let of_request = cause.downcast_ref::<reqwest::Error>();
            cause.is::<Elapsed>()
                || of_request.is_some_and(reqwest::Error::is_timeout)
        });
        let why =
            "A time limit has passed. The exercise has none: a server may be slow.";
        check::explain(check::that(false, words), timed_out.then_some(why))
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

/// Returns the errors among the guides. An error whose causes have no end is a failure
/// of the check.
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

fn weather_of(city: &str) -> String {
    format!("/api/weather/{city}")
}

fn events_of(city: &str) -> String {
    format!("/api/events/{city}")
}

/// Formats a guide in one line, for comparing and printing.
fn in_one_line(guide: &Result<Guide>) -> String {
    match guide {
        Ok(Guide { city, weather, events }) => {
            let (celsius, sky) = (weather.celsius, &weather.sky);
            let days = events.iter().map(|e| format!(", {}: {}", e.day, e.title));
            format!("{city}: {celsius}, {sky}{}", days.collect::<String>())
        }
        Err(_) => AN_ERROR.to_owned(),
    }
}

async fn right() -> Result<()> {
    let draw = check::draw();
    let world = World::of(&CITIES, &draw).await?;
    for (place, city) in CITIES.iter().enumerate() {
        world.delay(city, [100 + 10 * place as u64; 2]);
    }
    let guides = world.guides("three cities", &CITIES).await.value;
    world.compare(&guides, &CITIES, true)?;

    // Some of the same cities with other weather, one twice, and some others.
    let drawn = draw.words(3);
    let [one, two, three] = [0, 1, 2].map(|index| &*drawn[index]);
    let cities = [three, "Oslo", one, "Oslo", two, "Lisbon"];
    let world = World::of(&[one, two, three, "Lisbon", "Oslo"], &draw).await?;
    let guides = world.guides("six cities", &cities).await.value;
    world.compare(&guides, &cities, false)?;

    let none =
        timeout(Duration::from_secs(600), world.guides("no cities", &[])).await;
    let none = none.ok().map(|run| run.value.len());
    let words = match none {
        None => "with an empty list of cities, `guides` never returns.".to_owned(),
        Some(count) => format!("got {count} guides for an empty list of cities."),
    };
    check::that(none == Some(0), words)
}

/// A request, with its start and end in milliseconds.
struct Request {
    api: String,
    city: String,
    start: u64,
    end: u64,
}

/// The requests of a run, in the order of their start.
fn requests<T>(run: &Run<T>) -> Vec<Request> {
    let requests = run.rows().iter().filter_map(|row| {
        let (api, city) = row.label.strip_prefix("GET /api/")?.split_once('/')?;
        let (start, end) = (row.life.0 / 1000, row.life.1 / 1000);
        Some(Request { api: api.to_owned(), city: city.to_owned(), start, end })
    });
    let mut requests: Vec<_> = requests.collect();
    requests.sort_by_key(|request| request.start);
    requests
}

/// Checks that each city was requested once from each API.
fn once<T>(run: &Run<T>, cities: &[&str]) -> Result<()> {
    let requests = requests(run);
    for city in cities {
        for api in ["weather", "events"] {
            let sent =
                requests.iter().filter(|one| one.city == *city && one.api == api);
            let times = sent.count();
            let words = format!(
                "`/api/{api}/{city}` was requested {times} times, expected once."
            );
            run.pictured(check::that(times == 1, words))?;
        }
    }
    Ok(())
}

async fn together() -> Result<()> {
    let world = World::of(&CITIES, &Draw::new(2)).await?;
    let run = world.guides("three cities", &CITIES).await;
    run.never_blocked()?;
    world.no_unexpected_error(&run.value, &CITIES)?;
    once(&run, &CITIES)?;
    let pace = Pace::of(6, "requests", Duration::from_millis(100));
    check::explain(run.paced(&pace), cause(&run).as_deref())?;
    check::peak("requests", world.server.peak(), 6)?;

    // More cities than any limit that an answer might have.
    let draw = Draw::new(7);
    let drawn = draw.words(web::capacity(220) / 2);
    let many: Vec<_> = drawn.iter().map(|city| &**city).collect();
    let world = World::of(&many, &draw).await?;
    let began = Instant::now();
    let guides = guides(&world.client, &world.server, &many).await;
    let (took, peak) = (began.elapsed(), world.server.peak());
    world.no_unexpected_error(&guides, &many)?;
    let count = 2 * many.len();
    let pace = Pace::of(count as u32, "requests", Duration::from_millis(100));
    let why = format!(
        "There are never more than {peak} requests in flight. Where does that limit \
         come from?"
    );
    check::explain(pace.judge(took), (peak < count).then_some(&why))?;
    check::peak("requests", peak, count)?;
    world.compare(&guides, &many, false)?;

    // Answers that take long, so that a loop of naps shows.
    let world = slow_world().await?;
    let run = world.guides("five slow cities", &SLOW).await;
    world.no_unexpected_error(&run.value, &SLOW)?;
    let took = run.took.as_millis();
    let words = format!("five cities took {took} ms, expected {LONGEST} ms.");
    let exact = run.pictured(check::that(took == u128::from(LONGEST), words));
    check::explain(exact, cause(&run).as_deref())?;
    let words = format!(
        "the thread woke up {} times for ten requests: something sleeps and looks, again \
         and again. Await what you wait for.",
        run.parks
    );
    check::that(run.parks < 1000, words)?;

    // A failing city must not make others wait, either.
    let world = World::mixed(&MIXED, false).await?;
    let run = check::caught(world.guides("seven cities", &MIXED)).await;
    let as_expected = |run: &Run<Vec<Result<Guide>>>| {
        world.compare(&run.value, &MIXED, false).is_ok()
    };
    let Some(run) = run.ok().filter(as_expected) else {
        // The last check reports the guides.
        return Ok(());
    };
    let took = run.took.as_millis();
    let words = format!(
        "seven cities, three of them unknown, took {took} ms, expected 360 ms."
    );
    let exact = run.pictured(check::that(took == 360, words));
    check::explain(exact, cause(&run).as_deref())?;
    once(&run, &MIXED)
}

/// Returns what the times of the requests show about the cause of a wait.
fn cause<T>(run: &Run<T>) -> Option<String> {
    let requests = requests(run);
    let took = run.took.as_millis() as u64;
    let last = requests.iter().map(|request| request.end).max()?;
    let late: Vec<_> = requests.iter().filter(|request| request.start > 0).collect();
    let ends = |time: u64| requests.iter().any(|other| other.end == time);
    let (first, second): (Vec<_>, Vec<_>) =
        requests.iter().partition(|request| request.api == requests[0].api);
    let in_flight = |time: u64| {
        requests.iter().filter(|one| (one.start..one.end).contains(&time)).count()
    };
    let peak = requests.iter().map(|one| in_flight(one.start)).max()?;
    // The name, the first start and the last end of each city.
    let mut cities: Vec<(&str, u64, u64)> = Vec::new();
    for one in &requests {
        match cities.iter_mut().find(|(city, ..)| *city == one.city) {
            Some((_, _, end)) => *end = one.end.max(*end),
            None => cities.push((&one.city, one.start, one.end)),
        }
    }
    if let Some(late) = late.iter().find(|request| !ends(request.start)) {
        Some(format!(
            "`/api/{}/{}` was sent at {} ms, when no other request was done: a timer \
             decides when it starts.",
            late.api, late.city, late.start
        ))
    } else if late.is_empty() {
        (took > last).then(|| {
            format!(
                "The last request was done at {last} ms. After that, no request was in \
                 flight: something slept."
            )
        })
    } else if requests.windows(2).all(|pair| pair[1].start == pair[0].end) {
        Some(
            "Each request waits for the one before it, in both functions."
                .to_owned(),
        )
    } else if cities.windows(2).all(|pair| pair[1].1 == pair[0].2) {
        Some(
            "The requests of each city wait for those of the city before it."
                .to_owned(),
        )
    } else if second.iter().map(|one| one.start).min()
        >= first.iter().map(|one| one.end).max()
    {
        let (first, second) = (&first[0].api, &second.first()?.api);
        Some(format!(
            "No request is sent to `/api/{second}` before the answers of `/api/{first}` \
             are there."
        ))
    } else {
        (peak < requests.len()).then(|| {
            format!(
                "Some requests wait until others are done: there are never more than \
                 {peak} in flight."
            )
        })
    }
}

const SLOW: [&str; 5] = ["Lisbon", "Oslo", "Helsinki", "Rome", "Athens"];

/// The order in which the answers of [`slow_world`] arrive: neither that of the list,
/// nor its reverse, nor alphabetical.
const ARRIVED: [&str; 5] = ["Helsinki", "Oslo", "Athens", "Lisbon", "Rome"];

/// The milliseconds until the last of them.
const LONGEST: u64 = 55_787;

async fn slow_world() -> Result<World> {
    let world = World::of(&SLOW, &Draw::new(3)).await?;
    let delays = [35_353, 42_083, 48_817, 51_131, LONGEST];
    for (city, weather) in ARRIVED.iter().zip(delays) {
        world.delay(city, [weather, 1_009]);
    }
    Ok(world)
}

async fn in_order() -> Result<()> {
    let world = slow_world().await?;
    let run = world.guides("five slow cities", &SLOW).await;
    let why = (names(&run.value) == ARRIVED).then_some(
        "That is the order in which the answers arrived, not that of the list.",
    );
    let in_order = run.pictured(world.compare(&run.value, &SLOW, true));
    check::explain(in_order, why)
}

/// Cities that the server knows, and between them one that it does not know, one
/// without weather, and one without events.
const MIXED: [&str; 7] =
    ["Lisbon", "Atlantis", "Oslo", "Utopia", "Helsinki", "Elysium", "Rome"];

/// The unknown ones: their places, and the APIs that do not know them.
const NOT_FOUND: [(usize, &[&str]); 3] =
    [(1, &["weather", "events"]), (3, &["weather"]), (5, &["events"])];

impl World {
    /// Starts a server for cities of which it does not know those in [`NOT_FOUND`]. The
    /// body of its 404 is text or JSON.
    async fn mixed(cities: &[&str], json: bool) -> Result<Self> {
        let mut world = Self::of(cities, &Draw::new(5)).await?;
        for (place, city) in cities.iter().enumerate() {
            world.delay(city, [200, 300 + 10 * place as u64]);
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
                world.server.set_response(&format!("/api/{api}/{city}"), 404, body);
            }
        }
        Ok(world)
    }

    /// Returns true if the error reports the status 404 in its own words or in those of
    /// one of its causes.
    fn reports_404(&self, error: &Error) -> bool {
        let has_status = |cause: &reqwest::Error| {
            cause.status().is_some_and(|status| status.as_u16() == 404)
        };
        self.in_words(error).contains("404")
            || error
                .chain()
                .any(|cause| cause.downcast_ref().is_some_and(has_status))
    }
}

const NO_BUG: &str = "An unknown city is no bug of the program: return an error, with \
                      `?` instead of `unwrap`.";

async fn unknown() -> Result<()> {
    let world = World::mixed(&MIXED, false).await?;
    let guides = check::caught(world.guides("seven cities", &MIXED)).await;
    let guides = check::explain(guides, Some(NO_BUG))?.value;
    for (place, apis) in NOT_FOUND {
        let (city, api) = (MIXED[place], apis[apis.len() - 1]);
        let mut of_city = guides.iter().flatten().filter(|guide| guide.city == city);
        let words = format!(
            "the guide to {city} is not an error, but `/api/{api}/{city}` returned the \
             status 404."
        );
        check::that(of_city.next().is_none(), words)?;
    }
    let errors = errors(&guides)?.into_iter();
    let mut errors: Vec<_> = errors.map(|error| world.in_words(error)).collect();
    let (failed, known) = (errors.len(), MIXED.len() - NOT_FOUND.len());
    errors.dedup();
    let why = if failed == guides.len() && errors.len() == 1 {
        Some("One failing city discards the results of the others.")
    } else if failed == 0 && guides.len() == known {
        Some("The cities that failed are left out.")
    } else {
        None
    };
    check::explain(world.compare(&guides, &MIXED, false), why)?;
    let words = "for an unknown city, the code panics.";
    check::explain(check::that(!check::panicked(), words), Some(NO_BUG))?;
    // An error takes the place of its city.
    world.compare(&guides, &MIXED, true)?;

    // Other cities, and the 404 has JSON in its body.
    let drawn = check::draw().words(MIXED.len());
    let cities: Vec<_> = drawn.iter().map(|city| &**city).collect();
    let with_json = World::mixed(&cities, true).await?;
    let judged = with_json.guides("seven cities", &cities).await.value;
    for (place, apis) in NOT_FOUND {
        let checked = judged.get(place).is_some_and(Result::is_err);
        let reported =
            guides[place].as_ref().is_err_and(|error| world.reports_404(error));
        let (city, api) = (cities[place], apis[apis.len() - 1]);
        let words = format!(
            "`/api/{api}/{city}` returned the status 404, with JSON in the body, and the \
             guide to {city} is not an error. Is the status checked, for both APIs?"
        );
        check::that(checked || reported, words)?;
    }
    Ok(())
}
