//! What a learner asks for besides checks: where am I, what is next, a hint, the
//! solution, the exercise as it was.

use super::args::Hints;
use super::hints;
use super::progress::{Progress, State, now, same};
use super::repo::{Exercise, Repo};
use super::screen::{Look, Screen};
use anyhow::{Context, Result, bail};
use async_workbook::{Hint, Lesson};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Someone who works at the exercises.
#[derive(Debug)]
pub struct Learner<'a> {
    repo: &'a Repo,
    screen: &'a Screen,
}

/// What to type for help on an exercise.
pub fn ask(what: &str, exercise: &Exercise) -> String {
    format!("cargo workbook {what} {}", exercise.lesson.number())
}

/// The exercise to work at.
///
/// # Errors
///
/// When all are solved: one has to be named then.
pub fn current(repo: &Repo, progress: &Progress) -> Result<Exercise> {
    let exercises = repo.exercises();
    match progress.current(&exercises) {
        Some(exercise) => Ok(exercise),
        None if exercises.is_empty() => bail!("there are no exercises here"),
        None => bail!(super::Misuse(
            "all exercises are solved; name one, such as `03`".to_owned()
        )),
    }
}

/// Why it works, and what is next.
///
/// # Errors
///
/// When nobody reads any more.
pub fn after_a_pass(
    repo: &Repo,
    screen: &Screen,
    exercise: &Exercise,
    how: &str,
) -> Result<()> {
    // Hints that cannot be read must not spoil a pass.
    if let Ok(text) = hints::load(exercise) {
        screen.line("")?;
        hints::show(repo, screen, "  ", &text.why)?;
    }
    screen.line("")?;
    let progress = Progress::load(repo).unwrap_or_default();
    let exercises = repo.exercises();
    if !progress.solved.contains_key(exercise.name()) {
        // It could not be put down, and that has been said.
        return Ok(());
    }
    match progress.current(&exercises) {
        Some(next) if progress.at.as_deref() == Some(exercise.name()) => {
            screen.line(&format!("next: {} ({how})", next.name()))?;
        }
        Some(current) => screen.line(&format!("you are at {}", current.name()))?,
        None => screen.line("All exercises are solved.")?,
    }
    Ok(())
}

/// Shows a hint, one more than before, or those that are asked for.
///
/// # Errors
///
/// When there are none, when progress cannot be read, when nobody reads any more.
pub fn hint(
    repo: &Repo,
    screen: &Screen,
    exercise: &Exercise,
    which: Hints,
) -> Result<()> {
    let all = hints::load(exercise)?.hints;
    let seen =
        Progress::load(repo)?.hints.get(exercise.name()).copied().unwrap_or(0);
    let seen = seen.min(all.len());
    let range = match which {
        Hints::Next if seen < all.len() => seen..seen + 1,
        Hints::Next | Hints::All => 0..all.len(),
        Hints::Again => 0..seen,
    };
    if range.is_empty() {
        screen.line(&format!(
            "no hint on {} yet: {}",
            exercise.name(),
            ask("hint", exercise)
        ))?;
        return Ok(());
    }
    for (index, Hint { title, text }) in all.iter().enumerate() {
        if range.contains(&index) {
            let title = screen.paint(Look::Strong, title);
            let number = index + 1;
            let name = exercise.name();
            screen.wrapped(
                "",
                &format!("{name} - hint {number} of {}: {title}", all.len()),
            )?;
            screen.line("")?;
            hints::show(repo, screen, "  ", text)?;
            screen.line("")?;
        }
    }
    if range.end > seen {
        let name = exercise.name().to_owned();
        let saved = Progress::change(repo, |progress| {
            let shown = progress.hints.entry(name).or_default();
            *shown = (*shown).max(range.end);
        });
        if let Err(error) = saved {
            eprintln!(
                "not put down that you saw it ({error:#}); `--all` shows the rest"
            );
        }
    }
    Ok(())
}

