//! Wrong: drops every error silently with `flatten`.

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let fetches = urls.iter().map(|url| fetch(client, url));
    let answers = join_all(fetches).await.into_iter().flatten().collect();
    Report { answers, ..Report::default() }
}
