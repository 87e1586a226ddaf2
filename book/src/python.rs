//! What of a chapter is for readers who know Python, marked so that the others can
//! hide it.
//!
//! Programs and their outputs carry their language themselves. This is for the text.

/// Hides what is marked before the browser first paints it: a script of the theme runs
/// after that. The rest of the switch is in `theme/python.js`.
const HIDE: &str = "<script>try { if (localStorage.getItem('workbook-python') === 'hidden') \
                    document.documentElement.classList.add('no-python') } catch {}</script>";

/// The chapter with the class `python` on its heading "In Python", which stands for
/// the section below it, and around its note for those who come from Python.
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
    fn the_note_and_the_section_are_marked() {
        let text = "# A\n\n> [!NOTE]\n> Coming from Python: b\n> c\n\nd\n\n## In Python\n\ne\n";
        let expected = "# A\n\nHIDE\n<div class=\"python\">\n\n> [!NOTE]\n> Coming from Python: b\n> c\n\n\
                        </div>\n\nd\n\n## In Python { .python }\n\ne\n";
        assert_eq!(marked(text), expected.replace("HIDE", HIDE));
    }

    #[test]
    fn other_notes_and_headings_stay() {
        let text =
            "> [!NOTE]\n> Coming home\n\n## In Python, too\n\n### In Python\n";
        assert_eq!(marked(text), text);
    }
}
