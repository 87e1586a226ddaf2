//! Schedules of workshops, `{{#schedule day: 01 02 05}}`, computed from the plans of
//! the lessons.
//!
//! A day is filled greedily: each of these lessons in order, with a break or lunch where one
//! is due, until the next lesson would not fit. Lessons that do not fit are listed
//! below the schedule; nothing is shortened.

use std::fmt::Write;

use anyhow::{Context, Result};

use async_workbook::Lesson;
use async_workbook::text::capitalize;

use super::plan::{Part, Plan, total};

// All times are in minutes; times of day since midnight.
const BEGIN: u32 = 9 * 60;
const BREAK: u32 = 15;
const LUNCH: u32 = 60;
/// The ideal time for lunch. A break that is due after `NOON` becomes lunch.
const LUNCH_AT: u32 = 12 * 60 + 30;
const NOON: u32 = 11 * 60 + 45;
/// The longest time without a break.
const LONGEST: u32 = 100;
/// After this time, a break before a lesson is better than one in its middle.
const ENOUGH: u32 = 75;
/// Lessons take a multiple of this. The exercise gets the difference.
const ROUND: u32 = 5;

/// A kind of workshop.
pub struct Workshop {
    name: &'static str,
    days: usize,
    /// The latest end of a day.
    end: u32,
    lunch: bool,
    /// Time for the welcome (or a look back), and for questions at the end of a day.
    welcome: u32,
    questions: u32,
    /// The factor for the exercise's time in the plan.
    exercise: u32,
    /// Parts added to each lesson's plan.
    after: &'static [(&'static str, u32)],
    /// Minimum and maximum time for the participants' own programs at the end.
    own: [u32; 2],
}

const WORKSHOPS: [Workshop; 3] = [
    Workshop {
        name: "half-day",
        days: 1,
        end: 13 * 60,
        lunch: false,
        welcome: 10,
        questions: 5,
        exercise: 1,
        after: &[],
        own: [0, 0],
    },
    Workshop {
        name: "day",
        days: 1,
        end: 17 * 60 + 30,
        lunch: true,
        welcome: 15,
        questions: 15,
        exercise: 1,
        after: &[],
        own: [0, 0],
    },
    Workshop {
        name: "two-days",
        days: 2,
        end: 17 * 60 + 30,
        lunch: true,
        welcome: 15,
        questions: 15,
        exercise: 2,
        after: &[("solutions and wrong answers", 5)],
        own: [60, 150],
    },
];

/// Time for own programs comes in pieces of this length.
const OWN: u32 = 30;

/// Finds a workshop by its name.
pub fn workshop(name: &str) -> Result<&'static Workshop> {
    WORKSHOPS.iter().find(|workshop| workshop.name == name).with_context(|| {
        let all = WORKSHOPS.map(|workshop| workshop.name).join(", ");
        format!("no schedule `{name}`; expected one of: {all}")
    })
}

/// A lesson with its plan.
type Planned<'a> = (&'a Lesson, &'a Plan);

impl Workshop {
    /// Makes a schedule with as many of the lessons as fit.
    pub fn schedule<'a>(&self, lessons: &[Planned<'a>]) -> Schedule<'a> {
        let (mut days, mut left) = (Vec::new(), lessons);
        for n in 1..=self.days {
            let last = n == self.days;
            let mut day = Day::begin(self, n);
            let mut until = self.end - self.questions;
            if last && self.own[0] > 0 {
                until -= BREAK + self.own[0];
            }
            while let Some(((lesson, plan), rest)) = left.split_first() {
                let with = day.clone().with(&link(lesson), &self.pieces(plan));
                if with.now > until {
                    break;
                }
                (day, left) = (with, rest);
            }
            // Otherwise the participants' own programs begin the next day.
            let fits = self.own[0] == 0 || day.now + BREAK + self.own[0] <= until;
            let over = last || left.is_empty() && fits;
            if over {
                day = day.with_own_programs(self);
            }
            day.push("Questions", "And what everyone does next", self.questions);
            days.push(day.rows);
            if over {
                break;
            }
        }
        let all = lessons.iter().map(|(lesson, _)| *lesson).collect::<Vec<_>>();
        let held = lessons.len() - left.len();
        let missing =
            left.iter().map(|(_, plan)| total(&self.pieces(plan).concat()));
        Schedule { days, all, held, missing: missing.sum() }
    }

    /// The pieces of a lesson, between which there may be a break.
    fn pieces(&self, plan: &Plan) -> Vec<Vec<Part>> {
        let before = plan.before_exercise().to_vec();
        let after = self.after.iter();
        let after = after.map(|(title, minutes)| Part::new(title, *minutes));
        let mut after: Vec<Part> = after.collect();
        let exercise = plan.exercise() * self.exercise;
        let all = total(&before) + exercise + total(&after);
        let exercise = exercise + all.next_multiple_of(ROUND) - all;
        after.insert(0, Part::new("exercise", exercise));
        vec![before, after]
    }
}

