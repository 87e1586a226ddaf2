//! The check of exercise 14.
//!
//! It calls `with_tx` with work that ends in every way, drops it at every await, and
//! observes from the server what is left.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use deadpool_postgres::{Object, Transaction};
use futures::future::try_join_all;
use tokio::runtime::Handle;
use tokio::sync::Barrier;
use tokio::task::yield_now;
use tokio::time::error::Elapsed;
use tokio::time::{advance, pause, resume};
use tracing::{Instrument, info_span, instrument};

use super::with_tx;
use async_workbook::check::{self, Diagnosis, Explain, ObservedPool, TestDatabase};
use async_workbook::text;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    let Some(server) = TestDatabase::start_for(&mut exercise) else {
        return exercise.verdict();
    };
    let title = "the rows are committed, and the value of the work is returned";
    exercise.check_in_real_time(title, || committed(&server));
    let title = "after an error of the work, nothing is committed, and the error is returned";
    exercise.check_in_real_time(title, || failed(&server));
    let title = "it is an error if PostgreSQL does not commit";
    exercise.check_in_real_time(title, || not_committed(&server));
    let title = "PostgreSQL cancels a statement that exceeds the limit";
    exercise.check_in_real_time(title, || limited(&server));
    let title = "the connection is returned as it was";
    exercise.check_in_real_time(title, || returned(&server));
    let title = "dropped at any await, it leaves nothing behind";
    exercise.check_in_real_time(title, || dropped(&server));
    server.clean_up();
    exercise.verdict()
}

/// Equal rows are an error when the transaction is committed, not before.
const TABLE: &str =
    "CREATE TABLE seats (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)";

const FAILS: &str = "SELECT 1 / 0";

/// A limit that no statement reaches.
const LIMIT: Duration = Duration::from_millis(1500);

/// More calls than any limit that code might set.
const CALLS: usize = 12;

/// The `statement_timeout` of the connections, in milliseconds.
const BEFORE: i32 = 7001;

/// The `statement_timeout`, in milliseconds. Reading `pg_settings` takes longer.
const SHOWN: &str = "SELECT (extract(epoch FROM \
    current_setting('statement_timeout')::interval) * 1000)::int";

/// All settings, each in a line.
const SETTINGS: &str = "SELECT string_agg( \
    name || ' = ' || setting || coalesce(' ' || unit, ''), E'\\n' ORDER BY name) \
    FROM pg_settings";

type Tx<'a, 'b> = &'a Transaction<'b>;

#[instrument(name = "INSERT", skip_all, ret)]
async fn insert(tx: Tx<'_, '_>, number: i32) -> Result<()> {
    tx.execute("INSERT INTO seats VALUES ($1)", &[&number]).await?;
    Ok(())
}

/// Describes the result of `with_tx`, for a diagnosis.
fn describe<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "Ok".to_owned(),
        Err(error) => format!("the error \"{error:#}\""),
    }
}

/// Returns the SQLSTATE of an error, or an empty text if it has none.
fn sql_state<T>(result: &Result<T>) -> Result<&str> {
    let Err(error) = result else { return Ok("") };
    let chain = check::chain(error.as_ref())?;
    let error = chain.iter().find_map(|cause| cause.downcast_ref());
    let state = error.and_then(tokio_postgres::Error::code);
    Ok(state.map_or("", |state| state.code()))
}

fn millis(number: i32) -> Duration {
    Duration::from_millis(number.unsigned_abs().into())
}

/// Returns the first setting of `now` that is `relevant` and differs from `before`.
fn changed<'a>(
    now: &'a str,
    before: &'a str,
    relevant: impl Fn(&str) -> bool,
) -> Option<(&'a str, &'a str)> {
    let mut pairs = now.lines().zip(before.lines());
    pairs.find(|(now, before)| now != before && relevant(now))
}

fn is_elapsed<T>(result: &Result<T>) -> bool {
    matches!(result, Err(error) if error.is::<Elapsed>())
}

/// A pool with a table `seats`.
struct Seats {
    pool: ObservedPool,
    /// The settings of each connection.
    settings: String,
    /// The number of tasks.
    tasks: usize,
}

