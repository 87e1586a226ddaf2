//! Wrong: the dropped future is thought to run.

const ORDER: &str = "afdeghibcj";
