//! Renders an exercise's `hints.md` as plain text.

use anyhow::{Context as _, Result};
use async_workbook::Hints;
use async_workbook::text::wrap;

use super::context::Context;
use super::repo::{Exercise, Repo, read_text};
use super::screen::{Screen, Style};

/// Reads the hints of an exercise. Fails if the file lacks one of its sections.
pub fn load_hints(exercise: &Exercise) -> Result<Hints> {
    let path = exercise.folder.join("hints.md");
    let text = read_text(&path)?;
    Hints::parse(&text).with_context(|| format!("{}", path.display()))
}

/// Prints Markdown as plain text: wraps paragraphs, leaves code unchanged, and appends the
/// targets of links.
pub fn show(cx: &Context, indent: &str, markdown: &str) {
    cx.screen.text(&render(&cx.repo, &cx.screen, indent, markdown));
}

fn render(repo: &Repo, screen: &Screen, indent: &str, markdown: &str) -> String {
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    let flush = |paragraph: &mut String, text: &mut String| {
        if !paragraph.is_empty() {
            let plain = expand_links(repo, paragraph).replace("**", "");
            let (bullet, words) =
                plain.split_at(if plain.starts_with("- ") { 2 } else { 0 });
            let hanging = format!("{indent}{}", " ".repeat(bullet.len()));
            let lines = wrap(words, &hanging, screen.text_columns());
            text.push_str(&format!("{indent}{bullet}{}\n", &lines[hanging.len()..]));
            paragraph.clear();
        }
    };
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            flush(&mut paragraph, &mut text);
            in_code = !in_code;
        } else if in_code {
            let code = format!("{indent}    {line}");
            text.push_str(&screen.paint(Style::Strong, code.trim_end()));
            text.push('\n');
        } else if line.starts_with('|') {
            // Tables stay unchanged, except for the rule below the header row.
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

/// Rewrites `see [the program](03_gather.md#the-program)` to `see the program
/// (book/chapters/03_gather.md#the-program)`.
fn expand_links(repo: &Repo, markdown: &str) -> String {
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
        let chapter = (!target.contains("://")).then(|| chapter_path(repo, target));
        let target = chapter.as_deref().unwrap_or(target);
        text.push_str(&format!("{words} ({target})"));
        rest = after;
    }
    text + rest
}

/// Resolves a chapter, such as `03_gather.md#the-program`, to the path of its built page if
/// there is one, otherwise of its source.
pub fn chapter_path(repo: &Repo, target: &str) -> String {
    let target = target.trim_start_matches("./");
    let (page, anchor) = target.split_at(target.find('#').unwrap_or(target.len()));
    let built = page.replace(".md", ".html");
    if repo.root.join("book/html").join(&built).is_file() {
        return format!("book/html/{built}{anchor}");
    }
    format!("book/chapters/{page}{anchor}")
}

#[cfg(test)]
mod tests {
    use clap::ColorChoice;

    use super::*;

    #[test]
    fn markdown_is_rendered_as_plain_text() {
        let repo = Repo { root: "/nowhere".into() };
        let screen = Screen::new(ColorChoice::Never);
        let rendered = |text: &str| render(&repo, &screen, "  ", text);
        assert_eq!(rendered("one\ntwo\n\nthree"), "  one two\n\n  three\n");
        assert_eq!(
            rendered("See [it](03_gather.md#why), `a[1](2)` and [b](https://c.d)."),
            "  See it (book/chapters/03_gather.md#why), `a[1](2)` and b (https://c.d).\n"
        );
        assert_eq!(rendered("```rust\n  a;\n```"), "        a;\n");
        assert_eq!(rendered("- **one**\n- two"), "  - one\n  - two\n");
        assert_eq!(rendered("a\n| b | c |\n|---|---|"), "  a\n  | b | c |\n");
    }
}
