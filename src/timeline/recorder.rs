//! The `tracing` layer that records when spans begin, are polled, and end.
//!
//! `tracing` calls the layer at four points in the life of an instrumented future:
//!
//! ```text
//! on_new_span   the span is created         began
//!   on_enter      a poll starts             polls.push(..), with a number for its turn
//!     on_event    the poll is for nothing   polls.last().for_nothing (see `tracing/lib.rs`)
//!   on_exit       the poll returns          polls.last().to = Some(now)
//!   ...           once for each poll
//!   on_event      the future returned       outcome, from an event with a field `return`
//! on_close      the last handle is dropped  ended
//! ```
//!
//! `tracing` does not tell a future that returned from one that was dropped: a span closes
//! either way. `#[instrument(ret)]` sends an event when the function returns. A span that
//! closes without one was dropped, if other spans of the same callsite have sent one or if
//! it ended later than its last poll; otherwise its outcome is unknown. One that returns
//! `Ok(503)` was refused, if the web server has responded so to a request in its time.
//!
//! The layer does not see wakers. Those are in the crate in `tracing/`, which the package
//! has in place of `tracing`, and which sends an event for each poll that is for nothing.
//!
//! The recorder keeps one flat list of spans behind a mutex. A span stores its index
//! in that list in its own extensions, which saves a map from ids, and `tracing`
//! reuses ids anyway. The list is turned into sections and rows only when it is
//! drawn.
//!
//! Times are tokio's `Instant`s, so that they are exact on the paused clock. There, many
//! polls have the same time, so a counter numbers the polls of all spans: their order is
//! what a reader of the book steps through. Code that blocks the thread takes no time at
//! all on that clock; each span therefore also measures its longest poll on the real
//! clock, without the time that the thread waited for a CPU.
//!
//! Why not tokio-console? It shows tasks, while most lessons are about several
//! futures inside one task; and it needs `--cfg tokio_unstable`, a second program,
//! and a TCP port between the two. Spans work for any future and need no build flag.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task;
use tokio::time::Instant;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, FOR_NOTHING};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::{Outcome, Row, Section};
use crate::thread_time::Moment;

/// Returns the number of the next turn: the position of an event among all others.
fn turn() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A period in which a span was entered.
#[derive(Clone, Debug)]
struct Poll {
    from: Instant,
    to: Option<Instant>,
    /// The turns in which it began and ended.
    turns: (u64, u64),
    /// Nothing had woken the future since its last poll.
    for_nothing: bool,
}

/// A recorded span.
#[derive(Debug)]
struct Span {
    parent: Option<usize>,
    label: String,
    began: Instant,
    ended: Option<Instant>,
    polls: Vec<Poll>,
    /// The turn in which its future was dropped.
    dropped: u64,
    /// The task that polled it first. Not recorded for requests: the server's tasks are
    /// its own matter.
    task: Option<task::Id>,
    /// Its target is [`QUEUED`].
    queue: bool,
    /// The line of its callsite, if that is in a lesson's program.
    line: Option<u32>,
    callsite: Identifier,
    /// The outcome that its event reports.
    returned: Option<Outcome>,
    /// The web server has refused a request since it began.
    refused: bool,
    /// The duration of the longest poll on the real clock.
    longest_poll: Duration,
    /// The start of the latest poll on the real clock.
    entered: Moment,
}

