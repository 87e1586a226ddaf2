//! Records which futures waited and which ran, and draws the run as a timeline.
//!
//! Futures say nothing about themselves, but `tracing` spans do: a future wrapped in
//! a span (`#[instrument]`, `.instrument(...)`) enters the span whenever it is
//! polled and exits it when the poll returns. [`start`] installs a subscriber that
//! notes the time of each enter and exit (see `recorder.rs`). A root span becomes a
//! section of the picture and every span below it a row. [`Timeline::print`] draws
//! the sections one below the other on the same scale:
//!
//! ```text
//! together                                    100 ms
//!   fetch page=1  █░░░░░░█
//!   fetch page=2  █░░░░░░█
//!                 0 ms                      500 ms
//! ```
//!
//! `█` is a poll: the future runs and occupies its thread. `░` is the time in
//! between, when the future waits. Times come from tokio's clock, so a run on the
//! paused clock draws the same picture every time.
//!
//! Two environment variables exist for the tests and the book:
//! `WORKBOOK_CLOCK=virtual` runs the lesson on tokio's paused clock, and
//! `WORKBOOK_TIMELINE=FILE` saves the [`Recording`] as JSON. (The check of an
//! exercise reads the latter, too.)

mod clock;
mod recorder;
mod recording;
mod steps;
mod svg;
mod terminal;

pub use recording::{Outcome, Recording, Row, Section};

pub(crate) use recorder::{REQUESTS, Recorder, Spans};

use std::panic;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;

/// [`Timeline::rounded_to`] rounds a time up if at most 1/8 of a unit is missing.
/// The clocks of two processes disagree a little, so a wait of 100 ms may measure
/// 99.9 ms.
const SLACK_DIVISOR: u64 = 8;

/// Starts to record the spans of this program.
///
/// With `WORKBOOK_CLOCK=virtual` in the environment it also pauses tokio's clock,
/// which is why it is async. When stdout closes, as with `| head`, the program exits
/// without a panic.
///
/// # Panics
///
/// If a global `tracing` subscriber is already set, or outside a tokio runtime.
pub async fn start() -> Timeline {
    let paused = clock::pause_if_requested().await;
    exit_when_stdout_closes();
    let spans = Spans::default();
    let layer = Recorder { spans: spans.clone(), requests: false };
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(layer),
    )
    .expect("a program starts one timeline and sets no other tracing subscriber");
    Timeline { spans, unit: Duration::from_micros(1), paused }
}

/// Makes a failed `println!` exit the program, where it would panic.
fn exit_when_stdout_closes() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload().downcast_ref::<String>();
        if message.is_some_and(|text| text.starts_with("failed printing to stdout"))
        {
            std::process::exit(1);
        }
        report(info);
    }));
}

/// A recording in progress.
#[derive(Debug)]
pub struct Timeline {
    spans: Spans,
    unit: Duration,
    paused: bool,
}

impl Timeline {
    /// Rounds every time down to a multiple of `unit`.
    ///
    /// For lessons that need the real clock and still have to draw the same picture
    /// every time: a busy machine makes things late, never early. A time that is
    /// short of a multiple by less than an eighth of the unit counts as that
    /// multiple.
    ///
    /// If [`start`] paused the clock, this resumes it.
    pub fn rounded_to(mut self, unit: Duration) -> Self {
        if self.paused {
            tokio::time::resume();
            self.paused = false;
        }
        self.unit = unit.max(Duration::from_micros(1));
        self
    }

    /// Draws the recording so far on stdout, as wide as `COLUMNS` or the terminal
    /// allows (80 columns otherwise).
    pub fn print(&self) {
        let recording = self.recording();
        let (columns, color) =
            (crate::terminal::columns(), crate::terminal::color());
        print!("{}", recording.draw(columns, color));

        recording.save_if_requested();
    }

