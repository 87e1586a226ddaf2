//! Results of the comparison of Rust and Python, such as
//! `{{#compare ratio json json rust}}`.
//!
//! Everything comes from `book/compare/result.json`; no number is typed in a
//! chapter. Claims in prose are checked as well: `{{#compare least 4 ...}}` fails
//! the build if the ratio is less than 4.
//!
//! A key names a benchmark and, if it has several, a case: `pages-50/1000`, `json`.

mod draw;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};

use compare::result::{Comparison, Measurement, median, number, ratio, spread};

use super::figure;

/// All forms of the directive, for error messages.
const KNOWN: &str = "bars, cpu, curves, date, least, left-out, machine, most, noise, \
                     peak, range, ratio, rounds, server, spread, table, \
                     value, versions";

/// Replaces `{{#compare argument}}`.
pub fn show(comparison: &Comparison, argument: &str) -> Result<String> {
    let (what, caption) = match argument.split_once(": ") {
        Some((what, caption)) => (what, Some(caption.trim())),
        None => (argument, None),
    };
    let words: Vec<&str> = what.split_whitespace().collect();
    match (words.as_slice(), caption) {
        (["table", benchmark], None) => table(comparison, benchmark),
        (["bars", key] | ["bars", key, "peak"], Some(_)) => {
            let bars = bars(comparison, key, words.ends_with(&["peak"]))?;
            Ok(figure("compare", &draw::bars(&bars), caption))
        }
        (["curves", benchmark], Some(_)) => {
            let curves = curves(comparison, benchmark)?;
            let picture = draw::curves(&curves) + "\n" + &draw::legend(&curves);
            Ok(figure("compare", &picture, caption))
        }
        (["bars" | "curves", ..], None) => bail!("`{what}` needs a caption"),
        (words, None) => inline(comparison, words),
        (_, Some(_)) => bail!("`{what}` takes no caption"),
    }
}

/// Formats a number or a fact for a line of text.
fn inline(comparison: &Comparison, words: &[&str]) -> Result<String> {
    let machine = &comparison.machine;
    let shown = match *words {
        ["value", key, who] => {
            let measurement = comparison.measurement(key, who)?;
            format!("{} {}", number(measurement.value()), measurement.unit)
        }
        ["range", key, who] => {
            let measurement = comparison.measurement(key, who)?;
            let (low, high) = measurement.spread();
            format!("{} to {} {}", number(low), number(high), measurement.unit)
        }
        [what @ ("cpu" | "server" | "peak"), key, who] => {
            let measurement = comparison.measurement(key, who)?;
            let (values, unit) = match what {
                "cpu" => (&measurement.cpu, "ms"),
                "server" => (&measurement.server, "ms"),
                _ => (&measurement.peak, "MiB"),
            };
            ensure!(!values.is_empty(), "`{}` has no `{what}`", measurement.name());
            format!("{} {unit}", number(median(values)))
        }
        ["ratio", key, one, other] => {
            times(contestants_ratio(comparison, key, one, other)?)
        }
        [bound @ ("least" | "most"), text, key, one, other] => {
            let claim: f64 =
                text.parse().with_context(|| format!("`{text}` is not a number"))?;
            let ratio = contestants_ratio(comparison, key, one, other)?;
            let holds =
                if bound == "least" { ratio >= claim } else { ratio <= claim };
            ensure!(
                holds,
                "the chapter claims at {bound} {text} times, but it is {ratio:.2}"
            );
            text.to_owned()
        }
        ["date"] => comparison.date.clone(),
        ["rounds"] => comparison.rounds.to_string(),
        ["machine"] => format!(
            "{}, {} cores, {} GiB of memory, {}",
            machine.processor, machine.cores, machine.memory_gib, machine.system
        ),
        ["versions"] => {
            let version =
                |(name, version): (&String, &String)| format!("{name} {version}");
            comparison.versions.iter().map(version).collect::<Vec<_>>().join(", ")
        }
        ["noise"] => noise(comparison),
        ["spread"] => format!("{:.0} %", typical_spread(comparison)),
        ["left-out"] => match &comparison.left_out[..] {
            [] => "Nothing failed, and nothing was missing.".to_owned(),
            all => all.join(" "),
        },
        _ => bail!("unknown form `{}`; expected one of: {KNOWN}", words.join(" ")),
    };
    Ok(shown)
}

