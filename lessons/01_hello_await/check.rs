//! The check of exercise 01.

use std::iter::once_with;
use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep, timeout};

use super::{Log, ORDER, breakfast, save, save_list};
use async_workbook::check::{self, Calls, Difference, Explain, Run, list, without};
use async_workbook::text;

/// Long enough for any detached task to finish.
const LATER: Duration = Duration::from_secs(60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("part 1: ORDER predicts the letters", predicted);
    exercise
        .check("part 2: every line is saved when the function returns", complete);
    exercise.check("part 2: the lines are saved in order", in_order);
    exercise.verdict()
}

/// The log of the unmodified `breakfast`.
const AS_GIVEN: &str = "afdegbcj";

/// Prefixes of wrong orders, each with the misconception about async code that leads
/// to it.
const MISCONCEPTIONS: [(&str, &str); 11] = [
    (
        "abc",
        "That is how ordinary functions work: the call runs the whole body. Calling \
         an async fn runs none of its body; it only creates a future.",
    ),
    (
        "ab",
        "That is how JavaScript works: the call runs the body up to its first \
         await. In Rust, a future that has not been awaited yet has not started.",
    ),
    (
        "ad",
        "Calling an async fn runs none of its body; it only creates a future. Look \
         for the line that awaits it.",
    ),
    (
        "afbd",
        "That would mean that both run at once, because the first await starts \
         every future that exists. It starts only the future in front of it.",
    ),
    (
        "afb",
        "That is the order of the calls. The order of the awaits decides: which \
         future does the first await run?",
    ),
    (
        "afdb",
        "That would mean that both run at once: `tea` starts while `toast` waits. \
         But `tea` has not been awaited by then, and it does not start by itself.",
    ),
    (
        "afdeb",
        "That would mean that `tea` runs as soon as the thread is free. But `tea` \
         has not been awaited by then, and it does not start by itself.",
    ),
    ("afg", DOES_NOT_WAIT),
    ("afdg", DOES_NOT_WAIT),
    ("afdegbj", DOES_NOT_WAIT),
    ("afdegj", DOES_NOT_WAIT),
];

const DOES_NOT_WAIT: &str = "That would mean that an await starts something in the \
    background. It does not: the next line of `breakfast` runs only when the \
    awaited future is done.";

async fn predicted() -> Result<()> {
    let (log, began) = (Log::default(), Instant::now());
    check::run("breakfast", breakfast(&log)).await;
    check::that(
        log.lines().concat() == AS_GIVEN && began.elapsed().as_millis() == 200,
        "`breakfast` or `cook` was changed and logs different letters, or in a \
         different order, or at other times. Restore both from starter.rs.",
    )?;
    check::that(!ORDER.is_empty(), "ORDER is empty: write your prediction first.")?;

    let pairs = ORDER.chars().zip(AS_GIVEN.chars());
    let right = pairs.take_while(|(yours, real)| yours == real).count();
    let (start, rest) = ORDER.split_at(right);
    let Some(letter) = rest.chars().next() else {
        let words = format!(
            "ORDER is {ORDER:?}: correct so far, but letters are missing at the end."
        );
        let why =
            "Continue in `breakfast` after the line that logs the last of them.";
        return check::that(start == AS_GIVEN, words).because([why]);
    };
    let misconception =
        MISCONCEPTIONS.iter().find(|(guess, _)| ORDER.starts_with(guess));
    let why = match letter {
        'h' | 'i' => {
            "`egg` is dropped before it is awaited. What does such a future log?"
        }
        'a'..='j' if start.contains(letter) => {
            "No letter is logged twice: an await consumes its future."
        }
        'a'..='j' => misconception.map_or(
            "Go through `breakfast` line by line. Only an await runs a body: the \
             whole body of the future in front of it.",
            |(_, why)| why,
        ),
        'A'..='J' => "The letters are lower case.",
        _ => "Use only the letters a to j, without spaces or separators.",
    };
    let letter = letter.escape_debug();
    let words = match start {
        "" => format!("ORDER is {ORDER:?}: the first letter is not `{letter}`."),
        _ => format!(
            "ORDER is {ORDER:?}: correct up to `{start}`, but `{letter}` does not \
             come next."
        ),
    };
    check::that(false, words).because([why])
}

/// A list to save: the title, the items, and the line `end`.
struct List(Vec<String>);

