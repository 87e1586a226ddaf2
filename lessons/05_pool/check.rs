//! The check of exercise 05.
//!
//! It runs `account` on tables of its own, with drawn values, in a schema for each
//! pool. Each table has a *gate*: while the check locks the table, queries on it
//! wait. So "both queries run at the same time" is seen on the server, as two
//! connections that wait for two tables, however fast the machine is.
//!
//! A private server is discarded after the check, with all of its schemas. On the
//! server in `DATABASE_URL`, the check drops the schemas, also those of an earlier
//! check that was killed.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use deadpool_postgres::{ClientWrapper, Hook, HookError, Manager, Object, Pool};
use futures::future::{FutureExt, try_join_all};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{error::Elapsed, sleep};
use tokio_postgres::{Client, Config, NoTls, types::WasNull};

use super::{Account, account};
use async_workbook::check::{self, Diagnosis, Draw};
use async_workbook::postgres::{self, Database};

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    // One server for all checks. Creating it for the first time may take longer than
    // the time limit of a check.
    let server = match start(exercise.seed()) {
        Ok(server) => server,
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
        || given_back(&server),
    );
    // What is left is dropped by the next check.
    let _ = server.drop_schemas(20);
    exercise.verdict()
}

/// The server, and the source of all rows.
struct Server {
    database: Database,
    draw: Draw,
}

fn on_runtime<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime?.block_on(work)
}

fn start(seed: u64) -> Result<Server> {
    let database = on_runtime(postgres::start())?;
    let server = Server { database, draw: Draw::new(seed) };
    server.drop_schemas(1)?;
    Ok(server)
}

/// The schema of each pool is called this and the process id of its observer.
const SCHEMA: &str = "async_workbook_check_";

impl Server {
    fn rows(&self) -> Rows {
        Rows::draw(&self.draw)
    }

    /// Drops the schemas whose observer is gone. Tries it again for a while if there
    /// are others: the server needs a moment to notice that a client is gone.
    fn drop_schemas(&self, attempts: usize) -> Result<()> {
        if std::env::var_os("DATABASE_URL").is_none_or(|url| url.is_empty()) {
            return Ok(());
        }
        on_runtime(async {
            let (client, connection) = self.database.config().connect(NoTls).await?;
            tokio::spawn(connection);
            let query = format!(
                "SELECT nspname, EXISTS (SELECT FROM pg_stat_activity \
                 WHERE pid::text = substr(nspname, {})) \
                 FROM pg_namespace WHERE nspname LIKE '{SCHEMA}%'",
                SCHEMA.len() + 1
            );
            let may = "SELECT has_database_privilege(current_database(), 'CREATE')";
            if !client.query_one(may, &[]).await?.try_get(0)? {
                anyhow::bail!(
                    "the check creates schemas for its rows and drops them again, but \
                     the user in DATABASE_URL may not create any. Grant it CREATE on \
                     the database, or use another one."
                );
            }
            for _ in 0..attempts {
                let schemas = client.query(&query, &[]).await?;
                for schema in &schemas {
                    let (name, in_use): (&str, bool) =
                        (schema.try_get(0)?, schema.try_get(1)?);
                    if !in_use {
                        // It may belong to another role.
                        let drop = format!("DROP SCHEMA {name} CASCADE");
                        let _ = client.batch_execute(&drop).await;
                    }
                }
                if schemas.is_empty() {
                    break;
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        })
    }
}

/// A table that the learner queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Users,
    Orders,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users => "users",
            Self::Orders => "orders",
        })
    }
}

