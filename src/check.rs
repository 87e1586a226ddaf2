//! What decides whether an exercise is solved: that its answers are right, and that
//! its code is what async code must be.
//!
//! An exercise's `check.rs` is one test, of several checks. Each runs the learner's
//! code on tokio's paused clock, where times are exact and nothing has to be waited
//! for:
//!
//! ```
//! use async_workbook::check::{self, Pace, Probe};
//! use std::time::Duration;
//!
//! const MS: Duration = Duration::from_millis(1);
//!
//! // The exercise: run both futures at once.
//! async fn both<T>(a: impl Future<Output = T>, b: impl Future<Output = T>) -> [T; 2] {
//!     tokio::join!(a, b).into()
//! }
//!
//! async fn together() -> anyhow::Result<()> {
//!     let probe = Probe::default();
//!     let jobs = both(probe.work(1, 100 * MS), probe.work(2, 100 * MS));
//!     let run = check::run("both", jobs).await;
//!     run.paced(&Pace::of(2, "jobs", 100 * MS))
//! }
//!
//! // In check.rs this has a #[test].
//! fn check() -> check::Verdict {
//!     let mut exercise = check::Exercise::new();
//!     exercise.check("both run at the same time", together);
//!     exercise.verdict()
//! }
//! # check().unwrap();
//! ```
//!
//! | what async code must be | how it is seen |
//! |---|---|
//! | concurrent | [`Run::paced`] and [`Pace`]: virtual time; [`peak`]: in flight together |
//! | in order | [`in_order`]; [`Exercise::check_schedules`] with many orders of events |
//! | bounded | [`peak`] of a [`Probe`] or of a [`web::Server`](crate::web::Server) |
//! | never stuck | every check: a deadlock is said at once |
//! | never blocked | [`Run::never_blocked`]: one stretch of holding the thread |
//! | cancel-safe | [`cancelled_at_every_await`]: dropped at each `.await` |
//! | clean | [`Probe`], [`web::Server::seen`](crate::web::Server::seen): who finished, who was dropped |

mod cancel;
mod diagnosis;
pub mod event;
mod pace;
mod probe;
mod scene;
mod schedule;

pub use cancel::{Cancel, cancelled_at_every_await};
pub use diagnosis::{Diagnosis, explain, that};
pub use pace::{Pace, in_order, peak};
pub use probe::Probe;
pub use scene::{Run, caught, on_paused_clock, run};
pub use schedule::Schedule;

use crate::timeline::Recording;
use anyhow::Result;
use diagnosis::Kind;
use event::Event;
use scene::{Clock, on_clock};
use std::fmt;
use std::time::Duration;

/// Seeds that [`Exercise::check_schedules`] tries.
const SEEDS: u64 = 50;

/// How long a check on the real clock may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// How often a diagnosis that could be noise has to be seen to be believed.
const SIGHTINGS: usize = 3;

/// The checks of one exercise, told as they run: in words to whoever ran
/// `cargo test`, as [events](event) to `cargo workbook`.
#[derive(Debug)]
pub struct Exercise {
    to: Reader,
    seed: Option<u64>,
    passed: usize,
    checks: usize,
    /// Whether there is nothing to check yet.
    unwritten: bool,
    /// What was recorded of the last run of each check that holds, and of those that
    /// do not.
    runs: Recording,
    failing_runs: Recording,
}

/// Who reads what the checks say.
#[derive(Debug)]
enum Reader {
    /// A person.
    Person,
    /// A program, which shows pictures of so many columns, with or without colour.
    Program { columns: usize, color: bool },
}

/// How an exercise's checks ended: an error unless all hold.
pub type Verdict = Result<(), Unsolved>;

/// Not all checks hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsolved {
    passed: usize,
    checks: usize,
}

/// What `cargo test` prints of a test that returned this.
impl fmt::Debug for Unsolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} checks hold", self.passed, self.checks)
    }
}

