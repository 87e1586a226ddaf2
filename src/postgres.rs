//! The PostgreSQL server that lessons query.
//!
//! [`start`] uses the server in `DATABASE_URL`. If that is not set, it starts a
//! private, temporary server from the PostgreSQL programs on this machine:
//!
//! ```text
//! lesson --(pipe: stdin)--> sh guard.sh --(child)--> postgres
//!    |                                                  |
//!    +-----------(Unix socket in a directory)-----------+
//! ```
//!
//! - It listens on a Unix socket in a directory that only its user can enter, not on
//!   a network port.
//! - Its data directory is a copy of a template that the first start creates with
//!   `initdb` and keeps in Cargo's target directory, as
//!   `workbook-postgres/<version>`. If the template is missing or damaged, `initdb`
//!   runs again.
//! - A shell script guards it (`src/postgres/guard.sh`). The script's stdin is a
//!   pipe whose other end the lesson holds. However the lesson ends, by `return`,
//!   panic, Ctrl-C or `kill -9`, the kernel closes the pipe; the script then stops
//!   the server and removes its directory. `Drop` alone would only handle the first
//!   two.
//! - PostgreSQL refuses to run as root, so for root it runs as the user `postgres`
//!   or `nobody`.
//!
//! On either server, the sample tables `users` and `orders` are in a schema of their
//! own, `async_workbook`. Nothing else in your database is touched. A server in
//! `DATABASE_URL` that stops answering for 10 s ends the lesson.
//!
//! | variable | meaning |
//! |---|---|
//! | `DATABASE_URL` | use this server: `postgresql://user:password@host:5432/name` |
//! | `WORKBOOK_POSTGRES_BIN` | the directory of `initdb` and `postgres` |
//! | `TMPDIR` | the parent of its directory, tried before `/tmp`, in place of `/dev/shm` |

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use std::{env, fmt};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

mod problem;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod template;

pub use problem::Problem;

/// The timeout for each address of the server in `DATABASE_URL`, and half of the
/// limit for an answer to a query, unless the URL has a `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest `connect_timeout`: a longer one would overflow when it is doubled or added
/// to the time.
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

/// The key of the advisory lock that serializes runs of lesson 14.
const LESSON_LOCK: i64 = 14;

/// The key of the advisory lock that serializes the creation of the sample tables.
const SETUP_LOCK: i64 = 0x61_7379_6e63;

/// The columns of the sample tables.
const COLUMNS: &str = "id integer, name text, city text, \
                       id integer, user_id integer, item text, cents integer";

/// The sample rows, also to compare them: as `format('(%s, %L, ...)')` writes them.
const USERS: &str = "(1, 'Ada', 'Lisbon'), (2, 'Linus', 'Helsinki'), (3, 'Grace', 'Oslo'), \
                     (4, 'Ken', 'Lisbon'), (5, 'Barbara', 'Oslo')";
const ORDERS: &str = "(1, 1, 'notebook', 450), (2, 3, 'pencil', 120), (3, 1, 'lamp', 2900), \
                      (4, 2, 'keyboard', 7900), (5, 3, 'tea', 600), (6, 1, 'chair', 12500)";

/// A PostgreSQL database with the sample tables `users` and `orders`.
///
/// Keep it for as long as you query: dropping it stops a private server and removes
/// its data. The drop blocks until that is done, which usually takes a few tens of
/// milliseconds.
pub struct Database {
    url: String,
    config: Config,
    #[cfg(unix)]
    _server: Option<server::Server>,
    /// For the server in `DATABASE_URL`.
    _monitor: Option<Monitor>,
}

impl Database {
    /// Returns the configuration for `tokio_postgres` or a `deadpool_postgres`
    /// manager, to be used with `NoTls`. Its `search_path` is the schema of the
    /// sample tables.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Returns the configuration as a `postgresql://` URL, for `psql`, Python's
    /// `asyncpg` and others.
    ///
    /// It contains the password if `DATABASE_URL` has one.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

// Omits the URL because it may contain a password; `Config` hides it.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut database = f.debug_struct("Database");
        database.field("config", &self.config);
        database.finish_non_exhaustive()
    }
}

