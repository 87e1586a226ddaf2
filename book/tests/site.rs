//! Builds and lints the real book, as `cargo book test` does.

use async_workbook::LESSONS;
use book::{lint, render};

#[test]
fn the_book_has_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    let book = render::book_dir();
    let pages = render::build(&book, Some(&folder.path().join("html"))).unwrap();
    let report = lint::book(&book, &pages, LESSONS).unwrap();
    assert!(report.faults.is_empty(), "\n{}", report.faults.join("\n"));
}
