//! The text that the book's search finds.
//!
//! mdBook indexes all text of a page. The index would then contain answers that spoil an
//! exercise, and a term of the glossary would rank below the pages that use it often. So
//! the book is built a second time, with [`Searchable`], and its index replaces the first.

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
    for entry in fs::read_dir(pages)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("searchindex-") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Removes answers, and makes each term of the glossary a section.
struct Searchable;

impl Preprocessor for Searchable {
    fn name(&self) -> &str {
        "searchable"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        book.for_each_chapter_mut(|chapter| {
            if chapter.source_path.as_deref() == Some(Path::new("wrong_answers.md"))
            {
                chapter.content.clear();
            }
            let text = glossary::as_sections(&without_answers(&chapter.content));
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
