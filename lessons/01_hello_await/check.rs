//! The check of exercise 01.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{sleep, timeout};

use super::{Log, ORDER, breakfast, save, save_list};
use async_workbook::check::{self, Difference, Run};

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

/// What the unmodified `breakfast` logs.
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
    let log = Log::default();
    breakfast(&log).await;
    let logged = log.lines().concat();
    check::that(
        logged == AS_GIVEN,
        "`breakfast` or `cook` was changed and logs different letters, or in a \
         different order. Restore both from starter.rs.",
    )?;
    check::that(!ORDER.is_empty(), "ORDER is empty: write your prediction first.")?;

    let pairs = ORDER.chars().zip(logged.chars());
    let right = pairs.take_while(|(yours, real)| yours == real).count();
    let (start, rest) = ORDER.split_at(right);
    let Some(letter) = rest.chars().next() else {
        let words = format!(
            "ORDER is {ORDER:?}: correct so far, but letters are missing at the end."
        );
        let why =
            "Continue in `breakfast` after the line that logs the last of them.";
        let complete = check::that(right == logged.len(), words);
        return check::explain(complete, Some(why));
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
    check::explain(check::that(false, words), Some(why))
}

/// A list to save.
struct List {
    title: String,
    items: Vec<String>,
}

impl List {
    fn of(title: &str, items: &[&str]) -> Self {
        let items = items.iter().map(|&item| item.to_owned()).collect();
        Self { title: title.to_owned(), items }
    }

    /// A list that is longer than any limit, of lines that no answer can contain.
    fn drawn() -> Self {
        let draw = check::draw();
        let items = draw.words(150).into_iter();
        let items =
            items.map(|word| format!("{}{word}", "no ".repeat(draw.number(5))));
        Self { title: draw.word(), items: items.collect() }
    }

    /// The lines in the expected order.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.items.iter().cloned());
        lines.push("end".to_owned());
        lines
    }
}

/// Lists with and without items, with equal items, and with items like other lines.
fn lists() -> Vec<List> {
    vec![
        List::of("shopping", &["milk", "bread"]),
        List::of("nothing to buy", &[]),
        List::of("party", &["cups", "ice", "cups"]),
        List::of("film", &["film", "end", "film"]),
    ]
}

/// The outcome of one call of `save_list`.
struct Saved {
    run: Run<()>,
    /// The lines saved by the time the function returned.
    at_return: Vec<String>,
    /// The same lines, plus any that were saved later.
    eventually: Vec<String>,
    /// The lines that were never saved.
    lost: Vec<String>,
}

/// Saves a list to a log, which may have lines already.
async fn saved(log: &Log, list: &List) -> Saved {
    let items: Vec<_> = list.items.iter().map(|item| &**item).collect();
    let before = log.lines().len();
    let run = check::run("save_list", save_list(log, &list.title, &items)).await;
    let at_return = log.lines().split_off(before);
    sleep(LATER).await;
    let eventually = log.lines().split_off(before);
    let lost = without(list.lines(), &eventually);
    Saved { run, at_return, eventually, lost }
}

/// Removes `others` from `lines`, each only as often as it occurs.
fn without(mut lines: Vec<String>, others: &[String]) -> Vec<String> {
    for other in others {
        if let Some(index) = lines.iter().position(|line| line == other) {
            lines.remove(index);
        }
    }
    lines
}

/// Formats lines, or the first of many.
fn some(lines: &[String]) -> String {
    match lines.len() {
        ..=12 => format!("{lines:?}"),
        many => format!("{:?} and {} more", &lines[..6], many - 6),
    }
}

/// The recorded calls of `save`.
struct Saves(Vec<Save>);

/// A call of `save`, with its start and end in milliseconds.
struct Save {
    line: String,
    start: u64,
    end: u64,
}

impl Saves {
    /// Returns the calls during a run, or `None` if `save` is not instrumented.
    fn of(run: &Run<()>) -> Option<Self> {
        let saves = run.rows().iter().filter_map(|row| {
            let line = row.label.strip_prefix("save line=")?.to_owned();
            Some(Save { line, start: row.life.0 / 1000, end: row.life.1 / 1000 })
        });
        let saves: Vec<_> = saves.collect();
        (!saves.is_empty()).then_some(Self(saves))
    }

    fn has(&self, line: &String) -> bool {
        self.0.iter().any(|save| save.line == *line)
    }

    fn running(&self, ms: u64) -> usize {
        self.0.iter().filter(|save| (save.start..save.end).contains(&ms)).count()
    }

    /// The most calls that ran at the same time.
    fn peak(&self) -> usize {
        self.0.iter().map(|save| self.running(save.start)).max().unwrap_or(0)
    }

    /// The milliseconds of a run in which none ran.
    fn idle(&self, took: u64) -> usize {
        (0..took).filter(|&ms| self.running(ms) == 0).count()
    }
}

/// Checks that `save` and `Log` do what they do in the starter.
async fn unchanged() -> Result<()> {
    let (log, line) = (Log::default(), "letters");
    let early = timeout(Duration::from_millis(69), save(&log, line)).await;
    let early = early.is_ok() || !log.lines().is_empty();
    let late = timeout(Duration::from_millis(71), save(&log, line)).await.is_err();
    log.clone().note("a");
    check::that(
        !early && !late && log.lines() == [line, "a"],
        "`save` or `Log` was changed: saving \"letters\" takes 70 ms, and only then \
         logs it, once. Restore both from starter.rs.",
    )
}

