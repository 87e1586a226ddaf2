//! Wrong: errors become text, which nobody can ask anything.

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "not found"),
            Self::Status(status) => write!(f, "the status is {status}"),
            Self::NotJson(error) => write!(f, "not the JSON of a weather: {error}"),
            Self::TooSlow(error) => write!(f, "no answer in time: {error}"),
            Self::Refused(error) => write!(f, "nobody listens there: {error}"),
            Self::Other(error) => write!(f, "not fetched: {error}"),
        }
    }
}

impl Error for FetchError {}
