//! Generates the random values of a check, so that no solution can contain them.
//!
//! An expected value that is the same in every run can be copied: from the check, or
//! from its diagnosis. A check therefore uses random names, temperatures and delays,
//! and the code under test has to compute its result from them.
//!
//! The seed is random in each process, unless `WORKBOOK_SEED` sets it. The numbers
//! depend only on the seed, the check's title and how often the check has called
//! [`rng`], so `--seed` repeats a failure, even if other checks were changed.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A generator of random but reproducible values.
///
/// ```
/// use async_workbook::check::Rng;
///
/// let (one, same) = (Rng::new(17), Rng::new(17));
/// assert_eq!(one.word(), same.word());
/// assert_eq!(one.between(-10..=30), same.between(-10..=30));
/// ```
#[derive(Clone, Debug)]
pub struct Rng {
    state: Cell<u64>,
    /// The words so far: equal ones would make two cities one.
    words: RefCell<HashSet<String>>,
}

impl Rng {
    /// Creates the generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: Cell::new(seed), words: RefCell::default() }
    }

    /// The generator is SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `below`, or 0 if `below` is 0.
    pub fn number(&self, below: usize) -> usize {
        // The remainder is less than `below`, so it fits.
        self.next().checked_rem(below as u64).unwrap_or(0) as usize
    }

    /// Returns a number of the range.
    pub fn between(&self, range: RangeInclusive<i32>) -> i32 {
        let width = i64::from(*range.end()) - i64::from(*range.start()) + 1;
        let number = self.number(usize::try_from(width).unwrap_or(0)) as i64;
        i32::try_from(i64::from(*range.start()) + number).unwrap_or(*range.end())
    }

    /// Returns one of `items`.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.number(items.len())]
    }

    /// Returns `count` different numbers of the range, in a random order.
    ///
    /// # Panics
    ///
    /// If the range has fewer numbers.
    pub fn distinct(&self, count: usize, range: RangeInclusive<i32>) -> Vec<i32> {
        let size = i64::from(*range.end()) - i64::from(*range.start()) + 1;
        assert!(count as i64 <= size, "{range:?} has fewer than {count} numbers");
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            let number = self.between(range.clone());
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.number(last + 1));
        }
    }

    /// Returns a delay from 1 to 100 ms.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.number(100) as u64 + 1)
    }

    /// Returns a made-up capitalized word of six letters, such as `Navoru`: for a
    /// city, a user or a title. It has no characters that a URL escapes. No word of a
    /// generator is returned twice.
    pub fn word(&self) -> String {
        loop {
            let mut word = String::new();
            for _ in 0..3 {
                word.push(char::from(*self.pick(b"bdfgklmnprstvz")));
                word.push(char::from(*self.pick(b"aeiou")));
            }
            let word = word[..1].to_uppercase() + &word[1..];
            if self.words.borrow_mut().insert(word.clone()) {
                return word;
            }
        }
    }

    /// Returns `count` different words.
    pub fn words(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.word()).collect()
    }
}

thread_local! {
    /// The check that is running on this thread.
    static CHECK: RefCell<Scope> = const { RefCell::new(Scope::NONE) };
}

/// The origin of a check's random values.
struct Scope {
    seed: u64,
    title: String,
    /// The number of calls of [`rng`].
    calls: u64,
}

impl Scope {
    const NONE: Self = Self { seed: 0, title: String::new(), calls: 0 };
}

/// Starts the random values of a check.
pub(super) fn begin(seed: u64, title: &str) {
    CHECK.set(Scope { seed, title: title.to_owned(), calls: 0 });
}

/// Returns true if the check on this thread has used random values.
pub(super) fn used() -> bool {
    CHECK.with_borrow(|check| check.calls > 0)
}

/// Returns a generator for the check that is running. Each call returns a different
/// one, and the same ones in the same order for the same seed.
///
/// If the check fails, its diagnosis names the seed.
///
/// ```
/// use async_workbook::check::{self, Exercise};
///
/// async fn echo(text: &str) -> String {
///     text.to_owned()
/// }
///
/// let mut exercise = Exercise::new();
/// exercise.check("the echo is the text", async || {
///     let text = check::rng().word();
///     check::in_order(&[echo(&text).await], &[text])
/// });
/// exercise.verdict().unwrap();
/// ```
pub fn rng() -> Rng {
    CHECK.with_borrow_mut(|check| {
        check.calls += 1;
        // FNV-1a: the standard library's hashes may change between its versions.
        let hash = check.title.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Rng::new(Rng::new(check.seed ^ hash).next() ^ check.calls)
    })
}

/// Returns a random seed that is short enough to be typed.
pub(super) fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish() % 100_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_their_range() {
        let rng = Rng::new(3);
        let numbers: HashSet<_> = (0..100).map(|_| rng.number(4)).collect();
        assert_eq!(numbers, HashSet::from([0, 1, 2, 3]));
        assert_eq!(rng.number(0), 0);
        let numbers: HashSet<_> = (0..100).map(|_| rng.between(-1..=1)).collect();
        assert_eq!(numbers, HashSet::from([-1, 0, 1]));
        assert_eq!(rng.between(7..=7), 7);
        let all = i32::MIN..=i32::MAX;
        assert!((0..100).all(|_| all.contains(&rng.between(all.clone()))));
        assert!((0..1000).all(|_| (1..=100).contains(&rng.delay().as_millis())));
    }

    #[test]
    fn distinct_values_are_distinct() {
        let rng = Rng::new(4);
        let mut numbers = rng.distinct(10, 1..=10);
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(1..=10));
        // There are 343,000 words: without a record of them, about six would repeat.
        let words = (0..20).flat_map(|_| rng.words(100));
        let words: HashSet<_> = words.collect();
        assert_eq!(words.len(), 2000);
        let plain = |word: &String| {
            word.len() == 6
                && word.chars().all(|c| c.is_ascii_alphabetic())
                && word.starts_with(|c: char| c.is_ascii_uppercase())
        };
        assert!(words.iter().all(plain), "{words:?}");
    }

    #[test]
    fn values_depend_on_the_seed_the_title_and_the_call() {
        let first_two = |seed, title| {
            begin(seed, title);
            assert!(!used());
            let words = [rng().word(), rng().word()];
            assert!(used());
            words
        };
        let words = first_two(1, "a");
        assert_eq!(words, first_two(1, "a"));
        assert_ne!(words[0], words[1]);
        assert_ne!(words, first_two(2, "a"));
        assert_ne!(words, first_two(1, "b"));
    }
}