impl Span {
    /// Converts the span to a row, and the turns of its polls and, if the future was
    /// dropped, of that; `at` converts its times.
    fn row(
        &self,
        depth: usize,
        now: Instant,
        reporting: &Reporting,
        at: &impl Fn(Instant) -> u64,
    ) -> Recorded {
        let end_of = |poll: Option<Instant>| at(poll.unwrap_or(now));
        let mut all = self.polls.clone();
        // Polls at the same time count as one, in the turn of the first.
        let period = |poll: &Poll| (at(poll.from), end_of(poll.to));
        all.dedup_by(|next, poll| {
            let same = period(next) == period(poll);
            poll.for_nothing &= next.for_nothing || !same;
            same
        });
        let polls: Vec<_> = all.iter().map(period).collect();
        let mut turns: Vec<_> = all.iter().map(|poll| poll.turns.0).collect();
        let life = (at(self.began), end_of(self.ended));
        let was_dropped = || {
            let last = polls.last().map_or(life.0, |poll| poll.1);
            let later = life.1.saturating_sub(last) >= DROP_DELAY;
            later || reporting.contains(&self.callsite)
        };
        let outcome = match self.ended {
            None => Some(Outcome::Unfinished),
            Some(_) => {
                self.returned.or_else(|| was_dropped().then_some(Outcome::Dropped))
            }
        };
        match outcome {
            Some(Outcome::Dropped) => turns.push(self.dropped),
            Some(Outcome::Unfinished) | None => {}
            // It returns after the futures inside it, which it polled.
            Some(_) => {
                turns.pop();
                turns.extend(self.polls.last().map(|poll| poll.turns.1));
            }
        }
        let for_nothing = (0..all.len()).filter(|&n| all[n].for_nothing);
        let mut for_nothing: Vec<_> = for_nothing.collect();
        // Any other future ends with its last poll.
        if !matches!(outcome, Some(Outcome::Dropped | Outcome::Unfinished)) {
            for_nothing.retain(|&n| n + 1 < all.len());
        }
        let (label, line) = (self.label.clone(), self.line);
        let row = Row {
            label,
            depth,
            life,
            polls,
            for_nothing,
            outcome,
            task: None,
            line,
            queue: self.queue,
        };
        (row, turns, self.task)
    }

    /// Returns true unless it is a queue in which its future did not have to wait.
    fn is_shown(&self) -> bool {
        !(self.queue && self.ended.is_some() && self.polls.len() < 2)
    }
}

/// A row, the turns of its polls, and the task that polled it.
type Recorded = (Row, Vec<u64>, Option<task::Id>);

/// The callsites that report what their futures return.
type Reporting = HashSet<Identifier>;

fn reporting(spans: &[Span]) -> Reporting {
    spans
        .iter()
        .filter(|span| span.returned.is_some())
        .map(|span| span.callsite.clone())
        .collect()
}

/// The recorded spans, parents before children, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<Span>>>);

impl Spans {
    fn lock(&self) -> MutexGuard<'_, Vec<Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns one section per root span. `round` converts the time since the
    /// section began to microseconds; an open span ends now.
    pub fn sections(&self, round: impl Fn(Duration) -> u64) -> Vec<Section> {
        let now = Instant::now();
        let spans = self.lock();
        let reporting = reporting(&spans);
        let children = children(&spans);
        let roots = spans.iter().enumerate().filter(|(_, s)| s.parent.is_none());
        roots
            .map(|(root, span)| {
                let at = |time: Instant| {
                    round(time.saturating_duration_since(span.began))
                };
                let row = |span: &Span, depth| span.row(depth, now, &reporting, &at);
                let mut rows = Vec::new();
                collect_rows(&spans, &children, root, 0, &row, &mut rows);
                let micros = at(span.ended.unwrap_or(now));
                section(span.label.clone(), micros, span.task, rows)
            })
            .collect()
    }

    /// Returns the spans from index `first` on as one section that began at `began`
    /// and ends now.
    pub fn section_since(
        &self,
        first: usize,
        title: &str,
        began: Instant,
    ) -> Section {
        let now = Instant::now();
        let at = |time: Instant| micros(time.saturating_duration_since(began));
        let spans = self.lock();
        let (reporting, children) = (reporting(&spans), children(&spans));
        let row = |span: &Span, depth| span.row(depth, now, &reporting, &at);
        let mut rows = Vec::new();
        let later = spans.iter().enumerate().skip(first);
        let roots = later.filter(|(_, s)| s.parent.is_none_or(|p| p < first));
        for (index, span) in roots.filter(|(_, span)| span.is_shown()) {
            rows.push(row(span, 0));
            collect_rows(&spans, &children, index, 1, &row, &mut rows);
        }
        section(title.to_owned(), at(now), None, rows)
    }

    /// Returns the labels of the innermost open spans, each in backticks.
    pub fn open(&self) -> Vec<String> {
        let spans = self.lock();
        let open = |span: &Span| span.ended.is_none();
        let has_open_child =
            |index| spans.iter().any(|s| open(s) && s.parent == Some(index));
        let innermost = spans
            .iter()
            .enumerate()
            .filter(|&(index, s)| open(s) && !has_open_child(index));
        innermost.map(|(_, span)| format!("`{}`", span.label)).collect()
    }

    /// Returns the label of the innermost span that is being polled, in backticks.
    pub fn entered(&self) -> Vec<String> {
        let spans = self.lock();
        let polled =
            |span: &&Span| span.polls.last().is_some_and(|p| p.to.is_none());
        // Children come after their parents.
        let innermost = spans.iter().rev().find(polled);
        innermost.map(|span| format!("`{}`", span.label)).into_iter().collect()
    }

