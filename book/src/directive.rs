//! The directives of a chapter, such as `{{#lesson 03_gather:fetch}}`, and what
//! becomes of them.

use crate::compare;
use crate::compiler;
use crate::cover;
use crate::guess::{guess, order};
use crate::listing::{Span, listing};
use crate::map;
use crate::plan::Plan;
use crate::python;
use crate::reading;
use crate::schedule;
use crate::sources::{Program, Sources, block, lesson};
use anyhow::{Context, Error, Result, anyhow, bail};
use async_workbook::{LESSONS, Lesson};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Every directive there is, for the message about one that is not.
const KNOWN: &str = "and, broken, compare, cover, end, exercise, guess, lesson, \
                     lessons, minutes, order, output, pair, plan, python, \
                     python-output, question, schedule, timeline, verdict";

/// Code that is shown because it fails: the word in the directive or the fence, and
/// what the page says.
const FAILURES: [(&str, &str); 3] = [
    ("does_not_compile", "does not compile"),
    ("panics", "panics"),
    ("deadlocks", "never finishes"),
];

/// What the two colours of a timeline mean; its text alternative says it in words.
const LEGEND: &str = "<p class=\"legend\" aria-hidden=\"true\">\
                      <i class=\"wait\"></i>waits<i class=\"poll\"></i>runs</p>";

/// Minutes to read, by the lesson's name.
pub type Reading = BTreeMap<&'static str, u32>;

/// The chapter's text with every directive replaced, or all that is wrong with it.
pub fn expand(
    text: &str,
    sources: &Sources,
    reading: &Reading,
) -> Result<String, Vec<Error>> {
    let mut expansion = Expansion {
        sources,
        reading,
        chapter: text,
        whole: Vec::new(),
        pair: Pair::Outside,
    };
    let (mut out, mut errors) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find("{{#") {
        out.push_str(&rest[..start]);
        let Some(length) = rest[start..].find("}}") else {
            let line = rest[start..].lines().next().unwrap_or_default();
            errors.push(anyhow!("`{line}` is never closed by `}}}}`"));
            rest = "";
            break;
        };
        let (raw, after) = rest[start..].split_at(length + 2);
        rest = after;
        if out.ends_with('\\') {
            out.pop();
            out.push_str(raw);
            continue;
        }
        match expansion.replace(&raw[3..raw.len() - 2]) {
            Ok(new) => out.push_str(&new),
            Err(error) => errors.push(error.context(raw.to_owned())),
        }
    }
    out.push_str(rest);
    if expansion.pair != Pair::Outside {
        errors.push(anyhow!("a {{{{#pair}}}} without its {{{{#end}}}}"));
    }
    if errors.is_empty() { Ok(python::marked(&out)) } else { Err(errors) }
}

/// Where in a pair of columns the text stands.
#[derive(PartialEq)]
enum Pair {
    Outside,
    First,
    Second,
}

struct Expansion<'a> {
    sources: &'a Sources,
    reading: &'a Reading,
    chapter: &'a str,
    /// The paths of the programs shown as a whole so far.
    whole: Vec<String>,
    pair: Pair,
}

