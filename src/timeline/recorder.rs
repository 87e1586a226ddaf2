//! The `tracing` layer that writes down when spans begin, are polled, and end.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// A span as it is recorded.
#[derive(Debug)]
pub(crate) struct Span {
    pub parent: Option<usize>,
    pub label: String,
    pub began: Instant,
    pub ended: Option<Instant>,
    pub polls: Vec<(Instant, Option<Instant>)>,
    /// The longest poll by the real clock, and when the last one began.
    pub longest: Duration,
    entered: std::time::Instant,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<Span>>>);

impl Spans {
    pub fn lock(&self) -> MutexGuard<'_, Vec<Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// The labels of the innermost spans that have not ended, each in backticks.
    pub fn open(&self) -> Vec<String> {
        let spans = self.lock();
        let open = |span: &Span| span.ended.is_none();
        let parent =
            |index| spans.iter().any(|s| open(s) && s.parent == Some(index));
        let waiting =
            spans.iter().enumerate().filter(|&(index, s)| open(s) && !parent(index));
        waiting.map(|(_, span)| format!("`{}`", span.label)).collect()
    }

    /// The innermost of the spans with the longest poll, by the
    /// real clock, and how long that was.
    pub fn longest_poll(&self) -> Option<(String, Duration)> {
        let spans = self.lock();
        // Parents come before their children, and the last of equals is taken. A
        // parent's poll is a little longer than that of the child in it.
        let longest = spans.iter().map(|span| span.longest).max()?;
        let about = longest - longest / 10;
        let found = spans.iter().rfind(|span| span.longest >= about)?;
        Some((found.label.clone(), found.longest))
    }
}

/// The `tracing` layer that writes spans down.
pub(crate) struct Recorder {
    pub spans: Spans,
    /// Whether the requests that our own web server answers are written down too. In
    /// a lesson its client's spans tell enough.
    pub requests: bool,
}

/// The target of the spans of our own web server's requests.
pub(crate) const REQUESTS: &str = "async_workbook::web";

/// Where a span stands in the recording; kept in the span itself.
struct Index(usize);

impl Recorder {
    fn change<S>(
        &self,
        id: &Id,
        context: &Context<'_, S>,
        change: impl FnOnce(&mut Span),
    ) where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = context.span(id) else { return };
        if let Some(&Index(index)) = span.extensions().get::<Index>() {
            change(&mut self.spans.lock()[index]);
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
        let index_of = |parent: SpanRef<'_, S>| {
            parent.extensions().get::<Index>().map(|index| index.0)
        };
        let parent = span.parent().and_then(index_of);
        let mut spans = self.spans.lock();
        span.extensions_mut().insert(Index(spans.len()));
        let began = Instant::now();
        spans.push(Span {
            parent,
            label: label.0,
            began,
            ended: None,
            polls: Vec::new(),
            longest: Duration::ZERO,
            entered: std::time::Instant::now(),
        });
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.change(id, &context, |span| {
            span.polls.push((now, None));
            span.entered = std::time::Instant::now();
        });
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.change(id, &context, |span| {
            if let Some(poll) = span.polls.last_mut() {
                poll.1 = Some(now);
            }
            span.longest = span.longest.max(span.entered.elapsed());
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.change(&id, &context, |span| {
            // A span is closed after the last of its children, which may be a task
            // that outlives it. Its own end is when it was left for the last time.
            span.ended =
                Some(span.polls.last().and_then(|poll| poll.1).unwrap_or(now));
            // An instrumented future is entered once more when it is dropped. That
            // is no poll.
            if span.polls.len() > 1 {
                span.polls.pop();
            }
        });
    }
}

/// A span's name with its fields: `fetch page=1`; or its field `message` alone, as in
/// `GET /page/1`.
struct Label(String);

impl Visit for Label {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        } else {
            let _ = write!(self.0, " {}={value}", field.name());
        }
    }
}
