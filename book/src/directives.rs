//! Expands directives in a chapter's Markdown, `{{#name argument}}`.
//!
//! ```text
//! chapter.md ── {{#lesson 03_gather:fetch}} ──> DIRECTIVES ──> program::rust
//!                                                                  │ reads `Sources`
//! chapter    <── Markdown or HTML: caption, code, ids <────────────┘
//! ```
//!
//! [`expand`] scans a chapter for directives and replaces each by the result of its
//! function in [`DIRECTIVES`]. Directives read programs, snapshots and the list of
//! lessons, so no output or number is ever typed in a chapter. If a directive fails,
//! the scan continues, to collect all errors, and then the build fails.
//! (mdBook's own `{{#include}}` logs a missing file and continues.)
//!
//! The result is Markdown again, which mdBook renders: a function that returns HTML
//! leaves blank lines around it.

mod choose;
mod comparison;
mod cover;
mod exercise;
mod guess;
mod knob;
mod listing;
mod map;
mod plan;
mod program;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Error, Result, anyhow, bail, ensure};

use async_workbook::text::escape_html;
use async_workbook::timeline::Recording;
use async_workbook::{LESSONS, Lesson};

use crate::python;
use crate::reading;
use crate::sources::{Program, Sources, block, lesson};
use listing::listing;

/// Replaces one directive, given its argument.
type Replace = fn(&mut Expansion, &str) -> Result<String>;

/// All directives by name.
const DIRECTIVES: [(&str, Replace); 25] = [
    ("and", |expansion, argument| {
        expansion.turn(argument, Pair::First, Pair::Second, "</div>\n<div>")
    }),
    ("axis", axis),
    ("broken", program::broken),
    ("choose", |_, argument| choose::choose(argument)),
    ("compare", |expansion, argument| {
        comparison::show(&expansion.sources.comparison()?, argument)
    }),
    ("cover", cover),
    ("draw", draw),
    ("end", |expansion, argument| {
        expansion.turn(argument, Pair::Second, Pair::Outside, "</div>\n</div>")
    }),
    ("exercise", exercise::exercise),
    ("first", first),
    ("guess", |expansion, argument| guess::guess(argument, expansion.sources)),
    ("knob", knob::knob),
    ("lesson", program::rust),
    ("lessons", |expansion, argument| {
        no_argument(argument)?;
        map::table(LESSONS, |lesson| expansion.time(lesson))
    }),
    ("minutes", minutes),
    ("order", |expansion, argument| guess::order(argument, expansion.sources)),
    ("output", output),
    ("pair", |expansion, argument| {
        let tags = "<div class=\"pair\">\n<div>";
        expansion.turn(argument, Pair::Outside, Pair::First, tags)
    }),
    ("plan", |_, argument| plan::show(argument)),
    ("python", program::python),
    ("python-output", python_output),
    ("question", |_, argument| Ok(lesson(argument)?.question.to_owned())),
    ("schedule", |expansion, argument| schedule::show(argument, expansion.sources)),
    ("timeline", timeline),
    ("verdict", exercise::verdict),
];

/// The legend of a timeline's shades and marks, of which the style sheet shows those in
/// the picture. It is hidden from screen readers: the timeline's text alternative has them.
const LEGEND: &str = "<p class=\"legend\" aria-hidden=\"true\">\
                      <span><i class=\"wait\"></i>waits</span>\
                      <span><i class=\"poll\"></i>runs</span>\
                      <span class=\"nothing\"><b>○</b> polled for nothing</span>\
                      <span class=\"queue\"><i></i>queued</span>\
                      <span class=\"owner\"><i></i>a spawned task</span>\
                      <span class=\"done\"><b>✓</b> returned</span>\
                      <span class=\"failed\"><b>!</b> returned an error</span>\
                      <span class=\"dropped\"><b>×</b> dropped before its end</span>\
                      <span class=\"refused\"><b>Ø</b> refused with status 503</span>\
                      <span class=\"cancelled\"><b>×</b> cancelled</span></p>";

/// Minutes that a chapter takes to read, by the lesson's name.
pub type Reading = BTreeMap<&'static str, u32>;

/// Replaces all directives of a chapter.
///
/// # Errors
///
/// Returns the errors of all directives that failed.
pub fn expand(
    text: &str,
    sources: &Sources,
    reading: &Reading,
) -> Result<String, Vec<Error>> {
    let mut expansion = Expansion {
        sources,
        reading,
        chapter: text,
        whole: BTreeSet::new(),
        pair: Pair::Outside,
    };
    let (mut out, mut errors) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find("{{#") {
        out.push_str(&rest[..start]);
        let Some(length) = rest[start..].find("}}") else {
            let line = rest[start..].lines().next().unwrap_or_default();
            errors.push(anyhow!("`{line}` is not closed by `}}}}`"));
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
        errors.push(anyhow!("{{{{#pair}}}} without {{{{#end}}}}"));
    }
    if errors.is_empty() { Ok(python::marked(&out)) } else { Err(errors) }
}

/// The position in a pair of columns.
#[derive(PartialEq)]
enum Pair {
    Outside,
    First,
    Second,
}

/// The state of expanding one chapter.
struct Expansion<'a> {
    sources: &'a Sources,
    reading: &'a Reading,
    chapter: &'a str,
    /// Paths of the programs that have been shown whole.
    whole: BTreeSet<String>,
    pair: Pair,
}

