//! What must hold for results and what chapters show of them.

use super::result::*;
use super::*;
use std::collections::BTreeMap;

fn figure(work: &str, case: &str, who: &str, rounds: &[f64]) -> Figure {
    Figure {
        work: work.to_owned(),
        case: case.to_owned(),
        who: who.to_owned(),
        unit: "ms".to_owned(),
        rounds: rounds.to_vec(),
        cpu: Vec::new(),
        server: Vec::new(),
        peak: Vec::new(),
    }
}

fn comparison(figures: Vec<Figure>) -> Comparison {
    Comparison {
        date: "2026-11-23".to_owned(),
        seconds: 100.0,
        rounds: 3,
        machine: Machine::default(),
        versions: BTreeMap::new(),
        noise: Noise::default(),
        left_out: Vec::new(),
        figures,
    }
}

#[test]
fn the_middle_and_the_ends() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(median(&[]), 0.0);
    assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 3.0));
    assert_eq!(spread(&[]), (0.0, 0.0));
}

#[test]
fn a_ratio_is_of_medians_in_one_unit() {
    let slow = figure("json", "", "json", &[9.0, 90.0, 8.0]);
    let quick = figure("json", "", "rust", &[2.0, 3.0, 1.0]);
    assert_eq!(ratio(&slow, &quick).unwrap(), 4.5);
    let none = figure("json", "", "limit", &[0.0]);
    assert!(ratio(&slow, &none).is_err());
    let bytes = Figure { unit: "B".to_owned(), ..quick };
    let error = ratio(&slow, &bytes).unwrap_err().to_string();
    assert_eq!(error, "`json json` and `json rust` have different units");
}

#[test]
fn numbers_have_three_digits_that_count() {
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
fn what_was_saved_is_read_again() {
    let saved = comparison(vec![figure("json", "", "rust", &[1.5])]);
    let json = serde_json::to_string(&saved).unwrap();
    assert_eq!(Comparison::parse(&json).unwrap(), saved);
}

#[test]
fn a_figure_that_is_not_there_is_named_with_its_neighbours() {
    let found = comparison(vec![
        figure("pages-0", "10", "rust", &[1.0]),
        figure("pages-0", "100", "rust", &[1.0]),
        figure("json", "", "rust", &[1.0]),
    ]);
    assert!(found.figure("pages-0/100", "rust").is_ok());
    assert!(found.figure("json", "rust").is_ok());
    let error = |place, who| found.figure(place, who).unwrap_err().to_string();
    assert_eq!(
        error("pages-0/10", "go"),
        "no figure `pages-0/10 go` in the result; there are pages-0/10 rust, \
         pages-0/100 rust"
    );
    assert!(error("tea", "rust").ends_with("there are pages-0, json"));
}

#[test]
fn a_broken_result_says_what_is_wrong() {
    let why = |figures| {
        let json = serde_json::to_string(&comparison(figures)).unwrap();
        format!("{:#}", Comparison::parse(&json).unwrap_err())
    };
    let one = || figure("json", "", "rust", &[1.0]);
    assert_eq!(why(vec![one(), one()]), "`json rust` is there twice");
    let none = figure("json", "", "rust", &[]);
    assert_eq!(why(vec![none]), "`json rust` has no rounds");
    let below = figure("json", "", "rust", &[-1.0]);
    assert!(why(vec![below]).contains("cannot be measured"));
    let error = format!("{:#}", Comparison::parse("{\"date\": 3}").unwrap_err());
    assert!(error.contains("makes it anew with --save"), "{error}");
    assert!(error.contains("line 1 column"), "{error}");
}

/// A result as a file has it: two contestants and a limit on two works.
fn saved() -> String {
    let of = |work, case, who, rounds: &[f64]| Figure {
        cpu: vec![1.0],
        peak: vec![8.0],
        ..figure(work, case, who, rounds)
    };
    serde_json::to_string(&comparison(vec![
        of("pages-50", "10", "rust", &[51.0, 52.0, 53.0]),
        of("pages-50", "10", "aiohttp", &[55.0, 54.0, 56.0]),
        figure("pages-50", "10", "limit", &[50.0]),
        of("pages-50", "1000", "rust", &[70.0, 60.0, 65.0]),
        of("pages-50", "1000", "aiohttp", &[260.0, 250.0, 270.0]),
        figure("pages-50", "1000", "limit", &[50.0]),
        of("json", "", "rust", &[2.0, 1.0, 3.0]),
        of("json", "", "json", &[9.0, 8.0, 10.0]),
    ]))
    .unwrap()
}

fn shown(argument: &str) -> String {
    show(&saved(), argument).unwrap()
}

fn failure(argument: &str) -> String {
    format!("{:#}", show(&saved(), argument).unwrap_err())
}

#[test]
fn figures_stand_in_sentences() {
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
fn a_chapter_cannot_say_what_the_result_does_not() {
    let error = failure("least 5 pages-50/1000 aiohttp rust");
    assert_eq!(error, "the chapter says at least 5 times; it is 4.00");
    let error = failure("most 1.2 pages-50/1000 rust limit");
    assert_eq!(error, "the chapter says at most 1.2 times; it is 1.30");
    for argument in [
        "value pages-50/100 rust",
        "value pages-50/1000 httpx",
        "server json rust",
        "table tea",
        "curves json: Over nothing.",
        "bars json",
        "nonsense",
    ] {
        assert!(show(&saved(), argument).is_err(), "{argument}");
    }
    let broken = show("{}", "date").unwrap_err();
    assert!(format!("{broken:#}").starts_with("book/compare/result.json: it is no"));
}

#[test]
fn a_table_has_medians_and_their_spread() {
    let table = shown("table pages-50");
    assert!(table.contains("| ms | 10 | 1,000 |"), "{table}");
    let row =
        "| Rust | 52.0 <small>51.0–53.0</small> | 65.0 <small>60.0–70.0</small> |";
    assert!(table.contains(row), "{table}");
    assert!(table.contains("| the limit | 50.0 | 50.0 |"), "{table}");
    let single = shown("table json");
    assert!(single.contains("|  | ms | times Rust |"), "{single}");
    let row = "| Python’s json | 9.00 <small>8.00–10.0</small> | 4.5 |";
    assert!(single.contains(row), "{single}");
}

#[test]
fn pictures_say_in_words_what_they_show() {
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
