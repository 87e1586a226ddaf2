//! Wrong: keeps only the text of the inner error.

#[derive(Debug)]
enum FetchError {
    NotFound,
    Status(StatusCode),
    NotJson(Box<dyn Error + Send + Sync>),
    TooSlow(Box<dyn Error + Send + Sync>),
    Refused(Box<dyn Error + Send + Sync>),
    Other(Box<dyn Error + Send + Sync>),
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound | Self::Status(_) => None,
            Self::NotJson(error)
            | Self::TooSlow(error)
            | Self::Refused(error)
            | Self::Other(error) => Some(error.as_ref()),
        }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::NotFound,
            Some(status) => Self::Status(status),
            None if error.is_timeout() => Self::TooSlow(error.to_string().into()),
            None if error.is_connect() => Self::Refused(error.to_string().into()),
            None if error.is_decode() => Self::NotJson(error.to_string().into()),
            None => Self::Other(error.to_string().into()),
        }
    }
}
