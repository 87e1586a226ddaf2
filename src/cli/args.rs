//! What can be asked for.

use super::repo;
use super::screen::When;
use anyhow::Result;
use async_workbook::{LESSONS, Lesson};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command as Clap, ValueHint, value_parser};
use clap_complete::Shell;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// One call of the command.
#[derive(Debug)]
pub struct Arguments {
    pub color: When,
    pub command: Command,
}

/// What it is to do.
#[derive(Debug)]
pub enum Command {
    Status,
    List {
        json: bool,
    },
    Run {
        lesson: &'static Lesson,
        exercise: bool,
        arguments: Vec<OsString>,
    },
    Check {
        lesson: Option<&'static Lesson>,
        options: Options,
        json: bool,
        all: bool,
    },
    Watch {
        lesson: Option<&'static Lesson>,
        options: Options,
        poll: bool,
    },
    Next,
    Hint {
        lesson: Option<&'static Lesson>,
        which: Hints,
    },
    Solution {
        lesson: Option<&'static Lesson>,
        spoil: bool,
    },
    Reset {
        lesson: Option<&'static Lesson>,
    },
    Open {
        lesson: Option<&'static Lesson>,
    },
    Doctor,
    Compare {
        arguments: Vec<OsString>,
    },
    Completions {
        shell: Shell,
    },
}

/// How a check is to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which order of events to try, for a check that tries several.
    pub seed: Option<u64>,
    /// How long the program may run, instead of the exercise's own limit.
    pub limit: Option<Duration>,
}

/// Which hints to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hints {
    /// One more than before.
    Next,
    /// Those that were shown before.
    Again,
    /// Every one.
    All,
}

/// Reads a command line, the program's name first.
///
/// # Errors
///
/// When it is not one, and when it asks for help or the version: the error then has
/// the text, and says to which stream it goes.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, clap::Error> {
    let matches = clap().try_get_matches_from(words)?;
    let color = match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => When::Always,
        Some("never") => When::Never,
        _ => When::Auto,
    };
    let command = match matches.subcommand() {
        None => Command::Status,
        Some((name, matches)) => command(name, matches),
    };
    Ok(Arguments { color, command })
}

fn command(name: &str, matches: &ArgMatches) -> Command {
    let has = |flag: &str| matches.get_flag(flag);
    let lesson = || matches.get_one::<&'static Lesson>("LESSON").copied();
    let options = || Options {
        seed: matches.get_one("seed").copied(),
        limit: matches.get_one("limit").copied(),
    };
    let words = |name: &str| {
        let all = matches.get_many::<OsString>(name);
        all.map(|all| all.cloned().collect()).unwrap_or_default()
    };
    match name {
        "list" => Command::List { json: has("json") },
        "run" => Command::Run {
            lesson: lesson().unwrap_or(&LESSONS[0]),
            exercise: has("exercise"),
            arguments: words("ARGUMENT"),
        },
        "check" => Command::Check {
            lesson: lesson(),
            options: options(),
            json: has("json"),
            all: has("all"),
        },
        "watch" => Command::Watch {
            lesson: lesson(),
            options: options(),
            poll: has("poll"),
        },
        "next" => Command::Next,
        "hint" => Command::Hint {
            lesson: lesson(),
            which: match (has("all"), has("again")) {
                (true, _) => Hints::All,
                (_, true) => Hints::Again,
                _ => Hints::Next,
            },
        },
        "solution" => Command::Solution { lesson: lesson(), spoil: has("spoil") },
        "reset" => Command::Reset { lesson: lesson() },
        "open" => Command::Open { lesson: lesson() },
        "doctor" => Command::Doctor,
        "compare" => Command::Compare { arguments: words("WORK") },
        "completions" => match matches.get_one("SHELL") {
            Some(&shell) => Command::Completions { shell },
            None => Command::Status,
        },
        _ => Command::Status,
    }
}

