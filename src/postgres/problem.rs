//! What can go wrong between a lesson and its database.

use std::{error::Error, fmt};

use tokio_postgres::error::SqlState;

/// Why there is no database. Printed, it says what happened, on what, and what to do
/// next; it never holds a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// No `initdb` and `postgres` that can be run.
    NoPrograms {
        /// The folders searched.
        looked_in: String,
        /// Programs that were found and do not run, a line each; or nothing.
        broken: String,
    },
    /// The private server could not be made or started.
    NoServer {
        /// The step that failed.
        what: String,
        /// What the program that failed has to say.
        why: String,
    },
    /// A private server cannot be started on this operating system.
    NotHere,
    /// `DATABASE_URL` is not a PostgreSQL URL.
    BadUrl(String),
    /// Nothing answers at the address in `DATABASE_URL`.
    Unreachable {
        /// Host, port, database, user.
        server: String,
        /// The operating system's reason.
        why: String,
    },
    /// The server answers, and turns us away.
    Refused {
        /// Host, port, database, user.
        server: String,
        /// The server's reason.
        why: String,
        /// What to do about it.
        next: &'static str,
    },
    /// The sample tables could not be created.
    Tables {
        /// Host, port, database, user.
        server: String,
        /// The server's reason.
        why: String,
    },
}

const EXAMPLE: &str = "DATABASE_URL=postgresql://user:password@localhost:5432/name";

impl Problem {
    /// Sorts out what `connect` failed with, on a server described without password.
    pub(super) fn connecting(server: String, error: &tokio_postgres::Error) -> Self {
        const NO_TLS: &str = "The lessons connect without TLS: use a server that \
            takes such connections, and no sslmode in DATABASE_URL.";
        const LOGIN: &str = "Check user and password in DATABASE_URL.";

        let why = chain(error);
        let next = match error.code() {
            Some(&SqlState::INVALID_PASSWORD) => LOGIN,
            Some(&SqlState::INVALID_CATALOG_NAME) => {
                "Create it with createdb, or name another database in DATABASE_URL."
            }
            Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
                if why.contains("pg_hba.conf") =>
            {
                NO_TLS
            }
            Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => LOGIN,
            Some(_) => "See the server's reason above.",
            None if why.contains("TLS") => NO_TLS,
            None if why.contains("password") => LOGIN,
            None => return Problem::Unreachable { server, why },
        };
        Problem::Refused { server, why, next }
    }

    /// What a failed connection means when `DATABASE_URL` has nothing to do with it.
    #[cfg(unix)]
    pub(super) fn of_private_server(self) -> Self {
        match self {
            Problem::Unreachable { why, .. }
            | Problem::Refused { why, .. }
            | Problem::Tables { why, .. } => Problem::NoServer {
                what: "it runs, and its first query failed".into(),
                why,
            },
            other => other,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoPrograms { looked_in, broken } => write!(
                f,
                "found no PostgreSQL programs (initdb and postgres) that run\n\n\
                 Looked in: {looked_in}\n{broken}\n\
                 Install PostgreSQL, and run this again:\n  \
                 Debian, Ubuntu   sudo apt-get install postgresql\n  \
                 Fedora           sudo dnf install postgresql-server\n  \
                 macOS            brew install postgresql@17\n\
                 Or, as on Windows, set DATABASE_URL to a server you have:\n  \
                 {EXAMPLE}"
            ),
            Problem::NoServer { what, why } => write!(
                f,
                "could not start a private PostgreSQL server: {what}\n\n{why}\n\n\
                 Put right what it says, or use a server you have:\n  {EXAMPLE}"
            ),
            Problem::NotHere => write!(
                f,
                "cannot start a private PostgreSQL server on this system\n\n\
                 Set DATABASE_URL to a server you have:\n  {EXAMPLE}"
            ),
            Problem::BadUrl(why) => write!(
                f,
                "cannot use DATABASE_URL: {why}\n\nIt should look like this:\n  \
                 {EXAMPLE}\nOr unset it, to have a private server started for you."
            ),
            Problem::Unreachable { server, why } => write!(
                f,
                "cannot reach the PostgreSQL server in DATABASE_URL ({server}): \
                 {why}\n\nCheck that it runs, and its host and port; or unset \
                 DATABASE_URL, to have a private server started for you."
            ),
            Problem::Refused { server, why, next } => write!(
                f,
                "the PostgreSQL server in DATABASE_URL ({server}) refused the \
                 connection: {why}\n\n{next}\nOr unset DATABASE_URL, to have a \
                 private server started for you."
            ),
            Problem::Tables { server, why } => write!(
                f,
                "cannot create the sample tables, schema async_workbook \
                 ({server}): {why}\n\nUse a database you may create a schema in, or \
                 unset DATABASE_URL, to have a private server started for you."
            ),
        }
    }
}

impl Error for Problem {}

/// An error and its causes in one line. `tokio-postgres` says no more than "db
/// error" by itself, and keeps the server's words in the cause.
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
