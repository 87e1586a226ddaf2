//! Wrong: assumes that `.await` starts a future and does not wait for it.

const ORDER: &str = "afdgebjc";
