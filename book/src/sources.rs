//! Reads what chapters show: the lessons' programs and the snapshots of their
//! output.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use async_workbook::timeline::Recording;
use async_workbook::{Hints, LESSONS, Lesson};
use compare::result::Comparison;
use serde::Deserialize;

/// The result of the comparison, relative to the workbook's root.
const COMPARISON: &str = "book/compare/result.json";

/// The workbook's files.
pub struct Sources {
    root: PathBuf,
}

/// A run of a lesson with a value of the argument of its knob.
#[derive(Deserialize)]
pub struct Position {
    pub value: u32,
    /// The blocks of its output that the knob shows.
    pub output: String,
    pub timeline: Recording,
}

/// The language of a program.
#[derive(Clone, Copy)]
pub enum Program {
    Rust,
    Python,
}

impl Program {
    /// The name of the program, or of its main file, in the lesson's folder.
    pub fn file(self) -> &'static str {
        match self {
            Self::Rust => "lesson.rs",
            Self::Python => "python.py",
        }
    }

    /// The start of a line comment.
    pub fn comment(self) -> &'static str {
        match self {
            Self::Rust => "//",
            Self::Python => "#",
        }
    }
}

impl Sources {
    /// The sources below `root`, the folder that holds `lessons` and `tests`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Reads a file of a program, or the region of it between the lines `// ANCHOR:
    /// name` and `// ANCHOR_END: name`. Removes all anchors and the common
    /// indentation.
    pub fn program(
        &self,
        path: &str,
        program: Program,
        anchor: Option<&str>,
    ) -> Result<Region> {
        let text = self.read(path)?;
        region(&text, program.comment(), anchor).with_context(|| path.to_owned())
    }

    /// The output of the lesson.
    pub fn output(&self, lesson: &Lesson) -> Result<String> {
        self.snapshot(&format!("lessons__{}", lesson.name))
    }

    /// The output of the lesson's Python program.
    pub fn python_output(&self, lesson: &Lesson) -> Result<String> {
        self.snapshot(&format!("python__{}", lesson.name))
    }

    /// The recording of the lesson, of a part of it that has its own snapshot, of the
    /// run with a value of its knob, or of its Python program.
    pub fn timeline(
        &self,
        lesson: &Lesson,
        part: Option<&str>,
    ) -> Result<Recording> {
        if let Some(value) = part.and_then(|part| part.parse::<u32>().ok()) {
            let run = self.knob(lesson)?.into_iter().find(|run| run.value == value);
            return Ok(run.context("no recorded run with this value")?.timeline);
        }
        let name = match part {
            Some("python") => format!("python__{}_timeline", lesson.name),
            Some(part) => format!("lessons__{}_{part}_timeline", lesson.name),
            None => format!("lessons__{}_timeline", lesson.name),
        };
        let path = snapshot_path(&name);
        let recording: Recording = serde_json::from_str(&self.snapshot(&name)?)
            .with_context(|| format!("{path} is not a recording"))?;
        ensure!(!recording.sections.is_empty(), "{path} is empty");
        Ok(recording)
    }

    /// The runs of the lesson with other arguments.
    pub fn knob(&self, lesson: &Lesson) -> Result<Vec<Position>> {
        let name = format!("lessons__{}_knob", lesson.name);
        let text = self.snapshot(&name)?;
        let positions = text.lines().map(serde_json::from_str);
        positions.collect::<Result<_, _>>().context(snapshot_path(&name))
    }

    /// The task, the hints and the explanation of the lesson's exercise.
    pub fn hints(&self, lesson: &Lesson) -> Result<Hints> {
        let path = format!("lessons/{}/hints.md", lesson.name);
        Hints::parse(&self.read(&path)?).context(path)
    }

    /// The verdict of the lesson's check on an answer: `starter`, or the name of a
    /// wrong answer.
    pub fn verdict(&self, lesson: &Lesson, answer: &str) -> Result<String> {
        self.snapshot(&format!("exercises__{}_{answer}", lesson.name))
    }

