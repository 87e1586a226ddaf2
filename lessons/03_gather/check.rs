//! The check of exercise 03.

use std::time::Duration;

use anyhow::Result;
use reqwest::Client;

use super::{Guide, guides};
use async_workbook::{
    check::{self, Pace},
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

async fn start() -> Result<(Client, web::Server)> {
    let server = web::Server::start().await?;
    Ok((Client::builder().no_proxy().build()?, server))
}

/// Formats a guide in one line, for comparing and printing.
fn in_one_line(guide: &Result<Guide>) -> String {
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
        return check::that(false, format!("a guide failed: {error:#}."));
    }
    let expected = [
        "Lisbon: 24, clear, Friday: Tram race, Saturday: Fado night",
        "Oslo: 11, rain, Sunday: Fjord swim",
        "Helsinki: 9, fog",
    ];
    let got: Vec<_> = guides.iter().map(in_one_line).collect();
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
            "The cities wait for each other. If each future is awaited inside the \
             loop, a `join_all` after the loop has nothing left to do.",
        ),
        (200, 3) => Some("For each city, the second API waits for the first."),
        _ => None,
    };
    check::explain(paced, why)?;
    check::peak("requests", server.peak(), 6)?;

    let (client, server) = start().await?;
    let many = CITIES.repeat(7);
    let run = check::run("21 cities", guides(&client, &server, &many)).await;
    let paced = run.paced(&Pace::of(42, "requests", Duration::from_millis(100)));
    let peak = server.peak();
    let why = format!(
        "There are never more than {peak} requests in flight. Where does that limit \
         come from?"
    );
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
    let why = "The guides are in the order in which they arrived, not in that of \
               the list.";
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
        1 => Some("One failing city discards the results of the others."),
        _ => None,
    };
    check::explain(check::in_order(&got, &["Lisbon", "an error", "Oslo"]), why)?;
    // Any wording of the status error is fine.
    let of_json = |error: &anyhow::Error| {
        error.chain().any(|cause| {
            let error = cause.downcast_ref::<reqwest::Error>();
            cause.is::<serde_json::Error>() || error.is_some_and(|e| e.is_decode())
        })
    };
    let error = guides.iter().find_map(|guide| guide.as_ref().err());
    check::that(
        !error.is_some_and(of_json),
        "the error of the unknown city is about JSON and does not mention the 404. \
         Is the status checked?",
    )
}
