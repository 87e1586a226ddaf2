//! Wrong: async fns are thought to work like ordinary ones.

const ORDER: &str = "abcdefghij";