/// Connects to the server in `DATABASE_URL`, or starts a private one, and creates
/// the sample tables if they are missing.
///
/// Works on both flavors of the tokio runtime, but needs the real clock: a paused
/// clock runs ahead while the runtime waits for the server, which is another
/// process.
///
/// # Errors
///
/// A [`Problem`] if
///
/// - `DATABASE_URL` is invalid, or its server cannot be reached, refuses the
///   connection or does not let its user create the tables, or the tables were
///   changed;
/// - it is not set and the PostgreSQL programs are missing or fail;
/// - it is not set on Windows.
pub async fn start() -> anyhow::Result<Database> {
    match env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => Ok(connect_to(&url).await?),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Problem::invalid_url("it is not valid UTF-8").into())
        }
        _ => Ok(start_private().await?),
    }
}

/// Finds another program of PostgreSQL, such as `pgbench`: in the directory of the
/// programs that start a private server, or else on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    #[cfg(unix)]
    let same_dir = programs::Programs::find().ok().map(|programs| programs.dir);
    #[cfg(not(unix))]
    let same_dir: Option<PathBuf> = None;
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = same_dir.into_iter().chain(env::split_paths(&path));
    dirs.map(|dir| dir.join(name)).find(|program| program.is_file())
}

async fn connect_to(url: &str) -> Result<Database, Problem> {
    let url = with_search_path(url)?;
    let mut config = parse(&url)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    prepare(&config)
        .await
        .map_err(|error| Problem::database_url(&describe(&config), &error))?;
    let monitor = Monitor::start(config.clone());
    Ok(Database {
        url,
        config,
        #[cfg(unix)]
        _server: None,
        _monitor: Some(monitor),
    })
}

#[cfg(not(unix))]
async fn start_private() -> Result<Database, Problem> {
    Err(Problem::unsupported())
}

#[cfg(unix)]
async fn start_private() -> Result<Database, Problem> {
    let programs = blocking(programs::Programs::find).await?;
    let template = template::dir(&programs.version);
    // A template can be damaged in ways that only show in the first query. So if
    // anything fails with it, discard it and start over with `initdb`.
    if let Some(template) = template.clone().filter(|dir| dir.is_dir()) {
        let data = server::Data::Copy(template.clone());
        match start_server(programs.clone(), data).await {
            Ok(database) => return Ok(database),
            Err(_) => blocking(move || template::discard(&template)).await,
        }
    }
    start_server(programs, server::Data::New { save_as: template }).await
}

#[cfg(unix)]
async fn start_server(
    programs: programs::Programs,
    data: server::Data,
) -> Result<Database, Problem> {
    // Runs `initdb`, copies files and waits for a process, all of which block.
    let server = blocking(move || server::Server::start(&programs, &data)).await?;
    let url = with_search_path(&server.url())?;
    let config = parse(&url)?;
    prepare(&config).await.map_err(|error| {
        let what = "it is running, but the first query failed";
        Problem::private_server(what, &error.to_string())
    })?;
    Ok(Database { url, config, _server: Some(server), _monitor: None })
}

#[cfg(unix)]
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // Nothing aborts this task, so it panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Adds our schema as `search_path` to a URL, in a form that `tokio-postgres`,
/// `psql` and `asyncpg` all understand.
fn with_search_path(url: &str) -> Result<String, Problem> {
    const SEARCH_PATH: &str = "-csearch_path%3Dasync_workbook";
    let invalid = |why: &str| Err(Problem::invalid_url(why));

    if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
        return invalid("it does not start with postgresql://");
    }
    // A second `@` is ambiguous: part of the password could be parsed as the host
    // and show up in error messages.
    if url.matches('@').count() > 1 {
        return invalid("it has more than one @; in a user or password, write %40");
    }
    // The same for the password in `host?password=se@cret`.
    let before = url.split_once('@').map_or("", |(before, _)| before);
    if before.split_once('?').is_some_and(|(_, query)| query.contains('=')) {
        return invalid(
            "it has a ? before the @; in a password, write %3F for ?, and %40 for @",
        );
    }
    // Any other `?` before the `@` belongs to the password.
    let credentials = url.find('@').unwrap_or(0);
    let Some(query) = url[credentials..].find('?').map(|at| credentials + at + 1)
    else {
        return Ok(format!("{url}?options={SEARCH_PATH}"));
    };

    let (base, query) = url.split_at(query);
    let mut found = false;
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        // Otherwise it would be parsed as a part of the next option's name.
        if !pair.contains('=') {
            return invalid(
                "an option has no value; in a password, write %26 for &",
            );
        }
        if pair.starts_with("options=") && pair.ends_with(SEARCH_PATH) {
            // A URL that `Database::url` returned.
            found = true;
            pairs.push(pair.to_owned());
        } else if pair.starts_with("options=") {
            found = true;
            pairs.push(format!("{pair}%20{SEARCH_PATH}"));
        } else {
            pairs.push(pair.to_owned());
        }
    }
    if !found {
        pairs.push(format!("options={SEARCH_PATH}"));
    }
    Ok(format!("{base}{}", pairs.join("&")))
}

