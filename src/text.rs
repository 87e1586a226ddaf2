//! Text helpers shared by the library, the `cargo workbook` command and the book:
//! measuring, wrapping and clipping text for a terminal, and a few ways to format
//! it.
//!
//! Widths are in terminal columns, as `textwrap` and `unicode-width` measure them:
//! `漢` takes two columns, a combining accent and an ANSI escape sequence take none.

use std::fmt::Display;
use std::time::Duration;

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Returns the width of `text` in columns.
///
/// ```
/// use async_workbook::text::width;
///
/// assert_eq!(width("zoë"), 3);
/// assert_eq!(width("\x1b[31mred\x1b[0m"), 3);
/// assert_eq!(width("漢字"), 4);
/// ```
pub fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// Wraps each line of `text` at spaces so that it fits into `columns`, and puts
/// `indent` in front of every resulting line.
///
/// A line that itself starts with spaces keeps them on its continuation lines. A
/// word that is too long is not broken: it may be a path or an identifier to copy.
///
/// ```
/// use async_workbook::text::wrap;
///
/// assert_eq!(wrap("one two three\nfour", "", 7), "one two\nthree\nfour");
/// assert_eq!(wrap("  one two three", "> ", 12), ">   one two\n>   three");
/// ```
pub fn wrap(text: &str, indent: &str, columns: usize) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.trim_start_matches(' ');
        let indent = format!("{indent}{}", &line[..line.len() - words.len()]);
        let options = Options::new(columns)
            .initial_indent(&indent)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        lines.extend(
            textwrap::wrap(words, options)
                .into_iter()
                .map(|line| line.trim_end().to_owned()),
        );
    }
    lines.join("\n")
}

/// Shortens plain `text` to at most `columns`; an ellipsis marks the cut.
///
/// ```
/// use async_workbook::text::clip;
///
/// assert_eq!(clip("four", 4), "four");
/// assert_eq!(clip("fours", 4), "fou…");
/// assert_eq!(clip("to be", 4), "to…");
/// ```
pub fn clip(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(space) = columns.checked_sub(1) else { return String::new() };
    let ends = text.char_indices().map(|(start, _)| start);
    let end = ends.take_while(|&end| width(&text[..end]) <= space).last();
    format!("{}…", text[..end.unwrap_or(0)].trim_end())
}

/// Clips or pads plain `text` to exactly `columns`.
///
/// ```
/// use async_workbook::text::fit;
///
/// assert_eq!(fit("tea", 5), "tea  ");
/// assert_eq!(fit("biscuit", 5), "bisc…");
/// ```
pub fn fit(text: &str, columns: usize) -> String {
    let text = clip(text, columns);
    let padding = columns.saturating_sub(width(&text));
    text + &" ".repeat(padding)
}

/// Removes ANSI escape sequences: colors, cursor movements, titles and links.
///
/// ```
/// use async_workbook::text::strip_ansi;
///
/// assert_eq!(strip_ansi("\x1b[1;31mred\x1b[0m"), "red");
/// assert_eq!(strip_ansi("\x1b]8;;file:///a\x1b\\here\x1b]8;;\x1b\\"), "here");
/// ```
pub fn strip_ansi(text: &str) -> String {
    filter_escapes(text, |_| false)
}

/// Makes text from an unknown program safe to print: removes escape sequences, control
/// characters except line breaks and tabs, and marks that change the direction of text.
/// If `color` is true, colors remain.
///
/// A color (SGR, "select graphic rendition") has only digits, `;` and `:` between `ESC [`
/// and `m`. With `>` or `?` in it, the sequence sets or queries a mode of the terminal.
///
/// ```
/// use async_workbook::text::sanitize;
///
/// assert_eq!(sanitize("\x1b[2Ja\x07 \x1b[31mred\x1b[m", true), "a \x1b[31mred\x1b[m");
/// assert_eq!(sanitize("\x1b[31mred\x1b[>4;2m", false), "red");
/// assert_eq!(sanitize("10 ms\u{202e}sm 09", false), "10 mssm 09");
/// ```
pub fn sanitize(text: &str, color: bool) -> String {
    let is_color = |sequence: &str| {
        let inner = sequence.strip_prefix("\x1b[").and_then(|s| s.strip_suffix('m'));
        color
            && inner.is_some_and(|inner| {
                inner.chars().all(|c| c.is_ascii_digit() || ";:".contains(c))
            })
    };
    let mut plain = filter_escapes(text, is_color);
    plain.retain(|c| match c {
        '\n' | '\t' | '\x1b' => true,
        // These reorder the characters around them.
        '\u{200e}' | '\u{200f}' | '\u{61c}' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        _ => !c.is_control(),
    });
    plain
}

