//! Formats the compiler's output for a page, with the colors of a terminal.

use async_workbook::text::escape_html;

/// Returns whether a line is part of a message, rather than an excerpt of code.
/// Messages wrap, code scrolls.
pub fn wraps(line: &str) -> bool {
    gutter(line) == 0
}

/// The indentation and the label, such as `error[E0728]`, of the first line of a
/// message.
fn message(line: &str) -> Option<(usize, &str)> {
    let message = line.trim_start_matches([' ', '=']);
    let label = message.split(':').next()?;
    let kind = label.split('[').next()?;
    let known = matches!(kind, "error" | "warning" | "note" | "help");
    (known && label.len() < message.len())
        .then_some((line.len() - message.len(), label))
}

/// Formats the output as HTML, with `marked` lines. `<b>` is an `error` or `advice`.
pub fn html(output: &str, marked: &[usize]) -> String {
    let mut html = "<pre><code class=\"nohighlight compiler\">".to_owned();
    let mut class = "error";
    for (at, line) in output.trim_end().lines().enumerate() {
        let is_marked = marked.contains(&at);
        html += if is_marked { "<span class=\"mark\">" } else { "" };
        if let Some((indent, label)) = message(line) {
            class = if label.starts_with("error") { "error" } else { "advice" };
            let (before, rest) = line.split_at(indent);
            let rest = escape_html(&rest[label.len()..]);
            let label = format!("<b class=\"{class}\">{label}</b>");
            html += &format!("<span>{before}{label}{rest}</span>");
        } else if line.is_empty() {
            // Only its line break.
        } else if wraps(line) {
            html += &format!("<span>{}</span>", escape_html(line));
        } else {
            let (gutter, rest) = line.split_at(gutter(line));
            let marks = gutter.contains('|') && !gutter.contains(is_digit);
            let at = rest.find(['^', '+']).filter(|_| marks).unwrap_or(rest.len());
            let (before, mark) = rest.split_at(at);
            let [gutter, before, mark] = [gutter, before, mark].map(escape_html);
            html += &format!("<i>{gutter}</i>{before}");
            if !mark.is_empty() {
                html += &format!("<b class=\"{class}\">{mark}</b>");
            }
        }
        html += if is_marked { "\n</span>" } else { "\n" };
    }
    html + "</code></pre>"
}

/// The length of the part of a line before the code: `12 |`, or all of a line such
/// as ` --> file:12:3`.
fn gutter(line: &str) -> usize {
    let number = line.trim_start_matches(|c| c == ' ' || is_digit(c));
    match number {
        rest if rest.starts_with('|') => line.len() - rest.len() + 1,
        rest if rest.starts_with("--> ") || rest == "..." => line.len(),
        _ => 0,
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_labels() {
        assert_eq!(message("error[E0728]: a"), Some((0, "error[E0728]")));
        assert_eq!(message("help: a"), Some((0, "help")));
        assert_eq!(message("   = note: a: b"), Some((5, "note")));
        for line in ["  |", "3 | fn note: a", "help", " --> a.rs:1:2", "For more: a"]
        {
            assert_eq!(message(line), None, "{line}");
        }
        assert!(wraps("error: a") && wraps("   = note: a") && wraps("For more: a"));
        for line in ["  |", "12 | f()", "3 |", "...", "  --> a.rs:1:2"] {
            assert!(!wraps(line), "{line}");
        }
    }

    #[test]
    fn errors_and_advice_have_classes() {
        let output = "error[E1]: no\n --> a.rs:3:1\n  |\n3 |     f::<T>();\n  |     ---- ^ no\n\
                    help: try\n  |\n3 |     g();\n  |     +\n\nFor more\n";
        assert_eq!(
            html(output, &[1, 3]),
            "<pre><code class=\"nohighlight compiler\">\
             <span><b class=\"error\">error[E1]</b>: no</span>\n\
             <span class=\"mark\"><i> --&gt; a.rs:3:1</i>\n</span><i>  |</i>\n\
             <span class=\"mark\"><i>3 |</i>     f::&lt;T&gt;();\n</span>\
             <i>  |</i>     ---- <b class=\"error\">^ no</b>\n\
             <span><b class=\"advice\">help</b>: try</span>\n<i>  |</i>\n\
             <i>3 |</i>     g();\n<i>  |</i>     <b class=\"advice\">+</b>\n\
             \n<span>For more</span>\n</code></pre>"
        );
    }
}
