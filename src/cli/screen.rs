//! Writes to stdout: colors, widths and links.

use std::env;
use std::io::{self, Write};
use std::path::Path;

use async_workbook::{terminal, text};
use clap::ColorChoice;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The maximum width of running text: longer lines are hard to read.
const TEXT_COLUMNS: usize = 88;

/// Stdout and its capabilities.
#[derive(Clone, Debug)]
pub struct Screen {
    pub color: bool,
    /// True if stdout is a terminal on which lines can be overwritten.
    pub terminal: bool,
    /// True if the terminal understands OSC 8 links to files.
    links: bool,
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
        Screen { color, terminal, links: terminal && !vscode }
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
    pub fn text(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes one line.
    pub fn line(&self, text: &str) -> io::Result<()> {
        self.text(&format!("{text}\n"))
    }

    /// Writes a JSON document.
    pub fn json(&self, document: &Value) -> io::Result<()> {
        self.line(&format!("{document:#}"))
    }

    /// Writes running text, wrapped.
    pub fn wrapped(&self, indent: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.line(&text::wrap(text, indent, self.text_columns()))
    }

    /// Writes a styled sign and running text, wrapped with a hanging indent.
    pub fn item(
        &self,
        indent: &str,
        style: Style,
        sign: &str,
        text: &str,
    ) -> io::Result<()> {
        let hanging = format!("{indent}  ");
        let text = text::wrap(text, &hanging, self.text_columns());
        // Escape sequences would count as columns, so the sign is added after wrapping.
        let text = text.get(hanging.len()..).unwrap_or_default();
        self.line(&format!("{indent}{} {text}", self.paint(style, sign)))
    }
}
