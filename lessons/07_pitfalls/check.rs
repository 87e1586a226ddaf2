//! The check of exercise 07.
//!
//! The building blocks log their calls. A diagnosis names a cause only if the log
//! shows it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::task::{self, spawn_blocking, yield_now};
use tokio::time::{Instant, sleep, timeout};

use super::service::log::{self, Call, End};
use super::service::{Book, MS};
use super::{album, invite, search, sign, thumbnail};
use async_workbook::check::{self, Diagnosis, Draw, Pace, Run};

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

/// Empties the log and draws what the results end with. Returns that ending.
fn begin(draw: &Draw) -> String {
    let mut log = log::lock();
    *log = log::Log::default();
    log.mark = format!(" ({})", draw.word());
    log.mark.clone()
}

fn takes(call: String, time: Duration) {
    log::lock().delays.insert(call, time);
}

/// Returns the calls whose name starts with `name`.
fn calls(name: &str) -> Vec<Call> {
    let log = log::lock();
    log.calls.iter().filter(|call| call.name.starts_with(name)).cloned().collect()
}

/// Lists the names of the calls that ended with `end`, or that are still running.
fn ended(calls: &[Call], end: Option<End>) -> Vec<&str> {
    let matches = |call: &&Call| call.end.map(|(_, end)| end) == end;
    calls.iter().filter(matches).map(|call| &*call.name).collect()
}

/// The most calls that were running at the same time.
fn peak(calls: &[Call]) -> usize {
    let running = |call: &Call, at: Instant| {
        call.began <= at && call.end.is_none_or(|(end, _)| end > at)
    };
    let at = |call: &Call| calls.iter().filter(|c| running(c, call.began)).count();
    calls.iter().map(at).max().unwrap_or(0)
}

fn each_began_when_the_last_one_ended(calls: &[Call]) -> bool {
    let follows =
        |pair: &[Call]| pair[0].end.map(|(end, _)| end) == Some(pair[1].began);
    calls.len() > 1 && calls.windows(2).all(follows)
}

/// Joins sentences, of which some may be missing.
fn why<const N: usize>(causes: [Option<String>; N]) -> Option<String> {
    let causes: Vec<_> = causes.into_iter().flatten().collect();
    (!causes.is_empty()).then(|| causes.join("\n"))
}

/// Runs `future`, and checks that it does not keep waking itself.
///
/// A loop of `yield_now` never lets the paused clock move, and one of short sleeps
/// ends almost on time: only the number of polls shows either.
async fn run<T>(
    what: &str,
    most_polls: usize,
    future: impl Future<Output = T>,
) -> Result<(T, Run<()>)> {
    const ENDLESS: usize = 10_000;
    let mut future = pin!(future);
    let mut polls = 0;
    let mut value = None;
    let counted = poll_fn(|context| {
        polls += 1;
        if polls == ENDLESS {
            return Poll::Ready(());
        }
        future.as_mut().poll(context).map(|output| value = Some(output))
    });
    let run = check::run(what, counted).await;
    // Let aborted tasks be dropped.
    for _ in 0..3 {
        yield_now().await;
    }
    let words = format!(
        "{what}: it woke up {polls} times while it waited. A future that awaits the \
         work itself wakes up when the work is done, and not before."
    );
    match value {
        Some(value) if polls <= most_polls => Ok((value, run)),
        _ => run.pictured(Err(Diagnosis::new(words).into())),
    }
}

