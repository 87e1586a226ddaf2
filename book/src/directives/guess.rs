//! The directives `{{#guess}}` and `{{#order}}`: questions that the reader answers
//! before seeing the output.
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
/// Exactly one line of the block of output that starts at `together` must contain
/// `ms`, and that line must contain the answer.
pub fn guess(argument: &str, sources: &Sources) -> Result<String> {
    let Question { target, answers, text, wrong } = Question::parse(argument)?;
    let mut fields = target.splitn(3, ':').map(str::trim);
    let name = fields.next().unwrap_or_default();
    let (Some(start), Some(line)) = (fields.next(), fields.next()) else {
        bail!("expected a line of the output, such as `03_gather:together:ms`");
    };
    let shown = block(&sources.output(lesson(name)?)?, start)?;
    let line = one_line(line);
    let mut lines = shown.lines().filter(|shown| one_line(shown).contains(&line));
    let found = lines.next().with_context(|| {
        format!("no line of the block `{start}` contains `{line}`")
    })?;
    if lines.next().is_some() {
        bail!("more than one line of the block `{start}` contains `{line}`");
    }
    let answer = answers[0];
    let answer_words = words(answer);
    let found_words = words(found);
    if !found_words.windows(answer_words.len()).any(|part| part == answer_words) {
        bail!("`{answer}` is not in the line `{}`", found.trim());
    }
    for (guess, _) in &wrong {
        let right =
            |guess: &str| answers.iter().any(|answer| words(answer) == words(guess));
        if guess.split('/').any(right) {
            bail!("`{guess}` is both right and wrong");
        }
    }
    Ok(label("guess", &answers, text, &wrong))
}

/// Poses a question about the lines of the output, in order. The answer abbreviates
/// each line to some of its words:
/// `01_hello_await | main begins / made | Which lines? | greet: why not there`.
///
/// The output, or its block after the colon, must have as many lines as the answer has
/// abbreviations, and each line must contain the words of its abbreviation in order.
pub fn order(argument: &str, sources: &Sources) -> Result<String> {
    let Question { target, answers, text, wrong } = Question::parse(argument)?;
    let (name, start) = target.split_once(':').unwrap_or((target, ""));
    let mut shown = sources.output(lesson(name.trim())?)?;
    if !start.is_empty() {
        shown = block(&shown, start.trim())?;
    }
    let shown: Vec<_> =
        shown.lines().filter(|line| !line.trim().is_empty()).collect();
    if shown.len() != answers.len() {
        let (named, printed) = (answers.len(), shown.len());
        bail!("the output has {printed} lines, but the answer has {named}");
    }
    for (answer, line) in answers.iter().zip(shown) {
        let line_words = words(line);
        let mut rest = line_words.iter();
        if !words(answer).iter().all(|word| rest.any(|other| other == word)) {
            bail!("the words of `{answer}` are not in the line `{}`", line.trim());
        }
    }
    Ok(label("guess lines", &answers, text, &wrong))
}

/// The fields of a directive, which are separated by `|`.
struct Question<'a> {
    /// The lesson, and optionally the start of a block and, for `guess`, a part of a line.
    target: &'a str,
    /// The answer and its synonyms, or the lines.
    answers: Vec<&'a str>,
    text: &'a str,
    /// Typical wrong guesses, and an explanation for each.
    wrong: Vec<(&'a str, &'a str)>,
}

impl<'a> Question<'a> {
    fn parse(argument: &'a str) -> Result<Self> {
        let mut fields = argument.split('|').map(str::trim);
        let (Some(target), Some(answers), Some(text)) =
            (fields.next(), fields.next(), fields.next())
        else {
            bail!("expected `line | answer | question`");
        };
        let answers: Vec<_> = answers.split('/').map(str::trim).collect();
        if text.is_empty() || answers.iter().any(|answer| words(answer).is_empty()) {
            bail!("in `line | answer | question`, no field may be empty");
        }
        let mut wrong = Vec::new();
        for field in fields {
            let (guess, why) = field.split_once(": ").with_context(|| {
                format!("expected `guess: explanation`, got `{field}`")
            })?;
            wrong.push((guess, why.trim()));
        }
        Ok(Self { target, answers, text, wrong })
    }
}

/// Collapses whitespace, including line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits a text into words and numbers, without punctuation and in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Formats a question as one line of HTML without `|`, so that it fits into a Markdown
/// list or table. The text is Markdown.
fn label(
    class: &str,
    answers: &[&str],
    text: &str,
    wrong: &[(&str, &str)],
) -> String {
    let mut attributes =
        format!(" data-answers=\"{}\"", escape_html(&answers.join("/")));
    if !wrong.is_empty() {
        let wrong: Vec<_> = wrong
            .iter()
            .map(|(guess, why)| one_line(&format!("{guess}: {why}")))
            .collect();
        attributes += &format!(" data-wrong=\"{}\"", escape_html(&wrong.join("|")));
    }
    let attributes = attributes.replace('|', "&#124;");
    format!("<label class=\"{class}\"{attributes}>{}</label>", one_line(text))
}
