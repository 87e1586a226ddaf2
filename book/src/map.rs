//! The map of the lessons: a table in the order of reading, with lines down its left side
//! that lead from each lesson to those that need it.
//!
//! Every lesson has a dot, and below it its own lane as long as a later lesson needs it.
//! There its line goes down, and turns to each of those lessons. So no line passes through
//! a dot or goes down with another, and rows may be of any height.

use anyhow::{Result, bail};
use async_workbook::Lesson;
use std::fmt::Write;

/// Pixels: from lane to lane, from a row's upper edge to its dot, the dot's radius.
const LANE: usize = 14;
const DOT: usize = 22;
const RADIUS: usize = 5;

/// The most lanes that the style sheet makes room for.
const MOST_LANES: usize = 10;

/// The table of `lessons`, with the time that each takes in the words of `time`.
///
/// Fails if a lesson needs one that does not come before it.
pub fn table(
    lessons: &[Lesson],
    time: impl Fn(&Lesson) -> String,
) -> Result<String> {
    let needed = needed(lessons)?;
    let lanes = lanes(&needed);
    let cell = |text: &str| text.replace('|', "\\|");
    let count = lanes.iter().max().map_or(1, |most| most + 1);
    if count > MOST_LANES {
        bail!(
            "the map of the lessons needs {count} lanes, and has room for {MOST_LANES}"
        );
    }
    let mut table = format!(
        "\n\n<div class=\"cards lessons lanes-{count}\">\n\n\
         | Lesson | The question | In Python | Needs | Time |\n\
         |---|---|---|---|---|\n"
    );
    for (row, lesson) in lessons.iter().enumerate() {
        let link = |index: &usize| {
            let Lesson { name, .. } = lessons[*index];
            format!("[{}]({name}.md)", lessons[*index].number())
        };
        let needs: Vec<_> = needed[row].iter().map(link).collect();
        // To a String: cannot fail, here and below.
        let _ = writeln!(
            table,
            "| {}[{} {}]({}.md) | {} | {} | {} | {} |",
            drawn(&needed, &lanes, row),
            lesson.number(),
            cell(lesson.title),
            lesson.name,
            cell(lesson.question),
            cell(lesson.in_python),
            needs.join(", "),
            time(lesson),
        );
    }
    Ok(table + "\n</div>\n\n")
}

