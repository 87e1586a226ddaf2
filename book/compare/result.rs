//! What a comparison found, as `result.json` keeps it, and the arithmetic on it.
//!
//! The program that measures and the book that shows it both have this file, so that
//! they cannot mean different things by it.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One whole comparison.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The day it was made, as in `2026-11-23`.
    pub date: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How often each contestant had its turn.
    pub rounds: usize,
    pub machine: Machine,
    /// What was compared, by name.
    pub versions: BTreeMap<String, String>,
    pub noise: Noise,
    /// What was not measured, and why.
    pub left_out: Vec<String>,
    pub figures: Vec<Figure>,
}

/// What it ran on. What the system does not tell is empty, or 0.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gib: f64,
    pub system: String,
}

/// How quiet the machine was.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// How many programs ran, or wanted to, in the minute before; nothing where the
    /// system does not count them.
    pub load_before: Option<f64>,
    /// The same piece of arithmetic, timed before every turn, in milliseconds: on a
    /// quiet machine it always takes the same.
    pub yardstick: Vec<f64>,
}

/// What one contestant did on one case of one work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Such as `pages-50`.
    pub work: String,
    /// Such as `1000`; empty where a work has but one case.
    pub case: String,
    /// Such as `aiohttp`.
    pub who: String,
    pub unit: String,
    /// Its figure in each round.
    pub rounds: Vec<f64>,
    /// Processor time it took, in milliseconds, where the system tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu: Vec<f64>,
    /// Processor time that the server took meanwhile, in milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<f64>,
    /// The most memory its process ever held until then, in MiB, where the system
    /// tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peak: Vec<f64>,
}

impl Comparison {
    /// Reads what a comparison saved.
    ///
    /// Fails if it is not that, or if a figure is there twice or makes no sense.
    pub fn parse(json: &str) -> Result<Self> {
        let again = "it is no result of this version of `cargo workbook compare`, \
                     which makes it anew with --save";
        let comparison: Self = serde_json::from_str(json).context(again)?;
        for (at, figure) in comparison.figures.iter().enumerate() {
            let name = figure.name();
            let makes_sense = |value: &f64| value.is_finite() && *value >= 0.0;
            let numbers =
                [&figure.rounds, &figure.cpu, &figure.server, &figure.peak];
            ensure!(!figure.rounds.is_empty(), "`{name}` has no rounds");
            ensure!(
                numbers.into_iter().flatten().all(makes_sense),
                "`{name}` has a number that cannot be measured"
            );
            let twice = comparison.figures[..at].iter().any(|f| f.name() == name);
            ensure!(!twice, "`{name}` is there twice");
        }
        Ok(comparison)
    }

    /// The figure of `who` for a place such as `pages-50/1000`, or `start` where a
    /// work has but one case.
    ///
    /// Fails if there is none, and lists those that are near.
    pub fn figure(&self, place: &str, who: &str) -> Result<&Figure> {
        let (work, case) = place.split_once('/').unwrap_or((place, ""));
        let of_work = || self.figures.iter().filter(move |f| f.work == work);
        if let Some(found) = of_work().find(|f| f.case == case && f.who == who) {
            return Ok(found);
        }
        let mut near: Vec<String> = of_work().map(Figure::name).collect();
        if near.is_empty() {
            near = self.figures.iter().map(|f| f.work.clone()).collect();
            near.dedup();
        }
        bail!(
            "no figure `{place} {who}` in the result; there are {}",
            near.join(", ")
        )
    }
}

impl Figure {
    /// Its place and whose it is: `pages-50/1000 aiohttp`.
    pub fn name(&self) -> String {
        let slash = if self.case.is_empty() { "" } else { "/" };
        format!("{}{slash}{} {}", self.work, self.case, self.who)
    }

    /// The median of its rounds.
    pub fn value(&self) -> f64 {
        median(&self.rounds)
    }

    /// The lowest and the highest of its rounds.
    pub fn spread(&self) -> (f64, f64) {
        spread(&self.rounds)
    }
}

/// The middle one of some numbers; of an even number of them, the mean of the two in
/// the middle; 0 of none.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The lowest and the highest of some numbers; 0 and 0 of none.
pub fn spread(numbers: &[f64]) -> (f64, f64) {
    let lowest = numbers.iter().copied().reduce(f64::min);
    let highest = numbers.iter().copied().reduce(f64::max);
    (lowest.unwrap_or(0.0), highest.unwrap_or(0.0))
}

/// How many times `one` is `other`: the ratio of their medians.
pub fn ratio(one: &Figure, other: &Figure) -> Result<f64> {
    let (a, b) = (one.name(), other.name());
    ensure!(one.unit == other.unit, "`{a}` and `{b}` have different units");
    ensure!(other.value() > 0.0, "`{b}` is 0: nothing is a multiple of it");
    Ok(one.value() / other.value())
}

/// A number as a person reads it: three digits that count, thousands apart.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        0.0 => 0,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut apart = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left.is_multiple_of(3) && digit.is_ascii_digit() {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart + rest
}