/// Writes what a shell needs to complete `workbook`.
///
/// # Errors
///
/// When standard output cannot be written to.
pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut clap(), "workbook", &mut script);
    let mut out = std::io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn clap() -> Clap {
    let lesson = |help: &'static str| {
        Arg::new("LESSON")
            .help(help)
            .value_parser(LessonName)
            .hide_possible_values(true)
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    let options = || {
        [
            Arg::new("seed")
                .long("seed")
                .value_name("N")
                .help("Repeat the order of events that a failed check named")
                .value_parser(value_parser!(u64)),
            Arg::new("limit")
                .long("limit")
                .value_name("SECONDS")
                .help("Stop a run after so long [default: 10, with PostgreSQL 20]")
                .value_parser(seconds),
        ]
    };
    let current = "3, 03, gather or 03_gather [default: where you are]";
    Clap::new("workbook")
        .bin_name("cargo workbook")
        .about("Try the exercises of async-workbook, with an answer at every save.")
        .after_help(
            "Without a command: where you are, and what is next.\n\
             Exit code: 0 all is well, 1 a check or a run failed, 2 wrong usage or \
             unreadable progress.",
        )
        .disable_version_flag(true)
        .infer_subcommands(false)
        .subcommand_value_name("COMMAND")
        .max_term_width(88)
        .arg(
            Arg::new("color")
                .long("color")
                .value_name("WHEN")
                .help("Use colour [default: auto, that is in a terminal without NO_COLOR]")
                .value_parser(["auto", "always", "never"])
                .hide_possible_values(false)
                .global(true),
        )
        .subcommands([
            Clap::new("list")
                .about("Every lesson, and which exercises are solved")
                .arg(flag("json", "As one JSON document, for programs"))
                .after_help(LIST_JSON),
            Clap::new("run")
                .about("Run a lesson's program")
                .arg(lesson("3, 03, gather or 03_gather").required(true))
                .arg(flag("exercise", "Run your own program of the exercise instead"))
                .arg(
                    Arg::new("ARGUMENT")
                        .help("For the program")
                        .value_parser(value_parser!(OsString))
                        .value_hint(ValueHint::Other)
                        .num_args(0..)
                        .last(true),
                ),
            Clap::new("check")
                .about("See whether an exercise is solved")
                .arg(lesson(current))
                .arg(flag("all", "Every exercise, a line each").conflicts_with("LESSON"))
                .arg(flag("json", "As one JSON document, for programs"))
                .args(options())
                .after_help(CHECK_JSON),
            Clap::new("watch")
                .about("Check an exercise at every save")
                .arg(lesson(current))
                .arg(flag("poll", "Look for saves, do not wait to be told of them"))
                .args(options())
                .after_help(
                    "Keys: h a hint, n the next exercise, r run again, l list, q quit. \
                     Without a terminal: the same letters, a line each.",
                ),
            Clap::new("next").about("Go on to the next unsolved exercise"),
            Clap::new("hint")
                .about("A hint; each call gives one more, of three")
                .arg(lesson(current))
                .arg(flag("again", "The hints you have seen").conflicts_with("all"))
                .arg(flag("all", "All three at once"))
                .after_help(
                    "The first is a nudge, the second the concept, the third the shape \
                     of the code. How many you have seen is remembered for each \
                     exercise; after the third, all are shown again.",
                ),
            Clap::new("solution")
                .about("One good answer, after yours has passed")
                .arg(lesson(current))
                .arg(flag("spoil", "Show it before that too")),
            Clap::new("reset")
                .about("Put an exercise back as it was given; keeps yours as a backup")
                .arg(lesson(current)),
            Clap::new("open")
                .about("Open an exercise in your editor")
                .arg(lesson(current))
                .after_help(
                    "The editor is $VISUAL, $EDITOR, or the first of these that is \
                     there: VS Code, Zed, Helix, Neovim, Vim, Emacs, nano.",
                ),
            Clap::new("doctor").about("See whether this machine has what lessons need"),
            Clap::new("compare")
                .about("Measure Rust and Python on the same work")
                .arg(
                    Arg::new("WORK")
                        .help("Only some of: pages, queries, json, tasks, heartbeat, start")
                        .value_parser(value_parser!(OsString))
                        .value_hint(ValueHint::Other)
                        .num_args(0..)
                        .trailing_var_arg(true)
                        .allow_hyphen_values(true),
                )
                .after_help(
                    "Builds an optimised program first, which takes some minutes the \
                     first time; then measures for 2 to 3 minutes.\n\n  \
                     --quick  everything once and little of it, to see that it runs\n  \
                     --save   write book/compare/result.json, which the book shows",
                ),
            Clap::new("completions")
                .about("What a shell needs to complete these commands")
                .arg(
                    Arg::new("SHELL").required(true).value_parser(value_parser!(Shell)),
                )
                .after_help(
                    "A shell completes `cargo workbook` by cargo's own rules, so give \
                     the command a name of its own first. In bash:\n\n  \
                     alias workbook='cargo workbook'\n  \
                     source <(cargo workbook completions bash)",
                ),
        ])
}

