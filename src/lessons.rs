//! The list of lessons, with their names, order and questions: the only list maintained by
//! hand.
//!
//! Everything else that lists lessons is derived from it. Tests and the book iterate over
//! [`LESSONS`], or get one `#[test]` per lesson from [`for_each_lesson!`]. The
//! `[[example]]` stanzas of Cargo.toml, README's table and the book's SUMMARY.md are
//! written by `tests/consistency.rs`, which also checks folders, chapters and snapshots
//! against the list.
//!
//! [`for_each_lesson!`]: crate::for_each_lesson

use std::ops::RangeInclusive;

/// The facts about one lesson that are needed outside its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The name shared by folder, example target, chapter and snapshots, such as
    /// `03_gather`.
    pub name: &'static str,
    /// One or two words, such as `Gather`.
    pub title: &'static str,
    /// The one question the lesson answers, as a learner would ask it.
    pub question: &'static str,
    /// The asyncio counterpart, in Markdown.
    pub in_python: &'static str,
    /// Names of the earlier lessons whose ideas it uses. Only direct prerequisites are
    /// listed, not the prerequisites of prerequisites.
    pub needs: &'static [&'static str],
    /// Minutes it takes someone alone, to read and for the exercise, as readers who tried
    /// it report: at most 15 more than the plan of a workshop in its chapter.
    pub minutes: u32,
    /// `true` if it needs a PostgreSQL server.
    pub postgres: bool,
    /// The argument of its program with which the tests record more runs, for the slider
    /// in its chapter.
    pub knob: Option<Knob>,
}

/// An argument with a number, and the runs that are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob {
    /// The argument, such as `--limit`.
    pub argument: &'static str,
    /// The least number that the program accepts.
    pub least: u32,
    /// The greatest number that it accepts.
    pub most: u32,
    /// The numbers that are recorded, in increasing order.
    pub values: &'static [u32],
    /// The blocks of the output that are recorded, by words in their first lines. Every
    /// run must print them exactly: on the real clock, rounded times and counts.
    pub blocks: &'static [&'static str],
}

const fn knob(
    argument: &'static str,
    range: RangeInclusive<u32>,
    values: &'static [u32],
    blocks: &'static [&'static str],
) -> Option<Knob> {
    let (least, most) = (*range.start(), *range.end());
    Some(Knob { argument, least, most, values, blocks })
}

impl Lesson {
    /// Returns the two digits of the lesson's number, such as `03`.
    pub fn number(&self) -> &'static str {
        &self.name[..2]
    }

    /// Finds a lesson by its full name.
    pub fn named(name: &str) -> Option<&'static Lesson> {
        LESSONS.iter().find(|lesson| lesson.name == name)
    }

    /// Finds a lesson by its name, number or word, or by the path of one of its files.
    ///
    /// ```
    /// use async_workbook::Lesson;
    ///
    /// for text in ["3", "03", "Gather", "03-gather", "lessons/03_gather/exercise.rs"] {
    ///     assert_eq!(Lesson::find(text), Lesson::named("03_gather"));
    /// }
    /// assert_eq!(Lesson::find("gath"), None);
    /// ```
    pub fn find(text: &str) -> Option<&'static Lesson> {
        let text = text.to_lowercase().replace('-', "_");
        let matches = |lesson: &&Lesson, part: &str| {
            let (number, word) = lesson.name.split_once('_').unwrap_or_default();
            let part = part.strip_suffix("_exercise").unwrap_or(part);
            [lesson.name, number, number.trim_start_matches('0'), word]
                .contains(&part)
        };
        // From the end: other folders of a path may have such a name, too.
        let mut parts = text.rsplit(['/', '\\']);
        parts.find_map(|part| LESSONS.iter().find(|lesson| matches(lesson, part)))
    }
}

/// Defines [`LESSONS`] and [`for_each_lesson!`](crate::for_each_lesson) from one list.
///
/// The leading `($)` is a literal dollar sign: a macro that defines a macro has no other
/// way to write one.
macro_rules! lessons {
    (($d:tt) $($test:ident $name:literal { $($facts:tt)* })*) => {
        /// Every lesson, in reading order.
        pub const LESSONS: &[Lesson] = &[$(Lesson { name: $name, $($facts)* }),*];

        /// Calls a macro once per lesson, with an identifier and the lesson's name, such
        /// as `gather "03_gather"`:
        ///
        /// ```
        /// macro_rules! print_name {
        ///     ($test:ident $name:literal) => {
        ///         println!("{}: {}", stringify!($test), $name);
        ///     };
        /// }
        /// async_workbook::for_each_lesson!(print_name);
        /// ```
        #[macro_export]
        macro_rules! for_each_lesson {
            ($d callback:ident) => { $( $d callback! { $test $name } )* };
        }
    };
}

