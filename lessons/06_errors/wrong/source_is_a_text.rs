//! Wrong: keeps only the text of the inner error.

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        let text = error.to_string().into();
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::NotFound,
            Some(status) => Self::Status(status),
            None if error.is_timeout() => Self::TooSlow(text),
            None if error.is_connect() => Self::Refused(text),
            None if error.is_decode() => Self::NotJson(text),
            None => Self::Other(text),
        }
    }
}
