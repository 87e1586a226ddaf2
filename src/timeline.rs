//! Who waited and who ran.
use serde::{Deserialize, Serialize};

/// What one run recorded: one section for each root span, in the order they began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The sections, in the order they began.
    pub sections: Vec<Section>,
}

/// A root span and all that ran inside it. Times are microseconds from the section's own start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The root span's name.
    pub title: String,
    /// How long the section took, in microseconds.
    pub micros: u64,
    /// The spans inside it, parents before children, in the order they began.
    pub rows: Vec<Row>,
}

/// One span's life. Times are microseconds from the section's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The span's name and fields, such as `fetch page=1`.
    pub label: String,
    /// 0 for a child of the section itself, 1 for a child of such a row, and so on.
    pub depth: usize,
    /// When the span began and when it was closed.
    pub life: (u64, u64),
    /// When it was polled, each from and to; between them it waited.
    pub polls: Vec<(u64, u64)>,
}
