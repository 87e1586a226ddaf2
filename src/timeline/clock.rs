//! `WORKBOOK_CLOCK=virtual`: runs a lesson on tokio's paused clock.
//!
//! On the paused clock a runtime with nothing to do advances the time to its next
//! timer, so waits take no real time and every duration is exact. That makes the
//! output of a lesson reproducible, and the very same binary can be tested that a
//! person runs in real time.

use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

/// Pauses tokio's clock if the environment requests it; returns whether it did.
pub(super) async fn pause_if_requested() -> bool {
    let paused = is_requested();
    if paused {
        tokio::time::pause();
        advance_to_next_tick().await;
    }
    paused
}

/// Reads `WORKBOOK_CLOCK`, and prints a warning if it cannot be honored.
fn is_requested() -> bool {
    let Some(clock) =
        std::env::var_os("WORKBOOK_CLOCK").filter(|clock| !clock.is_empty())
    else {
        return false;
    };
    if clock != "virtual" {
        eprintln!(
            "WORKBOOK_CLOCK={}: unknown clock, expected `virtual`",
            clock.display()
        );
        return false;
    }
    if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
        eprintln!(
            "WORKBOOK_CLOCK=virtual: tokio can pause the clock of a current-thread \
             runtime only; using the real clock"
        );
        return false;
    }
    true
}

/// Advances the paused clock to the next whole millisecond since the runtime
/// started.
///
/// Tokio's timers tick in those milliseconds. If the clock is paused between two
/// ticks, a sleep of 100 ms ends at the first tick after it and takes 101 ms. Tokio
/// does not expose the distance to the next tick, so this finds it by bisection: it
/// is the longest sleep that takes no longer than 1 ms.
async fn advance_to_next_tick() {
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

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn sleeps_are_exact_on_a_clock_paused_between_two_ticks() {
        tokio::time::pause();
        tokio::time::advance(Duration::from_nanos(123_456)).await;
        advance_to_next_tick().await;
        let before = Instant::now();
        for _ in 0..3 {
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(before.elapsed(), Duration::from_millis(300));
    }
}
