//! Wrong: assumes that a body starts when the function is called.

const ORDER: &str = "abdfceghj";
