//! Measures how a thread spent its time: computing, blocked, or waiting for a CPU.
//!
//! Wall time alone cannot distinguish code that blocks a thread from a machine that is busy
//! with other programs. Linux keeps two more times of each thread, in
//! `/proc/thread-self/schedstat`: the time on a CPU, and the time in a run queue, ready
//! to run but without a CPU. The rest was spent blocked, and another program cannot add
//! to it:
//!
//! ```text
//! wall     |---------------------- 150 ms ----------------------|
//!          | on a CPU | in a run queue | on a CPU |   blocked   |
//! ```
//!
//! The kernel updates the time on a CPU at every tick of its timer and whenever the
//! thread leaves the CPU, so what can be read is up to 10 ms old. A `sched_yield` brings
//! it up to date. [`Moment::spent`] therefore yields, but only if it matters.
//!
//! The rest may also be time in which the hypervisor ran another machine, or the kernel
//! handled an interrupt. Neither puts the thread to sleep: [`sleeps`].
//!
//! On a system without that file, only wall time is known.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A moment in the life of the current thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    wall: Instant,
    scheduled: Option<Scheduled>,
}

/// The kernel's measurements of a thread since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scheduled {
    /// The time on a CPU.
    pub cpu: Duration,
    /// The time in a run queue.
    pub queued: Duration,
    /// How often it got a CPU.
    slices: u64,
}

/// A thread that other threads can observe.
#[derive(Debug)]
pub(crate) struct Thread {
    /// The file with the kernel's measurements.
    schedstat: PathBuf,
}

impl Thread {
    /// Returns the current thread.
    pub fn current() -> Self {
        // On Linux, the name of a directory in /proc.
        let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
        Self { schedstat: Path::new("/proc").join(link).join("schedstat") }
    }

    /// Returns the kernel's measurements, if it has any.
    pub fn scheduled(&self) -> Option<Scheduled> {
        Scheduled::parse(&std::fs::read_to_string(&self.schedstat).ok()?)
    }
}

/// The time since a [`Moment`], split by how the thread spent it if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// Without the time in a run queue.
    Known { computed: Duration, blocked: Duration },
    /// All of it.
    Wall(Duration),
}

/// The shortest time that is measured exactly: to read the kernel's file takes 10 µs, and
/// there are thousands of short polls.
const EXACT: Duration = Duration::from_millis(4);

impl Moment {
    /// Returns the present moment, with a CPU time that may be up to 10 ms old.
    pub fn now() -> Self {
        // In this order, a preemption in between makes blocked time shorter, not longer.
        let scheduled = Scheduled::read();
        Self { wall: Instant::now(), scheduled }
    }

    /// Returns the present moment, exactly.
    pub fn exactly_now() -> Self {
        std::thread::yield_now();
        Self::now()
    }

    /// Returns the time since this moment, without the time in a run queue if it is at
    /// least 4 ms.
    pub fn held(&self) -> Duration {
        let wall = self.wall.elapsed();
        if wall < EXACT {
            return wall;
        }
        let queued = self.scheduled.zip(Scheduled::read());
        let queued = queued.map(|(from, to)| to.queued.saturating_sub(from.queued));
        wall.saturating_sub(queued.unwrap_or_default())
    }

    /// Returns how often the thread had gone to sleep; see [`sleeps`].
    pub fn sleeps(&self) -> Option<u64> {
        thread_local! {
            static LAST: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
        }
        // After each sleep it gets a CPU. To read the count takes 10 µs.
        let slices = self.scheduled?.slices;
        let (at, count) = LAST.get();
        if at == slices {
            return Some(count);
        }
        let count = sleeps()?;
        LAST.set((slices, count));
        Some(count)
    }

    /// Returns how the thread has spent the time since this moment. Less than 4 ms count
    /// as computed.
    pub fn spent(&self) -> Spent {
        if self.scheduled.is_some() {
            let held = self.held();
            if held < EXACT {
                return Spent::Known { computed: held, blocked: Duration::ZERO };
            }
            std::thread::yield_now();
        }
        let wall = self.wall.elapsed();
        let Some((from, to)) = self.scheduled.zip(Scheduled::read()) else {
            return Spent::Wall(wall);
        };
        let computed = to.cpu.saturating_sub(from.cpu).min(wall);
        let queued = to.queued.saturating_sub(from.queued);
        let blocked = wall.saturating_sub(computed).saturating_sub(queued);
        Spent::Known { computed, blocked }
    }
}

impl Scheduled {
    #[cfg(target_os = "linux")]
    fn read() -> Option<Self> {
        kernel::read::<96, _>(&kernel::SCHEDSTAT, Self::parse)
    }

    #[cfg(not(target_os = "linux"))]
    fn read() -> Option<Self> {
        None
    }

