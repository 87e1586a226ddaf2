//! Writes to stdout: colors, widths and links.
//!
//! A command whose output cannot be written still does its work: a pass is saved, although
//! `head` has exited or the disk is full. So a [`Screen`] keeps the error until the end.

use std::cell::RefCell;
use std::env;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use async_workbook::{terminal, text};
use clap::ColorChoice;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The maximum width of running text: longer lines are hard to read.
const TEXT_COLUMNS: usize = 88;

/// Stdout and its capabilities.
#[derive(Debug)]
pub struct Screen {
    pub color: bool,
    /// True if stdout is a terminal on which lines can be overwritten.
    pub terminal: bool,
    /// True if the terminal understands OSC 8 links to files.
    links: bool,
    /// The first error, after which nothing is written.
    error: RefCell<Option<io::Error>>,
}

/// The color or weight of a piece of text.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    Good,
    Bad,
    Warning,
    Strong,
    Quiet,
}

impl Screen {
    pub fn new(color: ColorChoice) -> Screen {
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal::color(),
        };
        let terminal = terminal::is_capable();
        // VS Code turns plain paths into links that open in the editor.
        let vscode =
            env::var_os("TERM_PROGRAM").is_some_and(|name| name == "vscode");
        let (links, error) = (terminal && !vscode, RefCell::default());
        Screen { color, terminal, links, error }
    }

    /// Returns the current width in columns.
    pub fn columns(&self) -> usize {
        terminal::columns().clamp(20, 500)
    }

    /// Returns the width at which running text wraps.
    pub fn text_columns(&self) -> usize {
        self.columns().min(TEXT_COLUMNS)
    }

    /// Styles `text` if the screen has color.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match style {
            Style::Good => "32",
            Style::Bad => "31",
            Style::Warning => "33",
            Style::Strong => "1",
            Style::Quiet => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Makes `shown` a link to a file, if the terminal can open links.
    pub fn link(&self, path: &Path, shown: &str) -> String {
        if !self.links {
            return shown.to_owned();
        }
        const RESERVED: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-');
        let path = path.to_string_lossy();
        let url = utf8_percent_encode(&path, RESERVED);
        format!("\x1b]8;;file://{url}\x1b\\{shown}\x1b]8;;\x1b\\")
    }

    /// Writes and flushes `text`.
    pub fn text(&self, text: &str) {
        if self.is_open() {
            let mut out = io::stdout().lock();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            self.error.replace(written.err());
        }
    }

    /// Returns false after an error.
    pub fn is_open(&self) -> bool {
        self.error.borrow().is_none()
    }

    /// Returns the first error, unless it is a broken pipe: `head` may have exited.
    pub fn finish(&self) -> io::Result<()> {
        let is_error = |error: &io::Error| error.kind() != ErrorKind::BrokenPipe;
        self.error.take().filter(is_error).map_or(Ok(()), Err)
    }

    /// Writes one line.
    pub fn line(&self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    /// Writes a JSON document.
    pub fn json(&self, document: &Value) {
        self.line(&format!("{document:#}"));
    }

    /// Writes running text, wrapped.
    pub fn wrapped(&self, indent: &str, text: &str) {
        if !text.is_empty() {
            self.line(&text::wrap(text, indent, self.text_columns()));
        }
    }

    /// Writes a styled sign and running text, wrapped with a hanging indent.
    pub fn item(&self, indent: &str, style: Style, sign: &str, text: &str) {
        let hanging = format!("{indent}  ");
        let text = text::wrap(text, &hanging, self.text_columns());
        // Escape sequences would count as columns, so the sign is added after wrapping.
        let text = text.get(hanging.len()..).unwrap_or_default();
        self.line(&format!("{indent}{} {text}", self.paint(style, sign)));
    }
}
