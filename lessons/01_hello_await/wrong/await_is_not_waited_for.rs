//! Wrong: an await is thought to begin what then goes on alone.

const ORDER: &str = "afdgebjc";
