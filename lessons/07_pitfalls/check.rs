//! The check of exercise 07.

use std::sync::mpsc;

use anyhow::Result;
use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::service::{Book, MS};
use super::{album, invite, search, sign, thumbnail};
use async_workbook::check::{self, Pace};

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("what worked still works", right);
    exercise.check("the photos of an album are loaded together", loaded);
    exercise.check("a thumbnail does not block the thread", shrunk);
    exercise.check("the guest book is not locked while it is saved", signed);
    exercise.check("every mail is awaited, and a failure is returned", mailed);
    exercise.check(
        "a search looks in both places at once and returns both answers",
        found,
    );
    exercise.verdict()
}

/// Checks behavior that the five pitfalls do not affect.
async fn right() -> Result<()> {
    let photos = album(&[30, 10, 20]).await;
    let expected = ["photo 30", "photo 10", "photo 20"].map(str::to_owned);
    let why = (photos.len() == 3).then_some(
        "The photos are in the order in which they finished, not in that of the \
         list.",
    );
    check::explain(check::in_order(&photos, &expected), why)?;

    let book = Mutex::default();
    check::in_order(&[sign(&book).await, sign(&book).await], &[1, 2])?;
    invite(&["ada@example.org", "ben@example.org"]).await
}

async fn loaded() -> Result<()> {
    let photos = [10, 20, 30, 40, 50];
    let run = check::run("an album", album(&photos)).await;
    let pace = Pace::mixed("5 photos of 100 to 500 ms", 1500 * MS, 500 * MS);
    let why = (run.took == 1500 * MS).then_some(
        "Each `load` ends before the next one starts: is it awaited right where it \
         is called?",
    );
    check::explain(run.paced(&pace), why)
}

async fn shrunk() -> Result<()> {
    // The paused clock stops while one of tokio's blocking threads works. Occupying
    // one stops it for plain threads as well, which are an equally good answer.
    let (done, until_done) = mpsc::channel::<()>();
    spawn_blocking(move || until_done.recv_timeout(1000 * MS));
    let run = check::run("a thumbnail", thumbnail("photo 7".to_owned())).await;
    drop(done);
    let why = "Wrapping it in an `async` block or `spawn` does not help: all tasks \
               of this runtime share one thread.";
    check::explain(run.never_blocked(), Some(why))?;
    let got = run.value?;
    let words = format!("got {got:?}, expected \"small photo 7\".");
    let why = (got == "photo 7").then_some(
        "That is the original photo. Is the handle of `spawn_blocking` awaited? It \
         returns the result of the work.",
    );
    check::explain(check::that(got == "small photo 7", words), why)
}

async fn signed() -> Result<()> {
    let book = Mutex::default();
    let visitors =
        async { [sign(&book).await, sign(&book).await, sign(&book).await] };
    let run = check::run("three visitors", timeout(300 * MS, visitors)).await;
    let Ok(numbers) = run.value else {
        let deadlock = "deadlock: the third visitor waits forever. `save` waits for \
                        the lock, and the holder of the lock waits for `save`.\n\
                        A guard lives until it is dropped, or until its block ends. \
                        Which comes first, that or `save(..).await`?";
        return run.pictured(check::that(false, deadlock));
    };
    check::in_order(&numbers, &[1, 2, 3])?;

    let book = Mutex::new(Book::default());
    // Lock the book first, so that all of them wait for it.
    let guard = book.lock().await;
    let visitors = join_all((0..6).map(|_| sign(&book)));
    let unlock = async { drop(guard) };
    let visitors = async { tokio::join!(biased; visitors, unlock).0 };
    let run = check::run("six visitors at once", visitors).await;
    let mut numbers = run.value.clone();
    numbers.sort_unstable();
    let why = "Is the number read after the lock was released and taken again? \
               Others sign in between.";
    check::explain(check::in_order(&numbers, &[1, 2, 3, 4, 5, 6]), Some(why))?;
    let saves = book.into_inner().saves;
    let words = format!(
        "6 visitors signed, and the book was saved {saves} times, expected 2."
    );
    check::that(saves == 2, words)?;
    let why = (run.took == 200 * MS).then_some(
        "The book is locked while it is saved: visitors after the third wait for \
         the lock.",
    );
    check::explain(run.paced(&Pace::of(2, "saves", 100 * MS)), why)
}

async fn mailed() -> Result<()> {
    let pace = Pace::of(2, "mails", 100 * MS);
    for failing in [1, 0, 2] {
        let mut friends = ["ada@home", "ben@home", "cleo@home"];
        friends[failing] = "nobody";
        let run =
            check::run("two mails, and one that fails", invite(&friends)).await;
        let reported = check::that(
            run.value.is_err(),
            "mail to \"nobody\" fails, but `invite` returned Ok.",
        );
        let why = if run.took.is_zero() {
            "`invite` did not wait for the mails. When a handle is dropped, at the \
             latest when `invite` returns, its task keeps running, but its error is \
             lost."
        } else {
            "`invite` waited for the mails, but lost an error. Awaiting a task \
             gives two results, one inside the other: did it panic, and did its \
             work fail?"
        };
        check::explain(run.pictured(reported), Some(why))?;
        let why = match run.took.as_millis() {
            0 => Some(
                "`invite` returned at the first error; the outcome of the other \
                 mails is lost.",
            ),
            200 => Some("Each mail is awaited before the next one is sent."),
            _ => None,
        };
        check::explain(run.paced(&pace), why)?;
    }
    check::run("two mails", invite(&["ada@home", "ben@home"])).await.paced(&pace)
}

async fn found() -> Result<()> {
    for word in ["boat", "cat"] {
        let run = check::run("a search", search(word)).await;
        let [photos, albums] =
            ["photos", "albums"].map(|at| format!("{at} with {word}"));
        let got = run.value.as_slice();
        let why = if got == [albums.clone()] {
            Some("`select!` takes the first answer and drops the other search.")
        } else if got == [albums.clone(), albums.clone()] {
            Some(
                "Each `select!` drops the search that is still running. The next \
                 one starts both again, and the faster one wins again.",
            )
        } else {
            None
        };
        let right = check::in_order(got, &[photos, albums]);
        check::explain(run.pictured(right), why)?;
        let pace = Pace::mixed("searches of 150 and 100 ms", 250 * MS, 150 * MS);
        let why = "One search starts when the other is done: is it awaited right \
                   where it is called?";
        check::explain(run.paced(&pace), Some(why))?;
    }
    Ok(())
}
