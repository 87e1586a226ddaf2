//! The exercise kit: decides whether an exercise is solved.
//!
//! A solution has to return the right results, and it also has to be good async
//! code: concurrent, bounded, cancel-safe, never blocking. The kit makes these
//! properties measurable. Each check runs the learner's code on a current-thread
//! runtime whose clock is paused (see `runner.rs`). Times are then exact, so "all
//! six requests run together" can be checked as "it took 100 ms", and a check that
//! sleeps for many seconds takes a few milliseconds.
//!
//! An exercise's `check.rs` is one `#[test]` that runs several checks:
//!
//! ```
//! use async_workbook::check::{self, Pace, Probe};
//! use std::time::Duration;
//!
//! const MS: Duration = Duration::from_millis(1);
//!
//! // The exercise: run both futures at once.
//! async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
//!     tokio::join!(a, b)
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
//! | property | checked by |
//! |---|---|
//! | concurrent | [`Run::paced`] with a [`Pace`]: virtual time; [`peak`]: number in flight; [`Run::calls`]: the times of each call |
//! | in order | [`in_order`]; [`Exercise::check_schedules`]: many orders of events |
//! | computed, not copied | [`rng`]: random values |
//! | bounded | [`timetable`]: when each job starts; [`peak`] of a [`Probe`] or of a [`web::Server`](crate::web::Server) |
//! | not polling in a loop | [`Run::few_wakeups`]: how often the thread woke up |
//! | no deadlock | every check reports a deadlock, without waiting for a timeout |
//! | non-blocking | [`Run::never_blocked`]: the time for which the thread was blocked |
//! | cancel-safe | [`cancelled_at_every_await`]: dropped at each `.await` |
//! | no connection wasted | [`ObservedPool`]: a PostgreSQL pool and its connections, seen from the server |
//! | clean | [`Probe`] and [`Server::requests`]: what finished, what was dropped |
//!
//! [`Server::requests`]: crate::web::Server::requests

mod assertions;
mod busy;
mod calls;
mod cancel;
mod chain;
mod client;
mod clock;
mod diagnosis;
mod difference;
pub mod event;
#[cfg(feature = "cli")]
pub mod genuine;
mod panics;
mod pool;
mod probe;
mod raw_server;
mod rng;
mod runner;
mod schedule;
mod threads;
pub mod timetable;
mod watchdog;

pub use assertions::{Pace, peak, that};
pub use calls::{Call, Calls};
pub use cancel::{Cancel, OWNED_BY_RUNTIME, cancelled_at_every_await};
pub use chain::{chain, that_error};
pub use client::client;
pub use clock::{
    ArriveTogether, StoppedClock, arrive_together, stop_clock, waits_for_a_thread,
};
pub use diagnosis::{Diagnosis, Explain};
pub use difference::{Difference, difference, in_order, list, without};
pub use panics::{caught, caught_call, panicked};
pub use pool::{ObservedPool, Session, TestDatabase};
pub use probe::Probe;
pub use raw_server::RawServer;
pub use rng::{Rng, rng};
pub use runner::{Run, on_paused_clock, run, run_with_few_polls};
pub use schedule::Schedule;
pub use threads::{all_asleep, asleep};

use std::fmt;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

use crate::timeline::Recording;
use diagnosis::Kind;
use event::Event;
use runner::{Clock, Opaque, block_on};
use watchdog::Stuck;

/// The number of seeds that [`Exercise::check_schedules`] tries.
const SEEDS: u64 = 50;

/// The time limit of a check on the real clock.
const REAL_TIME_LIMIT: Duration = Duration::from_secs(8);

/// The number of times in a row that a check has to fail if noise could be the cause.
const NOISE_ATTEMPTS: usize = 3;

/// The width of the text of `cargo test`, without the indentation of a diagnosis.
const TEXT_COLUMNS: usize = 76;

/// The checks of one exercise. It reports each result as soon as it is known: as
/// text under `cargo test`, as [events](event) to `cargo workbook`.
#[derive(Debug)]
pub struct Exercise {
    format: OutputFormat,
    /// The only seed to try.
    only_seed: Option<u64>,
    /// The seed of the random values ([`rng`]).
    seed: u64,
    passed: usize,
    checks: usize,
    /// The exercise is not implemented yet, so the remaining checks are skipped.
    unwritten: bool,
    /// The last run of each check that passed, and the pictures of those that
    /// failed.
    runs: Recording,
    failing_runs: Recording,
    /// The checks that have failed.
    failed: Vec<(String, Diagnosis)>,
}

