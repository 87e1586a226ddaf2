//! What the lessons stand on: a local web server, a PostgreSQL of their own, a
//! timeline of each run, and the list of lessons.
//!
//! A lesson is a plain program on `tokio`, `reqwest`, `futures`, `tokio-postgres`
//! and `anyhow`; it takes no more than a line or two from here:
//!
//! ```no_run
//! use async_workbook::{postgres, timeline, web};
//!
//! # async fn lesson() -> anyhow::Result<()> {
//! let timeline = timeline::start().await; // record who waits and who runs
//! let server = web::Server::start().await?; // something to fetch from
//! let database = postgres::start().await?; // something to query
//! timeline.print();
//! # Ok(())
//! # }
//! ```

pub mod cargo;
pub mod check;
mod decoder;
mod hints;
mod lessons;
pub mod postgres;
#[cfg(feature = "process")]
pub mod process;
pub mod text;
pub mod timeline;
pub mod web;

pub use decoder::Decoder;
pub use hints::{Hint, Hints};
pub use lessons::{LESSONS, Lesson};