/// Checks behavior that the five pitfalls do not affect.
async fn right() -> Result<()> {
    let draw = check::draw();
    let mark = begin(&draw);
    // Four different orders: of the list, by number, by duration, and backwards.
    let numbers = sorted(draw.distinct(5, 10..=99));
    let times = sorted(draw.distinct(5, 100..=400));
    let [photos, times] = [(numbers, [3, 0, 4, 1, 2]), (times, [2, 4, 0, 3, 1])]
        .map(|(sorted, ranks)| ranks.map(|rank| sorted[rank]));
    for (photo, time) in photos.iter().zip(times) {
        takes(format!("load {photo}"), time * MS);
    }
    let titled = |photo: &u32| format!("photo {photo}{mark}");
    // One photo is in the album twice.
    let photos = [&photos[..3], &photos[1..2], &photos[3..]].concat();
    let (got, _) = run("an album", 30, album(&photos)).await?;
    let expected: Vec<_> = photos.iter().map(titled).collect();
    let mut done = calls("load");
    done.sort_by_key(|call| call.end.map(|(end, _)| end));
    let causes = [
        (got.len() == 6 && in_order_of(&done, &got)).then(|| {
            "The photos are in the order in which they finished.".to_owned()
        }),
        dropped_loads(),
    ];
    check::explain(check::in_order(&got, &expected), why(causes).as_deref())?;

    let (empty, _) = run("an album without photos", 10, album(&[])).await?;
    check::explain(check::in_order(&empty, &[]), Some("The album has no photos."))?;

    let signed = 3 * draw.between(1..=30) as u32;
    let book = Mutex::new(Book { signed, saves: 0 });
    let words = Some(format!("{signed} visitors had signed the book before."));
    let numbers = [sign(&book).await, sign(&book).await];
    check::explain(
        check::in_order(&numbers, &[signed + 1, signed + 2]),
        words.as_deref(),
    )?;

    invite(&[]).await?;
    let friends = addresses(&draw, 2);
    invite(&[&friends[0], &friends[1]]).await
}

fn sorted(numbers: Vec<i32>) -> Vec<u32> {
    let mut numbers: Vec<_> = numbers.into_iter().map(i32::unsigned_abs).collect();
    numbers.sort_unstable();
    numbers
}

fn in_order_of(done: &[Call], photos: &[String]) -> bool {
    let title = |call: &Call| call.name.replace("load", "photo");
    let same = |(call, photo): (&Call, &String)| photo.starts_with(&title(call));
    done.len() == photos.len() && done.iter().zip(photos).all(same)
}

fn addresses(draw: &Draw, count: usize) -> Vec<String> {
    let words = draw.words(2 * count);
    let address = |pair: &[String]| format!("{}@{}.example", pair[0], pair[1]);
    words.chunks(2).map(address).collect::<Vec<_>>()
}

fn dropped_loads() -> Option<String> {
    let loads = calls("load");
    let dropped = ended(&loads, Some(End::Dropped)).len();
    (dropped > 0)
        .then(|| format!("{dropped} of the loads were dropped before their end."))
}

async fn loaded() -> Result<()> {
    let draw = check::draw();
    for count in [5, 150] {
        let mark = begin(&draw);
        let photos: Vec<_> = draw.distinct(count, 100..=299);
        let photos: Vec<_> = photos.into_iter().map(i32::unsigned_abs).collect();
        let [sum, longest] =
            [photos.iter().sum(), *photos.iter().max().unwrap_or(&0)];
        let (got, run) = run("an album", 3 * count + 20, album(&photos)).await?;
        let expected: Vec<_> =
            photos.iter().map(|photo| format!("photo {photo}{mark}")).collect();
        let judged = check::in_order(&got, &expected);
        run.pictured(check::explain(judged, dropped_loads().as_deref()))?;
        let loads = calls("load");
        let what = format!("{count} photos");
        let pace = Pace::mixed(&what, 10 * MS * sum, 10 * MS * longest);
        let late = loads.iter().filter(|call| call.began > loads[0].began).count();
        let causes = [
            each_began_when_the_last_one_ended(&loads).then(|| {
                "Each `load` began when the one before it had ended: is it awaited \
                 right where it is called?"
                    .to_owned()
            }),
            (late > 0 && peak(&loads) > 1).then(|| {
                let peak = peak(&loads);
                format!("At most {peak} loads were running at the same time.")
            }),
        ];
        check::explain(run.paced(&pace), why(causes).as_deref())?;
    }
    Ok(())
}

async fn shrunk() -> Result<()> {
    // The thread may also have been starved by other processes: look twice.
    match shrunk_once().await {
        Err(_) if !ended(&calls("shrink"), Some(End::GaveUp)).is_empty() => {
            shrunk_once().await
        }
        result => result,
    }
}