    /// The version of the compiler that rejected a program, such as `rustc 1.95`,
    /// and its output.
    pub fn compiler(
        &self,
        lesson: &Lesson,
        program: &str,
    ) -> Result<(String, String)> {
        let name = format!("broken__{}_{program}", lesson.name);
        let text = self.snapshot(&name)?;
        let (compiler, output) = text
            .split_once("\n\n")
            .filter(|_| text.starts_with("rustc "))
            .with_context(|| {
                format!("{name}.snap does not start with the compiler's version")
            })?;
        Ok((compiler.to_owned(), output.to_owned()))
    }

    /// The result that `cargo workbook compare` saved.
    pub fn comparison(&self) -> Result<Comparison> {
        Comparison::parse(&self.read(COMPARISON)?).context(COMPARISON)
    }

    fn snapshot(&self, name: &str) -> Result<String> {
        let path = snapshot_path(name);
        let text = self.read(&path)?;
        let body = without_header(&text)
            .with_context(|| format!("{path} is not an insta snapshot"))?;
        ensure!(!body.trim().is_empty(), "{path} is empty");
        Ok(body.to_owned())
    }

    /// Reads a file, given its path relative to the workbook's root.
    pub fn read(&self, path: &str) -> Result<String> {
        let text = std::fs::read_to_string(self.root.join(path))
            .with_context(|| format!("could not read {path}"))?;
        Ok(text.replace("\r\n", "\n"))
    }
}

/// Finds a lesson by its name.
pub fn lesson(name: &str) -> Result<&'static Lesson> {
    let is_it = |lesson: &&Lesson| lesson.name == name || lesson.number() == name;
    LESSONS.iter().find(is_it).with_context(|| {
        let all: Vec<_> = LESSONS.iter().map(|lesson| lesson.name).collect();
        format!("no lesson `{name}`; expected one of: {}", all.join(", "))
    })
}

/// The block of `output` from the line that equals `words`, or else contains them,
/// to the next empty line. Only one block may match.
pub fn block(output: &str, words: &str) -> Result<String> {
    let exact = output.lines().any(|line| line == words);
    let is_it =
        |line: &str| if exact { line == words } else { line.contains(words) };
    let mut found = output.split("\n\n").filter_map(|block| {
        let lines: Vec<_> = block.lines().collect();
        let from = lines.iter().position(|line| is_it(line))?;
        Some(lines[from..].join("\n"))
    });
    let block = found
        .next()
        .with_context(|| format!("no line of the output contains `{words}`"))?;
    ensure!(
        found.next().is_none(),
        "`{words}` matches more than one block of the output"
    );
    Ok(block)
}

fn snapshot_path(name: &str) -> String {
    format!("tests/snapshots/{name}.snap")
}

/// Strips the header that insta writes, from `---` to `---`.
fn without_header(text: &str) -> Option<&str> {
    let (_, body) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(body)
}

/// A program, or a region of it.
#[derive(Debug)]
pub struct Region {
    pub text: String,
    /// For a whole program, the names and lines of its regions.
    pub anchors: Vec<(String, Range<usize>)>,
}

fn region(text: &str, comment: &str, anchor: Option<&str>) -> Result<Region> {
    const OPEN: usize = usize::MAX;
    let mut anchors: Vec<(String, Range<usize>)> = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut removed = false;
    for line in text.lines() {
        let Some((name, ends)) = anchor_in(line, comment) else {
            // Where an anchor was between two empty lines, only one remains.
            let before = lines.last().is_none_or(|line| line.trim().is_empty());
            if !(removed && before && line.trim().is_empty()) {
                lines.push(line);
            }
            removed = false;
            continue;
        };
        removed = true;
        let known = anchors.iter_mut().find(|(known, _)| known == name);
        match (known, ends) {
            (None, false) => anchors.push((name.to_owned(), lines.len()..OPEN)),
            (Some((_, lines_of)), true) => lines_of.end = lines.len(),
            (Some(_), false) => bail!("anchor `{name}` starts twice"),
            (None, true) => bail!("anchor `{name}` ends before it starts"),
        }
    }
    if let Some((name, _)) = anchors.iter().find(|(_, lines)| lines.end == OPEN) {
        bail!("anchor `{name}` never ends");
    }
    if let Some(anchor) = anchor {
        let found = anchors.iter().find(|(name, _)| name == anchor);
        let (_, lines_of) = found.with_context(|| {
            let names: Vec<_> = anchors.iter().map(|(name, _)| &name[..]).collect();
            format!("no anchor `{anchor}`, only [{}]", names.join(", "))
        })?;
        lines = lines[lines_of.clone()].to_vec();
        anchors.clear();
    }
    let text = textwrap::dedent(&lines.join("\n")).trim_matches('\n').to_owned();
    ensure!(!text.is_empty(), "nothing to show");
    // Empty lines at the end were trimmed.
    let last = text.lines().count();
    anchors.iter_mut().for_each(|(_, lines)| lines.end = lines.end.min(last));
    anchors.retain(|(_, lines)| !lines.is_empty());
    Ok(Region { text, anchors })
}

