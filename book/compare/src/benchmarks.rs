//! The benchmarks, and the programs that compete in them.

/// The kind of program that a contestant is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Program {
    /// This executable.
    Rust,
    /// A script in `python/`.
    Python,
    /// PostgreSQL's own benchmarking tool.
    Pgbench,
}

/// A program that competes in a group of benchmarks.
#[derive(Debug)]
pub struct Contestant {
    /// The group: contestants of one group take turns.
    pub group: &'static str,
    pub name: &'static str,
    pub program: Program,
    /// Arguments, separated by spaces. The driver replaces those that begin with
    /// `$`.
    pub arguments: &'static str,
    /// Python packages the script imports.
    pub packages: &'static [&'static str],
}

/// The groups of benchmarks: the name, as on the command line, and a title. The group
/// `pages` has two benchmarks, `pages-50` and `pages-0`, run by the same programs.
pub const GROUPS: [(&str, &str); 6] = [
    ("pages", "N pages at once, with 50 ms of delay each and with none"),
    ("queries", "small SQL queries through a pool"),
    ("json", "decoding a JSON document"),
    ("tasks", "memory of tasks that wait"),
    ("heartbeat", "a blocking call next to a task that wakes up every 10 ms"),
    ("start", "from starting the process to the end of a hello world"),
];

/// Pages that are fetched concurrently.
pub const PAGES: [usize; 4] = [10, 100, 1_000, 10_000];

/// The most pages that httpx has to fetch. For each request its pool scans all idle
/// connections, and for each of those it counts the others: ten times as many pages
/// take more than a hundred times as long.
pub const HTTPX_PAGES: usize = 100;

/// The most pages that aiohttp has to fetch with Python's garbage collector in its
/// default setting: beyond this, the collector takes most of the time.
pub const DEFAULT_PAGES: usize = 1_000;

/// Limits that are known without measuring, in the benchmark's unit.
pub const LIMITS: [(&str, f64); 3] = [
    // All pages at once take as long as one.
    ("pages-50", 50.0),
    // A deadline and a waker, 8 bytes each.
    ("tasks", 16.0),
    // The interval of the heartbeat.
    ("heartbeat", 10.0),
];

/// The unit of a benchmark's results.
pub fn unit(benchmark: &str) -> &'static str {
    match benchmark {
        "queries" => "µs",
        "tasks" => "B",
        _ => "ms",
    }
}

macro_rules! contestants {
    ($($group:literal $name:literal $program:ident $arguments:literal $packages:expr;)*) => {
        &[$(Contestant {
            group: $group,
            name: $name,
            program: Program::$program,
            arguments: $arguments,
            packages: &$packages,
        }),*]
    };
}

/// All contestants, in the order of their turns. `limit` is the theoretical best.
#[rustfmt::skip]
pub const CONTESTANTS: &[Contestant] = contestants! {
    "pages" "rust" Rust "pages one $URL $CASES" [];
    "pages" "rust-threads" Rust "pages all $URL $CASES" [];
    "pages" "aiohttp" Python "pages.py asyncio aiohttp tuned $URL $CASES" ["aiohttp"];
    "pages" "uvloop-aiohttp" Python "pages.py uvloop aiohttp tuned $URL $CASES" ["aiohttp", "uvloop"];
    "pages" "aiohttp-default" Python "pages.py asyncio aiohttp default $URL $TO-1000" ["aiohttp"];
    "pages" "httpx" Python "pages.py asyncio httpx tuned $URL $TO-100" ["httpx"];
    "pages" "bare" Rust "bare $URL $CASES" [];

    "queries" "rust" Rust "queries keep $SIZES $QUERIES $TIMES" [];
    "queries" "asyncpg" Python "queries.py asyncio keep $SIZES $QUERIES $TIMES" ["asyncpg"];
    "queries" "uvloop-asyncpg" Python "queries.py uvloop keep $SIZES $QUERIES $TIMES" ["asyncpg", "uvloop"];
    "queries" "rust-reset" Rust "queries reset 10 $QUERIES $TIMES" [];
    "queries" "asyncpg-reset" Python "queries.py asyncio reset 10 $QUERIES $TIMES" ["asyncpg"];
    "queries" "limit" Pgbench "$SIZES" [];

    "json" "rust" Rust "decode $JSON $DECODES" [];
    "json" "json" Python "decode.py json $JSON $DECODES" [];
    "json" "orjson" Python "decode.py orjson $JSON $DECODES" ["orjson"];
    "json" "limit" Rust "validate $JSON $DECODES" [];

    "tasks" "rust" Rust "tasks $TASKS" [];
    "tasks" "asyncio" Python "tasks.py asyncio $TASKS" [];
    "tasks" "uvloop" Python "tasks.py uvloop $TASKS" ["uvloop"];

    "heartbeat" "rust" Rust "heartbeat one" [];
    "heartbeat" "asyncio" Python "heartbeat.py asyncio one" [];
    "heartbeat" "uvloop" Python "heartbeat.py uvloop one" ["uvloop"];
    "heartbeat" "rust" Rust "heartbeat threads" [];
    "heartbeat" "rust" Rust "heartbeat away" [];
    "heartbeat" "asyncio" Python "heartbeat.py asyncio away" [];
    "heartbeat" "uvloop" Python "heartbeat.py uvloop away" ["uvloop"];

    "start" "rust" Rust "start" [];
    "start" "asyncio" Python "start.py asyncio" [];
    "start" "uvloop" Python "start.py uvloop" ["uvloop"];
    "start" "limit" Rust "nothing" [];
};
