//! Estimates the time to read a chapter.

use async_workbook::Lesson;

/// Words per minute. Of 190 studies of silent reading in English, those on
/// non-fiction average 238 words per minute (Marc Brysbaert, "How many words do we
/// read per minute?", Journal of Memory and Language 109, 2019).
const WORDS_PER_MINUTE: f64 = 238.0;

/// Seconds per line of code or output. There is no good study; this is our guess, at
/// which a page of forty lines takes two minutes.
const SECONDS_PER_LINE: f64 = 3.0;

/// Titles of folds for reference, which are not part of a first reading.
const REFERENCE: [&str; 2] = ["The whole program", "For the instructor"];

/// The minutes to read a chapter, given its Markdown after the directives are
/// replaced.
///
/// Does not count the exercise (its time is part of the lesson's), whole programs in
/// folds (the chapter shows their parts), the instructor's notes, text in pictures, and
/// their legends.
pub fn minutes(chapter: &str) -> u32 {
    let (mut words, mut lines) = (0, 0);
    let mut code: Option<&str> = None;
    let mut skipped = Skipped::default();
    for line in chapter.lines() {
        match code {
            Some(end) if line.starts_with(end) => code = None,
            // With a span around its last lines, the block ends in the middle of a
            // line.
            Some(end) if end.starts_with('<') && line.ends_with(end) => code = None,
            Some(_) if line.trim().is_empty() || skipped.code() => {}
            Some(_) => lines += 1,
            None => {
                code = code_start(line);
                if !skipped.line(line) && code.is_none() {
                    words += count_words(line);
                }
            }
        }
    }
    let minutes = f64::from(words) / WORDS_PER_MINUTE
        + f64::from(lines) * SECONDS_PER_LINE / 60.0;
    (minutes.round() as u32).max(1)
}

/// Formats the times of a lesson: to read its chapter, and with the exercise.
pub fn words(minutes: u32, lesson: &Lesson) -> String {
    format!("{minutes} min to read, about {} with the exercise", lesson.minutes)
}

/// Inserts a line below the chapter's title.
pub fn below_title(chapter: &str, line: &str) -> String {
    match chapter.split_once('\n') {
        Some((title, rest)) if title.starts_with("# ") => {
            format!("{title}\n\n<p class=\"reading\">{line}</p>\n{rest}")
        }
        _ => chapter.to_owned(),
    }
}

/// Returns the end marker of the code block that starts in this line, if one does.
fn code_start(line: &str) -> Option<&str> {
    if line.starts_with("<pre>") {
        return Some("</code></pre>");
    }
    let end = line.find(|c| c != '`').unwrap_or(line.len());
    (end >= 3).then(|| &line[..end])
}

/// Tracks the parts of a chapter that are not counted.
#[derive(Default)]
struct Skipped {
    exercise: bool,
    picture: bool,
    /// The nesting depth of folds, counted from the one that is skipped.
    folds: usize,
}

impl Skipped {
    fn code(&self) -> bool {
        self.exercise || self.folds > 0
    }

    /// Updates the state by a line of text, and returns whether to skip it.
    fn line(&mut self, line: &str) -> bool {
        if let Some(heading) = line.strip_prefix("## ") {
            self.exercise = heading.starts_with("Exercise");
        }
        let title = line.strip_prefix("<summary>").unwrap_or_default();
        if self.folds > 0 {
            self.folds += line.matches("<details").count();
            let closed = line.matches("</details>").count();
            self.folds = self.folds.saturating_sub(closed);
        } else if REFERENCE.iter().any(|fold| title.starts_with(fold)) {
            self.folds = 1;
        }
        let picture = self.picture || line.starts_with("<svg");
        self.picture = picture && !line.ends_with("</svg>");
        picture || line.starts_with("<p class=\"legend\"") || self.code()
    }
}

/// Counts the words of a line of Markdown, without HTML tags and the reason of a wrong
/// choice, which is hidden.
fn count_words(line: &str) -> u32 {
    let mut text = String::new();
    let mut rest = line.split("<span hidden>").next().unwrap_or_default();
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
    use async_workbook::LESSONS;

    use super::*;

    /// The minutes of a chapter that consists of ten minutes of words, and of
    /// `text`.
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
    fn reference_material_does_not_count() {
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
        let after = format!("## Exercise\n{long}## After\n{long}");
        assert_eq!(minutes_with(&after), 17);
        let words = "word ".repeat(500);
        assert_eq!(minutes_with(&format!("<svg>{words}\n{words}</svg>\n")), 10);
        assert_eq!(minutes_with(&format!("<p class=\"legend\">{words}</p>\n")), 10);
        assert_eq!(minutes_with(&format!("<span hidden>{words}</span>\n")), 10);
    }

    #[test]
    fn the_title_stays_first() {
        let lesson = Lesson { minutes: 30, ..LESSONS[0] };
        let text = below_title("# A\n\nb\n", &words(12, &lesson));
        let line =
            "<p class=\"reading\">12 min to read, about 30 with the exercise</p>";
        assert_eq!(text, format!("# A\n\n{line}\n\nb\n"));
    }
}
