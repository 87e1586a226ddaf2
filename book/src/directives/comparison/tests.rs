//! Tests of `{{#compare}}`.

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

/// A result with two contestants and a limit in two benchmarks.
fn comparison() -> Comparison {
    let full = |key, contestant, rounds: &[f64]| Measurement {
        cpu: vec![1.0],
        peak: vec![8.0],
        ..measurement(key, contestant, rounds)
    };
    Comparison {
        date: "2026-11-23".to_owned(),
        measurements: vec![
            full("pages-50/10", "rust", &[51.0, 52.0, 53.0]),
            full("pages-50/10", "aiohttp", &[55.0, 54.0, 56.0]),
            measurement("pages-50/10", "limit", &[50.0]),
            full("pages-50/1000", "rust", &[70.0, 60.0, 65.0]),
            full("pages-50/1000", "aiohttp", &[260.0, 250.0, 270.0]),
            measurement("pages-50/1000", "limit", &[50.0]),
            full("json", "rust", &[2.0, 1.0, 3.0]),
            full("json", "json", &[9.0, 8.0, 10.0]),
        ],
        ..Comparison::default()
    }
}

fn shown(argument: &str) -> String {
    show(&comparison(), argument).unwrap()
}

fn error(argument: &str) -> String {
    format!("{:#}", show(&comparison(), argument).unwrap_err())
}

#[test]
fn numbers_are_inline() {
    for (argument, text) in [
        ("value pages-50/1000 rust", "65.0 ms"),
        ("range pages-50/1000 rust", "60.0 to 70.0 ms"),
        ("ratio pages-50/1000 aiohttp rust", "4.0"),
        ("cpu json rust", "1.00 ms"),
        ("peak json rust", "8.00 MiB"),
        ("least 4 pages-50/1000 aiohttp rust", "4"),
        ("most 1.5 pages-50/1000 rust limit", "1.5"),
        ("date", "2026-11-23"),
        ("left-out", "Nothing failed, and nothing was missing."),
    ] {
        assert_eq!(shown(argument), text, "{argument}");
    }
}

#[test]
fn wrong_claims_and_unknown_forms_fail() {
    assert_eq!(
        error("least 5 pages-50/1000 aiohttp rust"),
        "the chapter claims at least 5 times, but it is 4.00"
    );
    assert_eq!(
        error("most 1.2 pages-50/1000 rust limit"),
        "the chapter claims at most 1.2 times, but it is 1.30"
    );
    for argument in [
        "value pages-50/100 rust",
        "value pages-50/1000 httpx",
        "server json rust",
        "table tea",
        "curves json: Over nothing.",
        "bars json",
        "date: With a caption.",
        "nonsense",
    ] {
        assert!(show(&comparison(), argument).is_err(), "{argument}");
    }
}

#[test]
fn a_table_has_medians_and_spreads() {
    let table = shown("table pages-50");
    assert!(table.contains("<th>ms</th><th>10</th><th>1,000</th>"), "{table}");
    let row = "<tr><th scope=\"row\">Rust</th><td>52.0 <small>51.0–53.0</small></td><td>65.0 <small>60.0–70.0</small></td></tr>";
    assert!(table.contains(row), "{table}");
    assert!(
        table.contains("the limit</th><td>50.0</td><td>50.0</td></tr>"),
        "{table}"
    );
    let single = shown("table json");
    assert!(
        single.contains("<th>program</th><th>ms</th><th>times Rust</th>"),
        "{single}"
    );
    let row = "Python’s json</th><td>9.00 <small>8.00–10.0</small></td><td>4.5</td>";
    assert!(single.contains(row), "{single}");
}

#[test]
fn pictures_have_a_text_alternative() {
    let bars = shown("bars pages-50/1000: How `long`.");
    for part in [
        "aria-label=\"Bars. Rust: 65.0 ms, from 60.0 to 70.0. aiohttp: 260 ms, from \
         250 to 270. The limit: 50.0 ms.\"",
        // The longest spread takes the whole width.
        "<rect class=\"asyncio\" width=\"96.30%\" y=\"76\" height=\"10\"/>",
        "<line class=\"spread\" x1=\"92.59%\" x2=\"100.00%\"",
        "<line class=\"limit\" x1=\"18.52%\" x2=\"18.52%\" y1=\"37\" y2=\"53\"/>",
        "<figcaption>\n\nHow `long`.\n\n</figcaption>",
    ] {
        assert!(bars.contains(part), "{part} is not in:\n{bars}");
    }
    let peak = shown("bars json peak: How much.");
    assert!(peak.contains("Python’s json: 8.00 MiB"), "{peak}");

    let curves = shown("curves pages-50: How long.");
    for part in [
        "aria-label=\"Curves: ms over pages at once, both on logarithmic scales. Rust: \
         52.0 at 10, 65.0 at 1,000. aiohttp: 55.0 at 10, 260 at 1,000. the limit: \
         50.0 at 10, 50.0 at 1,000.\"",
        "<line class=\"limit solid\" x1=\"12.00%\" y1=\"284.0\" x2=\"98.00%\" y2=\"284.0\"/>",
        "<i class=\"asyncio solid\"></i>aiohttp</span>",
    ] {
        assert!(curves.contains(part), "{part} is not in:\n{curves}");
    }
}
