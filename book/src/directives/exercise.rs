//! Exercises: `{{#exercise}}` and `{{#verdict}}`.

use anyhow::{Context, Result};

use super::listing::listing;
use super::{Expansion, fold, split};
use crate::sources::{Program, lesson};

/// Shows the task and what is checked, and in folds the starter, the hints and a
/// solution.
pub fn exercise(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let lesson = lesson(argument)?;
    let (name, number) = (lesson.name, lesson.number());
    let hints = expansion.sources.hints(lesson)?;
    // The starter is shown as `exercise.rs`, the file that it becomes.
    let show = |file: &str, shown_as: &str| -> Result<String> {
        let path = format!("lessons/{name}/{file}");
        let text = expansion.sources.program(&path, Program::Rust, None)?.text;
        let caption = format!("<code>lessons/{name}/{shown_as}</code>");
        Ok(listing(&caption, "rust,ignore", &text, &[]))
    };

    let verdict = expansion.sources.verdict(lesson, "starter")?;
    let checks = verdict.lines().filter_map(|line| {
        let check = line.strip_prefix(['✓', '✗', '-'])?.trim();
        Some(format!("- {check}\n"))
    });
    let checks: String = checks.collect();
    // A check that measures no run does not notice a blocked thread.
    let check = expansion.sources.read(&format!("lessons/{name}/check.rs"))?;
    let never_blocks = match check.contains("check::run") {
        true => "your code never blocks the thread for 100 ms or more, and ",
        false => "",
    };
    let mut shown = format!(
        "\n\n{}\n\nThe file is `lessons/{name}/exercise.rs`. Check it with\n\n\
         ```sh,check-{name}\ncargo workbook check {number}\n```\n\nIt is solved when \
         {never_blocks}all of this holds:\n\n\
         {checks}\n",
        hints.task,
    );
    shown += &fold("The file you begin with", &show("starter.rs", "exercise.rs")?);
    for (n, hint) in (1..).zip(&hints.hints) {
        let title = format!("Hint {n}: {}", lower_first(hint.title));
        shown += &fold(&title, &hint.text);
    }
    let solution = show("solution.rs", "solution.rs")?;
    let why = format!("{solution}\n\n{}", hints.why);
    Ok(shown + &fold("One solution, and why it works", &why))
}

/// Shows the check's verdict on an answer: `03_gather:first_come`.
pub fn verdict(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, answer) = split(argument);
    let lesson = lesson(name)?;
    let answer = answer.context("no answer is named, as in `03_gather:starter`")?;
    let text = expansion.sources.verdict(lesson, answer)?;
    let command = format!("cargo workbook check {}", lesson.number());
    let caption = format!("Output of <code>{command}</code>");
    let failed = if text.contains('✗') { ",failed" } else { "" };
    Ok(listing(&caption, &format!("text,output{failed}"), &text, &[]))
}

fn lower_first(title: &str) -> String {
    let (first, rest) = title.split_at(title.len().min(1));
    first.to_lowercase() + rest
}
