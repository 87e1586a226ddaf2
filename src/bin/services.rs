//! Runs what the lessons run on, for programs outside them: the Python programs,
//! `psql`, `curl`, your own experiments. Prints where it is, ready to paste, and
//! stays until Ctrl-C.
//!
//! cargo run --bin services

use std::future;
use std::io::{self, Write};

use anyhow::{Context, Result};
use async_workbook::postgres::{self, Problem};
use async_workbook::web;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let server = web::Server::start().await?;
    let database = match postgres::start().await {
        Ok(database) => Some(database),
        // Most lessons need no database. A DATABASE_URL that does not work, or
        // programs that fail, are for the reader to put right.
        Err(error) if is_missing(&error) => {
            eprintln!("There is no database here, only the web server: {error}\n");
            None
        }
        Err(error) => return Err(error),
    };

    let mut exports = format!("export WEB_URL={}\n", quoted(&server.url("")));
    if let Some(database) = &database {
        exports += &format!("export DATABASE_URL={}\n", quoted(&database.url()));
    }
    let mut out = io::stdout().lock();
    out.write_all(exports.as_bytes())
        .and_then(|()| out.flush())
        .context("could not print where the services are")?;
    eprintln!(
        "Paste that into another shell; Ctrl-C here ends it all. (A lesson is run by \
         its name: cargo run --example 03_gather)"
    );
    // Ctrl-C ends this process where it stands, without any `Drop`: the guard of the
    // private server cleans up.
    future::pending().await
}

fn is_missing(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(Problem::NoPrograms { .. } | Problem::NotHere)
    )
}

/// For a shell, which would take an `&` in a URL for its own.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
