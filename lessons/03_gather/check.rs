//! What decides exercise 03.

use super::{Guide, guides};
use anyhow::Result;
use async_workbook::{
    check::{self, Pace},
    web,
};
use reqwest::Client;
use std::time::Duration;

const CITIES: [&str; 3] = ["Lisbon", "Oslo", "Helsinki"];

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("each city has its weather and its events", right);
    exercise.check("all requests are under way together", together);
    exercise.check("the slowest city first, and still in order", in_order);
    exercise.check("an unknown city is an error, and the only one", unknown);
    exercise.verdict()
}

async fn start() -> Result<(Client, web::Server)> {
    let server = web::Server::start().await?;
    Ok((Client::builder().no_proxy().build()?, server))
}

/// A guide in one line, to be compared and shown.
fn said(guide: &Result<Guide>) -> String {
    match guide {
        Ok(Guide { city, weather, events }) => {
            let (celsius, sky) = (weather.celsius, &weather.sky);
            let days = events.iter().map(|e| format!(", {}: {}", e.day, e.title));
            format!("{city}: {celsius}, {sky}{}", days.collect::<String>())
        }
        Err(_) => "an error".to_owned(),
    }
}

async fn right() -> Result<()> {
    let (client, server) = start().await?;
    let guides = guides(&client, &server, &CITIES).await;
    if let Some(error) = guides.iter().find_map(|guide| guide.as_ref().err()) {
        return check::that(false, format!("a guide is an error: {error:#}."));
    }
    let expected = [
        "Lisbon: 24, clear, Friday: Tram race, Saturday: Fado night",
        "Oslo: 11, rain, Sunday: Fjord swim",
        "Helsinki: 9, fog",
    ];
    let got: Vec<_> = guides.iter().map(said).collect();
    check::in_order(&got, &expected.map(str::to_owned))
}

async fn together() -> Result<()> {
    let (client, server) = start().await?;
    let run = check::run("three cities", guides(&client, &server, &CITIES)).await;
    let paced = run.paced(&Pace::of(6, "requests", Duration::from_millis(100)));
    let why = match (run.took.as_millis(), server.peak()) {
        (600, _) => {
            Some("Each request waits for the one before it, in both functions.")
        }
        (300, 2) => Some(
            "The cities wait for each other. Where a future is awaited inside the loop, \
             `join_all` after it has nothing left to do.",
        ),
        (200, 3) => Some("In each city, the second API waits for the first."),
        _ => None,
    };
    check::explain(paced, why)?;
    check::peak("requests", server.peak(), 6)?;

    let (client, server) = start().await?;
    let many = CITIES.repeat(7);
    let run = check::run("21 cities", guides(&client, &server, &many)).await;
    let paced = run.paced(&Pace::of(42, "requests", Duration::from_millis(100)));
    let peak = server.peak();
    let why =
        format!("Never more than {peak} requests are under way. Who set a bound?");
    check::explain(paced, Some(&why))?;
    check::peak("requests", peak, 42)
}

async fn in_order() -> Result<()> {
    let (client, server) = start().await?;
    for (city, delay) in [("Lisbon", 300), ("Oslo", 200), ("Helsinki", 50)] {
        let path = format!("/api/weather/{city}");
        server.delay(&path, Duration::from_millis(delay));
    }
    let run = check::run("three cities", guides(&client, &server, &CITIES)).await;
    let got: Vec<_> = run.value.iter().flatten().map(|guide| &*guide.city).collect();
    let why =
        "The guides stand in the order in which they came, not in that of the list.";
    check::explain(run.pictured(check::in_order(&got, &CITIES)), Some(why))
}

async fn unknown() -> Result<()> {
    let (client, server) = start().await?;
    let cities = ["Lisbon", "Atlantis", "Oslo"];
    let guides = guides(&client, &server, &cities).await;
    let got: Vec<_> = guides
        .iter()
        .map(|guide| guide.as_ref().map_or("an error", |guide| &guide.city))
        .collect();
    let why = match got.len() {
        1 => Some("One city that fails takes the others with it."),
        _ => None,
    };
    check::explain(check::in_order(&got, &["Lisbon", "an error", "Oslo"]), why)?;
    // Whoever looks at the status may say in any words what it means.
    let of_json = |error: &anyhow::Error| {
        error.chain().any(|cause| {
            let error = cause.downcast_ref::<reqwest::Error>();
            cause.is::<serde_json::Error>() || error.is_some_and(|e| e.is_decode())
        })
    };
    let error = guides.iter().find_map(|guide| guide.as_ref().err());
    check::that(
        !error.is_some_and(of_json),
        "the error of the unknown city is about its JSON, and does not tell of the 404: \
         was the status looked at?",
    )
}