fn parse(url: &str) -> Result<Config, Problem> {
    let mut config: Config = url.parse().map_err(|error| {
        let why = problem::chain(&error);
        Problem::invalid_url(&if why.contains("`sslmode`") {
            format!("{why}; remove it: the lessons connect without TLS")
        } else if !why.contains("unknown option") {
            why
        } else if url.contains("password=") {
            // The name may be a piece of the password.
            "it has an unknown option; in a password, write %26 for &".to_owned()
        } else {
            format!("{why}; remove it: the lessons support fewer options than psql")
        })
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Problem::invalid_url("it has no host"));
    }
    if config.get_connect_timeout() > Some(&MAX_TIMEOUT) {
        config.connect_timeout(MAX_TIMEOUT);
    }
    Ok(config)
}

/// An error of [`prepare`].
#[derive(Debug)]
enum PrepareError {
    Connect(tokio_postgres::Error),
    /// The server did not answer a login within this time.
    NoLogin(Duration),
    /// The server did not answer a query within this time.
    NoAnswer(Duration),
    /// Another session held the advisory lock for this time.
    Locked(Duration),
    /// The sample tables could not be created.
    Create(tokio_postgres::Error),
    /// The sample tables could not be read.
    Read(tokio_postgres::Error),
    /// The sample tables exist, but their columns or rows differ from ours.
    Changed,
    /// The server ignores our `search_path`.
    NoSearchPath,
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) | Self::Create(error) | Self::Read(error) => {
                f.write_str(&problem::chain(error))
            }
            Self::NoLogin(limit) | Self::NoAnswer(limit) => {
                write!(f, "timed out after {} s", limit.as_secs())
            }
            Self::Locked(limit) => write!(
                f,
                "another session has held advisory lock {SETUP_LOCK} for {} s",
                limit.as_secs()
            ),
            Self::Changed => f.write_str("the tables or their rows were changed"),
            Self::NoSearchPath => f.write_str("the server ignores search_path"),
        }
    }
}

/// Returns the limit for one answer of the server: `connect_timeout` applies to each
/// address of a host, and a host often has two.
fn answer_limit(config: &Config) -> Duration {
    *config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT) * 2
}

/// Connects once, creates the sample tables if they are missing, and checks them.
async fn prepare(config: &Config) -> Result<(), PrepareError> {
    // `connect_timeout` covers the TCP connection, not a server that accepts it and
    // then stays silent.
    let limit = answer_limit(config);
    let (mut client, connection) = timeout(limit, config.connect(NoTls))
        .await
        .map_err(|_elapsed| PrepareError::NoLogin(limit))?
        .map_err(PrepareError::Connect)?;
    let cancel = client.cancel_token();
    let mut connection = tokio::spawn(connection);
    let result = set_up(&mut client, limit).await;
    if let Err(PrepareError::NoAnswer(_)) = result {
        // Otherwise the server keeps waiting, perhaps for a lock.
        let _ = timeout(Duration::from_secs(1), cancel.cancel_query(NoTls)).await;
    }
    // Wait until the connection is closed: some lessons count connections, and this
    // one is not theirs.
    drop(client);
    if timeout(Duration::from_secs(1), &mut connection).await.is_err() {
        connection.abort();
    }
    result
}

