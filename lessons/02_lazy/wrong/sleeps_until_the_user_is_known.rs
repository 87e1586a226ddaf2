//! Wrong: sleeps until the user should be known.

use std::sync::Mutex;
use std::time::Duration;

async fn home_page(site: &Site) -> Result<Page> {
    let name = Mutex::new(String::new());
    let user = async {
        let user = site.user().await;
        name.lock().expect("the lock is never poisoned").clone_from(&user);
        user
    };
    let known = async || {
        tokio::time::sleep(Duration::from_millis(110)).await;
        name.lock().expect("the lock is never poisoned").clone()
    };
    let orders = async { site.orders(&known().await).await };
    let messages = async { site.messages(&known().await).await };
    let (user, orders, messages, news, weather) =
        tokio::join!(user, orders, messages, site.news(), site.weather());
    Ok(Page { user, orders, messages, news, weather })
}
