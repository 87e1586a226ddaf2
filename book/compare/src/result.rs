//! The format of `result.json`, and the arithmetic on it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// The result of one run of `cargo workbook compare`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The date of the run, such as `2026-11-23`.
    pub date: String,
    /// The duration of the run.
    pub seconds: f64,
    /// The number of turns that each contestant had.
    pub rounds: usize,
    /// The machine it ran on.
    pub machine: Machine,
    /// Versions of the compared programs and libraries, by name.
    pub versions: BTreeMap<String, String>,
    /// The noise on that machine.
    pub noise: Noise,
    /// Benchmarks that were not measured, with the reasons.
    pub left_out: Vec<String>,
    /// The results, in the order of benchmarks and cases.
    pub measurements: Vec<Measurement>,
}

/// The machine. Facts that the system does not report are empty, or 0.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The model of the processor.
    pub processor: String,
    /// Logical cores available to this process.
    pub cores: usize,
    /// Physical memory.
    pub memory_gib: f64,
    /// The operating system, its version and architecture: `uname -srm`.
    pub system: String,
}

/// Measurements of the noise on the machine.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// The load average of the minute before, on systems that have one.
    pub load_before: Option<f64>,
    /// A fixed piece of arithmetic, timed before every turn, in milliseconds. On a
    /// quiet machine it hardly varies.
    pub yardstick: Vec<f64>,
}

/// The results of one contestant in one case of a benchmark.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Such as `pages-50`.
    pub benchmark: String,
    /// Such as `1000`; empty if the benchmark has only one case.
    pub case: String,
    /// Such as `aiohttp`.
    pub contestant: String,
    /// The unit of `rounds`, such as `ms`.
    pub unit: String,
    /// The value of each round.
    pub rounds: Vec<f64>,
    /// The contestant's CPU time in milliseconds, per round, where the system
    /// reports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu: Vec<f64>,
    /// The server's CPU time during each round, in milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<f64>,
    /// The contestant's peak memory so far, in MiB, where the system reports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peak: Vec<f64>,
}

impl Comparison {
    /// Parses the content of `result.json`.
    ///
    /// # Errors
    ///
    /// If the format is another one, if a measurement occurs twice, or if one has no
    /// rounds or impossible values.
    pub fn parse(json: &str) -> Result<Self> {
        let comparison: Self = serde_json::from_str(json).context(
            "could not parse it; `cargo workbook compare --save` writes a new one",
        )?;
        for (at, measurement) in comparison.measurements.iter().enumerate() {
            let name = measurement.name();
            let is_possible = |value: &f64| value.is_finite() && *value >= 0.0;
            let Measurement { rounds, cpu, server, peak, .. } = measurement;
            ensure!(!rounds.is_empty(), "`{name}` has no rounds");
            ensure!(
                [rounds, cpu, server, peak].into_iter().flatten().all(is_possible),
                "`{name}` has an impossible value"
            );
            let mut before = comparison.measurements[..at].iter();
            ensure!(before.all(|m| m.name() != name), "`{name}` occurs twice");
        }
        Ok(comparison)
    }

    /// Finds a contestant's measurement by its key: a benchmark and a case, such as
    /// `pages-50/1000`, or only a benchmark if it has one case.
    ///
    /// # Errors
    ///
    /// If there is none. The error lists similar ones.
    pub fn measurement(&self, key: &str, contestant: &str) -> Result<&Measurement> {
        let (benchmark, case) = key.split_once('/').unwrap_or((key, ""));
        let of_benchmark =
            || self.measurements.iter().filter(move |m| m.benchmark == benchmark);
        let mut matching = of_benchmark();
        if let Some(found) =
            matching.find(|m| m.case == case && m.contestant == contestant)
        {
            return Ok(found);
        }
        let mut similar: Vec<String> =
            of_benchmark().map(Measurement::name).collect();
        if similar.is_empty() {
            similar =
                self.measurements.iter().map(|m| m.benchmark.clone()).collect();
            similar.dedup();
        }
        bail!(
            "no measurement `{key} {contestant}`; the result has {}",
            similar.join(", ")
        )
    }
}

impl Measurement {
    /// The key and the contestant, such as `pages-50/1000 aiohttp`.
    pub fn name(&self) -> String {
        let slash = if self.case.is_empty() { "" } else { "/" };
        format!("{}{slash}{} {}", self.benchmark, self.case, self.contestant)
    }

    /// The median of the rounds.
    pub fn value(&self) -> f64 {
        median(&self.rounds)
    }