async fn set_up(client: &mut Client, limit: Duration) -> Result<(), PrepareError> {
    use PrepareError::{Create, Read};

    let setup = answer(limit, Read, client.transaction()).await?;
    let deadline = Instant::now() + limit;
    let lock = "SELECT pg_try_advisory_xact_lock($1)";
    while !answer(limit, Read, setup.query_one(lock, &[&SETUP_LOCK]))
        .await?
        .get::<_, bool>(0)
    {
        if Instant::now() > deadline {
            return Err(PrepareError::Locked(limit));
        }
        sleep(Duration::from_millis(20)).await;
    }

    // `CREATE SCHEMA IF NOT EXISTS` needs the privilege to create a schema even if
    // the schema exists, so check first.
    let exist = "SELECT num_nonnulls(to_regclass('async_workbook.users'), \
                 to_regclass('async_workbook.orders')) > 0";
    let exist = answer(limit, Read, setup.query_one(exist, &[])).await?;
    if !exist.get::<_, bool>(0) {
        let tables = format!(
            "CREATE SCHEMA IF NOT EXISTS async_workbook;
             CREATE TABLE async_workbook.users (
                 id int PRIMARY KEY,
                 name text NOT NULL,
                 city text NOT NULL
             );
             CREATE TABLE async_workbook.orders (
                 id int PRIMARY KEY,
                 user_id int NOT NULL REFERENCES async_workbook.users,
                 item text NOT NULL,
                 cents int NOT NULL
             );
             INSERT INTO async_workbook.users VALUES {USERS};
             INSERT INTO async_workbook.orders VALUES {ORDERS};"
        );
        answer(limit, Create, setup.batch_execute(&tables)).await?;
    }

    let rows = "SELECT
        (SELECT string_agg(format('(%s, %L, %L)', id, name, city), ', ' ORDER BY id)
         FROM async_workbook.users),
        (SELECT string_agg(format('(%s, %s, %L, %s)', id, user_id, item, cents), ', '
                           ORDER BY id)
         FROM async_workbook.orders),
        (SELECT string_agg(format('%s %s', attname, atttypid::regtype), ', '
                           ORDER BY attrelid = to_regclass('async_workbook.orders'), attnum)
         FROM pg_attribute
         WHERE attrelid IN (to_regclass('async_workbook.users'),
                            to_regclass('async_workbook.orders'))
           AND attnum > 0 AND NOT attisdropped),
        to_regclass('users') IS NOT DISTINCT FROM to_regclass('async_workbook.users')";
    let rows = match answer(limit, Read, setup.query_one(rows, &[])).await {
        Err(Read(error)) if is_missing(&error) => return Err(PrepareError::Changed),
        rows => rows?,
    };
    let is = |column, expected| {
        rows.try_get::<_, Option<&str>>(column).ok().flatten() == Some(expected)
    };
    if !is(0, USERS) || !is(1, ORDERS) || !is(2, COLUMNS) {
        return Err(PrepareError::Changed);
    }
    if !rows.get::<_, bool>(3) {
        return Err(PrepareError::NoSearchPath);
    }
    answer(limit, Create, setup.commit()).await
}

/// Returns whether a table or a column that a query names is missing.
fn is_missing(error: &tokio_postgres::Error) -> bool {
    let missing = [&SqlState::UNDEFINED_TABLE, &SqlState::UNDEFINED_COLUMN];
    error.code().is_some_and(|code| missing.contains(&code))
}

