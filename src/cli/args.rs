//! Command-line arguments.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use async_workbook::{LESSONS, Lesson};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, ColorChoice, Parser, Subcommand};

/// Work on the exercises of async-workbook, with a verdict after every save
#[derive(Debug, Parser)]
#[command(
    name = "workbook",
    bin_name = "cargo workbook",
    version,
    subcommand_value_name = "COMMAND",
    max_term_width = 88,
    after_help = "Without a command: shows the current exercise and what to do next.\n\
        Exit status: 0 success, 1 a check or a run failed, 2 wrong usage or unreadable \
        progress, 128 + N: ended by signal N."
)]
pub struct Arguments {
    /// When to use color; `auto` means in a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommand to run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The same as no command
    #[command(hide = true)]
    Status,
    /// List the lessons and the states of their exercises
    #[command(after_help = LIST_JSON)]
    List {
        /// Print the minutes from the first check of an edited exercise to its first pass
        #[arg(long, conflicts_with = "json")]
        minutes: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Run a lesson's program
    Run {
        #[command(flatten)]
        lesson: LessonArgument,
        /// Run your exercise instead
        #[arg(long)]
        exercise: bool,
        /// Arguments for the program
        #[arg(last = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Check an exercise
    #[command(aliases = ["test", "verify"], after_help = CHECK_JSON)]
    Check {
        #[command(flatten)]
        lesson: LessonArgument,
        /// Check every exercise and print a summary of each
        #[arg(long, conflicts_with = "lesson")]
        all: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        options: CheckOptions,
    },
    /// Check an exercise after every save
    #[command(
        alias = "start",
        after_help = "Keys: h hint, n next exercise, r run again, l list, q quit. \
        Without a terminal: the same letters, one per line."
    )]
    Watch {
        #[command(flatten)]
        lesson: LessonArgument,
        #[command(flatten)]
        options: CheckOptions,
    },
    /// Move on to the next unsolved exercise
    Next,
    /// Show a hint; each call shows one more, up to three
    #[command(
        after_help = "The first hint is a nudge, the second names the concept, the \
        third shows the shape of the code. Your progress records how many hints you have \
        seen of each exercise."
    )]
    Hint {
        #[command(flatten)]
        lesson: LessonArgument,
        #[command(flatten)]
        options: HintOptions,
    },
    /// Show a solution after yours has passed
    Solution {
        /// 3, 03, gather or 03_gather [default: the exercise solved last]
        #[arg(value_parser = LessonParser)]
        lesson: Option<&'static Lesson>,
        /// Show it even if the exercise is not solved
        #[arg(long)]
        spoil: bool,
    },
    /// Restore an exercise's starter and mark it unsolved; your file is backed up
    Reset {
        #[command(flatten)]
        lesson: LessonArgument,
    },
    /// Open an exercise in your editor
    #[command(
        after_help = "The editor is $VISUAL, or else $EDITOR, or else VS Code (`code`)."
    )]
    Open {
        #[command(flatten)]
        lesson: LessonArgument,
    },
    /// Check that this machine has what the lessons need
    Doctor,
    /// Measure Rust and Python on the same work
    #[command(
        after_help = "Builds an optimized program, which takes some minutes the first \
        time, then measures for 2 to 3 minutes."
    )]
    Compare(CompareOptions),
}

#[derive(Debug, Args)]
pub struct CompareOptions {
    /// Run everything once with little work, as a smoke test
    #[arg(long)]
    pub quick: bool,
    /// Write the results to book/compare/result.json, for the book
    #[arg(long, conflicts_with_all = ["quick", "benchmarks"])]
    pub save: bool,
    /// Leave out what needs a missing Python or package
    #[arg(long)]
    pub partial: bool,
    /// Only these benchmarks
    #[arg(value_name = "BENCHMARK", value_parser = BENCHMARKS)]
    pub benchmarks: Vec<String>,
}

/// As in `book/compare`, which is not built yet when these arguments are parsed.
const BENCHMARKS: [&str; 6] =
    ["pages", "queries", "json", "tasks", "heartbeat", "start"];

#[derive(Debug, Args)]
pub struct LessonArgument {
    /// 3, 03, gather or 03_gather [default: the current exercise]
    #[arg(value_parser = LessonParser)]
    pub lesson: Option<&'static Lesson>,
}

/// The hints to show; by default the next one.
#[derive(Clone, Debug, Default, Args)]
pub struct HintOptions {
    /// Show the hints you have already seen again
    #[arg(long, conflicts_with = "all")]
    pub again: bool,
    /// Show all three hints
    #[arg(long)]
    pub all: bool,
}

/// Options of a run of an exercise's checks.
#[derive(Clone, Debug, Default, Args)]
pub struct CheckOptions {
    /// Replay the values and the schedule of this seed, which a failed check reports
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop a run after this time [default: 10, or 20 with PostgreSQL]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub limit: Option<Duration>,
}

const LIST_JSON: &str = "The JSON document:\n  \
    current    the current exercise, or null\n  \
    solved     number of solved exercises\n  \
    exercises  number of exercises\n  \
    lessons    for each: name, title, question, minutes, postgres, state\n             \
    (`solved`, `changed`, `unsolved`, or null without an exercise), solved_at\n             \
    (Unix seconds or null), minutes_taken (as with --minutes, or null), hints\n             \
    (number shown), file (or null)";

const CHECK_JSON: &str = "The JSON document:\n  \
    solved     true if all of them are solved\n  \
    exercises  for each: name, file, outcome (`solved`, `failed`,\n             \
    `does_not_compile`, `stopped`, `ended`, `no_checks`, `missing`), reason\n             \
    (a sentence or null), checks (each with check, outcome: `passed`,\n             \
    `failed`, `skipped`, `unfinished`, and diagnosis or null), errors (each\n             \
    with code or null, message, file, line, rendered, advice or null,\n             \
    section or null), output (what the program printed, truncated), saved\n             \
    (true if a pass was recorded)";

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    if !(seconds > 0.0 && seconds <= 86_400.0) {
        return Err("must be greater than 0, and at most 86400, a day".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Parses a lesson as [`Lesson::find`] does.
#[derive(Clone)]
struct LessonParser;

impl TypedValueParser for LessonParser {
    type Value = &'static Lesson;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let names =
            PossibleValuesParser::new(LESSONS.iter().map(|lesson| lesson.name));
        let found = Lesson::find(&value.to_string_lossy());
        let name = found.map_or(value, |lesson| OsStr::new(lesson.name));
        // The error lists the names, and suggests the most similar one.
        let name = names.parse_ref(command, argument, name)?;
        Ok(Lesson::named(&name).expect("one of the names"))
    }
}
