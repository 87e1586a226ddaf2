//! The book: chapters, lessons and snapshots become pages, which are served and
//! checked.

pub mod check;
mod compare;
mod compiler;
mod cover;
mod directive;
mod group;
mod guess;
mod html;
mod listing;
mod map;
pub mod new;
mod paper;
pub mod pdf;
pub mod picture;
mod plan;
mod python;
mod reading;
pub mod render;
mod schedule;
pub mod serve;
mod sources;
mod workbook;

pub use workbook::Workbook;