    /// Returns the recording so far. A span that is still open ends now.
    pub fn recording(&self) -> Recording {
        let mut sections = self.spans.sections(|time| self.round(time));
        // On the paused clock a blocking call takes no time: there is nothing to
        // draw. Nor is there for a span outside of the sections, which has no rows.
        sections.retain(|section| section.took_time() && !section.rows.is_empty());
        if self.unit > Duration::from_micros(1) {
            // On the real clock another run may have another order.
            sections.iter_mut().for_each(|section| section.order.clear());
        }
        Recording { sections }
    }

    /// Returns the number of microseconds in `time`, rounded down to whole units.
    fn round(&self, time: Duration) -> u64 {
        let unit = recorder::micros(self.unit);
        recorder::micros(time).saturating_add(unit / SLACK_DIVISOR) / unit * unit
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Wake, Waker};

    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    use super::*;

    const MS: u64 = 1000;

    /// Starts a timeline for this thread only, so that tests can run in parallel.
    fn local() -> (Timeline, tracing::subscriber::DefaultGuard) {
        let spans = Spans::default();
        let layer = Recorder { spans: spans.clone(), requests: false };
        let guard = tracing::subscriber::set_default(
            tracing_subscriber::registry().with(layer),
        );
        (Timeline { spans, unit: Duration::from_micros(1), paused: false }, guard)
    }

    async fn nap(ms: u64) {
        sleep(Duration::from_millis(ms)).instrument(info_span!("nap", ms)).await;
    }

