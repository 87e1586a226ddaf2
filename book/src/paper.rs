//! The book for paper: what a screen folds away stands at the end, with the pages
//! that lead to and fro.

use crate::html::escaped;
use anyhow::Result;
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use std::fmt::Write;

/// Moves the folds of all chapters to appendices, and puts a title page before them.
/// Runs after the [`Workbook`](crate::Workbook), for the PDF alone.
pub struct Paper;

impl Preprocessor for Paper {
    fn name(&self) -> &str {
        "paper"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut moved = Vec::new();
        book.for_each_chapter_mut(|chapter| take_folds(chapter, &mut moved));
        book.items.push(BookItem::PartTitle("At the end".to_owned()));
        for appendix in APPENDICES {
            let folds: Vec<_> =
                moved.iter().filter(|fold| fold.to.page == appendix.page).collect();
            if !folds.is_empty() {
                book.items.push(BookItem::Chapter(appendix.chapter(&folds)));
            }
        }
        let book_is = &context.config.book;
        let title = book_is.title.as_deref().unwrap_or_default();
        let about = book_is.description.as_deref().unwrap_or_default();
        let front = title_page(title, about, &book);
        book.for_each_chapter_mut(|chapter| follow_places(chapter, &moved));
        number_sheets(&mut book);
        book.items.insert(0, BookItem::Chapter(front));
        Ok(book)
    }
}

/// Stands in a link for the number of the page it leads to. [`pdf`](crate::pdf) puts
/// the number in, or takes all of it out.
const PAGE: &str = "<span class=\"at\">, page 000</span>";
const NUMBER: &str = "<span class=\"at\">000</span>";

/// Where folds of one kind go.
struct Appendix {
    page: &'static str,
    title: &'static str,
    about: &'static str,
}

const ANSWERS: Appendix = Appendix {
    page: "answers",
    title: "Answers",
    about: "To every Predict, and to the questions you check yourself with.",
};
const HINTS: Appendix = Appendix {
    page: "hints",
    title: "Hints",
    about: "Three for each exercise. Cover what is below the one you read.",
};
const SOLUTIONS: Appendix = Appendix {
    page: "solutions",
    title: "Solutions",
    about: "One for each exercise. Yours may look different and be as good: \
            `cargo workbook check` decides.",
};
const PROGRAMS: Appendix = Appendix {
    page: "programs",
    title: "Whole programs",
    about: "Every lesson's program from its first line to its last, and the same in \
            Python.",
};
const INSTRUCTOR: Appendix = Appendix {
    page: "instructor",
    title: "Notes for the instructor",
    about: "What to ask, what to demonstrate, where people get stuck.",
};
const APPENDICES: [&Appendix; 5] =
    [&ANSWERS, &HINTS, &SOLUTIONS, &PROGRAMS, &INSTRUCTOR];

/// Where a fold below the heading `section` goes; none stays where it is.
fn place(section: &str, title: &str) -> Option<&'static Appendix> {
    match title {
        _ if title.starts_with("For the instructor") => Some(&INSTRUCTOR),
        _ if title.starts_with("The whole program") => Some(&PROGRAMS),
        _ if title.starts_with("Hint ") => Some(&HINTS),
        _ if title.starts_with("One solution") => Some(&SOLUTIONS),
        _ if section.starts_with("Predict") => Some(&ANSWERS),
        _ if section.starts_with("Check yourself") => Some(&ANSWERS),
        _ => None,
    }
}

/// A fold that has left its chapter.
struct Moved {
    /// Its page's name and its number there, by which links find it.
    id: String,
    page: String,
    chapter: String,
    section: String,
    title: String,
    body: String,
    to: &'static Appendix,
}

