//! Wrong: assumes that futures run in the order of their creation.

const ORDER: &str = "afbcdegj";
