//! Marks the parts of a chapter that are for readers who know Python, so that others
//! can hide them with a switch (`theme/python.js`).
//!
//! Code blocks already have a class for their language. This marks text.

/// Hides the marked parts before the first paint. The theme's scripts run too late
/// for that: the parts would flash.
const HIDE: &str = "<script>try { if (localStorage.getItem('workbook-python') === 'hidden') \
                    document.documentElement.classList.add('no-python') } catch {}</script>";

/// Adds the class `python` to the heading "In Python", which covers the section
/// below it, and to the note "Coming from Python".
pub fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + HIDE.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let from_python = |next: &&str| next.starts_with("> Coming from Python:");
        if line.trim_end() == "## In Python" {
            out += "## In Python { .python }\n";
        } else if line.starts_with("> [!") && lines.peek().is_some_and(from_python) {
            out += HIDE;
            out += "\n<div class=\"python\">\n\n";
            out += line;
            while let Some(line) = lines.next_if(|line| line.starts_with('>')) {
                out += line;
            }
            out += "\n</div>\n";
        } else {
            out += line;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn note_and_section_are_marked() {
        let text = "# A\n\n> [!NOTE]\n> Coming from Python: b\n> c\n\nd\n\n## In Python\n\ne\n";
        let expected = "# A\n\nHIDE\n<div class=\"python\">\n\n> [!NOTE]\n> Coming from Python: b\n> c\n\n\
                        </div>\n\nd\n\n## In Python { .python }\n\ne\n";
        assert_eq!(marked(text), expected.replace("HIDE", HIDE));
    }

    #[test]
    fn other_notes_and_headings_are_unchanged() {
        let text =
            "> [!NOTE]\n> Coming home\n\n## In Python, too\n\n### In Python\n";
        assert_eq!(marked(text), text);
    }
}
