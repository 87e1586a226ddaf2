//! A generator of random numbers, so that lesson 13 needs no library for them.
//!
//! A seed makes the numbers the same in each run, for a test. A program that is not
//! a test begins with another seed each time: it would use the crate `rand`.

#![allow(dead_code, reason = "the exercise does not use it at first")]

use std::time::Duration;

/// SplitMix64: adds a constant to its state, and mixes the bits of the sum.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a time from 0 to `limit`, each as likely as any other.
    pub fn up_to(&mut self, limit: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // The upper half of the bits is a fraction of 2^32.
        limit.mul_f64((bits >> 32) as f64 / 2f64.powi(32))
    }
}
