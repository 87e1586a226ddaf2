//! PostgreSQL pools that a check observes from the server.
//!
//! Each pool has tables of its own, in a schema of its own, and each table has a
//! *gate*: while the check locks the table, queries on it wait. So "both queries run at
//! the same time" is seen on the server, as two connections that wait for two tables,
//! however fast the machine is:
//!
//! ```text
//! code under test   get, SELECT .. FROM users ──┐ waits for the lock
//!                   get, SELECT .. FROM orders ─┤ waits for the lock
//! gates             LOCK users, LOCK orders     │
//! observer          pg_stat_activity, pg_locks ─┴─ two queries wait
//! ```
//!
//! Most of its functions return a boxed future: the code of an async function is generated
//! in each program that awaits it, here with each build of an exercise.
//!
//! A private server is discarded after the check, with all of its schemas. On the
//! server in `DATABASE_URL`, [`TestDatabase`] drops the schemas, also those of an
//! earlier check that was killed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, Object, Pool, Runtime,
};
use futures::future::{BoxFuture, FutureExt, LocalBoxFuture, try_join_all};
use tokio::runtime::Handle;
use tokio::time::sleep;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::{Diagnosis, Exercise, that};
use crate::postgres::{self, Database};

/// The schema of each pool is called this, the process id of the observer, `_` and a
/// number.
const SCHEMA: &str = "async_workbook_check_";

/// The statement that marks a connection as taken from the pool. It is empty.
const TAKEN: &str = "-- taken from the pool";

/// The query for the state of a pool's connections, as [`Session`] reads it.
const STATES: &str = "SELECT a.pid, a.query, a.query_start::text, \
    a.state LIKE 'idle%', a.state LIKE 'idle in transaction%', \
    clock_timestamp() - a.state_change > interval '200 ms', c.relname::text \
    FROM pg_stat_activity a \
    LEFT JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted \
    LEFT JOIN pg_class c ON c.oid = l.relation \
    WHERE a.application_name = $1 ORDER BY a.pid";

/// The time between two queries for the state of the connections.
const INTERVAL: Duration = Duration::from_millis(20);

/// The time within which a server answers an empty query.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

thread_local! {
    /// The server of the checks on this thread.
    static SERVER: RefCell<Option<Config>> = const { RefCell::new(None) };
}

/// Returns whether the checks on this thread use a server that does not answer.
pub(super) fn server_is_silent() -> bool {
    let Some(config) = SERVER.with_borrow(Clone::clone) else { return false };
    let (sender, answer) = channel();
    // On another thread, because this one may be running async code.
    std::thread::spawn(move || {
        let connected = on_runtime(async {
            let client = connect(&config).await?;
            Ok(client.batch_execute("").await?)
        });
        let _ = sender.send(connected);
    });
    answer.recv_timeout(ANSWER_LIMIT).is_err()
}

/// The server for the pools of a check, and a connection to observe them.
#[derive(Debug)]
pub struct TestDatabase {
    database: Database,
    observer: Arc<Observer>,
    /// The runtime of the observer and the gates. Its thread is not that of the check.
    runtime: tokio::runtime::Runtime,
}

/// The connections of a check outside of its pools. To open a connection takes longer
/// than most queries, so all pools share them.
#[derive(Debug)]
struct Observer {
    client: Client,
    /// The query for the state of a pool's connections.
    states: Statement,
    /// The process id of its connection, which is unique on the server.
    pid: i32,
    pools: AtomicUsize,
    /// The connections of gates that are open.
    gates: Mutex<Vec<Client>>,
    runtime: Handle,
}

fn on_runtime<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime?.block_on(work)
}

