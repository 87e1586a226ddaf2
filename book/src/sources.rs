//! What chapters show: the lessons' programs and the snapshots of their runs.

use crate::plan::Plan;
use anyhow::{Context, Result, bail};
use async_workbook::timeline::Recording;
use async_workbook::{Hints, LESSONS, Lesson};
use std::ops::Range;
use std::path::PathBuf;

/// The workbook's files, seen from its root.
pub struct Sources {
    root: PathBuf,
}

/// One of a lesson's two programs.
#[derive(Clone, Copy)]
pub enum Program {
    Rust,
    Python,
}

impl Program {
    /// The file that holds it, or its main part, in the lesson's folder.
    pub fn file(self) -> &'static str {
        match self {
            Self::Rust => "lesson.rs",
            Self::Python => "python.py",
        }
    }

    /// What a comment, and so a line that holds an anchor and nothing else, begins
    /// with.
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

    /// The file of a program at `path` from the workbook's root, or the region of it
    /// that `anchor` names, without anchors and without the indentation all its
    /// lines share.
    ///
    /// Fails if the file cannot be read, or has no such anchor, or leaves it open.
    pub fn program(
        &self,
        path: &str,
        program: Program,
        anchor: Option<&str>,
    ) -> Result<String> {
        let text = self.read(path)?;
        let region = region(&text, program.comment(), anchor);
        Ok(region.with_context(|| path.to_owned())?.text)
    }

    /// The whole program at `path`, as [`program`](Self::program) gives it, and the
    /// lines of each anchor in it.
    pub fn places(&self, path: &str, program: Program) -> Result<Region> {
        let text = self.read(path)?;
        region(&text, program.comment(), None).with_context(|| path.to_owned())
    }

    /// What the lesson printed when its test last approved it.
    ///
    /// Fails if there is no such snapshot.
    pub fn output(&self, lesson: &Lesson) -> Result<String> {
        self.snapshot(&format!("lessons__{}", lesson.name))
    }

    /// What the lesson's Python twin printed. Fails as [`output`](Self::output)
    /// does.
    pub fn python_output(&self, lesson: &Lesson) -> Result<String> {
        self.snapshot(&format!("python__{}", lesson.name))
    }

    /// The recording of the lesson's run, or of a `part` of it that is tested apart.
    ///
    /// Fails if there is no such snapshot, if it is no recording, or if nothing was
    /// recorded.
    pub fn timeline(
        &self,
        lesson: &Lesson,
        part: Option<&str>,
    ) -> Result<Recording> {
        let part = part.map_or(String::new(), |part| format!("_{part}"));
        let name = format!("lessons__{}{part}_timeline", lesson.name);
        let recording: Recording = serde_json::from_str(&self.snapshot(&name)?)
            .with_context(|| format!("{} is no recording", snapshot_path(&name)))?;
        if recording.sections.is_empty() {
            bail!("{} recorded nothing", snapshot_path(&name));
        }
        Ok(recording)
    }

    /// The exercise of the lesson, in words.
    ///
    /// Fails if its `hints.md` cannot be read, or lacks a part.
    pub fn hints(&self, lesson: &Lesson) -> Result<Hints> {
        let path = format!("lessons/{}/hints.md", lesson.name);
        Hints::parse(&self.read(&path)?).context(path)
    }

    /// What the check of the lesson's exercise says of one answer, such as `starter`
    /// or the name of a wrong answer.
    ///
    /// Fails if there is no such snapshot.
    pub fn verdict(&self, lesson: &Lesson, answer: &str) -> Result<String> {
        self.snapshot(&format!("exercises__{}_{answer}", lesson.name))
    }

    /// The compiler that refused a program of the lesson, such as `rustc 1.95`, and
    /// what it printed.
    ///
    /// Fails if there is no such snapshot, or if it does not name its compiler.
    pub fn compiler(
        &self,
        lesson: &Lesson,
        program: &str,
    ) -> Result<(String, String)> {
        let name = format!("broken__{}_{program}", lesson.name);
        let text = self.snapshot(&name)?;
        let (compiler, said) = text
            .split_once("\n\n")
            .filter(|_| text.starts_with("rustc "))
            .with_context(|| {
                format!("{} does not name its compiler", snapshot_path(&name))
            })?;
        Ok((compiler.to_owned(), said.to_owned()))
    }

    /// The plan of the lesson, as its chapter gives it to the instructor.
    ///
    /// Fails if the chapter cannot be read, or if it has no plan or a wrong one.
    pub fn plan(&self, lesson: &Lesson) -> Result<Plan> {
        let name = lesson.name;
        let path = format!("book/chapters/{name}.md");
        let text = self.read(&path)?;
        let directive = format!("{{{{#plan {name}:");
        text.split_once(&directive)
            .and_then(|(_, rest)| rest.split_once("}}"))
            .with_context(|| format!("no `{directive} ...}}}}`"))
            .and_then(|(parts, _)| Plan::parse(parts, lesson))
            .context(path)
    }

    /// What `cargo workbook compare` saved, as it stands in its file.
    ///
    /// Fails if there is no such file.
    pub fn comparison(&self) -> Result<String> {
        self.read(crate::compare::FILE)
    }

    fn snapshot(&self, name: &str) -> Result<String> {
        let path = snapshot_path(name);
        let text = self.read(&path)?;
        let body = without_header(&text)
            .with_context(|| format!("{path} does not begin as a snapshot does"))?;
        if body.trim().is_empty() {
            bail!("{path} is empty");
        }
        Ok(body.to_owned())
    }

    fn read(&self, path: &str) -> Result<String> {
        let text = std::fs::read_to_string(self.root.join(path))
            .with_context(|| format!("cannot read {path}"))?;
        Ok(text.replace("\r\n", "\n"))
    }
}