    /// Returns the label that most spans have, and their number.
    pub fn most_frequent(&self) -> Option<(String, usize)> {
        let spans = self.lock();
        let mut numbers = HashMap::<&str, usize>::new();
        for span in spans.iter() {
            *numbers.entry(&span.label).or_default() += 1;
        }
        let (label, number) =
            numbers.into_iter().max_by_key(|&(label, number)| (number, label))?;
        Some((label.to_owned(), number))
    }

    /// Returns the label and the duration of the longest poll on the real clock.
    ///
    /// A poll of a parent contains the polls of its children and is a little longer
    /// than them. To name the culprit rather than its caller, this returns the
    /// innermost span whose longest poll is within 10 % of the longest of all.
    pub fn longest_poll(&self) -> Option<(String, Duration)> {
        let spans = self.lock();
        let longest = spans.iter().map(|span| span.longest_poll).max()?;
        let about = longest - longest / 10;
        // Children come after their parents, so the innermost is the last.
        let innermost = spans.iter().rfind(|span| span.longest_poll >= about)?;
        Some((innermost.label.clone(), innermost.longest_poll))
    }
}

/// Builds a section from its rows: puts their turns in order, and numbers the tasks other
/// than its `own`.
fn section(
    title: String,
    micros: u64,
    own: Option<task::Id>,
    recorded: Vec<Recorded>,
) -> Section {
    let (mut rows, mut all_turns, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for (mut row, turns, task) in recorded {
        if let Some(task) = task.filter(|_| task != own) {
            let known = tasks.iter().position(|known| *known == task);
            let index = known.unwrap_or(tasks.len());
            if known.is_none() {
                tasks.push(task);
            }
            row.task = u32::try_from(index + 1).ok();
        }
        rows.push(row);
        all_turns.push(turns);
    }
    let turns = all_turns.iter().enumerate();
    let mut turns: Vec<_> = turns
        .flat_map(|(row, turns)| turns.iter().map(move |turn| (turn, row)))
        .collect();
    turns.sort_unstable();
    let order = turns.into_iter().map(|(_, row)| row).collect();
    Section { title, micros, rows, order }
}

/// Returns the indices of each span's children that are shown.
fn children(spans: &[Span]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); spans.len()];
    for (index, span) in spans.iter().enumerate() {
        if let Some(parent) = span.parent.filter(|_| span.is_shown()) {
            children[parent].push(index);
        }
    }
    children
}