impl Expansion<'_> {
    fn replace(&mut self, directive: &str) -> Result<String> {
        let (name, argument) = directive
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((directive.trim(), ""));
        let argument = argument.trim();
        if matches!(name, "pair" | "and" | "end" | "lessons") && !argument.is_empty()
        {
            bail!("`{name}` takes nothing more");
        }
        match name {
            "lesson" => self.program(Program::Rust, argument),
            "python" => self.program(Program::Python, argument),
            "output" => self.output(argument),
            "python-output" => self.python_output(argument),
            "timeline" => self.timeline(argument),
            "broken" => self.broken(argument),
            "cover" => self.cover(argument),
            "compare" => compare::show(&self.sources.comparison()?, argument),
            "guess" => guess(argument, self.sources),
            "order" => order(argument, self.sources),
            "exercise" => self.exercise(lesson(argument)?),
            "verdict" => self.verdict(argument),
            "question" => Ok(lesson(argument)?.question.to_owned()),
            "minutes" => self.minutes(argument),
            "plan" => self.plan(argument),
            "schedule" => self.schedule(argument),
            "lessons" => map::table(LESSONS, |lesson| self.time(lesson)),
            "pair" => {
                self.turn(&Pair::Outside, Pair::First, "<div class=\"pair\">\n<div>")
            }
            "and" => self.turn(&Pair::First, Pair::Second, "</div>\n<div>"),
            "end" => self.turn(&Pair::Second, Pair::Outside, "</div>\n</div>"),
            _ => bail!("no directive `{name}`; there are {KNOWN}"),
        }
    }

    /// How long a lesson takes: to read, if its chapter is known, and in all.
    fn time(&self, lesson: &Lesson) -> String {
        match self.reading.get(lesson.name) {
            Some(reading) => reading::words(*reading, lesson),
            None => format!("{} min", lesson.minutes),
        }
    }

    /// Goes from one place of a pair to the next; between empty lines the tags stand
    /// alone, so that what follows them is Markdown again.
    fn turn(&mut self, from: &Pair, to: Pair, tags: &str) -> Result<String> {
        if self.pair != *from {
            bail!(
                "out of order: a pair is {{{{#pair}}}} ... {{{{#and}}}} ... {{{{#end}}}}"
            );
        }
        self.pair = to;
        Ok(format!("\n\n{tags}\n\n"))
    }

    /// `03_gather`, `03_gather:anchor`, or another file of the lesson,
    /// `03_gather/named.rs` or `03_gather/named.rs:anchor`; each may be followed by
    /// [`Options`].
    fn program(&mut self, program: Program, argument: &str) -> Result<String> {
        let (what, words) =
            argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
        let options = Options::read(words)?;
        let (place, anchor) = split(what);
        let (name, file) = place.split_once('/').unwrap_or((place, program.file()));
        let path = format!("lessons/{}/{file}", lesson(name)?.name);
        let mut text = self.sources.program(&path, program, anchor)?;
        if options.bare {
            let comment = program.comment();
            let is_code = |line: &&str| !line.trim_start().starts_with(comment);
            text = text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
        }

        let mut info = match program {
            Program::Rust => "rust,ignore".to_owned(),
            Program::Python => "python".to_owned(),
        };
        if place == name && anchor.is_none() && matches!(program, Program::Rust) {
            let _ = write!(info, ",lesson-{name}"); // to a String: cannot fail
        }
        let (mut caption, mut spans) = match anchor {
            Some(anchor) => (self.linked(program, place, anchor, &path), Vec::new()),
            None => self.placed(program, &path)?,
        };
        if let Some((class, words)) = options.failure {
            let _ = write!(info, ",{class}");
            let _ = write!(caption, " <strong>{words}</strong>");
        }
        for mark in options.marks {
            let at = only_line(&text, mark)?;
            let attributes = "class=\"mark\"".to_owned();
            spans.push(Span { lines: at..at + 1, attributes });
            let line = at + 1;
            let _ = write!(
                caption,
                "<span class=\"unseen\">, line {line} is marked</span>"
            );
        }
        Ok(listing(&caption, &info, &text, &spans))
    }

    /// The caption of a region: a link to its place in the whole program, on this
    /// page or on that of its lesson, if either shows it.
    fn linked(
        &self,
        program: Program,
        place: &str,
        anchor: &str,
        path: &str,
    ) -> String {
        let directive = match program {
            Program::Rust => "lesson",
            Program::Python => "python",
        };
        let page = if self.chapter.contains(&format!("{{{{#{directive} {place}}}}}"))
        {
            String::new()
        } else if place.contains('/') {
            return format!("<code>{path}</code>");
        } else {
            format!("{place}.html")
        };
        let id = place_id(path, anchor);
        format!("<a href=\"{page}#{id}\"><code>{path}</code></a>")
    }

    /// The caption of a whole program, and the places that captions of its regions
    /// link to. The first of several on a page has them.
    fn placed(
        &mut self,
        program: Program,
        path: &str,
    ) -> Result<(String, Vec<Span>)> {
        let caption = format!("<code>{path}</code>");
        if self.whole.iter().any(|one| one == path) {
            return Ok((caption, Vec::new()));
        }
        self.whole.push(path.to_owned());
        let places = self.sources.places(path, program)?.places;
        let spans = places
            .into_iter()
            .map(|(anchor, lines)| {
                let id = place_id(path, &anchor);
                let attributes = format!("class=\"place\" id=\"{id}\"");
                Span { lines, attributes }
            })
            .collect();
        Ok((caption, spans))
    }

    fn output(&self, argument: &str) -> Result<String> {
        let (name, words) = split(argument);
        let lesson = lesson(name)?;
        let whole = self.sources.output(lesson)?;
        let shown = match words {
            Some(words) => block(&whole, words)?,
            None => whole,
        };
        let caption = format!("Output of <code>cargo run --example {name}</code>");
        let info = format!("text,output,lesson-{name}");
        Ok(listing(&caption, &info, &shown, &[]))
    }

    fn python_output(&self, argument: &str) -> Result<String> {
        let (name, words) = split(argument);
        let lesson = lesson(name)?;
        let whole = self.sources.python_output(lesson)?;
        let shown = match words {
            Some(words) => block(&whole, words)?,
            None => whole,
        };
        let file = Program::Python.file();
        let caption =
            format!("Output of <code>python3 lessons/{name}/{file}</code>");
        Ok(listing(&caption, "text,output,python", &shown, &[]))
    }

    /// A program that does not compile, `01_hello_await/not_async`, and what the
    /// compiler says of it.
    fn broken(&mut self, argument: &str) -> Result<String> {
        let (name, program) = argument
            .split_once('/')
            .context("which program? As in `01_hello_await/not_async`")?;
        let (compiler, said) = self.sources.compiler(lesson(name)?, program)?;
        let file = format!("{name}/broken/{program}.rs does_not_compile");
        let program = self.program(Program::Rust, &file)?;
        let caption = format!("What <code>{compiler}</code> says of it");
        Ok(format!(
            "{program}<p class=\"file\">{caption}</p>\n\n{}\n\n",
            compiler::html(&said)
        ))
    }

    /// The task, what is checked, the file, the hints and a solution, all but the task
    /// folded.
    fn exercise(&self, lesson: &Lesson) -> Result<String> {
        let Lesson { name, .. } = lesson;
        let hints = self.sources.hints(lesson)?;
        let file = |file: &str| {
            let path = format!("lessons/{name}/{file}");
            self.sources.program(&path, Program::Rust, None)
        };
        let rust = |path: &str, text: &str| {
            let caption = format!("<code>lessons/{name}/{path}</code>");
            listing(&caption, "rust,ignore", text, &[])
        };

        let verdict = self.sources.verdict(lesson, "starter")?;
        let checks = verdict.lines().filter_map(|line| {
            let check = line.strip_prefix(['✓', '✗', '-'])?.trim();
            Some(format!("- {check}\n"))
        });
        let checks: String = checks.collect();
        let mut shown = format!(
            "\n\n{}\n\nThe file is `lessons/{name}/exercise.rs`. It is judged by\n\n\
             ```sh,check-{name}\ncargo workbook check {}\n```\n\nand done when all of this holds, and nothing holds the thread for 100 ms:\n\n\
             {checks}\n",
            hints.task,
            lesson.number(),
        );
        shown += &fold(
            "The file you begin with",
            &rust("exercise.rs", &file("starter.rs")?),
        );
        for (n, hint) in (1..).zip(&hints.hints) {
            shown += &fold(&format!("Hint {n}: {}", lower(hint.title)), &hint.text);
        }
        let solution = rust("solution.rs", &file("solution.rs")?);
        let why = format!("{solution}\n\n{}", hints.why);
        Ok(shown + &fold("One solution, and why it works", &why))
    }

    /// What the check says of one answer: `03_gather:first_come`.
    fn verdict(&self, argument: &str) -> Result<String> {
        let (name, answer) = split(argument);
        let lesson = lesson(name)?;
        let answer = answer.context("which answer? As in `03_gather:starter`")?;
        let text = self.sources.verdict(lesson, answer)?;
        let command = format!("cargo workbook check {}", lesson.number());
        let caption = format!("What <code>{command}</code> says");
        Ok(listing(&caption, "text,output", &text, &[]))
    }

    /// Of a lesson, or of its exercise: `03_gather:exercise`.
    fn minutes(&self, argument: &str) -> Result<String> {
        let (name, part) = split(argument);
        let lesson = lesson(name)?;
        let minutes = match part {
            None => lesson.minutes,
            Some("exercise") => self.sources.plan(lesson)?.exercise(),
            Some(part) => bail!("no minutes of `{part}`; there are `exercise`"),
        };
        Ok(minutes.to_string())
    }

    fn plan(&self, argument: &str) -> Result<String> {
        let (name, parts) = split(argument);
        let lesson = lesson(name)?;
        let parts = parts.context("which parts? As in `Predict 5, exercise 15`")?;
        Ok(Plan::parse(parts, lesson)?.html(lesson))
    }

    fn schedule(&self, argument: &str) -> Result<String> {
        let workshop = schedule::workshop(argument)?;
        let plans = LESSONS.iter().map(|lesson| self.sources.plan(lesson));
        let plans = plans.collect::<Result<Vec<_>>>()?;
        let lessons: Vec<_> = LESSONS.iter().zip(&plans).collect();
        Ok(workshop.schedule(&lessons).markdown())
    }

    /// `03_gather: caption`, or of a part that is tested apart,
    /// `07_pitfalls/blocking: caption`.
    fn timeline(&self, argument: &str) -> Result<String> {
        let (place, caption) = split(argument);
        let (name, part) = match place.split_once('/') {
            Some((name, part)) => (name, Some(part)),
            None => (place, None),
        };
        let svg = self.sources.timeline(lesson(name)?, part)?.svg();
        Ok(figure(
            "timeline",
            &format!(
                "{svg}
{LEGEND}"
            ),
            caption,
        ))
    }

    /// The recording of a lesson, as the picture that plays on the first page.
    fn cover(&self, argument: &str) -> Result<String> {
        let (name, caption) = split(argument);
        let recording = self.sources.timeline(lesson(name)?, None)?;
        Ok(figure("cover", &cover::draw(&recording)?, caption))
    }
}