impl Exercise {
    /// Begins with the first check to come.
    ///
    /// Reads `WORKBOOK_EVENTS`, and with it `COLUMNS` and `WORKBOOK_COLOR`;
    /// `WORKBOOK_SEED`, the one seed to try; `WORKBOOK_TIMELINE`, the file in which the
    /// runs are drawn (of those checks that fail, if any does); and `WORKBOOK_TIED`: the process then ends
    /// when its standard input does, which whoever started it holds open.
    ///
    /// # Panics
    /// When `WORKBOOK_SEED` is set and not a number.
    #[expect(clippy::new_without_default, reason = "it reads the environment")]
    pub fn new() -> Self {
        let set =
            |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let to = match set("WORKBOOK_EVENTS") {
            Some(_) => Reader::Program {
                columns: set("COLUMNS").and_then(|n| n.parse().ok()).unwrap_or(80),
                color: set("WORKBOOK_COLOR").is_some(),
            },
            None => Reader::Person,
        };
        if set("WORKBOOK_TIED").is_some() {
            end_with_standard_input();
        }
        let seed = set("WORKBOOK_SEED").map(|seed| match seed.parse() {
            Ok(seed) => seed,
            Err(_) => panic!("WORKBOOK_SEED={seed}: a seed is a whole number"),
        });
        Self {
            to,
            seed,
            passed: 0,
            checks: 0,
            unwritten: false,
            runs: Recording::default(),
            failing_runs: Recording::default(),
        }
    }

    /// Runs one check on the paused clock. `check` says what it is about, as a
    /// sentence about good code.
    pub fn check(&mut self, check: &str, scenario: impl AsyncFn() -> Result<()>) {
        self.judge(check, || on_clock(Clock::Paused, scenario()));
    }

    /// Runs one check on the real clock, as is needed where another process takes
    /// part: a PostgreSQL server. What takes longer than 8 s is taken for stuck.
    pub fn check_in_real_time(
        &mut self,
        check: &str,
        scenario: impl AsyncFn() -> Result<()>,
    ) {
        self.judge(check, || on_clock(Clock::Real(PATIENCE), scenario()));
    }

    /// Runs one check under the schedules of 50 seeds, each on a paused clock of its
    /// own, or of the one in `WORKBOOK_SEED`. A failure names its seed.
    ///
    /// ```
    /// use async_workbook::check::{self, Exercise, Probe, Schedule};
    /// use futures::future::join_all;
    ///
    /// async fn in_order(schedule: &Schedule) -> anyhow::Result<()> {
    ///     let probe = Probe::default();
    ///     let jobs = (0..5).map(|number| probe.work(number, schedule.delay()));
    ///     let results = schedule.run(join_all(jobs)).await;
    ///     check::in_order(&results, &[0, 1, 2, 3, 4])
    /// }
    ///
    /// let mut exercise = Exercise::new();
    /// exercise.check_schedules("in order, whoever is done first", in_order);
    /// exercise.verdict().unwrap();
    /// ```
    pub fn check_schedules(
        &mut self,
        check: &str,
        scenario: impl AsyncFn(&Schedule) -> Result<()>,
    ) {
        let seeds = self.seed.map_or(0..SEEDS, |seed| seed..seed.saturating_add(1));
        self.judge(check, || {
            for seed in seeds.clone() {
                let result = on_clock(Clock::Paused, scenario(&Schedule::new(seed)));
                result.map_err(|error| Diagnosis::of(error).with_seed(seed))?;
            }
            Ok(())
        });
    }

    fn judge(&mut self, check: &str, scenario: impl Fn() -> Result<()>) {
        self.checks += 1;
        let check = check.to_owned();
        if self.unwritten {
            return self.tell(Event::Skipped { check });
        }
        self.tell(Event::Began { check: check.clone() });
        let tried = || scenario().map_err(Diagnosis::of);
        let mut result = tried();
        for _ in 1..SIGHTINGS {
            if result.as_ref().is_err_and(|seen| seen.is(Kind::MayBeNoise)) {
                result = tried();
            }
        }
        match result {
            Ok(()) => {
                self.passed += 1;
                self.runs.sections.extend(scene::last_run());
                self.tell(Event::Passed { check });
            }
            Err(seen) => {
                self.unwritten = seen.is(Kind::Unwritten);
                let (columns, color) = match self.to {
                    Reader::Person => (76, false),
                    Reader::Program { columns, color } => (columns, color),
                };
                self.failing_runs.sections.extend(seen.picture().cloned());
                let diagnosis = seen.draw(columns, color);
                self.tell(Event::Failed { check, diagnosis });
            }
        }
    }

    fn tell(&self, event: Event) {
        match self.to {
            Reader::Program { .. } => print!("{}", event.line()),
            Reader::Person => match event {
                Event::Began { .. } | Event::Verdict { .. } => {}
                Event::Passed { check } => println!("✓ {check}"),
                Event::Skipped { check } => println!("- {check}"),
                Event::Failed { check, diagnosis } => {
                    println!("✗ {check}");
                    diagnosis.lines().for_each(|line| println!("    {line}"));
                }
            },
        }
    }

