//! Questions that a reader answers before the run does: `{{#guess}}` and `{{#order}}`.
//!
//! Both become a question in plain text. `theme/predict.js` puts a field behind it and
//! compares; what it compares with stands in the question's attributes, and was found
//! in the output of a run.

use crate::html::escaped;
use crate::sources::{Sources, block, lesson};
use anyhow::{Context, Result, bail};

/// One fact of the run:
/// `03_gather:together:ms | 100 ms | How long? | 500 ms: why not`.
///
/// Fails unless exactly one line of the block has the words after the second colon,
/// and the answer is in it.
pub fn guess(argument: &str, sources: &Sources) -> Result<String> {
    let Question { place, answers, words, wrong } = Question::read(argument)?;
    let mut place = place.splitn(3, ':').map(str::trim);
    let name = place.next().unwrap_or_default();
    let (Some(start), Some(line)) = (place.next(), place.next()) else {
        bail!("which line? As in `03_gather:together:ms`");
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
            bail!("`{guess}` is given as right and as wrong");
        }
    }
    Ok(label("guess", &answers, words, &wrong))
}

/// Lines in their order, each in words enough to tell it from the others:
/// `01_hello_await | main begins / made | Which lines? | greet: why not there`.
///
/// Fails unless the output, or the block named after a colon, has as many lines, and
/// each has the words in their order.
pub fn order(argument: &str, sources: &Sources) -> Result<String> {
    let Question { place, answers, words, wrong } = Question::read(argument)?;
    let (name, start) = place.split_once(':').unwrap_or((place, ""));
    let mut shown = sources.output(lesson(name.trim())?)?;
    if !start.is_empty() {
        shown = block(&shown, start.trim())?;
    }
    let shown: Vec<_> =
        shown.lines().filter(|line| !line.trim().is_empty()).collect();
    if shown.len() != answers.len() {
        let (named, printed) = (answers.len(), shown.len());
        bail!("{named} lines are named, and the run printed {printed}");
    }
    for (answer, line) in answers.iter().zip(shown) {
        let parts = parts(line);
        let mut rest = parts.iter();
        if !self::parts(answer).iter().all(|part| rest.any(|one| one == part)) {
            bail!("the words of `{answer}` are not in the line `{}`", line.trim());
        }
    }
    Ok(label("guess lines", &answers, words, &wrong))
}

/// The fields of a directive, which stand between bars.
struct Question<'a> {
    place: &'a str,
    /// The answer; or its other names, or the other lines, behind it.
    answers: Vec<&'a str>,
    words: &'a str,
    /// Typical wrong guesses, and what is to be said of each.
    wrong: Vec<(&'a str, &'a str)>,
}

impl<'a> Question<'a> {
    fn read(argument: &'a str) -> Result<Self> {
        let mut fields = argument.split('|').map(str::trim);
        let (Some(place), Some(answers), Some(words)) =
            (fields.next(), fields.next(), fields.next())
        else {
            bail!("a question is `where | answer | question`");
        };
        let answers: Vec<_> = answers.split('/').map(str::trim).collect();
        if words.is_empty() || answers.iter().any(|one| parts(one).is_empty()) {
            bail!("a question is `where | answer | question`, none of them empty");
        }
        let mut wrong = Vec::new();
        for field in fields {
            let (guess, why) = field
                .split_once(": ")
                .with_context(|| format!("`{field}` is not `guess: why not`"))?;
            wrong.push((guess, why.trim()));
        }
        Ok(Self { place, answers, words, wrong })
    }
}

/// The text with one space wherever it has space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words and numbers of a text, without what lies between them.
fn parts(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// One line of HTML, so that it can stand in a list. The words are Markdown.
fn label(
    class: &str,
    answers: &[&str],
    words: &str,
    wrong: &[(&str, &str)],
) -> String {
    let one_line =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut attributes = format!(" data-is=\"{}\"", escaped(&answers.join("/")));
    if !wrong.is_empty() {
        let wrong: Vec<_> = wrong
            .iter()
            .map(|(guess, why)| one_line(&format!("{guess}: {why}")))
            .collect();
        attributes += &format!(" data-not=\"{}\"", escaped(&wrong.join("|")));
    }
    format!("<label class=\"{class}\"{attributes}>{}</label>", one_line(words))
}
