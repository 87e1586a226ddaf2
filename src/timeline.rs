//! Who waited and who ran: a picture of a run, drawn from its `tracing` spans.
//!
//! [`start`] records every span from then on: when it began and ended, and each poll
//! in between. A root span is a section of the picture, every span below it a row.
//! [`Timeline::print`] draws the sections one under the other on one scale:
//!
//! ```text
//! together                                    100 ms
//!   fetch page=1  █░░░░░░█
//!   fetch page=2  █░░░░░░█
//!                 0 ms                      500 ms
//! ```
//!
//! Dark is a poll, when the future ran and held its thread; light is waiting. Times
//! come from tokio's clock, so a run on the paused clock draws the same picture each
//! time.
//!
//! Two environment variables are for tests and for the book:
//! `WORKBOOK_CLOCK=virtual` runs the lesson on tokio's paused clock, and
//! `WORKBOOK_TIMELINE=FILE` has the [`Recording`] saved as JSON. (So has the check of
//! an exercise.)

mod recorder;
mod svg;
mod terminal;

pub(crate) use recorder::{REQUESTS, Recorder, Spans};

use recorder::Span;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt;

/// Records this program's spans from here on.
///
/// With `WORKBOOK_CLOCK=virtual` in the environment, it also pauses tokio's clock
/// (for which it is async).
///
/// # Panics
/// When a `tracing` subscriber is set already, or outside a tokio runtime.
pub async fn start() -> Timeline {
    let paused = virtual_clock();
    if paused {
        tokio::time::pause();
        to_next_tick().await;
    }
    let spans = Spans::default();
    let layer = Recorder { spans: spans.clone(), requests: false };
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(layer),
    )
    .expect("a program records one timeline, and sets no other tracing subscriber");
    Timeline { spans, unit: Duration::from_micros(1), paused }
}

/// Whether the environment asks for the paused clock, and this runtime has one.
fn virtual_clock() -> bool {
    let Some(clock) =
        std::env::var_os("WORKBOOK_CLOCK").filter(|clock| !clock.is_empty())
    else {
        return false;
    };
    if clock != "virtual" {
        eprintln!("WORKBOOK_CLOCK={}: it can only be `virtual`", clock.display());
        return false;
    }
    if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
        eprintln!(
            "WORKBOOK_CLOCK=virtual: only a runtime of one thread has a paused clock, \
             so this is the real one"
        );
        return false;
    }
    true
}

/// Advances the paused clock to the next whole millisecond since the runtime began.
///
/// Tokio's timers tick in those milliseconds. On a clock that was paused between two
/// ticks, a wait of 100 ms would end at the first tick after it, and take 101. How
/// far the next tick is can be told from the longest wait that does not reach the
/// tick after that.
async fn to_next_tick() {
    let (mut reaches, mut exceeds) = (0, 1_000_001);
    while exceeds - reaches > 1 {
        let nanos = (reaches + exceeds) / 2;
        let before = Instant::now();
        tokio::time::sleep(Duration::from_nanos(nanos)).await;
        if before.elapsed() <= Duration::from_millis(1) {
            reaches = nanos;
        } else {
            exceeds = nanos;
        }
    }
    tokio::time::advance(Duration::from_nanos(reaches)).await;
}

/// A recording under way.
#[derive(Debug)]
pub struct Timeline {
    spans: Spans,
    unit: Duration,
    paused: bool,
}

impl Timeline {
    /// Rounds every time down to a multiple of `unit`, for lessons that run on the
    /// real clock and yet must draw the same picture each time: a busy machine only
    /// ever makes things late. (Time that is less than an eighth short of a multiple
    /// counts as reaching it, since two clocks never agree.)
    ///
    /// A clock that [`start`] paused runs again.
    pub fn rounded_to(mut self, unit: Duration) -> Self {
        if self.paused {
            tokio::time::resume();
            self.paused = false;
        }
        self.unit = unit.max(Duration::from_micros(1));
        self
    }

    /// Draws what was recorded so far on standard output, as wide as the terminal
    /// (80 columns where there is none; `COLUMNS` decides where it is set).
    pub fn print(&self) {
        let recording = self.recording();
        let stdout = std::io::stdout();
        let asked =
            std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal =
            || terminal_size::terminal_size_of(&stdout).map(|size| size.0.0.into());
        let columns = asked.or_else(terminal).unwrap_or(80);
        let no_color =
            std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = stdout.is_terminal() && !no_color && !dumb;
        print!("{}", recording.draw(columns, color));

        recording.save_if_asked();
    }