/// Appends the rows of the spans below `parent`, depth first.
fn collect_rows(
    spans: &[Span],
    children: &[Vec<usize>],
    parent: usize,
    depth: usize,
    row: &impl Fn(&Span, usize) -> Recorded,
    rows: &mut Vec<Recorded>,
) {
    for &index in &children[parent] {
        rows.push(row(&spans[index], depth));
        collect_rows(spans, children, index, depth + 1, row, rows);
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The `tracing` layer that records spans.
pub(crate) struct Recorder {
    pub spans: Spans,
    /// Records the requests that our own web server handles, too. In a lesson the
    /// spans of its client are enough.
    pub requests: bool,
}

/// The time from the last poll of a future to its end, in microseconds, from which on it
/// was dropped. One that has returned is also dropped a little later on the real clock.
const DROP_DELAY: u64 = 1000;

/// The most characters of a label, which is one line of a picture: a field may have any
/// value.
const MAX_LABEL: usize = 500;

/// The target of the span around a wait in a queue, such as that for a connection of a
/// pool. All of its time is time in the queue.
const QUEUED: &str = "queued";

/// The target of the web server's request spans.
pub(crate) const REQUESTS: &str = "async_workbook::web";

/// The index of a span in the recording, stored in the span's extensions.
struct Index(usize);

impl Recorder {
    fn update<S>(
        &self,
        id: &Id,
        context: &Context<'_, S>,
        update: impl FnOnce(&mut Span),
    ) where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = context.span(id) else { return };
        if let Some(&Index(index)) = span.extensions().get::<Index>() {
            update(&mut self.spans.lock()[index]);
        }
    }
}

impl<S> Layer<S> for Recorder
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        attributes: &Attributes<'_>,
        id: &Id,
        context: Context<'_, S>,
    ) {
        let Some(span) = context.span(id) else { return };
        if attributes.metadata().target() == REQUESTS && !self.requests {
            return;
        }
        let mut label = Label(attributes.metadata().name().to_owned());
        attributes.record(&mut label);
        let chars = label.0.chars().take(MAX_LABEL);
        let label = chars.map(|c| if c.is_control() { ' ' } else { c }).collect();
        let index_of = |parent: SpanRef<'_, S>| {
            parent.extensions().get::<Index>().map(|index| index.0)
        };
        let parent = span.parent().and_then(index_of);
        let mut spans = self.spans.lock();
        span.extensions_mut().insert(Index(spans.len()));
        let began = Instant::now();
        let metadata = attributes.metadata();
        let is_lesson = |file: &str| Path::new(file).ends_with("lesson.rs");
        let line = metadata.file().filter(|file| is_lesson(file));
        spans.push(Span {
            parent,
            label,
            began,
            ended: None,
            polls: Vec::new(),
            dropped: 0,
            task: None,
            queue: metadata.target() == QUEUED,
            line: line.and(metadata.line()),
            callsite: metadata.callsite(),
            returned: None,
            refused: false,
            longest_poll: Duration::ZERO,
            entered: Moment::now(),
        });
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let now = Instant::now();
        let target = context.span(id).map(|span| span.metadata().target());
        let task = task::try_id().filter(|_| target != Some(REQUESTS));
        self.update(id, &context, |span| {
            if span.polls.is_empty() {
                span.task = task;
            }
            span.polls.push(Poll {
                from: now,
                to: None,
                turns: (turn(), 0),
                for_nothing: false,
            });
            span.entered = Moment::now();
        });
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.update(id, &context, |span| {
            if let Some(poll) = span.polls.last_mut() {
                poll.to = Some(now);
                poll.turns.1 = turn();
            }
            span.longest_poll = span.longest_poll.max(span.entered.held());
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() == FOR_NOTHING {
            if let Some(span) = context.event_span(event) {
                self.update(&span.id(), &context, |span| {
                    let poll = span.polls.last_mut();
                    poll.into_iter().for_each(|poll| poll.for_nothing = true);
                });
            }
            return;
        }
        let mut returned = Returned(None);
        event.record(&mut returned);
        let Some((outcome, refused)) = returned.0 else { return };
        if refused && event.metadata().target() == REQUESTS {
            let mut spans = self.spans.lock();
            let open = spans.iter_mut().filter(|span| span.ended.is_none());
            open.for_each(|span| span.refused = true);
        }
        if let Some(span) = context.event_span(event) {
            self.update(&span.id(), &context, |span| {
                let refused = refused && span.refused;
                span.returned =
                    Some(if refused { Outcome::Refused } else { outcome });
            });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.update(&id, &context, |span| {
            // A span closes after the last of its children, which may be a task that
            // outlives it. Its own end is its last exit.
            span.ended =
                Some(span.polls.last().and_then(|poll| poll.to).unwrap_or(now));
            // `Instrumented` enters the span once more to drop its future. That is
            // not a poll.
            let last = if span.polls.len() > 1 { span.polls.pop() } else { None };
            span.dropped = last.map_or_else(turn, |last| last.turns.0);
        });
    }
}

/// Finds out from the field `return` of an event whether a function failed, and whether
/// it returned status 503.
struct Returned(Option<(Outcome, bool)>);

impl Visit for Returned {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "return" {
            let mut begin = Begin::default();
            // It is an error when the text is cut.
            let _ = write!(begin, "{value:?}");
            let starts = |with: &str| begin.0.starts_with(with);
            let failed = starts("Err(");
            let outcome = if failed { Outcome::Failed } else { Outcome::Returned };
            self.0 = Some((outcome, starts("Ok(503)") || starts("Err(503)")));
        }
    }
}

/// Keeps the first characters of a text, and stops its formatting: the rest may be a
/// large value, or a backtrace, whose symbols take 100 ms to find.
#[derive(Default)]
struct Begin(String);

impl fmt::Write for Begin {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text;
        if self.0.len() < "Err(503)".len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Builds a label from a span's name and fields: `fetch page=1`. A field `message`
/// replaces the whole label, as in `GET /page/1`.
struct Label(String);

impl Visit for Label {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &value);
    }
}

impl Label {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        if field.name() == "message" {
            self.0 = value.to_string();
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(self.0, " {}={value}", field.name());
        }
    }
}