/// The format of the results on stdout.
#[derive(Clone, Debug)]
enum OutputFormat {
    /// Text for a person.
    Text,
    /// Events for a program that draws pictures `columns` wide.
    Events { columns: usize, color: bool, token: String },
}

impl OutputFormat {
    fn report(&self, event: Event) {
        match self {
            Self::Events { token, .. } => print!("{}", event.line(token)),
            Self::Text => match event {
                Event::Opened { .. } | Event::Began { .. } => {}
                Event::Verdict { .. } => {}
                Event::Passed { check } => println!("✓ {check}"),
                Event::Skipped { check } => println!("- {check}"),
                Event::Failed { check, diagnosis } => {
                    println!("✗ {check}");
                    diagnosis.lines().for_each(|line| println!("    {line}"));
                }
                // The harness captures the output of a test until its end.
                Event::Stuck { diagnosis, .. } => eprintln!("{diagnosis}"),
            },
        }
    }
}

/// The result of an exercise.
pub type Verdict = Result<(), Unsolved>;

/// The error of an exercise of which some checks failed.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsolved {
    passed: usize,
    checks: usize,
}

/// `cargo test` prints the `Debug` form of the error that a test returns.
impl fmt::Debug for Unsolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} checks passed", self.passed, self.checks)
    }
}

impl Exercise {
    /// Creates an exercise without checks, configured by environment variables:
    ///
    /// - `WORKBOOK_EVENTS=1`: report events instead of text, with pictures as wide
    ///   as `COLUMNS`, and in color if `WORKBOOK_COLOR` is set.
    /// - `WORKBOOK_SEED=N`: use the random values of this seed ([`rng`]), and try only the
    ///   schedule of this seed.
    /// - `WORKBOOK_VALUES_SEED=N`: use the random values of this seed, and try all
    ///   schedules.
    /// - `WORKBOOK_TIMELINE=FILE`: save the recorded runs to this file; only the
    ///   failing ones, if any check fails.
    /// - `WORKBOOK_LIFELINE=1`: read the token of the [events](event) from the first line
    ///   of stdin, and exit when stdin reaches its end, so that a parent which holds
    ///   the other end of the pipe leaves no endless loop behind, even if it is killed.
    ///
    /// # Panics
    ///
    /// If one of the seeds is set to something other than a number; or if the process
    /// has created an exercise before and has a parent that reads its events, which
    /// would take the results of one for those of the other.
    #[expect(clippy::new_without_default, reason = "it reads the environment")]
    #[track_caller]
    pub fn new() -> Self {
        let set =
            |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let lifeline = set("WORKBOOK_LIFELINE").is_some();
        let token = if lifeline { read_token() } else { String::new() };
        let format = match set("WORKBOOK_EVENTS") {
            Some(_) => OutputFormat::Events {
                columns: set("COLUMNS").and_then(|n| n.parse().ok()).unwrap_or(80),
                color: set("WORKBOOK_COLOR").is_some(),
                token,
            },
            None => OutputFormat::Text,
        };
        if lifeline {
            exit_at_end_of_stdin();
        }
        let seed = |name| {
            set(name).map(|seed| match seed.parse() {
                Ok(seed) => seed,
                Err(_) => panic!("{name}={seed}: not a number"),
            })
        };
        let only_seed = seed("WORKBOOK_SEED");
        let values_seed = only_seed.or_else(|| seed("WORKBOOK_VALUES_SEED"));
        let exercise = Self {
            format,
            only_seed,
            seed: values_seed.unwrap_or_else(rng::random_seed),
            passed: 0,
            checks: 0,
            unwritten: false,
            runs: Recording::default(),
            failing_runs: Recording::default(),
            failed: Vec::new(),
        };
        let file = Location::caller().file().to_owned();
        exercise.report(Event::Opened { file });
        exercise
    }

    /// Returns the seed of the random values ([`rng`]).
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Runs one check on the paused clock. `check` describes it as a statement about
    /// good code, such as `all six requests are in flight together`.
    pub fn check(&mut self, check: &str, scenario: impl AsyncFn() -> Result<()>) {
        let clock = Clock::Paused;
        self.run_check(check, &|seed| {
            with_values(seed, check, clock, pin!(scenario()))
        });
    }

