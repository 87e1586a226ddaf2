//! The check of exercise 12.
//!
//! The bank is part of the check: it takes a random time and may refuse.
//! It also logs its calls, so that the check knows at which await a transfer was
//! dropped, and what happened after that.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::bank::log::{Log, Plan};
use super::bank::{Account, Bank};
use super::transfer;
use async_workbook::check::{self, Calls, Cancel, Explain, Run};
use async_workbook::text;

const MS: Duration = Duration::from_millis(1);
/// A check ends after an hour of the paused clock.
const LONG: Duration = Duration::from_secs(20 * 60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("it moves the amount, or fails and changes nothing", whole);
    exercise
        .check("transfers run together, and none spends what is taken", together);
    exercise.check("dropped before the approval, it changes nothing", before);
    exercise.check("dropped later, it moves everything or nothing", later);
    exercise.verdict()
}

const ACCEPTS: &str = "the bank accepts the amount";
const REFUSES: &str = "the bank refuses the approval";
const CLOSED: &str = "the bank is closed when the amount is sent";
const SLOW: &str = "the approval and the answer take 20 minutes each";

/// The money in the account, and at the bank.
type Money = (u64, u64);

fn show((here, there): Money) -> String {
    format!("{here} and {there}")
}

/// An account and a bank. `what`, one of the constants above, decides the bank's answers.
struct Scene {
    what: &'static str,
    balance: u64,
    amount: u64,
    account: Arc<Account>,
    bank: Arc<Bank>,
    plan: Plan,
}

/// The outcome of one or more calls to `transfer`.
struct Outcome<T> {
    result: T,
    /// The money and the bank's log when they had returned or were dropped.
    at_once: Money,
    log: Log,
    /// The money a second later.
    later: Money,
    run: Run<()>,
}

impl Scene {
    fn new(what: &'static str) -> Self {
        let rng = check::rng();
        let number = |range| u64::from(rng.between(range).unsigned_abs());
        let (balance, amount) = (number(300..=900), number(11..=99));
        let longer = if what == SLOW { LONG } else { Duration::ZERO };
        let plan = Plan {
            // Primes: no loop of short sleeps ends at the same time by chance.
            approve: *rng.pick(&[41, 43, 47]) * MS + longer,
            send: *rng.pick(&[59, 61, 67]) * MS + longer,
            refuses: what == REFUSES,
            accepts: if what == CLOSED { 0 } else { u64::MAX },
            reason: rng.word(),
        };
        let account = Arc::new(Account::new(balance));
        let bank = Arc::new(Bank::with(plan.clone()));
        Self { what, balance, amount, account, bank, plan }
    }

    fn money(&self) -> Money {
        (self.account.balance(), self.bank.received())
    }

    /// Runs calls to `transfer` until nothing is in flight, and waits for a second.
    async fn watch<T>(&self, transfers: impl Future<Output = T>) -> Outcome<T> {
        // The picture of a transfer that was dropped ends when it would have ended, so that
        // it shows which calls are missing.
        let end = Instant::now() + self.plan.approve + self.plan.send;
        let run = check::run(self.what, async {
            let result = transfers.await;
            let (at_once, log) = (self.money(), self.bank.log().clone());
            sleep_until(end).await;
            self.quiet().await;
            (result, at_once, log)
        });
        let ((result, at_once, log), run) = run.await.split();
        sleep(1000 * MS).await;
        self.quiet().await;
        Outcome { result, at_once, log, later: self.money(), run }
    }

    /// Waits until nothing is in flight, at most a second. A task takes some turns to
    /// send a request.
    async fn quiet(&self) {
        for _ in 0..1000 {
            for _ in 0..20 {
                yield_now().await;
            }
            let log = self.bank.log().clone();
            if log.approving == 0 && log.answered == log.sent.len() {
                break;
            }
            sleep(MS).await;
        }
    }
}

/// Returns the calls of one function of the account or the bank.
fn calls(run: &Run<()>, name: &str) -> Calls {
    run.calls(|label| {
        Some(label).filter(|l: &&str| l.split(" amount=").next() == Some(name))
    })
}

fn times(run: &Run<()>, name: &str) -> Vec<u64> {
    calls(run, name).iter().map(|call| call.start).collect()
}

/// Describes how an amount came to be in two places, or in none.
fn cause(run: &Run<()>, log: &Log) -> Option<String> {
    let time = |name| times(run, name).first().copied();
    let at = text::millis;
    let row = |name| run.rows().iter().position(|row| row.label.starts_with(name));
    match (time("put_back"), time("received"), time("not received")) {
        (Some(put_back), Some(_), _) if row("put_back") < row("approve") => {
            Some(format!(
                "It was put back at {}, before the approval was requested. A guard that \
                 is dropped at once does that: `let _ =` drops its value.",
                at(put_back)
            ))
        }
        (Some(put_back), Some(received), _) if put_back < received => Some(format!(
            "It was put back at {}, and the bank received it at {}: a request that was \
             sent cannot be called back. Await its answer, and then decide.",
            at(put_back),
            at(received)
        )),
        (Some(put_back), Some(received), _) => {
            let question = "\nThe guard still ran: was the whole guard moved into the \
                            task, and disarmed there?";
            let question = if log.in_tasks > 0 { question } else { "" };
            Some(format!(
                "The bank received it at {}, and at {} it was put back.{question}",
                at(received),
                at(put_back)
            ))
        }
        (None, _, Some(answer)) => Some(format!(
            "The bank answered at {} that it has not received the amount, and nothing \
             put it back.",
            at(answer)
        )),
        _ => None,
    }
}

