//! The errors of [`start`](super::start).

use std::error::Error;
use std::fmt;

use tokio_postgres::error::SqlState;

use super::PrepareError;
use crate::text::sanitize;

/// An error of [`start`](super::start).
///
/// Its message names the problem and what to do next. It never contains a password.
#[derive(Debug)]
pub struct Problem {
    message: String,
    missing: bool,
}

const EXAMPLE: &str = "DATABASE_URL=postgresql://user:password@localhost:5432/name";

const POOLER: &str = "A connection pooler such as PgBouncer does not pass on the \
    search_path that the lessons need. Use the address of PostgreSQL itself.";

impl Problem {
    /// Returns whether PostgreSQL is not installed (or, on Windows, cannot be
    /// started) and `DATABASE_URL` is not set, as opposed to a server that does not
    /// work.
    pub fn is_missing(&self) -> bool {
        self.missing
    }

    fn new(message: String) -> Self {
        // Parts of it come from the server or from DATABASE_URL.
        Self { message: sanitize(&message, false), missing: false }
    }

    /// No `initdb` and `postgres` that run were found. `broken` has one line for each
    /// program that was found but does not run.
    #[cfg(unix)]
    pub(super) fn no_programs(searched: &str, broken: &str) -> Self {
        let message = format!(
            "found no PostgreSQL programs (initdb and postgres) that run\n\n\
             Looked in: {searched}\n{broken}\n\
             Install PostgreSQL, and run this again:\n  \
             Debian, Ubuntu   sudo apt-get install postgresql\n  \
             Fedora           sudo dnf install postgresql-server\n  \
             macOS            brew install postgresql@17\n\
             Or set DATABASE_URL to a server you have:\n  {EXAMPLE}"
        );
        Self { message, missing: true }
    }

    #[cfg(not(unix))]
    pub(super) fn unsupported() -> Self {
        let message = format!(
            "cannot start a private PostgreSQL server on this operating system\n\n\
             Set DATABASE_URL to a server you have:\n  {EXAMPLE}"
        );
        Self { message, missing: true }
    }

    /// A private server could not be started. `what` is the failed step.
    #[cfg(unix)]
    pub(super) fn private_server(what: &str, why: &str) -> Self {
        let why = why.trim_end();
        Self::new(format!(
            "could not start a private PostgreSQL server: {what}\n\n{why}\n\n\
             Fix this, or set DATABASE_URL to a server you have:\n  {EXAMPLE}"
        ))
    }

    pub(super) fn invalid_url(why: &str) -> Self {
        Self::new(format!(
            "invalid DATABASE_URL: {why}\n\nIt should look like this:\n  {EXAMPLE}\n\
             Or unset it to use a private server."
        ))
    }

    /// The server in `DATABASE_URL` cannot be used. `server` describes it without
    /// the password.
    pub(super) fn database_url(server: &str, error: &PrepareError) -> Self {
        let connect = match error {
            PrepareError::Connect(error) => next_step(error),
            _ => None,
        };
        let (what, next) = match error {
            PrepareError::Connect(_) | PrepareError::NoLogin(_) => match connect {
                Some(next) => ("refused the connection", next),
                None => {
                    return Self::new(format!(
                        "could not connect to the PostgreSQL server in DATABASE_URL \
                         ({server}): {error}\n\nCheck the host and the port, and that the \
                         server is running; or unset DATABASE_URL to use a private server."
                    ));
                }
            },
            PrepareError::NoAnswer(_) => (
                "does not answer a query",
                "It may be overloaded or suspended, or another session may hold a lock on \
                 the tables in schema async_workbook.",
            ),
            PrepareError::Locked(_) => (
                "cannot prepare the sample tables",
                "End that session. (Lessons hold this lock while they create the tables.)",
            ),
            PrepareError::Create(error) => (
                "cannot create the sample tables in schema async_workbook",
                match error.code() {
                    Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                        "The user needs the right to create a schema: GRANT CREATE ON \
                         DATABASE name TO user. Or use a database where it has that right."
                    }
                    _ => "Use a database in which you may create a schema.",
                },
            ),
            PrepareError::Read(error) => (
                "cannot read the sample tables in schema async_workbook",
                match error.code() {
                    Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                        "The schema may belong to another user, who can GRANT USAGE ON \
                         SCHEMA async_workbook and SELECT ON its tables; or use another \
                         database."
                    }
                    _ => "See the reason above.",
                },
            ),
            PrepareError::Changed => (
                "has other sample tables or rows in schema async_workbook than the lessons need",
                "Drop the schema, and the next start creates it again: DROP SCHEMA \
                 async_workbook CASCADE",
            ),
            PrepareError::NoSearchPath => {
                ("does not use the search_path of the connection's options", POOLER)
            }
        };
        Self::new(format!(
            "the PostgreSQL server in DATABASE_URL ({server}) {what}: {error}\n\n{next}\n\
             Or unset DATABASE_URL to use a private server."
        ))
    }
}

/// Returns advice on a refused connection; `None` if the server could not be
/// reached.
fn next_step(error: &tokio_postgres::Error) -> Option<&'static str> {
    const NO_TLS: &str = "The lessons connect without TLS: use a server that accepts \
        such connections, and remove sslmode from DATABASE_URL.";
    const METHOD: &str = "The lessons log in with a password (scram-sha-256, md5 or \
        password) or without one (trust): the server's pg_hba.conf needs a rule with \
        such a method.";
    const LOGIN: &str = "Check the user and the password in DATABASE_URL.";

    let why = chain(error);
    // The server's messages may be in any language, but names are not translated.
    Some(match error.code() {
        Some(&SqlState::INVALID_PASSWORD) => LOGIN,
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            "Create it with createdb, or change the database in DATABASE_URL."
        }
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
            if why.contains("pg_hba.conf rejects") =>
        {
            "A rule in the server's pg_hba.conf rejects this user, database or address: \
             change the rule, or use another user or database."
        }
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
            if why.contains("pg_hba.conf") =>
        {
            "The server's pg_hba.conf needs a rule that allows this user, database and \
             address without TLS: the lessons connect without TLS."
        }
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
            if why.contains("certificate") =>
        {
            NO_TLS
        }
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
            if why.contains("Ident") || why.contains("Peer") =>
        {
            METHOD
        }
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => LOGIN,
        Some(_) if why.contains("startup parameter") => POOLER,
        Some(_) => "See the reason above.",
        None if why.contains("channel binding") => {
            "Channel binding needs TLS, and the lessons connect without TLS: remove \
             channel_binding from DATABASE_URL."
        }
        None if why.contains("authentication method") || why.contains("SASL") => {
            METHOD
        }
        None if why.contains("read only") || why.contains("allow writes") => {
            "Remove target_session_attrs from DATABASE_URL, or use a server that has \
             these attributes. (The lessons need to write once.)"
        }
        None if why.contains("TLS") || why.contains("ssl") => NO_TLS,
        None if why.contains("password") => LOGIN,
        None if why.contains("invalid configuration") => "Fix it in DATABASE_URL.",
        None => return None,
    })
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Problem {}

/// Formats an error and its causes on one line. The message of a `tokio_postgres`
/// error is often only "db error"; the server's message is in the cause.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = match text.as_str() {
            "db error" => error.to_string(),
            _ => format!("{text}: {error}"),
        };
        cause = error.source();
    }
    text
}