/// Removes the escape sequences that `keep` rejects.
fn filter_escapes(text: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\x1b') {
        plain.push_str(&rest[..start]);
        let sequence = &rest[start..start + escape_len(&rest[start..])];
        if keep(sequence) {
            plain.push_str(sequence);
        }
        rest = &rest[start + sequence.len()..];
    }
    plain + rest
}

/// Returns the length of the escape sequence at the beginning of `text`.
fn escape_len(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let end = match chars.next() {
        // CSI, "control sequence introducer": ends with a byte from `@` to `~`.
        Some((_, '[')) => chars.find(|(_, char)| ('@'..='~').contains(char)),
        // OSC, "operating system command", and other strings: end with BEL or `ESC \`.
        Some((_, ']' | 'P' | 'X' | '^' | '_')) => {
            let mut previous = ' ';
            chars.find(|&(_, char)| {
                let ends = char == '\x07' || (previous, char) == ('\x1b', '\\');
                previous = char;
                ends
            })
        }
        // The other sequences are two characters long.
        other => other,
    };
    end.map_or(text.len(), |(at, char)| at + char.len_utf8())
}

/// Groups the digits before the decimal point of a number by thousands.
///
/// ```
/// use async_workbook::text::group_thousands;
///
/// assert_eq!(group_thousands(1_234_567), "1,234,567");
/// assert_eq!(group_thousands(format_args!("{:.1}", -1234.5)), "-1,234.5");
/// ```
pub fn group_thousands(number: impl Display) -> String {
    let number = number.to_string();
    let end = number.find('.').unwrap_or(number.len());
    let mut grouped = String::new();
    for (at, char) in number.char_indices() {
        let follows_digit = at > 0 && !number[..at].ends_with('-');
        if at < end && follows_digit && (end - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(char);
    }
    grouped
}

/// Formats a count of things, with a plural `s` where it needs one.
///
/// ```
/// use async_workbook::text::count;
///
/// assert_eq!(count(1, "line"), "1 line");
/// assert_eq!(count(2000, "line"), "2,000 lines");
/// ```
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", group_thousands(number))
}

/// Formats a duration: in milliseconds below one minute, in seconds below two minutes,
/// otherwise in minutes and seconds. Nothing is rounded.
///
/// ```
/// use async_workbook::text::duration;
/// use std::time::Duration;
///
/// assert_eq!(duration(Duration::from_millis(300)), "300 ms");
/// assert_eq!(duration(Duration::from_secs(90)), "90 s");
/// assert_eq!(duration(Duration::from_secs(25 * 60)), "25 min");
/// ```
pub fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    let seconds = |micros| format!("{} s", micros as f64 / 1e6);
    match (micros / 60_000_000, micros % 60_000_000) {
        (0, _) => format!("{} ms", micros as f64 / 1000.0),
        (1, _) => seconds(micros),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, rest) => format!("{minutes} min {}", seconds(rest)),
    }
}

/// Formats a number of milliseconds as [`duration`] does.
///
/// ```
/// assert_eq!(async_workbook::text::millis(90_500), "90.5 s");
/// ```
pub fn millis(millis: u64) -> String {
    duration(Duration::from_millis(millis))
}

