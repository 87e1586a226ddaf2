//! Lints the built pages: the rules that every page, and every lesson's chapter, has
//! to follow.
//!
//! A page is parsed once into the facts that the rules need (`page`). A rule takes
//! facts and returns its faults as text; none of them stops at the first fault, so
//! that one run reports everything. `cargo book test` and `tests/site.rs` run the
//! same rules.
//!
//! | module | rules |
//! |---|---|
//! | `links` | every link leads somewhere, and nothing is loaded from another host |
//! | `content` | one title, no skipped heading level, nothing unreplaced, lines fit |
//! | `chapters` | every chapter has a page, and every lesson's chapter all sections |
//! | `weight` | what a browser downloads for a page stays small |

mod chapters;
mod content;
mod links;
mod page;
mod weight;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};

use async_workbook::Lesson;
use page::Page;

/// The result of linting a book.
#[derive(Debug, Default)]
pub struct Report {
    /// All faults, page by page.
    pub faults: Vec<String>,
    /// The number of pages.
    pub pages: usize,
    /// The heaviest page and its bytes.
    heaviest: Option<(String, u64)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pages, {} faults", self.pages, self.faults.len())?;
        if let Some((name, weight)) = &self.heaviest {
            let kib = weight / weight::KIB;
            write!(
                f,
                "; the heaviest is {name}: {kib} KiB with everything it loads"
            )?;
        }
        Ok(())
    }
}

/// Lints the pages in `html`, which were built from the folder `book`.
///
/// # Errors
///
/// If files cannot be read. Faults of the book are in the report.
pub fn book(book: &Path, html: &Path, lessons: &[Lesson]) -> Result<Report> {
    let summary = std::fs::read_to_string(book.join("chapters/SUMMARY.md"))
        .context("could not read chapters/SUMMARY.md")?;
    let site = parse_all(html)?;
    let names: Vec<&str> = site.keys().map(String::as_str).collect();
    let files = file_names(&book.join("chapters"))?;
    let mut report = Report {
        faults: chapters::missing_pages(&summary, &files, &names),
        pages: site.len(),
        heaviest: None,
    };
    for (name, page) in &site {
        let mut faults = links::faults(name, &site, html);
        if let Some(lesson) =
            lessons.iter().find(|l| *name == format!("{}.html", l.name))
        {
            faults.extend(chapters::lesson(page, lesson));
        }
        // print.html repeats all chapters, so their faults would be reported twice,
        // and its weight does not matter: it is only printed.
        if name != "print.html" {
            faults.extend(content::faults(name, page));
            let weight = weight::of(page, html)?;
            faults.extend(weight::fault(weight));
            let heaviest = &mut report.heaviest;
            if heaviest.as_ref().is_none_or(|(_, most)| *most < weight) {
                *heaviest = Some((name.clone(), weight));
            }
        }
        report
            .faults
            .extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    report.faults.extend(links::style_faults(html)?);
    Ok(report)
}

fn file_names(dir: &Path) -> Result<Vec<String>> {
    std::fs::read_dir(dir)
        .with_context(|| format!("could not read {}", dir.display()))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// Parses all pages, by file name. The book has no pages in subfolders.
fn parse_all(html: &Path) -> Result<BTreeMap<String, Page>> {
    let names = file_names(html)?;
    let pages = names.into_iter().filter(|name| name.ends_with(".html"));
    pages
        .map(|name| {
            let text = std::fs::read_to_string(html.join(&name))
                .with_context(|| format!("could not read {name}"))?;
            Ok((name, Page::parse(text)))
        })
        .collect()
}
