//! Wrong: the first await is thought to begin all futures.

const ORDER: &str = "afbdcegj";
