//! The PostgreSQL server that lessons query.
//!
//! [`start`] uses the server that `DATABASE_URL` names. Without one it starts a
//! private, throw-away server from the PostgreSQL programs on this machine:
//!
//! - It listens on a Unix socket in a folder that only its user can enter, on no
//!   network port.
//! - Its data is a copy of what `initdb` made the first time, kept in Cargo's target
//!   folder as `workbook-postgres/<version>`. Without that cache, or with a broken
//!   one, `initdb` runs again.
//! - A small `sh` watches over it (`src/postgres/guard.sh`). Its standard input is a
//!   pipe that this program holds open; however this program ends, by `return`,
//!   panic, Ctrl-C or `kill -9`, the kernel closes the pipe, and the `sh` stops the
//!   server and removes its folder. A `Drop` alone could do that only for the first
//!   two.
//! - PostgreSQL refuses to run as root, so for root it runs as `postgres` or
//!   `nobody`.
//!
//! Either server then gets the sample tables `users` and `orders`, in a schema of
//! their own, `async_workbook`: nothing else in your database is touched.
//!
//! | variable                | meaning                                                       |
//! |-------------------------|---------------------------------------------------------------|
//! | `DATABASE_URL`          | use this server: `postgresql://user:password@host:5432/name`  |
//! | `WORKBOOK_POSTGRES_BIN` | the folder with `initdb` and `postgres`, instead of a search  |
//! | `TMPDIR`                | where its folder goes, instead of `/dev/shm` or else `/tmp`   |

use std::{env, fmt, path::PathBuf, time::Duration};

use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, config::Host};

mod problem;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod template;

pub use problem::Problem;

/// How long one address of the server in `DATABASE_URL` may take to answer, unless
/// the URL has its own `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A number of our own, so that two lessons never prepare one database at once.
const SETUP_LOCK: i64 = 0x61_7379_6e63;

const SAMPLE_TABLES: &str = "
    CREATE SCHEMA IF NOT EXISTS async_workbook;
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
    INSERT INTO async_workbook.users VALUES
        (1, 'Ada', 'Lisbon'),
        (2, 'Linus', 'Helsinki'),
        (3, 'Grace', 'Oslo'),
        (4, 'Ken', 'Lisbon'),
        (5, 'Barbara', 'Oslo');
    INSERT INTO async_workbook.orders VALUES
        (1, 1, 'notebook', 450),
        (2, 3, 'pencil', 120),
        (3, 1, 'lamp', 2900),
        (4, 2, 'keyboard', 7900),
        (5, 3, 'tea', 600),
        (6, 1, 'chair', 12500);
";

/// A PostgreSQL database with the sample tables `users` and `orders`.
///
/// Keep it for as long as you query: dropping it stops a private server at once, and
/// removes its data. The drop waits for that, usually a few hundredths of a second.
pub struct Database {
    url: String,
    config: Config,
    #[cfg(unix)]
    _server: Option<server::Server>,
}

impl Database {
    /// How to connect: give it to `tokio_postgres` or to a `deadpool_postgres`
    /// manager, with `NoTls`. Its `search_path` is the schema of the sample tables.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// The same as a `postgresql://` URL, for `psql`, Python's `asyncpg` and others.
    ///
    /// It holds the password, if `DATABASE_URL` has one.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

// The URL is left out, because it may hold a password; `Config` hides its own.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut database = f.debug_struct("Database");
        database.field("config", &self.config);
        database.finish_non_exhaustive()
    }
}

/// Connects to the server in `DATABASE_URL`, or starts a private one, and creates
/// the sample tables where they are missing.
///
/// Works on every flavour of Tokio runtime, on the real clock: a paused clock runs
/// ahead while the server, which is another process, works.
///
/// # Errors
///
/// A [`Problem`], when `DATABASE_URL` is not a URL, or its server cannot be reached,
/// refuses the connection or does not let us create the tables; when it is not set
/// and there are no PostgreSQL programs, or they could not make or start a server;
/// and always without it on Windows. It says what to do next, and holds no password.
pub async fn start() -> anyhow::Result<Database> {
    match env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => Ok(use_yours(&url).await?),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Problem::BadUrl("it is not valid UTF-8".into()).into())
        }
        _ => Ok(start_private().await?),
    }
}

/// Another of PostgreSQL's programs, such as `pgbench`: the one beside those that a
/// private server is started from, or else the first on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    #[cfg(unix)]
    let beside = programs::Programs::find().ok().map(|programs| programs.folder);
    #[cfg(not(unix))]
    let beside: Option<PathBuf> = None;
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(env::split_paths(&path));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

async fn use_yours(url: &str) -> Result<Database, Problem> {
    let url = with_search_path(url)?;
    let mut config = parse(&url)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    prepare(&config).await?;
    Ok(Database {
        url,
        config,
        #[cfg(unix)]
        _server: None,
    })
}

