//! `cargo book new`: the skeleton of each lesson that is in the list and has no files.
//!
//! The skeleton is a complete small lesson, copied from `book/template`. It compiles, runs
//! and has a check with three wrong answers, so that every test works from the first
//! minute on. What is left to write is marked `TODO`, which `tests/consistency.rs` does
//! not let pass.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use async_workbook::Lesson;

/// Writes the files that `lessons` lack into the workbook at `root`; returns their paths,
/// relative to `root`. Files that exist are left alone.
///
/// # Errors
///
/// If the template cannot be read or a file cannot be written.
pub fn write_missing(root: &Path, lessons: &[Lesson]) -> Result<Vec<PathBuf>> {
    let template = root.join("book/template");
    let mut written = Vec::new();
    for lesson in lessons {
        let folder = Path::new("lessons").join(lesson.name);
        // A lesson that exists may lack a file of the template for a reason.
        if !root.join(&folder).exists() {
            for from in files(&template.join("lesson"))? {
                let to = folder.join(from.strip_prefix(template.join("lesson"))?);
                copy(&from, root, to, lesson, &mut written)?;
            }
        }
        let chapter =
            Path::new("book/chapters").join(lesson.name).with_extension("md");
        copy(&template.join("chapter.md"), root, chapter, lesson, &mut written)?;
    }
    Ok(written)
}

fn copy(
    from: &Path,
    root: &Path,
    to: PathBuf,
    lesson: &Lesson,
    written: &mut Vec<PathBuf>,
) -> Result<()> {
    let text = fs::read_to_string(from)
        .with_context(|| format!("cannot read {}", from.display()))?;
    let path = root.join(&to);
    let folder = path.parent().context("a file of the root")?;
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let created = fs::File::create_new(&path).and_then(|mut file| {
        std::io::Write::write_all(&mut file, filled_in(&text, lesson).as_bytes())
    });
    match created {
        Ok(()) => written.push(to),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot write {}", path.display()));
        }
    }
    Ok(())
}

/// Replaces the template's placeholders. Headings continue with the question after a
/// colon, so its first letter is lower case there.
fn filled_in(text: &str, lesson: &Lesson) -> String {
    let (first, rest) = lesson.question.split_at(1);
    text.replace("NN_name", lesson.name)
        .replace("NN", lesson.number())
        .replace("TITLE", lesson.title)
        .replace("QUESTION", &format!("{}{rest}", first.to_lowercase()))
}

/// Lists all files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson() -> Lesson {
        Lesson {
            name: "99_tea",
            title: "Tea",
            question: "When is it ready?",
            in_python: "",
            needs: &[],
            minutes: 30,
            postgres: false,
        }
    }

    #[test]
    fn a_lesson_without_files_gets_the_template_once() {
        let root = tempfile::tempdir().unwrap();
        let template = root.path().join("book/template/lesson/wrong");
        fs::create_dir_all(&template).unwrap();
        let folder = root.path().join("book/template");
        fs::write(folder.join("chapter.md"), "# TITLE").unwrap();
        let heading = "//! NN - TITLE: QUESTION NN_name";
        fs::write(folder.join("lesson/lesson.rs"), heading).unwrap();
        fs::write(template.join("one.rs"), "1").unwrap();

        let written = write_missing(root.path(), &[lesson()]).unwrap();
        let expected = [
            "lessons/99_tea/lesson.rs",
            "lessons/99_tea/wrong/one.rs",
            "book/chapters/99_tea.md",
        ];
        assert_eq!(written, expected.map(PathBuf::from));
        let text = fs::read_to_string(root.path().join(expected[0])).unwrap();
        assert_eq!(text, "//! 99 - Tea: when is it ready? 99_tea");

        fs::remove_file(root.path().join(expected[1])).unwrap();
        assert!(write_missing(root.path(), &[lesson()]).unwrap().is_empty());
    }
}
