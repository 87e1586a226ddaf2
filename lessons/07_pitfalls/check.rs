//! What decides exercise 07.

use super::service::{Book, MS};
use super::{album, invite, search, sign, thumbnail};
use anyhow::Result;
use async_workbook::check::{self, Pace};
use futures::future::join_all;
use std::sync::mpsc;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("what was right is still right", right);
    exercise.check("the photos of an album are loaded together", loaded);
    exercise.check("a thumbnail does not hold the thread", shrunk);
    exercise.check("the guest book is not locked while it is saved", signed);
    exercise.check("every mail is waited for, and a failure is heard of", mailed);
    exercise.check("a search asks both places at once, and has both answers", found);
    exercise.verdict()
}

/// What the five pitfalls leave as it should be.
async fn right() -> Result<()> {
    let photos = album(&[30, 10, 20]).await;
    let expected = ["photo 30", "photo 10", "photo 20"].map(str::to_owned);
    let why = (photos.len() == 3).then_some(
        "The album has the photos in the order in which they came, not in that of the \
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
        "Each `load` ends before the next begins: is it awaited where it is made?",
    );
    check::explain(run.paced(&pace), why)
}

async fn shrunk() -> Result<()> {
    // The paused clock stands still while one of tokio's blocking threads works.
    // With this one it stands still for any other thread too, which is as good an
    // answer.
    let (done, until_done) = mpsc::channel::<()>();
    spawn_blocking(move || until_done.recv_timeout(1000 * MS));
    let run = check::run("a thumbnail", thumbnail("photo 7".to_owned())).await;
    drop(done);
    let why = "An `async` block or `spawn` around it is no help: all tasks of this \
               runtime share the one thread.";
    check::explain(run.never_blocked(), Some(why))?;
    let got = run.value?;
    let words = format!("got {got:?}, expected \"small photo 7\".");
    let why = (got == "photo 7").then_some(
        "That is the photo as it was. Is the handle of `spawn_blocking` awaited? What \
         the work returned comes from there.",
    );
    check::explain(check::that(got == "small photo 7", words), why)
}

async fn signed() -> Result<()> {
    let book = Mutex::default();
    let visitors =
        async { [sign(&book).await, sign(&book).await, sign(&book).await] };
    let run = check::run("three visitors", timeout(300 * MS, visitors)).await;
    let Ok(numbers) = run.value else {
        let deadlock = "a deadlock: the third visitor waits for ever. `save` waits for \
                        the lock, and whoever holds the lock waits for `save`.\n\
                        A guard lives until it is dropped, or until its block ends. \
                        Which comes first, that or `save(..).await`?";
        return run.pictured(check::that(false, deadlock));
    };
    check::in_order(&numbers, &[1, 2, 3])?;

    let book = Mutex::new(Book::default());
    // The book is locked when they come, so that all of them wait for it.
    let guard = book.lock().await;
    let visitors = join_all((0..6).map(|_| sign(&book)));
    let unlock = async { drop(guard) };
    let visitors = async { tokio::join!(biased; visitors, unlock).0 };
    let run = check::run("six visitors at once", visitors).await;
    let mut numbers = run.value.clone();
    numbers.sort_unstable();
    let why = "Is the number read under another lock than the one it was counted under? \
               In between, others sign.";
    check::explain(check::in_order(&numbers, &[1, 2, 3, 4, 5, 6]), Some(why))?;
    let saves = book.into_inner().saves;
    let words = format!(
        "6 visitors have signed, and the book was saved {saves} times, not 2."
    );
    check::that(saves == 2, words)?;
    let why = (run.took == 200 * MS).then_some(
        "The book is locked while it is saved: who comes after the third visitor waits \
         for the lock.",
    );
    check::explain(run.paced(&Pace::of(2, "saves", 100 * MS)), why)
}

async fn mailed() -> Result<()> {
    let pace = Pace::of(2, "mails", 100 * MS);
    for nobody in [1, 0, 2] {
        let mut friends = ["ada@home", "ben@home", "cleo@home"];
        friends[nobody] = "nobody";
        let run =
            check::run("two mails, and one that fails", invite(&friends)).await;
        let heard = check::that(
            run.value.is_err(),
            "no mail can go to \"nobody\", and `invite` returned Ok.",
        );
        let why = if run.took.is_zero() {
            "It did not wait for the mails. A task goes on when its handle is \
             dropped, at the latest where `invite` ends; its error has nowhere to go."
        } else {
            "It waited for the mails, and lost the error of one. A task has two \
             answers, one in the other: did it panic, and did its work fail?"
        };
        check::explain(run.pictured(heard), Some(why))?;
        let why = match run.took.as_millis() {
            0 => Some(
                "The first error ended the waiting: nobody hears what becomes of the \
                 other mails.",
            ),
            200 => Some("A mail is awaited before the next one is on its way."),
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
            Some("`select!` takes the first answer, and drops the other search.")
        } else if got == [albums.clone(), albums.clone()] {
            Some(
                "Each `select!` drops the search that is still on its way. The next \
                 begins both anew, and the faster one wins again.",
            )
        } else {
            None
        };
        let right = check::in_order(got, &[photos, albums]);
        check::explain(run.pictured(right), why)?;
        let pace = Pace::mixed("searches of 150 and 100 ms", 250 * MS, 150 * MS);
        let why = "One search begins when the other is over: is it awaited where it is \
                   made?";
        check::explain(run.paced(&pace), Some(why))?;
    }
    Ok(())
}