/// Parses `// ANCHOR: name` or `// ANCHOR_END: name`. Returns the name, and whether
/// the region ends.
fn anchor_in<'a>(line: &'a str, comment: &str) -> Option<(&'a str, bool)> {
    let text = line.trim().strip_prefix(comment)?.trim_start();
    let start = text.strip_prefix("ANCHOR:").map(|name| (name.trim(), false));
    start.or_else(|| Some((text.strip_prefix("ANCHOR_END:")?.trim(), true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "\
//! 03 - Gather
// ANCHOR: all

fn main() {
    // ANCHOR: core
    let a = 1;
    // ANCHOR: deep
        let b = 2;
    // ANCHOR_END: deep

    // ANCHOR_END: core
}
// ANCHOR_END: all
";

    #[test]
    fn a_whole_program_loses_its_anchors() {
        let whole = region(PROGRAM, "//", None).unwrap().text;
        assert_eq!(
            whole,
            "//! 03 - Gather\n\nfn main() {\n    let a = 1;\n        let b = 2;\n\n}"
        );
    }

    #[test]
    fn anchors_of_a_whole_program_are_lines_of_the_shown_text() {
        let anchors = region(PROGRAM, "//", None).unwrap().anchors;
        let expected = [("all", 1..7), ("core", 3..6), ("deep", 4..5)];
        assert_eq!(anchors, expected.map(|(name, lines)| (name.to_owned(), lines)));
        let at_the_end =
            region("a\n// ANCHOR: x\nb\n\n// ANCHOR_END: x", "//", None);
        assert_eq!(at_the_end.unwrap().anchors, [("x".to_owned(), 1..2)]);
    }

    #[test]
    fn a_region_is_dedented_and_drops_the_anchors_inside() {
        let core = region(PROGRAM, "//", Some("core")).unwrap().text;
        assert_eq!(core, "let a = 1;\n    let b = 2;");
    }

    #[test]
    fn the_error_for_an_unknown_anchor_lists_the_known_ones() {
        let error = region(PROGRAM, "//", Some("cor")).unwrap_err().to_string();
        assert_eq!(error, "no anchor `cor`, only [all, core, deep]");
    }

    #[test]
    fn an_anchor_starts_once_and_ends() {
        let open = region("# ANCHOR: a\nx", "#", Some("a")).unwrap_err();
        assert_eq!(open.to_string(), "anchor `a` never ends");
        let twice = region("# ANCHOR: a\n# ANCHOR: a", "#", None).unwrap_err();
        assert_eq!(twice.to_string(), "anchor `a` starts twice");
        let none = region("# ANCHOR_END: a", "#", None).unwrap_err();
        assert_eq!(none.to_string(), "anchor `a` ends before it starts");
    }

    #[test]
    fn a_snapshot_header_ends_at_the_second_rule() {
        let text = "---\nsource: a\ninfo: b\nexpression: c\n---\none\n---\ntwo\n";
        assert_eq!(without_header(text), Some("one\n---\ntwo\n"));
        assert_eq!(without_header("one\n"), None);
    }

    #[test]
    fn a_block_of_output_ends_at_an_empty_line() {
        let output = "in turn\n  one\n\ntogether\n  two\n  three\n\nend\n";
        assert_eq!(block(output, "together").unwrap(), "together\n  two\n  three");
        assert_eq!(block(output, "end").unwrap(), "end");
        let again = "together\n  100 ms\n\ntogether   100 ms\n";
        assert_eq!(block(again, "together").unwrap(), "together\n  100 ms");
        let absent = block(output, "apart").unwrap_err().to_string();
        assert_eq!(absent, "no line of the output contains `apart`");
        let many = block(output, "e").unwrap_err().to_string();
        assert_eq!(many, "`e` matches more than one block of the output");
    }
}
