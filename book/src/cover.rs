//! The cover's picture: a recording that plays.
//!
//! Time runs from left to right, so one shade that draws back from left to right plays
//! every bar as it was recorded. The style sheet moves that shade, where motion is
//! welcome; everywhere else stands the end, which is the whole picture.

use crate::html::escaped;
use anyhow::{Context, Result};
use async_workbook::timeline::{Recording, Row, Section};
use std::fmt::Write;

/// How long the style sheet plays it, in microseconds.
const PLAYED: u64 = 5_000_000;

/// Pixels down: a section's title, a row, its bar, and the room below a section.
const TITLE: usize = 30;
const ROW: usize = 22;
const BAR: usize = 18;
const BELOW: usize = 16;

/// The picture, with the recording's own words as its text alternative.
///
/// Fails without any section that took time.
pub fn draw(recording: &Recording) -> Result<String> {
    let sections = &recording.sections;
    let scale = sections.iter().map(|section| section.micros).max();
    let scale = scale.filter(|scale| *scale > 0).context("nothing took any time")?;
    let (mut titles, mut bars, mut top) = (String::new(), String::new(), 0);
    for section in sections {
        // To a String: cannot fail, here and below.
        let _ = write!(
            titles,
            "<text class=\"title\" x=\"0\" y=\"{}\">{}</text>",
            top + 18,
            escaped(&sentence(&section.title)),
        );
        top += TITLE;
        draw_section(section, top, scale, &mut bars);
        top += section.rows.len() * ROW + BELOW;
    }
    let height = top - BELOW;
    let words = escaped(&recording.describe());
    let slower = PLAYED / scale;
    let svg = |class: &str, body: &str| {
        format!(
            "<svg class=\"{class}\" width=\"100%\" height=\"{height}\" aria-hidden=\"true\">\
             {body}</svg>"
        )
    };
    Ok(format!(
        "<div class=\"run\" role=\"img\" data-slower=\"{slower}\" aria-label=\"{words}\">\n\
         {}\n{}\n<i class=\"now\"></i>\n</div>",
        svg("titles", &titles),
        svg("bars", &bars),
    ))
}

fn draw_section(section: &Section, top: usize, scale: u64, svg: &mut String) {
    let percent = |micros: u64| 100.0 * micros as f64 / scale as f64;
    for (row, top) in section.rows.iter().zip((top..).step_by(ROW)) {
        let (from, to) = row.life;
        let mut bar = |class: &str, from: u64, to: u64| {
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{}%\" y=\"{top}\" width=\"{}%\" height=\"{BAR}\"/>",
                percent(from),
                percent(to - from),
            );
        };
        bar("wait", from, to);
        for &(from, to) in &row.polls {
            // What took no time is a mark all the same.
            bar("poll", from, to.max(from + scale / 1000));
        }
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{}%\" dx=\"8\" y=\"{}\">{}</text>",
            percent(from),
            top + 13,
            escaped(&short(row)),
        );
    }
    // Where there is room: above the last stair, or behind bars that end early.
    let late = section.micros * 2 > scale;
    let (anchor, dx) = if late { ("end", 0) } else { ("start", 14) };
    let down = if late { ROW } else { section.rows.len() * ROW / 2 + 8 };
    let _ = writeln!(
        svg,
        "<text class=\"total\" x=\"{}%\" dx=\"{dx}\" y=\"{}\" text-anchor=\"{anchor}\">{} ms</text>",
        percent(section.micros),
        top + down,
        (section.micros + 500) / 1000,
    );
}

/// `fetch page=1` in few letters: `page 1`.
fn short(row: &Row) -> String {
    let last = row.label.rsplit(' ').next().unwrap_or_default();
    last.replace('=', " ")
}

fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(title: &str, micros: u64, rows: &[(u64, u64)]) -> Section {
        let row = |&life: &(u64, u64)| Row {
            label: "fetch page=1".to_owned(),
            depth: 0,
            life,
            polls: vec![(life.0, life.0)],
        };
        let rows = rows.iter().map(row).collect();
        Section { title: title.to_owned(), micros, rows }
    }

    #[test]
    fn bars_stand_where_they_ran_on_one_scale() {
        let in_turn =
            section("in turn", 200_000, &[(0, 100_000), (100_000, 200_000)]);
        let together = section("a \"b\"", 100_000, &[(0, 100_000), (0, 100_000)]);
        let html = draw(&Recording { sections: vec![in_turn, together] }).unwrap();
        assert_eq!(html.matches("x=\"50%\" y=\"52\" width=\"50%\"").count(), 1);
        assert_eq!(html.matches("class=\"wait\" x=\"0%\"").count(), 3);
        assert!(html.contains(">In turn</text>") && html.contains(">page 1</text>"));
        assert!(html.contains("text-anchor=\"end\">200 ms<"));
        assert!(html.contains("x=\"50%\" dx=\"14\" y=\"150\""), "{html}");
        assert!(
            html.contains("aria-label=\"in turn, 200 ms: fetch page=1 from 0 to")
        );
        assert!(html.contains("a &quot;b&quot;, 100 ms"));
        assert!(html.contains("data-slower=\"25\""));
    }

    #[test]
    fn nothing_to_play_is_an_error() {
        assert!(draw(&Recording::default()).is_err());
        assert!(draw(&Recording { sections: vec![section("a", 0, &[])] }).is_err());
    }

    #[test]
    fn the_style_sheet_plays_it_as_long_as_is_said() {
        let css = include_str!("../theme/cover.css");
        assert!(css.contains(&format!("--played: {}s", PLAYED / 1_000_000)));
    }
}
