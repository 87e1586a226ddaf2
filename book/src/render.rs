//! Builds the pages with mdBook.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;
use tempfile::TempDir;

use crate::{Workbook, search};

/// The folder of this book, the one with `book.toml`.
pub fn book_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Creates a temporary folder in `target`: `cargo clean` removes what a killed process
/// leaves there, and a Chromium installed as a snap has a `/tmp` of its own.
///
/// # Errors
///
/// If `target` cannot be written to.
pub fn work_folder() -> Result<TempDir> {
    let target = book_dir().join("../target");
    std::fs::create_dir_all(&target)
        .and_then(|()| tempfile::Builder::new().prefix("book-").tempdir_in(&target))
        .with_context(|| format!("could not write to {}", target.display()))
}

/// Builds the book in the folder `book` and returns the folder of the pages: `dest`,
/// or the `build-dir` of `book.toml`.
///
/// # Errors
///
/// If a directive of any chapter fails. Also if the folder holds anything but a
/// built book: mdBook empties it first.
pub fn build(book: &Path, dest: Option<&Path>) -> Result<PathBuf> {
    write(MDBook::load(book)?, dest)
}

/// Builds the book for `cargo book serve`: like [`build`], with the scripts that run
/// lessons and reload the page.
pub fn build_live(book: &Path, dest: &Path) -> Result<PathBuf> {
    let mut driver = MDBook::load(book)?;
    for script in ["pictures", "verdict", "attempts", "progress", "run"] {
        add(&mut driver, "js", &format!("theme/{script}.js"))?;
    }
    add(&mut driver, "css", "theme/run.css")?;
    write(driver, Some(dest))
}

/// Adds a file of the theme, a `css` or a `js`, to all pages.
fn add(driver: &mut MDBook, kind: &str, file: &str) -> Result<()> {
    let key = format!("output.html.additional-{kind}");
    let files: Option<Vec<PathBuf>> = driver.config.get(&key)?;
    let mut files = files.unwrap_or_default();
    files.push(file.into());
    driver.config.set(&key, files)
}

fn write(mut driver: MDBook, dest: Option<&Path>) -> Result<PathBuf> {
    // Replaces the preprocessor of the same name in book.toml, which is this program
    // as a command for a plain `mdbook build`.
    driver.with_preprocessor(Workbook);
    if let Some(dest) = dest {
        refuse_to_empty(dest)?; // book/html may have the rest of a stopped build
        driver.config.build.build_dir = std::path::absolute(dest)?;
    }
    let pages = driver.build_dir_for("html");
    // mdBook copies every file next to the chapters: only editors leave any there.
    driver.config.book.src = pages.clone();
    driver.build()?;
    search::replace_index(driver, &pages)?;
    Ok(pages)
}

fn refuse_to_empty(dir: &Path) -> Result<()> {
    if !dir.exists() || dir.join("toc.html").exists() {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(dir)
        .with_context(|| format!("could not build into {}", dir.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty and not a built book, and building would delete its content; \
             name a new folder",
            dir.display()
        );
    }
    Ok(())
}