fn link(lesson: &Lesson) -> String {
    format!("[{} {}]({}.md)", lesson.number(), lesson.title, lesson.name)
}

/// A row of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    from: u32,
    minutes: u32,
    title: String,
    what: String,
    pause: bool,
}

/// A day as far as it is filled.
#[derive(Clone)]
struct Day {
    now: u32,
    /// Time since the last break.
    sat: u32,
    /// Lunch is still to come.
    lunch: bool,
    rows: Vec<Row>,
}

impl Day {
    fn begin(workshop: &Workshop, n: usize) -> Self {
        let lunch = workshop.lunch;
        let mut day = Self { now: BEGIN, sat: 0, lunch, rows: Vec::new() };
        if n == 1 {
            let what = "Does `cargo workbook doctor` pass on every machine?";
            day.push("Welcome", what, workshop.welcome);
        } else {
            let what = "What do you remember without looking it up?";
            day.push("Look back", what, workshop.welcome);
        }
        day
    }

    /// Adds the pieces of a lesson, and the breaks before them that are due.
    fn with(mut self, title: &str, pieces: &[Vec<Part>]) -> Self {
        let whole = total(&pieces.concat());
        for (n, piece) in pieces.iter().enumerate() {
            let minutes = total(piece);
            let ahead = if n == 0 { whole } else { minutes };
            self.pause(ahead, minutes);
            let words =
                |part: &Part| format!("{}\u{a0}{}", part.title, part.minutes);
            let words: Vec<_> = piece.iter().map(words).collect();
            self.push(title, &words.join(", "), minutes);
        }
        self
    }

    fn with_own_programs(mut self, workshop: &Workshop) -> Self {
        let [_, most] = workshop.own;
        for _ in 0..most / OWN {
            let mut with = self.clone();
            with.pause(OWN, OWN);
            let what = "Everyone finds the waits in a program of their own, and \
                        makes two of them one";
            with.push("Your own programs", what, OWN);
            if with.now + workshop.questions > workshop.end {
                break;
            }
            self = with;
        }
        self
    }

    /// Adds a break or lunch if one is due before a piece of `piece` minutes. The
    /// next `ahead` minutes should rather not be interrupted.
    fn pause(&mut self, ahead: u32, piece: u32) {
        let due = self.sat + piece > LONGEST
            || self.sat >= ENOUGH && self.sat + ahead > LONGEST;
        let late = self.now + piece > LUNCH_AT + 30
            || self.now.abs_diff(LUNCH_AT) <= (self.now + ahead).abs_diff(LUNCH_AT);
        if self.lunch && self.now >= NOON && (due || late) {
            self.lunch = false;
            self.rest("Lunch", LUNCH);
        } else if due && self.sat > 0 {
            self.rest("Break", BREAK);
        }
    }

    fn rest(&mut self, title: &str, minutes: u32) {
        self.push(title, "", minutes);
        self.sat = 0;
        if let Some(row) = self.rows.last_mut() {
            row.pause = true;
        }
    }

    /// Adds a row, or extends the last one if it has the same title.
    fn push(&mut self, title: &str, what: &str, minutes: u32) {
        match self.rows.last_mut().filter(|row| row.title == title) {
            Some(row) => {
                row.minutes += minutes;
                if row.what != what {
                    row.what += &format!(", {what}");
                }
            }
            None => self.rows.push(Row {
                from: self.now,
                minutes,
                title: title.to_owned(),
                what: what.to_owned(),
                pause: false,
            }),
        }
        self.now += minutes;
        self.sat += minutes;
    }
}

/// A finished schedule.
pub struct Schedule<'a> {
    days: Vec<Vec<Row>>,
    all: Vec<&'a Lesson>,
    /// The number of lessons there is time for.
    held: usize,
    /// The minutes that the others would take.
    missing: u32,
}

