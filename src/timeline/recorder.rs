//! The `tracing` layer that writes down when spans begin, are polled, and end.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// A span as it is recorded.
#[derive(Debug)]
pub(super) struct Span {
    pub parent: Option<usize>,
    pub label: String,
    pub began: Instant,
    pub ended: Option<Instant>,
    pub polls: Vec<(Instant, Option<Instant>)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Spans(Arc<Mutex<Vec<Span>>>);

impl Spans {
    pub fn lock(&self) -> MutexGuard<'_, Vec<Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The `tracing` layer that writes spans down.
pub(super) struct Recorder {
    pub spans: Spans,
}

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
        });
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.change(id, &context, |span| span.polls.push((now, None)));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let now = Instant::now();
        self.change(id, &context, |span| {
            if let Some(poll) = span.polls.last_mut() {
                poll.1 = Some(now);
            }
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

/// A span's name with its fields: `fetch page=1`.
struct Label(String);

impl Visit for Label {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}