impl TestDatabase {
    /// Starts a private server or connects to that in `DATABASE_URL`, and drops what
    /// earlier checks have left behind. Call it outside of async code, before the
    /// checks: to create a server may take longer than the time limit of a check.
    ///
    /// # Errors
    ///
    /// If there is no PostgreSQL, or if the user may not create schemas.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let (database, observer) = runtime.block_on(async {
            let database = postgres::start().await?;
            let observer = Observer::connect(&database.config()).await?;
            if is_shared() {
                observer.drop_old_schemas().await?;
            }
            anyhow::Ok((database, observer))
        })?;
        SERVER.set(Some(database.config()));
        Ok(Self { database, observer: Arc::new(observer), runtime })
    }

    /// Starts the server for all checks of an exercise. If there is no PostgreSQL, adds
    /// a check that fails, and returns `None`.
    pub fn start_for(exercise: &mut Exercise) -> Option<Self> {
        let error = match Self::start() {
            Ok(database) => return Some(database),
            Err(error) => error,
        };
        let words = format!("this exercise needs PostgreSQL: {error:#}");
        let title = "a PostgreSQL server is available";
        exercise.check(title, async || that(false, words.as_str()));
        None
    }

    /// Drops the schemas of all pools, which must have been dropped. A schema that
    /// remains, because the server has not yet noticed that a client is gone, is
    /// dropped by the next check.
    pub fn clean_up(&self) {
        let observer = &self.observer;
        if is_shared() {
            let pools = observer.pools.load(Ordering::Relaxed);
            let schemas = (0..pools).map(|pool| observer.schema(pool)).collect();
            let _ = self.runtime.block_on(observer.drop_schemas(schemas));
        }
    }
}

/// Returns true if others use the server, too: that in `DATABASE_URL`.
fn is_shared() -> bool {
    std::env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty())
}

impl Observer {
    async fn connect(config: &Config) -> Result<Self> {
        let client = connect(config).await?;
        let pid = client.query_one("SELECT pg_backend_pid()", &[]).await?;
        let states = client.prepare(STATES).await?;
        Ok(Self {
            client,
            states,
            pid: pid.try_get(0)?,
            pools: AtomicUsize::new(0),
            gates: Mutex::default(),
            runtime: Handle::current(),
        })
    }

    fn schema(&self, pool: usize) -> String {
        format!("{SCHEMA}{}_{pool}", self.pid)
    }

    /// Drops the schemas of checks that were killed.
    async fn drop_old_schemas(&self) -> Result<()> {
        let may = "SELECT has_database_privilege(current_database(), 'CREATE')";
        if !self.client.query_one(may, &[]).await?.try_get(0)? {
            anyhow::bail!(
                "the check creates schemas for its rows and drops them again, but \
                 the user in DATABASE_URL may not create any. Grant it CREATE on \
                 the database, or use another one."
            );
        }
        let query = format!(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE '{SCHEMA}%' \
             AND NOT EXISTS (SELECT FROM pg_stat_activity \
             WHERE pid::text = split_part(substr(nspname, {}), '_', 1))",
            SCHEMA.len() + 1
        );
        let rows = self.client.query(&query, &[]).await?;
        let names = rows.iter().map(|row| Ok(row.try_get(0)?));
        self.drop_schemas(names.collect::<Result<_>>()?).await
    }

    async fn drop_schemas(&self, names: Vec<String>) -> Result<()> {
        self.client.batch_execute("SET lock_timeout = '400 ms'").await?;
        for name in names {
            // It may belong to another role.
            let drop = format!("DROP SCHEMA {name} CASCADE");
            let _ = self.client.batch_execute(&drop).await;
        }
        Ok(self.client.batch_execute("RESET lock_timeout").await?)
    }

    /// Returns a connection for a gate.
    async fn gate(&self, config: &Config) -> Result<Client> {
        let open = lock(&self.gates).pop();
        if let Some(client) = open {
            return Ok(client);
        }
        let mut config = config.clone();
        config.application_name("a gate");
        let connecting = async move { connect(&config).await };
        self.runtime.spawn(connecting).await?
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(config: &Config) -> BoxFuture<'_, Result<Client>> {
    async move {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
    .boxed()
}

/// A connection of a pool, according to the server.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its process id.
    pub pid: i32,
    /// True if it runs no query.
    pub idle: bool,
    /// True if it has begun a transaction, and runs no query.
    pub in_transaction: bool,
    /// Its last query.
    pub query: String,
    /// When that query started.
    pub start: String,
    /// The table whose gate its query waits at.
    pub waits_at: Option<String>,
    /// True if its state has not changed for a while.
    quiet: bool,
}

impl Session {
    fn read(row: &Row) -> Result<Self> {
        let is =
            |index| Ok::<_, anyhow::Error>(row.try_get::<_, Option<bool>>(index)?);
        Ok(Self {
            pid: row.try_get(0)?,
            query: row.try_get(1)?,
            start: row.try_get::<_, Option<_>>(2)?.unwrap_or_default(),
            idle: is(3)?.unwrap_or_default(),
            in_transaction: is(4)?.unwrap_or_default(),
            quiet: is(5)?.unwrap_or_default(),
            waits_at: row.try_get(6)?,
        })
    }

