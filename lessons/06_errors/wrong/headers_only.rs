//! Wrong: applies the deadline only until the headers arrive.

use tokio::time::timeout;

#[derive(Debug)]
enum FetchError {
    /// The status is 404.
    NotFound,
    /// The status is any other from 400 to 599.
    Status(StatusCode),
    /// The response arrived, but is not the JSON of a `Weather`.
    NotJson(reqwest::Error),
    /// The response did not arrive within `DEADLINE`, or the client's own connect
    /// timeout expired.
    TooSlow(Box<dyn Error + Send + Sync>),
    /// The connection was refused.
    Refused(reqwest::Error),
    /// Anything else: an invalid URL, or a connection closed without a response.
    Other(reqwest::Error),
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound | Self::Status(_) => None,
            Self::TooSlow(error) => Some(error.as_ref()),
            Self::NotJson(error) | Self::Refused(error) | Self::Other(error) => {
                Some(error)
            }
        }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::NotFound,
            Some(status) => Self::Status(status),
            // Must come first: a timeout can also happen while connecting, or while
            // reading and decoding the body.
            None if error.is_timeout() => Self::TooSlow(error.into()),
            None if error.is_connect() => Self::Refused(error),
            None if error.is_decode() => Self::NotJson(error),
            None => Self::Other(error),
        }
    }
}

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let sent = timeout(DEADLINE, client.get(url).send());
    let response = sent.await.map_err(|up| FetchError::TooSlow(up.into()))??;
    Ok(response.error_for_status()?.json().await?)
}