async fn whole() -> Result<()> {
    for what in [ACCEPTS, REFUSES, CLOSED, SLOW] {
        let scene = Scene::new(what);
        let timed = async {
            let start = Instant::now();
            let result = transfer(&scene.account, &scene.bank, scene.amount).await;
            (result, start.elapsed())
        };
        let outcome = scene.watch(timed).await;
        outcome.run.pictured(scene.judge(&outcome))?;
    }
    Ok(())
}

impl Scene {
    /// Judges a transfer that was not dropped.
    fn judge(&self, outcome: &Outcome<(Result<()>, Duration)>) -> Result<()> {
        let Self { what, balance, amount, plan, .. } = self;
        let Outcome { result: (result, took), at_once, log, later, run } = outcome;
        let moved = if [ACCEPTS, SLOW].contains(what) { *amount } else { 0 };
        let money = (balance - moved, moved);
        let words = format!(
            "{what}: when `transfer` returned, account and bank had {}, expected \
             {}.",
            show(*at_once),
            show(money)
        );
        check::that(*at_once == money, words)
            .when(
                *later == money,
                "A second later the balances were right: it returned before its work had ended.",
            )
            .because(cause(run, log).filter(|_| *later != money))?;
        let words = format!(
            "{what}: a task panics. Return the bank's error from it, with `?` instead of \
             `unwrap`."
        );
        check::that(!check::panicked(), words)?;
        let reason = &plan.reason;
        match result {
            Err(error) if moved == 0 => {
                let reports = |cause: &(dyn Error + 'static)| {
                    cause.to_string().contains(reason)
                };
                check::that_error(error.as_ref(), reports, reason)?;
            }
            Err(error) => {
                check::that(false, format!("{what}: got {error:#}, expected Ok."))?;
            }
            Ok(()) => {
                let words =
                    format!("{what}: got Ok, expected an error with {reason:?}.");
                check::that(moved > 0, words)?;
            }
        }
        let (sends, time) = match *what {
            REFUSES => (vec![], plan.approve),
            _ => (vec![*amount], plan.approve + plan.send),
        };
        let words = format!(
            "{what}: the calls to `approve` were for {:?}, those of `send` for {:?}, \
             expected [{amount}] and {sends:?}.",
            log.approvals, log.sent
        );
        check::that(log.approvals == [*amount] && log.sent == sends, words)?;
        run.few_wakeups(20, "a transfer")?;
        let words = format!(
            "{what}: it took {}, expected {}.",
            text::duration(*took),
            text::duration(time)
        );
        let approved = plan.approve.as_millis() as u64;
        let sent = times(run, "send").first().copied();
        let early = sent.filter(|sent| *sent < approved).map(|sent| {
            format!(
                "It was sent at {}, before it was approved at {}.",
                text::millis(sent),
                text::millis(approved)
            )
        });
        check::that(took.as_millis() == time.as_millis(), words).because(early)
    }
}

async fn together() -> Result<()> {
    let scene = Scene::new(ACCEPTS);
    let amount = scene.balance * 2 / 5;
    let other = Arc::new(Account::new(amount));
    let timed = async |account: &Arc<Account>| {
        let start = Instant::now();
        let result = transfer(account, &scene.bank, amount).await;
        (result.is_ok(), start.elapsed().as_millis())
    };
    let accounts = [&scene.account, &scene.account, &other, &scene.account];
    let Outcome { result, log, run, .. } =
        scene.watch(join_all(accounts.map(timed))).await;
    let time = (scene.plan.approve + scene.plan.send).as_millis();
    let what = "three transfers from an account that has enough for two, and one of all \
                that another has";
    let last = times(&run, "approve").last().copied().unwrap_or(0);
    let names = ["the first", "the second", "the one from another", "the third"];
    for (name, (is_ok, took)) in names.iter().zip(result) {
        let (succeeds, time) =
            if *name == "the third" { (false, 0) } else { (true, time) };
        let did = if is_ok { "succeeded" } else { "failed" };
        let does = if succeeds { "Ok" } else { "an error" };
        let words = format!(
            "{what}: {name} {did} after {took} ms, expected {does} after {time} ms."
        );
        run.that((is_ok, took) == (succeeds, time), words)
            .when(
                succeeds && last > 0,
                format!("The last approval was requested only after {last} ms."),
            )
            .because(calls(&run, "send").started_late())
            .when(
                !is_ok && log.approvals.len() > 3,
                "An approval was requested although the others had spent the money.",
            )?;
    }
    let words = format!(
        "{what}: {} approvals were requested, expected 3: with too little money, no \
         approval is requested.",
        log.approvals.len()
    );
    run.that(log.approvals.len() == 3, words)?;
    many().await
}

