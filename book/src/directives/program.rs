//! Programs: `{{#lesson}}`, `{{#python}}` and `{{#broken}}`.
//!
//! A page that shows a region of a program (an anchor) links its caption to the same
//! region within the whole program, which the chapter usually shows in a fold. For
//! that, the whole program has an element with an id around each of its regions.

use anyhow::{Context, Result, bail};

use super::listing::{Span, listing};
use super::{Expansion, split};
use crate::compiler;
use crate::sources::{Program, lesson};

pub fn rust(expansion: &mut Expansion, argument: &str) -> Result<String> {
    program(expansion, Program::Rust, argument)
}

pub fn python(expansion: &mut Expansion, argument: &str) -> Result<String> {
    program(expansion, Program::Python, argument)
}

/// Shows `01_hello_await/not_async`, a program that does not compile, and what the
/// compiler printed; `mark "text"` may follow, for a line of the latter.
pub fn broken(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, program) = argument
        .split_once('/')
        .context("no program is named, as in `01_hello_await/not_async`")?;
    let (program, options) = program.split_once(' ').unwrap_or((program, ""));
    let (compiler, output) = expansion.sources.compiler(lesson(name)?, program)?;
    let file = format!("{name}/broken/{program}.rs");
    let program = rust(expansion, &file)?;
    let mut caption = format!("Output of <code>{compiler}</code>");
    let marked = marked(&output, &Options::parse(options)?.marks, &mut caption)?;
    let html = compiler::html(&output, &marked);
    Ok(format!("{program}<p class=\"file\">{caption}</p>\n\n{html}\n\n"))
}

/// Shows `03_gather` or `03_gather:anchor`, or another file of the lesson,
/// `03_gather/named.rs` or `03_gather/named.rs:anchor`. [`Options`] may follow.
fn program(
    expansion: &mut Expansion,
    program: Program,
    argument: &str,
) -> Result<String> {
    let (what, options) =
        argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    let options = Options::parse(options)?;
    let (source, anchor) = split(what);
    let (name, file) = source.split_once('/').unwrap_or((source, program.file()));
    let path = format!("lessons/{}/{file}", lesson(name)?.name);
    let region = expansion.sources.program(&path, program, anchor)?;
    let mut text = region.text;
    if options.bare {
        let comment = program.comment();
        let is_code = |line: &&str| !line.trim_start().starts_with(comment);
        text = text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
    }

    let mut info = match program {
        Program::Rust => "rust,ignore".to_owned(),
        Program::Python => "python".to_owned(),
    };
    let is_lesson = source == name && matches!(program, Program::Rust);
    if is_lesson && anchor.is_none() {
        info += &format!(",lesson-{name}");
    }
    let mut caption = format!("<code>{path}</code>");
    let mut spans = Vec::new();
    if let Some(anchor) = anchor {
        if let Some(page) = page_of_whole(expansion, program, source) {
            let id = region_id(&path, anchor);
            caption = format!("<a href=\"{page}#{id}\">{caption}</a>");
        }
    } else if !options.bare && expansion.whole.insert(path.clone()) {
        // An id may occur only once on a page, so only the first copy has them.
        spans.extend(region.anchors.into_iter().map(|(anchor, lines)| {
            let id = region_id(&path, &anchor);
            Span { lines, attributes: format!("class=\"region\" id=\"{id}\"") }
        }));
    }
    if file.starts_with("broken/") {
        info += ",does_not_compile";
        caption = caption.replace("broken/", "broken/<wbr>");
        caption += " <strong>does not compile</strong>";
    }
    for at in marked(&text, &options.marks, &mut caption)? {
        let attributes = "class=\"mark\"".to_owned();
        spans.push(Span { lines: at..at + 1, attributes });
    }
    Ok(listing(&caption, &info, &text, &spans))
}

/// The page that shows the whole program: this one, or else its lesson's. Other
/// files of a lesson are shown whole on this page or nowhere.
fn page_of_whole(
    expansion: &Expansion,
    program: Program,
    source: &str,
) -> Option<String> {
    let directive = match program {
        Program::Rust => "lesson",
        Program::Python => "python",
    };
    if expansion.chapter.contains(&format!("{{{{#{directive} {source}}}}}")) {
        return Some(String::new());
    }
    (!source.contains('/')).then(|| format!("{source}.html"))
}

/// The id of a region, such as `03_gather.together`. It is unique across chapters,
/// because print.html holds all of them.
fn region_id(path: &str, anchor: &str) -> String {
    let short = path.trim_start_matches("lessons/").trim_end_matches("/lesson.rs");
    format!("{short}.{anchor}")
}

/// Options after the name of a program, in any order.
#[derive(Default)]
struct Options<'a> {
    /// `bare`: without lines that are comments.
    bare: bool,
    /// `mark "text"`: highlights the line that contains the text.
    marks: Vec<&'a str>,
}

impl<'a> Options<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (word, after) =
                rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = after.trim_start();
            if word == "bare" {
                options.bare = true;
            } else if word == "mark" {
                let (text, after) = rest
                    .strip_prefix('"')
                    .and_then(|rest| rest.split_once('"'))
                    .context("`mark` needs a text, as in `mark \"join_all\"`")?;
                options.marks.push(text);
                rest = after.trim_start();
            } else {
                bail!("no option `{word}`; expected `bare` or `mark \"...\"`");
            }
        }
        Ok(options)
    }
}

/// The indexes of the lines that contain `marks`. The caption names them, too.
fn marked(text: &str, marks: &[&str], caption: &mut String) -> Result<Vec<usize>> {
    let lines: Result<Vec<_>> =
        marks.iter().map(|mark| only_line(text, mark)).collect();
    for line in lines.iter().flatten().map(|at| at + 1) {
        *caption +=
            &format!("<span class=\"unseen\">, line {line} is marked</span>");
    }
    lines
}

/// The index of the only line that contains `part`.
fn only_line(text: &str, part: &str) -> Result<usize> {
    let mut found = text.lines().enumerate().filter(|(_, line)| line.contains(part));
    let (at, _) = found.next().with_context(|| format!("no line has `{part}`"))?;
    if let Some((again, _)) = found.next() {
        let (first, second) = (at + 1, again + 1);
        bail!("`{part}` is in more than one line ({first} and {second})");
    }
    Ok(at)
}
