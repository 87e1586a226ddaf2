//! Makes sure that a verdict is that of the lesson's own check.
//!
//! The learner's file declares the check, with `mod check;` at its end, so it can also
//! declare another one: by mistake, as when the last lines are lost in a paste, or to
//! bypass it. Four facts are checked, and each has its own message:
//!
//! - The program was built from the lesson's `check.rs` and the other modules of
//!   `starter.rs`: rustc lists the sources of a program in a file for make.
//! - The learner's file defines no macro that `check.rs` uses, such as `format!`.
//! - `check.rs` created the exercise whose results arrive.
//! - The checks that ran are those that the file lists.
//!
//! The output of the learner's code cannot be taken for a result: see
//! [`event`](super::event).

use std::fs;
use std::path::Path;

/// The lines with which an exercise has to end.
const ENDING: &str = "the file must end with the lines `#[cfg(test)]` and `mod check;`, as starter.rs does";

/// Returns the reason if a program lacks the lesson's `check` or another module of its
/// starter. `root` is the package's folder, `source` is the text of the learner's file.
pub fn missing_check(
    root: &Path,
    check: &Path,
    source: &str,
    executable: &Path,
) -> Option<String> {
    let list = fs::read_to_string(executable.with_extension("d")).ok()?;
    let contains =
        |file: &Path| sources(&list).any(|path| is_same(&root.join(path), file));
    let own_body =
        source.split_whitespace().collect::<String>().contains("modcheck{");
    if contains(check) && !own_body {
        let starter = fs::read_to_string(check.with_file_name("starter.rs")).ok()?;
        let mut modules = starter
            .lines()
            .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        let in_a_file = |name: &&str| check.with_file_name(format!("{name}.rs"));
        if let Some(lost) = modules.find(|name| !contains(&in_a_file(name))) {
            return Some(format!(
                "{lost}.rs is not in the program; restore `mod {lost};` from starter.rs"
            ));
        }
        let name = replaced_macro(source, &fs::read_to_string(check).ok()?)?;
        return Some(format!(
            "`macro_rules! {name}` replaces the macro `{name}!` that {} uses; give it \
             another name",
            shown(root, check)
        ));
    }
    let lines = || source.lines().map(str::trim);
    let in_a_comment = |line: &str| {
        line.starts_with("//") && line.trim_start_matches(['/', ' ']) == "mod check;"
    };
    Some(if own_body {
        format!("`mod check` has a body of its own; {ENDING}")
    } else if lines().any(in_a_comment) {
        format!("`mod check;` is in a comment; {ENDING}")
    } else if lines().any(|line| line == "mod check;") {
        let check = shown(root, check);
        format!("`mod check;` does not add {check} to the program; {ENDING}")
    } else {
        format!("`mod check;` is missing; {ENDING}")
    })
}

