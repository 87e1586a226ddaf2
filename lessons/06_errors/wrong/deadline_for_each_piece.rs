//! Wrong: gives each piece of the body a deadline of its own.

use tokio::time::timeout;

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
    let slow = |elapsed| FetchError::TooSlow(Box::new(elapsed));
    let sent = timeout(DEADLINE, client.get(url).send());
    let mut response = sent.await.map_err(slow)??.error_for_status()?;
    let mut body = Vec::new();
    while let Some(piece) =
        timeout(DEADLINE, response.chunk()).await.map_err(slow)??
    {
        body.extend_from_slice(&piece);
    }
    serde_json::from_slice(&body)
        .map_err(|error| FetchError::NotJson(Box::new(error)))
}
