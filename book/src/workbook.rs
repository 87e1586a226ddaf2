//! The mdBook preprocessor.

use anyhow::{Context, Result, bail};
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use async_workbook::Lesson;

use crate::directives::{Reading, expand};
use crate::glossary::Glossary;
use crate::reading::{self, below_title};
use crate::sources::Sources;

/// Replaces the directives in all chapters, and adds the time to read each.
pub struct Workbook;

impl Preprocessor for Workbook {
    fn name(&self) -> &str {
        "workbook"
    }

    fn supports_renderer(&self, renderer: &str) -> Result<bool> {
        Ok(renderer == "html")
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let root = context.root.canonicalize()?;
        let root = root.parent().context("the book's folder has no parent")?;
        let sources = Sources::new(root);
        // A book without a glossary has no links to it.
        let glossary = sources.read("book/chapters/glossary.md").unwrap_or_default();
        let glossary = Glossary::parse(&glossary);
        let (mut reading, mut failed) = (Reading::new(), Vec::new());
        // The lessons' chapters first: the table of lessons shows the time to read
        // them.
        for lessons in [true, false] {
            book.for_each_mut(|item| {
                let BookItem::Chapter(chapter) = item else {
                    return;
                };
                let file = match &chapter.source_path {
                    Some(path) => path.display().to_string(),
                    None => chapter.name.clone(),
                };
                let lesson = file.strip_suffix(".md").and_then(Lesson::named);
                if lesson.is_some() != lessons {
                    return;
                }
                match expand(&chapter.content, &sources, &reading) {
                    Ok(content) => chapter.content = content,
                    Err(errors) => failed.extend(
                        errors.iter().map(|error| format!("{file}: {error:#}")),
                    ),
                }
                if let Some(lesson) = lesson {
                    let minutes = reading::minutes(&chapter.content);
                    reading.insert(lesson.name, minutes);
                    let words = reading::words(minutes, lesson);
                    let line = format!("Lesson {}: {words}", lesson.number());
                    chapter.content = below_title(&chapter.content, &line);
                }
                chapter.content = glossary.explain(&chapter.content);
            });
        }
        match &failed[..] {
            [] => Ok(book),
            [one] => bail!("{one}"),
            many => {
                bail!("{} directives failed:\n  {}", many.len(), many.join("\n  "))
            }
        }
    }
}
