//! Wrong: keeps the user in a static, so that every page is that of the first user.

use tokio::sync::OnceCell;

static USER: OnceCell<String> = OnceCell::const_new();

async fn home_page(site: &Site) -> Result<Page> {
    let user_data = async {
        let user = USER.get_or_init(|| site.user()).await.clone();
        let (orders, messages) =
            tokio::join!(site.orders(&user), site.messages(&user));
        (user, orders, messages)
    };
    let ((user, orders, messages), news, weather) =
        tokio::join!(user_data, site.news(), site.weather());
    Ok(Page { user, orders, messages, news, weather })
}
