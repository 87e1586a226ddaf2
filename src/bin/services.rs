//! Runs what the lessons run on, for programs outside them: `psql`, the Python
//! programs, your own experiments. Prints where it is, and stays until Ctrl-C.
//!
//! cargo run --bin services

use std::{
    future,
    io::{self, Write},
};

use anyhow::Context;
use async_workbook::postgres;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let database = postgres::start().await?;
    let mut out = io::stdout().lock();
    writeln!(out, "DATABASE_URL={}", database.url())
        .and_then(|()| out.flush())
        .context("could not print where the services are")?;
    eprintln!("Press Ctrl-C to stop.");
    // Ctrl-C ends this process where it stands, without any `Drop`: the guard of the
    // private server cleans up.
    future::pending().await
}
