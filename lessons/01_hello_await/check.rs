//! What decides exercise 01.

use super::{Log, ORDER, breakfast, save_list};
use anyhow::Result;
use async_workbook::check::{self, Run};
use std::time::Duration;
use tokio::time::sleep;

/// Longer than any task that was left alone takes.
const LATER: Duration = Duration::from_secs(60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("part 1: the letters stand in order", foreseen);
    exercise
        .check("part 2: every line is saved when the function returns", all_saved);
    exercise.check("part 2: no line overtakes another", in_order);
    exercise.verdict()
}

/// What `breakfast` notes as long as nobody changes it.
const AS_GIVEN: &str = "afdegbcj";

/// How orders begin that come from another picture of async code, and what is wrong
/// with that picture.
const PICTURES: [(&str, &str); 11] = [
    (
        "abc",
        "That is how ordinary functions work: the whole body runs at the call. A \
         call of an async fn runs nothing of its body; it makes a future.",
    ),
    (
        "ab",
        "That is how it is in JavaScript: the body begins at the call, and runs up \
         to its first await. In Rust, what is called and not awaited yet has not \
         begun.",
    ),
    (
        "ad",
        "A call of an async fn runs nothing of its body; it makes a future. Look \
         for the line that awaits it.",
    ),
    (
        "afbd",
        "That is as if both ran at once: as if the first await began all futures \
         that there are. It begins the one that stands before it, and no other.",
    ),
    (
        "afb",
        "That is the order of the calls. What decides is the order of the awaits: \
         which future stands before the first of them?",
    ),
    (
        "afdb",
        "That is as if both ran at once: while `toast` waits, `tea` would begin. \
         But nobody has awaited `tea` by then, and it does not begin by itself.",
    ),
    (
        "afdeb",
        "That is as if `tea` ran as soon as the thread is free. But nobody has \
         awaited `tea` by then, and it does not begin by itself.",
    ),
    ("afg", DOES_NOT_WAIT),
    ("afdg", DOES_NOT_WAIT),
    ("afdegbj", DOES_NOT_WAIT),
    ("afdegj", DOES_NOT_WAIT),
];

const DOES_NOT_WAIT: &str = "That is as if an await began something that then runs \
    alongside. It does not: the next line of `breakfast` runs when the awaited \
    future is done.";

async fn foreseen() -> Result<()> {
    let log = Log::default();
    breakfast(&log).await;
    let noted = log.lines().concat();
    check::that(
        noted == AS_GIVEN,
        "`breakfast` or `cook` was changed, and notes other letters, or in another \
         order. Put them back as they are in starter.rs.",
    )?;
    check::that(!ORDER.is_empty(), "ORDER is empty: nothing is foreseen yet.")?;

    let pairs = ORDER.chars().zip(noted.chars());
    let right = pairs.take_while(|(yours, real)| yours == real).count();
    let (start, rest) = ORDER.split_at(right);
    let Some(letter) = rest.chars().next() else {
        let words =
            format!("ORDER is {ORDER:?}: all right, but more letters follow.");
        let why = "Go on in `breakfast` below the line that notes the last of them.";
        let complete = check::that(right == noted.len(), words);
        return check::explain(complete, Some(why));
    };
    let picture = PICTURES.iter().find(|(guess, _)| ORDER.starts_with(guess));
    let why = match letter {
        'h' | 'i' => {
            "`egg` is dropped before anyone awaits it. What does such a future note?"
        }
        'a'..='j' if start.contains(letter) => {
            "No letter is noted twice: an await uses its future up."
        }
        'a'..='j' => picture.map_or(
            "Go through `breakfast` line by line. Only an await runs a body, and it \
             runs that of the future before it, to its end.",
            |(_, why)| why,
        ),
        _ => "The letters are a to j, with nothing in between.",
    };
    let words = match start {
        "" => format!("ORDER is {ORDER:?}: it does not begin with `{letter}`."),
        _ => format!(
            "ORDER is {ORDER:?}: right up to `{start}`, but `{letter}` does not come next."
        ),
    };
    check::explain(check::that(false, words), Some(why))
}

/// How a list was saved.
struct Saved {
    run: Run<()>,
    /// The lines that were saved when the function returned.
    at_return: Vec<String>,
    /// Those and the ones that came later.
    in_the_end: Vec<String>,
}

async fn saved(title: &str, items: &[&str]) -> Saved {
    let log = Log::default();
    let run = check::run("save_list", save_list(&log, title, items)).await;
    let at_return = log.lines();
    sleep(LATER).await;
    Saved { run, at_return, in_the_end: log.lines() }
}

/// The lines of a list, in order.
fn lines(title: &str, items: &[&str]) -> Vec<String> {
    let lines = [title].into_iter().chain(items.iter().copied()).chain(["end"]);
    lines.map(str::to_owned).collect()
}

async fn all_saved() -> Result<()> {
    let lists: [(&str, &[&str]); 2] =
        [("shopping", &["milk", "bread"]), ("nothing to buy", &[])];
    for (title, items) in lists {
        let Saved { run, at_return, in_the_end } = saved(title, items).await;
        let mut lost = lines(title, items);
        lost.retain(|line| !in_the_end.contains(line));
        let words = format!("saved: {in_the_end:?}. Never saved: {lost:?}.");
        let why = "Is each future that `save` makes awaited, to its end? One that \
                   is put away in a variable or dropped does nothing, and the \
                   compiler does not warn of it.";
        let none_lost = run.pictured(check::that(lost.is_empty(), words));
        check::explain(none_lost, Some(why))?;

        let late = &in_the_end[at_return.len()..];
        let words = format!(
            "`save_list` returned after {} ms with {at_return:?} saved; {late:?} \
             came later.",
            run.took.as_millis()
        );
        let why = "A spawned task goes on alone, so its end has to be awaited all \
                   the same. And where each line waits for the one before it, \
                   nothing is won with tasks: await the futures themselves.";
        let none_late = run.pictured(check::that(late.is_empty(), words));
        check::explain(none_late, Some(why))?;
    }
    Ok(())
}

async fn in_order() -> Result<()> {
    // Each line is shorter than the one before it, and so is saved in less time.
    let (title, items) = ("on Saturday", ["potatoes", "bread"]);
    let Saved { run, at_return, .. } = saved(title, &items).await;
    // That none is missing is for the check before this one.
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
            "The order in which the futures are made decides nothing. A line is \
             saved where its future is awaited."
                .to_owned(),
        )
    } else if Some(took) == longest {
        Some("All lines began at the same time: the shortest came first.".to_owned())
    } else {
        Some(format!(
            "They took {took} ms, and one after another take {in_turn} ms: some \
             were saved at the same time."
        ))
    };
    let ordered = run.pictured(check::in_order(&at_return, &expected));
    check::explain(ordered, why.as_deref())?;
    let words = format!(
        "these lines took {took} ms. With `save` as it is given, one after another, \
         they take {in_turn} ms."
    );
    run.pictured(check::that(took >= in_turn, words))
}
