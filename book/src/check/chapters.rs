//! The lessons' chapters: all there, in order, each with its sections.

use super::page::{Page, has};
use async_workbook::Lesson;

/// What every lesson's chapter has, as a heading or as the title of a fold.
const SECTIONS: [&str; 8] = [
    "Predict",
    "The program",
    "Why",
    "The pitfall",
    "In Python",
    "Exercise",
    "For the instructor",
    "Check yourself",
];

/// What is wrong with SUMMARY.md: its numbered entries are the lessons, in their
/// order.
pub fn summary(summary: &str, lessons: &[Lesson]) -> Vec<String> {
    let listed: Vec<(&str, &str)> = summary
        .lines()
        .filter_map(|line| {
            let (title, target) = line.trim().split_once('[')?.1.split_once("](")?;
            let name = target.strip_suffix(')')?.strip_suffix(".md")?;
            name.as_bytes()
                .first()
                .is_some_and(u8::is_ascii_digit)
                .then_some((name, title))
        })
        .collect();
    let mut faults = Vec::new();
    let names: Vec<_> = listed.iter().map(|(name, _)| *name).collect();
    let expected: Vec<_> = lessons.iter().map(|lesson| lesson.name).collect();
    if names != expected {
        faults.push(format!(
            "SUMMARY.md lists {}, where the lessons are {}",
            names.join(", "),
            expected.join(", ")
        ));
    }
    for lesson in lessons {
        let title = listed.iter().find(|(name, _)| *name == lesson.name);
        if let Some((_, title)) = title
            && !title.contains(lesson.title)
        {
            let (name, own) = (lesson.name, lesson.title);
            faults.push(format!("SUMMARY.md calls {name} `{title}`, not `{own}`"));
        }
    }
    faults
}

/// Chapters that SUMMARY.md or the folder of chapters has and the site has not:
/// mdBook drops an entry it does not expect where it stands, and never asks about a
/// file that is not listed.
pub fn dropped(summary: &str, chapters: &[String], pages: &[&str]) -> Vec<String> {
    let listed =
        summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = chapters.iter().map(String::as_str);
    let files = files.filter(|file| *file != "SUMMARY.md");
    let mut all: Vec<&str> = listed.chain(files).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
        .filter(|file| {
            let page = file.strip_suffix(".md").map(|name| format!("{name}.html"));
            !page.is_some_and(|page| pages.contains(&&page[..]))
        })
        .map(|file| format!("{file} became no page: look at SUMMARY.md"))
        .collect()
}

/// What is wrong with the chapter of a lesson.
pub fn lesson(page: &Page, lesson: &Lesson) -> Vec<String> {
    let mut faults = Vec::new();
    let title = page.headings.iter().find(|(level, _)| *level == 1);
    if !title.is_some_and(|(_, words)| words.contains(lesson.title)) {
        faults.push(format!("the title does not say `{}`", lesson.title));
    }
    let headings = page.headings.iter().map(|(_, words)| words);
    let parts: Vec<_> = headings.chain(&page.summaries).collect();
    for section in SECTIONS {
        if !parts.iter().any(|words| begins(words, section)) {
            faults.push(format!("no section `{section}`"));
        }
    }
    let in_predict = |sections: &[String]| {
        sections.iter().any(|section| begins(section, "Predict"))
    };
    if !in_predict(&page.guesses) {
        faults.push("asks for no guess in `Predict`".to_owned());
    }
    if !in_predict(&page.folds) {
        faults.push("folds no answer in `Predict`".to_owned());
    }
    let python = page.headings.iter().zip(&page.heading_classes);
    for ((_, words), classes) in python {
        if begins(words, "In Python") && !has(classes, "python") {
            faults.push(format!(
                "`{words}` cannot be hidden: it is no `## In Python`"
            ));
        }
    }
    if page.plans != [lesson.name] {
        let name = lesson.name;
        faults.push(format!("no fold has its plan, {{{{#plan {name}: ...}}}}"));
    }
    let program = format!("lessons/{}/lesson.rs", lesson.name);
    if !page.captions.iter().any(|caption| caption.contains(&program)) {
        faults.push(format!("shows nothing of {program}"));
    }
    if !page.blocks.iter().any(|block| has(&block.classes, "output")) {
        faults.push("shows no output".to_owned());
    }
    faults
}

