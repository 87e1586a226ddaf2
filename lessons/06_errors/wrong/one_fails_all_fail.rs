//! Wrong: uses `try_join_all`, which returns the first error and nothing else.

use futures::future::try_join_all;

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let fetches = urls.iter().map(async |url| {
        fetch(client, url).await.map_err(|error| (url.clone(), error))
    });
    match try_join_all(fetches).await {
        Ok(answers) => Report { answers, failures: Vec::new() },
        Err(failure) => Report { answers: Vec::new(), failures: vec![failure] },
    }
}