    /// Returns true if it has run no query since it was taken from the pool.
    fn is_unused(&self) -> bool {
        self.query.ends_with(TAKEN)
    }
}

/// The pool's counters.
#[derive(Debug, Default)]
struct Counters {
    created: AtomicUsize,
    taken: AtomicUsize,
    refused: AtomicUsize,
    elsewhere: AtomicBool,
}

/// A pool that records how its connections are used.
#[derive(Debug)]
pub struct ObservedPool {
    /// The pool, for the code under test.
    pub pool: Pool,
    counters: Arc<Counters>,
    observer: Arc<Observer>,
    /// The schema of its tables, and the `application_name` of its connections.
    name: String,
    config: Config,
    /// The connection that has locked each table.
    gates: Mutex<HashMap<String, Client>>,
}

impl ObservedPool {
    /// Creates a pool of `size` connections, and opens all of them. The SQL in `tables`
    /// creates its tables, in a schema that they need not name.
    ///
    /// # Errors
    ///
    /// If the server refuses any of it.
    pub async fn new(
        size: usize,
        database: &TestDatabase,
        tables: &str,
    ) -> Result<Self> {
        let this = Self::cold(size, database, tables, None).await?;
        drop(this.all().await?);
        this.counters.created.store(0, Ordering::Relaxed);
        this.counters.taken.store(0, Ordering::Relaxed);
        Ok(this)
    }

    /// Creates a pool of one connection, on which the `nth` `get` fails.
    ///
    /// # Errors
    ///
    /// If the server refuses any of it.
    pub async fn refusing(
        nth: usize,
        database: &TestDatabase,
        tables: &str,
    ) -> Result<Self> {
        Self::cold(1, database, tables, Some(nth)).await
    }

