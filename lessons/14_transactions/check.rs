//! The check of exercise 14.
//!
//! It passes transactions to `with_tx` that end in every way, drops it at every await,
//! and observes from the server what is left of them.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use deadpool_postgres::Transaction;
use tokio::task::yield_now;
use tokio::time::{advance, error::Elapsed, pause, resume};
use tokio_postgres::Client;
use tracing::{Instrument, info_span, instrument};

use super::with_tx;
use async_workbook::check::{self, Explain, ObservedPool, TestDatabase};

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    let Some(server) = TestDatabase::start_for(&mut exercise) else {
        return exercise.verdict();
    };
    exercise.check_in_real_time(
        "a value is returned when the transaction is committed",
        || committed(&server),
    );
    exercise.check_in_real_time(
        "an error is returned, and the transaction is rolled back",
        || failed(&server),
    );
    exercise.check_in_real_time(
        "a commit that turns into a rollback is an error",
        || not_committed(&server),
    );
    exercise.check_in_real_time(
        "PostgreSQL cancels a statement that exceeds the limit",
        || limited(&server),
    );
    exercise.check_in_real_time(
        "the connection is returned with no transaction open and its settings",
        || returned(&server),
    );
    exercise.check_in_real_time(
        "dropped at any await, it leaves no part of the transaction",
        || dropped(&server),
    );
    server.clean_up();
    exercise.verdict()
}

/// Equal words are an error when the transaction is committed, not before.
const TABLE: &str =
    "CREATE TABLE words (word text UNIQUE DEFERRABLE INITIALLY DEFERRED)";

const FAILS: &str = "SELECT 1 / 0";

/// The `statement_timeout` of each connection of the pool, in milliseconds.
const OWN_SETTING: i32 = 7001;

/// A limit that no statement here reaches.
const LIMIT: Duration = Duration::from_millis(1500);

type Tx<'a, 'b> = &'a Transaction<'b>;

#[instrument(name = "INSERT", skip_all)]
async fn insert(tx: Tx<'_, '_>, word: &str) -> Result<()> {
    tx.execute("INSERT INTO words VALUES ($1)", &[&word]).await?;
    Ok(())
}

/// Returns the `statement_timeout` of a connection, in milliseconds.
async fn setting(client: &Client) -> Result<i32> {
    let query =
        "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'";
    Ok(client.query_one(query, &[]).await?.try_get(0)?)
}

/// Returns the five characters of an error of PostgreSQL, or nothing.
fn sql_state(error: &Error) -> Result<&str> {
    let chain = check::chain(error.as_ref())?;
    let error = chain.iter().find_map(|cause| cause.downcast_ref());
    let state = error.and_then(tokio_postgres::Error::code);
    Ok(state.map_or("", |state| state.code()))
}

/// Formats a result, for a diagnosis.
fn describe<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "Ok".to_owned(),
        Err(error) => format!("the error \"{error:#}\""),
    }
}

/// A pool, and what is expected of it.
struct Words(ObservedPool);

impl Words {
    async fn new(size: usize, server: &TestDatabase) -> Result<Self> {
        let pool = ObservedPool::new(size, server, TABLE).await?;
        for client in pool.all().await? {
            let set = format!("SET statement_timeout = {OWN_SETTING}");
            client.batch_execute(&set).await?;
        }
        Ok(Self(pool))
    }

