//! Where everything lies, and which lesson somebody means.

use super::Misuse;
use anyhow::{Context, Result, bail};
use async_workbook::{LESSONS, Lesson};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

/// The repository in which the command works.
#[derive(Clone, Debug)]
pub struct Repo {
    /// An absolute path.
    pub root: PathBuf,
}

impl Repo {
    /// The repository that cargo runs this program for, else the one around the
    /// current folder.
    ///
    /// # Errors
    ///
    /// When neither has lessons.
    pub fn find() -> Result<Repo> {
        let here = env::current_dir().context("cannot tell the current folder")?;
        let of_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let around = here.ancestors().map(Path::to_owned);
        let is_root = |path: &PathBuf| {
            path.join("lessons").is_dir() && path.join("Cargo.toml").is_file()
        };
        match of_cargo.into_iter().chain(around).find(is_root) {
            Some(root) => Ok(Repo { root }),
            None => bail!(Misuse(format!(
                "there are no lessons in {} or above it; \
                 go to your copy of async-workbook first",
                here.display()
            ))),
        }
    }

    /// Every lesson that has an exercise, in order.
    pub fn exercises(&self) -> Vec<Exercise> {
        LESSONS.iter().filter_map(|lesson| self.exercise(lesson)).collect()
    }

    /// The exercise of a lesson, where it has one: a `check.rs` beside it says so.
    pub fn exercise(&self, lesson: &'static Lesson) -> Option<Exercise> {
        let folder = self.root.join("lessons").join(lesson.name);
        folder.join("check.rs").is_file().then_some(Exercise { lesson, folder })
    }

    /// The exercise of a lesson.
    ///
    /// # Errors
    ///
    /// When it has none.
    pub fn need_exercise(&self, lesson: &'static Lesson) -> Result<Exercise> {
        self.exercise(lesson).with_context(|| {
            Misuse(format!(
                "{} has no exercise; run it with `cargo workbook run {}`",
                lesson.name,
                lesson.number()
            ))
        })
    }

    /// The exercise of a lesson, with its file.
    ///
    /// # Errors
    ///
    /// When the lesson has no exercise, or the file is gone.
    pub fn present_exercise(&self, lesson: &'static Lesson) -> Result<Exercise> {
        let exercise = self.need_exercise(lesson)?;
        if !exercise.file().is_file() {
            bail!("{}", exercise.missing(self));
        }
        Ok(exercise)
    }

    /// A path as someone in the current folder would write it.
    pub fn shown(&self, path: &Path) -> String {
        let here = env::current_dir().unwrap_or_default();
        let short =
            path.strip_prefix(&here).or_else(|_| path.strip_prefix(&self.root));
        short.unwrap_or(path).display().to_string()
    }
}

/// A lesson's exercise, whose file may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    pub lesson: &'static Lesson,
    pub folder: PathBuf,
}

impl Exercise {
    pub fn name(&self) -> &'static str {
        self.lesson.name
    }

    pub fn file(&self) -> PathBuf {
        self.folder.join("exercise.rs")
    }

    /// The text that `reset` puts back.
    pub fn starter(&self) -> PathBuf {
        self.folder.join("starter.rs")
    }

    pub fn solution(&self) -> PathBuf {
        self.folder.join("solution.rs")
    }

    /// Cargo's name of the program.
    pub fn target(&self) -> String {
        format!("{}_exercise", self.name())
    }

    /// How long a run of its checks may take.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(if self.lesson.postgres { 20 } else { 10 })
    }

    /// What the learner has written.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn source(&self) -> std::io::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.file())?).into_owned())
    }

    /// What to say when its file is not there.
    pub fn missing(&self, repo: &Repo) -> String {
        format!(
            "{} is missing; `cargo workbook reset {}` puts it back as it was given",
            repo.shown(&self.file()),
            self.lesson.number()
        )
    }
}

/// The lesson that someone calls `3`, `03`, `gather`, `03_gather` or by the path of
/// a file of it.
///
/// # Errors
///
/// When there is no such lesson; the message names the nearest one.
pub fn lesson(name: &str) -> Result<&'static Lesson, String> {
    let wanted = name.trim().to_lowercase().replace('-', "_");
    let wanted = wanted.trim_end_matches(['/', '\\']);
    let part_of_path = wanted
        .split(['/', '\\'])
        .find(|part| LESSONS.iter().any(|l| l.name == *part));
    let wanted = part_of_path.unwrap_or(wanted);
    let wanted = wanted.strip_suffix("_exercise").unwrap_or(wanted);
    let number: Option<usize> = wanted.parse().ok();
    let found = LESSONS.iter().find(|lesson| {
        lesson.name == wanted
            || word(lesson) == wanted
            || number.is_some() && lesson.number().parse().ok() == number
    });
    found.ok_or_else(|| {
        let last = LESSONS.last().map_or("00", Lesson::number);
        match nearest(wanted) {
            Some(near) => {
                format!("there is no lesson `{name}`; did you mean `{}`?", near.name)
            }
            None => format!("there is no lesson `{name}`; they are 01 to {last}"),
        }
    })
}

/// The name without its number, such as `gather`.
pub fn word(lesson: &Lesson) -> &str {
    lesson.name.split_once('_').map_or(lesson.name, |(_, word)| word)
}

/// The one lesson whose name is most like it, if any is.
fn nearest(wanted: &str) -> Option<&'static Lesson> {
    let (number, rest) = match wanted.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => wanted.split_at(at),
        None => return None,
    };
    let rest = rest.trim_start_matches('_');
    let distance = |lesson: &Lesson| {
        let word = word(lesson);
        if rest.len() >= 3 && word.starts_with(rest) {
            return 0;
        }
        let whole = edits(word, rest);
        // A name of several words may be called by one of them.
        let part = word.split('_').map(|part| edits(part, rest) + 1).min();
        whole.min(part.unwrap_or(whole))
    };
    let (best, near) = LESSONS
        .iter()
        .map(|lesson| (distance(lesson), lesson))
        .min_by_key(|(distance, lesson)| (*distance, lesson.number() != number))?;
    (best <= (rest.chars().count() / 2).clamp(1, 3)).then_some(near)
}

/// How many letters to insert, delete, replace or swap with their neighbour.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_has_many_names() {
        for name in [
            "3",
            "03",
            "gather",
            "03_gather",
            "03-gather",
            "Gather",
            "03_gather_exercise",
            "lessons/03_gather",
            "lessons/03_gather/",
            "./lessons/03_gather/exercise.rs",
            "lessons\\03_gather\\exercise.rs",
        ] {
            assert_eq!(
                lesson(name).map(|lesson| lesson.name),
                Ok("03_gather"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_wrong_name_gets_the_nearest_one() {
        for (name, near) in [
            ("gathr", "03_gather"),
            ("03_gahter", "03_gather"),
            ("bound", "04_bounded"),
            ("awiat", "01_hello_await"),
            ("error", "06_errors"),
        ] {
            let error = lesson(name).unwrap_err();
            assert!(error.ends_with(&format!("did you mean `{near}`?")), "{error}");
        }
        for name in ["99", "0", "", "x", "quantum", "-1", "9999999999999999999999"] {
            let error = lesson(name).unwrap_err();
            assert!(error.ends_with("; they are 01 to 07"), "{error}");
        }
    }
}