    fn cold<'a>(
        size: usize,
        database: &'a TestDatabase,
        tables: &'a str,
        refuse: Option<usize>,
    ) -> LocalBoxFuture<'a, Result<Self>> {
        async move {
            let observer = Arc::clone(&database.observer);
            let name =
                observer.schema(observer.pools.fetch_add(1, Ordering::Relaxed));
            let setup = format!(
                "DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; \
                 SET search_path = {name}; {tables}"
            );
            let created = observer.client.batch_execute(&setup).await;
            created.context("creating a schema for the rows of this check")?;
            let mut config = database.database.config();
            let options = config.get_options().unwrap_or_default();
            let options = options.replace(
                "search_path=async_workbook",
                &format!("search_path={name}"),
            );
            config.options(options).application_name(&name);

            let counters = Arc::<Counters>::default();
            let take = {
                let counters = Arc::clone(&counters);
                let here = Handle::current().id();
                move |client: &Client| {
                    let elsewhere = Handle::current().id() != here;
                    counters.elsewhere.fetch_or(elsewhere, Ordering::Relaxed);
                    let nth = counters.taken.fetch_add(1, Ordering::Relaxed) + 1;
                    // The pool replaces a connection that it cannot use again, so the
                    // new one is refused, too.
                    if refuse.is_some_and(|n| nth == n || (n > 1 && nth == n + 1)) {
                        counters.refused.fetch_add(1, Ordering::Relaxed);
                        return Err(HookError::message("refused by the check"));
                    }
                    // Marks the connection, without waiting: `get` must not take longer
                    // here than elsewhere. The first poll sends the request.
                    drop(client.batch_execute(TAKEN).now_or_never());
                    Ok(())
                }
            };
            let (counted, again) = (Arc::clone(&counters), take.clone());
            let on_create = Hook::sync_fn(move |client: &mut ClientWrapper, _| {
                counted.created.fetch_add(1, Ordering::Relaxed);
                take(client)
            });
            let on_recycle =
                Hook::sync_fn(move |client: &mut ClientWrapper, _| again(client));
            let pool = Pool::builder(Manager::new(config.clone(), NoTls))
                .max_size(size)
                .runtime(Runtime::Tokio1);
            let pool =
                pool.post_create(on_create).post_recycle(on_recycle).build()?;
            let gates = Mutex::default();
            Ok(Self { pool, counters, observer, name, config, gates })
        }
        .boxed_local()
    }

    /// Runs SQL on the tables, from a connection outside of the pool.
    ///
    /// # Errors
    ///
    /// If the SQL fails.
    pub fn execute<'a>(&'a self, sql: &'a str) -> LocalBoxFuture<'a, Result<()>> {
        async move {
            let sql = format!("SET search_path = {}; {sql}", self.name);
            Ok(self.observer.client.batch_execute(&sql).await?)
        }
        .boxed_local()
    }

    /// Counts the rows of a table that are committed, from outside of the pool.
    ///
    /// # Errors
    ///
    /// If the server does not count them.
    pub async fn count(&self, table: &str) -> Result<i64> {
        let query = format!("SELECT count(*) FROM {}.{table}", self.name);
        Ok(self.observer.client.query_one(&query, &[]).await?.try_get(0)?)
    }

    /// Returns the number of connections that are taken from the pool.
    pub fn in_use(&self) -> usize {
        let status = self.pool.status();
        status.size - status.available
    }

    /// Returns how often the code under test has taken a connection from the pool.
    pub fn taken(&self) -> usize {
        self.counters.taken.load(Ordering::Relaxed)
    }

    /// Returns the number of connections that the pool has opened to replace others.
    pub fn replaced(&self) -> usize {
        self.counters.created.load(Ordering::Relaxed)
    }

    /// Returns true if a `get` was refused.
    pub fn has_refused(&self) -> bool {
        self.counters.refused.load(Ordering::Relaxed) > 0
    }

    /// Returns true if a connection was taken from the pool in another runtime.
    pub fn taken_elsewhere(&self) -> bool {
        self.counters.elsewhere.load(Ordering::Relaxed)
    }

    /// Awaits `work` on this pool, and fails as soon as it is deadlocked: every
    /// connection is in use, another one is requested, and the server is idle.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] of the deadlock.
    pub async fn awaits<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            stuck = self.stuck() => Err(stuck?.into()),
        }
    }

    /// Takes all connections of the pool at once.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] if some do not come back to the pool.
    pub async fn all(&self) -> Result<Vec<Object>> {
        let all = (0..self.pool.status().max_size).map(|_| self.pool.get());
        tokio::select! {
            biased;
            all = try_join_all(all) => Ok(all?),
            stuck = self.stuck() => {
                stuck?;
                that(false, "not all connections came back to the pool.")?;
                Ok(Vec::new())
            }
        }
    }

    /// Waits until the code under test is deadlocked.
    async fn stuck(&self) -> Result<Diagnosis> {
        let (sessions, status) = loop {
            let sessions = self.stalled().await?;
            let status = self.pool.status();
            let idle = sessions.iter().all(|session| session.idle);
            if idle && status.waiting > 0 && sessions.len() == status.max_size {
                break (sessions, status);
            }
        };
        let in_use = match status.max_size {
            1 => "the pool's only connection is in use with".to_owned(),
            all => format!("all {all} connections of the pool are in use with"),
        };
        let more = match status.waiting {
            1 => "1 more is".to_owned(),
            number => format!("{number} more are"),
        };
        let unused = sessions.iter().filter(|session| session.is_unused()).count();
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
    /// waits at a gate.
    ///
    /// # Errors
    ///
    /// If the server does not report its connections.
    pub async fn settled(&self) -> Result<Vec<Session>> {
        self.quiet_for(3, 0).await
    }

    /// Like [`settled`](Self::settled), but waits for longer, before a check fails: on a
    /// busy machine, a connection may be late to run what it was sent.
    ///
    /// # Errors
    ///
    /// If the server does not report its connections.
    pub async fn stalled(&self) -> Result<Vec<Session>> {
        self.quiet_for(15, 0).await
    }

    /// Waits until nothing happens any more, or until queries wait at `gates`
    /// different gates.
    ///
    /// # Errors
    ///
    /// If the server does not report its connections.
    pub async fn settled_or(&self, gates: usize) -> Result<Vec<Session>> {
        self.quiet_for(3, gates).await
    }

    /// Waits until nothing happens in so many samples in a row.
    fn quiet_for(
        &self,
        samples: usize,
        gates: usize,
    ) -> LocalBoxFuture<'_, Result<Vec<Session>>> {
        async move {
            // Uses the server's clock and several samples, so that a slow machine is not
            // mistaken for a deadlock: pending messages are processed in between.
            let mut seen = 0;
            loop {
                sleep(INTERVAL).await;
                let sessions = self.sessions().await?;
                let mut waits: Vec<_> = sessions
                    .iter()
                    .filter_map(|one| one.waits_at.as_ref())
                    .collect();
                waits.sort();
                waits.dedup();
                let rests = |one: &Session| {
                    one.quiet && (one.idle || one.waits_at.is_some())
                };
                seen = if sessions.iter().all(rests) { seen + 1 } else { 0 };
                if seen == samples || (gates > 0 && waits.len() >= gates) {
                    return Ok(sessions);
                }
            }
        }
        .boxed_local()
    }

    /// Closes the gates of `tables`, awaits `work` until it ends or nothing happens any
    /// more, calls `inspect`, and opens the gates. Returns the output of `work` if it has
    /// ended, and that of `inspect`.
    ///
    /// # Errors
    ///
    /// If the server fails.
    pub async fn behind_gates<T, U>(
        &self,
        tables: &[&str],
        work: &mut (impl Future<Output = T> + Unpin),
        inspect: impl AsyncFnOnce() -> U,
    ) -> Result<(Option<T>, U)> {
        for table in tables {
            self.close(table).await?;
        }
        let early = tokio::select! {
            biased;
            done = work => Some(done),
            settled = self.settled() => settled.map(|_| None)?,
        };
        let inspected = inspect().await;
        for table in tables {
            self.open(table).await?;
        }
        Ok((early, inspected))
    }

    /// Reads the state of the pool's connections from the server.
    ///
    /// # Errors
    ///
    /// If the server does not report them.
    pub fn sessions(&self) -> LocalBoxFuture<'_, Result<Vec<Session>>> {
        async move {
            let observer = &self.observer;
            let rows =
                observer.client.query(&observer.states, &[&self.name]).await?;
            rows.iter().map(Session::read).collect()
        }
        .boxed_local()
    }

    /// Closes the gate of this table: queries on it wait.
    ///
    /// # Errors
    ///
    /// If the server does not lock the table.
    pub async fn close(&self, table: &str) -> Result<()> {
        let gate = self.observer.gate(&self.config).await?;
        let schema = &self.name;
        let sql =
            format!("BEGIN; LOCK TABLE {schema}.{table} IN ACCESS EXCLUSIVE MODE");
        gate.batch_execute(&sql).await?;
        lock(&self.gates).insert(table.to_owned(), gate);
        Ok(())
    }

    /// Opens the gate of this table.
    ///
    /// # Errors
    ///
    /// If the server does not unlock the table.
    pub async fn open(&self, table: &str) -> Result<()> {
        let gate = lock(&self.gates).remove(table);
        let Some(gate) = gate else { return Ok(()) };
        gate.batch_execute("ROLLBACK").await?;
        lock(&self.observer.gates).push(gate);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::check::runner::{Clock, on_clock};

    #[test]
    fn a_server_that_does_not_answer_is_reported() {
        let stuck = || {
            let clock = Clock::Real(Duration::from_millis(1));
            let waits = std::future::pending::<Result<()>>();
            on_clock(clock, waits).unwrap_err().to_string()
        };
        assert!(stuck().starts_with("still not finished after 0.001 s"));
        // It accepts connections, as the kernel does for a suspended server.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(silent.local_addr().unwrap().port())
            .user("ada");
        SERVER.set(Some(config));
        assert!(stuck().starts_with("the PostgreSQL server does not answer"));
        // An answer, although it is an error.
        drop(silent);
        assert!(stuck().starts_with("still not finished after 0.001 s"));
    }
}
