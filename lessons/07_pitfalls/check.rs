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
use tokio::task::{self, yield_now};
use tokio::time::{Instant, sleep, timeout};

use super::service::log::{self, Call, End};
use super::service::{Book, MS};
use super::{album, invite, search, sign, thumbnail};
use async_workbook::check::{self, Calls, Explain, Pace, Rng, Run};
use async_workbook::text;

/// Longer than any time limit that someone may set.
const LONG: Duration = Duration::from_secs(900);

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

/// Clears the log and sets a random suffix that every result must carry. Returns the
/// suffix.
fn begin(rng: &Rng) -> String {
    let mut log = log::lock();
    *log = log::Log::default();
    log.mark = format!(" ({})", rng.word());
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

/// Returns the time at which a call ended in this way.
fn ended(call: &Call, end: End) -> Option<Instant> {
    call.end.filter(|(_, how)| *how == end).map(|(at, _)| at)
}

/// Counts the calls that ended in this way.
fn count(calls: &[Call], end: End) -> usize {
    calls.iter().filter(|call| ended(call, end).is_some()).count()
}

fn running(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.end.is_none()).count()
}

/// The times of the calls in milliseconds; those that are running end now.
fn times(calls: &[Call]) -> Calls {
    let first = calls.iter().map(|call| call.began).min();
    let millis = |at: Instant| (at - first.unwrap_or(at)).as_millis() as u64;
    let times = calls.iter().map(|call| check::Call {
        name: call.name.clone(),
        start: millis(call.began),
        end: millis(call.end.map_or_else(Instant::now, |(at, _)| at)),
    });
    times.collect()
}

/// Runs `future`, and lets aborted tasks be dropped.
async fn run<T>(
    what: &str,
    most_polls: usize,
    future: impl Future<Output = T>,
) -> Result<(T, Run<()>)> {
    let run = check::run_with_few_polls(what, most_polls, future).await;
    for _ in 0..3 {
        yield_now().await;
    }
    Ok(run?.split())
}

/// Checks behavior that the five pitfalls do not affect.
async fn right() -> Result<()> {
    let rng = check::rng();
    let mark = begin(&rng);
    // Four different orders: of the list, by number, by duration, and backwards.
    let [photos, times] = [(10..=99, [3, 0, 4, 1, 2]), (100..=400, [2, 4, 0, 3, 1])]
        .map(|(range, ranks)| {
            let mut sorted = rng.distinct(5, range);
            sorted.sort_unstable();
            ranks.map(|rank: usize| sorted[rank].unsigned_abs())
        });
    for (photo, time) in photos.iter().zip(times) {
        takes(format!("load {photo}"), time * MS);
    }
    // The longest takes very long.
    takes(format!("load {}", photos[1]), LONG);
    let titled = |photo: &u32| format!("photo {photo}{mark}");
    // One photo is in the album twice.
    let photos = [&photos[..3], &photos[1..2], &photos[3..]].concat();
    let (got, _) = run("an album", 30, album(&photos)).await?;
    let expected: Vec<_> = photos.iter().map(titled).collect();
    let mut done = calls("load");
    done.sort_by_key(|call| call.end.map(|(at, _)| at));
    let titles = done.iter().map(|call| call.name.replace("load", "photo") + &mark);
    check::in_order(&got, &expected)
        .when(
            titles.eq(got.iter().cloned()),
            "The photos are in the order in which they finished.",
        )
        .because(dropped_loads())?;
    let (empty, _) = run("an album without photos", 10, album(&[])).await?;
    check::in_order(&empty, &[]).because(["The album has no photos."])?;

    invite(&[]).await?;
    let friend = rng.word() + "@example";
    takes(format!("mail {friend}"), LONG);
    let mailed = invite(&[&friend]).await;
    let words =
        "a mail that takes 15 minutes was sent, but `invite` returned an error.";
    check::that(mailed.is_ok(), words)
}

/// Returns a random length of a list: more than any limit that someone may set.
fn many(rng: &Rng) -> usize {
    rng.between(301..=400).unsigned_abs() as usize
}

fn addresses(rng: &Rng, count: usize) -> Vec<String> {
    let words = rng.words(2 * count);
    let address = |pair: &[String]| format!("{}@{}.example", pair[0], pair[1]);
    words.chunks(2).map(address).collect::<Vec<_>>()
}