/// Divides the result of one contestant by that of another.
fn contestants_ratio(
    comparison: &Comparison,
    key: &str,
    one: &str,
    other: &str,
) -> Result<f64> {
    ratio(comparison.measurement(key, one)?, comparison.measurement(key, other)?)
}

/// Formats a ratio with two significant digits, or as a whole number from 10 on.
fn times(ratio: f64) -> String {
    match ratio {
        ..0.1 => number(ratio),
        ..9.95 => format!("{ratio:.1}"),
        _ => number(ratio.round()),
    }
}

fn noise(comparison: &Comparison) -> String {
    let yardstick = &comparison.noise.yardstick;
    let (least, most) = spread(yardstick);
    let mut words = format!(
        "the same piece of arithmetic, timed before every turn, took {} to {} ms, \
         with a median of {} ms",
        number(least),
        number(most),
        number(median(yardstick))
    );
    if let Some(load) = comparison.noise.load_before {
        words += &format!("; the load average before was {load}");
    }
    words
}

/// By how much the slowest round exceeds the fastest, in percent: the median of all
/// measurements.
fn typical_spread(comparison: &Comparison) -> f64 {
    let percent = |measurement: &Measurement| {
        let (low, high) = measurement.spread();
        (measurement.rounds.len() > 1 && low > 0.0)
            .then(|| (high / low - 1.0) * 100.0)
    };
    let spreads = comparison.measurements.iter().filter_map(percent);
    median(&spreads.collect::<Vec<_>>())
}

/// The classes of a contestant's bars and lines.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SeriesStyle {
    /// The color: `rust`, `asyncio` or `limit`. (The Python switch hides everything
    /// with the class `python`.)
    side: &'static str,
    /// The line style.
    stroke: &'static str,
}

/// The display name and the style of a contestant.
fn contestant(name: &str) -> Result<(&'static str, SeriesStyle)> {
    let (name, side, stroke) = match name {
        "rust" => ("Rust", "rust", "solid"),
        "rust-threads" => ("Rust, all threads", "rust", "dashed"),
        "rust-reset" => ("Rust, resetting", "rust", "dotted"),
        "aiohttp" => ("aiohttp", "asyncio", "solid"),
        "uvloop-aiohttp" => ("aiohttp on uvloop", "asyncio", "dashed"),
        "aiohttp-default" => ("aiohttp, default settings", "asyncio", "dotted"),
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
        _ => bail!("no display name for the contestant `{name}`"),
    };
    Ok((name, SeriesStyle { side, stroke }))
}

/// The display name of a case.
fn case(case: &str) -> String {
    match case {
        "one" => "one thread".to_owned(),
        "threads" => "two threads".to_owned(),
        "away" => "moved away".to_owned(),
        _ => case.parse().map_or_else(|_| case.to_owned(), draw::axis_number),
    }
}