/// Goes on to the next unsolved exercise, and returns it.
///
/// # Errors
///
/// When progress cannot be read or written.
pub fn go_on(repo: &Repo, from: Option<&str>) -> Result<Option<Exercise>> {
    let exercises = repo.exercises();
    let mut next = None;
    // Within the lock: another terminal may have gone on meanwhile.
    Progress::change(repo, |progress| {
        let current = progress.current(&exercises);
        let from = from.or(current.as_ref().map(|exercise| exercise.name()));
        next = match from {
            // Without a word on where the learner is, a solved exercise is behind.
            Some(from) => progress.after(&exercises, from),
            None => None,
        };
        if let Some(next) = &next {
            progress.at = Some(next.name().to_owned());
        }
    })?;
    Ok(next)
}

impl<'a> Learner<'a> {
    pub fn new(repo: &'a Repo, screen: &'a Screen) -> Learner<'a> {
        Learner { repo, screen }
    }

    /// The named exercise, or else the current one.
    fn exercise(&self, lesson: Option<&'static Lesson>) -> Result<Exercise> {
        match lesson {
            Some(lesson) => self.repo.need_exercise(lesson),
            None => current(self.repo, &Progress::load(self.repo)?),
        }
    }

    /// Where the learner is, what is next, and how far that is.
    ///
    /// # Errors
    ///
    /// When progress cannot be read.
    pub fn status(&self) -> Result<ExitCode> {
        let (repo, screen) = (self.repo, self.screen);
        let progress = Progress::load(repo)?;
        let exercises = repo.exercises();
        let states: Vec<_> =
            exercises.iter().map(|one| progress.state(one)).collect();
        let bar: Vec<_> =
            states.iter().map(|state| sign(screen, Some(*state))).collect();
        let solved = states.iter().filter(|state| **state != State::Open).count();
        screen.line(&format!(
            "{}  {solved} of {} solved",
            bar.join(" "),
            super::screen::count(exercises.len() as u64, "exercise")
        ))?;
        let Some(current) = progress.current(&exercises) else {
            screen.line("")?;
            screen.wrapped(
                "",
                "All of them. `cargo workbook list` shows the lessons, \
                 `cargo workbook watch 03` goes back to one.",
            )?;
            return Ok(ExitCode::SUCCESS);
        };
        screen.line("")?;
        self.introduce(&current)?;
        screen.line("")?;
        for (what, why) in [
            ("watch", "check it at every save"),
            ("run", "run the lesson it belongs to"),
            ("hint", "a hint"),
            ("open", "open it in your editor"),
        ] {
            let command = match what {
                "run" => ask(what, &current),
                _ => format!("cargo workbook {what}"),
            };
            let why = if screen.columns() < 60 { "" } else { why };
            let line =
                format!("  {command:<22}  {}", screen.paint(Look::Quiet, why));
            screen.line(line.trim_end())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Which exercise it is, and what is to be done.
    fn introduce(&self, exercise: &Exercise) -> Result<()> {
        let screen = self.screen;
        let title = hints::load(exercise).map(|text| (text.title, text.task));
        let (title, task) = title.unwrap_or_default();
        let name = screen.paint(Look::Strong, exercise.name());
        screen.line(format!("{name}  {title}").trim_end())?;
        hints::show(self.repo, screen, "  ", &task)?;
        if exercise.file().is_file() {
            let shown = self.repo.shown(&exercise.file());
            screen.line(&format!("  {}", screen.link(&exercise.file(), &shown)))?;
        } else {
            screen.wrapped("  ", &exercise.missing(self.repo))?;
        }
        Ok(())
    }

    /// Goes on to the next unsolved exercise.
    ///
    /// # Errors
    ///
    /// When progress cannot be read or written.
    pub fn next(&self) -> Result<ExitCode> {
        let before = Progress::load(self.repo)?;
        match next_for(self.repo, &before)? {
            Some(exercise) => {
                self.introduce(&exercise)?;
                self.screen.line("\n  cargo workbook watch")?;
            }
            None if before.current(&self.repo.exercises()).is_some() => {
                self.screen.line("this is the last unsolved exercise")?;
            }
            None => self.screen.line("all exercises are solved")?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Shows hints.
    ///
    /// # Errors
    ///
    /// When there are none, or progress cannot be read.
    pub fn hint(
        &self,
        lesson: Option<&'static Lesson>,
        which: Hints,
    ) -> Result<ExitCode> {
        let exercise = self.exercise(lesson)?;
        hint(self.repo, self.screen, &exercise, which)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Shows one good answer.
    ///
    /// # Errors
    ///
    /// When the exercise is unsolved and nobody insists.
    pub fn solution(
        &self,
        lesson: Option<&'static Lesson>,
        spoil: bool,
    ) -> Result<ExitCode> {
        let exercise = self.exercise(lesson)?;
        let progress = Progress::load(self.repo)?;
        if progress.state(&exercise) == State::Open && !spoil {
            bail!(
                "{} is not solved yet. `{}` helps; `{} --spoil` shows the solution \
                 even so.",
                exercise.name(),
                ask("hint", &exercise),
                ask("solution", &exercise)
            );
        }
        let path = exercise.solution();
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        self.screen.text(&text)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Puts an exercise back as it was given.
    ///
    /// # Errors
    ///
    /// When the learner's text cannot be kept: it is then not touched.
    pub fn reset(&self, lesson: Option<&'static Lesson>) -> Result<ExitCode> {
        let exercise = self.exercise(lesson)?;
        let (file, starter) = (exercise.file(), exercise.starter());
        let shown = self.repo.shown(&file);
        let given = fs::read(&starter)
            .with_context(|| format!("cannot read {}", starter.display()))?;
        let mine = match fs::read(&file) {
            Ok(mine) => Some(mine),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read {}", file.display()));
            }
        };
        if let Some(mine) = &mine {
            let text = String::from_utf8_lossy;
            if same(&text(mine), &text(&given)) {
                self.screen
                    .line(&format!("{shown} is as it was given: nothing to do"))?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        let backup = mine
            .map(|mine| self.keep(&exercise, &mine))
            .transpose()
            .context("your text could not be kept, so nothing was changed")?;
        let kept = backup
            .map(|path| format!("yours is kept in {}", self.repo.shown(&path)));
        // It may fail half-way, as on a full disk: then the backup is all there is.
        fs::write(&file, given).with_context(|| {
            let kept =
                kept.as_ref().map_or(String::new(), |kept| format!("; {kept}"));
            format!("cannot write {shown}{kept}")
        })?;
        self.screen.line(&format!("{shown} is as it was given"))?;
        if let Some(kept) = kept {
            self.screen.line(&kept)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Keeps a learner's text in a file that was not there before.
    fn keep(&self, exercise: &Exercise, text: &[u8]) -> Result<PathBuf> {
        let folder = self.repo.root.join(".workbook/backups");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let (name, time) = (exercise.name(), now());
        let names = (1..).map(|number| match number {
            1 => format!("{name}-{time}.rs"),
            number => format!("{name}-{time}-{number}.rs"),
        });
        for path in names.map(|name| folder.join(name)) {
            let mut file = match File::create_new(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!("cannot write {}", path.display())
                    });
                }
            };
            file.write_all(text)
                .and_then(|()| file.sync_all())
                .with_context(|| format!("cannot write {}", path.display()))?;
            return Ok(path);
        }
        bail!("no name is free in {}", folder.display())
    }
}

/// From a solved exercise, the current one is already the next.
fn next_for(repo: &Repo, before: &Progress) -> Result<Option<Exercise>> {
    let exercises = repo.exercises();
    let at = before.at.as_deref().and_then(|at| {
        exercises.iter().find(|exercise| exercise.name() == at).map(Exercise::name)
    });
    let at_solved = at.filter(|at| before.solved.contains_key(*at));
    go_on(repo, at_solved)
}

/// The sign of a state.
pub fn sign(screen: &Screen, state: Option<State>) -> String {
    match state {
        Some(State::Solved) => screen.paint(Look::Good, "✓"),
        Some(State::Changed) => screen.paint(Look::Changed, "~"),
        Some(State::Open) => screen.paint(Look::Quiet, "·"),
        None => " ".to_owned(),
    }
}
