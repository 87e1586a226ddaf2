//! A block of code or output with a caption.

use std::fmt::Write;
use std::ops::Range;

use async_workbook::text::escape_html;

/// An HTML element around some lines of a block.
pub struct Span {
    pub lines: Range<usize>,
    pub attributes: String,
}

/// Formats a block. The caption is HTML. In `info`, as in Markdown, the first word
/// is the language, and the others become classes. Spans must be nested or disjoint.
pub fn listing(caption: &str, info: &str, text: &str, spans: &[Span]) -> String {
    let text = text.trim_matches('\n').trim_end();
    let block = if spans.is_empty() {
        fenced(info, text)
    } else {
        with_spans(info, text, spans)
    };
    format!("\n\n<p class=\"file\">{caption}</p>\n\n{block}\n\n")
}

/// A fenced block. The fence is longer than any run of backticks in the text.
fn fenced(info: &str, text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{info}\n{text}\n{fence}")
}

/// The same as HTML, because a fenced block cannot contain elements.
fn with_spans(info: &str, text: &str, spans: &[Span]) -> String {
    let classes = info.replace(',', " ");
    let mut out = format!("<pre><code class=\"language-{classes}\">");
    for (at, line) in text.lines().enumerate() {
        let mut begun: Vec<_> =
            spans.iter().filter(|span| span.lines.start == at).collect();
        begun.sort_by_key(|span| std::cmp::Reverse(span.lines.end));
        for span in begun {
            let _ = write!(out, "<span {}>", span.attributes); // cannot fail
        }
        out += &escape_html(line);
        out.push('\n');
        // The line break belongs to the span: a span with `display: block` would add
        // another one otherwise.
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
    fn spans_hold_whole_lines_and_nest() {
        let spans = [span(1..2, "a"), span(1..3, "b")];
        let shown = listing("c", "rust,ignore", "<x>\ny\n\nz", &spans);
        assert!(shown.contains(
            "<code class=\"language-rust ignore\">&lt;x&gt;\n<span b><span a>y\n</span>\n</span>z\n</code>"
        ), "{shown}");
    }
}
