//! The instructor's plan for a lesson: `{{#plan 03_gather: why 10, exercise 20}}`.

use anyhow::{Context, Result, bail};

use async_workbook::Lesson;
use async_workbook::text::capitalize;

use super::split;
use crate::sources::{Sources, lesson};

/// The parts of a lesson, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub title: String,
    pub minutes: u32,
}

/// The last part of every plan. Longer workshops multiply its time.
const EXERCISE: &str = "exercise";

/// Shows a plan as a list.
pub fn show(argument: &str) -> Result<String> {
    let (name, parts) = split(argument);
    let lesson = lesson(name)?;
    let parts = parts.context("no parts, as in `Predict 5, exercise 15`")?;
    Ok(Plan::parse(parts, lesson)?.html(lesson))
}

/// Parses the plan in a lesson's chapter.
pub fn of(lesson: &Lesson, sources: &Sources) -> Result<Plan> {
    let name = lesson.name;
    let path = format!("book/chapters/{name}.md");
    let text = sources.read(&path)?;
    let directive = format!("{{{{#plan {name}:");
    text.split_once(&directive)
        .and_then(|(_, rest)| rest.split_once("}}"))
        .with_context(|| format!("no `{directive} ...}}}}`"))
        .and_then(|(parts, _)| Plan::parse(parts, lesson))
        .context(path)
}

impl Plan {
    /// Parses a plan: `Predict 4, program 6, exercise 20`. The last part must be the
    /// exercise. A class takes at most as long as a single learner, who reads everything.
    pub fn parse(text: &str, lesson: &Lesson) -> Result<Self> {
        let parts =
            text.split(',').map(Part::parse).collect::<Result<Vec<Part>>>()?;
        let plan = Self { parts };
        if plan.parts.last().is_none_or(|part| part.title != EXERCISE) {
            bail!("the last part is not `{EXERCISE}`");
        }
        let (sum, minutes) = (total(&plan.parts), lesson.minutes);
        if sum > minutes {
            bail!("the parts add up to {sum} minutes, but the lesson has {minutes}");
        }
        Ok(plan)
    }

    /// The parts before the exercise.
    pub fn before_exercise(&self) -> &[Part] {
        self.parts.split_last().map_or(&[], |(_, before)| before)
    }

    /// The minutes of the exercise.
    pub fn exercise(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.minutes)
    }

    /// The plan as a list. `theme/present.js` reads the minutes of the current part
    /// from the `data-` attributes.
    fn html(&self, lesson: &Lesson) -> String {
        let item = |part: &Part| {
            let Part { title, minutes } = part;
            let title = capitalize(title);
            format!(
                "<li data-minutes=\"{minutes}\">{title} <b>{minutes} min</b></li>\n"
            )
        };
        let items: String = self.parts.iter().map(item).collect();
        let name = lesson.name;
        format!("\n\n<ol class=\"plan\" data-lesson=\"{name}\">\n{items}</ol>\n\n")
    }
}

impl Part {
    pub fn new(title: &str, minutes: u32) -> Self {
        Self { title: title.to_owned(), minutes }
    }

    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let read = |(title, minutes): (&str, &str)| {
            let minutes = minutes.parse().ok().filter(|minutes| *minutes > 0)?;
            Some(Self::new(title.trim(), minutes))
        };
        text.rsplit_once(' ')
            .and_then(read)
            .with_context(|| format!("`{text}` is not a part, as in `program 6`"))
    }
}

/// The minutes of all parts.
pub fn total(parts: &[Part]) -> u32 {
    parts.iter().map(|part| part.minutes).sum()
}

#[cfg(test)]
mod tests {
    use async_workbook::LESSONS;

    use super::*;

    const LESSON: Lesson = Lesson { minutes: 30, ..LESSONS[0] };

    fn error(text: &str) -> String {
        Plan::parse(text, &LESSON).unwrap_err().to_string()
    }

    #[test]
    fn a_plan_is_parts_with_minutes() {
        let plan =
            Plan::parse("Predict 4, why and\npitfall 11, exercise 15", &LESSON);
        let plan = plan.unwrap();
        assert_eq!(plan.exercise(), 15);
        assert_eq!(
            plan.before_exercise(),
            [Part::new("Predict", 4), Part::new("why and\npitfall", 11)]
        );
        let html = plan.html(&LESSON);
        assert!(
            html.contains("<li data-minutes=\"15\">Exercise <b>15 min</b></li>")
        );
    }

    #[test]
    fn the_parts_do_not_exceed_the_minutes_of_the_lesson() {
        assert_eq!(
            error("Predict 4, exercise 27"),
            "the parts add up to 31 minutes, but the lesson has 30"
        );
    }

    #[test]
    fn a_part_without_minutes() {
        for part in ["Predict", "Predict 0", "Predict four", "4", ""] {
            let error = error(&format!("{part}, exercise 30"));
            assert_eq!(error, format!("`{part}` is not a part, as in `program 6`"));
        }
    }

    #[test]
    fn the_exercise_comes_last() {
        for text in ["Predict 30", "exercise 15, why 15"] {
            assert_eq!(error(text), "the last part is not `exercise`");
        }
    }
}
