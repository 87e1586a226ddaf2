//! Predictions, which the reader makes before seeing the output: `{{#guess}}` and
//! `{{#order}}`.
//!
//! Both become a `<label>` with the question. `theme/predict.js` adds an input field
//! and compares the reader's guess with the answers in the label's `data-`
//! attributes; without scripts, and on paper, the question is plain text. The answer
//! must occur in the snapshot of the lesson's output, so a chapter cannot teach a
//! number that the program does not print.

use anyhow::{Context, Result, bail};

use async_workbook::text::escape_html;

use crate::sources::{Sources, block, lesson};

/// Poses a question about one line of the output:
/// `03_gather:together:ms | 100 ms | How long? | 500 ms: why not`.
///
/// The block of output that starts at `together` must have exactly one line with
/// `ms`, and that line must contain the answer.
pub fn guess(argument: &str, sources: &Sources) -> Result<String> {
    let Question { place, answers, text, wrong } = Question::parse(argument)?;
    let mut place = place.splitn(3, ':').map(str::trim);
    let name = place.next().unwrap_or_default();
    let (Some(start), Some(line)) = (place.next(), place.next()) else {
        bail!("no line is named, as in `03_gather:together:ms`");
    };
    let shown = block(&sources.output(lesson(name)?)?, start)?;
    let line = one_line(line);
    let mut lines = shown.lines().filter(|shown| one_line(shown).contains(&line));
    let found = lines
        .next()
        .with_context(|| format!("no line of the block `{start}` has `{line}`"))?;
    if lines.next().is_some() {
        bail!("more than one line of the block `{start}` has `{line}`");
    }
    let answer = answers[0];
    let parts = parts(answer);
    if !self::parts(found).windows(parts.len()).any(|window| window == parts) {
        bail!("`{answer}` is not in the line `{}`", found.trim());
    }
    for (guess, _) in &wrong {
        let right = |one: &str| {
            answers.iter().any(|answer| self::parts(answer) == self::parts(one))
        };
        if guess.split('/').any(right) {
            bail!("`{guess}` is both right and wrong");
        }
    }
    Ok(label("guess", &answers, text, &wrong))
}

/// Poses a question about the lines of the output in order, each abbreviated to some
/// of its words:
/// `01_hello_await | main begins / made | Which lines? | greet: why not there`.
///
/// The output, or the block named after a colon, must have as many lines, each with
/// the words of its abbreviation in order.
pub fn order(argument: &str, sources: &Sources) -> Result<String> {
    let Question { place, answers, text, wrong } = Question::parse(argument)?;
    let (name, start) = place.split_once(':').unwrap_or((place, ""));
    let mut shown = sources.output(lesson(name.trim())?)?;
    if !start.is_empty() {
        shown = block(&shown, start.trim())?;
    }
    let shown: Vec<_> =
        shown.lines().filter(|line| !line.trim().is_empty()).collect();
    if shown.len() != answers.len() {
        let (named, printed) = (answers.len(), shown.len());
        bail!("{named} lines are named, but the lesson printed {printed}");
    }
    for (answer, line) in answers.iter().zip(shown) {
        let parts = parts(line);
        let mut rest = parts.iter();
        if !self::parts(answer).iter().all(|part| rest.any(|one| one == part)) {
            bail!("the words of `{answer}` are not in the line `{}`", line.trim());
        }
    }
    Ok(label("guess lines", &answers, text, &wrong))
}

/// The fields of a directive, which are separated by `|`.
struct Question<'a> {
    place: &'a str,
    /// The answer and its synonyms, or the lines.
    answers: Vec<&'a str>,
    text: &'a str,
    /// Typical wrong guesses, and an explanation for each.
    wrong: Vec<(&'a str, &'a str)>,
}

impl<'a> Question<'a> {
    fn parse(argument: &'a str) -> Result<Self> {
        let mut fields = argument.split('|').map(str::trim);
        let (Some(place), Some(answers), Some(text)) =
            (fields.next(), fields.next(), fields.next())
        else {
            bail!("a question is `where | answer | question`");
        };
        let answers: Vec<_> = answers.split('/').map(str::trim).collect();
        if text.is_empty() || answers.iter().any(|one| parts(one).is_empty()) {
            bail!("a question is `where | answer | question`, none of them empty");
        }
        let mut wrong = Vec::new();
        for field in fields {
            let (guess, why) = field
                .split_once(": ")
                .with_context(|| format!("`{field}` is not `guess: why not`"))?;
            wrong.push((guess, why.trim()));
        }
        Ok(Self { place, answers, text, wrong })
    }
}

/// Collapses whitespace, including line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words and numbers of a text, without punctuation and in lower case.
fn parts(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The question as one line of HTML, so that it works in a Markdown list. The text
/// is Markdown.
fn label(
    class: &str,
    answers: &[&str],
    text: &str,
    wrong: &[(&str, &str)],
) -> String {
    let mut attributes = format!(" data-is=\"{}\"", escape_html(&answers.join("/")));
    if !wrong.is_empty() {
        let wrong: Vec<_> = wrong
            .iter()
            .map(|(guess, why)| one_line(&format!("{guess}: {why}")))
            .collect();
        attributes += &format!(" data-not=\"{}\"", escape_html(&wrong.join("|")));
    }
    format!("<label class=\"{class}\"{attributes}>{}</label>", one_line(text))
}
