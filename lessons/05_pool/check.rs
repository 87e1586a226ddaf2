//! The check of exercise 05.
//!
//! It runs `account` on pools with random rows, and observes from the server how
//! their connections are used.

use std::pin::pin;

use anyhow::{Error, Result};
use futures::future::try_join_all;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::error::Elapsed;
use tokio_postgres::types::WasNull;

use super::{Account, account};
use async_workbook::check::{
    self, Explain, ObservedPool, Rng, Session, TestDatabase,
};

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    // One server for all checks.
    let server = match TestDatabase::start() {
        Ok(database) => Server { database, rng: Rng::new(exercise.seed()) },
        Err(error) => {
            let words = format!("this exercise needs PostgreSQL: {error:#}");
            let title = "a PostgreSQL server is available";
            exercise.check(title, async || check::that(false, words.as_str()));
            return exercise.verdict();
        }
    };
    exercise.check_in_real_time(
        "an account has the user's name, city and orders",
        || right(&server),
    );
    exercise.check_in_real_time("a user without orders has an account too", || {
        without_orders(&server)
    });
    exercise.check_in_real_time(
        "an unknown id is `None`, and a failed query is an error",
        || unknown(&server),
    );
    exercise.check_in_real_time("both tables are queried at the same time", || {
        together(&server)
    });
    exercise.check_in_real_time(
        "no connection is held while waiting for another",
        || one_at_a_time(&server),
    );
    exercise.check_in_real_time(
        "every connection is returned, with no transaction open",
        || returned(&server),
    );
    server.database.clean_up();
    exercise.verdict()
}

/// The server, and the source of all rows.
struct Server {
    database: TestDatabase,
    rng: Rng,
}

impl Server {
    async fn pool(&self, size: usize, rows: &Rows) -> Result<ObservedPool> {
        ObservedPool::new(size, &self.database, &rows.sql()).await
    }

    /// Creates a pool on which every query on `table` fails.
    async fn without(&self, table: &str, rows: &Rows) -> Result<ObservedPool> {
        let pool = self.pool(2, rows).await?;
        let sql = format!("DROP TABLE {table} CASCADE; CREATE TABLE {table} ();");
        pool.execute(&sql).await?;
        Ok(pool)
    }

    /// Creates a pool on which reading the cents of the first user's orders fails at
    /// the last of them.
    async fn with_bad_row(&self, rows: &Rows) -> Result<ObservedPool> {
        let pool = self.pool(2, rows).await?;
        let last = rows.users[0].cents.last().copied().unwrap_or_default();
        let sql = format!(
            "ALTER TABLE orders RENAME TO all_orders; CREATE VIEW orders AS SELECT id, \
             user_id, item, cents / (cents - {last}) AS cents FROM all_orders;"
        );
        pool.execute(&sql).await?;
        Ok(pool)
    }
}

const TABLES: [&str; 2] = ["users", "orders"];

/// A row of `users`, and the cents of the user's rows of `orders`.
struct User {
    id: i32,
    name: String,
    city: String,
    cents: Vec<i32>,
}

impl User {
    fn count(&self) -> i64 {
        self.cents.len() as i64
    }

    fn sum(&self) -> i64 {
        self.cents.iter().copied().map(i64::from).sum()
    }

    /// The expected account, as [`in_one_line`] formats it.
    fn account(&self) -> String {
        let (name, city) = (self.name.clone(), self.city.clone());
        let (orders, cents) = (self.count(), self.sum());
        in_one_line(&Some(Account { name, city, orders, cents }))
    }
}

/// The rows of both tables.
struct Rows {
    /// The first has a few orders, the next two have none, the others have special
    /// orders.
    users: Vec<User>,
    /// The ids of no user.
    unknown: Vec<i32>,
    /// The ids of the orders.
    orders: Vec<i32>,
}

impl Rows {
    fn random(rng: &Rng) -> Self {
        let mut ids = rng.distinct(9, 1..=1_000_000);
        let mut unknown = ids.split_off(6);
        unknown[0] = 0;
        unknown[1] *= -1;
        Self::of(rng, ids, unknown)
    }

    /// Returns other random values for the same ids.
    fn with_other_values(&self, rng: &Rng) -> Self {
        let ids = self.users.iter().map(|user| user.id).collect();
        Self::of(rng, ids, self.unknown.clone())
    }