async fn shrunk_once() -> Result<()> {
    let draw = check::draw();
    let mark = begin(&draw);
    let photo = format!("photo {}", draw.between(100..=999));
    let this_thread = thread::current().id();
    let (open, gate) = mpsc::channel::<()>();
    log::lock().gate = Some((gate, this_thread));
    // The paused clock stops while one of tokio's blocking threads works. Occupying
    // one stops it for plain threads as well, which are an equally good answer.
    let (done, until_done) = mpsc::channel::<()>();
    spawn_blocking(move || until_done.recv_timeout(2000 * MS));

    // `shrink` blocks until this task has run: a thumbnail that lets nothing else
    // run never ends.
    task::spawn(async move {
        for _ in 0..100 {
            yield_now().await;
        }
        drop(open);
    });
    let (got, run) = run("a thumbnail", 20, thumbnail(photo.clone())).await?;
    let shrinks = calls("shrink");
    drop(done);
    let words = "`shrink` ran on the thread of the runtime, and blocked it: nothing \
                 else can run in the meantime.\n\
                 An `async` block or a task does not change that. All tasks of this \
                 runtime share its one thread.";
    let here = shrinks.iter().any(|call| call.thread == this_thread);
    run.pictured(check::that(!here, words))?;
    let words = "`shrink` ran on a thread of its own, but the thread of the runtime was \
                 blocked until it was done: nothing else could run. Only an `.await` \
                 lets others run while it waits.";
    let blocked = !ended(&shrinks, Some(End::GaveUp)).is_empty();
    run.pictured(check::that(!blocked, words))?;

    let got = got?;
    let expected = format!("small {photo}{mark}");
    let waited = !ended(&shrinks, Some(End::Done)).is_empty();
    let words = format!("got {got:?}, expected {expected:?}.");
    let causes = [
        (got == photo).then(|| "That is the original photo.".to_owned()),
        (!waited).then(|| {
            "When `thumbnail` returned, `shrink` was not done. Await the handle of \
             `spawn_blocking`: it returns the result of the work."
                .to_owned()
        }),
    ];
    check::explain(check::that(got == expected, words), why(causes).as_deref())?;
    let count = shrinks.len();
    let words = format!("`shrink` ran {count} times for one photo.");
    check::that(count == 1, words)?;
    let took = run.took.as_millis();
    let words =
        format!("after `shrink` had returned, `thumbnail` took {took} ms more.");
    check::that(took == 0, words)
}

async fn signed() -> Result<()> {
    three_visitors().await?;
    waiting_for_the_lock().await?;
    for count in [6, 150] {
        visitors_at_once(count).await?;
    }
    Ok(())
}

/// Draws a book that some visitors have signed, and how long it takes to save it.
fn book(draw: &Draw) -> (u32, Mutex<Book>, Duration) {
    begin(draw);
    let signed = 3 * draw.between(1..=30) as u32;
    let saving = draw.between(60..=140) as u32 * MS;
    takes("save".to_owned(), saving);
    (signed, Mutex::new(Book { signed, saves: 0 }), saving)
}

async fn three_visitors() -> Result<()> {
    let (signed, book, _) = book(&check::draw());
    let mut locked = false;
    let visitors = async {
        let mut visitors = pin!(async {
            [sign(&book).await, sign(&book).await, sign(&book).await]
        });
        let numbers = timeout(3000 * MS, &mut visitors).await.ok();
        // Look before the visitors are dropped.
        locked = numbers.is_none() && book.try_lock().is_err();
        numbers
    };
    let (numbers, run) = run("three visitors", 30, visitors).await?;
    let saves = calls("save");
    let Some(numbers) = numbers else {
        let words = match saves.first() {
            Some(save)
                if locked && save.end.is_none_or(|(_, end)| end != End::Done) =>
            {
                "deadlock: the third visitor waits forever. `save` waits for the \
                 lock, and the holder of the lock waits for `save`.\n\
                 A guard lives until it is dropped, or until its block ends. Which \
                 comes first, that or `save(..).await`?"
            }
            _ if locked => {
                "a visitor still waits after 3000 ms, and the book is locked."
            }
            _ => "a visitor still waits after 3000 ms.",
        };
        return run.pictured(check::that(false, words));
    };
    let before = format!("{signed} visitors had signed the book before.");
    let expected = [1, 2, 3].map(|n| signed + n);
    check::explain(check::in_order(&numbers, &expected), Some(&before))
}

