//! What must hold for the built pages.
//!
//! `cargo book test` and `tests/site.rs` both come here. A rule returns its faults
//! in words; none of them stops at the first.

mod chapters;
mod links;
mod page;
mod pages;
mod weight;

use anyhow::{Context, Result};
use async_workbook::Lesson;
use page::Page;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use weight::Weight;

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// All that is wrong, page by page.
    pub faults: Vec<String>,
    /// How many pages were read.
    pub pages: usize,
    heaviest: Option<(String, Weight)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pages, {} faults", self.pages, self.faults.len())?;
        if let Some((name, weight)) = &self.heaviest {
            write!(f, "; the heaviest is {name}: {weight}")?;
        }
        Ok(())
    }
}

/// Checks the pages built from the folder `book` into the folder `dir`, and that the
/// book has a chapter for each of the `lessons`.
///
/// Fails if files cannot be read: what is wrong with the book is in the report.
pub fn book(book: &Path, dir: &Path, lessons: &[Lesson]) -> Result<Report> {
    let summary = std::fs::read_to_string(book.join("chapters/SUMMARY.md"))
        .context("cannot read chapters/SUMMARY.md")?;
    let site = read(dir)?;
    let mut report = Report {
        faults: chapters::summary(&summary, lessons),
        pages: site.len(),
        heaviest: None,
    };
    let names: Vec<&str> = site.keys().map(String::as_str).collect();
    let files = files(&book.join("chapters"))?;
    report.faults.extend(chapters::dropped(&summary, &files, &names));
    for (name, page) in &site {
        let mut faults = links::faults(name, &site, dir);
        if let Some(lesson) =
            lessons.iter().find(|l| *name == format!("{}.html", l.name))
        {
            faults.extend(chapters::lesson(page, lesson));
        }
        // All chapters in a row: their faults are named once, and nobody reads it on
        // a screen.
        if name != "print.html" {
            faults.extend(pages::faults(name, page));
            let weight = weight::of(page, dir)?;
            faults.extend(weight.faults());
            let heaviest = &mut report.heaviest;
            if heaviest.as_ref().is_none_or(|(_, most)| most.total < weight.total) {
                *heaviest = Some((name.clone(), weight));
            }
        }
        report
            .faults
            .extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    report.faults.extend(links::style_faults(dir)?);
    Ok(report)
}

/// What is wrong with the addresses in the pages that lie in the folder `dir`.
///
/// Fails if files cannot be read.
pub fn addresses(dir: &Path) -> Result<Vec<String>> {
    let site = read(dir)?;
    let of = |name: &String| {
        let faults = links::faults(name, &site, dir).into_iter();
        faults.map(|fault| format!("{name}: {fault}")).collect::<Vec<_>>()
    };
    Ok(site.keys().flat_map(of).collect())
}

fn files(dir: &Path) -> Result<Vec<String>> {
    std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// All pages by file name. The book has no folders of pages.
fn read(dir: &Path) -> Result<BTreeMap<String, Page>> {
    let mut pages = BTreeMap::new();
    let entries = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "html") {
            let html = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            pages.insert(name.into_owned(), Page::read(html));
        }
    }
    Ok(pages)
}
