//! The check of exercise 05.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Result;
use deadpool_postgres::{Hook, Manager, Object, Pool, WeakPool};
use futures::future::try_join_all;
use tokio::time::sleep;
use tokio_postgres::{Client, Config, NoTls, types::WasNull};

use super::{Account, account};
use async_workbook::check::{self, Diagnosis};
use async_workbook::postgres::{self, Database};

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    // One server for all checks. Creating it for the first time may take longer than
    // the time limit of a check.
    let server = match start() {
        Ok(server) => server,
        Err(error) => {
            let words = format!("this exercise needs PostgreSQL: {error:#}");
            let title = "a PostgreSQL server is available";
            exercise.check(title, async || check::that(false, words.as_str()));
            return exercise.verdict();
        }
    };
    let title = "an account has the user's name, city and orders";
    exercise.check_in_real_time(title, || right(&server));
    let title = "a user without orders has an account too";
    exercise.check_in_real_time(title, || without_orders(&server));
    let title = "an unknown id is `None`, and a failed query is an error";
    exercise.check_in_real_time(title, || unknown(&server));
    let title = "both tables are queried at the same time";
    exercise.check_in_real_time(title, || together(&server));
    let title = "no connection is held while waiting for another";
    exercise.check_in_real_time(title, || one_at_a_time(&server));
    let title = "every connection is returned, with no transaction open";
    exercise.check_in_real_time(title, || given_back(&server));
    exercise.verdict()
}

fn start() -> Result<Database> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime?.block_on(postgres::start())
}

/// Formats an account in one line, for comparing and printing.
fn in_one_line(account: Option<Account>) -> String {
    match account {
        Some(Account { name, city, orders, cents }) => {
            format!("`{name} in {city}, orders: {orders}, cents: {cents}`")
        }
        None => "`None`".to_owned(),
    }
}

const ADA: &str = "`Ada in Lisbon, orders: 3, cents: 15850`";
const LINUS: &str = "`Linus in Helsinki, orders: 1, cents: 7900`";
const GRACE: &str = "`Grace in Oslo, orders: 2, cents: 720`";

