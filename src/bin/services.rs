//! Runs the lessons' web server and database for other programs: the Python
//! programs, `psql`, `curl`, your own experiments. Prints their URLs as `export`
//! lines and runs until Ctrl-C.
//!
//! cargo run --bin services

use std::env;
use std::future;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use async_workbook::postgres::{self, Problem};
use async_workbook::web;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    if env::args_os().len() > 1 {
        eprintln!("services takes no arguments. Usage: cargo run --bin services");
        return Ok(ExitCode::from(2));
    }
    let server = web::Server::start().await?;
    let database = match postgres::start().await {
        Ok(database) => Some(database),
        // Most lessons need no database. A DATABASE_URL or a PostgreSQL that does
        // not work is an error, though: the user meant to use it.
        Err(error) if is_missing(&error) => {
            eprintln!("Starting the web server only, without a database: {error}\n");
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
        .context("could not print the URLs")?;
    eprintln!(
        "Paste these lines into another shell; Ctrl-C stops the servers. (To run a \
         lesson, use its name: cargo run --example 03_gather)"
    );
    // Ctrl-C kills this process without running any `Drop`; the guard of the private
    // server cleans up.
    future::pending().await
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(Problem::is_missing)
}

/// Quotes `text` for a shell, which would interpret an `&` in a URL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
