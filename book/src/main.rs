//! `cargo book`: build the book, serve it, check it.

use anyhow::{Context, Result, bail};
use async_workbook::LESSONS;
use book::{Workbook, check, new, pdf, picture, render, serve};
use clap::{Parser, Subcommand};
use mdbook_preprocessor::Preprocessor;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Build the book, serve it, check it.
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
        /// Where to put them [default: book/html]
        #[arg(long, value_name = "DIR")]
        dest: Option<PathBuf>,
    },
    /// Build the pages and serve them to this machine, where they run the lessons
    Serve {
        /// The port to listen on; a busy one gives way to the next
        #[arg(long, default_value_t = 3000)]
        port: u16,
        /// Open the book in the browser
        #[arg(long)]
        open: bool,
    },
    /// Build the pages into a temporary folder and check them
    Test,
    /// Print the whole book to a PDF, by an installed Chromium
    Pdf {
        /// The file to write [default: book/async-workbook.pdf]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The Chromium, Chrome or Edge to print with [default: the first one found]
        #[arg(long, value_name = "PROGRAM")]
        browser: Option<PathBuf>,
    },
    /// Draw the README's picture anew
    Picture,
    /// Write the skeleton of each lesson in src/lessons.rs that has no files yet
    New,
    /// Replace the directives in chapters, as `mdbook build` asks for it
    Preprocess {
        #[command(subcommand)]
        question: Option<Question>,
    },
}

#[derive(Subcommand)]
enum Question {
    /// Say by the exit code whether chapters are prepared for that renderer
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
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build { dest } => {
            let begun = Instant::now();
            let pages = render::build(&render::book_dir(), dest.as_deref())?;
            let (index, took) = (pages.join("index.html"), begun.elapsed());
            println!("Built {} in {:.1} s", index.display(), took.as_secs_f32());
        }
        Command::Serve { port, open } => {
            runtime()?.block_on(serve::serve(&render::book_dir(), port, open))?;
        }
        Command::Test => {
            let folder = tempfile::tempdir()?;
            let pages = render::build(
                &render::book_dir(),
                Some(&folder.path().join("html")),
            )?;
            let report = check::book(&render::book_dir(), &pages, LESSONS)?;
            if !report.faults.is_empty() {
                let count = report.faults.len();
                bail!(
                    "{count} faults in the book:\n  {}",
                    report.faults.join("\n  ")
                );
            }
            println!("{report}");
        }
        Command::Pdf { out, browser } => {
            let begun = Instant::now();
            let browser = pdf::browser(browser)?;
            let book = render::book_dir();
            let out = out.unwrap_or_else(|| book.join("async-workbook.pdf"));
            let make = pdf::make(&book, &browser, &out, pdf::PATIENCE);
            let made = runtime()?.block_on(async {
                tokio::select! {
                    biased;
                    _ = tokio::signal::ctrl_c() => bail!("interrupted"),
                    made = make => made,
                }
            })?;
            let (file, took) = (out.display(), begun.elapsed().as_secs_f32());
            println!("Wrote {file}: {made}, in {took:.1} s");
        }
        Command::Picture => {
            let path = render::book_dir().join(picture::FILE);
            std::fs::write(&path, picture::draw(&render::book_dir().join(".."))?)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Command::New => {
            let root = render::book_dir().join("..");
            let written = new::write_missing(&root, LESSONS)?;
            if written.is_empty() {
                println!("Every lesson in src/lessons.rs has its files.");
                return Ok(ExitCode::SUCCESS);
            }
            for path in written {
                println!("wrote {}", path.display());
            }
            println!(
                "\nNext, to list the lesson everywhere and to accept its output:\n  \
                 UPDATE=1 cargo test --test consistency\n  \
                 INSTA_UPDATE=always cargo test"
            );
        }
        Command::Preprocess { question: None } => {
            let (context, book) = mdbook_preprocessor::parse_input(io::stdin())?;
            let book = Workbook.run(&context, book)?;
            let mut out = io::stdout().lock();
            serde_json::to_writer(&mut out, &book)?;
            out.flush().context("cannot hand the chapters back")?;
        }
        Command::Preprocess { question: Some(Question::Supports { renderer }) } => {
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
        .context("cannot start the runtime")
}
