//! Wrong: keeps both connections until both queries are done.

use deadpool_postgres::Object;
use tokio_postgres::Row;

async fn row(pool: &Pool, query: &str, id: i32) -> Result<(Object, Option<Row>)> {
    let client = pool.get().await?;
    let row = client.query_opt(query, &[&id]).await?;
    Ok((client, row))
}

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let user = "SELECT name, city FROM users WHERE id = $1";
    let orders =
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE user_id = $1";
    let ((_one, user), (_other, orders)) =
        tokio::try_join!(row(pool, user, id), row(pool, orders, id))?;
    let (Some(user), Some(orders)) = (user, orders) else { return Ok(None) };
    let (name, city) = (user.try_get(0)?, user.try_get(1)?);
    let (orders, cents) = (orders.try_get(0)?, orders.try_get(1)?);
    Ok(Some(Account { name, city, orders, cents }))
}