async fn right(server: &Database) -> Result<()> {
    let pool = ObservedPool::new(5, server.config()).await?;
    for (id, expected) in [(1, ADA), (2, LINUS), (3, GRACE)] {
        let got = in_one_line(pool.account(id).await??);
        let words = format!("account {id}: expected {expected}, got {got}.");
        check::that(got == expected, words)?;
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

async fn without_orders(server: &Database) -> Result<()> {
    let pool = ObservedPool::new(5, server.config()).await?;
    for (id, who) in [(4, "Ken in Lisbon"), (5, "Barbara in Oslo")] {
        let expected = format!("`{who}, orders: 0, cents: 0`");
        let (got, why) = match pool.account(id).await? {
            Err(error) => (format!("an error: {error:#}"), cause(&error)),
            Ok(None) => (
                in_one_line(None),
                Some(
                    "A user without orders still exists. (An inner join of both \
                     tables has no row for such a user.)",
                ),
            ),
            some => (in_one_line(some?), None),
        };
        let words =
            format!("user {id} has no orders: expected {expected}, got {got}.");
        check::explain(check::that(got == expected, words), why)?;
    }
    Ok(())
}

async fn unknown(server: &Database) -> Result<()> {
    let pool = ObservedPool::new(5, server.config()).await?;
    for id in [99, 0, -1] {
        let (got, why) = match pool.account(id).await? {
            Err(error) => (format!("an error: {error:#}"), cause(&error)),
            account => (in_one_line(account?), None),
        };
        let words = format!("no user has the id {id}: expected `None`, got {got}.");
        check::explain(check::that(got == "`None`", words), why)?;
    }
    for table in ["users", "orders"] {
        let pool = without_columns(table, server).await?;
        if let Ok(account) = pool.account(1).await? {
            let got = in_one_line(account);
            let words = format!(
                "the query on `{table}` failed: expected an error, got {got}.\n\
                 A failed query is not the same as no rows. Return errors with `?`; \
                 no rows are the `None` of `query_opt`, or an empty list."
            );
            check::that(got == ADA, words)?;
        }
    }
    Ok(())
}

/// A pool of two on which every query on this table fails.
async fn without_columns(table: &str, server: &Database) -> Result<ObservedPool> {
    let pool = ObservedPool::new(2, server.config()).await?;
    for client in pool.all().await? {
        // The temporary table shadows the real one on this connection. (A role that
        // may not create it keeps the real table, and gets a correct account.)
        let _ = client.batch_execute(&format!("CREATE TEMP TABLE {table} ()")).await;
    }
    Ok(pool)
}

/// Reads one account from a pool with more than enough connections.
async fn of_a_large_pool(server: &Database) -> Result<(String, ObservedPool)> {
    let pool = ObservedPool::new(5, server.config()).await?;
    let account = in_one_line(pool.account(1).await??);
    Ok((account, pool))
}

async fn together(server: &Database) -> Result<()> {
    let (_, pool) = of_a_large_pool(server).await?;
    let checkouts = pool.checkouts();
    let opened: Vec<_> =
        checkouts.iter().filter(|checkout| !checkout.reused).collect();
    if opened.iter().any(|opened| opened.others_waiting) {
        return Ok(());
    }
    let words = match (opened.len(), checkouts.len()) {
        (0, 0) => "no connection was taken from the pool.",
        (1, 1) => {
            "one connection was taken from the pool, once, and ran all queries. \
             PostgreSQL runs the queries of one connection one after another, even \
             if you await them together.\n\
             Each table needs its own query, and each query its own `pool.get()`."
        }
        (1, _) => {
            "one connection was used twice: the second query started when the first \
             was done.\n\
             The first is awaited before the second exists. Create two futures and \
             pass both to one `tokio::try_join!`."
        }
        _ => {
            "the second connection was requested only after the first was open and \
             held: one query waited for the other's connection.\n\
             Create two futures, each with its own `pool.get()`, and pass both to \
             one `tokio::try_join!`."
        }
    };
    check::that(false, words)
}

async fn one_at_a_time(server: &Database) -> Result<()> {
    let (expected, large) = of_a_large_pool(server).await?;
    let (checkouts, status) = (large.checkouts(), large.pool.status());
    let why = match (checkouts.len(), checkouts.first()) {
        _ if status.available < status.size => {
            "A connection is still in use after the account was returned: something \
             keeps a `client`."
        }
        (3.., _) => {
            "One account takes more than two connections, although there are only \
             two queries: something holds an extra one while it waits for those \
             two."
        }
        (2, Some(Checkout { others_waiting: true, .. })) => {
            "Both connections are requested at once, and whichever comes first is \
             held until the other arrives. Let each query get its connection in its \
             own future."
        }
        _ => {
            "Something holds a connection while it waits for another. Let each \
             query get its connection in its own future."
        }
    };
    for (size, times) in [(1, 1), (2, 9)] {
        let pool = ObservedPool::new(size, server.config()).await?;
        let accounts = try_join_all((0..times).map(|_| account(&pool.pool, 1)));
        let accounts = check::explain(pool.awaits(accounts).await, Some(why))??;
        for got in accounts.into_iter().map(in_one_line) {
            let words = format!(
                "{times} accounts at once on a pool of {size}: expected {expected}, \
                 as on a large pool, got {got}."
            );
            check::that(got == expected, words)?;
        }
    }
    Ok(())
}

async fn given_back(server: &Database) -> Result<()> {
    let pool = ObservedPool::new(2, server.config()).await?;
    clean_after(1, "of user 1", &pool).await?;
    clean_after(5, "of user 5, who has no orders", &pool).await?;
    clean_after(99, "of user 99, who does not exist", &pool).await?;
    for table in ["users", "orders"] {
        let pool = without_columns(table, server).await?;
        let which = format!("of user 1, with a failing query on `{table}`");
        clean_after(1, &which, &pool).await?;
    }
    Ok(())
}

async fn clean_after(id: i32, which: &str, pool: &ObservedPool) -> Result<()> {
    // Other checks judge its result, and whether it panics.
    let _ = pool.awaits(check::caught(account(&pool.pool, id))).await?;
    let why = format!(
        "They are still in use after reading the account {which}: something keeps a \
         `client`."
    );
    for client in check::explain(pool.all().await, Some(&why))? {
        // Anything still running, such as a rollback, finishes before this.
        client.batch_execute("").await?;
    }
    let open = pool.sessions("state LIKE 'idle in transaction%'").await?;
    let words = format!(
        "after reading the account {which}, {open} of the connections were \
         returned with an open transaction: the next user of the connection ends \
         up inside it.\n\
         A `BEGIN` stays open if `?` or `return` leaves early; \
         `client.transaction()` rolls back however you leave. A single query needs \
         neither."
    );
    check::that(open == 0, words)
}

/// One use of a pooled connection.
#[derive(Clone, Copy)]
struct Checkout {
    /// The connection was used before.
    reused: bool,
    /// Another request for a connection was waiting when this one was served.
    others_waiting: bool,
}

/// A pool that records how its connections are used.
struct ObservedPool {
    pool: Pool,
    checkouts: Arc<Mutex<Vec<Checkout>>>,
    /// A separate connection, for reading the state of the pool's connections.
    observer: Client,
    /// Their `application_name` on the server.
    name: String,
}

impl ObservedPool {
    async fn new(size: usize, mut config: Config) -> Result<Self> {
        let (observer, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        // The process id makes the name unique on that server.
        let pid = observer.query_one("SELECT pg_backend_pid()", &[]).await?;
        let name = format!("exercise 05, observed by {}", pid.try_get::<_, i32>(0)?);
        config.application_name(&name);

        let checkouts = Arc::new(Mutex::new(Vec::new()));
        let this = Arc::new(OnceLock::<WeakPool>::new());
        let hook = |reused| {
            let (checkouts, this) = (Arc::clone(&checkouts), Arc::clone(&this));
            Hook::sync_fn(move |_, _| {
                let status =
                    this.get().and_then(|pool| Some(pool.upgrade()?.status()));
                let others_waiting = status.is_some_and(|status| status.waiting > 0);
                locked(&checkouts).push(Checkout { reused, others_waiting });
                Ok(())
            })
        };
        let pool = Pool::builder(Manager::new(config, NoTls)).max_size(size);
        let pool = pool.post_create(hook(false)).post_recycle(hook(true)).build()?;
        this.get_or_init(|| pool.weak());
        Ok(Self { pool, checkouts, observer, name })
    }

    fn checkouts(&self) -> Vec<Checkout> {
        locked(&self.checkouts).clone()
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
        Ok(self.awaits(try_join_all(all)).await??)
    }

    async fn stuck(&self) -> Result<Diagnosis> {
        // Uses the server's clock and looks three times, so that a slow machine is
        // not mistaken for a deadlock: pending messages are processed between two
        // looks.
        const IDLE: &str = "state LIKE 'idle%' \
            AND clock_timestamp() - state_change > interval '200 ms'";
        let mut seen = 0;
        while seen < 3 {
            sleep(Duration::from_millis(20)).await;
            let idle = self.sessions(IDLE).await?;
            let status = self.pool.status();
            let stuck = status.waiting > 0 && idle == status.max_size;
            seen = if stuck { seen + 1 } else { 0 };
        }
        let status = self.pool.status();
        let in_use = match status.max_size {
            1 => "the pool's only connection is in use with".to_owned(),
            all => format!("all {all} connections of the pool are in use with"),
        };
        let more = match status.waiting {
            1 => "1 more is".to_owned(),
            number => format!("{number} more are"),
        };
        Ok(Diagnosis::new(format!(
            "deadlock: {in_use} no query running, and {more} requested."
        )))
    }

    /// Counts the pool's connections that match `condition`, according to the
    /// server.
    async fn sessions(&self, condition: &str) -> Result<usize> {
        let query = format!(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE application_name = $1 AND {condition}"
        );
        let number: i64 =
            self.observer.query_one(&query, &[&self.name]).await?.try_get(0)?;
        Ok(usize::try_from(number)?)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