    /// Parses `CPU QUEUED SLICES`, in nanoseconds. A kernel that does not measure
    /// prints zeros.
    fn parse(text: &str) -> Option<Self> {
        // Called for each poll of a recorded span, so it splits at ASCII spaces.
        let mut numbers = text.trim_ascii_end().split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let (cpu, queued, slices): (_, _, u64) = (next()?, next()?, next()?);
        let nanos = Duration::from_nanos;
        (slices > 0).then(|| Self { cpu: nanos(cpu), queued: nanos(queued), slices })
    }
}

/// Returns how often this thread has gone to sleep, if the kernel counts that. Whatever
/// blocks a thread puts it to sleep.
#[cfg(target_os = "linux")]
pub(crate) fn sleeps() -> Option<u64> {
    kernel::read::<4096, _>(&kernel::STATUS, parse_sleeps)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn sleeps() -> Option<u64> {
    None
}

/// Parses lines of the form `NAME:\tVALUE`.
#[cfg(any(target_os = "linux", test))]
fn parse_sleeps(status: &str) -> Option<u64> {
    let lines = status.lines().filter_map(|line| line.split_once(":\t"));
    let mut counts = lines.filter(|(name, _)| *name == "voluntary_ctxt_switches");
    counts.next()?.1.parse().ok()
}

/// The kernel's files on the current thread. They stay open, because they are read often.
#[cfg(target_os = "linux")]
mod kernel {
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;
    use std::thread::LocalKey;

    thread_local! {
        pub static SCHEDSTAT: Option<File> =
            File::open("/proc/thread-self/schedstat").ok();
        pub static STATUS: Option<File> = File::open("/proc/thread-self/status").ok();
    }

    /// Parses the first `N` bytes of a file.
    pub fn read<const N: usize, T>(
        file: &'static LocalKey<Option<File>>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let mut buffer = [0; N];
        // The file cannot be used while the thread's locals are destroyed.
        let length =
            file.try_with(|file| file.as_ref()?.read_at(&mut buffer, 0).ok());
        parse(std::str::from_utf8(&buffer[..length.ok()??]).ok()?)
    }
}

/// Returns how many times slower than the machine for which limits of CPU time were
/// chosen this thread is, at least 1.
///
/// A busy machine is slower even in CPU time: its threads share caches and cores.
pub(crate) fn slowness() -> f64 {
    /// The time of this loop, in a debug build, on the machine for which the limits
    /// were chosen: a virtual machine with two slow cores.
    const REFERENCE: Duration = Duration::from_micros(4000);
    let mut number = 1_u64;
    let start = Moment::exactly_now();
    for step in 0..400_000_u64 {
        number = std::hint::black_box(number ^ (number << 7) ^ step);
    }
    let took = match start.spent() {
        Spent::Known { computed, .. } => computed,
        Spent::Wall(wall) => wall,
    };
    (took.as_secs_f64() / REFERENCE.as_secs_f64()).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_kernels_line_is_parsed() {
        let parse = Scheduled::parse;
        let scheduled = Scheduled { cpu: 2 * MS, queued: MS, slices: 7 };
        assert_eq!(parse("2000000 1000000 7\n"), Some(scheduled));
        assert_eq!(parse("0 0 0\n"), None);
        assert_eq!(parse(""), None);
        assert_eq!(parse("1 x 2"), None);
    }

    #[test]
    fn sleeping_is_blocked_and_a_loop_computes() {
        let start = Moment::exactly_now();
        std::thread::sleep(30 * MS);
        let Spent::Known { blocked, computed } = start.spent() else { return };
        assert!(blocked >= 25 * MS, "{blocked:?}");
        assert!(computed < 25 * MS, "{computed:?}");

        let start = Moment::exactly_now();
        while start.held() < 30 * MS {}
        let Spent::Known { blocked, computed } = start.spent() else { return };
        assert!(computed >= 20 * MS, "{computed:?}");
        assert!(blocked < 20 * MS, "{blocked:?}");
    }

    #[test]
    fn only_what_blocks_counts_as_going_to_sleep() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t12\nother:\t3\n";
        assert_eq!(parse_sleeps(status), Some(12));
        assert_eq!(parse_sleeps("Name:\tx\n"), None);

        let counts = |code: fn()| {
            let before = sleeps();
            code();
            before != sleeps()
        };
        // A page fault may put the thread to sleep, too.
        assert!((0..100).any(|_| !counts(std::thread::yield_now)));
        assert_eq!(counts(|| std::thread::sleep(MS)), sleeps().is_some());
    }

    #[test]
    fn a_thread_can_be_observed_by_another() {
        let thread = Thread::current();
        let start = Moment::now();
        while start.held() < 30 * MS {}
        let Some(own) = Scheduled::read() else { return };
        let seen = std::thread::spawn(move || thread.scheduled()).join().unwrap();
        assert!(seen.unwrap().cpu >= own.cpu);
    }

    #[test]
    fn the_slowness_is_at_least_one() {
        assert!(slowness() >= 1.0);
    }
}