/// Waits for the answer to a query, at most for `limit`.
async fn answer<T>(
    limit: Duration,
    failed: fn(tokio_postgres::Error) -> PrepareError,
    query: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, PrepareError> {
    let answer = timeout(limit, query).await;
    answer.map_err(|_elapsed| PrepareError::NoAnswer(limit))?.map_err(failed)
}

/// A task that ends this process when the server in `DATABASE_URL` stops answering, and
/// warns of a lock for which a query waits.
///
/// A query has no timeout, and a lesson should not need one: without this task, it
/// would wait forever, and print nothing. Most lessons end before the first probe.
struct Monitor(JoinHandle<()>);

impl Monitor {
    fn start(config: Config) -> Self {
        Self(tokio::spawn(async move {
            let limit = answer_limit(&config);
            let mut client = None;
            let mut has_warned = false;
            // A proxy may freeze each connection by itself, so the second probe, on the
            // same connection, follows soon.
            let mut pause = limit / 2;
            loop {
                sleep(pause).await;
                pause = limit / 10;
                let mut probe = pin!(probe(client, &config));
                let mut probed = timeout(limit, &mut probe).await;
                if probed.is_err() {
                    // If the lesson blocked the thread, the answer may be there.
                    probed = timeout(limit / 10, probe).await;
                }
                client = probed.unwrap_or_else(|_elapsed| {
                    let error = PrepareError::NoAnswer(limit);
                    let server = describe(&config);
                    eprintln!("Error: {}", Problem::database_url(&server, &error));
                    std::process::exit(1);
                });
                if !has_warned && let Some(client) = &client {
                    has_warned = warn_of_lock(client, limit).await;
                }
            }
        }))
    }
}

/// Sends an empty query. Errors are the lesson's to report; the next probe connects
/// again.
async fn probe(client: Option<Client>, config: &Config) -> Option<Client> {
    let client = match client {
        Some(client) => client,
        None => {
            let (client, connection) = config.connect(NoTls).await.ok()?;
            tokio::spawn(connection);
            client
        }
    };
    client.batch_execute("").await.ok()?;
    Some(client)
}

/// Prints a warning if a query of a lesson has waited for a lock for `limit`; returns whether it did. Before PostgreSQL 14, the server does not report such times.
async fn warn_of_lock(client: &Client, limit: Duration) -> bool {
    let seconds = limit.as_secs();
    let waits = format!(
        "SELECT FROM pg_locks WHERE NOT granted \
         AND (relation IN (to_regclass('async_workbook.users'), \
                           to_regclass('async_workbook.orders'), \
                           to_regclass('async_workbook.sales')) \
              OR locktype = 'advisory' AND objid = {LESSON_LOCK}) \
         AND clock_timestamp() - waitstart > interval '{seconds} s'"
    );
    let rows = timeout(limit, client.query(&waits, &[])).await;
    let waits = rows.is_ok_and(|rows| rows.is_ok_and(|rows| !rows.is_empty()));
    if waits {
        eprintln!(
            "A query has waited for {seconds} s: another session holds a lock on the \
             tables in schema async_workbook, or advisory lock {LESSON_LOCK}, that of \
             lesson 14. End that transaction or program."
        );
    }
    waits
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Describes a server for error messages, without the password.
fn describe(config: &Config) -> String {
    let ports = config.get_ports();
    let mut parts = Vec::new();
    for (i, host) in config.get_hosts().iter().enumerate() {
        let port = ports.get(i).or(ports.first()).unwrap_or(&5432);
        parts.push(match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(dir) => dir.display().to_string(),
        });
    }
    if parts.is_empty() {
        parts.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    if let Some(name) = config.get_dbname() {
        parts.push(format!("database {name}"));
    }
    if let Some(user) = config.get_user() {
        parts.push(format!("user {user}"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_path_is_added_to_the_options_of_a_url() {
        let path = "-csearch_path%3Dasync_workbook";
        for (url, expected) in [
            ("postgres://h/d", format!("postgres://h/d?options={path}")),
            ("postgres://h/d?", format!("postgres://h/d?options={path}")),
            (
                "postgresql://u:p?q@h/d",
                format!("postgresql://u:p?q@h/d?options={path}"),
            ),
            (
                "postgresql://u@h/d?options=-cjit%3Doff&sslmode=disable",
                format!(
                    "postgresql://u@h/d?options=-cjit%3Doff%20{path}&sslmode=disable"
                ),
            ),
        ] {
            assert_eq!(with_search_path(url).unwrap(), expected);
            let options = parse(&expected).unwrap();
            let options = options.get_options().unwrap();
            assert!(options.ends_with("-csearch_path=async_workbook"));
        }
    }

    #[test]
    fn a_long_timeout_does_not_overflow() {
        let url = "postgresql://h/d?connect_timeout=9223372036854775807";
        assert_eq!(answer_limit(&parse(url).unwrap()), 2 * MAX_TIMEOUT);
        let url = "postgresql://h/d?connect_timeout=60";
        assert_eq!(answer_limit(&parse(url).unwrap()), Duration::from_secs(120));
    }

    #[test]
    fn descriptions_do_not_contain_the_password() {
        let config = parse("postgresql://ada:secret@h:1,i:2/shop").unwrap();
        assert_eq!(describe(&config), "h:1, i:2, database shop, user ada");
        for url in [
            "postgresql://ada:sec@ret@h/shop",
            "postgresql://h/shop?user=ada&password=sec@ret",
            "postgresql://h:5432?password=sec@ret",
            "postgresql://ada@h/shop?password=sec&ret",
            "postgresql://ada@h/shop?password=sec&ret=1",
            "postgresql://ada@h/shop?password=sec&sslmode=ret",
        ] {
            let problem = with_search_path(url).and_then(|url| parse(&url));
            let problem = problem.map(drop).unwrap_err().to_string();
            assert!(!problem.contains("ret"), "{problem}");
        }
    }
}
