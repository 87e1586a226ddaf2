//! Wrong: all calls to `fetch_all` share one limit.

use tokio::sync::Semaphore;

static LIMIT: Semaphore = Semaphore::const_new(4);

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let fetches = urls.into_iter().map(|url| async move {
        let _permit = LIMIT.acquire().await;
        service::fetch(&url).await
    });
    join_all(fetches).await
}