/// Returns the name of a macro of the learner's file that the check uses: such a macro is
/// visible in the modules after it, and hides the one of the standard library.
fn replaced_macro(source: &str, check: &str) -> Option<String> {
    let names = source.split("macro_rules!").skip(1).map(|rest| {
        let is_part = |c: &char| c.is_alphanumeric() || *c == '_';
        rest.trim_start().chars().take_while(is_part).collect::<String>()
    });
    let mut used = names.filter(|name| {
        let call = format!("{name}!");
        let uses = check.match_indices(&call);
        uses.map(|(at, _)| &check[..at]).any(|before| {
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    });
    used.next()
}

/// Returns the sources in a list for make. Each has a line without prerequisites.
fn sources(list: &str) -> impl Iterator<Item = String> {
    list.lines()
        .filter_map(|line| line.strip_suffix(':'))
        .map(|path| path.replace("\\ ", " "))
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Returns the reason if a verdict is not that of the lesson's `check`. `file` is the
/// source file that created the exercise, `titles` are the checks that ran.
pub fn foreign_verdict(
    root: &Path,
    check: &Path,
    file: &str,
    titles: &[&str],
) -> Option<String> {
    let shown = shown(root, check);
    if !is_same(&root.join(file), check) {
        return Some(format!("the result comes from {file}, not {shown}; {ENDING}"));
    }
    let expected = listed_titles(&fs::read_to_string(check).ok()?);
    (!expected.is_empty() && expected != titles).then(|| {
        format!(
            "the checks that ran are not those that {shown} lists; `git checkout \
                 {shown}` restores it"
        )
    })
}

fn shown(root: &Path, check: &Path) -> String {
    check.strip_prefix(root).unwrap_or(check).display().to_string()
}

/// Returns the titles of the checks that a `check.rs` runs in any case.
///
/// It relies on rustfmt: such a check starts in column 4. Its title is a literal, or a
/// variable that was set to one before.
fn listed_titles(source: &str) -> Vec<String> {
    const CALL: &str = "\n    exercise.check";
    // rustfmt breaks a long call before its dot.
    let source = &source.replace("\n    exercise\n        .check", CALL);
    let calls = source.match_indices(CALL).filter_map(|(start, _)| {
        let (_, argument) = source[start..].split_once('(')?;
        let argument = argument.trim_start();
        if let Some(text) = argument.strip_prefix('"') {
            return Some(literal(text));
        }
        let name = argument.split(',').next()?;
        let set = format!("let {name} = \"");
        Some(literal(source[..start].rsplit_once(&set)?.1))
    });
    calls.collect()
}

/// Unescapes a string literal that starts after its first quote.
fn literal(text: &str) -> String {
    let mut unescaped = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => match chars.next() {
                // A line that continues, without the indentation of its rest.
                Some('\n') => {
                    let rest = chars.as_str().trim_start();
                    chars = rest.chars();
                }
                Some(char) => unescaped.push(char),
                None => {}
            },
            char => unescaped.push(char),
        }
    }
    unescaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_titles_of_a_check_are_found() {
        let source = "fn check() {\n    exercise.check(\"one, \\\"two\\\"\", one);\n    \
            if no {\n        exercise.check(\"not always\", no);\n    }\n    \
            exercise.check_schedules(\n        \"a long \\\n         title\",\n        \
            long,\n    );\n    let title = \"three\";\n    \
            exercise.check_in_real_time(title, || three());\n}\n";
        let titles = listed_titles(source);
        assert_eq!(titles, ["one, \"two\"", "a long title", "three"]);
    }

    #[test]
    fn each_lesson_lists_the_titles_of_its_checks() {
        for lesson in crate::LESSONS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons");
            let check = folder.join(lesson.name).join("check.rs");
            let Ok(source) = fs::read_to_string(check) else { continue };
            let broken = "\n    exercise\n        .check";
            let calls = source.matches("\n    exercise.check").count()
                + source.matches(broken).count();
            let titles = listed_titles(&source);
            assert_eq!(titles.len(), calls, "{}: {titles:?}", lesson.name);
            assert!(calls > 0 && titles.iter().all(|title| title.len() > 10));
        }
    }

    #[test]
    fn a_macro_that_the_check_uses_is_found() {
        let check = "let words = format!(\"{a}\");\nmy_vec![1];";
        let replaced = |name| {
            replaced_macro(&format!("macro_rules! {name} {{ () => {{}} }}"), check)
        };
        assert_eq!(replaced("format").as_deref(), Some("format"));
        assert_eq!(replaced("vec"), None);
        assert_eq!(replaced("square"), None);
        assert_eq!(replaced_macro("fn main() {}", check), None);
    }

    #[test]
    fn sources_are_read_from_a_list_for_make() {
        let list =
            "target/a\\ b.d: lessons/a.rs c\\ d.rs\n\nlessons/a.rs:\nc\\ d.rs:\n";
        assert!(sources(list).eq(["lessons/a.rs", "c d.rs"]));
    }
}