impl Moved {
    /// What stands where it stood.
    fn pointer(&self) -> String {
        let Self { id, chapter, title, .. } = self;
        let Appendix { page, title: appendix, .. } = self.to;
        let see = format!(
            "See <a href=\"{page}.html#{id}\">{appendix}, {}{PAGE}</a>.",
            escaped(chapter)
        );
        let (class, words) = if self.section.starts_with("Check yourself") {
            ("question", format!("{title}<br><em>{see}</em>"))
        } else {
            ("elsewhere", format!("<em>{}. {see}</em>", title.trim_end_matches('.')))
        };
        let room = if self.section.starts_with("Predict") {
            "<div class=\"room\"></div>\n"
        } else {
            ""
        };
        format!("\n{room}<p class=\"{class}\" id=\"from-{id}\">{words}</p>\n\n")
    }

    /// What stands at the end.
    fn entry(&self) -> String {
        let Self { id, page, section, title, body, .. } = self;
        format!(
            "### {title} {{#{id}}}\n\n<p class=\"elsewhere\"><em>From \
             <a href=\"{page}.html#from-{id}\">{}{PAGE}</a></em></p>\n\n{}\n\n",
            escaped(section),
            body.trim()
        )
    }
}

impl Appendix {
    /// All folds that came here, in the order of the book.
    fn chapter(&self, folds: &[&Moved]) -> Chapter {
        let Self { page, title, about } = self;
        let mut text = format!("# {title}\n\n{about}\n\n");
        let mut from = "";
        for fold in folds {
            if fold.page != from {
                from = &fold.page;
                // To a String: cannot fail.
                let _ = write!(text, "## {} {{#{page}-{from}}}\n\n", fold.chapter);
            }
            text += &fold.entry();
        }
        Chapter::new(title, text, format!("{page}.md"), Vec::new())
    }
}

/// Takes out of the chapter what paper shows at the end.
fn take_folds(chapter: &mut Chapter, moved: &mut Vec<Moved>) {
    let page = page(chapter);
    let name = chapter.name.clone();
    let mut number = 0;
    chapter.content = without_folds(&chapter.content, |section, title, body| {
        let to = place(section, title)?;
        number += 1;
        let fold = Moved {
            id: format!("{page}-{number}"),
            page: page.clone(),
            chapter: name.clone(),
            section: section.to_owned(),
            title: title.to_owned(),
            body: at_home(body, &page),
            to,
        };
        let pointer = fold.pointer();
        moved.push(fold);
        Some(pointer)
    });
}

/// Has the captions that lead to a place in a whole program lead to where that is
/// now.
fn follow_places(chapter: &mut Chapter, moved: &[Moved]) {
    for fold in moved {
        let places = fold.body.split("class=\"place\" id=\"").skip(1);
        for id in places.filter_map(|rest| rest.split('"').next()) {
            let now = format!("href=\"{}.html#{id}\"", fold.to.page);
            for page in [String::new(), format!("{}.html", fold.page)] {
                let was = format!("href=\"{page}#{id}\"");
                chapter.content = chapter.content.replace(&was, &now);
            }
        }
    }
}

/// The text with every outermost `<details>` replaced by what `replace` makes of the
/// section that it stands in, its summary and its body; none leaves it.
fn without_folds(
    text: &str,
    mut replace: impl FnMut(&str, &str, &str) -> Option<String>,
) -> String {
    let (mut out, mut section) = (String::with_capacity(text.len()), String::new());
    let (mut fold, mut depth) = (String::new(), 0_usize);
    for (line, is_code) in lines(text) {
        let begins = !is_code && line.starts_with("<details");
        let ends = !is_code && line.starts_with("</details>");
        if !is_code && depth == 0 && line.starts_with("## ") {
            // Without its attributes.
            section =
                line[3..].split(" {").next().unwrap_or_default().trim().to_owned();
        }
        depth += usize::from(begins);
        let into = if depth > 0 { &mut fold } else { &mut out };
        into.push_str(line);
        if ends && depth > 0 {
            depth -= 1;
            if depth == 0 {
                let new = parts(&fold)
                    .and_then(|(title, body)| replace(&section, &title, body));
                out.push_str(new.as_deref().unwrap_or(&fold));
                fold.clear();
            }
        }
    }
    out + &fold
}

