//! The check of exercise 01.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::{Log, ORDER, breakfast, save_list};
use async_workbook::check::{self, Run};

/// Long enough for any detached task to finish.
const LATER: Duration = Duration::from_secs(60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("part 1: ORDER predicts the letters", predicted);
    exercise
        .check("part 2: every line is saved when the function returns", all_saved);
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
        _ => "Use only the letters a to j, without spaces or separators.",
    };
    let words = match start {
        "" => format!("ORDER is {ORDER:?}: the first letter is not `{letter}`."),
        _ => format!(
            "ORDER is {ORDER:?}: correct up to `{start}`, but `{letter}` does not \
             come next."
        ),
    };
    check::explain(check::that(false, words), Some(why))
}

/// The outcome of one call of `save_list`.
struct Saved {
    run: Run<()>,
    /// The lines saved by the time the function returned.
    at_return: Vec<String>,
    /// The same lines, plus any that were saved later.
    eventually: Vec<String>,
}

async fn saved(title: &str, items: &[&str]) -> Saved {
    let log = Log::default();
    let run = check::run("save_list", save_list(&log, title, items)).await;
    let at_return = log.lines();
    sleep(LATER).await;
    Saved { run, at_return, eventually: log.lines() }
}

/// The lines of a list in the expected order.
fn lines(title: &str, items: &[&str]) -> Vec<String> {
    let lines = [title].into_iter().chain(items.iter().copied()).chain(["end"]);
    lines.map(str::to_owned).collect()
}

async fn all_saved() -> Result<()> {
    let lists: [(&str, &[&str]); 2] =
        [("shopping", &["milk", "bread"]), ("nothing to buy", &[])];
    for (title, items) in lists {
        let Saved { run, at_return, eventually } = saved(title, items).await;
        let mut lost = lines(title, items);
        lost.retain(|line| !eventually.contains(line));
        let words = format!("saved: {eventually:?}. Never saved: {lost:?}.");
        let why = "Is every future that `save` returns awaited? A future that is \
                   only stored in a variable or dropped never runs, and the \
                   compiler does not warn about it.";
        let none_lost = run.pictured(check::that(lost.is_empty(), words));
        check::explain(none_lost, Some(why))?;

        let late = &eventually[at_return.len()..];
        let words = format!(
            "`save_list` returned after {} ms with {at_return:?} saved; {late:?} \
             was saved later.",
            run.took.as_millis()
        );
        let why = "A spawned task runs in the background, so you still have to \
                   await its handle. And where each line waits for the one before \
                   it, tasks gain nothing: await the futures themselves.";
        let none_late = run.pictured(check::that(late.is_empty(), words));
        check::explain(none_late, Some(why))?;
    }
    Ok(())
}

async fn in_order() -> Result<()> {
    // Each line is shorter than the one before it, so saving it takes less time.
    let (title, items) = ("on Saturday", ["potatoes", "bread"]);
    let Saved { run, at_return, .. } = saved(title, &items).await;
    // Missing lines are reported by the check before this one.
    let mut expected = lines(title, &items);
    expected.retain(|line| at_return.contains(line));

    let needs = |line: &String| 10 * line.len() as u128;
    let took = run.took.as_millis();
    let in_turn: u128 = expected.iter().map(needs).sum();
    let longest = expected.iter().map(needs).max();
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    let why = if sorted(at_return.clone()) != sorted(expected.clone()) {
        None
    } else if took >= in_turn {
        Some(
            "The order in which the futures are created does not matter. A line is \
             saved where its future is awaited."
                .to_owned(),
        )
    } else if Some(took) == longest {
        Some(
            "All lines started at the same time, so the shortest was saved first."
                .to_owned(),
        )
    } else {
        Some(format!(
            "They took {took} ms. One after another they take {in_turn} ms, so some \
             were saved at the same time."
        ))
    };
    let ordered = run.pictured(check::in_order(&at_return, &expected));
    check::explain(ordered, why.as_deref())?;
    let words = format!(
        "these lines took {took} ms. With the original `save`, one after another, \
         they take {in_turn} ms."
    );
    run.pictured(check::that(took >= in_turn, words))
}
