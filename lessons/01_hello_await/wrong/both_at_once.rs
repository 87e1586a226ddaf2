//! Wrong: assumes that the first await starts all futures.

const ORDER: &str = "afbdcegj";
