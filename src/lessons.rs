//! The list of lessons: the one place their names, order and questions are kept. The
//! tests and the book read it, and `tests/house.rs` holds every folder, target,
//! chapter and snapshot against it.

/// One lesson, as everything that lists lessons needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Folder, example target, chapter and snapshot share this name, such as
    /// `03_gather`.
    pub name: &'static str,
    /// A word or two, such as `Gather`.
    pub title: &'static str,
    /// The one question the lesson answers, as a learner would ask it.
    pub question: &'static str,
    /// What someone from asyncio already knows of it.
    pub in_python: &'static str,
    /// The lessons whose ideas it uses, by name, all of them earlier ones. What those
    /// need themselves goes without saying.
    pub needs: &'static [&'static str],
    /// Minutes a workshop gives it, reading and trying included.
    pub minutes: u32,
    /// Whether it needs a PostgreSQL server.
    pub postgres: bool,
}

impl Lesson {
    /// The lesson's number, such as `03`.
    pub fn number(&self) -> &'static str {
        &self.name[..2]
    }

    /// The lesson of that name, if there is one.
    pub fn named(name: &str) -> Option<&'static Lesson> {
        LESSONS.iter().find(|lesson| lesson.name == name)
    }
}

/// Every lesson, in the order they are read.
pub const LESSONS: &[Lesson] = &[
    Lesson {
        name: "01_hello_await",
        title: "Hello, await",
        question: "When does an async fn run?",
        in_python: "coroutine object, `asyncio.run`",
        needs: &[],
        minutes: 20,
        postgres: false,
    },
    Lesson {
        name: "02_lazy",
        title: "Lazy",
        question: "Why did my two awaits take 200 ms?",
        in_python: "`create_task` against `await coro`",
        needs: &["01_hello_await"],
        minutes: 25,
        postgres: false,
    },
    Lesson {
        name: "03_gather",
        title: "Gather",
        question: "How do I fetch many pages at once and keep their order?",
        in_python: "`aiohttp` and `asyncio.gather`",
        needs: &["02_lazy"],
        minutes: 30,
        postgres: false,
    },
    Lesson {
        name: "04_bounded",
        title: "Bounded",
        question: "What if there are 5,000?",
        in_python: "`Semaphore`; aiohttp's hidden limit of 100",
        needs: &["03_gather"],
        minutes: 30,
        postgres: false,
    },
    Lesson {
        name: "05_pool",
        title: "Pool",
        question: "How do pooled queries run together?",
        in_python: "`asyncpg.create_pool`, `acquire`, `fetchrow`",
        needs: &["04_bounded"],
        minutes: 30,
        postgres: true,
    },
    Lesson {
        name: "06_errors",
        title: "Errors",
        question: "Fail fast, or collect everything?",
        in_python: "`try`/`except`, `return_exceptions`, `ExceptionGroup`",
        needs: &["03_gather"],
        minutes: 30,
        postgres: false,
    },
    Lesson {
        name: "07_pitfalls",
        title: "Pitfalls",
        question: "What do the best-practice lists mean in numbers?",
        in_python: "the usual bullet lists",
        needs: &["04_bounded"],
        minutes: 30,
        postgres: false,
    },
];
