//! What decides exercise 05.

use super::{Account, account};
use anyhow::Result;
use async_workbook::check::{self, Diagnosis};
use async_workbook::postgres::{self, Database};
use deadpool_postgres::{Hook, Manager, Object, Pool, WeakPool};
use futures::future::try_join_all;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::{Client, Config, NoTls, types::WasNull};

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    // One server for all checks. To make it for the first time may take longer than
    // a check may.
    let server = match start() {
        Ok(server) => server,
        Err(error) => {
            let words = format!("this exercise needs PostgreSQL: {error:#}");
            let there = "there is a PostgreSQL server to ask";
            exercise.check(there, async || check::that(false, words.as_str()));
            return exercise.verdict();
        }
    };
    let title = "an account tells who it is and what was ordered";
    exercise.check_in_real_time(title, || right(&server));
    let title = "a user without orders has an account, too";
    exercise.check_in_real_time(title, || without_orders(&server));
    let title = "an id that nobody has is `None`, and a failure is an error";
    exercise.check_in_real_time(title, || nobody(&server));
    let title = "both tables are asked at the same time";
    exercise.check_in_real_time(title, || together(&server));
    let title = "nobody holds a connection while waiting for another";
    exercise.check_in_real_time(title, || one_at_a_time(&server));
    let title = "every connection comes back, with no transaction open";
    exercise.check_in_real_time(title, || given_back(&server));
    exercise.verdict()
}

fn start() -> Result<Database> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime?.block_on(postgres::start())
}

/// An account in one line, to be compared and shown.
fn said(account: Option<Account>) -> String {
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
    let pool = Watched::new(5, server.config()).await?;
    for (id, expected) in [(1, ADA), (2, LINUS), (3, GRACE)] {
        let got = said(pool.account(id).await??);
        let words = format!("account {id}: expected {expected}, got {got}.");
        check::that(got == expected, words)?;
    }
    Ok(())
}

/// What an error of the database most likely comes from.
fn cause(error: &anyhow::Error) -> Option<&'static str> {
    if error.chain().any(|cause| cause.is::<WasNull>()) {
        Some(
            "In SQL the sum of no rows is NULL, not 0: `coalesce(sum(cents), 0)` is 0, \
             and an `Option<i64>` takes a NULL.",
        )
    } else if error.to_string().contains("number of rows") {
        Some(
            "`query_one` fails unless there is exactly one row; `query_opt` returns \
             `None` where there is none.",
        )
    } else {
        None
    }
}

async fn without_orders(server: &Database) -> Result<()> {
    let pool = Watched::new(5, server.config()).await?;
    for (id, who) in [(4, "Ken in Lisbon"), (5, "Barbara in Oslo")] {
        let expected = format!("`{who}, orders: 0, cents: 0`");
        let (got, why) = match pool.account(id).await? {
            Err(error) => (format!("an error: {error:#}"), cause(&error)),
            Ok(None) => (
                said(None),
                Some(
                    "No orders do not mean no user. (A join of both tables has no row \
                     for a user without orders.)",
                ),
            ),
            some => (said(some?), None),
        };
        let words =
            format!("user {id} has no orders: expected {expected}, got {got}.");
        check::explain(check::that(got == expected, words), why)?;
    }
    Ok(())
}

async fn nobody(server: &Database) -> Result<()> {
    let pool = Watched::new(5, server.config()).await?;
    for id in [99, 0, -1] {
        let (got, why) = match pool.account(id).await? {
            Err(error) => (format!("an error: {error:#}"), cause(&error)),
            account => (said(account?), None),
        };
        let words = format!("no user has the id {id}: expected `None`, got {got}.");
        check::explain(check::that(got == "`None`", words), why)?;
    }
    for table in ["users", "orders"] {
        let pool = without_columns(table, server).await?;
        if let Ok(account) = pool.account(1).await? {
            let got = said(account);
            let words = format!(
                "the query of `{table}` failed: expected an error, got {got}.\n\
                 A failure is not the same as no rows. Let `?` pass on what fails; no \
                 rows are the `None` of `query_opt`, or an empty list."
            );
            check::that(got == ADA, words)?;
        }
    }
    Ok(())
}

