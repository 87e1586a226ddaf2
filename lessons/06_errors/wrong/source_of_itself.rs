//! Wrong: returns the error itself as its own source.

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}
