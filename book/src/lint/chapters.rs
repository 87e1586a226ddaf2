//! Rules for chapters: each has a page, and a lesson's chapter has all its sections.
//!
//! The consistency test of the root package checks the order of SUMMARY.md.

use std::collections::BTreeSet;

use async_workbook::Lesson;

use super::page::{Page, has};

/// The sections of a lesson's chapter, as headings or as titles of folds. The consistency
/// test of the root package checks their order.
const SECTIONS: [&str; 9] = [
    "Predict",
    "The program",
    "Try it",
    "Why",
    "The pitfall",
    "Check yourself",
    "Exercise",
    "In Python",
    "For the instructor",
];

/// Checks that every entry of SUMMARY.md and every chapter's file has a page. mdBook
/// silently skips entries it cannot parse, and files that are not listed.
pub fn missing_pages(
    summary: &str,
    chapters: &[String],
    pages: &[&str],
) -> Vec<String> {
    let listed =
        summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    // Without the files that editors leave, such as `.#a.md`.
    let is_chapter = |file: &&str| file.ends_with(".md") && !file.starts_with('.');
    let files = chapters.iter().map(String::as_str).filter(is_chapter);
    let files = files.filter(|file| *file != "SUMMARY.md");
    let all: BTreeSet<&str> = listed.chain(files).collect();
    all.into_iter()
        .filter(|file| {
            let page = file.strip_suffix(".md").map(|name| format!("{name}.html"));
            !page.is_some_and(|page| pages.contains(&&page[..]))
        })
        .map(|file| format!("{file} has no page; check its entry in SUMMARY.md"))
        .collect()
}

/// Checks the chapter of a lesson.
pub fn lesson(page: &Page, lesson: &Lesson) -> Vec<String> {
    let mut faults = Vec::new();
    let title = page.headings.iter().find(|heading| heading.level == 1);
    if !title.is_some_and(|title| title.text.contains(lesson.title)) {
        faults.push(format!("the title does not contain `{}`", lesson.title));
    }
    let headings = page.headings.iter().map(|heading| &heading.text);
    let titles: Vec<_> = headings.chain(&page.summaries).collect();
    for section in SECTIONS {
        if !titles.iter().any(|title| begins(title, section)) {
            faults.push(format!("no section `{section}`"));
        }
    }
    let in_predict = |sections: &[String]| {
        sections.iter().any(|section| begins(section, "Predict"))
    };
    if !in_predict(&page.questions) {
        faults.push("no question to guess at in `Predict`".to_owned());
    }
    let to_check = page.questions.iter().filter(|one| begins(one, "Check yourself"));
    if to_check.count() < 2 {
        let fault = "fewer than two questions with choices in `Check yourself`";
        faults.push(fault.to_owned());
    }
    if !in_predict(&page.folds) {
        faults.push("no fold with the answer in `Predict`".to_owned());
    }
    for heading in &page.headings {
        if begins(&heading.text, "In Python") && !has(&heading.classes, "python") {
            let text = &heading.text;
            faults.push(format!(
                "the Python switch cannot hide `{text}`; name it `## In Python`"
            ));
        }
    }
    if page.plans != [lesson.name] {
        let name = lesson.name;
        faults.push(format!("no plan in a fold: {{{{#plan {name}: ...}}}}"));
    }
    let program = format!("lessons/{}/lesson.rs", lesson.name);
    if !page.captions.iter().any(|caption| caption.contains(&program)) {
        faults.push(format!("no code of {program}"));
    }
    if !page.blocks.iter().any(|block| has(&block.classes, "output")) {
        faults.push("no output".to_owned());
    }
    faults
}

/// Matches a section's name at the start of a title: `Exercise: two APIs` is the
/// section `Exercise`, `Exercises` is not.
fn begins(title: &str, section: &str) -> bool {
    let title = title.trim().to_lowercase();
    title
        .strip_prefix(&section.to_lowercase())
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use async_workbook::LESSONS;

    use super::*;

    #[test]
    fn a_chapter_without_a_page() {
        let text = "[A](a.md)\n# Part\n[B](b.md)";
        let files = ["SUMMARY.md", "a.md", "b.md", "c.md", ".#a.md", "a.md~"];
        let files = files.map(str::to_owned);
        let found = missing_pages(text, &files, &["a.html"]);
        let found = found.iter().map(|fault| fault.split(' ').next().unwrap());
        assert_eq!(found.collect::<Vec<_>>(), ["b.md", "c.md"]);
        assert!(missing_pages(text, &files[..3], &["a.html", "b.html"]).is_empty());
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
            if *section == "Check yourself" {
                html += "<fieldset class=choices></fieldset>";
                html += "<fieldset class=choices></fieldset>";
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
            "choices" => html.replacen("class=choices", "", 1),
            "fold" => html.replace("<details></details>", ""),
            "python" => html.replace("<h2 class=python>In", "<h2>In"),
            "plan" => html.replace("=03_gather", "=04_bounded"),
            _ => html,
        };
        lesson(&Page::parse(html), lesson_03.unwrap())
    }

    #[test]
    fn a_complete_chapter_passes() {
        assert_eq!(chapter(""), Vec::<String>::new());
    }

    #[test]
    fn an_incomplete_chapter() {
        let plan = "no plan in a fold: {{#plan 03_gather: ...}}";
        let choices = "fewer than two questions with choices in `Check yourself`";
        for section in SECTIONS {
            let mut faults = vec![format!("no section `{section}`")];
            if section == "Predict" {
                faults.push("no question to guess at in `Predict`".to_owned());
                faults.push("no fold with the answer in `Predict`".to_owned());
            }
            if section == "Check yourself" {
                faults.push(choices.to_owned());
            }
            if section == "For the instructor" {
                faults.push(plan.to_owned());
            }
            assert_eq!(chapter(section), faults);
        }
        assert_eq!(chapter("plan"), [plan]);
        assert_eq!(chapter("choices"), [choices]);
        assert_eq!(chapter("guess"), ["no question to guess at in `Predict`"]);
        assert_eq!(chapter("fold"), ["no fold with the answer in `Predict`"]);
        let python =
            "the Python switch cannot hide `In Python`; name it `## In Python`";
        assert_eq!(chapter("python"), [python]);
        assert_eq!(chapter("title"), ["the title does not contain `Gather`"]);
        let program = "no code of lessons/03_gather/lesson.rs";
        assert_eq!(chapter("program"), [program]);
        assert_eq!(chapter("output"), ["no output"]);
    }
}