    /// What was recorded so far; a span that is still open ends now.
    pub fn recording(&self) -> Recording {
        let now = Instant::now();
        let spans = self.spans.lock();
        let mut recording = Recording::default();
        for (root, span) in
            spans.iter().enumerate().filter(|(_, s)| s.parent.is_none())
        {
            let at = |time: Instant| {
                self.round(time.saturating_duration_since(span.began))
            };
            let micros = at(span.ended.unwrap_or(now));
            let mut rows = Vec::new();
            collect_rows(&spans, root, 0, now, &at, &mut rows);
            let section = Section { title: span.label.clone(), micros, rows };
            // What took no time is nothing to see: a blocking call on the paused clock.
            if section.took_time() {
                recording.sections.push(section);
            }
        }
        recording
    }

    /// Whole units in `time`, in microseconds.
    fn round(&self, time: Duration) -> u64 {
        let unit = micros(self.unit);
        micros(time).saturating_add(unit / 8) / unit * unit
    }
}

/// All spans from the `first` on as one section that began at `began`. A span still
/// open ends now.
pub(crate) fn section(
    spans: &Spans,
    first: usize,
    title: &str,
    began: Instant,
) -> Section {
    let now = Instant::now();
    let at = |time: Instant| micros(time.saturating_duration_since(began));
    let spans = spans.lock();
    let mut rows = Vec::new();
    let roots = spans.iter().enumerate().skip(first);
    for (index, span) in roots.filter(|(_, s)| s.parent.is_none_or(|p| p < first)) {
        rows.push(row(span, 0, now, &at));
        collect_rows(&spans, index, 1, now, &at, &mut rows);
    }
    Section { title: title.to_owned(), micros: at(now), rows }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Adds the spans below `parent` to `rows`, parents before children, in the order
/// they began.
fn collect_rows(
    spans: &[Span],
    parent: usize,
    depth: usize,
    now: Instant,
    at: &impl Fn(Instant) -> u64,
    rows: &mut Vec<Row>,
) {
    let children =
        spans.iter().enumerate().filter(|(_, s)| s.parent == Some(parent));
    for (index, span) in children {
        rows.push(row(span, depth, now, at));
        collect_rows(spans, index, depth + 1, now, at, rows);
    }
}

fn row(
    span: &Span,
    depth: usize,
    now: Instant,
    at: &impl Fn(Instant) -> u64,
) -> Row {
    let mut polls: Vec<_> = span
        .polls
        .iter()
        .map(|&(from, to)| (at(from), at(to.unwrap_or(now))))
        .collect();
    polls.dedup();
    let life = (at(span.began), at(span.ended.unwrap_or(now)));
    Row { label: span.label.clone(), depth, life, polls }
}

/// What one run recorded: a section for each root span, in the order they began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The sections, in the order they began.
    pub sections: Vec<Section>,
}

/// A root span and all that ran inside it. Times are microseconds since it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The root span's name and fields.
    pub title: String,
    /// How long the section took, in microseconds.
    pub micros: u64,
    /// The spans inside it, parents before children, in the order they began.
    pub rows: Vec<Row>,
}

/// One span's life. Times are microseconds since its section began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The span's name and fields, such as `fetch page=1`.
    pub label: String,
    /// 0 for a child of the section itself, 1 for a child of such a row, and so on.
    pub depth: usize,
    /// When the span began and when it ended.
    pub life: (u64, u64),
    /// When it was polled, each from and to; in between it waited.
    pub polls: Vec<(u64, u64)>,
}

/// The most rows of one section that are drawn; the rest is counted in words.
const MAX_ROWS: usize = 12;

impl Recording {
    /// Saves it as JSON in the file that `WORKBOOK_TIMELINE` names. Says so if it
    /// cannot, as nobody's run should fail for it.
    pub(crate) fn save_if_asked(&self) {
        let Some(path) = std::env::var_os("WORKBOOK_TIMELINE") else { return };
        // Writing plain structs to a string cannot fail; saving to a file can.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        if let Err(error) = std::fs::write(&path, json + "\n") {
            let path = path.display();
            eprintln!("the timeline could not be saved to {path}: {error}");
        }
    }

    /// The latest end of all: every section is drawn on this scale. Never 0.
    fn scale(&self) -> u64 {
        self.sections.iter().map(|section| section.micros).max().unwrap_or(0).max(1)
    }

    /// The same facts in words, for those who cannot see the picture.
    pub fn describe(&self) -> String {
        let mut words = String::new();
        for section in &self.sections {
            // Writing to a string cannot fail.
            let _ = write!(words, "{}, {}: ", section.title, millis(section.micros));
            for (i, row) in section.shown().iter().enumerate() {
                let (from, to) = (row.life.0, row.life.1);
                let comma = if i == 0 { "" } else { ", " };
                let _ = write!(words, "{comma}{} from ", row.label);
                let _ =
                    write!(words, "{} to {}", row.life.0 / 1000, millis(row.life.1));
                let ran: u64 = row.polls.iter().map(|poll| poll.1 - poll.0).sum();
                if ran > 0 && to > from {
                    let _ = write!(words, " (running for {} of them)", millis(ran));
                }
            }
            if let Some(more) = section.hidden() {
                let _ = write!(words, ", {more}");
            }
            words.push_str(". ");
        }
        words.truncate(words.trim_end().len());
        words
    }
}

