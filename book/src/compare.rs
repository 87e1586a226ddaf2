//! The directives that show what `cargo workbook compare` found, all of it read from
//! `book/compare/result.json`: no number of the comparison is typed in a chapter.

mod draw;
#[path = "../compare/result.rs"]
mod result;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail, ensure};
use result::{Comparison, Figure, median, number, ratio, spread};
use std::fmt::Write;

/// The result, seen from the workbook's root.
pub const FILE: &str = "book/compare/result.json";

/// Every way to show something, for the message about one that is not.
const KNOWN: &str = "bars, cpu, curves, date, least, left-out, machine, most, noise, \
                     peak, range, ratio, rounds, seconds, server, spread, table, \
                     value, versions";

/// What `{{#compare argument}}` becomes, with the text of the result.
///
/// Fails if the text is no result, if it does not have what is asked for, or if it
/// contradicts what the chapter says of it.
pub fn show(json: &str, argument: &str) -> Result<String> {
    let found = Comparison::parse(json).context(FILE)?;
    let (what, caption) = match argument.split_once(": ") {
        Some((what, caption)) => (what, Some(caption.trim())),
        None => (argument, None),
    };
    let words: Vec<&str> = what.split_whitespace().collect();
    match (words.as_slice(), caption) {
        (["table", work], None) => table(&found, work),
        (["bars", place], Some(caption)) => {
            let svg = draw::bars(&bars(&found, place, None)?);
            Ok(figure(&svg, "", caption))
        }
        (["bars", place, "peak"], Some(caption)) => {
            let svg = draw::bars(&bars(&found, place, Some("peak"))?);
            Ok(figure(&svg, "", caption))
        }
        (["curves", work], Some(caption)) => {
            let curves = curves(&found, work)?;
            Ok(figure(&draw::curves(&curves), &draw::key(&curves), caption))
        }
        (words, None) => inline(&found, words),
        _ => bail!("`{what}` has no caption; or a picture lacks one"),
    }
}

/// What stands in a line of text.
fn inline(found: &Comparison, words: &[&str]) -> Result<String> {
    let machine = &found.machine;
    let shown = match *words {
        ["value", place, who] => {
            let figure = found.figure(place, who)?;
            format!("{} {}", number(figure.value()), figure.unit)
        }
        ["range", place, who] => {
            let figure = found.figure(place, who)?;
            let (low, high) = figure.spread();
            format!("{} to {} {}", number(low), number(high), figure.unit)
        }
        [what @ ("cpu" | "server"), place, who] => {
            format!("{} ms", number(metric(found.figure(place, who)?, what)?))
        }
        ["peak", place, who] => {
            format!("{} MiB", number(metric(found.figure(place, who)?, "peak")?))
        }
        ["ratio", place, one, other] => times(compared(found, place, one, other)?),
        [bound @ ("least" | "most"), text, place, one, other] => {
            let claimed: f64 = text.parse().context("which number?")?;
            let is = compared(found, place, one, other)?;
            let holds = if bound == "least" { is >= claimed } else { is <= claimed };
            ensure!(
                holds,
                "the chapter says at {bound} {text} times; it is {is:.2}"
            );
            text.to_owned()
        }
        ["date"] => found.date.clone(),
        ["rounds"] => found.rounds.to_string(),
        ["seconds"] => number(found.seconds),
        ["machine"] => format!(
            "{}, {} cores, {} GiB of memory, {}",
            machine.processor, machine.cores, machine.memory_gib, machine.system
        ),
        ["versions"] => {
            let version =
                |(name, version): (&String, &String)| format!("{name} {version}");
            found.versions.iter().map(version).collect::<Vec<_>>().join(", ")
        }
        ["noise"] => noise(found),
        ["spread"] => format!("{:.0} %", usual_spread(found)),
        ["left-out"] => match &found.left_out[..] {
            [] => "Nothing failed, and nothing was missing.".to_owned(),
            all => all.join(" "),
        },
        _ => bail!("nothing is shown by `{}`; there are {KNOWN}", words.join(" ")),
    };
    Ok(shown)
}

