//! Wrong: assumes that a dropped future runs.

const ORDER: &str = "afdeghibcj";