impl Seats {
    async fn new(size: usize, server: &TestDatabase) -> Result<Self> {
        let pool = ObservedPool::new(size, server, TABLE).await?;
        let mut settings = String::new();
        for client in pool.all().await? {
            // PostgreSQL treats this level as its default, but shows its name.
            let set = format!(
                "SET statement_timeout = {BEFORE}; \
                 SET default_transaction_isolation = 'read uncommitted'"
            );
            client.batch_execute(&set).await?;
            // They are the same for each connection, and reading them takes a while.
            if settings.is_empty() {
                settings = client.query_one(SETTINGS, &[]).await?.try_get(0)?;
            }
        }
        let tasks = Handle::current().metrics().num_alive_tasks();
        Ok(Self { pool, settings, tasks })
    }

    /// Calls `with_tx`. The outer result is an error if it panics, deadlocks, or fails
    /// before it calls the work.
    async fn call<T>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(Tx<'_, '_>) -> Result<T>,
    ) -> Result<Result<T>> {
        let called = Cell::new(false);
        let work = async |tx: Tx<'_, '_>| {
            called.set(true);
            work(tx).await
        };
        let call = check::caught(with_tx(&self.pool.pool, limit, work));
        let got = check::run("with_tx", self.pool.awaits(call)).await.value??;
        // The smallest limit may end a statement before the work.
        let words = format!(
            "`with_tx` returned {}, and did not call the work.",
            describe(&got)
        );
        check::that(called.get() || sql_state(&got)? == "57014", words)?;
        Ok(got)
    }

    /// Calls `with_tx`, and returns its result and the `statement_timeout` that its
    /// work has read.
    async fn read(&self, limit: i32) -> Result<(Result<()>, Option<i32>)> {
        let shown = Cell::new(None);
        // PostgreSQL may even cancel this, with the smallest limit.
        for _ in 0..20 {
            let reads = async |tx: Tx<'_, '_>| {
                shown.set(Some(tx.query_one(SHOWN, &[]).await?.try_get(0)?));
                Ok(())
            };
            let got = self.call(millis(limit), reads).await?;
            if shown.get().is_some() || sql_state(&got)? != "57014" {
                return Ok((got, shown.get()));
            }
        }
        Ok((Ok(()), None))
    }

    /// Checks that the connections are in the pool, without waiting.
    fn back(&self, how: &str) -> Result<()> {
        let status = self.pool.pool.status();
        let words = format!(
            "{how}the connection is not in the pool, expected it to be back."
        );
        check::that(status.available == status.max_size, words)?;
        let words = format!(
            "{how}the pool has opened a new connection, expected the old one to be back."
        );
        check::that(self.pool.replaced() == 0, words)
    }

    /// Waits until the connections are in the pool again and idle.
    async fn idle(&self) -> Result<Vec<Object>> {
        let clients = self.pool.all().await?;
        for client in &clients {
            // A statement that is still running, such as a rollback, ends before this.
            client.batch_execute("").await?;
        }
        Ok(clients)
    }

    /// Checks how many rows are committed after a call. `how` describes it.
    async fn have(&self, expected: i64, how: &str) -> Result<()> {
        self.back(&format!("{how}: "))?;
        drop(self.idle().await?);
        let rows = self.pool.count("seats").await?;
        let counted = text::count(rows.unsigned_abs(), "row");
        let words = format!("{how}: {counted} committed, expected {expected}.");
        let why = "Only `commit().await` commits. A transaction that is dropped without \
                   it is rolled back.";
        check::that(rows == expected, words).when(rows == 0, why)
    }

    /// Checks the connections after a call. `how` describes it.
    async fn unchanged(&self, how: &str) -> Result<()> {
        // Before any `.await`, with which another task could end.
        let tasks = Handle::current().metrics().num_alive_tasks();
        self.back(how)?;
        let words =
            format!("{how}a task that `with_tx` has spawned is still there.");
        check::that(tasks <= self.tasks, words)?;
        let clients = self.idle().await?;
        let open = self.pool.sessions().await?.iter().any(|one| one.in_transaction);
        let words = format!(
            "{how}the connection was returned with an open transaction: the next user \
             of the connection ends up inside it."
        );
        check::that(!open, words)?;
        for client in &clients {
            let now: String = client.query_one(SETTINGS, &[]).await?.try_get(0)?;
            let Some((now, before)) = changed(&now, &self.settings, |_| true) else {
                continue;
            };
            let name = now.split(' ').next();
            let default =
                "SELECT setting = reset_val FROM pg_settings WHERE name = $1";
            let default = client.query_one(default, &[&name]).await?.try_get(0)?;
            let words = format!(
                "{how}the connection was returned with `{now}`, expected `{before}`, as \
                 before."
            );
            let why = "`SET` without LOCAL lasts for the session, not only for the \
                       transaction. `SET LOCAL` lasts until the end of the transaction.";
            let reset = "That is the default: `RESET` does not restore the value from before.";
            return check::that(false, words)
                .when(now.ends_with("= 1500 ms"), why)
                .when(default, reset);
        }
        Ok(())
    }
}