const LIST_JSON: &str = "The JSON document:\n  \
    current    the exercise you are at, or null\n  \
    solved     how many exercises are solved\n  \
    exercises  how many there are\n  \
    lessons    for each: name, title, question, minutes, postgres, state\n             \
    (`solved`, `changed`, `open`, or null without an exercise), solved_at\n             \
    (Unix seconds or null), hints (how many were shown), file (or null)";

const CHECK_JSON: &str = "The JSON document:\n  \
    solved     whether all of them are\n  \
    exercises  for each: name, file, outcome (`solved`, `failed`,\n             \
    `does_not_compile`, `stopped`, `ended`, `no_checks`, `missing`), reason\n             \
    (a sentence or null), checks (each with check, outcome: `passed`,\n             \
    `failed`, `skipped`, `unfinished`, and diagnosis or null), errors (each\n             \
    with code or null, message, file, line, rendered, section or null),\n             \
    output (what the program printed, cut), build_seconds, run_seconds,\n             \
    saved (whether a pass was put down)";

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is not a number of seconds")?;
    if seconds <= 0.0 {
        return Err("it has to be more than 0".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| "it is too long".to_owned())
}

/// Reads a lesson's name, and tells shells which there are.
#[derive(Clone)]
struct LessonName;

impl TypedValueParser for LessonName {
    type Value = &'static Lesson;

    fn parse_ref(
        &self,
        command: &Clap,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        repo::lesson.parse_ref(command, argument, value)
    }

    fn possible_values(
        &self,
    ) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(LESSONS.iter().map(|lesson| PossibleValue::new(lesson.name))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        let words = line.split_whitespace().map(OsString::from);
        parse(words).map(|arguments| arguments.command)
    }

    #[test]
    fn the_command_line_is_consistent() {
        clap().debug_assert();
    }

    #[test]
    fn arguments_after_two_dashes_are_the_programs() {
        let Command::Run { lesson, exercise, arguments } =
            parsed("workbook run 3 -- /page/1 --json").unwrap()
        else {
            panic!("not `run`");
        };
        assert_eq!((lesson.name, exercise), ("03_gather", false));
        assert_eq!(arguments, ["/page/1", "--json"]);
    }

    #[test]
    fn a_comparison_takes_what_it_is_given() {
        let Command::Compare { arguments } =
            parsed("workbook compare --quick json").unwrap()
        else {
            panic!("not `compare`");
        };
        assert_eq!(arguments, ["--quick", "json"]);
    }

    #[test]
    fn wrong_usage_has_exit_code_2() {
        for line in [
            "workbook chekc",
            "workbook run",
            "workbook run 99",
            "workbook check --seed x",
            "workbook check 03 --all",
            "workbook watch --limit 0",
            "workbook watch --limit -1",
            "workbook watch --limit inf",
            "workbook completions tcsh",
            "workbook --color sometimes",
        ] {
            assert_eq!(parsed(line).unwrap_err().exit_code(), 2, "{line}");
        }
        let error = parsed("workbook check gathr").unwrap_err().to_string();
        assert!(error.contains("did you mean `03_gather`?"), "{error}");
    }

    #[test]
    fn help_fits_a_screen_and_has_exit_code_0() {
        let help = parsed("workbook --help").unwrap_err();
        assert_eq!(help.exit_code(), 0);
        assert!(help.to_string().lines().count() < 30, "{help}");
    }
}
