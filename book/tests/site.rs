//! Builds and lints the real book, as `cargo book test` does. Also tests its picture.

use std::fs;
use std::path::PathBuf;

use async_workbook::LESSONS;
use book::{lint, picture, render};
use tempfile::TempDir;

/// Builds the book and returns the folder of its pages, below the temporary one.
fn build() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("html");
    let pages = render::build(&render::book_dir(), Some(&html)).unwrap();
    (folder, pages)
}

#[test]
fn the_book_has_no_faults() {
    let (_folder, pages) = build();
    let report = lint::book(&render::book_dir(), &pages, LESSONS).unwrap();
    assert!(report.faults.is_empty(), "\n{}", report.faults.join("\n"));
}

#[test]
fn a_lesson_has_the_minutes_of_its_chapter_and_its_exercise() {
    let (_folder, pages) = build();
    for lesson in LESSONS {
        let path = pages.join(format!("{}.html", lesson.name));
        let page = fs::read_to_string(path).unwrap();
        let number = |before: &str, after: &str| -> u32 {
            let (text, _) = page.split_once(after).unwrap();
            text.rsplit_once(before).unwrap().1.parse().unwrap()
        };
        let reading = number(": ", " min to read");
        let exercise = number("data-minutes=\"", "\">Exercise <b>");
        let left = lesson.minutes.checked_sub(reading + exercise);
        assert!(
            left.is_some_and(|left| left <= 15), // without hints from others
            "{} has {} minutes in src/lessons.rs; its chapter takes {reading}, its \
             exercise {exercise}",
            lesson.name,
            lesson.minutes
        );
    }
}

#[test]
fn the_picture_is_current() {
    let book = render::book_dir();
    let kept = fs::read_to_string(book.join(picture::FILE)).unwrap();
    let drawn = picture::draw(&book.join("..")).unwrap();
    assert!(kept == drawn, "{} is stale: run `cargo book picture`", picture::FILE);
}

#[test]
fn only_a_built_book_is_overwritten() {
    let (dir, book) = (tempfile::tempdir().unwrap(), render::book_dir());
    let build = |folder: &str| render::build(&book, Some(&dir.path().join(folder)));
    let thesis = dir.path().join("thesis.txt");
    fs::write(&thesis, "").unwrap();
    let error = build("").unwrap_err().to_string();
    assert!(error.contains("not a built book") && thesis.exists(), "{error}");
    build("new").unwrap();
    fs::write(dir.path().join("new/left.txt"), "").unwrap();
    build("new").unwrap();
    assert!(!dir.path().join("new/left.txt").exists());
}
