//! From chapters to pages.

use crate::Workbook;
use crate::paper::Paper;
use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;
use std::path::{Path, PathBuf};

/// This book's own folder, the one with `book.toml`.
pub fn book_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Builds the book in the folder `book` into `dest`, or where its `book.toml` says,
/// and returns where the pages are.
///
/// A build begins by emptying its folder. So this fails, before it touches anything,
/// if `dest` holds something other than a book built before; and it fails if a
/// chapter does.
pub fn build(book: &Path, dest: Option<&Path>) -> Result<PathBuf> {
    write(MDBook::load(book)?, dest)
}

/// Builds as [`build`] does, with the scripts that only a server answers: pages run
/// what they show, and follow changes.
pub fn build_live(book: &Path, dest: &Path) -> Result<PathBuf> {
    let mut driver = MDBook::load(book)?;
    add(&mut driver, "css", "theme/run.css")?;
    add(&mut driver, "js", "theme/run.js")?;
    write(driver, Some(dest))
}

/// Builds the book as it is printed, with a title page, and with answers, solutions
/// and all that a screen folds away at the end. Fails as [`build`] does.
pub fn for_paper(book: &Path, dest: &Path) -> Result<PathBuf> {
    let mut driver = MDBook::load(book)?;
    add(&mut driver, "css", "theme/paper.css")?;
    // In this order: what is there to move comes from the first.
    driver.with_preprocessor(Workbook).with_preprocessor(Paper);
    write(driver, Some(dest))
}

/// Has pages load one more file of the theme, a `css` or a `js`.
fn add(driver: &mut MDBook, kind: &str, file: &str) -> Result<()> {
    let key = format!("output.html.additional-{kind}");
    let files: Option<Vec<PathBuf>> = driver.config.get(&key)?;
    let mut files = files.unwrap_or_default();
    files.push(file.into());
    driver.config.set(&key, files)
}

fn write(mut driver: MDBook, dest: Option<&Path>) -> Result<PathBuf> {
    // Takes the place of the command of that name in book.toml.
    driver.with_preprocessor(Workbook);
    if let Some(dest) = dest {
        driver.config.build.build_dir = std::path::absolute(dest)?;
    }
    let pages = driver.build_dir_for("html");
    refuse_to_empty(&pages)?;
    driver.build()?;
    Ok(pages)
}

fn refuse_to_empty(dir: &Path) -> Result<()> {
    if !dir.exists() || dir.join("toc.html").exists() {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(dir)
        .with_context(|| format!("cannot build into {}", dir.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} holds something other than a built book, and building would empty it; \
             name a new folder",
            dir.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(refuse_to_empty(dir.path()).is_ok());
        assert!(refuse_to_empty(&dir.path().join("new")).is_ok());
        std::fs::write(dir.path().join("thesis.txt"), "").unwrap();
        let error = refuse_to_empty(dir.path()).unwrap_err().to_string();
        assert!(error.contains("holds something other"), "{error}");
        std::fs::write(dir.path().join("toc.html"), "").unwrap();
        assert!(refuse_to_empty(dir.path()).is_ok());
    }
}
