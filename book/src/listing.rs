//! A block of code or output below its caption.

use crate::html::escaped;
use std::fmt::Write;
use std::ops::Range;

/// Some lines of a block, and the attributes of the element that holds them.
pub struct Span {
    pub lines: Range<usize>,
    pub attributes: String,
}

/// A block below its caption, which is HTML. The first word of `info` is the
/// language, the others become classes. Spans have lines, and are nested or apart.
pub fn listing(caption: &str, info: &str, text: &str, spans: &[Span]) -> String {
    let text = text.trim_matches('\n').trim_end();
    let block = if spans.is_empty() {
        fenced(info, text)
    } else {
        with_spans(info, text, spans)
    };
    format!("\n\n<p class=\"file\">{caption}</p>\n\n{block}\n\n")
}

/// Fenced by more backticks than the text holds in a row.
fn fenced(info: &str, text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{info}\n{text}\n{fence}")
}

/// The same as HTML, since a fence holds no elements.
fn with_spans(info: &str, text: &str, spans: &[Span]) -> String {
    let classes = info.replace(',', " ");
    let mut out = format!("<pre><code class=\"language-{classes}\">");
    for (at, line) in text.lines().enumerate() {
        let mut begun: Vec<_> =
            spans.iter().filter(|span| span.lines.start == at).collect();
        begun.sort_by_key(|span| std::cmp::Reverse(span.lines.end));
        for span in begun {
            let _ = write!(out, "<span {}>", span.attributes); // to a String: cannot fail
        }
        out += &escaped(line);
        out.push('\n');
        // Inside its span, so that a span shown as a block adds no empty line.
        let ended = spans.iter().filter(|span| span.lines.end == at + 1).count();
        out += &"</span>".repeat(ended);
    }
    out + "</code></pre>"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(lines: Range<usize>, attributes: &str) -> Span {
        Span { lines, attributes: attributes.to_owned() }
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert!(
            listing("c", "text", "a\n````\nb", &[])
                .contains("\n`````text\na\n````\nb\n`````\n")
        );
    }

    #[test]
    fn spans_hold_whole_lines_and_lie_in_one_another() {
        let spans = [span(1..2, "a"), span(1..3, "b")];
        let shown = listing("c", "rust,ignore", "<x>\ny\n\nz", &spans);
        assert!(shown.contains(
            "<code class=\"language-rust ignore\">&lt;x&gt;\n<span b><span a>y\n</span>\n</span>z\n</code>"
        ), "{shown}");
    }
}