/// Runs many transfers at once, with one in the middle that does not arrive.
async fn many() -> Result<()> {
    let rng = check::rng();
    let count = u64::from(rng.between(150..=300).unsigned_abs());
    let mut scene = Scene::new(ACCEPTS);
    let (amount, failing) = (scene.amount, count / 2);
    scene.balance = count * (amount + 1);
    scene.account = Arc::new(Account::new(scene.balance));
    scene.plan.accepts = amount;
    scene.bank = Arc::new(Bank::with(scene.plan.clone()));
    let scene = &scene;
    let transfers = (0..count).map(async |number| {
        let amount = amount + u64::from(number == failing);
        let start = Instant::now();
        let result = transfer(&scene.account, &scene.bank, amount).await;
        (result.is_err() == (number == failing), start.elapsed().as_millis())
    });
    let outcome = scene.watch(join_all(transfers)).await;
    let time = (scene.plan.approve + scene.plan.send).as_millis();
    let what =
        format!("{count} transfers at once, of which the bank receives all but one");
    let longest = outcome.result.iter().map(|(_, took)| *took).max().unwrap_or(0);
    let words =
        format!("{what}: the last one took {longest} ms, expected {time} ms.");
    let limited = ["approve", "send"].iter().find_map(|name| {
        let calls = calls(&outcome.run, name);
        calls.limited().filter(|_| calls.peak() < outcome.result.len())
    });
    check::that(longest == time, words).because(limited)?;
    let wrong = outcome.result.iter().filter(|(right, _)| !right).count();
    let words = format!(
        "{what}: {wrong} of the results are wrong: Ok instead of an error, or an error \
         instead of Ok."
    );
    check::that(wrong == 0, words)?;
    let moved = (count - 1) * amount;
    let money = (scene.balance - moved, moved);
    let words = format!(
        "{what}: account and bank had {}, expected {}.",
        show(outcome.later),
        show(money)
    );
    check::that(outcome.later == money, words)
}

/// Drops a transfer at each of its awaits: after 20 ms, when its tasks have sent
/// their requests; at once, when they have not; and after 90 ms, when the bank has
/// answered them.
async fn dropped(
    what: &'static str,
    judge: impl Fn(&Scene, &Outcome<Option<Result<()>>>) -> Result<()>,
) -> Result<()> {
    for delay in [20 * MS, Duration::ZERO, 90 * MS] {
        check::cancelled_at_every_await(async |cancel: &Cancel| {
            let scene = Scene::new(what);
            let transfer = transfer(&scene.account, &scene.bank, scene.amount);
            let outcome = scene.watch(cancel.run_and_wait(delay, transfer)).await;
            outcome.run.pictured(judge(&scene, &outcome))
        })
        .await?;
    }
    Ok(())
}

async fn before() -> Result<()> {
    dropped(ACCEPTS, |scene, Outcome { result, at_once, log, later, .. }| {
        let money = (scene.balance, 0);
        let applies = result.is_none() && log.approved == 0;
        let words = format!(
            "account and bank had {}, and a second later {}, expected {} \
             at once.",
            show(*at_once), show(*later), show(money)
        );
        check::that(!applies || (*at_once == money && *later == money), words)
            .when(
                later.1 > 0,
                "It was sent after the transfer was dropped: something runs on without \
                 the caller.",
            )
            .when(
                *later == money,
                "A task has put it back. If the program ends before that task runs, the \
                 amount is lost.",
            )
            .when(
                later == at_once,
                "Nothing has put it back: when a future is dropped at an `.await`, the \
                 code after it never runs.",
            )
    })
    .await
}

async fn later() -> Result<()> {
    let judge = |scene: &Scene, outcome: &Outcome<Option<Result<()>>>| {
        let Outcome { result, log, later, run, .. } = outcome;
        let applies = result.is_some() || log.approved > 0;
        let (total, balance) = (later.0 + later.1, scene.balance);
        let when = match scene.what {
            SLOW => "dropped 20 minutes before the answer: a second after it,",
            _ => "a second later,",
        };
        let words = format!(
            "{when} account and bank had {}, together {total}, expected a total of {balance}.",
            show(*later)
        );
        check::that(!applies || total == balance, words).because(cause(run, log))
    };
    for what in [ACCEPTS, CLOSED, REFUSES] {
        dropped(what, judge).await?;
    }
    let scene = Scene::new(SLOW);
    let transfer = transfer(&scene.account, &scene.bank, scene.amount);
    // The bank has the request, and its answer comes much later.
    let transfer = timeout(scene.plan.approve + 1000 * MS, transfer);
    let outcome = scene.watch(async { transfer.await.ok() }).await;
    outcome.run.pictured(judge(&scene, &outcome))
}