fn dropped_loads() -> Option<String> {
    let dropped = count(&calls("load"), End::Dropped);
    (dropped > 0)
        .then(|| format!("{dropped} of the loads were dropped before their end."))
}

async fn loaded() -> Result<()> {
    let rng = check::rng();
    for count in [5, many(&rng)] {
        let mark = begin(&rng);
        let photos = rng.distinct(count, 1000..=4999);
        let photos: Vec<_> = photos.into_iter().map(i32::unsigned_abs).collect();
        let times = rng.distinct(count, 1000..=2999);
        let times: Vec<_> = times.into_iter().map(i32::unsigned_abs).collect();
        for (photo, time) in photos.iter().zip(&times) {
            takes(format!("load {photo}"), *time * MS);
        }
        let [sum, longest] = [times.iter().sum(), *times.iter().max().unwrap_or(&0)];
        let (got, run) = run("an album", 3 * count + 20, album(&photos)).await?;
        let expected: Vec<_> =
            photos.iter().map(|photo| format!("photo {photo}{mark}")).collect();
        run.pictured(check::in_order(&got, &expected)).because(dropped_loads())?;
        let loads = calls("load");
        let what = format!("{count} photos");
        let words =
            format!("{what}: `load` ran {} times, expected {count}.", loads.len());
        run.that(loads.len() == count, words)?;
        run.paced(&Pace::mixed(&what, MS * sum, MS * longest))
            .when(
                self::times(&loads).one_after_another(),
                "Each `load` began when the one before it had ended: is it awaited right \
                 where it is called?",
            )
            .because(self::times(&loads).limited())?;
    }
    Ok(())
}

async fn shrunk() -> Result<()> {
    // The thread may also have been starved by other processes: try it twice.
    match shrunk_once().await {
        Err(_) if count(&calls("shrink"), End::GaveUp) > 0 => shrunk_once().await,
        result => result,
    }
}

async fn shrunk_once() -> Result<()> {
    let rng = check::rng();
    let mark = begin(&rng);
    let photos = rng.distinct(2, 100..=999).into_iter();
    let photos: Vec<_> = photos.map(|number| format!("photo {number}")).collect();
    let this_thread = thread::current().id();
    let (open, gates): (Vec<_>, Vec<_>) =
        photos.iter().map(|_| mpsc::channel::<()>()).unzip();
    log::lock().gates = gates.into_iter().map(|gate| (gate, this_thread)).collect();
    // A plain thread, which is an equally good solution, would not stop the clock.
    let clock = check::stop_clock();
    // `shrink` waits up to 1 s for this task. If the runtime thread is blocked, the wait
    // times out and is logged as `GaveUp`.
    task::spawn(async move {
        for _ in 0..100 {
            yield_now().await;
        }
        drop(open);
    });
    let mut thumbnails = pin!(join_all(photos.iter().cloned().map(thumbnail)));
    // Poll them once, and let `shrink` begin on its thread before they go on: code that
    // then blocks this thread until it ends is found.
    let first = poll_fn(|context| Poll::Ready(thumbnails.as_mut().poll(context)));
    let first = first.await;
    for _ in 0..1000 {
        if !calls("shrink").is_empty() {
            break;
        }
        thread::sleep(MS);
    }
    let thumbnails = async {
        match first {
            Poll::Ready(got) => got,
            Poll::Pending => thumbnails.await,
        }
    };
    let (got, run) = run("two thumbnails", 30, thumbnails).await?;
    let shrinks = calls("shrink");
    drop(clock);
    // Without a picture: on the stopped clock, a blocked thread takes 0 ms.
    check::that(
        !shrinks.iter().any(|call| call.thread == this_thread),
        "`shrink` blocked the runtime thread: nothing else can \
         run at the same time.\n\
         An `async` block or a task does not change that. All tasks of this runtime \
         share its one thread.",
    )?;
    check::that(
        count(&shrinks, End::GaveUp) == 0,
        "`shrink` ran on a thread of its own, but the runtime thread was \
         blocked until it was done: nothing else could run. Only an `.await` lets \
         others run while it waits.",
    )?;

    let got = got.into_iter().collect::<Result<Vec<_>>>()?;
    let expected: Vec<_> =
        photos.iter().map(|photo| format!("small {photo}{mark}")).collect();
    check::in_order(&got, &expected)
        .when(got == photos, "These are the original photos.")
        .when(
            count(&shrinks, End::Done) < photos.len(),
            "When `thumbnail` returned, `shrink` was not done. Call it in \
             `spawn_blocking`, and await the handle: it returns the result of the work.",
        )?;
    let times = shrinks.len();
    let words = format!("`shrink` ran {times} times for two photos.");
    check::that(times == 2, words)?;
    let took = run.took.as_millis();
    let words =
        format!("after `shrink` had returned, `thumbnail` took {took} ms more.");
    check::that(took == 0, words)
}

