//! The library behind the lessons: a local web server, a private PostgreSQL server,
//! a timeline of each run, the exercise kit, and the list of lessons.
//!
//! A lesson is a plain program on `tokio`, `reqwest`, `futures`, `tokio-postgres`
//! and `anyhow`. It needs a line or two of this library at most:
//!
//! ```no_run
//! use async_workbook::{postgres, timeline, web};
//!
//! # async fn lesson() -> anyhow::Result<()> {
//! let timeline = timeline::start().await; // record which futures wait and which run
//! let server = web::Server::start().await?; // something to fetch from
//! let database = postgres::start().await?; // something to query
//! timeline.print();
//! # Ok(())
//! # }
//! ```

pub mod args;
pub mod cargo;
pub mod check;
mod decoder;
mod hints;
mod lessons;
pub mod postgres;
#[cfg(feature = "process")]
pub mod process;
pub mod python;
pub mod terminal;
pub mod text;
mod thread_time;
pub mod timeline;
pub mod web;

pub use decoder::Utf8Decoder;
pub use hints::{Hint, Hints};
pub use lessons::{Knob, LESSONS, Lesson};