    /// Ends the exercise. (`cargo test` prints what the checks said only where this
    /// is an error.)
    ///
    /// # Errors
    /// When a check does not hold.
    pub fn verdict(self) -> Verdict {
        self.tell(Event::Verdict { passed: self.passed, checks: self.checks });
        let Self { passed, checks, runs, failing_runs, .. } = self;
        let runs = if passed == checks { runs } else { failing_runs };
        runs.save_if_requested();
        if passed == checks { Ok(()) } else { Err(Unsolved { passed, checks }) }
    }
}

/// Whoever started this may be gone, killed without a chance to say so: then a loop
/// without end would run on for ever.
fn end_with_standard_input() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tracing::Instrument;

    fn exercise() -> Exercise {
        Exercise {
            to: Reader::Person,
            seed: None,
            passed: 0,
            checks: 0,
            unwritten: false,
            runs: Recording::default(),
            failing_runs: Recording::default(),
        }
    }

    fn fails(kind: Kind) -> Result<()> {
        Err(Diagnosis::new("no").of_kind(kind).into())
    }

    #[test]
    fn all_checks_are_tried_and_counted() {
        let mut exercise = exercise();
        exercise.check("one", async || Ok(()));
        exercise.check("two", async || fails(Kind::Plain));
        exercise.check("three", async || Ok(()));
        let unsolved = exercise.verdict().unwrap_err();
        assert_eq!(format!("{unsolved:?}"), "2 of 3 checks hold");
    }

    #[test]
    fn a_check_runs_on_the_clock_it_wants() {
        let mut exercise = exercise();
        exercise.check("paused", async || {
            let tokio = tokio::time::Instant::now();
            let real = std::time::Instant::now();
            tokio::time::sleep(Duration::from_secs(100)).await;
            that(tokio.elapsed() > 10 * real.elapsed(), "not paused")
        });
        exercise.check_in_real_time("real", async || {
            let tokio = tokio::time::Instant::now();
            std::thread::sleep(Duration::from_millis(1));
            that(tokio.elapsed() >= Duration::from_millis(1), "paused")
        });
        assert_eq!((exercise.passed, exercise.checks), (2, 2));
        assert!(exercise.verdict().is_ok());
    }

    #[test]
    fn what_is_not_written_is_tried_once() {
        let mut exercise = exercise();
        exercise.check("one", async || todo!());
        exercise.check("two", async || unreachable!("it is skipped"));
        let unsolved = exercise.verdict().unwrap_err();
        assert_eq!(format!("{unsolved:?}"), "0 of 2 checks hold");
    }

    #[test]
    fn runs_are_kept_for_their_picture() {
        let nap = async |title: &str| {
            let nap = || tokio::time::sleep(Duration::from_millis(3));
            let span = || tracing::info_span!("nap");
            run(title, async { nap().instrument(span()).await }).await
        };
        let mut exercise = exercise();
        exercise.check("good", async || {
            nap("first").await;
            nap("last").await;
            Ok(())
        });
        exercise.check("bad", async || {
            let run = nap("failing").await;
            run.pictured(fails(Kind::Plain))
        });
        exercise.check("without a run", async || Ok(()));
        let titles = |recording: &Recording| {
            recording.sections.iter().map(|s| s.title.clone()).collect::<Vec<_>>()
        };
        assert_eq!(titles(&exercise.runs), ["last"]);
        assert_eq!(titles(&exercise.failing_runs), ["failing"]);
    }

    #[test]
    fn noise_is_believed_when_seen_three_times() {
        let seen = Cell::new(0);
        let noisy = |times| {
            seen.set(0);
            let mut exercise = exercise();
            exercise.check("quiet", async || {
                seen.set(seen.get() + 1);
                if seen.get() <= times { fails(Kind::MayBeNoise) } else { Ok(()) }
            });
            exercise.verdict().is_ok()
        };
        assert!(noisy(2));
        assert!(!noisy(3));
        assert_eq!(seen.get(), 3);
    }

    #[test]
    fn a_schedule_that_fails_is_named_and_can_be_tried_alone() {
        let seeds = std::cell::RefCell::new(Vec::new());
        let mut all = exercise();
        all.check_schedules("all", async |schedule| {
            seeds.borrow_mut().push(schedule.seed());
            that(schedule.seed() < 7, "too late")
        });
        assert!(all.verdict().is_err());
        assert!(seeds.take().into_iter().eq(0..=7));

        let mut one = Exercise { seed: Some(33), ..exercise() };
        one.check_schedules("one", async |schedule| {
            seeds.borrow_mut().push(schedule.seed());
            Ok(())
        });
        assert!(one.verdict().is_ok());
        assert_eq!(seeds.take(), [33]);
    }
}
