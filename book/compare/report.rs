//! A comparison as a person reads it in a terminal, and as it is kept.

use crate::result::{Comparison, Figure, median, number, ratio, spread};
use anyhow::Result;

/// Prints every figure, with what it is a multiple of.
pub fn print(comparison: &Comparison) {
    let mut place = String::new();
    for figure in &comparison.figures {
        let Figure { work, case, who, unit, .. } = figure;
        let here = format!("{work} {case}");
        if here != place {
            println!(
                "\n{:<18}{:>10} {:<17}{:>8}",
                here, unit, "(from - to)", "x Rust"
            );
            place = here;
        }
        let (low, high) = figure.spread();
        let range = format!("({} - {})", number(low), number(high));
        let rust = comparison.figure(&format!("{work}/{case}"), "rust");
        let times =
            rust.and_then(|rust| ratio(figure, rust)).map_or(String::new(), number);
        let more = [
            ("processor", &figure.cpu, "ms"),
            ("server", &figure.server, "ms"),
            ("peak", &figure.peak, "MiB"),
        ];
        let more = more.iter().filter(|(_, values, _)| !values.is_empty());
        let more: Vec<_> = more
            .map(|(name, values, unit)| {
                format!("{name} {} {unit}", number(median(values)))
            })
            .collect();
        println!(
            "  {who:<16}{:>10} {range:<17}{times:>8}  {}",
            number(figure.value()),
            more.join(", ")
        );
    }
    let (least, most) = spread(&comparison.noise.yardstick);
    let load = comparison
        .noise
        .load_before
        .map_or(String::new(), |load| format!("; the load before was {load:.1}"));
    println!(
        "\n{:.0} s. The same arithmetic took {least:.1} to {most:.1} ms{load}.",
        comparison.seconds
    );
    for left_out in &comparison.left_out {
        println!("{left_out}");
    }
}

/// The comparison as its file has it: a figure a line.
///
/// Fails if the book could not read it.
pub fn json(comparison: &Comparison) -> Result<String> {
    let mut frame = comparison.clone();
    frame.figures.clear();
    let frame = serde_json::to_string_pretty(&frame)?;
    let figures: Result<Vec<String>, _> =
        comparison.figures.iter().map(serde_json::to_string).collect();
    let figures = format!("\"figures\": [\n    {}\n  ]", figures?.join(",\n    "));
    let json = frame.replace("\"figures\": []", &figures) + "\n";
    Comparison::parse(&json)?;
    Ok(json)
}