/// Checks that every third visitor has called `save`, and that it has finished.
fn saved_once_in_three(visitors: usize, saves: &[Call], counted: u32) -> Result<()> {
    let expected = visitors / 3;
    let [begun, done, dropped] = [
        saves.len(),
        ended(saves, Some(End::Done)).len(),
        ended(saves, Some(End::Dropped)).len(),
    ];
    let words = format!(
        "{visitors} visitors signed, and the number of times that `save` began is \
         {begun}, expected {expected}."
    );
    let causes = [
        (begun == visitors).then(|| {
            "Each visitor saved the book, and only every third one should."
                .to_owned()
        }),
        (begun == 0 && counted > 0).then(|| {
            format!(
                "The book counts {counted} saves all the same. Only `save` saves it."
            )
        }),
    ];
    check::explain(check::that(begun == expected, words), why(causes).as_deref())?;
    let words = format!(
        "of {begun} calls of `save`, {done} finished and {dropped} were dropped \
         before the end."
    );
    check::that(done == expected, words)?;
    let words = format!(
        "`save` finished {done} times, but the book counts {counted} saves."
    );
    check::that(counted as usize == done, words)
}

/// Checks how a visitor waits while the book is locked.
async fn waiting_for_the_lock() -> Result<()> {
    let draw = check::draw();
    let (signed, book, _) = book(&draw);
    let time = draw.between(51..=99) as u32 * MS;
    let guard = book.lock().await;
    let unlock = async {
        sleep(time).await;
        drop(guard);
    };
    let what = "a visitor who waits for the lock";
    // The two share their wakeups. A visitor who tries again and again has many.
    let visit = async { tokio::join!(biased; sign(&book), unlock).0 };
    let (number, run) = run(what, 10, visit).await?;
    check::in_order(&[number], &[signed + 1])?;
    let [took, time] = [run.took, time].map(|time| time.as_millis());
    let words = format!("{what} for {time} ms took {took} ms.");
    let saved = (!calls("save").is_empty())
        .then(|| format!("It saved the book, but {number} is not a multiple of 3."));
    let judged = check::that(took == time, words);
    run.pictured(check::explain(judged, saved.as_deref()))
}

async fn visitors_at_once(count: u32) -> Result<()> {
    let (signed, book, saving) = book(&check::draw());
    // Lock the book first, so that all of them wait for it.
    let guard = book.lock().await;
    let began = Instant::now();
    let visit = async |_| (sign(&book).await, began.elapsed());
    let visitors = join_all((0..count).map(visit));
    let look = async {
        drop(guard);
        sleep(saving / 2).await;
        let running = !ended(&calls("save"), None).is_empty();
        book.try_lock().is_err().then_some(running)
    };
    let both = async { tokio::join!(biased; visitors, look) };
    let most_polls = 4 * count as usize + 30;
    let what = format!("{count} visitors at once");
    let ((visits, locked), run) = run(&what, most_polls, both).await?;
    let mut numbers: Vec<_> = visits.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    let expected: Vec<_> = (1..=count).map(|n| signed + n).collect();
    let before = format!("{signed} visitors had signed the book before.");
    let twice = numbers.windows(2).any(|pair| pair[0] == pair[1]);
    let causes = [
        Some(before),
        twice.then(|| {
            "Some have the same number. Was the lock released between counting a \
             visitor and reading the number? Others sign in between."
                .to_owned()
        }),
    ];
    check::explain(check::in_order(&numbers, &expected), why(causes).as_deref())?;

    let half = (saving / 2).as_millis();
    let saves = calls("save");
    if let Some(running) = locked {
        let time = if running { "while it is saved" } else { "for all that time" };
        let words = format!(
            "{half} ms after {count} visitors had come, the book is locked: others cannot \
             sign {time}."
        );
        run.pictured(check::that(false, words))?;
    }
    saved_once_in_three(count as usize, &saves, book.into_inner().saves)?;
    let waited =
        |(number, time): &&(u32, Duration)| number % 3 != 0 && !time.is_zero();
    if let Some((number, time)) = visits.iter().find(waited) {
        let time = time.as_millis();
        let words = format!(
            "visitor {number} waited for {time} ms. Only every third one waits for a save."
        );
        run.pictured(check::that(false, words))?;
    }
    run.paced(&Pace::of(count / 3, "saves", saving))
}

