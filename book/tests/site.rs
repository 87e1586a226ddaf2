//! Builds and lints the real book, as `cargo book test` does. Also tests its picture.

use async_workbook::LESSONS;
use book::{lint, picture, render};

#[test]
fn the_book_has_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    let book = render::book_dir();
    let pages = render::build(&book, Some(&folder.path().join("html"))).unwrap();
    let report = lint::book(&book, &pages, LESSONS).unwrap();
    assert!(report.faults.is_empty(), "\n{}", report.faults.join("\n"));
}

#[test]
fn the_picture_is_current() {
    let book = render::book_dir();
    let kept = std::fs::read_to_string(book.join(picture::FILE)).unwrap();
    let drawn = picture::draw(&book.join("..")).unwrap();
    assert!(kept == drawn, "{} is stale: run `cargo book picture`", picture::FILE);
}

#[test]
fn only_a_built_book_is_overwritten() {
    let (dir, book) = (tempfile::tempdir().unwrap(), render::book_dir());
    let build = |folder: &str| render::build(&book, Some(&dir.path().join(folder)));
    let thesis = dir.path().join("thesis.txt");
    std::fs::write(&thesis, "").unwrap();
    let error = build("").unwrap_err().to_string();
    assert!(error.contains("not a built book") && thesis.exists(), "{error}");
    build("new").unwrap();
    std::fs::write(dir.path().join("new/left.txt"), "").unwrap();
    build("new").unwrap();
    assert!(!dir.path().join("new/left.txt").exists());
}