/// The summary of a fold, on one line, and what it holds.
fn parts(fold: &str) -> Option<(String, &str)> {
    let (_, rest) = fold.split_once("<summary")?;
    let (_, rest) = rest.split_once('>')?;
    let (title, rest) = rest.split_once("</summary>")?;
    let (body, _) = rest.rsplit_once("</details>")?;
    Some((title.split_whitespace().collect::<Vec<_>>().join(" "), body))
}

/// The lines of Markdown, and whether each belongs to a block of code.
fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut fence = "";
    text.split_inclusive('\n').map(move |line| {
        let bare = line.trim();
        let ticks = &bare[..bare.len() - bare.trim_start_matches('`').len()];
        let was_code = !fence.is_empty();
        if !was_code && ticks.len() >= 3 {
            fence = ticks;
        } else if was_code && ticks.len() >= fence.len() && ticks.len() == bare.len()
        {
            fence = "";
        }
        (line, was_code || !fence.is_empty())
    })
}

/// A link to a place of its own page, in a text that leaves that page.
fn at_home(body: &str, page: &str) -> String {
    let link = format!("]({page}.md#");
    lines(body)
        .map(|(line, is_code)| match is_code {
            true => line.to_owned(),
            false => line.replace("](#", &link),
        })
        .collect()
}

fn title_page(title: &str, about: &str, book: &Book) -> Chapter {
    let mut text = format!(
        "<div class=\"title-page\">\n\n# {title}\n\n{about}.\n\n\
         <nav class=\"contents\" aria-label=\"Contents\">\n"
    );
    for item in book.iter() {
        // To a String: cannot fail.
        let _ = match item {
            BookItem::PartTitle(part) => {
                writeln!(text, "<p class=\"part\">{}</p>", escaped(part))
            }
            BookItem::Chapter(chapter) => writeln!(
                text,
                "<p><a href=\"{}.html\">{}{NUMBER}</a></p>",
                page(chapter),
                escaped(&chapter.name)
            ),
            BookItem::Separator => Ok(()),
        };
    }
    text += "</nav>\n\nWhat a screen folds away, such as answers and solutions, stands at \
             the end. Each\nplace names the page of the other.\n\n</div>\n";
    Chapter::new("Contents", text, "contents.md", Vec::new())
}

/// Puts the name of each chapter at the head of its pages. CSS has no way to say it
/// once for all.
fn number_sheets(book: &mut Book) {
    let mut sheet = 0;
    book.for_each_chapter_mut(|chapter| {
        sheet += 1;
        let name = chapter.name.replace(['"', '\\', '<'], "");
        let text = &chapter.content;
        chapter.content = format!(
            "<style>@page s{sheet} {{ @top-right {{ content: \"{name}\" }} }} \
             .s{sheet} {{ page: s{sheet} }}</style>\n\n\
             <div class=\"sheet s{sheet}\">\n\n{text}\n\n</div>\n"
        );
    });
}

