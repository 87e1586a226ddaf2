//! A comparison as text for the terminal, and as the JSON that is saved.

use anyhow::Result;
use compare::result::{Comparison, Measurement, median, number, ratio, spread};

/// Prints every measurement, with its ratio to Rust's.
pub fn print(comparison: &Comparison) {
    let mut previous = String::new();
    for measurement in &comparison.measurements {
        let Measurement { benchmark, case, contestant, unit, .. } = measurement;
        let heading = format!("{benchmark} {case}");
        if heading != previous {
            println!(
                "\n{heading:<18}{unit:>10} {:<17}{:>8}",
                "(from - to)", "x Rust"
            );
            previous = heading;
        }
        let (low, high) = measurement.spread();
        let range = format!("({} - {})", number(low), number(high));
        let rust = comparison.measurement(&format!("{benchmark}/{case}"), "rust");
        let times = rust
            .and_then(|rust| ratio(measurement, rust))
            .map_or(String::new(), number);
        let details = [
            ("CPU", &measurement.cpu, "ms"),
            ("server", &measurement.server, "ms"),
            ("peak", &measurement.peak, "MiB"),
        ];
        let details: Vec<_> = details
            .iter()
            .filter(|(_, values, _)| !values.is_empty())
            .map(|(name, values, unit)| {
                format!("{name} {} {unit}", number(median(values)))
            })
            .collect();
        println!(
            "  {contestant:<16}{:>10} {range:<17}{times:>8}  {}",
            number(measurement.value()),
            details.join(", ")
        );
    }
    let (low, high) = spread(&comparison.noise.yardstick);
    let load = comparison
        .noise
        .load_before
        .map_or(String::new(), |load| format!("; load average before: {load:.1}"));
    println!(
        "\n{:.0} s. The yardstick took {low:.1} to {high:.1} ms{load}.",
        comparison.seconds
    );
    for left_out in &comparison.left_out {
        println!("{left_out}");
    }
}

/// Serializes a comparison with one line per measurement, so that diffs are
/// readable.
///
/// Fails if the result could not be parsed again.
pub fn json(comparison: &Comparison) -> Result<String> {
    let mut frame = comparison.clone();
    frame.measurements.clear();
    let frame = serde_json::to_string_pretty(&frame)?;
    let lines: Result<Vec<String>, _> =
        comparison.measurements.iter().map(serde_json::to_string).collect();
    let lines = format!("\"measurements\": [\n    {}\n  ]", lines?.join(",\n    "));
    let json = frame.replace("\"measurements\": []", &lines) + "\n";
    Comparison::parse(&json)?;
    Ok(json)
}