/// The lesson of that name. Fails if there is none, and then lists them all.
pub fn lesson(name: &str) -> Result<&'static Lesson> {
    Lesson::named(name).with_context(|| {
        let all: Vec<_> = LESSONS.iter().map(|lesson| lesson.name).collect();
        format!("no lesson `{name}`; there are {}", all.join(", "))
    })
}

/// The block of `output` from the line that is `words`, or else from the one that
/// holds them, to the next empty line.
///
/// Fails if there is no such line, or if there are some in several blocks.
pub fn block(output: &str, words: &str) -> Result<String> {
    let lines: Vec<&str> = output.lines().collect();
    let exact = lines.contains(&words);
    let is_it = |line: &str| {
        if exact { line == words } else { line.contains(words) }
    };
    let mut found = lines.iter().enumerate().filter(|(_, line)| is_it(line));
    let (from, _) = found
        .next()
        .with_context(|| format!("no line of the output contains `{words}`"))?;
    let length = lines[from..]
        .iter()
        .position(|line| line.trim().is_empty())
        .unwrap_or(lines.len() - from);
    if let Some((other, _)) = found.find(|(at, _)| *at >= from + length) {
        let (first, second) = (from + 1, other + 1);
        bail!(
            "`{words}` begins more than one block of the output (lines {first} and {second})"
        );
    }
    Ok(lines[from..from + length].join("\n"))
}

fn snapshot_path(name: &str) -> String {
    format!("tests/snapshots/{name}.snap")
}

/// What follows the `---` ... `---` that insta puts before what it keeps.
fn without_header(text: &str) -> Option<&str> {
    let (_, body) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(body)
}

/// A line that is an anchor and nothing else.
enum Mark<'a> {
    Begin(&'a str),
    End(&'a str),
}

fn mark<'a>(line: &'a str, comment: &str) -> Option<Mark<'a>> {
    let words = line.trim().strip_prefix(comment)?.trim_start();
    if let Some(name) = words.strip_prefix("ANCHOR_END:") {
        return Some(Mark::End(name.trim()));
    }
    words.strip_prefix("ANCHOR:").map(|name| Mark::Begin(name.trim()))
}