lessons! {
    ($)
    hello_await "01_hello_await" {
        title: "Hello, await",
        question: "When does an async fn run?",
        in_python: "coroutine object, `asyncio.run`",
        needs: &[],
        minutes: 25,
        postgres: false,
        knob: None,
    }
    lazy "02_lazy" {
        title: "Lazy",
        question: "Why did my two awaits take 200 ms?",
        in_python: "`create_task` against `await coro`",
        needs: &["01_hello_await"],
        minutes: 25,
        postgres: false,
        knob: None,
    }
    gather "03_gather" {
        title: "Gather",
        question: "How do I fetch many pages at once and keep their order?",
        in_python: "`aiohttp` and `asyncio.gather`",
        needs: &["02_lazy"],
        minutes: 30,
        postgres: false,
        knob: knob("--delay", 1..=1000, &[100, 200, 300, 400, 500], &["together"]),
    }
    bounded "04_bounded" {
        title: "Bounded",
        question: "What if there are 5,000?",
        in_python: "`Semaphore`; aiohttp's hidden limit of 100",
        needs: &["03_gather"],
        minutes: 35,
        postgres: false,
        knob: knob(
            "--limit",
            1..=12,
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
            &["12 pages"],
        ),
    }
    pool "05_pool" {
        title: "Pool",
        question: "How do pooled queries run together?",
        in_python: "`asyncpg.create_pool`, `acquire`, `fetchrow`",
        needs: &["04_bounded"],
        minutes: 40,
        postgres: true,
        knob: knob(
            "--size",
            1..=20,
            &[1, 2, 3, 4, 5],
            &["three queries", "callers that need"],
        ),
    }
    errors "06_errors" {
        title: "Errors",
        question: "Fail fast, or collect everything?",
        in_python: "`try`/`except`, `return_exceptions`, `ExceptionGroup`",
        needs: &["03_gather"],
        minutes: 35,
        postgres: false,
        knob: knob("--fails", 1..=3, &[1, 2, 3], &["strategy"]),
    }
    pitfalls "07_pitfalls" {
        title: "Pitfalls",
        question: "What do the best-practice lists mean in numbers?",
        in_python: "the usual bullet lists",
        needs: &["04_bounded"],
        minutes: 45,
        postgres: false,
        knob: knob("--block", 100..=2000, &[200, 400, 600, 800, 1000], &[]),
    }
    blocking "08_blocking" {
        title: "Blocking",
        question: "Why did everything stop?",
        in_python: "`to_thread`, `slow_callback_duration`, process pools",
        needs: &["07_pitfalls"],
        minutes: 45,
        postgres: false,
        knob: knob("--threads", 1..=64, &[1, 2, 3, 6, 7], &["a pool of"]),
    }
    bridging "09_bridging" {
        title: "Bridging",
        question: "How do I call async code from sync code, and back?",
        in_python: "`asyncio.run`, `run_coroutine_threadsafe`, `to_thread`",
        needs: &["08_blocking"],
        minutes: 35,
        postgres: false,
        knob: knob("--threads", 1..=64, &[1, 2], &["on a thread", "in async code"]),
    }
    tasks "10_tasks" {
        title: "Tasks",
        question: "Who owns a task, and who sees it fail?",
        in_python: "`TaskGroup`, `cancel`, \"Task exception was never retrieved\"",
        needs: &["06_errors"],
        minutes: 45,
        postgres: false,
        knob: knob("--after", 1..=1000, &[1, 25, 50, 75, 90, 150], &["given up after"]),
    }
    send "11_send" {
        title: "Send",
        question: "Why will this future not spawn?",
        in_python: "none: one loop, one thread, the GIL",
        needs: &["07_pitfalls", "10_tasks"],
        minutes: 50,
        postgres: false,
        knob: knob("--tasks", 1..=100, &[1, 2, 4, 8, 12], &["1 a guard"]),
    }
    cancellation "12_cancellation" {
        title: "Cancellation",
        question: "What happens to a future I drop?",
        in_python: "`CancelledError`, `finally`, `shield`",
        needs: &["10_tasks"],
        minutes: 45,
        postgres: false,
        knob: knob("--after", 1..=1000, &[1, 25, 50, 75, 99, 150], &["a transfer of 10"]),
    }
    retry "13_retry" {
        title: "Retry",
        question: "How long will I really wait?",
        in_python: "`wait_for`, `timeout_at`, tenacity",
        needs: &["06_errors"],
        minutes: 50,
        postgres: false,
        knob: knob(
            "--deadline",
            1..=10_000,
            &[200, 500, 1000, 2000, 3000, 5000],
            &["a server that does not respond"],
        ),
    }
    transactions "14_transactions" {
        title: "Transactions",
        question: "What survives a cancelled request?",
        in_python: "`async with conn.transaction()`",
        needs: &["05_pool", "06_errors", "12_cancellation"],
        minutes: 35,
        postgres: true,
        knob: knob(
            "--limit",
            100..=10_000,
            &[400, 800, 1600],
            &["a query of", "the next query"],
        ),
    }
}
