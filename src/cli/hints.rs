//! `hints.md`: the task, three hints, and why it works.

use super::errors::Section;
use super::repo::{Exercise, Repo};
use super::screen::{Look, Screen, wrap};
use anyhow::{Context, Result};
use async_workbook::Hints;

/// Reads the hints of an exercise.
///
/// # Errors
///
/// When the file cannot be read, or has not the sections it should have.
pub fn load(exercise: &Exercise) -> Result<Hints> {
    let path = exercise.folder.join("hints.md");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Hints::parse(&text).with_context(|| format!("{}", path.display()))
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
        } else if line.starts_with('|') {
            // A table stays as it is, but for the line below its head.
            flush(&mut paragraph, &mut text);
            if !line.starts_with("|-") {
                text.push_str(&format!("{indent}{line}\n"));
            }
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
        assert_eq!(shown("a\n| b | c |\n|---|---|"), "  a\n  | b | c |\n");
    }
}