async fn committed(server: &TestDatabase) -> Result<()> {
    for size in [1, 2] {
        let seats = Seats::new(size, server).await?;
        let value = check::rng().word();
        let work = async |tx: Tx<'_, '_>| {
            insert(tx, 1).await?;
            insert(tx, 2).await?;
            Ok(value.clone())
        };
        let got = seats.call(LIMIT, work).await??;
        seats.have(2, "`with_tx` returned Ok").await?;
        let words = format!("`with_tx` returned {got:?}, expected {value:?}.");
        check::that(got == value, words)?;
    }

    let seats = Seats::new(CALLS, server).await?;
    let (all, begun) = (Barrier::new(CALLS), Cell::new(0));
    let calls = (1..).take(CALLS).map(async |number| {
        let work = async |tx: Tx<'_, '_>| {
            begun.set(begun.get() + 1);
            all.wait().await;
            insert(tx, number).await
        };
        with_tx(&seats.pool.pool, LIMIT, work).await
    });
    let what = format!("{CALLS} calls at once, on {CALLS} connections");
    let calls = async {
        tokio::select! {
            biased;
            done = try_join_all(calls) => {
                let done = done.map(drop);
                let words = format!(
                    "{what}: a statement has reached its limit. One transaction waits for \
                     another, for example at a lock."
                );
                check::that(sql_state(&done)? != "57014", words)?;
                done.context(what.clone())
            }
            idle = seats.pool.stalled() => {
                idle?;
                Err(Diagnosis::new(format!(
                    "{what}: the work of {} has begun and waits for that of the others, \
                     which does not begin, and PostgreSQL is idle.",
                    begun.get()
                ))
                .into())
            }
        }
    };
    check::run(&what, calls).await.value?;
    seats.have(CALLS as i64, &what).await
}