#[cfg(not(unix))]
async fn start_private() -> Result<Database, Problem> {
    Err(Problem::NotHere)
}

#[cfg(unix)]
async fn start_private() -> Result<Database, Problem> {
    let programs = blocking(programs::Programs::find).await?;
    let template = template::folder(&programs.version);
    // A template can be damaged in ways that show only in the first query, so it has
    // to carry us through all of this once; otherwise it goes, and `initdb` is run.
    if let Some(template) = template.clone().filter(|folder| folder.is_dir()) {
        let from = server::Data::Copy(template.clone());
        match start_server(programs.clone(), from).await {
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
    // Runs `initdb`, copies files, waits for a process: none of it may hold up a
    // thread that polls tasks.
    let server = blocking(move || server::Server::start(&programs, &data)).await?;
    let url = with_search_path(&server.url())?;
    let config = parse(&url)?;
    prepare(&config).await.map_err(Problem::of_private_server)?;
    Ok(Database { url, config, _server: Some(server) })
}

#[cfg(unix)]
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // Nothing aborts this task, so the only way here is a panic: let it go on.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The URL with our schema as `search_path`, in a form that `tokio-postgres`, `psql`
/// and `asyncpg` all understand.
fn with_search_path(url: &str) -> Result<String, Problem> {
    const SEARCH_PATH: &str = "-csearch_path%3Dasync_workbook";
    let bad = |why: &str| Err(Problem::BadUrl(why.into()));

    if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
        return bad("it does not begin with postgresql://");
    }
    // With two of them, part of a password would pass for a host, and be printed.
    if url.matches('@').count() > 1 {
        return bad("it has more than one @; inside a name or password write %40");
    }
    // A `?` before the `@` belongs to the password.
    let credentials = url.find('@').unwrap_or(0);
    let Some(query) = url[credentials..].find('?').map(|at| credentials + at + 1)
    else {
        return Ok(format!("{url}?options={SEARCH_PATH}"));
    };

    let (base, query) = url.split_at(query);
    let mut found = false;
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.starts_with("options=") && pair.ends_with(SEARCH_PATH) {
            // A URL of ours, come back by way of `DATABASE_URL`.
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
    let config: Config =
        url.parse().map_err(|error| Problem::BadUrl(problem::chain(&error)))?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Problem::BadUrl("it names no host".into()));
    }
    Ok(config)
}

/// Connects once and makes sure that the sample tables are there.
async fn prepare(config: &Config) -> Result<(), Problem> {
    let server = describe(config);
    // `connect_timeout` covers the connection, not a server that accepts it and then
    // says nothing; and a name can stand for two addresses, each with its own limit.
    let limit = *config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT) * 2;
    let (mut client, connection) = match timeout(limit, config.connect(NoTls)).await
    {
        Ok(Ok(connected)) => connected,
        Ok(Err(error)) => return Err(Problem::connecting(server, &error)),
        Err(_) => {
            let why = format!("no answer within {limit:?}");
            return Err(Problem::Unreachable { server, why });
        }
    };
    let connection = tokio::spawn(connection);
    let made = make_tables(&mut client).await;
    // See the connection off, so that a lesson that counts connections counts its
    // own.
    drop(client);
    let _ = connection.await;
    made.map_err(|error| Problem::Tables { server, why: problem::chain(&error) })
}

async fn make_tables(client: &mut Client) -> Result<(), tokio_postgres::Error> {
    let setup = client.transaction().await?;
    setup.execute("SELECT pg_advisory_xact_lock($1)", &[&SETUP_LOCK]).await?;
    // Asked first, because `CREATE SCHEMA IF NOT EXISTS` needs the right to create
    // even where there is nothing to create.
    let there = "SELECT to_regclass('async_workbook.orders') IS NOT NULL";
    if !setup.query_one(there, &[]).await?.get::<_, bool>(0) {
        setup.batch_execute(SAMPLE_TABLES).await?;
    }
    setup.commit().await
}

/// Which server, for error messages: everything but the password.
fn describe(config: &Config) -> String {
    let ports = config.get_ports();
    let mut parts = Vec::new();
    for (i, host) in config.get_hosts().iter().enumerate() {
        let port = ports.get(i).or(ports.first()).unwrap_or(&5432);
        parts.push(match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => folder.display().to_string(),
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
    fn the_search_path_joins_the_options_of_a_url() {
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
    fn a_password_stays_out_of_every_description() {
        let config = parse("postgresql://ada:secret@h:1,i:2/shop").unwrap();
        assert_eq!(describe(&config), "h:1, i:2, database shop, user ada");
        let problem = with_search_path("postgresql://ada:sec@ret@h/shop");
        assert!(!problem.unwrap_err().to_string().contains("ret"));
    }
}