/// For each lesson the indices of those it needs, without what one of these needs
/// anyway.
fn needed(lessons: &[Lesson]) -> Result<Vec<Vec<usize>>> {
    let mut all: Vec<Vec<usize>> = Vec::new(); // what they need themselves, too
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

/// The last lesson that needs the one at `row`, if any does.
fn last(needed: &[Vec<usize>], row: usize) -> Option<usize> {
    needed.iter().rposition(|needs| needs.contains(&row))
}

/// The lane of each lesson: that of the latest one it needs, if nobody needs that later,
/// or else the first that is free.
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

/// The piece of the picture in one row. Down to the dot it is as high as it is; from there
/// on, lines go straight down to wherever the row ends.
fn drawn(needed: &[Vec<usize>], lanes: &[usize], row: usize) -> String {
    let x = |row: usize| LANE * lanes[row] + RADIUS + 2;
    let (at, half) = (x(row), DOT / 2);
    let mut svg = "<svg aria-hidden=\"true\">".to_owned();
    for from in 0..=row {
        let x = x(from);
        // To a String: cannot fail, here and below.
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
    use super::*;
    use async_workbook::LESSONS;

    /// The whole curriculum, as far as it can be told before it is written.
    const ALL: [(&str, &[&str]); 24] = [
        ("01", &[]),
        ("02", &["01"]),
        ("03", &["02"]),
        ("04", &["03"]),
        ("05", &["04", "03"]),
        ("06", &["03"]),
        ("07", &["04", "06"]),
        ("08", &["02", "07"]),
        ("09", &["02", "06"]),
        ("10", &["06"]),
        ("11", &["06", "09"]),
        ("12", &["04", "09"]),
        ("13", &["07"]),
        ("14", &["11", "12"]),
        ("15", &["12", "13"]),
        ("16", &["04"]),
        ("17", &["05", "13", "16"]),
        ("18", &["05", "11"]),
        ("19", &["09", "11", "12"]),
        ("20", &["09", "13"]),
        ("21", &["20"]),
        ("22", &["01", "14"]),
        ("23", &["10"]),
        ("24", &["09"]),
    ];

    fn lessons(needs: &[(&'static str, &'static [&'static str])]) -> Vec<Lesson> {
        let lesson = |&(name, needs)| Lesson { name, needs, ..LESSONS[0] };
        needs.iter().map(lesson).collect()
    }

    fn shown(lessons: &[Lesson]) -> String {
        table(lessons, |lesson| format!("{} min", lesson.minutes)).unwrap()
    }

    /// Fails if a dot stands where the line of another lesson goes down; returns how many
    /// lanes there are.
    fn clear(needed: &[Vec<usize>]) -> usize {
        let lanes = lanes(needed);
        for from in 0..needed.len() {
            for row in from + 1..last(needed, from).unwrap_or(from) {
                assert_ne!(lanes[row], lanes[from], "{row} below {from}");
            }
        }
        lanes.iter().max().unwrap() + 1
    }

    #[test]
    fn no_line_passes_through_a_dot() {
        assert_eq!(clear(&needed(LESSONS).unwrap()), 3);
        assert_eq!(clear(&needed(&lessons(&ALL)).unwrap()), 9);
    }

    #[test]
    fn what_goes_without_saying_is_not_drawn() {
        let some = lessons(&[("01", &[]), ("02", &["01"]), ("03", &["01", "02"])]);
        assert_eq!(needed(&some).unwrap(), [vec![], vec![0], vec![1]]);
    }

    #[test]
    fn a_chain_is_one_lane_and_a_fork_two() {
        assert_eq!(lanes(&[vec![], vec![0], vec![1]]), [0, 0, 0]);
        assert_eq!(lanes(&[vec![], vec![0], vec![0], vec![1, 2]]), [0, 1, 0, 0]);
    }

    #[test]
    fn lines_go_down_from_what_is_needed_and_turn_to_what_needs_it() {
        let needed = [vec![], vec![0], vec![0]];
        let lanes = lanes(&needed);
        let drawn = |row| drawn(&needed, &lanes, row);
        assert!(drawn(0).contains("<path d=\"M7 22V9999\"/><circle cx=\"7\""));
        assert!(drawn(1).contains("<path d=\"M7 0C7 11 21 11 21 22\"/>"));
        assert!(drawn(1).contains("<path d=\"M7 0V9999\"/>"));
        assert!(drawn(2).contains("<path d=\"M7 0C7 11 7 11 7 22\"/><path class"));
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
    fn each_row_says_in_words_what_it_draws() {
        let table = shown(LESSONS);
        for lesson in LESSONS {
            let Lesson { name, title, .. } = lesson;
            let title = format!("[{} {title}]({name}.md)", lesson.number());
            assert!(table.contains(&title), "{title}");
        }
        let row = table.lines().find(|line| line.contains("05 Pool")).unwrap();
        assert!(row.contains("| [04](04_bounded.md) | 30 min |"), "{row}");
        assert_eq!(table.matches("<circle").count(), LESSONS.len());
        assert_eq!(table.matches("class=\"tip\"").count(), LESSONS.len() - 1);
    }

    #[test]
    fn the_style_sheet_has_room_for_that_many_lanes() {
        let css = include_str!("../theme/cover.css");
        for lanes in 1..=MOST_LANES {
            assert!(css.contains(&format!(".lanes-{lanes} {{")), "{lanes} lanes");
        }
    }
}