async fn signed() -> Result<()> {
    three_visitors().await?;
    waiting_for_the_lock().await?;
    visitors_at_once(6, 1).await?;
    // Longer than any time limit that someone may set.
    visitors_at_once(many(&check::rng()) as u32, 5000).await
}

/// Returns a book that a random number of visitors have signed, and sets a random time
/// for saving it.
fn book(rng: &Rng) -> (u32, Mutex<Book>, Duration) {
    begin(rng);
    let signed = 3 * rng.between(1..=30) as u32;
    let saving = rng.between(60..=140) as u32 * MS;
    takes("save".to_owned(), saving);
    (signed, Mutex::new(Book { signed, saves: 0 }), saving)
}

async fn three_visitors() -> Result<()> {
    let (signed, book, _) = book(&check::rng());
    let mut locked = false;
    let visitors = async {
        let mut visitors = pin!(async {
            [sign(&book).await, sign(&book).await, sign(&book).await]
        });
        let numbers = timeout(3000 * MS, &mut visitors).await.ok();
        // Checked before the visitors are dropped.
        locked = numbers.is_none() && book.try_lock().is_err();
        numbers
    };
    let (numbers, run) = run("three visitors", 30, visitors).await?;
    let saving = !calls("save").is_empty() && count(&calls("save"), End::Done) == 0;
    let words = match (locked, saving) {
        (true, true) => {
            "deadlock: the third visitor waits forever. `save` waits for the lock, and \
             the holder of the lock waits for `save`.\n\
             A guard lives until it is dropped, or until its block ends. Which comes \
             first, that or `save(..).await`?"
        }
        (true, false) => {
            "a visitor still waits after 3000 ms, and the book is locked."
        }
        _ => "a visitor still waits after 3000 ms.",
    };
    run.that(numbers.is_some(), words)?;
    check::in_order(&numbers.unwrap_or_default(), &[1, 2, 3].map(|n| signed + n))
        .because([format!("{signed} visitors had signed the book before.")])
}

