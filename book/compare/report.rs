//! A comparison as a person reads it in a terminal, and as it is kept.

use crate::result::{Comparison, Figure, number, spread};
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
        let rust = comparison
            .figures
            .iter()
            .find(|f| f.work == *work && f.case == *case && f.who == "rust");
        let times = rust.map_or(String::new(), |rust| {
            number(figure.value() / rust.value().max(f64::MIN_POSITIVE))
        });
        let more = [
            ("processor", &figure.cpu, "ms"),
            ("server", &figure.server, "ms"),
            ("peak", &figure.peak, "MiB"),
        ];
        let more = more.iter().filter(|(_, values, _)| !values.is_empty());
        let more: Vec<_> = more
            .map(|(name, values, unit)| {
                format!("{name} {} {unit}", number(crate::result::median(values)))
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
pub fn json(comparison: &Comparison) -> Result<String> {
    let mut frame = comparison.clone();
    frame.figures.clear();
    let frame = serde_json::to_string_pretty(&frame)?;
    let figures: Result<Vec<String>, _> =
        comparison.figures.iter().map(serde_json::to_string).collect();
    let figures = format!("\"figures\": [\n    {}\n  ]", figures?.join(",\n    "));
    Ok(frame.replace("\"figures\": []", &figures) + "\n")
}