/// Makes the first letter upper case.
///
/// ```
/// use async_workbook::text::capitalize;
///
/// assert_eq!(capitalize("één"), "Één");
/// assert_eq!(capitalize(""), "");
/// ```
pub fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// Escapes `text` for HTML and XML, between tags and in double-quoted attributes.
///
/// ```
/// use async_workbook::text::escape_html;
///
/// assert_eq!(escape_html(r#"a < "b" & c"#), "a &lt; &quot;b&quot; &amp; c");
/// ```
pub fn escape_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_breaks_only_at_spaces() {
        let long = "an_identifier_that_is_longer_than_the_line";
        assert_eq!(wrap(long, "", 20), long);
        assert_eq!(wrap("breakfast at ten", "", 4), "breakfast\nat\nten");
        assert_eq!(wrap("time-out", "", 6), "time-out");
    }

    #[test]
    fn wrapping_keeps_blank_lines() {
        assert_eq!(wrap("", "", 4), "");
        assert_eq!(wrap("one\n\ntwo", "  ", 40), "  one\n\n  two");
    }

    #[test]
    fn wrapping_ignores_escape_sequences() {
        assert_eq!(
            wrap("\x1b[31mone two\x1b[0m three", "", 7),
            "\x1b[31mone two\x1b[0m\nthree"
        );
    }

    #[test]
    fn clipping_never_exceeds_the_columns() {
        assert_eq!(clip("漢字漢字", 4), "漢…");
        assert_eq!(clip("漢字", 1), "…");
        assert_eq!(clip("tea", 0), "");
    }

    #[test]
    fn fitting_measures_wide_characters() {
        assert_eq!(fit("漢", 4), "漢  ");
        assert_eq!(fit("漢字漢字", 4), "漢… ");
    }

    #[test]
    fn stripping_ends_each_kind_of_escape_sequence() {
        assert_eq!(strip_ansi("\x1b[2J\x1b[Hhi\x1b]0;title\x07!"), "hi!");
        assert_eq!(strip_ansi("a\x1b7b\x1b[31"), "ab");
        assert_eq!(strip_ansi("\x1bPq#1\x1b\\a\x1b_b\x07c\x1b"), "ac");
        assert_eq!(strip_ansi("\x1b\u{e9}a\x1b]0;\u{e9}"), "a");
    }

    #[test]
    fn sanitizing_keeps_real_colors_only() {
        let colors = "\x1b[1;38:5:9mred\x1b[m\n\ttab";
        assert_eq!(sanitize(colors, true), colors);
        assert_eq!(sanitize(colors, false), "red\n\ttab");
        for other in [
            "\x1b[>4;2m",
            "\x1b[?4m",
            "\x1b[4 m",
            "\x1b[2J",
            "\x1b[1",
            "\x1b]0;title\x07",
            "\x1bP1m\x1b\\",
            "\x1bc",
            "\u{9b}",
            "\r",
            "\x1b",
        ] {
            assert_eq!(sanitize(&format!("a{other}"), true), "a", "{other:?}");
        }
    }

    #[test]
    fn sanitizing_removes_marks_of_direction() {
        for mark in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars()
        {
            assert_eq!(sanitize(&format!("1{mark}0"), true), "10", "{mark:?}");
        }
        // Emoji and some scripts need joiners.
        assert_eq!(sanitize("a\u{200d}b", true), "a\u{200d}b");
    }

    #[test]
    fn a_duration_keeps_its_milliseconds_in_each_unit() {
        assert_eq!(duration(Duration::from_micros(50_500)), "50.5 ms");
        assert_eq!(millis(0), "0 ms");
        assert_eq!(millis(59_999), "59999 ms");
        assert_eq!(millis(60_000), "60 s");
        assert_eq!(millis(119_999), "119.999 s");
        assert_eq!(millis(120_000), "2 min");
        assert_eq!(millis(1_205_043), "20 min 5.043 s");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(group_thousands(0), "0");
        assert_eq!(group_thousands(-100), "-100");
        assert_eq!(group_thousands(1000), "1,000");
        assert_eq!(group_thousands(-123_456), "-123,456");
        assert_eq!(group_thousands("1234.5678"), "1,234.5678");
    }
}