    fn of(rng: &Rng, ids: Vec<i32>, unknown: Vec<i32>) -> Self {
        let cents = |count| (0..count).map(|_| rng.between(1..=20_000)).collect();
        let orders: [Vec<i32>; 6] = [
            cents(2 + rng.number(4)),
            cents(0),
            cents(0),
            // More rows than a `LIMIT` that a query may have.
            cents(120 + rng.number(60)),
            // Their sum is not an i32.
            vec![2_000_000_000, rng.between(200_000_000..=2_000_000_000)],
            // Equal orders are two orders.
            vec![rng.between(1..=20_000); 2],
        ];
        let user =
            |(id, cents)| User { id, name: rng.word(), city: rng.word(), cents };
        let mut users: Vec<_> = ids.into_iter().zip(orders).map(user).collect();
        // Two users may have the same name.
        users[5].name = users[0].name.clone();
        let count = users.iter().map(|user| user.cents.len()).sum();
        Self { users, unknown, orders: rng.distinct(count, 1..=1_000_000) }
    }

    fn with_orders(&self) -> impl Iterator<Item = &User> + Clone {
        self.users.iter().filter(|user| !user.cents.is_empty())
    }

    /// Returns the SQL that creates the tables.
    fn sql(&self) -> String {
        let users = self.users.iter().map(|user| {
            let User { id, name, city, .. } = user;
            format!("({id}, '{name}', '{city}')")
        });
        let users = users.collect::<Vec<_>>().join(", ");
        let of_user = |user: &User| vec![user.id; user.cents.len()];
        let owners = self.users.iter().flat_map(of_user);
        let cents = self.users.iter().flat_map(|user| &user.cents);
        let orders = self.orders.iter().zip(owners).zip(cents);
        let order =
            |((id, user), cents)| format!("({id}, {user}, 'item {cents}', {cents})");
        // The ids are random, so this mixes the orders of all users.
        let mut orders: Vec<_> = orders.map(order).collect();
        orders.sort();
        let orders = orders.join(", ");
        format!(
            "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, \
             city text NOT NULL); CREATE TABLE orders (id int PRIMARY KEY, \
             user_id int NOT NULL REFERENCES users, item text NOT NULL, \
             cents int NOT NULL); \
             INSERT INTO users VALUES {users}; INSERT INTO orders VALUES {orders};"
        )
    }
}

/// Formats an account in one line, for comparing and printing.
fn in_one_line(account: &Option<Account>) -> String {
    match account {
        Some(Account { name, city, orders, cents }) => {
            format!("`{name} in {city}, orders: {orders}, cents: {cents}`")
        }
        None => "`None`".to_owned(),
    }
}

/// Calls the learner's `account`.
async fn read(pool: &ObservedPool, id: i32) -> Result<Result<Option<Account>>> {
    let account = pool.awaits(check::caught(account(&pool.pool, id)));
    let (account, run) = check::run("account", account).await.split();
    let account = account?;
    // The other calls of an answer that blocks would take too long.
    run.never_blocked()?;
    let text = account.as_ref().map_or_else(ToString::to_string, |_| String::new());
    account
        .when(
            text.contains("retrieving column"),
            "`get` panics if the value does not fit the type: NULL, the sum of no rows, \
             or another integer type (`count` and `sum` are `i64`). `try_get` returns an \
             error instead that says which.",
        )
        .when(
            text.contains("Rust type `i64` and the Postgres type `int4`"),
            "An `int` column is an `i32`: `row.try_get::<_, i32>(..)`, then `i64::from`.",
        )
        .when(
            text.contains("`None` value") || text.contains("out of bounds"),
            "If there may be no row, check before you take it: `let Some(row) = ... \
             else`.",
        )
}

/// Compares an account with the rows of its user. `before` are the rows that the
/// tables had before, if any.
fn compare(
    got: &Option<Account>,
    user: &User,
    rows: &Rows,
    before: Option<&User>,
) -> Result<()> {
    let (line, expected) = (in_one_line(got), user.account());
    let words = format!("account {}: expected {expected}, got {line}.", user.id);
    let cached = before.is_some_and(|user| line == user.account());
    let all = |of: fn(&User) -> i64| rows.users.iter().map(of).sum::<i64>();
    let (orders, cents) = got.as_ref().map_or((0, 0), |got| (got.orders, got.cents));
    let (wrong_orders, wrong_cents) = (orders != user.count(), cents != user.sum());
    check::that(line == expected, words)
        .when(
            cached,
            "These values are those of an earlier call, with other rows in the tables.",
        )
        .when(
            wrong_cents && cents == all(User::sum),
            "These are the cents of all users.",
        )
        .when(
            wrong_orders && orders == all(User::count),
            "These are the orders of all users.",
        )
        .when(
            wrong_cents && cents == i64::from(user.sum() as i32),
            "The sum does not fit into an `i32`.",
        )
}

