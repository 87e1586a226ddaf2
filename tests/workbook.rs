//! The command `cargo workbook`.
