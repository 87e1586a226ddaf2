//! Schedules of workshops: `{{#schedule day: 01 02 break 03}}`.
//!
//! The chapter has the order of lessons and pauses. The minutes are those of the plans in
//! the lessons' chapters, so that the times change when a plan does. A schedule that
//! then ends too late, or has too long a time without a pause, fails the build.

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};

use async_workbook::Lesson;
use async_workbook::text::capitalize;

use super::plan::{self, Part, Plan, total};
use super::split;
use crate::sources::{Sources, lesson};

// All times are in minutes; times of day since midnight.
const BEGIN: u32 = 9 * 60;
/// The longest time without a pause.
const LONGEST: u32 = 100;
/// Lessons take a multiple of this. The exercise gets the difference.
const ROUND: u32 = 5;

/// A kind of workshop.
struct Workshop {
    name: &'static str,
    /// The latest end of a day.
    end: u32,
    /// Time for the welcome (or a look back), and for questions at the end of a day.
    welcome: u32,
    questions: u32,
    /// The factor for the exercise's time in the plan.
    exercise: u32,
    /// Time to discuss solutions after an exercise.
    discussion: u32,
}

const DAY: Workshop = Workshop {
    name: "day",
    end: 17 * 60 + 30,
    welcome: 15,
    questions: 15,
    exercise: 1,
    discussion: 0,
};

const WORKSHOPS: [Workshop; 3] = [
    Workshop { name: "half-day", end: 13 * 60, welcome: 10, questions: 5, ..DAY },
    DAY,
    Workshop { name: "two-days", exercise: 2, discussion: 5, ..DAY },
];

/// Formats each day as a table, followed by remarks. The argument has a workshop's name,
/// and after the colon in any order:
///
/// - `03` for a lesson, or to put a pause between its parts, `03:before` for those
///   before the exercise and `03:exercise` for the others;
/// - `break` and `lunch`;
/// - `own:30` for 30 minutes on the participants' own programs;
/// - `next-day`.
pub fn show(argument: &str, sources: &Sources) -> Result<String> {
    let (name, items) = split(argument);
    let workshop = workshop(name)?;
    let items = items.context("no lessons, as in `day: 01 02 break 03`")?;
    let days: Vec<_> = items.split("next-day").collect();
    let (mut text, mut lessons) = (String::new(), Vec::new());
    for (n, items) in (1..).zip(&days) {
        let rows = workshop.day(n, items, sources, &mut lessons)?;
        let day = if days.len() == 1 { String::new() } else { format!("Day {n}, ") };
        text += &table(&day, &rows);
    }
    Ok(format!("{text}\n\n{}\n\n", remarks(&lessons)))
}

fn workshop(name: &str) -> Result<&'static Workshop> {
    WORKSHOPS.iter().find(|workshop| workshop.name == name).with_context(|| {
        let all = WORKSHOPS.map(|workshop| workshop.name).join(", ");
        format!("no schedule `{name}`; expected one of: {all}")
    })
}

impl Workshop {
    /// Schedules day `n`, and adds its lessons to `lessons`.
    fn day(
        &self,
        n: usize,
        items: &str,
        sources: &Sources,
        lessons: &mut Vec<&'static Lesson>,
    ) -> Result<Vec<Row>> {
        let (title, what) = match n {
            1 => ("Welcome", "Does `cargo workbook doctor` pass on every machine?"),
            _ => ("Look back", "What do you remember without looking it up?"),
        };
        let mut rows = vec![Row::new(title, what, self.welcome)];
        for item in items.split_whitespace() {
            rows.push(match split(item) {
                ("break", None) => Row::pause("Break", 15),
                ("lunch", None) => Row::pause("Lunch", 60),
                ("own", Some(minutes)) => {
                    let what = "Everyone finds the waits in a program of their own, \
                                and makes two of them one";
                    let minutes = minutes.parse().context(item.to_owned())?;
                    Row::new("Your own programs", what, minutes)
                }
                (number, part) => {
                    let lesson = lesson(number)?;
                    if part != Some("exercise") {
                        lessons.push(lesson);
                    }
                    let parts = self.parts(&plan::of(lesson, sources)?, part)?;
                    let words = |part: &Part| {
                        format!("{}\u{a0}{}", part.title, part.minutes)
                    };
                    let what: Vec<_> = parts.iter().map(words).collect();
                    Row::new(&link(lesson), &what.join(", "), total(&parts))
                }
            });
        }
        for sitting in rows.split(|row| row.is_pause) {
            let sitting = minutes(sitting);
            ensure!(
                sitting <= LONGEST,
                "{sitting} minutes without a break; at most {LONGEST}"
            );
        }
        rows.push(Row::new(
            "Questions",
            "And what everyone does next",
            self.questions,
        ));
        let end = BEGIN + minutes(&rows);
        let (ends, latest) = (clock(end), clock(self.end));
        ensure!(end <= self.end, "day {n} ends at {ends}, later than {latest}");
        Ok(rows)
    }