async fn complete() -> Result<()> {
    unchanged().await?;
    for list in lists() {
        all_of(&list, &saved(&Log::default(), &list).await, None)?;
    }
    // In the end, the log has the lines of the same list already.
    let (list, log) = (List::of("shopping", &["milk", "bread"]), Log::default());
    saved(&log, &list).await;
    let again = saved(&log, &list).await;
    let why = "The log had the same lines already, from an earlier list.";
    all_of(&list, &again, Some(why))?;

    let long = List::drawn();
    all_of(&long, &saved(&Log::default(), &long).await, None)
}

fn all_of(list: &List, saved: &Saved, special: Option<&str>) -> Result<()> {
    let Saved { run, at_return, eventually, lost } = saved;
    run.never_blocked()?;
    let words = match eventually.len() {
        ..=12 => format!("saved: {eventually:?}."),
        count => format!("saved {count} of {} lines.", list.lines().len()),
    };
    let words = format!("{words} Never saved: {}.", some(lost));
    let saves = Saves::of(run);
    let started =
        saves.map(|saves| lost.iter().filter(|line| saves.has(line)).count());
    let why = if special.is_some() {
        special
    } else if list.items.is_empty() {
        Some("This list has no items. Its title and `end` are saved all the same.")
    } else if lost.iter().all(|line| eventually.contains(line)) {
        Some("A line that occurs more than once in the list is saved as often.")
    } else if started == Some(0) {
        Some(
            "`save` never ran for them. It runs where its future is awaited: a future \
             that is only stored in a variable or dropped never runs, and the compiler \
             does not warn about it.",
        )
    } else if started == Some(lost.len()) {
        Some(
            "`save` started for them and never finished: its future was dropped before, \
             as a timeout does it, for example.",
        )
    } else {
        None
    };
    check::explain(run.pictured(check::that(lost.is_empty(), words)), why)?;

    let late = without(eventually.clone(), at_return);
    let words = format!(
        "`save_list` returned after {} ms with {} saved; {} was saved later.",
        run.took.as_millis(),
        some(at_return),
        some(&late)
    );
    let why = "A spawned task runs in the background, so you still have to await its \
               handle. And where each line waits for the one before it, tasks gain \
               nothing: await the futures themselves.";
    check::explain(run.pictured(check::that(late.is_empty(), words)), Some(why))
}

async fn in_order() -> Result<()> {
    // Each line is shorter than the one before it, so saving it takes less time.
    let shorter = List::of("on Saturday", &["mushrooms", "potatoes", "bread"]);
    let lists = lists();
    for list in [&shorter].into_iter().chain(&lists) {
        in_order_of(list, &saved(&Log::default(), list).await)?;
    }
    let long = List::drawn();
    let long_saved = saved(&Log::default(), &long).await;
    in_order_of(&long, &long_saved)?;
    let (parks, lines) = (long_saved.run.parks, long.lines().len());
    check::that(
        parks < 4 * lines as u64 + 50,
        format!(
            "the thread woke up {parks} times to save {lines} lines. Only a timer can \
             wake it here: something sleeps and looks, again and again. Await what \
             you wait for."
        ),
    )
}

fn in_order_of(list: &List, saved: &Saved) -> Result<()> {
    let Saved { run, at_return, .. } = saved;
    run.never_blocked()?;
    // Missing lines are reported by the check before this one. The order of the others
    // is clear if all lines are different.
    let missing = without(list.lines(), at_return);
    let twice = |(index, line)| list.lines()[..index].contains(line);
    if !missing.is_empty() && list.lines().iter().enumerate().any(twice) {
        return Ok(());
    }
    let mut expected = list.lines();
    expected.reverse();
    expected = without(expected, &missing);
    expected.reverse();

    let saves = Saves::of(run);
    let peak = saves.as_ref().map_or(0, Saves::peak);
    let at_once = (peak > 1).then(|| {
        let by_length = at_return.is_sorted_by_key(String::len);
        let first = if by_length { ", so the shortest was saved first" } else { "" };
        format!("{peak} calls of `save` ran at the same time{first}.")
    });
    // If only the items are in another order, the title and `end` say nothing.
    let ends = |lines: &[String]| {
        lines.len() > 2
            && lines.first() == Some(&list.title)
            && lines.last().is_some_and(|last| last == "end")
    };
    let inner = |lines: &[String]| lines[1..lines.len() - 1].to_vec();
    let only_items = ends(at_return) && ends(&expected);
    let ordered = match only_items {
        true => check::in_order(&inner(at_return), &inner(&expected)),
        false => check::in_order(at_return, &expected),
    };
    let moved = check::difference(at_return, &expected).is_some_and(|difference| {
        matches!(difference, Difference::Reordered | Difference::Reversed)
    });
    let why = at_once.clone().or_else(|| {
        let why = "The calls of `save` ran one after another, in this order: a line is \
                   saved where its future is awaited, and not where it is created.";
        (saves.is_some() && moved && !only_items).then(|| why.to_owned())
    });
    check::explain(run.pictured(ordered), why.as_deref())?;

    if !missing.is_empty() {
        return Ok(());
    }
    let took = run.took.as_millis() as u64;
    let in_turn: u64 = expected.iter().map(|line| 10 * line.len() as u64).sum();
    let words = format!(
        "{} lines took {took} ms. Saved with `save`, one after another, they take \
         {in_turn} ms.",
        expected.len()
    );
    let why = saves.and_then(|saves| {
        let mut without_save = expected.clone();
        without_save.retain(|line| !saves.has(line));
        let idle = saves.idle(took);
        if !without_save.is_empty() {
            Some(format!("Logged without `save`: {}.", some(&without_save)))
        } else if idle > 0 {
            Some(format!("For {idle} ms no `save` was running: something slept."))
        } else {
            at_once
        }
    });
    let exact = run.pictured(check::that(took == in_turn, words));
    check::explain(exact, why.as_deref())
}