/// The name of the chapter's page, without what it ends in. The book has no folders
/// of pages.
fn page(chapter: &Chapter) -> String {
    let stem = chapter.path.as_deref().and_then(|path| path.file_stem());
    stem.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Tea
## Predict
What?
<details>
<summary>The
answer</summary>

Hot, see [above](#predict).
```text
</details> [x](#y)
```
</details>

## Exercise
<details>
<summary>The file you begin with</summary>
cup
</details>
";

    fn tea(text: &str) -> (String, Vec<Moved>) {
        let (text, path) = (text.to_owned(), "01_tea.md");
        let mut chapter = Chapter::new("01 Tea", text, path, Vec::new());
        let mut moved = Vec::new();
        take_folds(&mut chapter, &mut moved);
        (chapter.content, moved)
    }

    #[test]
    fn an_answer_leaves_its_page_and_says_where_it_went() {
        let (left, moved) = tea(TEXT);
        assert!(!left.contains("Hot"), "{left}");
        let link = "<a href=\"answers.html#01_tea-1\">Answers, 01 Tea<span";
        assert!(left.contains("id=\"from-01_tea-1\""), "{left}");
        assert!(left.contains(link), "{left}");
        assert!(left.contains("<summary>The file you begin with"), "{left}");
        assert!(left.contains("class=\"room\""), "{left}");
        let [answer] = &moved[..] else { panic!("{left}") };
        assert_eq!(
            (&answer.title[..], &answer.section[..]),
            ("The answer", "Predict")
        );
        let end = ANSWERS.chapter(&[answer]).content;
        assert!(
            end.contains(
                "## 01 Tea {#answers-01_tea}\n\n### The answer {#01_tea-1}"
            )
        );
        assert!(
            end.contains("href=\"01_tea.html#from-01_tea-1\">Predict<span"),
            "{end}"
        );
    }

    #[test]
    fn a_link_within_the_page_still_leads_there_from_the_end() {
        let (_, moved) = tea(TEXT);
        let body = &moved[0].body;
        assert!(body.contains("[above](01_tea.md#predict)"), "{body}");
        assert!(body.contains("</details> [x](#y)"), "code stays as it is: {body}");
    }

    #[test]
    fn a_question_stays_and_its_answer_goes() {
        let text = "## Check yourself\n<details>\n<summary>Is <code>a</code>?</summary>\n\
                    Yes.\n<details>\n<summary>b</summary>\n</details>\n</details>\nafter\n";
        let (left, moved) = tea(text);
        assert!(
            left.contains("<p class=\"question\" id=\"from-01_tea-1\">Is <code>a")
        );
        assert!(left.ends_with("after\n") && !left.contains("Yes"), "{left}");
        assert_eq!(moved.len(), 1, "a fold in a fold goes with it");
        assert!(moved[0].body.contains("<summary>b"), "{}", moved[0].body);
    }

    #[test]
    fn a_caption_leads_to_the_program_that_has_moved() {
        let text = "## In Python { .python }\n<a href=\"#01_tea.pour\">a</a> \
                    <a href=\"01_tea.html#01_tea.pour\">b</a>\n\
                    <details>\n<summary>The whole program</summary>\n\
                    <span class=\"place\" id=\"01_tea.pour\">c</span>\n</details>\n";
        let (left, moved) = tea(text);
        assert_eq!(moved[0].section, "In Python");
        let mut chapter = Chapter::new("Tea", left, "01_tea.md", Vec::new());
        follow_places(&mut chapter, &moved);
        let links = chapter.content.matches("href=\"programs.html#01_tea.pour\"");
        assert_eq!(links.count(), 2, "{}", chapter.content);
    }

    #[test]
    fn each_kind_of_fold_has_its_place() {
        let page = |section, title| place(section, title).map(|to| to.page);
        assert_eq!(page("Exercise", "Hint 1: a nudge"), Some("hints"));
        assert_eq!(page("Exercise", "One solution, and why"), Some("solutions"));
        assert_eq!(
            page("Exercise", "For the instructor: 3 min"),
            Some("instructor")
        );
        assert_eq!(
            page("In Python", "The whole program in Python"),
            Some("programs")
        );
        assert_eq!(page("Predict", "What happens"), Some("answers"));
        assert_eq!(page("A first look", "What the program prints"), None);
    }

    #[test]
    fn a_fold_in_code_is_code() {
        let text = "````md\n```\n<details>\n```\n````\nafter\n";
        let same = without_folds(text, |_, _, _| panic!("no fold"));
        assert_eq!(same, text);
        let open = "<details>\nnever ends\n";
        assert_eq!(without_folds(open, |_, _, _| None), open);
    }
}
