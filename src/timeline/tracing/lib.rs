//! `tracing`, whose instrumented futures report each poll that was for nothing: nothing
//! had woken the future since its last poll.
//!
//! A combinator such as `join!` passes its own waker to all of its futures. When one of
//! them is woken, it polls the others, too. To tell these polls apart, each instrumented
//! future gets a waker of its own, which notes that it was woken and wakes the combinator:
//!
//! ```text
//! task's waker <── outer span's waker <── inner span's waker <── timer, socket, lock
//!                    woken = true           woken = true
//! ```
//!
//! A subscriber cannot do this: `tracing` calls it without the waker of the poll. So this
//! crate replaces the trait [`Instrument`], which `#[instrument]` uses as well, and
//! re-exports everything else; Cargo.toml gives it the name `tracing`. The program runs as
//! with `tracing`: each wake reaches the task, and a future gets another waker only when
//! the task changes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;
use tracing::instrument::Instrumented;

pub use tracing::*;

/// The target of the event that reports a poll for nothing, in the span of its future.
pub const FOR_NOTHING: &str = "workbook_tracing::for_nothing";

/// Attaches spans to futures, as `tracing::Instrument` does.
pub trait Instrument: Sized {
    /// Instruments the future with `span`.
    fn instrument(self, span: Span) -> Instrumented<Observed<Self>> {
        let future = Observed { future: self, woken: Arc::default(), wakers: None };
        tracing::Instrument::instrument(future, span)
    }

    /// Instruments the future with the current span.
    fn in_current_span(self) -> Instrumented<Observed<Self>> {
        self.instrument(Span::current())
    }
}

impl<F> Instrument for F {}

pin_project! {
    /// A future that reports the polls that are for nothing.
    #[derive(Debug)]
    pub struct Observed<F> {
        #[pin]
        future: F,
        woken: Arc<AtomicBool>,
        // The waker of the latest poll, and the one that the future gets.
        wakers: Option<(Waker, Waker)>,
    }
}

impl<F: Future> Future for Observed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let woken = this.woken.swap(false, Ordering::AcqRel);
        if this.wakers.is_some() && !woken {
            tracing::trace!(target: FOR_NOTHING, "");
        }
        let task = context.waker();
        // The old waker still wakes the old task: a future that wrongly keeps it hangs, as
        // it does without a span.
        let (_, own) = match this.wakers.take() {
            Some(wakers) if wakers.0.will_wake(task) => this.wakers.insert(wakers),
            _ => {
                let (woken, parent) = (Arc::clone(this.woken), task.clone());
                let own = Waker::from(Arc::new(Relay { woken, parent }));
                this.wakers.insert((task.clone(), own))
            }
        };
        this.future.poll(&mut Context::from_waker(own))
    }
}

/// The waker of an observed future.
struct Relay {
    woken: Arc<AtomicBool>,
    parent: Waker,
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.parent.wake_by_ref();
    }
}
