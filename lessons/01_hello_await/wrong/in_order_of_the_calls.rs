//! Wrong: the future made first is thought to run first.

const ORDER: &str = "afbcdegj";
