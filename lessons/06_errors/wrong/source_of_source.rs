//! Wrong: returns from `source` the source of the right error.

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause()?.source()
    }
}