    /// Runs one check on the real clock, with a time limit of 8 s.
    ///
    /// For checks that involve another process, such as a PostgreSQL server: while
    /// the runtime waits for it, the paused clock would run ahead.
    pub fn check_in_real_time(
        &mut self,
        check: &str,
        scenario: impl AsyncFn() -> Result<()>,
    ) {
        let clock = Clock::Real(REAL_TIME_LIMIT);
        self.run_check(check, &|seed| {
            with_values(seed, check, clock, pin!(scenario()))
        });
    }

    /// Runs one check with the schedules of 50 seeds, each on a paused clock of its
    /// own; or only with that of `WORKBOOK_SEED`. A diagnosis names its seed.
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
    /// exercise.check_schedules("results keep the order of the jobs", in_order);
    /// exercise.verdict().unwrap();
    /// ```
    pub fn check_schedules(
        &mut self,
        check: &str,
        scenario: impl AsyncFn(&Schedule) -> Result<()>,
    ) {
        let seeds =
            self.only_seed.map_or(0..SEEDS, |seed| seed..seed.saturating_add(1));
        self.run_check(check, &|_| {
            for seed in seeds.clone() {
                rng::begin(seed, check);
                let schedule = Schedule::new(seed);
                let result = block_on(Clock::Paused, pin!(scenario(&schedule)));
                result.map_err(|error| Diagnosis::of(error).with_seed(seed))?;
            }
            Ok(())
        });
    }

    /// Runs one check; `scenario` gets the seed of its values.
    fn run_check(&mut self, check: &str, scenario: &dyn Fn(u64) -> Result<()>) {
        self.checks += 1;
        let check = check.to_owned();
        if self.unwritten {
            return self.report(Event::Skipped { check });
        }
        self.report(Event::Began { check: check.clone() });
        let format = self.format.clone();
        runner::report_stuck_to(Arc::new(move |Stuck { diagnosis, certain }| {
            format.report(Event::Stuck { diagnosis, certain });
        }));
        let attempt = || scenario(self.seed).map_err(Diagnosis::of);
        let mut result = attempt();
        for _ in 1..NOISE_ATTEMPTS {
            if result.as_ref().is_err_and(|failure| failure.is(Kind::MayBeNoise)) {
                result = attempt();
            }
        }
        match result {
            Ok(()) => {
                self.passed += 1;
                self.runs.sections.extend(runner::last_run());
                self.report(Event::Passed { check });
            }
            Err(failure) => {
                self.unwritten = failure.is(Kind::Unwritten);
                let reported = failure.clone().without_repeats(&self.failed);
                self.failed.push((check.clone(), failure));
                let (columns, color) = match self.format {
                    OutputFormat::Text => (TEXT_COLUMNS, false),
                    OutputFormat::Events { columns, color, .. } => (columns, color),
                };
                self.failing_runs.sections.extend(reported.picture().cloned());
                let diagnosis = reported.render(columns, color);
                self.report(Event::Failed { check, diagnosis });
            }
        }
    }

    fn report(&self, event: Event) {
        self.format.report(event);
    }

    /// Ends the exercise. (`cargo test` shows the report only if this is an error.)
    ///
    /// # Errors
    ///
    /// If a check failed.
    pub fn verdict(self) -> Verdict {
        self.report(Event::Verdict { passed: self.passed, checks: self.checks });
        let Self { passed, checks, runs, failing_runs, .. } = self;
        let runs = if passed == checks { runs } else { failing_runs };
        runs.save_if_requested();
        if passed == checks { Ok(()) } else { Err(Unsolved { passed, checks }) }
    }
}

/// Runs a check with the random values of a seed. If it has used some and fails, the
/// diagnosis names the seed.
fn with_values(
    seed: u64,
    check: &str,
    clock: Clock,
    scenario: Opaque<'_, Result<()>>,
) -> Result<()> {
    rng::begin(seed, check);
    block_on(clock, scenario).map_err(|error| {
        let diagnosis = Diagnosis::of(error);
        let used = rng::used() && !diagnosis.is(Kind::Unwritten);
        if used { diagnosis.with_values_seed(seed) } else { diagnosis }.into()
    })
}

