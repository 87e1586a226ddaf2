//! The first sentence of a term next to each link to it, for `theme/term.js`.

use std::collections::BTreeMap;

use async_workbook::text::escape_html;

/// A link to a term, up to the id of the term.
const LINK: &str = "](glossary.md#";

/// The first sentences of the terms, by their ids.
pub struct Glossary(BTreeMap<String, String>);

impl Glossary {
    /// Parses a Markdown text with definitions: a term, then `: `, then indented lines.
    pub fn parse(text: &str) -> Self {
        let definitions = text.split("\n\n").filter_map(|paragraph| {
            let (term, meaning) = paragraph.trim().split_once("\n  : ")?;
            Some((id(term), first_sentence(meaning)))
        });
        Self(definitions.collect())
    }

    /// Adds an element with the term's first sentence after each link to the glossary.
    pub fn explain(&self, text: &str) -> String {
        let mut parts = text.split(LINK);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (id, rest) = part.split_once(')').unwrap_or((part, ""));
            out += &format!("{LINK}{id})");
            if let Some(sentence) = self.0.get(id) {
                // A bar would end the cell of a table.
                let sentence = escape_html(sentence).replace('|', "&#124;");
                out += &format!("<span data-term=\"{sentence}\"></span>");
            }
            out += rest;
        }
        out
    }
}

/// Turns definitions into sections with the same ids.
pub fn as_sections(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        paragraph.trim().split_once("\n  : ").map_or(
            paragraph.to_owned(),
            |(term, meaning)| {
                format!("## {term} {{ #{} }}\n\n{term}: {meaning}", id(term))
            },
        )
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// The id that mdBook gives to a term or a heading.
pub fn id(term: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let term = term.to_lowercase().replace(' ', "-");
    term.chars().filter(kept).collect()
}

/// The first sentence as plain text: without links and marks of code.
fn first_sentence(meaning: &str) -> String {
    let words = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut plain = String::new();
    for part in words.split('[') {
        match part.split_once("](") {
            Some((text, rest)) => {
                plain += text;
                plain += rest.split_once(')').map_or("", |(_, rest)| rest);
            }
            None => plain += part,
        }
    }
    let plain = plain.replace('`', "");
    // Not at the end of `async { ... }`.
    let mut stops = plain.match_indices(". ").map(|(at, _)| at);
    let end = stops.find(|at| !plain[..*at].ends_with('.'));
    plain[..end.map_or(plain.len(), |at| at + 1)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_by_the_first_sentence_of_its_term() {
        let glossary = "# Glossary\n\n`block_on`\n  : Runs a [future](#future) \"here\",\n    \
            with `a | ... `. More. [Lesson 09]\n\nIn flight\n  : Begun: not done. [Lesson 04]\n";
        let glossary = Glossary::parse(glossary);
        let text = "[`block_on`](glossary.md#block_on) is [new](glossary.md#new), in\n\
                    [flight](glossary.md#in-flight)";
        let expected = "[`block_on`](glossary.md#block_on)<span data-term=\"Runs a future \
                        &quot;here&quot;, with a &#124; ... .\"></span> is [new](glossary.md#new), \
                        in\n[flight](glossary.md#in-flight)<span data-term=\"Begun: not \
                        done.\"></span>";
        assert_eq!(glossary.explain(text), expected);
    }

    #[test]
    fn a_definition_becomes_a_section() {
        let text = "# A\n\nIn flight\n  : Begun:\n    not done.\n\nb\n";
        let expected = "# A\n\n## In flight { #in-flight }\n\nIn flight: Begun:\n    not done.\n\nb\n";
        assert_eq!(as_sections(text), expected);
    }
}
