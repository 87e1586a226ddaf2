//! When jobs of known durations start under a limit: of a right solution and of
//! typical mistakes. A check compares a run with them, and names only the one that fits
//! exactly.
//!
//! ```text
//! limit 2         1 ███       1 ███           1 ███
//! jobs of         2 █         2 █             2 █
//! 30, 10,         3  ██       3    ██         3    ██
//! 20, 10 ms       4   ..█     4    █          4    █
//!                 limited     buffered        batches
//! ```
//!
//! Durations and starts are milliseconds.

/// Each job starts as soon as a slot is free.
///
/// ```
/// use async_workbook::check::timetable;
///
/// assert_eq!(timetable::limited(2, &[30, 10, 20, 10]), [0, 0, 10, 30]);
/// ```
///
/// # Panics
///
/// If `limit` is 0.
pub fn limited(limit: usize, times: &[u32]) -> Vec<u32> {
    // More slots than jobs are never used.
    let mut slots = vec![0; limit.min(times.len().max(1))];
    let start = |time: &u32| {
        let slot = slots.iter_mut().min().expect("a limit is at least 1");
        let start = *slot;
        *slot += time;
        start
    };
    times.iter().map(start).collect()
}

/// A job that is done keeps its slot until all jobs before it are done, as with
/// `StreamExt::buffered`.
///
/// ```
/// use async_workbook::check::timetable;
///
/// assert_eq!(timetable::buffered(2, &[30, 10, 20, 10]), [0, 0, 30, 30]);
/// ```
pub fn buffered(limit: usize, times: &[u32]) -> Vec<u32> {
    let mut starts = Vec::new();
    // The time at which the output of each job is yielded.
    let mut yielded: Vec<u32> = Vec::new();
    for (index, time) in times.iter().enumerate() {
        let start = index.checked_sub(limit).map_or(0, |index| yielded[index]);
        let before = yielded.last().copied().unwrap_or_default();
        starts.push(start);
        yielded.push(before.max(start + time));
    }
    starts
}

/// Each batch of jobs starts when all of the batch before it are done.
///
/// ```
/// use async_workbook::check::timetable;
///
/// assert_eq!(timetable::batches(2, &[30, 10, 20, 10, 5]), [0, 0, 30, 30, 50]);
/// ```
///
/// # Panics
///
/// If `limit` is 0.
pub fn batches(limit: usize, times: &[u32]) -> Vec<u32> {
    let mut starts = Vec::new();
    let mut now = 0;
    for batch in times.chunks(limit) {
        starts.extend(batch.iter().map(|_| now));
        now += batch.iter().max().copied().unwrap_or_default();
    }
    starts
}
