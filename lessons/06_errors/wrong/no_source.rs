//! Wrong: reduces errors to text, so no one can inspect them.

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "not found"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::NotJson(error) => write!(f, "not valid weather JSON: {error}"),
            Self::TooSlow(error) => write!(f, "no answer in time: {error}"),
            Self::Refused(error) => write!(f, "connection refused: {error}"),
            Self::Other(error) => write!(f, "request failed: {error}"),
        }
    }
}

impl Error for FetchError {}