async fn right(server: &Server) -> Result<()> {
    let rows = Rows::random(&server.rng);
    let pool = server.pool(2, &rows).await?;
    for user in rows.with_orders() {
        compare(&read(&pool, user.id).await??, user, &rows, None)?;
    }
    let others = rows.with_other_values(&server.rng);
    let pool = server.pool(2, &others).await?;
    for (user, before) in others.with_orders().zip(rows.with_orders()) {
        compare(&read(&pool, user.id).await??, user, &others, Some(before))?;
    }
    Ok(())
}

/// The most likely cause of a database error.
fn cause(error: &Error) -> Option<&'static str> {
    if error.chain().any(|cause| cause.is::<WasNull>()) {
        Some(
            "In SQL the sum of no rows is NULL, not 0. Use `coalesce(sum(cents), \
             0)`, or read the column as an `Option<i64>`.",
        )
    } else if error.to_string().contains("number of rows") {
        Some(
            "`query_one` fails unless there is exactly one row; `query_opt` returns \
             `None` if there is no row.",
        )
    } else {
        None
    }
}

/// Describes the result of a call, and the most likely cause if it is an error.
fn describe(got: &Result<Option<Account>>) -> (String, Option<&'static str>) {
    match got {
        Err(error) => (format!("an error: {error:#}"), cause(error)),
        Ok(account) => (in_one_line(account), None),
    }
}

async fn without_orders(server: &Server) -> Result<()> {
    let rows = Rows::random(&server.rng);
    let pool = server.pool(2, &rows).await?;
    for user in rows.users.iter().filter(|user| user.cents.is_empty()) {
        let got = read(&pool, user.id).await?;
        if let Ok(account @ Some(_)) = &got {
            compare(account, user, &rows, None)?;
            continue;
        }
        let both =
            |one: &Session| TABLES.iter().all(|name| one.query.contains(name));
        let joined = pool.sessions().await?.iter().any(both);
        let (line, why) = describe(&got);
        let (id, expected) = (user.id, user.account());
        let words =
            format!("user {id} has no orders: expected {expected}, got {line}.");
        check::that(false, words)
            .because(why)
            .when(got.is_ok(), "A user without orders still exists.")
            .when(
                got.is_ok() && joined,
                "An inner join of both tables has no row for such a user.",
            )?;
    }
    Ok(())
}

async fn unknown(server: &Server) -> Result<()> {
    let rows = Rows::random(&server.rng);
    let pool = server.pool(2, &rows).await?;
    for &id in &rows.unknown {
        let (got, why) = describe(&read(&pool, id).await?);
        let words = format!("no user has the id {id}: expected `None`, got {got}.");
        check::that(got == "`None`", words).because(why)?;
    }
    // The account is known, and must not be returned when a query fails.
    let before = in_one_line(&read(&pool, rows.users[0].id).await??);
    for (what, pool, users) in [
        ("users` failed", server.without("users", &rows).await?, 2),
        ("orders` failed", server.without("orders", &rows).await?, 2),
        ("orders` failed at its last row", server.with_bad_row(&rows).await?, 1),
    ] {
        for user in &rows.users[..users] {
            let Ok(got) = read(&pool, user.id).await? else { continue };
            let line = in_one_line(&got);
            let cached = got.is_some() && line == before;
            let words =
                format!("the query on `{what}: expected an error, got {line}.");
            check::that(false, words)
                .when(cached, "These values are those of an earlier call.")
                .when(
                    !cached,
                    "A failed query is not the same as no rows. Return errors with `?`; \
                     no rows are the `None` of `query_opt`, or an empty list.",
                )?;
        }
    }
    // An error without an SQLSTATE. The account, or a panic of `get`, is fine, too.
    let pool = server.pool(2, &rows).await?;
    pool.execute("ALTER TABLE users ALTER id TYPE bigint").await?;
    let known = read(&pool, rows.users[0].id).await;
    let words = "`users.id` is a `bigint`, to which an `i32` does not convert: expected an \
                 error, or the account, got `None`.";
    check::that(!matches!(known, Ok(Ok(None))), words).because([
        "An error that is not the database's does not mean that there is no row.",
    ])?;
    for nth in [1, 2] {
        let sql = rows.sql();
        let pool = ObservedPool::refusing(nth, &server.database, &sql).await?;
        // Another check judges a deadlock, or a panic.
        let got = pool.awaits(account(&pool.pool, rows.users[0].id)).await;
        if let (true, Ok(Ok(got))) = (pool.has_refused(), got) {
            let words = format!(
                "`pool.get()` returned an error: expected an error, got {}.",
                in_one_line(&got)
            );
            check::that(false, words)?;
        }
    }
    Ok(())
}

