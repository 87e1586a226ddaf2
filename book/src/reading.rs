//! How long a chapter takes to read.

use async_workbook::Lesson;

/// Words a minute. Of 190 studies of silent reading in English, those on non-fiction come
/// to 238 words a minute on average (Marc Brysbaert, "How many words do we read per
/// minute?", Journal of Memory and Language 109, 2019).
const WORDS: f64 = 238.0;

/// Seconds for a line of code or output. Nobody has measured this one well: it is our
/// own, so that a page of forty lines takes two minutes.
const LINE: f64 = 3.0;

/// Folds that are there to look something up in.
const FOR_LATER: [&str; 2] = ["The whole program", "For the instructor"];

/// The minutes it takes to read a chapter, from its Markdown with all code in it.
///
/// The exercise does not count: that is work, and the workshop's minutes include it. Nor
/// do whole programs in folds, which show once more what the chapter shows in parts, nor
/// the instructor's notes, nor the words within pictures.
pub fn minutes(chapter: &str) -> u32 {
    let (mut words, mut lines) = (0, 0);
    let mut code: Option<&str> = None;
    let mut skipped = Skipped::default();
    for line in chapter.lines() {
        match code {
            Some(end) if line.starts_with(end) => code = None,
            // An element that holds the last lines ends before the block does.
            Some(end) if end.starts_with('<') && line.ends_with(end) => code = None,
            Some(_) if line.trim().is_empty() || skipped.code() => {}
            Some(_) => lines += 1,
            None => {
                code = opened(line);
                if !skipped.line(line) && code.is_none() {
                    words += counted(line);
                }
            }
        }
    }
    let minutes = f64::from(words) / WORDS + f64::from(lines) * LINE / 60.0;
    (minutes.round() as u32).max(1)
}

/// How long a lesson takes, in words: its chapter, and in a workshop.
pub fn words(minutes: u32, lesson: &Lesson) -> String {
    format!("{minutes} min to read, {} with the exercise", lesson.minutes)
}

/// The chapter with a line below its title.
pub fn below_title(chapter: &str, line: &str) -> String {
    match chapter.split_once('\n') {
        Some((title, rest)) if title.starts_with("# ") => {
            format!("{title}\n\n<p class=\"reading\">{line}</p>\n{rest}")
        }
        _ => chapter.to_owned(),
    }
}

/// What ends the code that this line begins, if it begins any.
fn opened(line: &str) -> Option<&str> {
    if line.starts_with("<pre>") {
        return Some("</code></pre>");
    }
    let end = line.find(|c| c != '`').unwrap_or(line.len());
    (end >= 3).then(|| &line[..end])
}

/// What is passed over just now.
#[derive(Default)]
struct Skipped {
    exercise: bool,
    picture: bool,
    /// How many folds are open: the one that is passed over, and those in it.
    folds: usize,
}

impl Skipped {
    fn code(&self) -> bool {
        self.exercise || self.folds > 0
    }

    /// Whether that line of text is passed over.
    fn line(&mut self, line: &str) -> bool {
        if let Some(heading) = line.strip_prefix("## ") {
            self.exercise = heading.starts_with("Exercise");
        }
        let title = line.strip_prefix("<summary>").unwrap_or_default();
        if self.folds > 0 {
            self.folds += line.matches("<details").count();
            let closed = line.matches("</details>").count();
            self.folds = self.folds.saturating_sub(closed);
        } else if FOR_LATER.iter().any(|fold| title.starts_with(fold)) {
            self.folds = 1;
        }
        let picture = self.picture || line.starts_with("<svg");
        self.picture = picture && !line.ends_with("</svg>");
        picture || self.code()
    }
}

/// The words of a line of Markdown. A link is the words that it shows, or one of them.
fn counted(line: &str) -> u32 {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let is_word = |word: &&str| word.contains(char::is_alphanumeric);
    text.split_whitespace().filter(is_word).map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_workbook::LESSONS;

    /// A chapter of the text, and of so many words that it takes ten minutes besides.
    fn minutes_with(text: &str) -> u32 {
        minutes(&format!("# A\n\n{}\n\n{text}", "word ".repeat(2379)))
    }

    #[test]
    fn words_and_lines_of_code_take_their_time() {
        assert_eq!(minutes("# A\n"), 1);
        assert_eq!(minutes_with(""), 10);
        assert_eq!(minutes_with(&"<i>one</i> [two](b.md) - ".repeat(119)), 11);
        let lines = "let a;\n\n".repeat(20);
        assert_eq!(minutes_with(&format!("```rust\n{lines}```\n")), 11);
        assert_eq!(minutes_with(&format!("````text\n```\n{lines}````\n")), 11);
        let compiler = "<pre><code class=\"compiler\">";
        assert_eq!(minutes_with(&format!("{compiler}{lines}</code></pre>\n")), 11);
        let marked = "<pre><code><span>let a;\n</span></code></pre>\n";
        let after = "one two ".repeat(119);
        assert_eq!(minutes_with(&format!("{marked}\n{after}")), 11);
    }

    #[test]
    fn what_is_no_reading_does_not_count() {
        let long =
            format!("{}\n```\n{}```\n", "word ".repeat(500), "a\n".repeat(90));
        let fold =
            |title| format!("<details>\n<summary>{title}</summary>\n\n{long}");
        assert_eq!(minutes_with(&long), 17);
        assert_eq!(minutes_with(&(fold("The answer") + "</details>\n")), 17);
        assert_eq!(minutes_with(&(fold("The whole program") + "</details>\n")), 10);
        let instructor = fold("For the instructor: 30 minutes");
        let inner = fold("More") + "</details>\n";
        let nested = format!("{instructor}{inner}{long}</details>\n");
        assert_eq!(minutes_with(&nested), 10);
        assert_eq!(minutes_with(&(nested + &long)), 17);
        assert_eq!(minutes_with(&format!("## Exercise\n{long}")), 10);
        assert_eq!(
            minutes_with(&format!("## Exercise\n{long}## After\n{long}")),
            17
        );
        let words = "word ".repeat(500);
        assert_eq!(minutes_with(&format!("<svg>{words}\n{words}</svg>\n")), 10);
    }

    #[test]
    fn the_title_stays_first() {
        let lesson = LESSONS.iter().find(|lesson| lesson.minutes == 30).unwrap();
        let text = below_title("# A\n\nb\n", &words(12, lesson));
        let line = "<p class=\"reading\">12 min to read, 30 with the exercise</p>";
        assert_eq!(text, format!("# A\n\n{line}\n\nb\n"));
    }
}