    /// The parts of a lesson: all, those `before` the exercise, or the others.
    fn parts(&self, plan: &Plan, which: Option<&str>) -> Result<Vec<Part>> {
        let before = plan.before_exercise();
        let exercise = plan.exercise() * self.exercise;
        let all = total(before) + exercise + self.discussion;
        let exercise = exercise + all.next_multiple_of(ROUND) - all;
        let mut after = vec![Part::new("exercise", exercise)];
        if self.discussion > 0 {
            after.push(Part::new("solutions and wrong answers", self.discussion));
        }
        Ok(match which {
            None => [before, &after].concat(),
            Some("before") => before.to_vec(),
            Some("exercise") => after,
            Some(part) => bail!("no part `{part}`; expected `before` or `exercise`"),
        })
    }
}

/// A row of the schedule.
struct Row {
    title: String,
    what: String,
    minutes: u32,
    is_pause: bool,
}

impl Row {
    fn new(title: &str, what: &str, minutes: u32) -> Self {
        let (title, what) = (title.to_owned(), capitalize(what));
        Self { title, what, minutes, is_pause: false }
    }

    fn pause(title: &str, minutes: u32) -> Self {
        Self { is_pause: true, ..Self::new(title, "", minutes) }
    }
}

fn minutes(rows: &[Row]) -> u32 {
    rows.iter().map(|row| row.minutes).sum()
}

fn table(day: &str, rows: &[Row]) -> String {
    let pauses = rows.iter().filter(|row| row.is_pause).map(|row| row.minutes);
    let pauses: u32 = pauses.sum();
    let work = minutes(rows) - pauses;
    let (from, to) = (clock(BEGIN), clock(BEGIN + minutes(rows)));
    let mut text = format!(
        "\n\n**{day}{from} to {to}: {work} minutes of work, {pauses} of breaks**\n\n\
         | From | What happens | Minutes |\n|---|---|---|\n"
    );
    let mut now = BEGIN;
    for Row { title, what, minutes, is_pause } in rows {
        let what = match is_pause {
            true => format!("*{title}*"),
            false => format!("{title}<br><small>{what}</small>"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {what} | {minutes} |", clock(now));
        now += minutes;
    }
    text
}

fn remarks(lessons: &[&Lesson]) -> String {
    let mut text = format!("There is time for all {} lessons.", lessons.len());
    if let [.., before, last] = lessons {
        let (before, last) = (link(before), link(last));
        text += &format!(
            " If time runs out, drop from the end: {last} first, then {before}."
        );
    }
    let postgres = lessons.iter().filter(|lesson| lesson.postgres);
    let postgres: Vec<_> = postgres.map(|lesson| link(lesson)).collect();
    if !postgres.is_empty() {
        text += &format!(" Without PostgreSQL, leave out {}.", postgres.join(", "));
    }
    text
}

fn link(lesson: &Lesson) -> String {
    format!("[{} {}]({}.md)", lesson.number(), lesson.title, lesson.name)
}

/// `09:05`
fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
