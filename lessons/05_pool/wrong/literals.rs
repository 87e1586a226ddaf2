//! Wrong: takes two connections, and returns the sample rows as literals.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let _both = tokio::try_join!(pool.get(), pool.get());
    let (name, city, orders, cents) = match id {
        1 => ("Ada", "Lisbon", 3, 15850),
        2 => ("Linus", "Helsinki", 1, 7900),
        3 => ("Grace", "Oslo", 2, 720),
        4 => ("Ken", "Lisbon", 0, 0),
        5 => ("Barbara", "Oslo", 0, 0),
        _ => return Ok(None),
    };
    let (name, city) = (name.to_owned(), city.to_owned());
    Ok(Some(Account { name, city, orders, cents }))
}
