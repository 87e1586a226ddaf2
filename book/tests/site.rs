//! The book as it stands: built, and checked by the rules `cargo book test` has.

use async_workbook::LESSONS;
use book::{check, render};

#[test]
fn the_book_keeps_its_rules() {
    let folder = tempfile::tempdir().unwrap();
    let book = render::book_dir();
    let pages = render::build(&book, Some(&folder.path().join("html"))).unwrap();
    let report = check::book(&book, &pages, LESSONS).unwrap();
    assert!(report.faults.is_empty(), "\n{}", report.faults.join("\n"));
}