impl List {
    fn of(title: &str, items: &[&str]) -> Self {
        let lines = [&[title], items, &["end"]].concat();
        Self(lines.into_iter().map(str::to_owned).collect())
    }

    /// A list that is longer than any limit, of lines that no solution can contain.
    fn random() -> Self {
        let rng = check::rng();
        let mut lines = rng.words(1201);
        for line in &mut lines[1..] {
            line.insert_str(0, &"no ".repeat(rng.number(5)));
        }
        lines.push("end".to_owned());
        Self(lines)
    }

    fn items(&self) -> &[String] {
        &self.0[1..self.0.len() - 1]
    }

    /// Lists with and without items, with equal items, with items like other lines,
    /// with lines that are empty, long or have spaces around them, and a long list.
    fn all() -> impl Iterator<Item = Self> {
        let lists = [
            Self::of("shopping", &["milk", "bread"]),
            Self::of("nothing to buy", &[]),
            Self::of("party", &["cups", "ice", "cups"]),
            Self::of("film", &["film", "end", "film"]),
            Self::of(" tea ", &["", "rice", "rice", " ", "end"]),
            Self::of("long", &[&"very ".repeat(21)]),
        ];
        lists.into_iter().chain(once_with(Self::random))
    }
}

/// The outcome of one call to `save_list`.
struct Saved {
    run: Run<()>,
    /// The recorded calls to `save`.
    calls: Calls,
    /// The lines that are not in the list.
    foreign: Vec<String>,
    /// The lines saved by the time the function returned.
    at_return: Vec<String>,
    /// The same lines, plus any that were saved later.
    eventually: Vec<String>,
}

/// Saves a list to a log, which may have lines already.
async fn saved(log: &Log, list: &List) -> Result<Saved> {
    let items: Vec<_> = list.items().iter().map(|item| &**item).collect();
    let before = log.lines();
    let run = check::run("save_list", save_list(log, &list.0[0], &items)).await;
    let calls = calls(&run);
    let at_return = log.lines();
    sleep(LATER).await;
    let eventually = log.lines();
    check::that(
        at_return.starts_with(&before) && eventually.starts_with(&before),
        "`save_list` changes lines that were in the log before. It only adds lines.",
    )?;
    let new = |mut lines: Vec<String>| lines.split_off(before.len());
    let (at_return, eventually) = (new(at_return), new(eventually));
    let mut foreign = eventually.clone();
    foreign.retain(|line| !list.0.contains(line));
    Ok(Saved { run, calls, foreign, at_return, eventually })
}

/// The recorded calls to `save`; each has the line as its name.
fn calls<T>(run: &Run<T>) -> Calls {
    run.calls(|label| label.strip_prefix("save line="))
}

/// Checks that `save` and `Log` do what they do in the starter. Returns true if the
/// calls to `save` are recorded: the learner may have removed `#[instrument]`.
async fn unchanged() -> Result<bool> {
    let (log, line) = (Log::default(), "letters");
    let early = timeout(Duration::from_millis(69), save(&log, line)).await;
    let early = early.is_ok() || !log.lines().is_empty();
    let run = timeout(Duration::from_millis(71), save(&log, line));
    let run = check::run("save", run).await;
    let late = run.value.is_err();
    log.clone().note("a");
    check::that(
        !early && !late && log.lines() == [line, "a"],
        "`save` or `Log` was changed: saving \"letters\" takes 70 ms, and only then \
         logs it, once. Restore both from starter.rs.",
    )?;
    Ok(calls(&run).count(line) == 1)
}

async fn complete() -> Result<()> {
    unchanged().await?;
    for list in List::all() {
        all_of(&list, &saved(&Log::default(), &list).await?)?;
    }
    // In the end, the log has the lines of the same list already.
    let (list, log) = (List::of("shopping", &["milk", "bread"]), Log::default());
    log.note("earlier");
    saved(&log, &list).await?;
    all_of(&list, &saved(&log, &list).await?)
        .because(["The log had the same lines already, from an earlier list."])
}