async fn mailed() -> Result<()> {
    let draw = check::draw();
    for failing in [1, 0, 2] {
        for refused_by in [Refusal::OtherServer, Refusal::BadAddress] {
            mailed_to(&draw, 3, &[(failing, refused_by)]).await?;
        }
    }
    mailed_to(&draw, 2, &[]).await?;
    mailed_to(&draw, 3, &[(0, Refusal::OtherServer), (2, Refusal::BadAddress)])
        .await?;
    mailed_to(&draw, 150, &[(149, Refusal::OtherServer)]).await?;
    mailed_to(&draw, 150, &[]).await
}

#[derive(Clone, Copy)]
enum Refusal {
    /// An address without an @, which fails at once.
    BadAddress,
    /// An address that looks good, and fails when the mail is sent.
    OtherServer,
}

async fn mailed_to(
    draw: &Draw,
    count: usize,
    failing: &[(usize, Refusal)],
) -> Result<()> {
    begin(draw);
    let mut friends = addresses(draw, count);
    for (place, refusal) in failing {
        match refusal {
            Refusal::BadAddress => friends[*place] = draw.word(),
            Refusal::OtherServer => {
                log::lock().refused.insert(format!("mail {}", friends[*place]));
            }
        }
    }
    // A prime: a loop of short sleeps does not end at the same time by chance.
    let longest =
        *draw.pick(&[211, 223, 227, 229, 233, 239, 241, 251, 257, 263]) * MS;
    let others = draw.between(50..=150) as u32 * MS;
    let mut sum = Duration::ZERO;
    let longest_at = friends.iter().rposition(|friend| friend.contains('@'));
    for (place, friend) in friends.iter().enumerate() {
        let time = if Some(place) == longest_at { longest } else { others };
        takes(format!("mail {friend}"), time);
        sum += if friend.contains('@') { time } else { Duration::ZERO };
    }

    let fails = |friend: &String| {
        !friend.contains('@')
            || log::lock().refused.contains(&format!("mail {friend}"))
    };

    let mut what = format!("{count} mails");
    for (place, _) in failing {
        what += &format!(", of which {:?} fails", friends[*place]);
    }
    let names: Vec<_> = friends.iter().map(|friend| &**friend).collect();
    let (sent, run) = run(&what, 4 * count + 20, invite(&names)).await?;
    let mails = calls("mail");
    let [running, dropped] =
        [None, Some(End::Dropped)].map(|end| ended(&mails, end).len());

    for friend in &names {
        let name = format!("mail {friend}");
        let times = mails.iter().filter(|call| call.name == name).count();
        let words = format!(
            "{what}: `mail` ran {times} times for {friend:?}, expected once."
        );
        run.pictured(check::that(times == 1, words))?;
    }
    let in_tasks = mails.iter().any(|call| call.task.is_some());
    let (lost, expected) = match (failing.is_empty(), &sent) {
        (false, Ok(())) => (true, "expected an error"),
        (true, Err(_)) => (false, "expected Ok"),
        _ => (false, ""),
    };
    let returned = if sent.is_ok() { "Ok" } else { "an error" };
    let words = format!("{what}: `invite` returned {returned}, {expected}.");
    let causes = [
        (running > 0).then(|| {
            format!(
                "It returned while {running} of the mails were still being sent. A \
                 task keeps running when its handle is dropped, at the latest when \
                 `invite` returns, but its error is lost."
            )
        }),
        (lost && running == 0).then(|| {
            let within = "Awaiting a task gives two results, one inside the other: did \
                          it panic, and did its work fail?";
            let tasks = if in_tasks { format!(" {within}") } else { String::new() };
            format!("All mails had ended by then, so the error is lost.{tasks}")
        }),
    ];
    let judged = check::that(expected.is_empty(), words);
    run.pictured(check::explain(judged, why(causes).as_deref()))?;
    let words = format!(
        "{what}: `invite` returned before every mail was sent or had failed."
    );
    let ends = |call: &Call, end| call.end.filter(|(_, how)| *how == end);
    let first_drop = mails.iter().find_map(|call| ends(call, End::Dropped));
    let a_failure_ended_then = friends.iter().any(|friend| {
        let failed = mails.iter().find(|call| call.name == format!("mail {friend}"));
        let failed = failed.filter(|_| fails(friend));
        let failed = failed.and_then(|call| ends(call, End::Done));
        failed.is_some_and(|(at, _)| first_drop.is_some_and(|(drop, _)| at == drop))
    });
    let causes = [
        (running > 0).then(|| format!("Still running: {running} of the mails.")),
        (dropped > 0)
            .then(|| format!("Dropped before the end: {dropped} of the mails.")),
        a_failure_ended_then.then(|| {
            "That was when the first of them failed: the outcome of the others is \
             lost."
                .to_owned()
        }),
    ];
    let judged = check::that(running + dropped == 0, words);
    run.pictured(check::explain(judged, why(causes).as_deref()))?;
    let causes = [
        each_began_when_the_last_one_ended(&mails)
            .then(|| "Each mail is awaited before the next one is sent.".to_owned()),
        (peak(&mails) > 1 && mails.iter().any(|call| call.began > mails[0].began))
            .then(|| {
                format!(
                    "At most {} mails were on their way at the same time.",
                    peak(&mails)
                )
            }),
    ];
    let pace = Pace::mixed(&what, sum, longest);
    check::explain(run.paced(&pace), why(causes).as_deref())
}

