//! What is compared: the works, and who takes part.

/// What a contestant is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Program {
    /// This executable.
    Rust,
    /// A file beside this one.
    Python,
    /// PostgreSQL's own measuring program.
    Pgbench,
}

/// One who takes part.
#[derive(Debug)]
pub struct Contestant {
    /// The works that it does, which are done in turn with others of that name.
    pub works: &'static str,
    pub who: &'static str,
    pub program: Program,
    /// Its arguments; those that begin with `$` are put in by the driver.
    pub words: &'static str,
    /// The Python packages it needs.
    pub needs: &'static [&'static str],
}

/// The works by name, and what a person reads of them. Those of one program have one
/// name here: pages are fetched with a delay, and without.
pub const WORKS: [(&str, &str); 6] = [
    ("pages", "N pages at once, of 50 ms each and of none"),
    ("queries", "small queries through a pool"),
    ("json", "a JSON document, decoded"),
    ("tasks", "tasks that wait"),
    ("heartbeat", "a call that blocks, beside a heart that beats every 10 ms"),
    ("start", "from the start of a process to the end of a hello"),
];

/// How many pages at once.
pub const PAGES: [usize; 4] = [10, 100, 1_000, 10_000];

/// The most pages that httpx is given. For each request its pool looks at every idle
/// connection, and for each of those counts the others: ten times as many pages take
/// more than a hundred times as long.
pub const HTTPX_PAGES: usize = 100;

/// The most that aiohttp is given with Python's collector as it is: with more, most of
/// its time is the collector's.
pub const DEFAULT_PAGES: usize = 1_000;

/// What the limit is where it needs no measuring: the work, its unit, the number.
pub const LIMITS: [(&str, f64); 3] =
    // Pages of 50 ms, all at once; when to wake and whom, 8 bytes each; a beat.
    [("pages-50", 50.0), ("tasks", 16.0), ("heartbeat", 10.0)];

/// The unit of a work.
pub fn unit(work: &str) -> &'static str {
    match work {
        "queries" => "µs",
        "tasks" => "B",
        _ => "ms",
    }
}

macro_rules! contestants {
    ($($works:literal $who:literal $program:ident $words:literal $needs:expr;)*) => {
        &[$(Contestant {
            works: $works,
            who: $who,
            program: Program::$program,
            words: $words,
            needs: &$needs,
        }),*]
    };
}

/// Everyone, in the order of their turns. `limit` is what nobody can be better than.
#[rustfmt::skip]
pub const CONTESTANTS: &[Contestant] = contestants! {
    "pages" "rust" Rust "pages one $WEB $CASES" [];
    "pages" "rust-threads" Rust "pages all $WEB $CASES" [];
    "pages" "aiohttp" Python "pages.py asyncio aiohttp tuned $WEB $CASES" ["aiohttp"];
    "pages" "uvloop-aiohttp" Python "pages.py uvloop aiohttp tuned $WEB $CASES" ["aiohttp", "uvloop"];
    "pages" "aiohttp-default" Python "pages.py asyncio aiohttp default $WEB $TO-1000" ["aiohttp"];
    "pages" "httpx" Python "pages.py asyncio httpx tuned $WEB $TO-100" ["httpx"];
    "pages" "bare" Rust "bare $WEB $CASES" [];

    "queries" "rust" Rust "queries keep $SIZES $QUERIES $TIMES" [];
    "queries" "asyncpg" Python "queries.py asyncio keep $SIZES $QUERIES $TIMES" ["asyncpg"];
    "queries" "uvloop-asyncpg" Python "queries.py uvloop keep $SIZES $QUERIES $TIMES" ["asyncpg", "uvloop"];
    "queries" "rust-reset" Rust "queries reset 10 $QUERIES $TIMES" [];
    "queries" "asyncpg-reset" Python "queries.py asyncio reset 10 $QUERIES $TIMES" ["asyncpg"];
    "queries" "limit" Pgbench "$SIZES" [];

    "json" "rust" Rust "decode $JSON $DECODES" [];
    "json" "json" Python "decode.py json $JSON $DECODES" [];
    "json" "orjson" Python "decode.py orjson $JSON $DECODES" ["orjson"];
    "json" "limit" Rust "look $JSON $DECODES" [];

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