    /// Calls `with_tx`. The outer result is an error if it panics or deadlocks.
    async fn call<T>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(Tx<'_, '_>) -> Result<T>,
    ) -> Result<Result<T>> {
        let call = check::caught(with_tx(&self.0.pool, limit, work));
        check::run("with_tx", self.0.awaits(call)).await.value?
    }

    /// Checks what is left in the pool after a call that ended `how`.
    async fn left_clean(&self, how: &str) -> Result<()> {
        let clients = self.0.all().await.because([format!(
            "A connection is still in use after {how}: something keeps its `client`."
        )])?;
        for client in &clients {
            // What is still running, such as a rollback, ends before this.
            client.batch_execute("").await?;
        }
        let sessions = self.0.sessions().await?;
        let open = sessions.iter().any(|session| session.in_transaction);
        let words = format!(
            "after {how}, the connection was returned with an open transaction: the \
             next user of the connection ends up inside it."
        );
        check::that(!open, words)?;
        for client in &clients {
            let now = setting(client).await?;
            let words = format!(
                "after {how}, the connection was returned with a `statement_timeout` of \
                 {now} ms, which was {OWN_SETTING} ms before."
            );
            check::that(now == OWN_SETTING, words).because([
                "Without LOCAL, `SET` is for the connection, and stays when the \
                 transaction has been committed.",
            ])?;
        }
        let words = format!(
            "after {how}, the connection is not in the pool any more: another one has \
             replaced it."
        );
        check::that(self.0.replaced() == 0, words)
    }

    /// Returns the words that are committed, sorted.
    async fn saved(&self) -> Result<Vec<String>> {
        let client = self.0.pool.get().await?;
        let rows = client.query("SELECT word FROM words ORDER BY word", &[]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Checks which words are committed after a call with this `outcome`.
    async fn have(&self, outcome: &str, expected: &[&str]) -> Result<()> {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let saved = self.saved().await?;
        let words = format!(
            "{outcome}: {} committed, expected {}.",
            async_workbook::text::count(saved.len() as u64, "row"),
            expected.len()
        );
        check::that(saved == expected, words)
            .when(
                saved.is_empty(),
                "The transaction was rolled back. It is committed only by \
                 `commit().await`.",
            )
            .when(expected.is_empty(), "The transaction was committed.")
    }
}

async fn committed(server: &TestDatabase) -> Result<()> {
    for size in [1, 2] {
        let (words, drawn) =
            (Words::new(size, server).await?, check::draw().words(3));
        let [first, second, value] = &drawn[..] else { unreachable!() };
        let work = async |tx: Tx<'_, '_>| {
            insert(tx, first).await?;
            insert(tx, second).await?;
            Ok(value.clone())
        };
        let got = words.call(LIMIT, work).await??;
        let expected = format!("`with_tx` returned {got:?}, expected {value:?}.");
        check::that(got == *value, expected)?;
        words.left_clean("a call that returned Ok").await?;
        words.have("`with_tx` returned Ok", &[first, second]).await?;
    }
    Ok(())
}

async fn failed(server: &TestDatabase) -> Result<()> {
    let words = Words::new(1, server).await?;
    let drawn = check::draw().words(2);
    let [word, message] = &drawn[..] else { unreachable!() };
    let refuses = async |tx: Tx<'_, '_>| {
        insert(tx, word).await?;
        Err::<(), _>(anyhow!("{message}"))
    };
    let got = words.call(LIMIT, refuses).await?;
    let reports = |error: &Error| {
        let reports = |cause: &(dyn std::error::Error + 'static)| {
            cause.to_string() == *message
        };
        check::that_error(error.as_ref(), reports, &format!("{message:?}"))
    };
    got.map_or_else(
        |error| reports(&error),
        |()| {
            check::that(false, "the work returned an error, `with_tx` returned Ok.")
        },
    )?;
    words.left_clean("an error").await?;
    words.have("the work returned an error", &[]).await?;

    let fails = async |tx: Tx<'_, '_>| {
        insert(tx, word).await?;
        Ok(tx.batch_execute(FAILS).await?)
    };
    let got = words.call(LIMIT, fails).await?;
    let state = got.as_ref().map_or_else(sql_state, |()| Ok("Ok"))?;
    let got = describe(&got);
    let expected = format!(
        "a statement divided by zero: got {got}, expected its error (22012)."
    );
    check::that(state == "22012", expected)?;

    let panics = async |tx: Tx<'_, '_>| {
        insert(tx, word).await?;
        std::panic::resume_unwind(Box::new("no more words"))
    };
    let _: Result<Result<()>> = words.call(LIMIT, panics).await;
    words.left_clean("a panic").await?;
    words.have("the work panicked", &[]).await
}

async fn not_committed(server: &TestDatabase) -> Result<()> {
    let words = Words::new(1, server).await?;
    let drawn = check::draw().words(2);
    let [first, second] = &drawn[..] else { unreachable!() };
    let ignores = async |tx: Tx<'_, '_>| {
        insert(tx, first).await?;
        let _ = tx.batch_execute(FAILS).await;
        Ok(())
    };
    let got = words.call(LIMIT, ignores).await?;
    words.left_clean("an error that the work ignored").await?;
    let saved = words.saved().await?.len();
    check::that(
        got.is_err(),
        format!(
            "a statement failed, and the work ignored the error: `with_tx` returned Ok, \
             and {saved} of its rows were committed.\n\
             After a failed statement, PostgreSQL answers COMMIT with a rollback, which \
             `commit()` does not report."
        ),
    )?;
    let twice = async |tx: Tx<'_, '_>| {
        insert(tx, first).await?;
        insert(tx, first).await
    };
    let got = words.call(LIMIT, twice).await?;
    check::that(
        got.is_err(),
        "the COMMIT failed, because of a constraint that is DEFERRED: `with_tx` \
         returned Ok.",
    )?;
    words.have("the COMMIT failed", &[]).await?;
    let recovers = async |tx: Tx<'_, '_>| {
        insert(tx, first).await?;
        tx.batch_execute("SAVEPOINT before").await?;
        let _ = tx.batch_execute(FAILS).await;
        tx.batch_execute("ROLLBACK TO before").await?;
        insert(tx, second).await
    };
    let how = "a statement failed, and the work rolled back to a savepoint";
    let got = words.call(LIMIT, recovers).await?;
    let outcome =
        format!("{how}: `with_tx` returned {}, expected Ok.", describe(&got));
    check::that(got.is_ok(), outcome)?;
    words.have(how, &[first, second]).await
}

async fn limited(server: &TestDatabase) -> Result<()> {
    let words = Words::new(2, server).await?;
    let limit = check::draw().between(41..=89);
    let shown = Cell::new(0);
    let waits = async |tx: Tx<'_, '_>| {
        shown.set(setting(tx.client()).await?);
        insert(tx, "behind the gate").await
    };
    words.0.close("words").await?;
    let mut call =
        pin!(words.call(Duration::from_millis(limit.unsigned_abs().into()), waits));
    // With the right setting, PostgreSQL ends the statement, however busy it is.
    let unlimited = async {
        while words.0.settled().await?.iter().all(|one| one.waits_at.is_none())
            || shown.get() == limit
        {}
        anyhow::Ok(())
    };
    let done = tokio::select! {
        biased;
        done = &mut call => Some(done?),
        waiting = unlimited => waiting.map(|()| None)?,
    };
    let waits = words.0.sessions().await?.iter().any(|one| one.waits_at.is_some());
    let (state, got) = match &done {
        None => ("", "it was still running after 200 ms".to_owned()),
        Some(Ok(())) => ("", "got Ok".to_owned()),
        Some(Err(error)) => {
            (sql_state(error)?, format!("got the error \"{error:#}\""))
        }
    };
    let elapsed = matches!(&done, Some(Err(error)) if error.is::<Elapsed>());
    let shown = match shown.get() {
        0 => "0, which is no limit".to_owned(),
        millis => format!("{millis} ms"),
    };
    let setting = format!("In the transaction, `statement_timeout` was {shown}.");
    let differs = shown != format!("{limit} ms");
    let outcome = format!(
        "a statement that waits for a lock, with a limit of {limit} ms: {got}, expected \
         an error of PostgreSQL, 57014."
    );
    check::that(state == "57014", outcome).when(differs, &setting).when(
        elapsed && waits,
        "Tokio's `timeout` has ended the wait. PostgreSQL is still running the statement.",
    )?;
    let expected =
        format!("expected a `statement_timeout` of {limit} ms.\n{setting}");
    check::that(!differs, expected)?;

    // Longer than the limit, which is for a statement. No one has to wait for it: the
    // timers of this process take it for time that has passed.
    let words = Words::new(1, server).await?;
    let word = check::draw().word();
    let pauses = async |tx: Tx<'_, '_>| {
        pause();
        advance(LIMIT + Duration::from_millis(1)).await;
        resume();
        insert(tx, &word).await
    };
    let got = words.call(LIMIT, pauses).await?;
    let elapsed = matches!(&got, Err(error) if error.is::<Elapsed>());
    let outcome = format!(
        "a transaction that takes 1501 ms, with a limit of 1500 ms for a statement: got \
         {}, expected Ok.",
        describe(&got)
    );
    check::that(got.is_ok(), outcome)
        .when(elapsed, "Tokio's `timeout` limits the transaction as a whole.")
}

async fn returned(server: &TestDatabase) -> Result<()> {
    let words = Words::new(1, server).await?;
    let word = check::draw().word();
    let _ = words.call(LIMIT, async |tx: Tx<'_, '_>| insert(tx, &word).await).await;
    words.left_clean("a call that returned Ok").await?;
    let fails = async |tx: Tx<'_, '_>| Ok(tx.batch_execute(FAILS).await?);
    let _ = words.call(LIMIT, fails).await;
    words.left_clean("an error").await?;
    let panics = async |_: Tx<'_, '_>| std::panic::resume_unwind(Box::new("words"));
    let _: Result<Result<()>> = words.call(LIMIT, panics).await;
    words.left_clean("a panic").await
}

async fn dropped(server: &TestDatabase) -> Result<()> {
    let words = Words::new(1, server).await?;
    let drawn = check::draw().words(2);
    check::cancelled_at_every_await(async |cancel| {
        let work = async |tx: Tx<'_, '_>| {
            insert(tx, &drawn[0]).await?;
            yield_now().instrument(info_span!("between two statements")).await;
            insert(tx, &drawn[1]).await
        };
        let call = with_tx(&words.0.pool, LIMIT, work);
        cancel.run(words.0.awaits(call)).await;
        words.left_clean("the drop").await?;
        let saved = words.saved().await?.len();
        let outcome =
            format!("{saved} of 2 rows were committed, expected none or both.");
        check::that(saved != 1, outcome)?;
        words.0.execute("TRUNCATE words").await
    })
    .await
}