/// A picture with a caption in Markdown.
fn figure(class: &str, picture: &str, caption: Option<&str>) -> String {
    let caption = caption.map_or(String::new(), |words| {
        format!("<figcaption>\n\n{words}\n\n</figcaption>\n")
    });
    format!("\n\n<figure class=\"{class}\">\n{picture}\n{caption}</figure>\n\n")
}

/// A fold, which holds Markdown.
fn fold(title: &str, text: &str) -> String {
    format!(
        "\n\n<details>\n<summary>{title}</summary>\n\n{}\n\n</details>\n\n",
        text.trim()
    )
}

/// `name:rest`, where the rest may be absent.
fn split(argument: &str) -> (&str, Option<&str>) {
    match argument.split_once(':') {
        Some((name, rest)) => (name.trim(), Some(rest.trim())),
        None => (argument, None),
    }
}

/// What may follow the name of a program.
#[derive(Default)]
struct Options<'a> {
    /// Without the lines that are comments.
    bare: bool,
    /// One of [`FAILURES`].
    failure: Option<(&'static str, &'static str)>,
    /// The line that has this text is what the chapter speaks of.
    marks: Vec<&'a str>,
}

impl<'a> Options<'a> {
    /// `bare`, the word for a failure, `mark "text"`, in any order.
    fn read(words: &'a str) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = words.trim();
        while !rest.is_empty() {
            let (word, after) =
                rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = after.trim_start();
            if word == "bare" {
                options.bare = true;
            } else if word == "mark" {
                let (text, after) = rest
                    .strip_prefix('"')
                    .and_then(|rest| rest.split_once('"'))
                    .context("which line? As in `mark \"join_all\"`")?;
                options.marks.push(text);
                rest = after.trim_start();
            } else {
                let failure = FAILURES.iter().find(|(class, _)| *class == word);
                options.failure = Some(*failure.with_context(|| {
                    let known = FAILURES.map(|(class, _)| class).join(", ");
                    format!("no `{word}`; there are bare, mark \"...\", {known}")
                })?);
            }
        }
        Ok(options)
    }
}