/// A pool of two, where no query of this table succeeds.
async fn without_columns(table: &str, server: &Database) -> Result<Watched> {
    let pool = Watched::new(2, server.config()).await?;
    for client in pool.all().await? {
        // It stands before the real one, for this connection. (Whoever may not make
        // one keeps the real one, and an account that is right.)
        let _ = client.batch_execute(&format!("CREATE TEMP TABLE {table} ()")).await;
    }
    Ok(pool)
}

/// One account, of a pool with more than enough connections.
async fn of_a_large_pool(server: &Database) -> Result<(String, Watched)> {
    let pool = Watched::new(5, server.config()).await?;
    let account = said(pool.account(1).await??);
    Ok((account, pool))
}

async fn together(server: &Database) -> Result<()> {
    let (_, pool) = of_a_large_pool(server).await?;
    let lent = pool.lent();
    let opened: Vec<_> = lent.iter().filter(|lent| !lent.again).collect();
    if opened.iter().any(|opened| opened.others_wait) {
        return Ok(());
    }
    let words = match (opened.len(), lent.len()) {
        (0, 0) => "no connection was taken from the pool.",
        (1, 1) => {
            "one connection was lent, once, and all queries went over it: PostgreSQL \
             runs those of one connection one after another, also where they are \
             awaited together.\n\
             Each table needs a query of its own, and each query a `pool.get()`."
        }
        (1, _) => {
            "one connection was lent, given back and lent again: the second query began \
             when the first was over.\n\
             The first is awaited before the second exists. Make two futures, and give \
             both to one `tokio::try_join!`."
        }
        _ => {
            "the second connection was asked for only when the first was there, and \
             kept: one question waited for the other's connection.\n\
             Make two futures, each with its own `pool.get()`, and give both to one \
             `tokio::try_join!`."
        }
    };
    check::that(false, words)
}

async fn one_at_a_time(server: &Database) -> Result<()> {
    let (expected, large) = of_a_large_pool(server).await?;
    let (lent, status) = (large.lent(), large.pool.status());
    let why = match (lent.len(), lent.first()) {
        _ if status.available < status.size => {
            "A connection is still lent when the account is there: something keeps a \
             `client`."
        }
        (3.., _) => {
            "One account takes more than two connections, and two do the asking: \
             something holds another one, and waits for those two."
        }
        (2, Some(Lent { others_wait: true, .. })) => {
            "Both connections are asked for at once, and the first that is there is \
             kept until the other is there, too. Let each query get its connection in \
             a future of its own."
        }
        _ => {
            "Something gets a connection, and waits for another before it gives that \
             one back. Let each query get its connection in a future of its own."
        }
    };
    for (size, times) in [(1, 1), (2, 9)] {
        let pool = Watched::new(size, server.config()).await?;
        let accounts = try_join_all((0..times).map(|_| account(&pool.pool, 1)));
        let accounts = check::explain(pool.awaits(accounts).await, Some(why))??;
        for got in accounts.into_iter().map(said) {
            let words = format!(
                "{times} at once on a pool of {size}: expected {expected}, as on a \
                 large pool, got {got}."
            );
            check::that(got == expected, words)?;
        }
    }
    Ok(())
}

async fn given_back(server: &Database) -> Result<()> {
    let pool = Watched::new(2, server.config()).await?;
    clean_after(1, "of user 1", &pool).await?;
    clean_after(5, "of user 5, who has no orders", &pool).await?;
    clean_after(99, "of user 99, who is nobody", &pool).await?;
    for table in ["users", "orders"] {
        let pool = without_columns(table, server).await?;
        let whose = format!("whose query of `{table}` failed");
        clean_after(1, &whose, &pool).await?;
    }
    Ok(())
}

async fn clean_after(id: i32, whose: &str, pool: &Watched) -> Result<()> {
    // What it returns, or whether it panics, is judged elsewhere.
    let _ = pool.awaits(check::caught(account(&pool.pool, id))).await?;
    let why = format!(
        "Those are lent still after an account {whose}: something keeps a `client`."
    );
    for client in check::explain(pool.all().await, Some(&why))? {
        // What is still under way, such as a rollback, is over before this.
        client.batch_execute("").await?;
    }
    let open = pool.sessions("state LIKE 'idle in transaction%'").await?;
    let words = format!(
        "after an account {whose}, {open} of the connections came back with a transaction \
         open: whoever gets it next is in that transaction.\n\
         A `BEGIN` stays where `?` or `return` leaves early; `client.transaction()` is \
         undone wherever it is left. A single query needs neither."
    );
    check::that(open == 0, words)
}

