//! How text is shown: colour, width, and where lines are broken.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// Where results are shown: standard output.
#[derive(Clone, Debug)]
pub struct Screen {
    pub color: bool,
    /// Whether a person looks at it as it is written.
    pub terminal: bool,
    /// Whether paths may be links.
    links: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    Good,
    Bad,
    Changed,
    Strong,
    Quiet,
}

impl Screen {
    pub fn new(color: When) -> Screen {
        let terminal = io::stdout().is_terminal();
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !dumb && !set("NO_COLOR"),
        };
        let vscode =
            env::var_os("TERM_PROGRAM").is_some_and(|name| name == "vscode");
        Screen {
            color,
            terminal: terminal && !dumb,
            links: terminal && !dumb && !vscode,
        }
    }

    /// How many columns there are now: `COLUMNS` where it is set, as lessons have it,
    /// else the terminal's; 80 without one.
    pub fn columns(&self) -> usize {
        let asked =
            env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal = || {
            terminal_size::terminal_size_of(io::stdout()).map(|size| size.0.0.into())
        };
        asked.or_else(terminal).unwrap_or(80).clamp(20, 500)
    }

    /// The same without colour.
    pub fn without_color(&self) -> Screen {
        Screen { color: false, ..self.clone() }
    }

    /// Columns for running text: long lines are hard to read.
    fn text_columns(&self) -> usize {
        self.columns().min(88)
    }

    /// The text in that look, where there is colour.
    pub fn paint(&self, look: Look, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match look {
            Look::Good => "32",
            Look::Bad => "31",
            Look::Changed => "33",
            Look::Strong => "1",
            Look::Quiet => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A path that a terminal can open, where it is one.
    pub fn link(&self, path: &Path, shown: &str) -> String {
        if !self.links {
            return shown.to_owned();
        }
        let mut url = String::from("file://");
        for byte in path.to_string_lossy().bytes() {
            if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                url.push_str(&format!("%{byte:02X}"));
            }
        }
        format!("\x1b]8;;{url}\x1b\\{shown}\x1b]8;;\x1b\\")
    }

    /// Writes a line at once.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn line(&self, text: &str) -> io::Result<()> {
        self.text(&format!("{text}\n"))
    }

    /// Writes at once, without ending a line.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn text(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes running text, its lines broken where the terminal is that narrow.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn wrapped(&self, indent: &str, text: &str) -> io::Result<()> {
        for line in text.lines() {
            self.text(&wrap(line, indent, self.text_columns()))?;
        }
        Ok(())
    }
}

/// A line of text as lines of at most so many columns, each with the indent and its
/// end. What the text itself begins with is put before every line.
pub fn wrap(text: &str, indent: &str, columns: usize) -> String {
    let spaces = text.len() - text.trim_start_matches(' ').len();
    let indent = format!("{indent}{}", &text[..spaces]);
    let room = columns.saturating_sub(width(&indent)).max(10);
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push_str(format!("{indent}{line}").trim_end());
    lines.push('\n');
    lines
}

/// The text, or what of it fits, with a sign that some is missing.
pub fn clipped(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(columns.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short + "…"
}

/// How many columns a text takes, where each character takes one and what sets a
/// look or a link takes none.
pub fn width(text: &str) -> usize {
    let mut count = 0;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            count += 1;
            continue;
        }
        match characters.next() {
            Some('[') => {
                characters.find(|c| c.is_ascii_alphabetic());
            }
            Some(']') => {
                characters.find(|c| matches!(c, '\\' | '\x07'));
            }
            _ => {}
        }
    }
    count
}

/// A number of things, such as `1 line` or `2,000 lines`.
pub fn count(number: u64, what: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let plural = if number == 1 { "" } else { "s" };
    format!("{grouped} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words_and_keeps_its_indent() {
        assert_eq!(wrap("  one two three", "> ", 14), ">   one two\n>   three\n");
        assert_eq!(wrap("", "  ", 40), "\n");
        let long = "an_identifier_that_is_longer_than_the_line";
        assert_eq!(wrap(long, "", 20), format!("{long}\n"));
    }

    #[test]
    fn looks_and_links_take_no_room() {
        assert_eq!(width("\x1b[31mred\x1b[0m"), 3);
        assert_eq!(width("\x1b]8;;file:///a\x1b\\here\x1b]8;;\x1b\\"), 4);
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(clipped("four", 4), "four");
        assert_eq!(clipped("fours", 4), "fou…");
        assert_eq!(clipped("to be", 4), "to…");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(1, "line"), "1 line");
        assert_eq!(count(1_234_567, "line"), "1,234,567 lines");
        assert_eq!(count(100, "line"), "100 lines");
    }
}
