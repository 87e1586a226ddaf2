//! What belongs to a lesson is there: the list of lessons, the folders, the targets,
//! the chapters, the snapshots and the README's table all tell the same.

use async_workbook::{Hints, LESSONS, Lesson};
use std::fs;
use std::path::{Path, PathBuf};

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn read(relative: &str) -> String {
    fs::read_to_string(path(relative))
        .unwrap_or_else(|error| panic!("{relative}: {error}"))
}

fn names() -> Vec<String> {
    LESSONS.iter().map(|lesson| lesson.name.to_owned()).collect()
}

/// The names in a folder that `wanted` picks, sorted.
fn listed(folder: &str, wanted: impl Fn(&Path) -> Option<String>) -> Vec<String> {
    let entries = fs::read_dir(path(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<_> =
        entries.filter_map(|entry| wanted(&entry.unwrap().path())).collect();
    names.sort();
    names
}

fn numbered(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

#[test]
fn lessons_are_numbered_in_order() {
    for (index, lesson) in LESSONS.iter().enumerate() {
        assert_eq!(lesson.number(), format!("{:02}", index + 1), "{}", lesson.name);
    }
}

#[test]
fn lessons_need_earlier_ones() {
    for (index, lesson) in LESSONS.iter().enumerate() {
        for need in lesson.needs {
            let earlier = LESSONS[..index].iter().any(|one| one.name == *need);
            assert!(earlier, "{} needs {need}", lesson.name);
        }
        assert!(!lesson.needs.is_empty() || index == 0, "{}", lesson.name);
    }
}

/// Whoever takes only what a lesson needs has read all that its chapter sends back to.
#[test]
fn a_chapter_sends_back_to_what_its_lesson_needs() {
    fn all(lesson: &Lesson) -> Vec<&'static str> {
        let needs = lesson.needs.iter().filter_map(|name| Lesson::named(name));
        needs.flat_map(|need| [vec![need.name], all(need)].concat()).collect()
    }
    for (index, lesson) in LESSONS.iter().enumerate() {
        let chapter = read(&format!("book/chapters/{}.md", lesson.name));
        for earlier in &LESSONS[..index] {
            let linked = chapter.contains(&format!("]({}.md", earlier.name));
            assert!(
                !linked || all(lesson).contains(&earlier.name),
                "{}: links to {}",
                lesson.name,
                earlier.name
            );
        }
    }
}

#[test]
fn every_folder_is_a_lesson() {
    let folders = listed("lessons", |path| {
        path.is_dir()
            .then(|| path.file_name().unwrap().to_string_lossy().into_owned())
    });
    assert_eq!(folders, names());
}

#[test]
fn every_lesson_is_a_target_in_order_with_its_exercise() {
    let manifest = read("Cargo.toml");
    let targets: Vec<_> = manifest
        .split("[[example]]")
        .skip(1)
        .filter_map(|target| target.split('"').nth(1).map(str::to_owned))
        .collect();
    let expected: Vec<_> = names()
        .iter()
        .flat_map(|name| {
            ["", "_exercise", "_solution"].map(|of| format!("{name}{of}"))
        })
        .collect();
    assert_eq!(targets, expected);
}

/// In a clone whose owner does the exercises they differ, and that is fine.
#[test]
fn an_exercise_is_its_starter_until_someone_works_on_it() {
    for name in names() {
        let file = |file: &str| read(&format!("lessons/{name}/{file}.rs"));
        let untouched = file("exercise") == file("starter");
        assert!(
            untouched || std::env::var("CI").as_deref() != Ok("true"),
            "{name}: exercise.rs is not as starter.rs"
        );
    }
}

#[test]
fn every_exercise_has_its_hints() {
    for name in names() {
        let hints = Hints::parse(&read(&format!("lessons/{name}/hints.md")));
        let hints = hints.unwrap_or_else(|error| panic!("{name}/hints.md: {error}"));
        let link = format!("({name}.md#");
        let concept = &hints.hints[1].text;
        assert!(concept.contains(&link), "{name}/hints.md: no link to a section");
    }
}

#[test]
fn every_program_begins_with_its_question() {
    for Lesson { name, title, question, .. } in LESSONS {
        // The question follows a colon: `03 - Gather: how do I fetch ...?`
        let (first, rest) = question.split_at(1);
        let heading =
            format!("{} - {title}: {}{rest}", &name[..2], first.to_lowercase());
        let rust = read(&format!("lessons/{name}/lesson.rs"));
        assert_eq!(rust.lines().next(), Some(&*format!("//! {heading}")), "{name}");
        assert!(
            rust.contains(&format!("cargo run --example {name}")),
            "{name}: how to run it"
        );
    }
}

#[test]
fn every_lesson_has_its_python_twin_and_all_snapshots() {
    for lesson in LESSONS {
        let name = lesson.name;
        assert!(
            path(&format!("lessons/{name}/python.py")).is_file(),
            "{name}: python.py"
        );
        for suite in ["lessons", "python"] {
            let snapshot = format!("tests/snapshots/{suite}__{name}.snap");
            assert!(path(&snapshot).is_file(), "{snapshot} is missing");
        }
    }
}

#[test]
fn no_snapshot_is_of_a_lesson_that_is_gone() {
    let of_lessons = listed("tests/snapshots", |path| {
        let name = path.file_name()?.to_str()?.split_once("__")?.1;
        numbered(name).then(|| name.to_owned())
    });
    for snapshot in of_lessons {
        assert!(names().iter().any(|name| snapshot.starts_with(name)), "{snapshot}");
    }
}

/// The chapter shows it, `tests/broken.rs` compiles it.
#[test]
fn every_broken_program_has_its_snapshot_and_its_place_in_the_chapter() {
    let mut expected = Vec::new();
    for name in names() {
        let folder = format!("lessons/{name}/broken");
        if !path(&folder).is_dir() {
            continue;
        }
        let chapter = read(&format!("book/chapters/{name}.md"));
        let stem =
            |path: &Path| Some(path.file_stem()?.to_string_lossy().into_owned());
        for program in listed(&folder, stem) {
            let text = read(&format!("{folder}/{program}.rs"));
            assert!(
                text.starts_with("//! "),
                "{folder}/{program}.rs: what is wrong"
            );
            let shown = format!("{{{{#broken {name}/{program}}}}}");
            assert!(chapter.contains(&shown), "{name}.md needs {shown}");
            expected.push(format!("broken__{name}_{program}.snap"));
        }
    }
    let snapshots = listed("tests/snapshots", |path| {
        let name = path.file_name()?.to_str()?;
        let kept = name.starts_with("broken__") && name.ends_with(".snap");
        kept.then(|| name.to_owned())
    });
    assert_eq!(snapshots, expected);
}

#[test]
fn every_lesson_has_its_chapter_and_every_chapter_its_lesson() {
    let chapters = listed("book/chapters", |path| {
        let name = path.file_stem()?.to_str()?;
        numbered(name).then(|| name.to_owned())
    });
    assert_eq!(chapters, names());
    let summary = read("book/chapters/SUMMARY.md");
    let listed = summary.lines().filter_map(|line| {
        let name = line.split_once("](")?.1.strip_suffix(".md)")?;
        numbered(name).then(|| name.to_owned())
    });
    assert_eq!(listed.collect::<Vec<_>>(), names());
}

#[test]
fn the_readme_lists_every_lesson() {
    let readme = read("README.md");
    for Lesson { name, question, in_python, .. } in LESSONS {
        let row = format!("| [{name}](lessons/{name}) | {question} | {in_python} |");
        assert!(readme.contains(&row), "README.md needs this row:\n{row}");
    }
}

#[test]
fn the_verdict_in_the_readme_is_one() {
    let readme = read("README.md");
    let verdict = read("tests/snapshots/exercises__03_gather_await_in_a_loop.snap");
    let begin = readme.find("    ✗ ").expect("the README shows a verdict");
    let shown = readme[begin..].lines().take_while(|line| !line.is_empty());
    for line in shown {
        let line = line.strip_prefix("    ").unwrap_or(line);
        assert!(verdict.lines().any(|said| said == line), "{line}");
    }
}
