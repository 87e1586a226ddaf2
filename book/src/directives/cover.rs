//! The animated timeline on the first page: `{{#cover 03_gather: caption}}`.
//!
//! Time runs from left to right, so revealing the picture from left to right plays
//! the recording. `theme/cover.css` animates a `clip-path` for that. With reduced
//! motion, or without CSS, the picture simply is complete.

use std::fmt::Write;

use async_workbook::text::{capitalize, escape_html};
use async_workbook::timeline::{Recording, Row, Section};

/// Heights in pixels: a section's title, a row, its bar, and the space below a
/// section.
const TITLE: usize = 30;
const ROW: usize = 22;
const BAR: usize = 18;
const BELOW: usize = 16;

/// Draws the picture, with the recording's description as its text alternative.
pub fn draw(recording: &Recording) -> String {
    let sections = &recording.sections;
    let scale = sections.iter().map(|section| section.micros).max();
    let scale = scale.unwrap_or(0).max(1);
    let (mut titles, mut bars, mut top) = (String::new(), String::new(), 0);
    for section in sections {
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            titles,
            "<text class=\"title\" x=\"0\" y=\"{}\">{}</text>",
            top + 18,
            escape_html(&capitalize(&section.title)),
        );
        top += TITLE;
        draw_section(section, top, scale, &mut titles, &mut bars);
        top += section.rows.len() * ROW + BELOW;
    }
    let height = top - BELOW;
    let words = escape_html(&recording.describe());
    let svg = |class: &str, body: &str| {
        format!(
            "<svg class=\"{class}\" width=\"100%\" height=\"{height}\" aria-hidden=\"true\">\
             {body}</svg>"
        )
    };
    format!(
        "<div class=\"film\" role=\"img\" data-micros=\"{scale}\" aria-label=\"{words}\">\n\
         {}\n{}\n<i class=\"now\"></i>\n</div>",
        svg("titles", &titles),
        svg("bars", &bars),
    )
}

/// Draws the bars of a section, and in `still`, which is not animated, their outlines and
/// the total: the picture says everything before it plays.
fn draw_section(
    section: &Section,
    top: usize,
    scale: u64,
    still: &mut String,
    svg: &mut String,
) {
    let percent = |micros: u64| 100.0 * micros as f64 / scale as f64;
    for (row, top) in section.rows.iter().zip((top..).step_by(ROW)) {
        let (from, to) = row.life;
        let bar = |svg: &mut String, class: &str, from: u64, to: u64| {
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{}%\" y=\"{top}\" width=\"{}%\" height=\"{BAR}\"/>",
                percent(from),
                percent(to - from),
            );
        };
        bar(still, "ghost", from, to);
        bar(svg, "wait", from, to);
        for &(from, to) in &row.polls {
            // A poll that took no time is drawn as a thin mark.
            bar(svg, "poll", from, to.max(from + scale / 1000));
        }
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{}%\" dx=\"8\" y=\"{}\">{}</text>",
            percent(from),
            top + 13,
            escape_html(&short(row)),
        );
    }
    // Where there is space: above the last step of a staircase, or to the right of
    // bars that end early.
    let late = section.micros * 2 > scale;
    let (anchor, dx) = if late { ("end", 0) } else { ("start", 14) };
    let down = if late { ROW } else { section.rows.len() * ROW / 2 + 8 };
    let _ = writeln!(
        still,
        "<text class=\"total\" x=\"{}%\" dx=\"{dx}\" y=\"{}\" text-anchor=\"{anchor}\">{} ms</text>",
        percent(section.micros),
        top + down,
        (section.micros + 500) / 1000,
    );
}

/// Shortens `fetch page=1` to `page 1`.
fn short(row: &Row) -> String {
    let last = row.label.rsplit(' ').next().unwrap_or_default();
    last.replace('=', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(title: &str, micros: u64, rows: &[(u64, u64)]) -> Section {
        let row = |&life: &(u64, u64)| Row {
            label: "fetch page=1".to_owned(),
            life,
            polls: vec![(life.0, life.0)],
            ..Row::default()
        };
        let (title, rows) = (title.to_owned(), rows.iter().map(row).collect());
        Section { title, micros, rows, order: Vec::new() }
    }

    #[test]
    fn all_sections_have_the_same_scale() {
        let in_turn =
            section("in turn", 200_000, &[(0, 100_000), (100_000, 200_000)]);
        let together = section("a \"b\"", 100_000, &[(0, 100_000), (0, 100_000)]);
        let html = draw(&Recording { sections: vec![in_turn, together] });
        assert_eq!(html.matches("x=\"50%\" y=\"52\" width=\"50%\"").count(), 2);
        assert_eq!(html.matches("class=\"wait\" x=\"0%\"").count(), 3);
        assert!(html.contains(">In turn</text>") && html.contains(">page 1</text>"));
        assert!(html.contains("text-anchor=\"end\">200 ms<"));
        assert!(html.contains("x=\"50%\" dx=\"14\" y=\"150\""), "{html}");
        assert!(
            html.contains("aria-label=\"in turn, 200 ms: fetch page=1 from 0 to")
        );
        assert!(html.contains("a &quot;b&quot;, 100 ms"));
        assert!(html.contains("data-micros=\"200000\""));
    }
}
