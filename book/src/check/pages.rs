//! What every page keeps: one title, headings in order, nothing unfinished, lines
//! that fit.

use super::page::{Page, has};
use crate::compiler;

/// The widest line of code that fits the page, and beside another block.
const COLUMNS: usize = 85;
const PAIR_COLUMNS: usize = 58;
/// What the compiler prints is set a little smaller, and its messages wrap.
const COMPILER_COLUMNS: usize = 90;

/// What is wrong with the page `name`.
pub fn faults(name: &str, page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    // The list of contents for browsers without scripts, which stands inside another
    // page.
    if name != "toc.html" {
        faults.extend(one_title(page));
    }
    faults.extend(heading_levels(page));
    faults.extend(leftovers(page));
    faults.extend(blocks(page));
    faults
}

fn one_title(page: &Page) -> Option<String> {
    let titles = page.headings.iter().filter(|(level, _)| *level == 1).count();
    (titles != 1).then(|| format!("{titles} headings of the first level, not one"))
}

fn heading_levels(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = 0;
    for (level, words) in &page.headings {
        if *level > before + 1 {
            faults.push(format!(
                "heading `{words}` goes from level {before} to {level}"
            ));
        }
        before = *level;
    }
    faults
}

fn leftovers(page: &Page) -> Vec<String> {
    let marks = [
        ("{{#", "a directive that nothing replaced"),
        ("][", "a link whose target is not defined"),
    ];
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
            faults.push("an empty block of code".to_owned());
        }
        let compiler = has(&block.classes, "compiler");
        let most = match block.in_pair {
            true => PAIR_COLUMNS,
            false if compiler => COMPILER_COLUMNS,
            false => COLUMNS,
        };
        let wraps = |line: &&str| compiler && compiler::wraps(line);
        for line in block.text.lines().filter(|line| !wraps(line)) {
            let columns = line.chars().count();
            if columns > most {
                let line = line.trim();
                faults.push(format!("{columns} columns where {most} fit: `{line}`"));
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
        faults("a.html", &Page::read(html))
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
    fn no_title_or_two() {
        assert_eq!(found("<p>a"), ["0 headings of the first level, not one"]);
        let two = found("<h1>a</h1><h1>b</h1>");
        assert_eq!(two, ["2 headings of the first level, not one"]);
        assert!(
            faults("toc.html", &Page::read("<main></main>".to_owned())).is_empty()
        );
    }

    #[test]
    fn a_skipped_level() {
        let skipped = found("<h1>a</h1><h3>b</h3>");
        assert_eq!(skipped, ["heading `b` goes from level 1 to 3"]);
    }

    #[test]
    fn a_leftover_directive() {
        let found = found("<h1>a</h1>\n<p>{{#lesson x}}</p>\n");
        assert_eq!(found, ["a directive that nothing replaced: `{{#lesson x}}`"]);
    }

    #[test]
    fn an_undefined_reference() {
        let found = found("<h1>a</h1>\n<p>see [this][that]</p>\n");
        assert_eq!(
            found,
            ["a link whose target is not defined: `see [this][that]`"]
        );
    }

    #[test]
    fn an_empty_block() {
        let found = found("<h1>a</h1><pre><code>\n</code></pre>");
        assert_eq!(found, ["an empty block of code"]);
    }

    #[test]
    fn a_line_too_long() {
        let long = format!("<h1>a</h1><pre><code>{}</code></pre>", "é".repeat(86));
        assert!(found(&long)[0].starts_with("86 columns where 85 fit"));
        let long = format!(
            "<h1>a</h1><div class=pair><pre><code>{}</code></pre></div>",
            "x".repeat(59)
        );
        assert!(found(&long)[0].starts_with("59 columns where 58 fit"));
    }

    #[test]
    fn of_the_compiler_only_messages_may_be_long() {
        let said = |line: &str, columns| {
            let rest = "x".repeat(columns - line.len());
            found(&format!(
                "<h1>a</h1><pre><code class='compiler'>{line}{rest}</code></pre>"
            ))
        };
        assert!(said("error: ", 200).is_empty());
        assert!(said("   = note: ", 200).is_empty());
        assert!(said("  | ^ ", 90).is_empty());
        assert!(said("  | ^ ", 91)[0].starts_with("91 columns where 90 fit"));
    }
}