/// What is shown of a program.
#[derive(Debug)]
pub struct Region {
    pub text: String,
    /// Name and lines of the anchors that end in it, if it is the whole program.
    pub places: Vec<(String, Range<usize>)>,
}

fn region(text: &str, comment: &str, anchor: Option<&str>) -> Result<Region> {
    let (mut inside, mut seen) = (anchor.is_none(), false);
    let (mut names, mut begins) = (Vec::new(), Vec::new());
    let mut places = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut removed = false;
    for line in text.lines() {
        match mark(line, comment) {
            Some(Mark::Begin(name)) => {
                if names.contains(&name) {
                    bail!("anchor `{name}` begins twice");
                }
                names.push(name);
                begins.push(lines.len());
                if anchor == Some(name) {
                    (inside, seen) = (true, true);
                }
                removed = true;
            }
            Some(Mark::End(name)) => {
                let Some(at) = names.iter().position(|one| *one == name) else {
                    bail!("anchor `{name}` ends before it begins");
                };
                places.push((name.to_owned(), begins[at]..lines.len()));
                if anchor == Some(name) {
                    inside = false;
                }
                removed = true;
            }
            None => {
                // An anchor line between two empty ones leaves one of them.
                let before = lines.last().is_none_or(|line| line.trim().is_empty());
                let doubled = removed && before && line.trim().is_empty();
                if inside && !doubled {
                    lines.push(line);
                }
                removed = false;
            }
        }
    }
    if let Some(anchor) = anchor {
        if !seen {
            let have = match &names[..] {
                [] => "it has none".to_owned(),
                names => format!("it has {}", names.join(", ")),
            };
            bail!("no anchor `{anchor}`; {have}");
        }
        if inside {
            bail!("anchor `{anchor}` never ends");
        }
    }
    let text = dedented(&lines);
    if text.is_empty() {
        bail!("nothing to show");
    }
    // Empty lines at the end are not shown.
    let last = text.lines().count();
    places.iter_mut().for_each(|(_, lines)| lines.end = lines.end.min(last));
    places.retain(|(_, lines)| !lines.is_empty());
    Ok(Region { text, places })
}

fn dedented(lines: &[&str]) -> String {
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<_> = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or("").trim_end())
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
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
    fn the_places_of_a_whole_program_are_lines_of_what_is_shown() {
        let places = region(PROGRAM, "//", None).unwrap().places;
        let expected = [("deep", 4..5), ("core", 3..6), ("all", 1..7)];
        assert_eq!(places, expected.map(|(name, lines)| (name.to_owned(), lines)));
        let at_the_end =
            region("a\n// ANCHOR: x\nb\n\n// ANCHOR_END: x", "//", None);
        assert_eq!(at_the_end.unwrap().places, [("x".to_owned(), 1..2)]);
    }

    #[test]
    fn a_region_is_dedented_and_drops_the_anchors_inside() {
        let core = region(PROGRAM, "//", Some("core")).unwrap().text;
        assert_eq!(core, "let a = 1;\n    let b = 2;");
    }

    #[test]
    fn an_unknown_anchor_lists_those_there_are() {
        let error = region(PROGRAM, "//", Some("cor")).unwrap_err().to_string();
        assert_eq!(error, "no anchor `cor`; it has all, core, deep");
    }

    #[test]
    fn an_anchor_must_end_and_may_begin_but_once() {
        let open = region("# ANCHOR: a\nx", "#", Some("a")).unwrap_err();
        assert_eq!(open.to_string(), "anchor `a` never ends");
        let twice = region("# ANCHOR: a\n# ANCHOR: a", "#", None).unwrap_err();
        assert_eq!(twice.to_string(), "anchor `a` begins twice");
        let none = region("# ANCHOR_END: a", "#", None).unwrap_err();
        assert_eq!(none.to_string(), "anchor `a` ends before it begins");
    }

    #[test]
    fn a_snapshot_header_ends_at_the_second_rule_however_long_it_is() {
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
        assert!(many.contains("(lines 2 and 4)"), "{many}");
    }
}
