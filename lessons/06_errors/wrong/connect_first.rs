//! Wrong: checks `is_connect` before `is_timeout`.

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::NotFound,
            Some(status) => Self::Status(status),
            None if error.is_connect() => Self::Refused(error.into()),
            None if error.is_timeout() => Self::TooSlow(error.into()),
            None if error.is_decode() => Self::NotJson(error.into()),
            None => Self::Other(error.into()),
        }
    }
}
