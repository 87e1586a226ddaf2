//! Wrong: includes in `Display` what `source` reports too.

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause() {
            Some(cause) => write!(f, "no weather: {cause}"),
            None => write!(f, "no weather: {self:?}"),
        }
    }
}
