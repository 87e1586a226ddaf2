//! The instructor's plan of a lesson: what its minutes are spent on.

use anyhow::{Context, Result, bail};
use async_workbook::Lesson;

/// What the minutes of one lesson are spent on, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub title: String,
    pub minutes: u32,
}

/// The last part of every plan, which a longer workshop gives more time.
const EXERCISE: &str = "exercise";

impl Plan {
    /// Reads the plan of a lesson: `Predict 4, program 6, exercise 20`.
    ///
    /// Fails if a part has no minutes, if the last is not the exercise, or if the
    /// parts do not add up to the minutes of the lesson.
    pub fn parse(text: &str, lesson: &Lesson) -> Result<Self> {
        let parts =
            text.split(',').map(Part::parse).collect::<Result<Vec<Part>>>()?;
        let plan = Self { parts };
        if plan.parts.last().is_none_or(|part| part.title != EXERCISE) {
            bail!("the last part is not `{EXERCISE}`");
        }
        let (sum, minutes) = (total(&plan.parts), lesson.minutes);
        if sum != minutes {
            bail!("the parts are {sum} minutes, where the lesson has {minutes}");
        }
        Ok(plan)
    }

    /// What comes before the exercise.
    pub fn before_exercise(&self) -> &[Part] {
        self.parts.split_last().map_or(&[], |(_, before)| before)
    }

    /// The minutes of the exercise.
    pub fn exercise(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.minutes)
    }

    /// A list, with the minutes as data for the presenter's notes.
    pub fn html(&self, lesson: &Lesson) -> String {
        let item = |part: &Part| {
            let Part { title, minutes } = part;
            let title = upper(title);
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
            .with_context(|| format!("`{text}` is no part, as `program 6` is"))
    }
}

/// The minutes of all `parts`.
pub fn total(parts: &[Part]) -> u32 {
    parts.iter().map(|part| part.minutes).sum()
}

/// A title at the beginning of a line.
pub fn upper(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_workbook::LESSONS;

    /// Of 30 minutes.
    fn gather() -> &'static Lesson {
        LESSONS.iter().find(|lesson| lesson.minutes == 30).unwrap()
    }

    fn fault(text: &str) -> String {
        Plan::parse(text, gather()).unwrap_err().to_string()
    }

    #[test]
    fn a_plan_is_parts_with_minutes() {
        let plan =
            Plan::parse("Predict 4, why and\npitfall 11, exercise 15", gather());
        let plan = plan.unwrap();
        assert_eq!(plan.exercise(), 15);
        assert_eq!(
            plan.before_exercise(),
            [Part::new("Predict", 4), Part::new("why and\npitfall", 11)]
        );
        let html = plan.html(gather());
        assert!(
            html.contains("<li data-minutes=\"15\">Exercise <b>15 min</b></li>")
        );
    }

    #[test]
    fn the_parts_are_the_minutes_of_the_lesson() {
        assert_eq!(
            fault("Predict 4, exercise 25"),
            "the parts are 29 minutes, where the lesson has 30"
        );
    }

    #[test]
    fn a_part_without_minutes() {
        for part in ["Predict", "Predict 0", "Predict four", "4", ""] {
            let fault = fault(&format!("{part}, exercise 30"));
            assert_eq!(fault, format!("`{part}` is no part, as `program 6` is"));
        }
    }

    #[test]
    fn the_exercise_comes_last() {
        for text in ["Predict 30", "exercise 15, why 15"] {
            assert_eq!(fault(text), "the last part is not `exercise`");
        }
    }
}
