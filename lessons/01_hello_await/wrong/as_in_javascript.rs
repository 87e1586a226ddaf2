//! Wrong: the bodies are thought to begin at the call.

const ORDER: &str = "abdfceghj";