impl Section {
    fn took_time(&self) -> bool {
        self.micros > 0 || self.rows.iter().any(|row| row.life.1 > 0)
    }

    /// The rows that a picture shows.
    fn shown(&self) -> &[Row] {
        let all = self.rows.len() <= MAX_ROWS;
        &self.rows[..if all { self.rows.len() } else { MAX_ROWS - 1 }]
    }

    /// How many rows it does not show, in words.
    fn hidden(&self) -> Option<String> {
        let hidden = self.rows.len() - self.shown().len();
        (hidden > 0).then(|| format!("and {hidden} more"))
    }
}

/// Microseconds, said in whole milliseconds.
fn millis(micros: u64) -> String {
    format!("{} ms", (micros + 500) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    const MS: u64 = 1000;

    /// A timeline for this thread alone, so that tests can run side by side.
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
        Row { label: label.to_owned(), depth, life, polls: polls.to_vec() }
    }

    #[tokio::test(start_paused = true)]
    async fn sections_rows_and_polls() {
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
        };
        let recording = timeline.recording();
        assert_eq!(recording.sections[0], in_turn);
        assert_eq!(recording.sections[1].micros, 20 * MS);
        assert_eq!(recording.sections[1].rows[1].life, (0, 10 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn nested_spans_are_indented_and_follow_their_parent() {
        let (timeline, _guard) = local();
        let inner = || nap(5).instrument(info_span!("user", id = 1, name = "Ada"));
        async { tokio::join!(inner(), nap(1)) }.instrument(info_span!("root")).await;
        let rows = &timeline.recording().sections[0].rows;
        let seen: Vec<_> =
            rows.iter().map(|row| (row.label.as_str(), row.depth)).collect();
        let nested = [("user id=1 name=Ada", 0), ("nap ms=5", 1), ("nap ms=1", 0)];
        assert_eq!(seen, nested);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_future_ends_where_it_was_dropped_and_its_drop_is_no_poll() {
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
    async fn what_took_no_time_is_not_shown() {
        let (timeline, _guard) = local();
        info_span!("root").in_scope(|| drop(info_span!("child").entered()));
        nap(1).instrument(info_span!("other root")).await;
        let sections = timeline.recording().sections;
        assert_eq!(sections.len(), 1, "{sections:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_still_open_ends_now() {
        let (timeline, _guard) = local();
        let _never = info_span!("root").entered();
        sleep(Duration::from_millis(4)).await;
        assert_eq!(timeline.recording().sections[0].micros, 4 * MS);
    }

    #[tokio::test(start_paused = true)]
    async fn times_are_rounded_down_but_for_a_hair() {
        let (timeline, _guard) = local();
        nap(186).await;
        nap(188).await;
        let timeline = timeline.rounded_to(Duration::from_millis(100));
        let micros = timeline
            .recording()
            .sections
            .iter()
            .map(|s| s.micros)
            .collect::<Vec<_>>();
        assert_eq!(micros, [100 * MS, 200 * MS]);
    }

    #[tokio::test]
    async fn a_clock_paused_between_two_ticks_is_exact_all_the_same() {
        tokio::time::pause();
        tokio::time::advance(Duration::from_nanos(123_456)).await;
        to_next_tick().await;
        let before = Instant::now();
        for _ in 0..3 {
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(before.elapsed(), Duration::from_millis(300));
    }

    #[test]
    fn words_tell_what_the_picture_shows() {
        let rows = vec![
            row("wait", 0, (0, 200 * MS), &[(0, 0), (200 * MS, 200 * MS)]),
            row("block", 0, (100 * MS, 200 * MS), &[(100 * MS, 200 * MS)]),
        ];
        let section = Section { title: "both".to_owned(), micros: 200 * MS, rows };
        assert_eq!(
            Recording { sections: vec![section] }.describe(),
            "both, 200 ms: wait from 0 to 200 ms, \
             block from 100 to 200 ms (running for 100 ms of them)."
        );
    }

    #[test]
    fn a_crowd_is_counted_not_shown() {
        let rows = vec![row("one", 0, (0, MS), &[]); 100];
        let section = Section { title: "crowd".to_owned(), micros: MS, rows };
        assert_eq!(section.shown().len(), 11);
        assert_eq!(section.hidden().as_deref(), Some("and 89 more"));
    }
}