/// A row of `users`, and the cents of the user's rows of `orders`.
#[derive(Clone)]
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

    fn account(&self) -> Account {
        Account {
            name: self.name.clone(),
            city: self.city.clone(),
            orders: self.count(),
            cents: self.sum(),
        }
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

/// The users without orders.
const WITHOUT_ORDERS: std::ops::RangeInclusive<usize> = 1..=2;

impl Rows {
    fn draw(draw: &Draw) -> Self {
        let mut ids = draw.distinct(9, 1..=1_000_000);
        let mut unknown = ids.split_off(6);
        unknown[0] = 0;
        unknown[1] *= -1;
        Self::of(draw, ids, unknown)
    }

    /// Draws other values for the same ids.
    fn redraw(&self, draw: &Draw) -> Self {
        let ids = self.users.iter().map(|user| user.id).collect();
        Self::of(draw, ids, self.unknown.clone())
    }

    fn of(draw: &Draw, ids: Vec<i32>, unknown: Vec<i32>) -> Self {
        let cents = |count| (0..count).map(|_| draw.between(1..=20_000)).collect();
        let orders: [Vec<i32>; 6] = [
            cents(2 + draw.number(4)),
            cents(0),
            cents(0),
            // More than a query might be limited to.
            cents(120 + draw.number(60)),
            // Their sum is not an i32.
            vec![2_000_000_000, draw.between(200_000_000..=2_000_000_000)],
            // Equal orders are two orders.
            vec![draw.between(1..=20_000); 2],
        ];
        let users = ids.into_iter().zip(orders).map(|(id, cents)| User {
            id,
            name: draw.word(),
            city: draw.word(),
            cents,
        });
        let mut users: Vec<_> = users.collect();
        // Two users may have the same name.
        users[5].name = users[0].name.clone();
        let count = users.iter().map(|user| user.cents.len()).sum();
        Self { users, unknown, orders: draw.distinct(count, 1..=1_000_000) }
    }

    /// Returns the SQL that creates a schema with the tables.
    fn setup(&self, schema: &str) -> String {
        let users = self.users.iter().map(|user| {
            let User { id, name, city, .. } = user;
            format!("({id}, '{name}', '{city}')")
        });
        let users = users.collect::<Vec<_>>().join(", ");
        let owners = self
            .users
            .iter()
            .flat_map(|user| user.cents.iter().map(|cents| (user.id, cents)));
        let orders = owners.zip(&self.orders).map(|((user, cents), id)| {
            format!("({id}, {user}, 'item {id}', {cents})")
        });
        // The ids are drawn, so this mixes the orders of all users.
        let mut orders: Vec<_> = orders.collect();
        orders.sort();
        let orders = orders.join(", ");
        format!(
            "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; \
             CREATE TABLE {schema}.users \
             (id int PRIMARY KEY, name text NOT NULL, city text NOT NULL); \
             CREATE TABLE {schema}.orders (id int PRIMARY KEY, \
             user_id int NOT NULL REFERENCES {schema}.users, \
             item text NOT NULL, cents int NOT NULL); \
             INSERT INTO {schema}.users VALUES {users}; \
             INSERT INTO {schema}.orders VALUES {orders};"
        )
    }
}

/// The statement that marks a connection as taken from the pool. It is empty.
const TAKEN: &str = "-- taken from the pool";

/// Formats an account in one line, for comparing and printing.
fn in_one_line(account: &Option<Account>) -> String {
    match account {
        Some(Account { name, city, orders, cents }) => {
            format!("`{name} in {city}, orders: {orders}, cents: {cents}`")
        }
        None => "`None`".to_owned(),
    }
}

/// Compares an account with the rows of its user. `before` are the rows that the
/// tables had before, if any.
fn compare(
    got: &Option<Account>,
    user: &User,
    rows: &Rows,
    before: Option<&User>,
) -> Result<()> {
    let expected = in_one_line(&Some(user.account()));
    let line = in_one_line(got);
    let words = format!("account {}: expected {expected}, got {line}.", user.id);
    let was_right =
        before.is_some_and(|user| line == in_one_line(&Some(user.account())));
    let all = |of: fn(&User) -> i64| rows.users.iter().map(of).sum::<i64>();
    let why = match got {
        _ if was_right => {
            "These values are those of an earlier call. Meanwhile other rows are in \
             the tables."
        }
        Some(got) if got.cents != user.sum() && got.cents == all(User::sum) => {
            "These are the cents of all users."
        }
        Some(got)
            if got.orders != user.count() && got.orders == all(User::count) =>
        {
            "These are the orders of all users."
        }
        Some(got)
            if got.cents != user.sum() && got.cents == user.sum() as i32 as i64 =>
        {
            "The sum does not fit into an `i32`."
        }
        _ => "",
    };
    let why = Some(why).filter(|why| !why.is_empty());
    check::explain(check::that(line == expected, words), why)
}

async fn right(server: &Server) -> Result<()> {
    let rows = server.rows();
    let pool = ObservedPool::new(5, server, &rows).await?;
    for user in rows.users.iter().filter(|user| !user.cents.is_empty()) {
        compare(&pool.account(user.id).await??, user, &rows, None)?;
    }
    // Other values for the same ids.
    let others = rows.redraw(&server.draw);
    let pool = ObservedPool::new(5, server, &others).await?;
    for (user, before) in others.users.iter().zip(&rows.users) {
        if !user.cents.is_empty() {
            compare(&pool.account(user.id).await??, user, &others, Some(before))?;
        }
    }
    Ok(())
}

/// The most likely cause of a database error.
fn cause(error: &anyhow::Error) -> Option<&'static str> {
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

async fn without_orders(server: &Server) -> Result<()> {
    let rows = server.rows();
    let pool = ObservedPool::new(5, server, &rows).await?;
    for user in &rows.users[WITHOUT_ORDERS] {
        match pool.account(user.id).await? {
            Ok(None) => {
                let words = format!(
                    "user {} has no orders: expected {}, got `None`.",
                    user.id,
                    in_one_line(&Some(user.account()))
                );
                let sessions = pool.sessions().await?;
                let joins = sessions.iter().any(|session| {
                    let query = &session.query;
                    query.contains("users") && query.contains("orders")
                });
                let why = match joins {
                    true => {
                        "A user without orders still exists, but an inner join of both \
                         tables has no row for such a user."
                    }
                    false => "A user without orders still exists.",
                };
                check::explain(check::that(false, words), Some(why))?;
            }
            Ok(account) => compare(&account, user, &rows, None)?,
            Err(error) => {
                let expected = in_one_line(&Some(user.account()));
                let words = format!(
                    "user {} has no orders: expected {expected}, got an error: \
                     {error:#}.",
                    user.id
                );
                check::explain(check::that(false, words), cause(&error))?;
            }
        }
    }
    Ok(())
}

async fn unknown(server: &Server) -> Result<()> {
    let rows = server.rows();
    let pool = ObservedPool::new(5, server, &rows).await?;
    for &id in &rows.unknown {
        let (got, why) = match pool.account(id).await? {
            Err(error) => (format!("an error: {error:#}"), cause(&error)),
            Ok(account) => (in_one_line(&account), None),
        };
        let words = format!("no user has the id {id}: expected `None`, got {got}.");
        check::explain(check::that(got == "`None`", words), why)?;
    }
    // The answer is known, and must not be given when a query fails.
    let before = pool.account(rows.users[0].id).await??;
    for table in [Table::Users, Table::Orders] {
        let pool = ObservedPool::new(2, server, &rows).await?;
        pool.remove_columns(table).await?;
        for user in [&rows.users[0], &rows.users[1]] {
            let Ok(got) = pool.account(user.id).await? else { continue };
            let why = match &got {
                None => {
                    "A failed query is not the same as no rows. Return errors with \
                     `?`; no rows are the `None` of `query_opt`, or an empty list."
                }
                got if in_one_line(got) == in_one_line(&before) => {
                    "This is the result of an earlier call."
                }
                _ => "A failed query is not the same as no rows.",
            };
            let words = format!(
                "the query on `{table}` failed: expected an error, got {}.\n{why}",
                in_one_line(&got)
            );
            check::that(false, words)?;
        }
    }
    for nth in [1, 2] {
        let pool = ObservedPool::refusing(nth, server, &rows).await?;
        let id = rows.users[0].id;
        // Another check judges a deadlock.
        let got = pool.awaits(check::caught(account(&pool.pool, id))).await;
        let Ok(got) = got else { continue };
        let refused = pool.refused.load(Ordering::Relaxed);
        if let (true, Ok(got)) = (refused, got?) {
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
    let rows = server.rows();
    let pool = ObservedPool::new(5, server, &rows).await?;
    let user = &rows.users[0];
    let mut work = pin!(pool.account(user.id));
    pool.close(Table::Users).await?;
    pool.close(Table::Orders).await?;
    let sessions = tokio::select! {
        biased;
        done = &mut work => {
            let got = in_one_line(&done??);
            let words = format!(
                "it returned {got} although no query on `users` or `orders` had an \
                 answer yet."
            );
            return check::that(false, words);
        }
        sessions = pool.settled(true) => sessions?,
    };
    let first = match Waiting::at_gates(&sessions).as_slice() {
        [] => {
            return check::that(false, "no query on `users` or `orders` was sent.");
        }
        [first] => first.clone(),
        _ => {
            pool.open(Table::Users).await?;
            pool.open(Table::Orders).await?;
            return compare(&work.await??, user, &rows, None);
        }
    };
    // Now see what comes after it.
    pool.open(first.table).await?;
    let taken = pool.checkouts.load(Ordering::Relaxed);
    let second = tokio::select! {
        biased;
        done = &mut work => {
            done??;
            None
        }
        sessions = pool.settled(false) => Waiting::at_gates(&sessions?).first().cloned(),
    };
    let (table, in_use) = (first.table, pool.in_use());
    let seen = match second {
        Some(second) if second.pid == first.pid && second.start == first.start => {
            "one query reads both tables, so one connection does all of the work.\n\
             Each table needs its own query, and each query its own connection."
                .to_owned()
        }
        Some(second) if second.pid == first.pid && taken == 1 && in_use == 1
            && pool.checkouts.load(Ordering::Relaxed) == 1 =>
        {
            "one connection was taken from the pool, once, and ran both queries. \
             PostgreSQL runs the queries of one connection one after another, even if \
             you await them together.\n\
             Each query needs its own `pool.get()`."
                .to_owned()
        }
        Some(second) => {
            let held = match in_use {
                2.. => ", and the connection of the first was still in use",
                _ => "",
            };
            format!(
                "the query on `{}` started when the one on `{table}` was done{held}.\n\
                 A future runs only while it is polled. Pass two futures, each with \
                 its own `pool.get()`, to one `tokio::try_join!`.",
                second.table
            )
        }
        None => format!("the only query was one on `{table}`."),
    };
    check::that(false, seen)
}

async fn one_at_a_time(server: &Server) -> Result<()> {
    let rows = server.rows();
    for (size, times) in [(1, 1), (2, 9)] {
        let pool = ObservedPool::new(size, server, &rows).await?;
        let users = rows.users.iter().filter(|user| !user.cents.is_empty());
        let users: Vec<_> = users.cycle().take(times).collect();
        let accounts = users.iter().map(|user| account(&pool.pool, user.id));
        let mut accounts = pin!(pool.awaits(try_join_all(accounts)));
        // While the queries wait, the connections are busy for a while.
        pool.close(Table::Users).await?;
        pool.close(Table::Orders).await?;
        let early = tokio::select! {
            biased;
            done = &mut accounts => Some(done),
            _ = pool.settled(false) => None,
        };
        pool.open(Table::Users).await?;
        pool.open(Table::Orders).await?;
        let accounts = match early {
            Some(done) => done,
            None => accounts.await,
        };
        let what = match times {
            1 => "an account".to_owned(),
            _ => format!("{times} accounts at once"),
        };
        let accounts = match accounts? {
            Ok(accounts) => accounts,
            Err(error) => {
                let words = format!(
                    "{what} on a pool of {size}, while its queries took a while: an \
                     error: {error:#}."
                );
                let gave_up = error.chain().any(|cause| cause.is::<Elapsed>())
                    || format!("{error:#}").contains("imeout");
                let why = gave_up.then_some(
                    "A time limit has passed. While all connections are in use, \
                     `pool.get()` has to wait until one is returned.",
                );
                return check::explain(check::that(false, words), why);
            }
        };
        for (got, user) in accounts.iter().zip(users) {
            compare(got, user, &rows, None)?;
        }
    }
    Ok(())
}

async fn given_back(server: &Server) -> Result<()> {
    let rows = server.rows();
    let pool = ObservedPool::new(2, server, &rows).await?;
    let found = "of a user with orders";
    clean_after(rows.users[0].id, found, &pool, Path::Found).await?;
    let empty = "of a user without orders";
    clean_after(rows.users[1].id, empty, &pool, Path::Found).await?;
    let unknown = "of a user who does not exist";
    clean_after(rows.unknown[2], unknown, &pool, Path::Unknown).await?;
    for table in [Table::Users, Table::Orders] {
        let pool = ObservedPool::new(2, server, &rows).await?;
        pool.remove_columns(table).await?;
        let which = format!("with a failing query on `{table}`");
        clean_after(rows.users[0].id, &which, &pool, Path::Failing).await?;
    }
    Ok(())
}

/// How a call of `account` ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Found,
    Unknown,
    Failing,
}

async fn clean_after(
    id: i32,
    which: &str,
    pool: &ObservedPool,
    path: Path,
) -> Result<()> {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let why_task = "A spawned task is still running. The runtime owns it, so it keeps \
                    running when its handle is dropped.";
    // Other checks judge its result, and whether it panics.
    let mut work = pin!(pool.awaits(check::caught(account(&pool.pool, id))));
    if path == Path::Unknown {
        pool.close(Table::Orders).await?;
        let early = tokio::select! {
            biased;
            done = &mut work => Some(done),
            _ = pool.settled(false) => None,
        };
        // An aborted task needs a turn of the runtime to go away.
        turns().await;
        let (in_use, more) = (pool.in_use(), tasks().saturating_sub(before));
        pool.open(Table::Orders).await?;
        match early {
            Some(done) => {
                let _ = done?;
                let words = format!(
                    "it returned the account {which} while the query on `orders` was \
                     running, and {} still in use.",
                    count(in_use)
                );
                let why = (more > 0).then_some(why_task);
                check::explain(check::that(in_use == 0, words), why)?;
            }
            None => {
                let _ = work.await?;
            }
        }
    } else {
        let _ = work.await?;
    }
    let why = format!(
        "Some are still in use after reading the account {which}: something keeps a \
         `client`."
    );
    for client in check::explain(pool.all().await, Some(&why))? {
        // Anything still running, such as a rollback, finishes before this.
        client.batch_execute("").await?;
    }
    let missing = pool.created.load(Ordering::Relaxed).saturating_sub(pool.warm);
    let words = format!(
        "after reading the account {which}, the pool had to replace {}: it has left the \
         pool, or is broken.\n`Object::take` removes a connection from its pool for \
         good.",
        match missing {
            1 => "a connection".to_owned(),
            _ => format!("{missing} connections"),
        }
    );
    check::that(missing == 0, words)?;
    turns().await;
    let words = format!("after reading the account {which}:\n{why_task}");
    check::that(tasks() <= before, words)?;

    let open =
        pool.sessions().await?.iter().filter(|one| one.in_transaction).count();
    let why = match path {
        Path::Found => {
            "Nothing failed, but the transaction was never ended. A single query needs \
             no `BEGIN`."
        }
        Path::Unknown | Path::Failing => {
            "A `BEGIN` stays open if `?` or `return` leaves early; \
             `client.transaction()` rolls back however you leave. A single query needs \
             neither."
        }
    };
    let words = format!(
        "after reading the account {which}, {} returned with an open transaction: the \
         next user of the connection ends up inside it.\n{why}",
        count(open)
    );
    check::that(open == 0, words)
}

/// Formats a number of connections, as a subject.
fn count(connections: usize) -> String {
    match connections {
        1 => "a connection was".to_owned(),
        _ => format!("{connections} connections were"),
    }
}

/// Lets all tasks run that can.
async fn turns() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// A connection of the pool, according to the server.
#[derive(Clone)]
struct Session {
    pid: i32,
    idle: bool,
    in_transaction: bool,
    /// Its state has not changed for a while.
    quiet: bool,
    /// Its last query, and when it started.
    query: String,
    start: String,
    /// The gate that its query waits at.
    gate: Option<Table>,
}

/// A query that waits at a gate.
#[derive(Clone)]
struct Waiting {
    table: Table,
    pid: i32,
    start: String,
}

impl Waiting {
    fn at_gates(sessions: &[Session]) -> Vec<Self> {
        let waiting = sessions.iter().filter_map(|session| {
            let Session { pid, start, .. } = session.clone();
            Some(Self { table: session.gate?, pid, start })
        });
        waiting.collect()
    }
}

/// A pool that records how its connections are used.
struct ObservedPool {
    pool: Pool,
    /// The number of connections that were opened.
    created: Arc<AtomicUsize>,
    /// The number of connections that were open before the learner's code ran.
    warm: usize,
    /// The number of times that a connection was taken from the pool since then.
    checkouts: Arc<AtomicUsize>,
    /// A `get` was refused.
    refused: Arc<AtomicBool>,
    /// A separate connection, for reading the state of the pool's connections.
    observer: Client,
    /// Their `application_name` on the server.
    name: String,
    schema: String,
    config: Config,
    /// The connection that has locked each table.
    gates: Mutex<[Option<Client>; 2]>,
}

impl ObservedPool {
    /// Opens a pool and all of its connections.
    async fn new(size: usize, server: &Server, rows: &Rows) -> Result<Self> {
        let mut this = Self::cold(size, server, rows, 0).await?;
        drop(this.all().await?);
        this.warm = size;
        this.checkouts.store(0, Ordering::Relaxed);
        Ok(this)
    }

    /// Creates a pool of one on which the `nth` `get` fails.
    async fn refusing(nth: usize, server: &Server, rows: &Rows) -> Result<Self> {
        Self::cold(1, server, rows, nth).await
    }

    async fn cold(
        size: usize,
        server: &Server,
        rows: &Rows,
        refuse: usize,
    ) -> Result<Self> {
        let mut config = server.database.config();
        let (observer, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        // The process id makes the names unique on that server.
        let pid = observer.query_one("SELECT pg_backend_pid()", &[]).await?;
        let pid: i32 = pid.try_get(0)?;
        let schema = format!("{SCHEMA}{pid}");
        let created = observer.batch_execute(&rows.setup(&schema)).await;
        created.context("creating a schema for the rows of this check")?;
        let options = config.get_options().unwrap_or_default();
        let options = options
            .replace("search_path=async_workbook", &format!("search_path={schema}"));
        let name = format!("exercise 05, observed by {pid}");
        config.options(options).application_name(&name);

        let created = Arc::new(AtomicUsize::new(0));
        let checkouts = Arc::new(AtomicUsize::new(0));
        let refused = Arc::new(AtomicBool::new(false));
        let take = {
            let (checkouts, refused) =
                (Arc::clone(&checkouts), Arc::clone(&refused));
            move |client: &Client| {
                let nth = checkouts.fetch_add(1, Ordering::Relaxed) + 1;
                // The pool replaces a connection that it cannot use again, so the
                // new one is refused, too.
                if nth == refuse || (refuse > 1 && nth == refuse + 1) {
                    refused.store(true, Ordering::Relaxed);
                    return Err(HookError::message("refused by the check"));
                }
                // Marks the connection, without waiting: `get` must not take longer
                // here than elsewhere. The first poll sends the request.
                drop(client.batch_execute(TAKEN).now_or_never());
                Ok(())
            }
        };
        let (number, again) = (Arc::clone(&created), take.clone());
        let on_create = Hook::sync_fn(move |client: &mut ClientWrapper, _| {
            number.fetch_add(1, Ordering::Relaxed);
            take(client)
        });
        let on_recycle =
            Hook::sync_fn(move |client: &mut ClientWrapper, _| again(client));
        let pool = Pool::builder(Manager::new(config.clone(), NoTls)).max_size(size);
        let pool = pool.post_create(on_create).post_recycle(on_recycle).build()?;
        let gates = Mutex::default();
        Ok(Self {
            pool,
            created,
            warm: 0,
            refused,
            checkouts,
            observer,
            name,
            schema,
            config,
            gates,
        })
    }

    /// Makes every query on this table fail.
    async fn remove_columns(&self, table: Table) -> Result<()> {
        let Self { schema, .. } = self;
        let sql = format!(
            "DROP TABLE {schema}.{table} CASCADE; CREATE TABLE {schema}.{table} ();"
        );
        Ok(self.observer.batch_execute(&sql).await?)
    }

    /// Returns the number of connections that are taken from the pool.
    fn in_use(&self) -> usize {
        let status = self.pool.status();
        status.size - status.available
    }

    /// Calls the learner's `account` on this pool.
    async fn account(&self, id: i32) -> Result<Result<Option<Account>>> {
        let account = self.awaits(check::caught(account(&self.pool, id))).await?;
        let text =
            account.as_ref().map_or_else(ToString::to_string, |_| String::new());
        let why = if text.contains("retrieving column") {
            Some(
                "`get` panics if the value does not fit the type: NULL, the sum of \
                 no rows, or another integer type (`count` and `sum` are `i64`). \
                 `try_get` returns an error instead that says which.",
            )
        } else if text.contains("`None` value") || text.contains("out of bounds") {
            Some(
                "If there may be no row, check before you take it: `let Some(row) = \
                 ... else`.",
            )
        } else {
            None
        };
        check::explain(account, why)
    }

    /// Awaits `work` on this pool, and fails as soon as it is deadlocked: every
    /// connection is in use, another one is requested, and the server is idle.
    async fn awaits<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            stuck = self.stuck() => Err(stuck?.into()),
        }
    }

    /// Takes all connections of the pool at once.
    async fn all(&self) -> Result<Vec<Object>> {
        let all = (0..self.pool.status().max_size).map(|_| self.pool.get());
        tokio::select! {
            biased;
            all = try_join_all(all) => Ok(all?),
            stuck = self.stuck() => {
                stuck?;
                check::that(false, "not all connections came back to the pool.")?;
                Ok(Vec::new())
            }
        }
    }

    async fn stuck(&self) -> Result<Diagnosis> {
        let sessions = loop {
            let sessions = self.settled(false).await?;
            let status = self.pool.status();
            let idle = sessions.iter().all(|session| session.idle);
            if idle && status.waiting > 0 && sessions.len() == status.max_size {
                break sessions;
            }
        };
        let status = self.pool.status();
        let in_use = match status.max_size {
            1 => "the pool's only connection is in use with".to_owned(),
            all => format!("all {all} connections of the pool are in use with"),
        };
        let more = match status.waiting {
            1 => "1 more is".to_owned(),
            number => format!("{number} more are"),
        };
        let unused = |session: &&Session| session.query.ends_with(TAKEN);
        let unused = sessions.iter().filter(unused).count();
        let why = if unused == sessions.len() {
            "It has run no query yet: something waits for another connection before it \
             uses this one. Let each query get its connection in its own future."
                .to_owned()
        } else if unused == 0 {
            let query = sessions.first().map_or("", |session| &session.query);
            let query: Vec<_> = query.split_whitespace().collect();
            format!(
                "Its query is done (`{}`), but the `client` was not dropped. A future \
                 that returns it, or that goes on while it is in scope, keeps the \
                 connection.",
                query.join(" ")
            )
        } else {
            format!(
                "{unused} of them have run no query yet, and the others are done."
            )
        };
        let why = match status.max_size {
            1 => why,
            _ => why
                .replace("It has", "They have")
                .replace("Its query is", "For each, the query is"),
        };
        Ok(Diagnosis::new(format!(
            "deadlock: {in_use} no query running, and {more} requested.\n{why}"
        )))
    }

    /// Waits until nothing happens any more: each connection is idle, or its query
    /// waits at a gate; or, if requested, until both gates have a query.
    async fn settled(&self, or_both: bool) -> Result<Vec<Session>> {
        // Uses the server's clock and looks three times, so that a slow machine is
        // not mistaken for a deadlock: pending messages are processed between two
        // looks.
        let mut seen = 0;
        loop {
            sleep(Duration::from_millis(20)).await;
            let sessions = self.sessions().await?;
            let at = |table| sessions.iter().any(|one| one.gate == Some(table));
            if or_both && at(Table::Users) && at(Table::Orders) {
                return Ok(sessions);
            }
            let rests =
                |one: &Session| one.quiet && (one.idle || one.gate.is_some());
            seen = if sessions.iter().all(rests) { seen + 1 } else { 0 };
            if seen == 3 {
                return Ok(sessions);
            }
        }
    }

    /// Reads the state of the pool's connections from the server.
    async fn sessions(&self) -> Result<Vec<Session>> {
        let query = String::from(
            "SELECT a.pid, a.query, a.query_start::text, \
             a.state LIKE 'idle%', a.state LIKE 'idle in transaction%', \
             clock_timestamp() - a.state_change > interval '200 ms', \
             c.relname::text \
             FROM pg_stat_activity a \
             LEFT JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted \
             LEFT JOIN pg_class c ON c.oid = l.relation \
             WHERE a.application_name = $1 ORDER BY a.pid",
        );
        let rows = self.observer.query(&query, &[&self.name]).await?;
        let session = |row: &tokio_postgres::Row| {
            Ok(Session {
                pid: row.try_get(0)?,
                query: row.try_get(1)?,
                start: row.try_get::<_, Option<_>>(2)?.unwrap_or_default(),
                idle: row.try_get::<_, Option<_>>(3)?.unwrap_or_default(),
                in_transaction: row.try_get::<_, Option<_>>(4)?.unwrap_or_default(),
                quiet: row.try_get::<_, Option<_>>(5)?.unwrap_or_default(),
                gate: match row.try_get::<_, Option<&str>>(6)? {
                    Some("users") => Some(Table::Users),
                    Some("orders") => Some(Table::Orders),
                    _ => None,
                },
            })
        };
        rows.iter().map(session).collect()
    }

    /// Closes the gate of this table: queries on it wait.
    async fn close(&self, table: Table) -> Result<()> {
        let (gate, connection) = self.config.connect(NoTls).await?;
        tokio::spawn(connection);
        let sql = format!(
            "SET application_name = 'a gate of exercise 05'; BEGIN; \
             LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
        );
        gate.batch_execute(&sql).await?;
        self.gate(table, Some(gate));
        Ok(())
    }

    /// Opens the gate of this table.
    async fn open(&self, table: Table) -> Result<()> {
        let Some(gate) = self.gate(table, None) else { return Ok(()) };
        Ok(gate.batch_execute("ROLLBACK").await?)
    }

    fn gate(&self, table: Table, gate: Option<Client>) -> Option<Client> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut gates[table as usize], gate)
    }
}