/// The name of a region's place, such as `03_gather.together`: all chapters stand on
/// one page too.
fn place_id(path: &str, anchor: &str) -> String {
    let short = path.trim_start_matches("lessons/").trim_end_matches("/lesson.rs");
    format!("{short}.{anchor}")
}

/// Which line of `text` contains `part`, counted from 0. Fails unless exactly one
/// does.
fn only_line(text: &str, part: &str) -> Result<usize> {
    let mut found = text.lines().enumerate().filter(|(_, line)| line.contains(part));
    let (at, _) = found.next().with_context(|| format!("no line has `{part}`"))?;
    if let Some((again, _)) = found.next() {
        let (first, second) = (at + 1, again + 1);
        bail!("`{part}` is in more than one line ({first} and {second})");
    }
    Ok(at)
}

/// A title in the middle of a line.
fn lower(title: &str) -> String {
    let (first, rest) = title.split_at(title.len().min(1));
    first.to_lowercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, Vec<String>> {
        expand(text, &Sources::new("/nowhere"), &Reading::new()).map_err(|errors| {
            errors.iter().map(|error| format!("{error:#}")).collect::<Vec<_>>()
        })
    }

    #[test]
    fn text_without_directives_stays() {
        assert_eq!(expanded("{{ a }} {# b").unwrap(), "{{ a }} {# b");
    }

    #[test]
    fn a_backslash_keeps_a_directive_as_it_is() {
        let text = r"write \{{#lesson 03_gather}}";
        assert_eq!(expanded(text).unwrap(), "write {{#lesson 03_gather}}");
    }

    #[test]
    fn facts_of_a_lesson_stand_in_the_line() {
        let text = "{{#question 03_gather}} ({{#minutes 03_gather}} min)";
        assert!(expanded(text).unwrap().ends_with("order? (30 min)"));
    }

    #[test]
    fn a_pair_is_two_columns_of_markdown() {
        let pair = expanded("{{#pair}}\na\n{{#and}}\nb\n{{#end}}").unwrap();
        let lines: Vec<_> = pair.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "<div class=\"pair\">",
                "<div>",
                "a",
                "</div>",
                "<div>",
                "b",
                "</div>",
                "</div>"
            ]
        );
    }

    #[test]
    fn a_pair_out_of_order_or_left_open_fails() {
        for text in ["{{#and}}", "{{#pair}}{{#end}}", "{{#pair}}{{#pair}}"] {
            let errors = expanded(text).unwrap_err();
            assert!(errors[0].contains("out of order"), "{text}: {errors:?}");
        }
        let errors = expanded("{{#pair}}{{#and}}").unwrap_err();
        assert_eq!(errors, ["a {{#pair}} without its {{#end}}"]);
    }

    #[test]
    fn every_mistake_is_named() {
        let errors =
            expanded("{{#include a.rs}} {{#lesson 99_none}} {{#lesson").unwrap_err();
        assert!(errors[0].starts_with("{{#include a.rs}}: no directive `include`"));
        assert!(
            errors[1].starts_with(
                "{{#lesson 99_none}}: no lesson `99_none`; there are 01_"
            )
        );
        assert_eq!(errors[2], "`{{#lesson` is never closed by `}}`");
    }
}