/// A table of medians and spreads with a row for each contestant. Its columns are
/// the cases, or if there is only one, the result and its ratio to Rust's.
fn table(comparison: &Comparison, benchmark: &str) -> Result<String> {
    let rows: Vec<_> = of_benchmark(comparison, benchmark).collect();
    let first =
        rows.first().with_context(|| format!("no benchmark `{benchmark}`"))?;
    let mut cases: Vec<&str> = Vec::new();
    let mut contestants: Vec<&str> = Vec::new();
    for Measurement { case, contestant, .. } in rows.iter().copied() {
        if !cases.contains(&&case[..]) {
            cases.push(case);
        }
        if !contestants.contains(&&contestant[..]) {
            contestants.push(contestant);
        }
    }
    let single = cases == [""];
    let heads: Vec<String> = if single {
        vec![first.unit.clone(), "times Rust".to_owned()]
    } else {
        cases.iter().map(|name| case(name)).collect()
    };
    let corner = if single { "program" } else { &first.unit };
    let mut table = format!(
        "\n\n<div class=\"figures\">\n<table>\n<thead><tr><th>{corner}</th><th>{}</th></tr></thead>\n<tbody>\n",
        heads.join("</th><th>"),
    );
    for name in contestants {
        // Cannot fail, here and below.
        let _ = write!(table, "<tr><th scope=\"row\">{}</th>", contestant(name)?.0);
        for case in &cases {
            let mut found = rows.iter();
            let found = found.find(|m| m.case == *case && m.contestant == name);
            let cell =
                found.map_or("–".to_owned(), |measurement| cell(measurement));
            let _ = write!(table, "<td>{cell}</td>");
        }
        if single {
            let ratio = contestants_ratio(comparison, benchmark, name, "rust")?;
            let _ = write!(table, "<td>{}</td>", times(ratio));
        }
        table.push_str("</tr>\n");
    }
    Ok(table + "</tbody>\n</table>\n</div>\n\n")
}

fn of_benchmark<'a>(
    comparison: &'a Comparison,
    benchmark: &'a str,
) -> impl Iterator<Item = &'a Measurement> {
    comparison.measurements.iter().filter(move |m| m.benchmark == benchmark)
}

/// The median and, if there were several rounds, their spread.
fn cell(measurement: &Measurement) -> String {
    let value = number(measurement.value());
    if measurement.rounds.len() < 2 {
        return value;
    }
    let (low, high) = measurement.spread();
    format!("{value} <small>{}–{}</small>", number(low), number(high))
}

/// The bars of one case: its results, or the peak memory.
fn bars(comparison: &Comparison, key: &str, is_peak: bool) -> Result<draw::Bars> {
    let rust = comparison.measurement(key, "rust")?;
    let unit = if is_peak { "MiB".to_owned() } else { rust.unit.clone() };
    let mut bars = draw::Bars { unit, limit: None, rows: Vec::new() };
    let of_case =
        of_benchmark(comparison, &rust.benchmark).filter(|m| m.case == rust.case);
    for measurement in of_case {
        let values = if is_peak { &measurement.peak } else { &measurement.rounds };
        if values.is_empty() {
            continue;
        }
        if measurement.contestant == "limit" {
            bars.limit = Some(measurement.value());
            continue;
        }
        let (name, style) = contestant(&measurement.contestant)?;
        let (value, spread) = (median(values), spread(values));
        bars.rows.push(draw::Row { name, style, value, spread });
    }
    Ok(bars)
}

/// The curves of a benchmark over its cases, which must be numbers.
fn curves(comparison: &Comparison, benchmark: &str) -> Result<draw::Curves> {
    let mut curves: Vec<draw::Curve> = Vec::new();
    let mut unit = None;
    for measurement in of_benchmark(comparison, benchmark) {
        let name = measurement.name();
        let x: f64 = measurement
            .case
            .parse()
            .with_context(|| format!("the case of `{name}` is not a number"))?;
        let (value, spread) = (measurement.value(), measurement.spread());
        ensure!(
            spread.0 > 0.0 && x > 0.0,
            "`{name}` is not positive, so it does not fit a logarithmic scale"
        );
        let point = draw::Point { x, value, spread };
        let (name, style) = contestant(&measurement.contestant)?;
        match curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push(point),
            None => curves.push(draw::Curve { name, style, points: vec![point] }),
        }
        unit = Some(&measurement.unit);
    }
    let unit = unit.with_context(|| format!("no benchmark `{benchmark}`"))?.clone();
    // A single point is not a curve.
    curves.retain(|curve| curve.points.len() > 1);
    ensure!(!curves.is_empty(), "`{benchmark}` has only one case");
    let x_axis = match benchmark {
        "queries" => "connections",
        _ => "pages at once",
    };
    Ok(draw::Curves { unit, x_axis, curves })
}
