//! Wrong: decides by the text of the answer what NotFound is.

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
            None if error.is_timeout() => Self::TooSlow(error.into()),
            None if error.is_connect() => Self::Refused(error.into()),
            None if error.is_decode() => Self::NotJson(error.into()),
            None => Self::Other(error.into()),
        }
    }
}

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).timeout(DEADLINE).send().await?;
    let failed = response.error_for_status_ref().err();
    let text = response.text().await?;
    match failed {
        _ if text.starts_with("no such city") => Err(FetchError::NotFound),
        Some(error) => Err(error.into()),
        None => serde_json::from_str(&text)
            .map_err(|error| FetchError::NotJson(Box::new(error))),
    }
}