impl Expansion<'_> {
    fn replace(&mut self, directive: &str) -> Result<String> {
        let directive = directive.trim();
        let (name, argument) =
            directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
        let known = DIRECTIVES.iter().find(|(known, _)| *known == name);
        let (_, replace) = known.with_context(|| {
            let known = DIRECTIVES.map(|(known, _)| known).join(", ");
            format!("no directive `{name}`; expected one of: {known}")
        })?;
        replace(self, argument.trim())
    }

    /// The time that a lesson takes, with the time to read its chapter if that is
    /// known.
    fn time(&self, lesson: &Lesson) -> String {
        match self.reading.get(lesson.name) {
            Some(reading) => reading::words(*reading, lesson),
            None => format!("{} min", lesson.minutes),
        }
    }

    /// Moves from one position of a pair to the next. The blank lines around the
    /// tags make mdBook parse the text between them as Markdown.
    fn turn(
        &mut self,
        argument: &str,
        from: Pair,
        to: Pair,
        tags: &str,
    ) -> Result<String> {
        no_argument(argument)?;
        let order = "{{#pair}} ... {{#and}} ... {{#end}}";
        ensure!(self.pair == from, "out of order: a pair is {order}");
        self.pair = to;
        Ok(format!("\n\n{tags}\n\n"))
    }
}

fn no_argument(argument: &str) -> Result<()> {
    ensure!(argument.is_empty(), "unexpected argument `{argument}`");
    Ok(())
}

/// Shows a lesson's output, or a block of it: `03_gather:together`.
fn output(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, words) = split(argument);
    let shown = part(expansion.sources.output(lesson(name)?)?, words)?;
    let caption = format!("Output of <code>cargo run --example {name}</code>");
    let info = format!("text,output,lesson-{name}");
    Ok(listing(&caption, &info, &shown, &[]))
}

/// Shows the output of a lesson's Python program, or a block of it.
fn python_output(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, words) = split(argument);
    let shown = part(expansion.sources.python_output(lesson(name)?)?, words)?;
    let file = Program::Python.file();
    let caption = format!("Output of <code>python3 lessons/{name}/{file}</code>");
    Ok(listing(&caption, "text,output,python", &shown, &[]))
}

fn part(output: String, words: Option<&str>) -> Result<String> {
    match words {
        Some(words) => block(&output, words),
        None => Ok(output),
    }
}

/// Prints the minutes of a lesson, of its exercise, as in `03_gather:exercise`, or of all
/// lessons.
fn minutes(expansion: &mut Expansion, argument: &str) -> Result<String> {
    if argument.is_empty() {
        let all: u32 = LESSONS.iter().map(|lesson| lesson.minutes).sum();
        return Ok(all.to_string());
    }
    let (name, part) = split(argument);
    let lesson = lesson(name)?;
    let minutes = match part {
        None => lesson.minutes,
        Some("exercise") => plan::of(lesson, expansion.sources)?.exercise(),
        Some("workshop") => plan::total(&plan::of(lesson, expansion.sources)?.parts),
        Some(part) => {
            bail!("no minutes of `{part}`, only of `exercise`, `workshop`")
        }
    };
    Ok(minutes.to_string())
}

/// Draws `03_gather: caption`, or a part of the lesson with its own snapshot,
/// `07_pitfalls/blocking: caption`. `theme/player.js` adds a player to it.
fn timeline(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (lesson_part, caption) = split(argument);
    let mut names = lesson_part.split('/');
    let lesson = lesson(names.next().unwrap_or_default())?;
    let recording = expansion.sources.timeline(lesson, names.next())?;
    let program = format!("lessons/{}/lesson.rs", lesson.name);
    let player = recording.player(&expansion.sources.read(&program)?);
    let picture = format!("{}\n{LEGEND}\n{player}", recording.svg());
    Ok(figure("timeline", &picture, caption))
}