/// How many times one's figure is another's.
fn compared(found: &Comparison, place: &str, one: &str, other: &str) -> Result<f64> {
    ratio(found.figure(place, one)?, found.figure(place, other)?)
}

/// A ratio, as exact as it is worth.
fn times(ratio: f64) -> String {
    match ratio {
        ..0.1 => number(ratio),
        ..9.95 => format!("{ratio:.1}"),
        _ => number(ratio.round()),
    }
}

/// The median of something else than the figure itself.
fn metric(figure: &Figure, what: &str) -> Result<f64> {
    let values = match what {
        "cpu" => &figure.cpu,
        "server" => &figure.server,
        _ => &figure.peak,
    };
    ensure!(!values.is_empty(), "`{}` has no `{what}`", figure.name());
    Ok(median(values))
}

fn noise(found: &Comparison) -> String {
    let yardstick = &found.noise.yardstick;
    let (least, most) = spread(yardstick);
    let mut words = format!(
        "the same piece of arithmetic, timed before every turn, took {} to {} ms, \
         in the median {} ms",
        number(least),
        number(most),
        number(median(yardstick))
    );
    if let Some(load) = found.noise.load_before {
        let _ = write!(words, "; the load before was {load}"); // to a String
    }
    words
}

/// By how much the slowest round of a figure usually exceeds the quickest, in percent.
fn usual_spread(found: &Comparison) -> f64 {
    let apart = |figure: &Figure| {
        let (low, high) = figure.spread();
        (figure.rounds.len() > 1 && low > 0.0).then(|| (high / low - 1.0) * 100.0)
    };
    median(&found.figures.iter().filter_map(apart).collect::<Vec<_>>())
}

// ---- Words for those who took part ----

/// How a series looks, besides being named: Rust's, Python's or a limit's colour, and
/// one of the strokes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    // Not `python`: the switch in the bar hides what has that class.
    side: &'static str,
    stroke: &'static str,
}

/// The name of a contestant as a person reads it, and how it looks.
fn contestant(who: &str) -> Result<(&'static str, Look)> {
    let (name, side, stroke) = match who {
        "rust" => ("Rust", "rust", "solid"),
        "rust-threads" => ("Rust, all threads", "rust", "dashed"),
        "rust-reset" => ("Rust, resetting", "rust", "dotted"),
        "aiohttp" => ("aiohttp", "asyncio", "solid"),
        "uvloop-aiohttp" => ("aiohttp on uvloop", "asyncio", "dashed"),
        "aiohttp-default" => ("aiohttp, as it comes", "asyncio", "dotted"),
        "httpx" => ("httpx", "asyncio", "loose"),
        "asyncpg" => ("asyncpg", "asyncio", "solid"),
        "uvloop-asyncpg" => ("asyncpg on uvloop", "asyncio", "dashed"),
        "asyncpg-reset" => ("asyncpg, resetting", "asyncio", "dotted"),
        "json" => ("Python’s json", "asyncio", "solid"),
        "orjson" => ("orjson", "asyncio", "dashed"),
        "asyncio" => ("asyncio", "asyncio", "solid"),
        "uvloop" => ("uvloop", "asyncio", "dashed"),
        "bare" => ("the empty client", "limit", "dotted"),
        "limit" => ("the limit", "limit", "solid"),
        _ => bail!("there is no name for `{who}`"),
    };
    Ok((name, Look { side, stroke }))
}

/// The name of a case: a number, or a word for one.
fn case(case: &str) -> String {
    match case {
        "one" => "one thread".to_owned(),
        "threads" => "two threads".to_owned(),
        "away" => "moved away".to_owned(),
        _ => case.parse().map_or_else(|_| case.to_owned(), draw::number_of_axis),
    }
}

// ---- Tables ----