/// `Exercise: two APIs` is the section `Exercise`; `Exercises` is not.
fn begins(words: &str, section: &str) -> bool {
    let words = words.trim().to_lowercase();
    words
        .strip_prefix(&section.to_lowercase())
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_workbook::LESSONS;

    fn good_summary() -> String {
        let line = |l: &Lesson| {
            format!("- [{}](./{}.md)\n", l.title, l.name).replace("./", "")
        };
        LESSONS.iter().map(line).collect()
    }

    #[test]
    fn a_full_summary_passes() {
        let text = format!("# S\n[Intro](introduction.md)\n{}", good_summary());
        assert_eq!(summary(&text, LESSONS), Vec::<String>::new());
    }

    #[test]
    fn a_lesson_missing_or_out_of_order() {
        let text: Vec<_> = good_summary().lines().map(str::to_owned).collect();
        let found = summary(&text[1..].join("\n"), LESSONS);
        assert!(found[0].starts_with("SUMMARY.md lists 02_lazy"), "{found:?}");
        let mut swapped = text.clone();
        swapped.swap(0, 1);
        assert_eq!(summary(&swapped.join("\n"), LESSONS).len(), 1);
    }

    #[test]
    fn a_lesson_by_another_name() {
        let text = good_summary().replace("[Gather]", "[Collect]");
        let found = summary(&text, LESSONS);
        assert_eq!(found, ["SUMMARY.md calls 03_gather `Collect`, not `Gather`"]);
    }

    #[test]
    fn a_chapter_without_a_page() {
        let text = "[A](a.md)\n# Part\n[B](b.md)";
        let files = ["SUMMARY.md", "a.md", "b.md", "c.md"].map(str::to_owned);
        let found = dropped(text, &files, &["a.html"]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("b.md became no page"));
        assert!(found[1].starts_with("c.md became no page"));
        assert!(dropped(text, &files[..3], &["a.html", "b.html"]).is_empty());
    }

    fn chapter(leave_out: &str) -> Vec<String> {
        let lesson_03 = LESSONS.iter().find(|lesson| lesson.number() == "03");
        let mut html = "<main><h1>Gather</h1>".to_owned();
        for section in SECTIONS.iter().filter(|section| **section != leave_out) {
            if *section == "For the instructor" {
                html += "<details><summary>For the instructor: 30 minutes</summary>\
                         <ol class=plan data-lesson=03_gather></ol></details>";
            } else {
                html += &format!("<h2 class=python>{section}</h2>");
            }
            if *section == "Predict" {
                html += "<label class=guess></label><details></details>";
            }
        }
        if leave_out != "program" {
            html += "<p class=file><code>lessons/03_gather/lesson.rs</code></p>";
        }
        if leave_out != "output" {
            html += "<pre><code class='language-text output'>a</code></pre>";
        }
        let html = match leave_out {
            "title" => html.replace("Gather", "Collect"),
            "guess" => html.replace("class=guess", ""),
            "fold" => html.replace("<details></details>", ""),
            "python" => html.replace("<h2 class=python>In", "<h2>In"),
            "plan" => html.replace("=03_gather", "=04_bounded"),
            _ => html,
        };
        lesson(&Page::read(html), lesson_03.unwrap())
    }

    #[test]
    fn a_full_chapter_passes() {
        assert_eq!(chapter(""), Vec::<String>::new());
    }

    #[test]
    fn a_chapter_that_lacks_something() {
        let plan = "no fold has its plan, {{#plan 03_gather: ...}}";
        for section in SECTIONS {
            let mut faults = vec![format!("no section `{section}`")];
            if section == "Predict" {
                faults.push("asks for no guess in `Predict`".to_owned());
                faults.push("folds no answer in `Predict`".to_owned());
            }
            if section == "For the instructor" {
                faults.push(plan.to_owned());
            }
            assert_eq!(chapter(section), faults);
        }
        assert_eq!(chapter("plan"), [plan]);
        assert_eq!(chapter("guess"), ["asks for no guess in `Predict`"]);
        assert_eq!(chapter("fold"), ["folds no answer in `Predict`"]);
        let python = "`In Python` cannot be hidden: it is no `## In Python`";
        assert_eq!(chapter("python"), [python]);
        assert_eq!(chapter("title"), ["the title does not say `Gather`"]);
        let program = "shows nothing of lessons/03_gather/lesson.rs";
        assert_eq!(chapter("program"), [program]);
        assert_eq!(chapter("output"), ["shows no output"]);
    }
}