/// Adds an axis to a question, on which the reader draws the bars of a section of the
/// timeline: `03_gather:together`. It needs `theme/draw.js`.
fn draw(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, title) = split(argument);
    let sections = expansion.sources.timeline(lesson(name)?, None)?.sections;
    let longest = sections.iter().map(|section| section.micros).max();
    let section = sections.iter().find(|section| Some(&*section.title) == title);
    let section = section.context("no such section of the timeline")?;
    let rows = section.rows.iter().map(|row| (&row.label, row.life));
    let run = (&section.title, longest, rows.collect::<Vec<_>>());
    let run = escape_html(&serde_json::to_string(&run)?);
    Ok(format!("<span class=\"drawing\" data-run=\"{run}\"></span>"))
}

/// Draws sections of a lesson's run and of its Python program's on one axis:
/// `06_errors: try_join_all, fail_fast: caption`, Rust's and Python's in turn. Rust's may
/// be of a part, or of a value of the knob: `03_gather/300`.
fn axis(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, rest) = split(argument);
    let (titles, caption) = split(rest.unwrap_or_default());
    let mut names = name.split('/');
    let lesson = lesson(names.next().unwrap_or_default())?;
    let run = names.next();
    let mut both = Recording::default();
    for (at, title) in titles.split(", ").enumerate() {
        let (language, part) = [("Rust", run), ("Python", Some("python"))][at % 2];
        let sections = expansion.sources.timeline(lesson, part)?.sections;
        let found = sections.into_iter().find(|section| section.title == title);
        let mut section = found.with_context(|| format!("no section `{title}`"))?;
        section.title = format!("{language}, {title}");
        both.sections.push(section);
    }
    // A task may outlive its section.
    let rows = both.sections.iter().flat_map(|section| &section.rows);
    let scale = rows.map(|row| row.life.1).max().unwrap_or(0).max(1);
    let picture = format!("{}\n{LEGEND}", both.svg_on(scale));
    Ok(figure("timeline", &picture, caption))
}

/// Repeats a chapter's first directive of a name: `03_gather guess`.
fn first(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (chapter, name) = argument
        .split_once(' ')
        .filter(|(_, name)| *name != "first")
        .context("expected a chapter and a directive, as in `03_gather guess`")?;
    let path = format!("book/chapters/{}.md", lesson(chapter)?.name);
    let text = expansion.sources.read(&path)?;
    let (_, found) = text
        .split_once(&format!("{{{{#{name} "))
        .with_context(|| format!("no `{name}` in {path}"))?;
    let (argument, _) = found.split_once("}}").unwrap_or((found, ""));
    expansion.replace(&format!("{name} {argument}"))
}

/// Draws a lesson's timeline as the animated picture of the first page.
fn cover(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, caption) = split(argument);
    let recording = expansion.sources.timeline(lesson(name)?, None)?;
    Ok(figure("cover", &cover::draw(&recording), caption))
}

/// A figure with a caption in Markdown.
fn figure(class: &str, picture: &str, caption: Option<&str>) -> String {
    let caption = caption.map_or(String::new(), |caption| {
        format!("<figcaption>\n\n{caption}\n\n</figcaption>\n")
    });
    format!("\n\n<figure class=\"{class}\">\n{picture}\n{caption}</figure>\n\n")
}

/// A fold around Markdown.
fn fold(title: &str, text: &str) -> String {
    format!(
        "\n\n<details>\n<summary>{title}</summary>\n\n{}\n\n</details>\n\n",
        text.trim()
    )
}

/// Splits `name:rest`, where `:rest` is optional.
fn split(argument: &str) -> (&str, Option<&str>) {
    match argument.split_once(':') {
        Some((name, rest)) => (name.trim(), Some(rest.trim())),
        None => (argument, None),
    }
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
    fn text_without_directives_is_unchanged() {
        assert_eq!(expanded("{{ a }} {# b").unwrap(), "{{ a }} {# b");
    }

    #[test]
    fn facts_of_a_lesson_are_inline() {
        let text = "{{#question 03_gather}} ({{#minutes 03_gather}} min)";
        assert!(expanded(text).unwrap().ends_with("order? (30 min)"));
    }

    #[test]
    fn a_pair_out_of_order_or_left_open_fails() {
        for text in ["{{#and}}", "{{#pair}}{{#end}}", "{{#pair}}{{#pair}}"] {
            let errors = expanded(text).unwrap_err();
            assert!(errors[0].contains("out of order"), "{text}: {errors:?}");
        }
        let errors = expanded("{{#pair}}{{#and}}").unwrap_err();
        assert_eq!(errors, ["{{#pair}} without {{#end}}"]);
    }

    #[test]
    fn directives_are_sorted() {
        assert!(DIRECTIVES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn an_unclosed_directive_fails() {
        let errors = expanded("{{#include a.rs}} {{#lesson").unwrap_err();
        assert!(errors[0].starts_with("{{#include a.rs}}: no directive `include`"));
        assert_eq!(errors[1], "`{{#lesson` is not closed by `}}`");
    }
}
