//! The parameters that every subcommand takes.

use anyhow::{Context as _, Result, bail};
use async_workbook::Lesson;
use async_workbook::text::count;
use clap::ColorChoice;

use super::error::Error;
use super::inbox::Inbox;
use super::progress::Progress;
use super::repo::{Exercise, Repo};
use super::screen::Screen;

/// The repository, the screen and the inbox.
#[derive(Debug)]
pub struct Context {
    pub repo: Repo,
    pub screen: Screen,
    pub inbox: Inbox,
}

impl Context {
    /// Finds the repository and sets up the screen and the inbox.
    pub fn new(color: ColorChoice) -> Result<Context> {
        let (screen, inbox) = (Screen::new(color), Inbox::new());
        Ok(Context { repo: Repo::find()?, screen, inbox })
    }

    /// Reads the progress file.
    pub fn progress(&self) -> Result<Progress> {
        Progress::load(&self.repo)
    }

    /// Returns the named exercise, by default the current one, for this subcommand.
    ///
    /// # Errors
    ///
    /// If the lesson has no exercise; without a name, also if the progress cannot be
    /// read or all exercises are solved.
    pub fn exercise(
        &self,
        lesson: Option<&'static Lesson>,
        subcommand: &str,
    ) -> Result<Exercise> {
        if let Some(lesson) = lesson {
            let (name, number) = (lesson.name, lesson.number());
            return self.repo.exercise(lesson).context(Error::Usage(format!(
                "{name} has no exercise; run it with `cargo workbook run {number}`"
            )));
        }
        let exercises = self.repo.exercises();
        match self.progress()?.current(&exercises) {
            Some(exercise) => Ok(exercise.clone()),
            None => bail!(Error::AllSolved(format!(
                "All exercises are solved. Name one to repeat it: \
                 `cargo workbook {subcommand} 03`"
            ))),
        }
    }

    /// Creates the exercise's file if it is missing; then reports that and returns true.
    pub fn create_if_missing(&self, exercise: &Exercise) -> Result<bool> {
        let others = match exercise.create_if_missing()? {
            0 => return Ok(false),
            1 => String::new(),
            all => format!(", and {}", count(all as u64 - 1, "other exercise")),
        };
        let file = self.repo.display_path(&exercise.file());
        let mut note = format!("created {file} from starter.rs{others}");
        let progress = self.progress().unwrap_or_default();
        if progress.solved.contains_key(exercise.name()) {
            note.push_str(
                "; the version that passed is in .workbook/progress.json, under \
                 `solved`",
            );
        }
        self.screen.wrapped("", &note);
        Ok(true)
    }
}