/// Reads the token of the events from the first line of stdin.
///
/// # Panics
///
/// If it has been called before.
#[track_caller]
fn read_token() -> String {
    static READ: AtomicBool = AtomicBool::new(false);
    let again = READ.swap(true, Ordering::SeqCst);
    assert!(!again, "the check has created its exercise, and there can be only one");
    let mut line = String::new();
    // Without a first line, the end of stdin is next.
    let _ = std::io::stdin().read_line(&mut line);
    line.trim_end().to_owned()
}

/// Exits the process when stdin reaches its end.
///
/// The parent holds the other end of the pipe. If it is killed with SIGKILL it
/// cannot stop this process, but the kernel closes the pipe.
fn exit_at_end_of_stdin() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use tracing::Instrument;

    use super::*;

    fn exercise() -> Exercise {
        Exercise {
            format: OutputFormat::Text,
            only_seed: None,
            seed: 7,
            passed: 0,
            checks: 0,
            unwritten: false,
            runs: Recording::default(),
            failing_runs: Recording::default(),
            failed: Vec::new(),
        }
    }

    fn fails(kind: Kind) -> Result<()> {
        Err(Diagnosis::new("no").of_kind(kind).into())
    }

    #[test]
    fn all_checks_run_and_are_counted() {
        let mut exercise = exercise();
        exercise.check("one", async || Ok(()));
        exercise.check("two", async || fails(Kind::Plain));
        exercise.check("three", async || Ok(()));
        let unsolved = exercise.verdict().unwrap_err();
        assert_eq!(format!("{unsolved:?}"), "2 of 3 checks passed");
    }

    #[test]
    fn a_check_runs_on_the_clock_it_requests() {
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
    fn checks_after_an_unimplemented_one_are_skipped() {
        let mut exercise = exercise();
        exercise.check("one", async || todo!());
        exercise.check("two", async || unreachable!("this check is skipped"));
        let unsolved = exercise.verdict().unwrap_err();
        assert_eq!(format!("{unsolved:?}"), "0 of 2 checks passed");
    }

    #[test]
    fn the_runs_of_all_checks_are_recorded() {
        let wait = async |title: &str| {
            let sleep = || tokio::time::sleep(Duration::from_millis(3));
            let span = || tracing::info_span!("sleep");
            run(title, async { sleep().instrument(span()).await }).await
        };
        let mut exercise = exercise();
        exercise.check("good", async || {
            wait("first").await;
            wait("last").await;
            Ok(())
        });
        exercise.check("bad", async || {
            let run = wait("failing").await;
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
    fn possible_noise_has_to_fail_three_times() {
        let attempts = Cell::new(0);
        let noisy = |times| {
            attempts.set(0);
            let mut exercise = exercise();
            exercise.check("quiet", async || {
                attempts.set(attempts.get() + 1);
                if attempts.get() <= times {
                    fails(Kind::MayBeNoise)
                } else {
                    Ok(())
                }
            });
            exercise.verdict().is_ok()
        };
        assert!(noisy(2));
        assert!(!noisy(3));
        assert_eq!(attempts.get(), 3);
    }

    #[test]
    fn schedules_run_until_one_fails_or_only_the_requested_one() {
        let seeds = RefCell::new(Vec::new());
        let mut all = exercise();
        all.check_schedules("all", async |schedule| {
            seeds.borrow_mut().push(schedule.seed());
            that(schedule.seed() < 7, "too late")
        });
        assert!(all.verdict().is_err());
        assert!(seeds.take().into_iter().eq(0..=7));

        let mut one = Exercise { only_seed: Some(33), ..exercise() };
        one.check_schedules("one", async |schedule| {
            seeds.borrow_mut().push(schedule.seed());
            Ok(())
        });
        assert!(one.verdict().is_ok());
        assert_eq!(seeds.take(), [33]);
    }

    #[test]
    fn a_failure_names_its_seed_only_if_it_has_used_random_values() {
        let fails = |scenario: &dyn Fn() -> Rng| {
            let check = async {
                let word = scenario().word();
                that(false, format!("{word}."))
            };
            let result = with_values(7, "title", Clock::Paused, pin!(check));
            result.unwrap_err().to_string()
        };
        assert!(!fails(&|| Rng::new(1)).contains("seed"));
        let random = fails(&rng);
        assert!(random.ends_with(
            ".\nThe test values are random; `--seed 7` reproduces them."
        ));
        assert_eq!(random, fails(&rng));
    }
}