async fn together(server: &Server) -> Result<()> {
    let rows = Rows::random(&server.rng);
    let pool = server.pool(5, &rows).await?;
    let user = &rows.users[0];
    let mut work = pin!(read(&pool, user.id));
    for table in TABLES {
        pool.close(table).await?;
    }
    let waiting = |sessions: Vec<Session>| {
        let waits = |one: Session| Some((one.waits_at.clone()?, one));
        sessions.into_iter().filter_map(waits).collect::<Vec<_>>()
    };
    let sessions = tokio::select! {
        biased;
        done = &mut work => {
            let got = in_one_line(&done??);
            let words = format!(
                "it returned {got} before any query on `users` or `orders` was done."
            );
            return check::that(false, words);
        }
        sessions = pool.settled_or(2) => sessions?,
    };
    let first = waiting(sessions);
    let at = |table| first.iter().find(|(name, _)| name == table);
    let (of_users, of_orders) = (at("users"), at("orders"));
    let both = of_users.is_some() && of_orders.is_some();
    let Some((table, first)) = of_users.or(of_orders) else {
        return check::that(false, "no query on `users` or `orders` was sent.");
    };
    // Lets the first query end, and waits for the second.
    pool.open(table).await?;
    let second = tokio::select! {
        biased;
        done = &mut work => match done?? {
            early if both => return compare(&early, user, &rows, None),
            _ => Vec::new(),
        },
        sessions = pool.settled() => waiting(sessions?),
    };
    let same = |(_, second): &&(_, Session)| second.pid == first.pid;
    let second = second.iter().find(same).or(second.first());
    let joined = second.is_some_and(|one| same(&one) && one.1.start == first.start);
    if both && !joined {
        pool.open("orders").await?;
        compare(&work.await??, user, &rows, None)?;
        let pool = server.pool(1, &rows).await?;
        // Another check judges a deadlock.
        let done = read(&pool, user.id).await.is_ok();
        let words = "on a pool of one connection, it was taken from the pool only once, \
                     for both queries.\n\
                     Each query needs its own `pool.get()`.";
        return check::that(!done || pool.taken() >= 2, words);
    }
    check::that(
        false,
        match second {
            Some(_) if joined => {
                "one query reads both tables, so one connection does all of the work.\n\
                 Each table needs its own query, and each query its own connection."
                    .to_owned()
            }
            Some((_, second)) if second.pid == first.pid && pool.taken() == 1 => {
                "one connection was taken from the pool, once, and ran both queries. \
                 PostgreSQL runs the queries of one connection one after another, even \
                 if you await them together.\n\
                 Each query needs its own `pool.get()`."
                    .to_owned()
            }
            Some((second, _)) => {
                let held = match pool.in_use() {
                    2.. => ", and the connection of the first was still in use",
                    _ => "",
                };
                format!(
                    "the query on `{second}` started when the one on `{table}` was \
                     done{held}.\n\
                     A future runs only while it is polled. Pass two futures, each with \
                     its own `pool.get()`, to one `tokio::try_join!`."
                )
            }
            None => format!("the only query was one on `{table}`."),
        },
    )
}