/// Medians with their spread, a row for each contestant: the cases of the work beside
/// each other, or what it is in multiples of Rust's.
fn table(found: &Comparison, work: &str) -> Result<String> {
    let figures: Vec<_> = found.figures.iter().filter(|f| f.work == work).collect();
    let first = figures.first().with_context(|| format!("no work `{work}`"))?;
    let mut cases: Vec<&str> = Vec::new();
    let mut everyone: Vec<&str> = Vec::new();
    for figure in &figures {
        if !cases.contains(&&figure.case[..]) {
            cases.push(&figure.case);
        }
        if !everyone.contains(&&figure.who[..]) {
            everyone.push(&figure.who);
        }
    }
    let single = cases == [""];
    let heads: Vec<String> = if single {
        vec![first.unit.clone(), "times Rust".to_owned()]
    } else {
        cases.iter().map(|name| case(name)).collect()
    };
    let corner = if single { "" } else { &first.unit };
    let mut table = format!("\n\n<div class=\"figures\">\n\n| {corner} |");
    let _ = writeln!(table, " {} |", heads.join(" | ")); // to a String: cannot fail
    let _ = writeln!(table, "|---|{}", "--:|".repeat(heads.len()));
    for who in everyone {
        let _ = write!(table, "| {} |", contestant(who)?.0);
        for name in &cases {
            let is_it = |f: &&&Figure| f.case == *name && f.who == who;
            let cell =
                figures.iter().find(is_it).map_or("–".to_owned(), |f| cell(f));
            let _ = write!(table, " {cell} |");
        }
        if single {
            let times = times(compared(found, work, who, "rust")?);
            let _ = write!(table, " {times} |");
        }
        table.push('\n');
    }
    Ok(table + "\n</div>\n\n")
}

/// The median, and below it the spread, if there is one.
fn cell(figure: &Figure) -> String {
    let value = number(figure.value());
    if figure.rounds.len() < 2 {
        return value;
    }
    let (low, high) = figure.spread();
    format!("{value} <small>{}–{}</small>", number(low), number(high))
}

// ---- Pictures ----

fn figure(svg: &str, key: &str, caption: &str) -> String {
    format!(
        "\n\n<figure class=\"compare\">\n{svg}\n{key}\n<figcaption>\n\n{caption}\n\n\
         </figcaption>\n</figure>\n\n"
    )
}

/// What bars show of one place: the figures, or the most memory held.
fn bars(found: &Comparison, place: &str, what: Option<&str>) -> Result<draw::Bars> {
    let rust = found.figure(place, "rust")?;
    let same = |f: &&Figure| f.work == rust.work && f.case == rust.case;
    let mut bars = draw::Bars {
        unit: if what.is_some() { "MiB".to_owned() } else { rust.unit.clone() },
        limit: None,
        rows: Vec::new(),
    };
    for figure in found.figures.iter().filter(same) {
        let values = if what.is_some() { &figure.peak } else { &figure.rounds };
        if values.is_empty() {
            continue;
        }
        if figure.who == "limit" && what.is_none() {
            bars.limit = Some(figure.value());
            continue;
        }
        let (name, look) = contestant(&figure.who)?;
        let (value, spread) = (median(values), spread(values));
        bars.rows.push(draw::Row { name, look, value, spread });
    }
    Ok(bars)
}

/// A work's figures over its cases, which have to be numbers.
fn curves(found: &Comparison, work: &str) -> Result<draw::Curves> {
    let mut curves: Vec<draw::Curve> = Vec::new();
    let mut unit = None;
    for figure in found.figures.iter().filter(|f| f.work == work) {
        let at: f64 = figure.case.parse().context("a case is no number")?;
        let (name, look) = contestant(&figure.who)?;
        let known = curves.iter().position(|curve| curve.name == name);
        let place = known.unwrap_or(curves.len());
        if known.is_none() {
            curves.push(draw::Curve { name, look, points: Vec::new() });
        }
        let (value, spread) = (figure.value(), figure.spread());
        ensure!(spread.0 > 0.0 && at > 0.0, "no logarithm of `{}`", figure.name());
        curves[place].points.push(draw::Point { at, value, spread });
        unit = Some(&figure.unit);
    }
    let unit = unit.with_context(|| format!("no work `{work}`"))?.clone();
    // A series of one point is no curve.
    curves.retain(|curve| curve.points.len() > 1);
    ensure!(!curves.is_empty(), "`{work}` has but one case");
    let over = match work {
        "queries" => "connections",
        _ => "pages at once",
    };
    Ok(draw::Curves { unit, over, curves })
}
