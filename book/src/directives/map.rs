//! The table of all lessons, `{{#lessons}}`, with a dependency graph on its left.
//!
//! ```text
//! ●       01     Every lesson has a dot. A line goes down from it to the lessons
//! │╲             that need it.
//! ● │     02
//! │ ●     03     A lesson occupies a lane until the last lesson that needs it, so no
//! ●─╯     04     line passes through a dot, and no two lines overlap.
//! ```
//!
//! Each row holds its own piece of the graph as an SVG, so that rows may have any
//! height: curves end at the dot near the top, and below it there are only vertical
//! lines.

use std::fmt::Write;

use anyhow::{Result, bail};

use async_workbook::Lesson;

/// In pixels: the distance of lanes, a dot's distance from the top of its row, and
/// its radius.
const LANE: usize = 14;
const DOT: usize = 22;
const RADIUS: usize = 5;

/// Returns the table of `lessons` as Markdown. `time` formats the time a lesson
/// takes.
///
/// # Errors
///
/// If a lesson needs one that does not come before it.
pub fn table(
    lessons: &[Lesson],
    time: impl Fn(&Lesson) -> String,
) -> Result<String> {
    let needed = needed(lessons)?;
    let lanes = lanes(&needed);
    let escape = |text: &str| text.replace('|', "\\|");
    let cell = |class: &str, text: &str| match text {
        "" => String::new(),
        text => format!("<span class=\"{class}\">{text}</span>"),
    };
    let count = lanes.iter().max().map_or(1, |most| most + 1);
    let mut table = format!(
        "\n\n<div class=\"cards lessons\" style=\"--graph: {}px\">\n\n\
         | Lesson | The question | In Python | Needs | Time |\n\
         |---|---|---|---|---|\n",
        count * LANE
    );
    for (row, lesson) in lessons.iter().enumerate() {
        let link = |index: &usize| {
            let Lesson { name, .. } = lessons[*index];
            format!("[{}]({name}.md)", lessons[*index].number())
        };
        let needs: Vec<_> = needed[row].iter().map(link).collect();
        // The style sheets select a cell by the class of what is in it. Writing to a
        // String cannot fail, here and below.
        let _ = writeln!(
            table,
            "| {}[{} {}]({}.md) | {} | {} | {} | {} |",
            graph(&needed, &lanes, row),
            lesson.number(),
            escape(lesson.title),
            lesson.name,
            cell("question", &escape(lesson.question)),
            cell("in-python", &escape(lesson.in_python)),
            cell("needs", &needs.join(", ")),
            cell("time", &time(lesson)),
        );
    }
    Ok(table + "\n</div>\n\n")
}

/// For each lesson the indices of those it needs directly: the transitive reduction
/// of `needs`.
fn needed(lessons: &[Lesson]) -> Result<Vec<Vec<usize>>> {
    let mut all: Vec<Vec<usize>> = Vec::new(); // the transitive closure
    let mut direct = Vec::new();
    for (row, lesson) in lessons.iter().enumerate() {
        let mut needs = Vec::new();
        for name in lesson.needs {
            let before =
                lessons[..row].iter().position(|before| before.name == *name);
            let Some(before) = before else {
                bail!("{} needs {name}, which does not come before it", lesson.name);
            };
            needs.push(before);
        }
        let beyond: Vec<_> =
            needs.iter().flat_map(|&need| all[need].clone()).collect();
        direct.push(
            needs.iter().copied().filter(|need| !beyond.contains(need)).collect(),
        );
        all.push([needs, beyond].concat());
    }
    Ok(direct)
}

/// The last lesson that needs the one at `row`.
fn last(needed: &[Vec<usize>], row: usize) -> Option<usize> {
    needed.iter().rposition(|needs| needs.contains(&row))
}

/// Assigns a lane to each lesson: the lane of the latest lesson it needs, if that
/// becomes free here, otherwise the first free one.
fn lanes(needed: &[Vec<usize>]) -> Vec<usize> {
    let mut lanes: Vec<usize> = Vec::new();
    for (row, needs) in needed.iter().enumerate() {
        let busy = |lane: &usize| {
            (0..row).any(|before| {
                let last = last(needed, before);
                lanes[before] == *lane && last.is_some_and(|last| last > row)
            })
        };
        let below = needs.iter().max().map(|need| lanes[*need]);
        let free = || (0..).find(|lane| !busy(lane));
        let lane = below.filter(|lane| !busy(lane)).or_else(free);
        lanes.push(lane.unwrap_or_default());
    }
    lanes
}