/// Checks that every third visitor has called `save`, and that it has finished.
fn saved_once_in_three(visitors: usize, saves: &[Call], counted: u32) -> Result<()> {
    let expected = visitors / 3;
    let begun = saves.len();
    let [done, dropped] = [End::Done, End::Dropped].map(|end| count(saves, end));
    let words = format!(
        "{visitors} visitors signed, and the number of times that `save` began is \
         {begun}, expected {expected}."
    );
    check::that(begun == expected, words)
        .when(
            begun == visitors,
            "Each visitor saved the book, and only every third one should.",
        )
        .when(
            begun == 0 && counted > 0,
            format!(
                "The book counts {counted} saves all the same. Only `save` saves it."
            ),
        )?;
    let words = format!(
        "of {begun} calls to `save`, {done} finished and {dropped} were dropped \
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
    let rng = check::rng();
    let (signed, book, _) = book(&rng);
    let time = rng.between(51..=99) as u32 * MS;
    let guard = book.lock().await;
    let unlock = async {
        sleep(time).await;
        drop(guard);
    };
    let what = "a visitor who waits for the lock";
    // The two share their wakeups. A visitor who calls `try_lock` in a loop has many.
    let visit = async { tokio::join!(biased; sign(&book), unlock).0 };
    let (number, run) = run(what, 10, visit).await?;
    check::in_order(&[number], &[signed + 1])?;
    let [took, time] = [run.took, time].map(|time| time.as_millis());
    run.that(
        took == time,
        format!("{what} for {time} ms: `sign` took {took} ms, expected {time} ms."),
    )
    .when(
        !calls("save").is_empty(),
        format!(
            "It called `save` for visitor {number}; only every third visitor saves."
        ),
    )
}

async fn visitors_at_once(count: u32, times: u32) -> Result<()> {
    let (signed, book, saving) = book(&check::rng());
    let saving = saving * times;
    takes("save".to_owned(), saving);
    // Lock the book first, so that all of them wait for it.
    let guard = book.lock().await;
    let began = Instant::now();
    let visit = async |_| (sign(&book).await, began.elapsed());
    let visitors = join_all((0..count).map(visit));
    let look = async {
        drop(guard);
        sleep(saving / 2).await;
        book.try_lock().is_err().then(|| running(&calls("save")) > 0)
    };
    let both = async { tokio::join!(biased; visitors, look) };
    let most_polls = 4 * count as usize + 30;
    let what = format!("{count} visitors at once");
    let ((visits, locked), run) = run(&what, most_polls, both).await?;
    let mut numbers: Vec<_> = visits.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    let expected: Vec<_> = (1..=count).map(|n| signed + n).collect();
    check::in_order(&numbers, &expected)
        .because([format!("{signed} visitors had signed the book before.")])
        .when(
            numbers.windows(2).any(|pair| pair[0] == pair[1]),
            "Some have the same number. Was the lock released between counting a \
             visitor and reading the number? Others sign in between.",
        )?;

    let when = match locked {
        Some(true) => "while it is saved",
        _ => "for all that time",
    };
    let words = format!(
        "{} ms after {count} visitors began to sign, the book is locked: others cannot \
         sign {when}.",
        (saving / 2).as_millis()
    );
    run.that(locked.is_none(), words)?;
    saved_once_in_three(count as usize, &calls("save"), book.into_inner().saves)?;
    let waited =
        |(number, time): &&(u32, Duration)| number % 3 != 0 && !time.is_zero();
    let late = visits.iter().find(waited);
    let words = late.map(|(number, time)| {
        let time = text::duration(*time);
        format!(
            "visitor {number} waited for {time}. Only every third one waits for a save."
        )
    });
    run.that(late.is_none(), words.unwrap_or_default())?;
    run.paced(&Pace::of(count / 3, "saves", saving))
}

async fn mailed() -> Result<()> {
    let rng = check::rng();
    for failing in [1, 0, 2] {
        for refused_by in [Refusal::OtherServer, Refusal::BadAddress] {
            mailed_to(&rng, 3, &[(failing, refused_by)]).await?;
        }
    }
    mailed_to(&rng, 2, &[]).await?;
    mailed_to(&rng, 3, &[(0, Refusal::OtherServer), (2, Refusal::BadAddress)])
        .await?;
    mailed_to(&rng, 20, &[(19, Refusal::OtherServer)]).await?;
    mailed_to(&rng, many(&rng), &[]).await
}

#[derive(Clone, Copy)]
enum Refusal {
    /// An address without an @, which fails at once.
    BadAddress,
    /// An address that looks good, and fails when the mail is sent.
    OtherServer,
}

async fn mailed_to(
    rng: &Rng,
    count: usize,
    failing: &[(usize, Refusal)],
) -> Result<()> {
    begin(rng);
    let mut friends = addresses(rng, count);
    let mut what = format!("{count} mails");
    for &(place, refusal) in failing {
        match refusal {
            Refusal::BadAddress => friends[place] = rng.word(),
            Refusal::OtherServer => {
                log::lock().refused.insert(format!("mail {}", friends[place]));
            }
        }
        what += &format!(", of which {:?} fails", friends[place]);
    }
    // A prime: a loop of short sleeps does not end at the same time by chance.
    let longest =
        *rng.pick(&[211, 223, 227, 229, 233, 239, 241, 251, 257, 263]) * MS;
    let others = rng.between(50..=150) as u32 * MS;
    let sent = friends.iter().filter(|friend| friend.contains('@')).count() as u32;
    let longest_at = friends.iter().rposition(|friend| friend.contains('@'));
    for (place, friend) in friends.iter().enumerate() {
        let time = if Some(place) == longest_at { longest } else { others };
        takes(format!("mail {friend}"), time);
    }

    let names: Vec<_> = friends.iter().map(|friend| &**friend).collect();
    let (result, run) = run(&what, 4 * count + 20, invite(&names)).await?;
    let mails = calls("mail");
    let (running, dropped) = (running(&mails), self::count(&mails, End::Dropped));
    for friend in &names {
        let name = format!("mail {friend}");
        let times = mails.iter().filter(|call| call.name == name).count();
        let words = format!(
            "{what}: `mail` ran {times} times for {friend:?}, expected once."
        );
        run.that(times == 1, words)?;
    }

    let returned = if result.is_ok() { "Ok" } else { "an error" };
    let expected = if failing.is_empty() { "Ok" } else { "an error" };
    let words =
        format!("{what}: `invite` returned {returned}, expected {expected}.");
    let lost = result.is_ok() && running == 0;
    run.that(returned == expected, words)
        .when(
            running > 0,
            format!(
                "It returned while {running} of the mails were still being sent. A task \
                 keeps running when its handle is dropped, but its error is lost."
            ),
        )
        .when(lost, "All mails had ended by then, so the error is lost.")
        .when(
            lost && mails.iter().any(|call| call.task.is_some()),
            "Awaiting a task gives two results, one inside the other: did it panic, and \
             did its work fail?",
        )?;

    let words = format!(
        "{what}: `invite` returned before every mail was sent or had failed."
    );
    let first_drop = mails.iter().find_map(|call| ended(call, End::Dropped));
    let a_failure_ended_then = failing.iter().any(|(place, _)| {
        let name = format!("mail {}", friends[*place]);
        let failed = mails.iter().find(|call| call.name == name);
        let failed = failed.and_then(|call| ended(call, End::Done));
        failed.is_some() && failed == first_drop
    });
    run.that(running + dropped == 0, words)
        .when(running > 0, format!("Still running: {running} of the mails."))
        .when(dropped > 0, format!("Dropped before they were sent: {dropped} of the mails."))
        .when(
            a_failure_ended_then,
            "That was when the first of them failed: the outcome of the others is lost.",
        )?;
    let in_turn = others * sent.saturating_sub(1) + longest;
    run.paced(&Pace::mixed(&what, in_turn, longest))
        .when(
            times(&mails).one_after_another(),
            "Each mail is awaited before the next one is sent.",
        )
        .because(times(&mails).limited())
}

async fn found() -> Result<()> {
    let rng = check::rng();
    let slow = rng.between(150..=250) as u32 * MS;
    let fast = rng.between(50..=120) as u32 * MS;
    for [photos, albums] in
        [[slow, fast], [fast, slow], [slow, slow], [LONG, fast], [fast, LONG]]
    {
        let mark = begin(&rng);
        let word = rng.word().to_lowercase();
        takes("find photos".to_owned(), photos);
        takes("find albums".to_owned(), albums);
        let (got, run) = run("a search", 20, search(&word)).await?;
        let places = ["photos", "albums"];
        let expected = places.map(|place| format!("{place} with {word}{mark}"));
        let finds = calls("find");
        let mut causes = Vec::new();
        for place in places {
            let name = format!("find {place}");
            match finds.iter().filter(|call| call.name == name).count() {
                0 => causes.push(format!("`find` did not run for {place:?}.")),
                1 => {}
                times => causes.push(format!(
                    "`find` ran {times} times for {place:?}: each call starts the search \
                     again."
                )),
            }
        }
        let once = causes.is_empty();
        causes.extend(dropped_search(&finds, &got));
        run.pictured(check::in_order(&got, &expected)).because(&causes)?;
        run.that(once, "`find` must run once for each place.").because(&causes)?;
        let what = format!(
            "searches of {} and {}",
            text::duration(photos),
            text::duration(albums)
        );
        run.paced(&Pace::mixed(&what, photos + albums, photos.max(albums))).when(
            times(&finds).one_after_another(),
            "One search starts when the other is done: is it awaited right where it is \
             called?",
        )?;
    }
    Ok(())
}

/// Describes a search that was dropped.
fn dropped_search(finds: &[Call], got: &[String]) -> Option<String> {
    let place = |call: &Call| call.name["find ".len()..].to_owned();
    let (dropped, at) =
        finds.iter().find_map(|call| Some((call, ended(call, End::Dropped)?)))?;
    let winner = finds.iter().find(|call| ended(call, End::Done) == Some(at));
    let Some(winner) = winner.map(place) else {
        return Some(format!(
            "The search in {:?} was dropped after {}, before its end.",
            place(dropped),
            text::duration(at - dropped.began)
        ));
    };
    let select = match got.iter().all(|result| result.starts_with(&winner)) {
        true => " `select!` takes the first result and drops the other future.",
        false => "",
    };
    Some(format!(
        "The search in {:?} was dropped when that in {winner:?} was done.{select}",
        place(dropped)
    ))
}