/// A connection that was lent.
#[derive(Clone, Copy)]
struct Lent {
    /// Not for the first time.
    again: bool,
    /// Whether another was asked for before this one was there.
    others_wait: bool,
}

/// A pool whose doings are seen.
struct Watched {
    pool: Pool,
    lent: Arc<Mutex<Vec<Lent>>>,
    /// A connection of its own, to ask the server how the pool's connections do.
    watch: Client,
    /// What the server calls them.
    name: String,
}

impl Watched {
    async fn new(size: usize, mut config: Config) -> Result<Self> {
        let (watch, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        // No other session of that server has this name.
        let pid = watch.query_one("SELECT pg_backend_pid()", &[]).await?;
        let name = format!("exercise 05, watched by {}", pid.try_get::<_, i32>(0)?);
        config.application_name(&name);

        let lent = Arc::new(Mutex::new(Vec::new()));
        let this = Arc::new(OnceLock::<WeakPool>::new());
        let hook = |again| {
            let (lent, this) = (Arc::clone(&lent), Arc::clone(&this));
            Hook::sync_fn(move |_, _| {
                let status =
                    this.get().and_then(|pool| Some(pool.upgrade()?.status()));
                let others_wait = status.is_some_and(|status| status.waiting > 0);
                locked(&lent).push(Lent { again, others_wait });
                Ok(())
            })
        };
        let pool = Pool::builder(Manager::new(config, NoTls)).max_size(size);
        let pool = pool.post_create(hook(false)).post_recycle(hook(true)).build()?;
        this.get_or_init(|| pool.weak());
        Ok(Self { pool, lent, watch, name })
    }

    fn lent(&self) -> Vec<Lent> {
        locked(&self.lent).clone()
    }

    /// The learner's account from this pool.
    async fn account(&self, id: i32) -> Result<Result<Option<Account>>> {
        let account = self.awaits(check::caught(account(&self.pool, id))).await?;
        let text =
            account.as_ref().map_or_else(ToString::to_string, |_| String::new());
        let why = if text.contains("retrieving column") {
            Some(
                "`get` panics where a value does not fit: NULL, which is the sum of no \
                 rows, or another type, such as that of a `count` or a `sum`, an `i64`. \
                 `try_get` returns an error that says which.",
            )
        } else if text.contains("`None` value") || text.contains("out of bounds") {
            Some(
                "Where there may be no row, look before you take it: \
                 `let Some(row) = ... else`.",
            )
        } else {
            None
        };
        check::explain(account, why)
    }

    /// Awaits `work` on this pool. It fails as soon as that can never be over: all
    /// connections are lent, one more is waited for, and the server has nothing to
    /// do.
    async fn awaits<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            stuck = self.stuck() => Err(stuck?.into()),
        }
    }

    /// All of its connections at once.
    async fn all(&self) -> Result<Vec<Object>> {
        let all = (0..self.pool.status().max_size).map(|_| self.pool.get());
        Ok(self.awaits(try_join_all(all)).await??)
    }

    async fn stuck(&self) -> Result<Diagnosis> {
        // By the server's clock, and seen more than once: a slow machine cannot make
        // it look so, since what arrives is dealt with between two looks.
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
        let lent = match status.max_size {
            1 => "the pool's only connection is lent and has".to_owned(),
            all => format!("all {all} connections of the pool are lent and have"),
        };
        let more = match status.waiting {
            1 => "1 more is".to_owned(),
            number => format!("{number} more are"),
        };
        Ok(Diagnosis::new(format!(
            "it waits for ever: {lent} no query to run, and {more} asked for."
        )))
    }

    /// How many of the pool's connections are as `condition` says, by the server.
    async fn sessions(&self, condition: &str) -> Result<usize> {
        let query = format!(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE application_name = $1 AND {condition}"
        );
        let number: i64 =
            self.watch.query_one(&query, &[&self.name]).await?.try_get(0)?;
        Ok(usize::try_from(number)?)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
