//! Wrong: assumes that an async fn runs like an ordinary one.

const ORDER: &str = "abcdefghij";