/// Draws the piece of the graph in one row. Vertical lines are far too long: the row
/// clips them, whatever its height.
fn graph(needed: &[Vec<usize>], lanes: &[usize], row: usize) -> String {
    let x = |row: usize| LANE * lanes[row] + RADIUS + 2;
    let (at, half) = (x(row), DOT / 2);
    let mut svg = "<svg aria-hidden=\"true\">".to_owned();
    for from in 0..=row {
        let x = x(from);
        if needed[row].contains(&from) {
            let _ = write!(
                svg,
                "<path d=\"M{x} 0C{x} {half} {at} {half} {at} {DOT}\"/>"
            );
        }
        if last(needed, from).is_some_and(|last| last > row) {
            let top = if from == row { DOT } else { 0 };
            let _ = write!(svg, "<path d=\"M{x} {top}V9999\"/>");
        }
    }
    if !needed[row].is_empty() {
        let (left, top) = (at - 4, DOT - RADIUS - 6);
        let _ = write!(svg, "<path class=\"tip\" d=\"M{left} {top}h8l-4 6z\"/>");
    }
    let _ = write!(svg, "<circle cx=\"{at}\" cy=\"{DOT}\" r=\"{RADIUS}\"/></svg>");
    svg
}

#[cfg(test)]
mod tests {
    use async_workbook::LESSONS;

    use super::*;

    fn lessons(needs: &[(&'static str, &'static [&'static str])]) -> Vec<Lesson> {
        let lesson = |&(name, needs)| Lesson { name, needs, ..LESSONS[0] };
        needs.iter().map(lesson).collect()
    }

    #[test]
    fn no_line_passes_through_a_dot() {
        let needed = needed(LESSONS).unwrap();
        let lanes = lanes(&needed);
        for from in 0..needed.len() {
            for row in from + 1..last(&needed, from).unwrap_or(from) {
                assert_ne!(
                    lanes[row], lanes[from],
                    "{row} is on the line of {from}"
                );
            }
        }
    }

    #[test]
    fn indirect_needs_are_not_drawn() {
        let some = lessons(&[("01", &[]), ("02", &["01"]), ("03", &["01", "02"])]);
        assert_eq!(needed(&some).unwrap(), [vec![], vec![0], vec![1]]);
    }

    #[test]
    fn a_chain_is_one_lane_and_a_fork_two() {
        assert_eq!(lanes(&[vec![], vec![0], vec![1]]), [0, 0, 0]);
        assert_eq!(lanes(&[vec![], vec![0], vec![0], vec![1, 2]]), [0, 1, 0, 0]);
    }

    #[test]
    fn lines_lead_from_a_lesson_to_those_that_need_it() {
        let needed = [vec![], vec![0], vec![0]];
        let lanes = lanes(&needed);
        let graph = |row| graph(&needed, &lanes, row);
        assert!(graph(0).contains("<path d=\"M7 22V9999\"/><circle cx=\"7\""));
        assert!(graph(1).contains("<path d=\"M7 0C7 11 21 11 21 22\"/>"));
        assert!(graph(1).contains("<path d=\"M7 0V9999\"/>"));
        assert!(graph(2).contains("<path d=\"M7 0C7 11 7 11 7 22\"/><path class"));
    }

    #[test]
    fn a_lesson_cannot_need_itself_or_a_later_one() {
        for needs in [&["01"][..], &["02"], &["99"]] {
            let some = lessons(&[("01", needs), ("02", &[])]);
            let error = table(&some, |_| String::new()).unwrap_err().to_string();
            assert!(error.contains("which does not come before it"), "{error}");
        }
    }

    #[test]
    fn each_row_has_a_title_and_links_to_what_the_lesson_needs() {
        let some = lessons(&[("01_a", &[]), ("02_b", &["01_a"])]);
        let table =
            table(&some, |lesson| format!("{} min", lesson.minutes)).unwrap();
        assert!(table.contains("style=\"--graph: 14px\""), "{table}");
        let row = table.lines().find(|line| line.contains("(02_b.md)")).unwrap();
        let minutes = some[1].minutes;
        let cells = format!(
            "| <span class=\"needs\">[01](01_a.md)</span> \
             | <span class=\"time\">{minutes} min</span> |"
        );
        assert!(row.ends_with(&cells), "{row}");
        assert_eq!(table.matches("<circle").count(), 2);
        assert_eq!(table.matches("class=\"tip\"").count(), 1);
    }
}