impl Schedule<'_> {
    /// Formats each day as a table, followed by remarks.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for (n, rows) in (1..).zip(&self.days) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n\n**{}**", self.heading(n, rows));
            text += "\n\n| From | What happens | Minutes |\n|---|---|---|\n";
            for row in rows {
                let Row { from, minutes, title, what, pause } = row;
                let (from, what) = (clock(*from), capitalize(what));
                let _ = if *pause {
                    writeln!(text, "| {from} | *{title}* | {minutes} |")
                } else {
                    writeln!(
                        text,
                        "| {from} | {title}<br><small>{what}</small> | {minutes} |"
                    )
                };
            }
        }
        text += "\n\n";
        text + &self.remarks() + "\n\n"
    }

    fn heading(&self, n: usize, rows: &[Row]) -> String {
        let end = rows.last().map_or(BEGIN, |row| row.from + row.minutes);
        let pauses = rows.iter().filter(|row| row.pause).map(|row| row.minutes);
        let pauses: u32 = pauses.sum();
        let day = match self.days.len() {
            1 => String::new(),
            _ => format!("Day {n}, "),
        };
        let (from, to) = (clock(BEGIN), clock(end));
        let work = end - BEGIN - pauses;
        format!("{day}{from} to {to}: {work} minutes of work, {pauses} of breaks")
    }

    fn remarks(&self) -> String {
        let (held, left) = self.all.split_at(self.held);
        let of = self.all.len();
        let mut text = match left {
            [] => format!("There is time for all {of} lessons."),
            left => {
                let names: Vec<_> = left.iter().map(|lesson| link(lesson)).collect();
                format!(
                    "There is time for {} of the {of} lessons. The others would take {} \
                     more minutes: {}.",
                    held.len(),
                    self.missing,
                    names.join(", "),
                )
            }
        };
        if let [.., before, last] = held {
            let (before, last) = (link(before), link(last));
            text += &format!(
                " If time runs out, drop from the end: {last} first, then {before}."
            );
        }
        let mut without: Vec<&Lesson> = Vec::new();
        for lesson in held {
            let mut gone = without.iter().map(|lesson| lesson.name);
            if lesson.postgres || gone.any(|name| lesson.needs.contains(&name)) {
                without.push(lesson);
            }
        }
        if !without.is_empty() {
            let links: Vec<_> = without.into_iter().map(link).collect();
            text += &format!(" Without PostgreSQL, leave out {}.", links.join(", "));
        }
        text
    }
}

