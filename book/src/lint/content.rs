//! Rules for the content of any page: one title, no skipped heading level, nothing
//! unreplaced, lines of code that fit.

use super::page::{Heading, Page, has};
use crate::compiler;

/// The longest line of code that fits the width of the page.
const COLUMNS: usize = 85;
/// The longest line that fits one of two columns.
const PAIR_COLUMNS: usize = 58;
/// Compiler output has a smaller font.
const COMPILER_COLUMNS: usize = 90;

/// The faults of the page `name`.
pub fn faults(name: &str, page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    // toc.html is shown in an iframe of other pages.
    if name != "toc.html" {
        faults.extend(one_title(page));
    }
    faults.extend(heading_levels(page));
    faults.extend(leftovers(page));
    faults.extend(blocks(page));
    faults
}

fn one_title(page: &Page) -> Option<String> {
    let titles = page.headings.iter().filter(|heading| heading.level == 1).count();
    (titles != 1).then(|| format!("{titles} level-1 headings instead of one"))
}

fn heading_levels(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = 0;
    for Heading { level, text, .. } in &page.headings {
        if *level > before + 1 {
            faults.push(format!(
                "heading `{text}` skips from level {before} to {level}"
            ));
        }
        before = *level;
    }
    faults
}

fn leftovers(page: &Page) -> Vec<String> {
    let marks =
        [("{{#", "an unreplaced directive"), ("][", "an undefined link target")];
    marks
        .iter()
        .filter_map(|(mark, what)| {
            let line = page.prose.lines().find(|line| line.contains(mark))?;
            Some(format!("{what}: `{}`", line.trim()))
        })
        .collect()
}

fn blocks(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    for block in &page.blocks {
        if block.text.trim().is_empty() {
            faults.push("an empty code block".to_owned());
        }
        let compiler = has(&block.classes, "compiler");
        let most = if block.in_pair {
            PAIR_COLUMNS
        } else if compiler {
            COMPILER_COLUMNS
        } else {
            COLUMNS
        };
        // The page wraps the compiler's messages, but not its excerpts of code.
        let wraps = |line: &&str| compiler && compiler::wraps(line);
        for line in block.text.lines().filter(|line| !wraps(line)) {
            let columns = line.chars().count();
            if columns > most {
                let line = line.trim();
                faults.push(format!(
                    "{columns} columns, but only {most} fit: `{line}`"
                ));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(main: &str) -> Vec<String> {
        let html = format!("<main>{main}</main>");
        faults("a.html", &Page::parse(html))
    }

    #[test]
    fn a_good_page_passes() {
        let code = format!("<pre><code>{}\n</code></pre>", "x".repeat(85));
        let pair = format!(
            "<div class=pair><pre><code>{}</code></pre></div>",
            "x".repeat(58)
        );
        let words =
            "<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2><p><code>{{#x}} a[0][1]</code>";
        assert_eq!(found(&format!("{words}{code}{pair}")), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_found() {
        let code =
            |columns| format!("<pre><code>{}</code></pre>", "é".repeat(columns));
        let pair = |columns| format!("<div class=pair>{}</div>", code(columns));
        for (content, fault) in [
            ("<h1>b</h1>", "2 level-1 headings instead of one"),
            ("<h3>b</h3>", "heading `b` skips from level 1 to 3"),
            ("<p>{{#lesson x}}</p>", "an unreplaced directive: `{{#lesson x}}`"),
            ("<p>see [a][b]</p>", "an undefined link target: `see [a][b]`"),
            (&code(0), "an empty code block"),
            (&code(86), "86 columns, but only 85 fit: `ééé"),
            (&pair(59), "59 columns, but only 58 fit: `ééé"),
        ] {
            let found = found(&format!("<h1>a</h1>\n{content}\n"));
            assert!(found.len() == 1 && found[0].starts_with(fault), "{found:?}");
        }
        let untitled = Page::parse("<main></main>".to_owned());
        assert_eq!(
            faults("a.html", &untitled),
            ["0 level-1 headings instead of one"]
        );
        assert!(faults("toc.html", &untitled).is_empty());
    }

    #[test]
    fn only_messages_of_the_compiler_may_be_long() {
        let compiler_output = |line: &str, columns| {
            let rest = "x".repeat(columns - line.len());
            found(&format!(
                "<h1>a</h1><pre><code class='compiler'>{line}{rest}</code></pre>"
            ))
        };
        assert!(compiler_output("error: ", 200).is_empty());
        assert!(compiler_output("   = note: ", 200).is_empty());
        assert!(compiler_output("  | ^ ", 90).is_empty());
        assert!(
            compiler_output("  | ^ ", 91)[0]
                .starts_with("91 columns, but only 90 fit")
        );
    }
}