    fn row(
        label: &str,
        depth: usize,
        life: (u64, u64),
        polls: &[(u64, u64)],
    ) -> Row {
        let (label, polls) = (label.to_owned(), polls.to_vec());
        Row { label, depth, life, polls, ..Row::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn root_spans_become_sections_and_their_children_rows() {
        let (timeline, _guard) = local();
        async {
            nap(20).await;
            nap(10).await
        }
        .instrument(info_span!("in turn"))
        .await;
        async { tokio::join!(nap(20), nap(10)) }
            .instrument(info_span!("together"))
            .await;
        let in_turn = Section {
            title: "in turn".to_owned(),
            micros: 30 * MS,
            rows: vec![
                row("nap ms=20", 0, (0, 20 * MS), &[(0, 0), (20 * MS, 20 * MS)]),
                row(
                    "nap ms=10",
                    0,
                    (20 * MS, 30 * MS),
                    &[(20 * MS, 20 * MS), (30 * MS, 30 * MS)],
                ),
            ],
            order: vec![0, 0, 1, 1],
        };
        let recording = timeline.recording();
        assert_eq!(recording.sections[0], in_turn);
        assert_eq!(recording.sections[1].micros, 20 * MS);
        assert_eq!(recording.sections[1].rows[1].life, (0, 10 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn polls_are_in_the_order_of_the_run() {
        #[tracing::instrument(ret)]
        async fn outer() {
            nap(5).await
        }

        let (timeline, _guard) = local();
        async {
            let mut left = Box::pin(nap(9));
            let _ = futures::poll!(&mut left);
            tokio::join!(biased; outer(), nap(5));
            drop(left);
        }
        .instrument(info_span!("root"))
        .await;
        let section = timeline.recording().sections.remove(0);
        // Rows: the one that is left, `outer`, the one inside it, and the last. `outer`
        // returns after the one inside it.
        assert_eq!(section.order, [0, 1, 2, 3, 2, 1, 3, 0]);
        assert_eq!(section.rows[1].line, None, "this file is not a lesson");
        let rounded = timeline.rounded_to(Duration::from_millis(5)).recording();
        assert!(rounded.sections[0].order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_polled_because_of_another_is_polled_for_nothing() {
        let (timeline, _guard) = local();
        async {
            let outer = async { tokio::join!(biased; nap(20), nap(5), nap(9)) };
            let outer = outer.instrument(info_span!("outer"));
            tokio::join!(biased; outer, nap(7))
        }
        .instrument(info_span!("root"))
        .await;
        let rows = timeline.recording().sections.remove(0).rows;
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.polls.len(), row.for_nothing.as_slice()))
            .collect();
        // At 5, 7, 9 and 20 ms. `outer` is woken by each of its own, but not at 7 ms.
        let expected: [(usize, &[usize]); 5] =
            [(5, &[2]), (5, &[1, 2, 3]), (2, &[]), (4, &[1, 2]), (3, &[1])];
        assert_eq!(seen, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_poll_before_a_drop_may_be_for_nothing_and_one_that_returns_not()
     {
        #[tracing::instrument(ret)]
        async fn job(ms: u64) {
            sleep(Duration::from_millis(ms)).await;
        }

        let (timeline, _guard) = local();
        async {
            // Never woken, but done.
            let done = std::cell::Cell::new(false);
            let look = poll_fn(|_| match done.get() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            let look = look.instrument(info_span!("look"));
            let mut look = Box::pin(look);
            let _ = futures::poll!(&mut look);
            let mut left = Box::pin(job(9));
            let _ = futures::poll!(&mut left);
            sleep(Duration::from_millis(3)).await;
            done.set(true);
            let _ = futures::poll!(&mut left);
            assert!(futures::poll!(&mut look).is_ready());
            drop((left, look));
            job(1).await;
        }
        .instrument(info_span!("root"))
        .await;
        let rows = timeline.recording().sections.remove(0).rows;
        let seen: Vec<_> = rows.iter().map(|row| &row.for_nothing[..]).collect();
        assert_eq!(seen, [&[][..], &[1], &[]]);
    }

    /// A task's waker that counts.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_may_move_to_another_task_and_its_wakers_may_outlive_it() {
        let (timeline, _guard) = local();
        let given = Arc::new(Mutex::new(Vec::<Waker>::new()));
        let wakers = Arc::clone(&given);
        let future = poll_fn(move |context| {
            wakers.lock().unwrap().push(context.waker().clone());
            Poll::<()>::Pending
        });
        let root = info_span!("root").entered();
        let outer = async { future.instrument(info_span!("inner")).await };
        let mut future = Box::pin(outer.instrument(info_span!("outer")));
        let tasks = [(); 2].map(|()| Arc::<Task>::default());
        let wakes = || [0, 1].map(|task| tasks[task].0.load(Ordering::Relaxed));
        for (ms, task) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1)] {
            tokio::time::advance(Duration::from_millis(u64::from(ms > 0))).await;
            let waker = Waker::from(Arc::clone(&tasks[task]));
            let _ = future.as_mut().poll(&mut Context::from_waker(&waker));
            let latest = given.lock().unwrap().last().unwrap().clone();
            if ms == 2 {
                latest.wake();
            }
        }
        // Woken once, after it had moved to the second task.
        assert_eq!(wakes(), [0, 1]);
        let given = given.lock().unwrap().clone();
        let same: Vec<_> =
            given.iter().map(|waker| waker.will_wake(&given[0])).collect();
        assert_eq!(same, [true, true, false, false, false]);
        assert!(given[2].will_wake(&given[4]));
        tokio::time::advance(Duration::from_millis(1)).await;
        drop(future);
        drop(root);
        // A waker of the task before wakes that task, as it would without a span.
        given[0].wake_by_ref();
        given[4].wake_by_ref();
        assert_eq!(wakes(), [1, 2]);
        let rows = &timeline.recording().sections[0].rows;
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!((row.polls.len(), &row.for_nothing[..]), (5, &[1, 2, 4][..]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_in_a_queue_is_a_row_if_it_had_to_wait() {
        let (timeline, _guard) = local();
        let permits = tokio::sync::Semaphore::new(1);
        let one = async |n| {
            let queue = info_span!(target: "queued", "acquire", n);
            let _permit = permits.acquire().instrument(queue).await;
            nap(5).await;
        };
        async { tokio::join!(biased; one(1), one(2)) }
            .instrument(info_span!("root"))
            .await;
        let rows = timeline.recording().sections.remove(0).rows;
        let queued: Vec<_> =
            rows.iter().map(|row| (row.label.as_str(), row.queued())).collect();
        let expected = [
            ("nap ms=5", None),
            ("acquire n=2", Some((0, 5 * MS))),
            ("nap ms=5", None),
        ];
        assert_eq!(queued, expected);
        assert_eq!(rows[1].polls.len(), 2);
        assert!(rows[1].queue && !rows[0].queue);
    }

    #[tokio::test(start_paused = true)]
    async fn nested_spans_are_indented_and_follow_their_parent() {
        let (timeline, _guard) = local();
        let inner = || nap(5).instrument(info_span!("user", id = 1, name = "Ada"));
        async { tokio::join!(inner(), nap(1)) }.instrument(info_span!("root")).await;
        let rows = &timeline.recording().sections[0].rows;
        let labels: Vec<_> =
            rows.iter().map(|row| (row.label.as_str(), row.depth)).collect();
        let nested = [("user id=1 name=Ada", 0), ("nap ms=5", 1), ("nap ms=1", 0)];
        assert_eq!(labels, nested);
    }

    #[tokio::test(start_paused = true)]
    async fn a_label_is_one_line_of_limited_length() {
        let (timeline, _guard) = local();
        let [text, accents] = ["a\nb\r\x1b[31mc", &"\u{301}".repeat(1000)];
        let inner = || nap(5).instrument(info_span!("user", %text, ?text));
        async {
            tokio::join!(inner(), nap(1).instrument(info_span!("job", accents)))
        }
        .instrument(info_span!("two\nwords"))
        .await;
        let recording = timeline.recording();
        let section = &recording.sections[0];
        assert_eq!(section.title, "two words");
        let debug = r#"text="a\nb\r\u{1b}[31mc""#;
        assert_eq!(section.rows[0].label, format!("user text=a b  [31mc {debug}"));
        assert_eq!(section.rows[2].label.chars().count(), 500);
        // A title, four rows, the axis and the legend.
        assert_eq!(recording.draw(80, false).lines().count(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_a_future_ends_its_row_and_is_not_a_poll() {
        let (timeline, _guard) = local();
        async { tokio::time::timeout(Duration::from_millis(3), nap(9)).await }
            .instrument(info_span!("root"))
            .await
            .unwrap_err();
        let rows = timeline.recording().sections.remove(0).rows;
        assert_eq!(
            rows,
            [row("nap ms=9", 0, (0, 3 * MS), &[(0, 0), (3 * MS, 3 * MS)])]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_tells_what_became_of_its_future() {
        #[tracing::instrument(ret)]
        async fn job(ms: u64) -> Result<u64, u64> {
            sleep(Duration::from_millis(ms)).await;
            if ms == 2 { Err(ms) } else { Ok(ms) }
        }

        let (timeline, _guard) = local();
        let limit = Duration::from_millis(3);
        let root = async {
            let mut kept = std::pin::pin!(job(1));
            let _ = kept.as_mut().await;
            let _ = job(2).await;
            // Dropped when it is polled last, and later.
            let _ = tokio::time::timeout(limit, job(9)).await;
            let mut left = Box::pin(job(9));
            let _ = futures::poll!(&mut left);
            sleep(limit).await;
            drop(left);
            std::future::pending::<()>().instrument(info_span!("open")).await;
        };
        let root = root.instrument(info_span!("root"));
        let _ = tokio::time::timeout(10 * limit, root).await;
        let rows = timeline.recording().sections.remove(0).rows;
        let outcomes: Vec<_> = rows.iter().map(|row| row.outcome).collect();
        let dropped = Some(Outcome::Dropped);
        let [returned, failed] = [Outcome::Returned, Outcome::Failed].map(Some);
        assert_eq!(outcomes, [returned, failed, dropped, dropped, None]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_goes_on_is_unfinished() {
        let (timeline, _guard) = local();
        let root = async {
            let work = std::future::pending::<()>();
            tokio::spawn(work.instrument(info_span!("work")));
            sleep(Duration::from_millis(1)).await;
            timeline.recording()
        };
        let recording = root.instrument(info_span!("root")).await;
        assert_eq!(recording.sections[0].rows[0].outcome, Some(Outcome::Unfinished));
        assert!(recording.describe().ends_with("work from 0 to 1 ms (unfinished)."));
    }

    #[tokio::test]
    async fn a_future_that_has_returned_is_not_dropped_on_the_real_clock_either() {
        let (timeline, _guard) = local();
        nap(1).instrument(info_span!("root")).await;
        let rows = timeline.recording().sections.remove(0).rows;
        assert_eq!(rows[0].outcome, None);
    }

    #[tokio::test(start_paused = true)]
    async fn status_503_is_a_refusal_if_the_server_refused_a_request() {
        #[tracing::instrument(skip_all, ret)]
        async fn get(server_refuses: bool, status: u16) -> Result<u16, u16> {
            if server_refuses {
                tracing::info!(target: REQUESTS, return = ?Err::<u16, _>(503));
            }
            sleep(Duration::from_millis(1)).await;
            Ok(status)
        }

        let (timeline, _guard) = local();
        async {
            for (refuses, status) in
                [(false, 503), (true, 503), (true, 5031), (true, 200)]
            {
                let _ = get(refuses, status).await;
            }
        }
        .instrument(info_span!("root"))
        .await;
        let rows = timeline.recording().sections.remove(0).rows;
        let outcomes: Vec<_> = rows.iter().filter_map(|row| row.outcome).collect();
        use Outcome::{Refused, Returned};
        assert_eq!(outcomes, [Returned, Refused, Returned, Returned]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_may_outlive_its_section() {
        let (timeline, _guard) = local();
        let child = || nap(9).instrument(info_span!("child"));
        let mut tasks = tokio::task::JoinSet::new();
        async { tasks.spawn(child()) }.instrument(info_span!("root")).await;
        tasks.join_all().await;
        let section = timeline.recording().sections.remove(0);
        assert_eq!((section.micros, section.rows[0].life), (0, (0, 9 * MS)));
    }

    #[tokio::test(start_paused = true)]
    async fn rows_of_other_tasks_have_their_number() {
        let (timeline, _guard) = local();
        let root = async {
            let a = tokio::spawn(nap(1).in_current_span());
            nap(3).await;
            let two = async {
                nap(1).await;
                nap(1).await;
            };
            let b = tokio::spawn(two.in_current_span());
            let _ = (a.await, b.await);
        };
        // The root is a task, too.
        let root = tokio::spawn(root.instrument(info_span!("root")));
        root.await.unwrap();
        let rows = timeline.recording().sections.remove(0).rows;
        let tasks: Vec<_> = rows.iter().map(|row| row.task).collect();
        assert_eq!(tasks, [None, Some(1), Some(2), Some(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn sections_without_time_or_rows_are_left_out() {
        let (timeline, _guard) = local();
        info_span!("root").in_scope(|| drop(info_span!("child").entered()));
        nap(1).await;
        nap(1).instrument(info_span!("other root")).await;
        let sections = timeline.recording().sections;
        assert_eq!(sections.len(), 1, "{sections:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_span_ends_now() {
        let (timeline, _guard) = local();
        let _never = info_span!("root").entered();
        let _child = info_span!("child").entered();
        sleep(Duration::from_millis(4)).await;
        assert_eq!(timeline.recording().sections[0].micros, 4 * MS);
    }

    #[tokio::test(start_paused = true)]
    async fn times_are_rounded_down_with_some_slack() {
        let (timeline, _guard) = local();
        nap(186).instrument(info_span!("root")).await;
        nap(188).instrument(info_span!("root")).await;
        let timeline = timeline.rounded_to(Duration::from_millis(100));
        let micros = timeline
            .recording()
            .sections
            .iter()
            .map(|s| s.micros)
            .collect::<Vec<_>>();
        assert_eq!(micros, [100 * MS, 200 * MS]);
    }
}