async fn found() -> Result<()> {
    let draw = check::draw();
    let slow = draw.between(150..=250) as u32 * MS;
    let fast = draw.between(50..=120) as u32 * MS;
    for times in [[slow, fast], [fast, slow], [slow, slow]] {
        let mark = begin(&draw);
        let word = draw.word().to_lowercase();
        let places = ["photos", "albums"];
        for (place, time) in places.iter().zip(times) {
            takes(format!("find {place}"), time);
        }
        let (got, run) = run("a search", 20, search(&word)).await?;
        let expected = places.map(|place| format!("{place} with {word}{mark}"));
        let searches = places.map(|place| calls(&format!("find {place}")));
        let causes = [
            searches
                .iter()
                .zip(places)
                .find(|(calls, _)| calls.is_empty())
                .map(|(_, place)| format!("`find` did not run for {place:?}.")),
            dropped_search(&searches, &got),
            searches.iter().zip(places).find(|(calls, _)| calls.len() > 1).map(
                |(calls, place)| {
                    let times = calls.len();
                    format!(
                        "`find` ran {times} times for {place:?}: each call \
                         starts the search again."
                    )
                },
            ),
        ];
        let causes = why(causes);
        let right = check::in_order(&got, &expected);
        run.pictured(check::explain(right, causes.as_deref()))?;
        let once = searches.iter().all(|calls| calls.len() == 1);
        let words = "`find` must run once for each place.";
        run.pictured(check::explain(check::that(once, words), causes.as_deref()))?;
        let [photos, albums] = times.map(|time| time.as_millis());
        let what = format!("searches of {photos} and {albums} ms");
        let pace = Pace::mixed(&what, times[0] + times[1], times[0].max(times[1]));
        let both = searches.concat();
        let cause = each_began_when_the_last_one_ended(&both)
            || each_began_when_the_last_one_ended(&[
                both[1].clone(),
                both[0].clone(),
            ]);
        let cause = cause.then_some(
            "One search starts when the other is done: is it awaited right where it \
             is called?",
        );
        check::explain(run.paced(&pace), cause)?;
    }
    Ok(())
}

/// Describes a search that was dropped.
fn dropped_search(searches: &[Vec<Call>; 2], got: &[String]) -> Option<String> {
    let all = searches.concat();
    let ends = |call: &Call, end| call.end.filter(|(_, how)| *how == end);
    let dropped = all.iter().find(|call| ends(call, End::Dropped).is_some())?;
    let (at, _) = dropped.end?;
    let place = |call: &Call| call.name["find ".len()..].to_owned();
    let winner = all
        .iter()
        .find(|call| ends(call, End::Done).is_some_and(|(end, _)| end == at));
    let Some(winner) = winner.map(place) else {
        let time = (at - dropped.began).as_millis();
        return Some(format!(
            "The search in {:?} was dropped after {time} ms, before its end.",
            place(dropped)
        ));
    };
    let select = match got.iter().all(|answer| answer.starts_with(&winner)) {
        true => " `select!` takes the first answer and drops the other future.",
        false => "",
    };
    Some(format!(
        "The search in {:?} was dropped when that in {winner:?} was done.{select}",
        place(dropped)
    ))
}
