//! The book's tool: turns chapters, lessons and test snapshots into pages, and
//! serves, lints and prints them.
//!
//! ```text
//! chapters/*.md ──┐
//! lessons/ ───────┤ workbook (mdBook preprocessor)        mdBook
//! snapshots ──────┼───> directives ──> Markdown ─────────────────> HTML ──┬──> lint
//! result.json ────┘                                                       ├──> serve
//!                                                                         └──> pdf
//! ```

mod compiler;
mod directives;
mod glossary;
pub mod lint;
pub mod pdf;
pub mod picture;
mod process;
mod python;
mod reading;
pub mod render;
mod search;
pub mod serve;
mod signals;
mod sources;
mod workbook;

pub use signals::shutdown_signal;
pub use workbook::Workbook;
