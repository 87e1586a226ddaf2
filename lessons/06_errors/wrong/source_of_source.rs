//! Wrong: returns from `source` the source of the right error.

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound | Self::Status(_) => None,
            Self::NotJson(error)
            | Self::TooSlow(error)
            | Self::Refused(error)
            | Self::Other(error) => error.source(),
        }
    }
}