/// `09:05`
fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use async_workbook::LESSONS;

    use super::*;

    /// Makes up lessons of 20 to 45 minutes; the exercise takes half of that.
    fn made_up(count: usize) -> Vec<(Lesson, Plan)> {
        let lesson = |n: usize| {
            let name: &'static str = format!("{n:02}_made_up").leak();
            let minutes = 20 + 5 * (n as u32 * 7 % 6);
            let exercise = minutes / 2;
            let plan = Plan {
                parts: vec![
                    Part::new("Predict", minutes - exercise),
                    Part::new("exercise", exercise),
                ],
            };
            (Lesson { name, title: "Made up", minutes, ..LESSONS[0] }, plan)
        };
        (1..=count).map(lesson).collect()
    }

    fn scheduled(name: &str, lessons: &[(Lesson, Plan)]) -> Vec<Vec<Row>> {
        let lessons: Vec<_> =
            lessons.iter().map(|(lesson, plan)| (lesson, plan)).collect();
        workshop(name).unwrap().schedule(&lessons).days
    }

    fn markdown(name: &str, count: usize) -> String {
        let lessons = made_up(count);
        let lessons: Vec<_> =
            lessons.iter().map(|(lesson, plan)| (lesson, plan)).collect();
        workshop(name).unwrap().schedule(&lessons).markdown()
    }

    /// The days of all schedules, for any number of lessons.
    fn every_day() -> Vec<(String, Vec<Row>)> {
        let mut days = Vec::new();
        for workshop in &WORKSHOPS {
            for count in 0..=24 {
                for day in scheduled(workshop.name, &made_up(count)) {
                    let name = format!("{} of {count} lessons", workshop.name);
                    days.push((name, day));
                }
            }
        }
        days
    }

    #[test]
    fn a_day_has_no_gaps_and_ends_in_time() {
        for (name, rows) in every_day() {
            let mut now = BEGIN;
            for row in &rows {
                assert_eq!(row.from, now, "{name}: {row:?}");
                now += row.minutes;
            }
            let end = if name.starts_with("half") { 13 * 60 } else { 17 * 60 + 30 };
            assert!(now <= end, "{name} ends at {}", clock(now));
            assert_eq!(rows.last().unwrap().title, "Questions", "{name}");
        }
    }

    #[test]
    fn breaks_are_frequent_enough() {
        for (name, rows) in every_day() {
            for sat in rows.split(|row| row.pause) {
                let sat: u32 = sat
                    .iter()
                    .filter(|row| row.title != "Questions")
                    .map(|row| row.minutes)
                    .sum();
                assert!(sat <= LONGEST, "{name}: {sat} minutes at a stretch");
            }
        }
    }

    #[test]
    fn there_are_no_two_breaks_in_a_row() {
        for (name, rows) in every_day() {
            let pauses: Vec<_> = rows.iter().map(|row| row.pause).collect();
            assert!(!pauses.windows(2).any(|two| two == [true, true]), "{name}");
        }
    }

    #[test]
    fn lunch_is_at_noon_and_no_half_day_has_one() {
        for (name, rows) in every_day() {
            let lunch: Vec<_> =
                rows.iter().filter(|row| row.title == "Lunch").collect();
            let end = rows.last().unwrap().from;
            let half = name.starts_with("half");
            assert!(lunch.len() <= usize::from(!half), "{name}: {rows:?}");
            let long = end > 13 * 60 + 30;
            assert!(half || !long || lunch.len() == 1, "{name}: {rows:?}");
            for row in lunch {
                assert!(
                    (NOON..=13 * 60 + 15).contains(&row.from),
                    "{name}: {row:?}"
                );
            }
        }
    }

    #[test]
    fn lessons_keep_their_order_and_begin_at_round_times() {
        for (name, rows) in every_day() {
            let lessons: Vec<_> =
                rows.iter().filter(|row| row.title.starts_with('[')).collect();
            assert!(lessons.is_sorted_by_key(|row| &row.title), "{name}");
            let mut begun: Vec<&Row> = lessons.clone();
            begun.dedup_by_key(|row| &row.title);
            assert!(
                begun.iter().all(|row| row.from % ROUND == 0),
                "{name}: {rows:?}"
            );
        }
    }

    #[test]
    fn lessons_that_do_not_fit_are_listed() {
        for name in ["half-day", "day", "two-days"] {
            let text = markdown(name, 24);
            let table = text.split("| From").nth(1).unwrap();
            assert!(table.contains("[01 Made up](01_made_up.md)"), "{text}");
            assert!(
                text.contains(" of the 24 lessons. The others would take"),
                "{text}"
            );
            for n in 1..=24 {
                assert!(text.contains(&format!("[{n:02} Made up]")), "{name}: {n}");
            }
            assert!(text.contains("[24 Made up](24_made_up.md). If time"), "{text}");
        }
        assert!(!markdown("half-day", 4).contains("The others"));
    }

    #[test]
    fn a_longer_workshop_has_more_time_for_the_same_lesson() {
        let lessons = made_up(1);
        let what = |name| {
            let days = scheduled(name, &lessons);
            let row = days[0].iter().find(|row| row.title.starts_with('['));
            row.unwrap().what.replace('\u{a0}', " ")
        };
        // A lesson of 25 minutes.
        assert_eq!(what("half-day"), "Predict 13, exercise 12");
        assert_eq!(what("day"), "Predict 13, exercise 12");
        assert_eq!(
            what("two-days"),
            "Predict 13, exercise 27, solutions and wrong answers 5"
        );
    }

    #[test]
    fn two_days_end_with_own_programs() {
        for count in [1, 7, 24] {
            let days = scheduled("two-days", &made_up(count));
            let own = |rows: &[Row]| -> u32 {
                let own =
                    rows.iter().filter(|row| row.title.starts_with("Your own"));
                own.map(|row| row.minutes).sum()
            };
            let last = own(days.last().unwrap());
            assert!((60..=150).contains(&last), "{count} lessons: {last} minutes");
            assert!(days.len() == 1 || own(&days[0]) == 0, "{count} lessons");
        }
    }

    #[test]
    fn without_postgresql_dependent_lessons_are_left_out_too() {
        let mut lessons = made_up(4);
        lessons[1].0.postgres = true;
        lessons[2].0.needs = &["02_made_up"];
        let lessons: Vec<_> =
            lessons.iter().map(|(lesson, plan)| (lesson, plan)).collect();
        let text = WORKSHOPS[0].schedule(&lessons).markdown();
        let end = "drop from the end: [04 Made up](04_made_up.md) first, then \
                   [03 Made up](03_made_up.md). Without PostgreSQL, leave out \
                   [02 Made up](02_made_up.md), [03 Made up](03_made_up.md).\n\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn the_error_for_an_unknown_workshop_lists_the_known_ones() {
        let error = workshop("week").err().unwrap().to_string();
        assert_eq!(
            error,
            "no schedule `week`; expected one of: half-day, day, two-days"
        );
    }
}