async fn failed(server: &TestDatabase) -> Result<()> {
    let seats = Seats::new(1, server).await?;
    let message = check::rng().word();
    let refuses = async |tx: Tx<'_, '_>| {
        insert(tx, 1).await?;
        Err::<(), _>(anyhow!("{message}"))
    };
    let Err(error) = seats.call(LIMIT, refuses).await? else {
        return check::that(false, "the work returned an error, and `with_tx` Ok.");
    };
    seats.have(0, "the work returned an error").await?;
    let is_it = |cause: &(dyn Error + 'static)| cause.to_string().contains(&message);
    check::that_error(error.as_ref(), is_it, &format!("{message:?}"))?;

    let divides = async |tx: Tx<'_, '_>| {
        insert(tx, 1).await?;
        Ok(tx.batch_execute(FAILS).await?)
    };
    let got = seats.call(LIMIT, divides).await?;
    let how = "the work divided by zero";
    let (state, got) = (sql_state(&got)?, describe(&got));
    let as_text =
        ["db error", "division by zero"].iter().any(|text| got.contains(text));
    let words = format!("{how}: got {got}, expected that error, SQLSTATE 22012.");
    let text = "That is the text of the error, not the error itself, which has the type \
                `tokio_postgres::Error`.";
    let later =
        "A statement that was sent after the failure has replaced the error.";
    check::that(state == "22012", words)
        .when(state.is_empty() && as_text, text)
        .when(state == "25P02", later)?;
    seats.have(0, how).await?;
    let panics = async |tx: Tx<'_, '_>| {
        insert(tx, 1).await?;
        resume_unwind(Box::new("no more seats"))
    };
    let _: Result<Result<()>> = seats.call(LIMIT, panics).await;
    seats.have(0, "the work panicked").await?;

    let terminates = async |tx: Tx<'_, '_>| {
        let end =
            "SELECT pg_terminate_backend(pg_backend_pid()); SELECT pg_sleep(1)";
        Ok(tx.batch_execute(end).await?)
    };
    let got = seats.call(LIMIT, terminates).await?;
    let (state, got) = (sql_state(&got)?, describe(&got));
    let words = format!(
        "PostgreSQL closed the connection during the work, so that it cannot be rolled \
         back: got {got}, expected the error of the work, SQLSTATE 57P01."
    );
    check::that(state == "57P01", words)
}

async fn not_committed(server: &TestDatabase) -> Result<()> {
    let seats = Seats::new(1, server).await?;
    let ignores = async |tx: Tx<'_, '_>| {
        insert(tx, 1).await?;
        let _ = tx.batch_execute(FAILS).await;
        Ok(())
    };
    let got = seats.call(LIMIT, ignores).await?;
    let back = seats.back("a statement failed, and the work ignored the error: ");
    drop(seats.idle().await?);
    let saved = seats.pool.count("seats").await?;
    let words = format!(
        "a statement failed, and the work ignored the error: `with_tx` returned Ok, and \
         {saved} of its rows were committed, expected an error.\n\
         After a failed statement, PostgreSQL answers COMMIT with a rollback, and \
         `commit()` returns Ok."
    );
    check::that(got.is_err(), words)?;
    back?;

    let inserted = Cell::new(false);
    let twice = async |tx: Tx<'_, '_>| {
        insert(tx, 1).await?;
        insert(tx, 1).await?;
        inserted.set(true);
        Ok(())
    };
    let got = seats.call(LIMIT, twice).await?;
    let words = format!(
        "the work inserted two equal rows, of which a constraint that is DEFERRED \
         accepts one: got {} before COMMIT, expected it only then.",
        describe(&got)
    );
    check::that(inserted.get(), words)?;
    let words = "COMMIT failed, because of a constraint that is DEFERRED: `with_tx` \
                 returned Ok, expected an error.";
    check::that(got.is_err(), words)?;
    seats.back("COMMIT failed: ")?;

    let recovers = async |tx: Tx<'_, '_>| {
        insert(tx, 1).await?;
        tx.batch_execute("SAVEPOINT before").await?;
        let _ = tx.batch_execute(FAILS).await;
        tx.batch_execute("ROLLBACK TO before").await?;
        insert(tx, 2).await
    };
    let how = "a statement failed, and the work rolled back to a savepoint";
    let got = seats.call(LIMIT, recovers).await?;
    let words = format!("{how}: got {}, expected Ok.", describe(&got));
    check::that(got.is_ok(), words)?;
    seats.have(2, how).await
}

async fn limited(server: &TestDatabase) -> Result<()> {
    let seats = Seats::new(2, server).await?;
    let rng = check::rng();
    let limit = rng.between(501..=999);
    let (reads, shown) = seats.read(limit).await?;
    let shown = shown.unwrap_or_default();
    let setting = format!(
        "in the transaction, `statement_timeout` was {shown} ms, expected {limit} ms."
    );

    seats.pool.close("seats").await?;
    // Longer than `settled`: on a busy machine, a cancel request may be late.
    let is_waiting = async || {
        let sessions = seats.pool.stalled().await?;
        anyhow::Ok(sessions.iter().any(|one| one.waits_at.is_some()))
    };
    // With the right setting, PostgreSQL ends the statement, however busy it is.
    let no_limit = async {
        while !is_waiting().await? {}
        anyhow::Ok(())
    };
    let waits = async |tx: Tx<'_, '_>| insert(tx, 1).await;
    let short = rng.between(41..=89);
    let mut call = pin!(seats.call(millis(short), waits));
    let done = tokio::select! {
        biased;
        done = &mut call => Some(done?),
        no_limit = no_limit, if shown != limit => no_limit.map(|()| None)?,
    };
    let (state, got) = match &done {
        Some(got) => (sql_state(got)?, describe(got)),
        None => ("", "no result within 400 ms".to_owned()),
    };
    let words = format!(
        "a statement waits for a lock, with a limit of {short} ms: got {got}, \
         expected an error of PostgreSQL, SQLSTATE 57014."
    );
    let why = "Tokio's `timeout` has ended the wait, and PostgreSQL is still running \
               the statement.";
    let elapsed = done.as_ref().is_some_and(is_elapsed) && is_waiting().await?;
    let unchanged = "The connection had this value before, so nothing has set the \
                     limit in the transaction before the work. `SET LOCAL` has no \
                     effect outside of a transaction.";
    let before = shown == BEFORE && !elapsed;
    // A `timeout` for the transaction as a whole may be earlier. It is found below.
    let earlier = shown == limit && done.as_ref().is_some_and(is_elapsed);
    check::that(state == "57014" || earlier, words)
        .when(shown != limit, text::capitalize(&setting))
        .when(shown == 0, "0 means that there is no limit.")
        .when(before, unchanged)
        .when(elapsed, why)?;
    check::that(shown == limit, setting).when(before, unchanged)?;
    seats.back("after PostgreSQL has canceled a statement, ")?;
    let words =
        format!("the work only reads: got {}, expected Ok.", describe(&reads));
    check::that(reads.is_ok(), words)?;

    let seats = Seats::new(1, server).await?;
    let settings = RefCell::new(String::new());
    let reads = async |tx: Tx<'_, '_>| {
        settings.replace(tx.query_one(SETTINGS, &[]).await?.try_get(0)?);
        Ok(())
    };
    seats.call(LIMIT, reads).await??;
    let settings = settings.take();
    let other = |setting: &str| !setting.starts_with("statement_timeout = ");
    if let Some((now, before)) = changed(&settings, &seats.settings, other) {
        let words = format!(
            "the transaction ran with `{now}`, expected `{before}`, the value from before \
             the call."
        );
        return check::that(false, words);
    }

    // A long transaction of short statements. The timers of this process take this
    // for time that has passed.
    let pauses = async |tx: Tx<'_, '_>| {
        // No statement is canceled, however slow the machine is.
        tx.batch_execute("SET LOCAL statement_timeout = 0").await?;
        pause();
        advance(millis(3000)).await;
        resume();
        insert(tx, 1).await
    };
    let got = seats.call(millis(200), pauses).await?;
    let words = format!(
        "a transaction of 3000 ms, with a limit of 200 ms for each statement: got {}, \
         expected Ok.",
        describe(&got)
    );
    let why = "Tokio's `timeout` has limited the transaction as a whole.";
    check::that(got.is_ok(), words).when(is_elapsed(&got), why)?;

    for limit in [5, 70_000] {
        let (got, shown) = seats.read(limit).await?;
        let words = match shown {
            Some(shown) => format!(
                "in the transaction, `statement_timeout` was {shown} ms, expected \
                 {limit} ms."
            ),
            None => format!("with a limit of {limit} ms: got {}.", describe(&got)),
        };
        check::that(shown.map_or(got.is_ok(), |shown| shown == limit), words)?;
    }
    Ok(())
}

async fn returned(server: &TestDatabase) -> Result<()> {
    let seats = Seats::new(1, server).await?;
    let _ = seats.call(LIMIT, async |tx: Tx<'_, '_>| insert(tx, 1).await).await?;
    seats.unchanged("after `with_tx` returned Ok, ").await?;
    let fails = async |tx: Tx<'_, '_>| Ok(tx.batch_execute(FAILS).await?);
    let _ = seats.call(LIMIT, fails).await;
    seats.unchanged("after an error of the work, ").await?;
    let panics = async |_: Tx<'_, '_>| resume_unwind(Box::new("no more seats"));
    let _: Result<Result<()>> = seats.call(LIMIT, panics).await;
    seats.unchanged("after a panic, ").await
}

async fn dropped(server: &TestDatabase) -> Result<()> {
    // A deadlock would not end when it is dropped later.
    let other = Seats::new(1, server).await?;
    let _ = other.call(LIMIT, async |tx: Tx<'_, '_>| insert(tx, 1).await).await?;

    let seats = Seats::new(1, server).await?;
    check::cancelled_at_every_await(async |cancel| {
        let work = async |tx: Tx<'_, '_>| {
            insert(tx, 1).await?;
            yield_now().instrument(info_span!("between two statements")).await;
            insert(tx, 2).await
        };
        cancel.run(with_tx(&seats.pool.pool, LIMIT, work)).await;
        seats.unchanged("").await?;
        let rows = seats.pool.count("seats").await?;
        let words =
            format!("{rows} of 2 rows were committed, expected none or both.");
        check::that(rows != 1, words)?;
        seats.pool.execute("TRUNCATE seats").await
    })
    .await
}
