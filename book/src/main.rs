//! The command `cargo book`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use mdbook_preprocessor::Preprocessor;

use async_workbook::LESSONS;
use async_workbook::text::count;
use book::{Workbook, lint, pdf, picture, render, serve, shutdown_signal};

/// Builds, serves, checks and prints the book
#[derive(Parser)]
#[command(name = "cargo book", bin_name = "cargo book")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the pages
    Build {
        /// The folder to write to [default: book/html]
        #[arg(long, value_name = "DIR")]
        dest: Option<PathBuf>,
    },
    /// Build the pages and serve them, with buttons that run lessons
    Serve(serve::Options),
    /// Build the pages into a temporary folder and check their links, headings and
    /// code
    Test,
    /// Print the whole book to a PDF, with an installed Chromium
    Pdf {
        /// The file to write [default: book/async-workbook.pdf]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The Chromium, Chrome or Edge to use [default: the first one found]
        #[arg(long, value_name = "PROGRAM")]
        browser: Option<PathBuf>,
    },
    /// Redraw the picture in the README
    Picture,
    /// Act as the preprocessor of `mdbook build`
    Preprocess {
        #[command(subcommand)]
        query: Option<Query>,
    },
}

#[derive(Subcommand)]
enum Query {
    /// Exit with status 0 if the renderer is supported, 1 if it is not
    Supports { renderer: String },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        .init();
    run(arguments.command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode> {
    let book = render::book_dir();
    match command {
        Command::Build { dest } => {
            let start = Instant::now();
            let pages = render::build(&book, dest.as_deref())?;
            let (index, took) = (pages.join("index.html"), start.elapsed());
            println!("Built {} in {:.1} s", index.display(), took.as_secs_f32());
        }
        Command::Serve(options) => {
            let runtime = runtime()?;
            let served = runtime.block_on(serve::serve(&book, options));
            // Does not wait for threads that are blocked, as in a read of a FIFO.
            runtime.shutdown_background();
            served?;
        }
        Command::Test => {
            let folder = render::work_folder()?;
            let pages = render::build(&book, Some(&folder.path().join("html")))?;
            let report = lint::book(&book, &pages, LESSONS)?;
            if !report.faults.is_empty() {
                let faults = count(report.faults.len() as u64, "fault");
                let list = report.faults.join("\n  ");
                bail!("{faults} in the book:\n  {list}");
            }
            println!("{report}");
        }
        Command::Pdf { out, browser } => {
            let start = Instant::now();
            let browser = pdf::browser(browser)?;
            let out = out.unwrap_or_else(|| book.join("async-workbook.pdf"));
            let bytes = runtime()?.block_on(async {
                tokio::select! {
                    biased;
                    () = shutdown_signal()? => bail!("interrupted"),
                    bytes = pdf::print(&book, &browser, &out, pdf::DEADLINE) => bytes,
                }
            })?;
            let (file, took) = (out.display(), start.elapsed().as_secs_f32());
            let mib = bytes as f64 / f64::from(1 << 20);
            println!("Wrote {file} ({mib:.1} MiB) in {took:.1} s");
        }
        Command::Picture => {
            let path = book.join(picture::FILE);
            std::fs::write(&path, picture::draw(&book.join(".."))?)
                .with_context(|| format!("could not write {}", path.display()))?;
        }
        Command::Preprocess { query: None } => {
            let (context, chapters) = mdbook_preprocessor::parse_input(io::stdin())?;
            let chapters = Workbook.run(&context, chapters)?;
            let mut out = io::stdout().lock();
            let context = "could not write the chapters to stdout";
            serde_json::to_writer(&mut out, &chapters).context(context)?;
            out.flush().context(context)?;
        }
        Command::Preprocess { query: Some(Query::Supports { renderer }) } => {
            if !Workbook.supports_renderer(&renderer)? {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the tokio runtime")
}
