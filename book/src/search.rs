//! The text that the book's search finds.
//!
//! mdBook indexes all text of a page. The index would then contain answers that spoil an
//! exercise, and a term of the glossary, or an error message, would rank below the pages
//! that use its words often. So the book is built a second time, with [`Searchable`], and
//! its index replaces the first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use mdbook_driver::MDBook;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::glossary;

/// Sections of a lesson's chapter whose folds hold answers, or a whole program.
const ANSWERS: [&str; 5] =
    ["Predict", "Try it", "Check yourself", "Exercise", "In Python"];

/// Lines of a section and an error message that it explains, of a library or a server.
/// Those of the compiler are found in its output.
const MESSAGES: &str = include_str!("../messages.txt");

/// Replaces the search index of the built `pages`.
pub fn replace_index(mut driver: MDBook, pages: &Path) -> Result<()> {
    let Some(index) = index_of(pages)? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    driver.with_preprocessor(Searchable);
    driver.config.build.build_dir = folder.path().to_owned();
    driver.config.book.src = folder.path().to_owned();
    driver.config.set("output.html.print.enable", false)?;
    driver.build()?;
    if let Some(new) = index_of(folder.path())? {
        fs::copy(new, index)?;
    }
    Ok(())
}

/// Finds the script that holds the index. Its name contains a hash.
fn index_of(pages: &Path) -> Result<Option<PathBuf>> {
    let files = fs::read_dir(pages)?.flatten().map(|file| file.file_name());
    let mut names = files.filter_map(|name| name.into_string().ok());
    let index = names.find(|name| name.starts_with("searchindex-"));
    Ok(index.map(|name| pages.join(name)))
}

/// Removes answers, and makes each term of the glossary and each error message a section.
struct Searchable;

impl Preprocessor for Searchable {
    fn name(&self) -> &str {
        "searchable"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut known = BTreeSet::new();
        book.for_each_chapter_mut(|chapter| {
            if chapter.source_path.as_deref() == Some(Path::new("wrong_answers.md"))
            {
                chapter.content.clear();
            }
            let page = chapter.source_path.as_deref().and_then(Path::file_stem);
            let page = page.map_or(String::new(), |page| page.display().to_string());
            let text = glossary::as_sections(&without_answers(&chapter.content));
            let text = with_messages(&page, &text, &mut known);
            // With its number: "10 Tasks" ranks below the term "Task", "Tasks" above it.
            let title =
                text.strip_prefix("# ").and_then(|text| text.split_once('\n'));
            chapter.content = match title {
                Some((title, rest)) => {
                    let id = glossary::id(title);
                    format!("# {} {{ #{id} }}\n{rest}", chapter.name)
                }
                None => text,
            };
        });
        Ok(book)
    }
}

/// Adds a section for each message, with the id of the section that explains it. Of an
/// error of the compiler, that is the first one that has it.
fn with_messages(page: &str, text: &str, known: &mut BTreeSet<String>) -> String {
    let headings = ["\n## ", "\n### "].into_iter();
    let headings = headings.flat_map(|mark| text.match_indices(mark));
    let mut ends: Vec<_> = headings.map(|(at, _)| at + 1).collect();
    ends.push(text.len());
    ends.sort_unstable();
    let mut out = text[..ends[0]].to_owned();
    for pair in ends.windows(2) {
        let section = &text[pair[0]..pair[1]];
        out += section;
        let heading = section.lines().next().unwrap_or_default();
        let heading = heading.split(" {").next().unwrap_or_default();
        let id = glossary::id(heading.trim_start_matches('#').trim());
        let place = format!("{page}#{id}");
        let words: Vec<_> = section.split_whitespace().collect();
        let plain = words.join(" ").replace('`', "");
        let explained = MESSAGES.lines().filter_map(|line| line.split_once(' '));
        let explained = explained.filter(|(section, message)| {
            *section == place && plain.contains(message)
        });
        let errors = section.split("<b class=\"error\">error").skip(1);
        let errors = errors.filter_map(|rest| rest.split_once("</span>"));
        let errors =
            errors.map(|(rest, _)| format!("error{}", rest.replace("</b>", "")));
        let errors = errors.filter(|error| !error.contains("aborting due to"));
        for message in explained.map(|(_, text)| text.to_string()).chain(errors) {
            if known.insert(message.clone()) {
                // A word of the index ends at a space: `E0728` is one here.
                let words = message.replace(['[', ']'], " ");
                out += &format!("\n\n## {message} {{ #{id} }}\n\n{words}\n\n");
            }
        }
    }
    out
}

fn without_answers(text: &str) -> String {
    let (mut out, mut answers, mut folds) = (String::new(), false, 0_usize);
    for line in text.split_inclusive('\n') {
        if let Some(title) = line.strip_prefix("## ") {
            answers = ANSWERS.iter().any(|section| title.starts_with(section));
        }
        folds += line.matches("<details").count();
        if !answers || folds == 0 {
            out += line;
        }
        folds = folds.saturating_sub(line.matches("</details>").count());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_with_answers_are_removed() {
        let fold =
            "<details open>\n\na\n\n<details>\nb\n</details>\n\nc\n\n</details>\n";
        let text = format!("## Why\n{fold}\n## Exercise: two\n\nd\n{fold}e\n");
        let expected = format!("## Why\n{fold}\n## Exercise: two\n\nd\ne\n");
        assert_eq!(without_answers(&text), expected);
    }
}
