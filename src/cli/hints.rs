//! `hints.md`: the task, three hints, and why it works.

use super::errors::Section;
use super::repo::{Exercise, Repo};
use super::screen::{Look, Screen, wrap};
use anyhow::{Context, Result, ensure};

/// How many hints each exercise has.
pub const HINTS: usize = 3;

/// What an exercise's `hints.md` has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub title: String,
    pub task: String,
    /// A heading and what is below it.
    pub hints: Vec<(String, String)>,
    pub why: String,
}

impl Text {
    /// Reads the hints of an exercise.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or has not the sections it should have.
    pub fn load(exercise: &Exercise) -> Result<Text> {
        let path = exercise.folder.join("hints.md");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Text::parse(&text).with_context(|| format!("{}", path.display()))
    }

    fn parse(text: &str) -> Result<Text> {
        let mut sections = vec![(String::new(), String::new())];
        let mut in_code = false;
        for line in text.lines() {
            in_code ^= line.trim_start().starts_with("```");
            let heading =
                line.strip_prefix("# ").or_else(|| line.strip_prefix("## "));
            if let Some(heading) = heading.filter(|_| !in_code) {
                sections.push((heading.trim().to_owned(), String::new()));
            } else if let Some((_, below)) = sections.last_mut() {
                below.push_str(line);
                below.push('\n');
            }
        }
        // Before the first heading there is nothing.
        sections.remove(0);
        ensure!(
            sections.len() == HINTS + 2,
            "it has {} headings where a title, {HINTS} hints and why it works should be",
            sections.len()
        );
        for (_, below) in &mut sections {
            *below = below.trim().to_owned();
        }
        let (_, why) = sections.pop().unwrap_or_default();
        let (title, task) = sections.remove(0);
        Ok(Text { title, task, hints: sections, why })
    }
}

/// Shows Markdown as plain text: paragraphs broken to the width, code as it is, links
/// with where they lead.
///
/// # Errors
///
/// When nobody reads any more.
pub fn show(
    repo: &Repo,
    screen: &Screen,
    indent: &str,
    markdown: &str,
) -> Result<()> {
    screen.text(&plain(repo, screen, indent, markdown))?;
    Ok(())
}

fn plain(repo: &Repo, screen: &Screen, indent: &str, markdown: &str) -> String {
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    let columns = screen.columns().min(88);
    let flush = |paragraph: &mut String, text: &mut String| {
        if !paragraph.is_empty() {
            let shown = linked(repo, paragraph).replace("**", "");
            let mut lines = wrap(&shown, indent, columns);
            if paragraph.starts_with("- ") {
                // What follows an item's first line stands below its text.
                let below = format!("{indent}  ");
                let rest = wrap(&shown[2..], &below, columns);
                lines = rest.replacen(&below, &format!("{indent}- "), 1);
            }
            text.push_str(&lines);
            paragraph.clear();
        }
    };
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            flush(&mut paragraph, &mut text);
            in_code = !in_code;
        } else if in_code {
            let code = format!("{indent}    {line}");
            text.push_str(&screen.paint(Look::Strong, code.trim_end()));
            text.push('\n');
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut text);
            text.push('\n');
        } else {
            if line.starts_with("- ") {
                flush(&mut paragraph, &mut text);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, &mut text);
    text
}

/// `see [the program](03_gather.md#the-program)` as `see the program
/// (book/chapters/03_gather.md#the-program)`.
fn linked(repo: &Repo, markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once('[') {
        text.push_str(before);
        let in_code = text.matches('`').count() % 2 == 1;
        let link = after.split_once("](").and_then(|(words, after)| {
            let (target, after) = after.split_once(')')?;
            (!in_code && !words.contains('[')).then_some((words, target, after))
        });
        let Some((words, target, after)) = link else {
            text.push('[');
            rest = after;
            continue;
        };
        let place = if target.contains("://") {
            target.to_owned()
        } else {
            place(repo, target)
        };
        text.push_str(&format!("{words} ({place})"));
        rest = after;
    }
    text + rest
}

/// Where a page of the book can be read: the built page, where there is one.
fn place(repo: &Repo, target: &str) -> String {
    let target = target.trim_start_matches("./");
    let (page, anchor) = target.split_once('#').unwrap_or((target, ""));
    let hash = if anchor.is_empty() { "" } else { "#" };
    let built = page.replace(".md", ".html");
    if repo.root.join("book/html").join(&built).is_file() {
        return format!("book/html/{built}{hash}{anchor}");
    }
    format!("book/chapters/{page}{hash}{anchor}")
}

/// Where a section of the book can be read.
pub fn section(repo: &Repo, section: Section) -> String {
    place(repo, &section.page())
}

#[cfg(test)]
mod tests {
    use super::super::screen::When;
    use super::*;
    use std::path::PathBuf;

    const SAMPLE: &str = "# Guide\n\nAsk\nboth.\n\n## A nudge\n\nCount `.await`s.\n\n\
        ## The concept\n\nSee [it](03_gather.md#the-program).\n\n## The shape\n\n\
        ```rust\n# [not a heading](x)\nlet a = 1;\n```\n\n## Why it works\n\nIt polls.\n";

    #[test]
    fn hints_have_their_sections() {
        let text = Text::parse(SAMPLE).unwrap();
        assert_eq!(
            (text.title.as_str(), text.task.as_str()),
            ("Guide", "Ask\nboth.")
        );
        let headings: Vec<_> =
            text.hints.iter().map(|(heading, _)| heading).collect();
        assert_eq!(headings, ["A nudge", "The concept", "The shape"]);
        assert_eq!(text.why, "It polls.");
        let error = Text::parse("# Guide\n\n## A nudge\n").unwrap_err().to_string();
        assert!(error.starts_with("it has 2 headings"), "{error}");
    }

    #[test]
    fn every_exercise_has_all_of_them() {
        let repo = Repo { root: PathBuf::from(env!("CARGO_MANIFEST_DIR")) };
        for exercise in repo.exercises() {
            let text = Text::load(&exercise).unwrap();
            assert!(!text.task.is_empty() && !text.why.is_empty(), "{text:?}");
            for (heading, below) in &text.hints {
                assert!(!below.is_empty(), "{}: {heading}", exercise.name());
            }
        }
    }

    #[test]
    fn markdown_is_shown_as_plain_text() {
        let repo = Repo { root: PathBuf::from("/nowhere") };
        let shown = |text: &str| plain(&repo, &Screen::new(When::Never), "  ", text);
        assert_eq!(shown("one\ntwo\n\nthree"), "  one two\n\n  three\n");
        assert_eq!(
            shown("See [it](03_gather.md#why), `a[1](2)` and [b](https://c.d)."),
            "  See it (book/chapters/03_gather.md#why), `a[1](2)` and b (https://c.d).\n"
        );
        assert_eq!(shown("```rust\n  a;\n```"), "        a;\n");
        assert_eq!(shown("- **one**\n- two"), "  - one\n  - two\n");
    }
}