fn all_of(expected: &List, saved: &Saved) -> Result<()> {
    let Saved { run, calls, foreign, at_return, eventually } = saved;
    run.never_blocked()?;
    let lost = without(&expected.0, eventually);
    let words =
        format!("saved: {}. Never saved: {}.", list(eventually), list(&lost));
    let started = lost.iter().filter(|line| calls.count(line) > 0).count();
    let why = if !foreign.is_empty() {
        Some("Lines were saved that are not in the list.")
    } else if lost.iter().all(|line| eventually.contains(line)) {
        Some("A line that occurs twice in the list must be saved twice.")
    } else if started == lost.len() {
        Some(
            "`save` started for them and never finished: its future was dropped before, \
             as a timeout does it, for example.",
        )
    } else if expected.items().is_empty() {
        Some("This list has no items. Its title and `end` are saved anyway.")
    } else if started == 0 && !calls.is_empty() {
        Some(
            "`save` never ran for them. It runs where its future is awaited: a future \
             that is only stored in a variable or dropped never runs, and the compiler \
             does not warn about it.",
        )
    } else {
        None
    };
    run.that(lost.is_empty(), words).because(why)?;

    let late = without(eventually, at_return);
    let words = format!(
        "`save_list` returned after {} with {} saved; {} was saved later.",
        text::duration(run.took),
        list(at_return),
        list(&late)
    );
    run.that(late.is_empty(), words).because([
        "A spawned task runs in the background, so you still have to await its handle. \
         And where each line waits for the one before it, tasks gain nothing: await \
         the futures themselves.",
    ])
}

async fn in_order() -> Result<()> {
    let recorded = unchanged().await?;
    // Each line takes less time than the one before it.
    let items = ["mushrooms", "potatoes", "carrots", "apples", "bread"];
    let shorter = List::of("on Saturday", &items);
    for list in [shorter].into_iter().chain(List::all()) {
        in_order_of(&list, &saved(&Log::default(), &list).await?, recorded)?;
    }
    Ok(())
}

/// Checks the order and the times of the lines. If `recorded`, also that they were
/// saved with `save`.
fn in_order_of(expected: &List, saved: &Saved, recorded: bool) -> Result<()> {
    let Saved { run, calls, at_return, .. } = saved;
    run.never_blocked()?;
    // Missing lines are reported by the check before this one. The order of the others
    // is clear if all lines are different.
    let missing = without(&expected.0, at_return);
    let twice = |(index, line)| expected.0[..index].contains(line);
    if !missing.is_empty() && expected.0.iter().enumerate().any(twice) {
        return Ok(());
    }
    let mut expected = expected.0.clone();
    expected.retain(|line| !missing.contains(&line));

    let at_once = (calls.peak() > 1).then(|| {
        let by_length = at_return.is_sorted_by_key(String::len);
        let first = if by_length { ", so the shortest was saved first" } else { "" };
        format!("{} calls to `save` ran at the same time{first}.", calls.peak())
    });
    // If only the items are in another order, the title and `end` say nothing.
    let inner = |lines: &[String]| {
        let last = lines.len().checked_sub(1)?;
        lines.get(1..last).map(<[_]>::to_vec)
    };
    let ends = |lines: &[String]| (lines.first().cloned(), lines.last().cloned());
    let ordered = match (inner(at_return), inner(&expected)) {
        (Some(items), Some(expected_items))
            if ends(at_return) == ends(&expected)
                && items.len() == expected_items.len() =>
        {
            check::in_order(&items, &expected_items)
        }
        _ => {
            let moved = matches!(
                check::difference(at_return, &expected),
                Some(Difference::Reordered | Difference::Reversed)
            );
            check::in_order(at_return, &expected).when(
                moved && !calls.is_empty() && at_once.is_none(),
                "The calls to `save` ran one after another, in this order: a line is \
                 saved where its future is awaited, and not where it is created.",
            )
        }
    };
    run.pictured(ordered).because(&at_once)?;

    if !missing.is_empty() {
        return Ok(());
    }
    let took = run.took.as_millis() as u64;
    let in_turn: u64 = expected.iter().map(|line| 10 * line.len() as u64).sum();
    let words = format!(
        "{} lines took {}. Saved with `save`, one after another, they take {}.",
        expected.len(),
        text::millis(took),
        text::millis(in_turn)
    );
    let lines = expected.len();
    expected.retain(|line| recorded && calls.count(line) == 0);
    let logged = format!("Logged without `save`: {}.", list(&expected));
    run.that(expected.is_empty(), logged)?;
    let saving: u64 = calls.iter().map(|call| call.end - call.start).sum();
    run.that(took == in_turn, words)
        .when(
            recorded && saving < took,
            format!(
                "For {} no `save` was running: something slept.",
                text::millis(took - saving.min(took))
            ),
        )
        .because(at_once)?;
    run.few_wakeups(4 * lines as u64 + 50, &format!("{lines} lines"))
}