    /// The lowest and the highest of the rounds.
    pub fn spread(&self) -> (f64, f64) {
        spread(&self.rounds)
    }
}

/// The median, or 0 for an empty slice. Of an even number of values it is the mean
/// of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The lowest and the highest value, or 0 and 0 for an empty slice.
pub fn spread(values: &[f64]) -> (f64, f64) {
    let lowest = values.iter().copied().reduce(f64::min);
    let highest = values.iter().copied().reduce(f64::max);
    (lowest.unwrap_or(0.0), highest.unwrap_or(0.0))
}

/// The ratio of two medians.
///
/// # Errors
///
/// If the units differ, or if the divisor is 0.
pub fn ratio(dividend: &Measurement, divisor: &Measurement) -> Result<f64> {
    let (a, b) = (dividend.name(), divisor.name());
    ensure!(dividend.unit == divisor.unit, "`{a}` and `{b}` have different units");
    ensure!(divisor.value() > 0.0, "cannot divide by `{b}`, which is 0");
    Ok(dividend.value() / divisor.value())
}

/// Formats a number with three significant digits and thousands separators. Whole
/// numbers keep all their digits.
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
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left.is_multiple_of(3) && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(key: &str, contestant: &str, rounds: &[f64]) -> Measurement {
        let (benchmark, case) = key.split_once('/').unwrap_or((key, ""));
        Measurement {
            benchmark: benchmark.to_owned(),
            case: case.to_owned(),
            contestant: contestant.to_owned(),
            unit: "ms".to_owned(),
            rounds: rounds.to_vec(),
            ..Measurement::default()
        }
    }

    fn comparison(measurements: Vec<Measurement>) -> Comparison {
        Comparison { measurements, ..Comparison::default() }
    }

    #[test]
    fn median_and_spread() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 3.0));
        assert_eq!(spread(&[]), (0.0, 0.0));
    }

    #[test]
    fn a_ratio_divides_medians_of_one_unit() {
        let slow = measurement("json", "json", &[9.0, 90.0, 8.0]);
        let fast = measurement("json", "rust", &[2.0, 3.0, 1.0]);
        assert_eq!(ratio(&slow, &fast).unwrap(), 4.5);
        let zero = measurement("json", "limit", &[0.0]);
        assert!(ratio(&slow, &zero).is_err());
        let bytes = Measurement { unit: "B".to_owned(), ..fast };
        let error = ratio(&slow, &bytes).unwrap_err().to_string();
        assert_eq!(error, "`json json` and `json rust` have different units");
    }

    #[test]
    fn numbers_have_three_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (0.9999, "1.00"),
            (1.234, "1.23"),
            (51.27, "51.3"),
            (99.96, "100"),
            (123.4, "123"),
            (1234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_saved_result_parses() {
        let saved = comparison(vec![measurement("json", "rust", &[1.5])]);
        let json = serde_json::to_string(&saved).unwrap();
        assert_eq!(Comparison::parse(&json).unwrap(), saved);
    }

    #[test]
    fn the_error_for_a_missing_measurement_lists_similar_ones() {
        let found = comparison(vec![
            measurement("pages-0/10", "rust", &[1.0]),
            measurement("pages-0/100", "rust", &[1.0]),
            measurement("json", "rust", &[1.0]),
        ]);
        assert!(found.measurement("pages-0/100", "rust").is_ok());
        assert!(found.measurement("json", "rust").is_ok());
        let error = |key, who| found.measurement(key, who).unwrap_err().to_string();
        assert_eq!(
            error("pages-0/10", "go"),
            "no measurement `pages-0/10 go`; the result has pages-0/10 rust, \
             pages-0/100 rust"
        );
        assert!(error("tea", "rust").ends_with("the result has pages-0, json"));
    }

    #[test]
    fn an_invalid_result_is_rejected() {
        let error = |measurements| {
            let json = serde_json::to_string(&comparison(measurements)).unwrap();
            format!("{:#}", Comparison::parse(&json).unwrap_err())
        };
        let one = || measurement("json", "rust", &[1.0]);
        assert_eq!(error(vec![one(), one()]), "`json rust` occurs twice");
        let none = measurement("json", "rust", &[]);
        assert_eq!(error(vec![none]), "`json rust` has no rounds");
        let negative = measurement("json", "rust", &[-1.0]);
        assert_eq!(error(vec![negative]), "`json rust` has an impossible value");
        let error = format!("{:#}", Comparison::parse("{\"date\": 3}").unwrap_err());
        assert!(error.contains("compare --save` writes a new one"), "{error}");
        assert!(error.contains("line 1 column"), "{error}");
    }
}
