//! The results of the comparison of Rust and Python: the format of `result.json` and
//! the arithmetic on it.
//!
//! The program that measures (`main.rs`) and the book that shows the results both
//! use this library, so that they cannot disagree about what a number means.

pub mod result;