async fn one_at_a_time(server: &Server) -> Result<()> {
    let rows = Rows::random(&server.rng);
    // In the last case the check holds one of the two connections.
    for (size, times, held) in [(1, 1, 0), (2, 9, 0), (2, 1, 1)] {
        let pool = server.pool(size, &rows).await?;
        let client = if held > 0 { Some(pool.pool.get().await?) } else { None };
        let elsewhere =
            client.as_ref().map_or("", |_| ", one of them held elsewhere");
        let users: Vec<_> = rows.with_orders().cycle().take(times).collect();
        let accounts = users.iter().map(|user| account(&pool.pool, user.id));
        let mut accounts = pin!(pool.awaits(try_join_all(accounts)));
        // The gates keep the connections busy: the queries wait.
        let gates = if held > 0 { &[][..] } else { &TABLES };
        let behind = pool.behind_gates(gates, &mut accounts, async || ()).await?;
        let accounts = match behind {
            (Some(done), ()) => done,
            (None, ()) => accounts.await,
        };
        let which =
            format!("{times} at the same time on a pool of {size}{elsewhere}");
        let accounts = accounts.because([format!("Accounts: {which}.")])?;
        if let Err(error) = &accounts {
            let timed_out = error.chain().any(|cause| cause.is::<Elapsed>())
                || format!("{error:#}").contains("imeout");
            let words = format!(
                "reading accounts, {which}, with slow queries: got the error \
                 \"{error:#}\"."
            );
            check::that(false, words).when(
                timed_out,
                "A timeout expired. While all connections are in use, `pool.get()` \
                 has to wait until one is returned.",
            )?;
        }
        for (got, user) in accounts?.iter().zip(users) {
            compare(got, user, &rows, None)?;
        }
    }
    Ok(())
}

async fn returned(server: &Server) -> Result<()> {
    let rows = Rows::random(&server.rng);
    let pool = server.pool(2, &rows).await?;
    let [found, empty, unknown] =
        [rows.users[0].id, rows.users[1].id, rows.unknown[2]];
    clean_after(&pool, found, "a user with orders", None).await?;
    clean_after(&pool, empty, "a user without orders", None).await?;
    let orders = Some("orders");
    clean_after(&pool, unknown, "a user who does not exist", orders).await?;
    for (table, other) in [("users", orders), ("orders", Some("users"))] {
        let pool = server.without(table, &rows).await?;
        let which = format!("the query on `{table}` failed");
        clean_after(&pool, found, &which, other).await?;
    }
    Ok(())
}

/// Checks what is left after a call to `account`, however that ends. The query on
/// `slow` takes a while. Other checks judge the result, and whether it panics.
async fn clean_after(
    pool: &ObservedPool,
    id: i32,
    which: &str,
    slow: Option<&str>,
) -> Result<()> {
    let size = pool.pool.status().max_size;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let why_task = "A spawned task is still running. The runtime owns it, so it keeps \
                    running when its handle is dropped.";
    let mut work = pin!(pool.awaits(check::caught(account(&pool.pool, id))));
    if let Some(slow) = slow {
        let left = async || {
            turns().await;
            (pool.in_use(), tasks() > before)
        };
        let (early, (in_use, more)) =
            pool.behind_gates(&[slow], &mut work, left).await?;
        match early {
            Some(done) => {
                let _ = done?;
                let words = format!(
                    "`account` returned while the query on `{slow}` was still running \
                     ({which}), and {} still in use.",
                    connections(in_use)
                );
                check::that(in_use == 0, words).when(more, why_task)?;
            }
            None => drop(work.await?),
        }
    } else {
        let _ = work.await?;
    }
    check::that(
        !pool.taken_elsewhere(),
        "a connection was taken from the pool in another runtime. One that is opened \
         there ends with that runtime, and the pool has a dead connection.",
    )?;
    let words =
        format!("after `account` returned ({which}), the pool has another size.");
    check::that(pool.pool.status().max_size == size, words)?;
    let why = format!(
        "Some are still in use after `account` returned ({which}): something keeps a \
         `client`."
    );
    for client in pool.all().await.because([why])? {
        // Anything still running, such as a rollback, finishes before this.
        client.batch_execute("").await?;
    }
    let replaced = pool.replaced();
    let words = format!(
        "after `account` returned ({which}), {} replaced: it has left the pool, or is \
         broken.\n`Object::take` removes a connection from its pool for good.",
        connections(replaced)
    );
    check::that(replaced == 0, words)?;
    turns().await;
    let words = format!("after `account` returned ({which}):\n{why_task}");
    check::that(tasks() <= before, words)?;

    let open =
        pool.sessions().await?.iter().filter(|one| one.in_transaction).count();
    let words = format!(
        "after `account` returned ({which}), {} returned with an open transaction: the \
         next user of the connection ends up inside it.\n\
         A single query needs no `BEGIN`, and `client.transaction()` rolls back \
         however you leave, even if the future is dropped.",
        connections(open)
    );
    check::that(open == 0, words)
}

/// Formats a number of connections, as a subject.
fn connections(number: usize) -> String {
    match number {
        1 => "a connection was".to_owned(),
        _ => format!("{number} connections were"),
    }
}

/// Lets all tasks run until they wait.
async fn turns() {
    for _ in 0..20 {
        yield_now().await;
    }
}
