//! One seed, many named streams. Everything random is drawn here, on the CPU, so that a run is the
//! same on every backend and adding draws to one stage never shifts another.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded source of named, independent random streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

/// One stream; a thin wrapper so that the rest of the crate does not depend on `rand`'s traits.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Streams {
    /// Streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream called `name`; the same seed and name always give the same draws.
    pub fn stream(&self, name: &str) -> Stream {
        // FNV-1a over the name picks the ChaCha stream number: fixed for ever, unlike std's hasher.
        let id = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(id);
        Stream(rng)
    }
}

impl Stream {
    /// Words given so far: where a checkpoint finds the stream again.
    pub fn position(&self) -> u64 {
        self.0.get_word_pos() as u64
    }

    /// Goes to `position`, as [`Stream::position`] says it.
    pub fn seek(&mut self, position: u64) {
        self.0.set_word_pos(u128::from(position));
    }

    /// Uniform in `[0, 1)` with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform integer in `0..n`. `n` must be positive.
    pub fn below(&mut self, n: usize) -> usize {
        debug_assert!(n > 0, "below(0)");
        // Multiply-shift; the bias is below 2^-32 for every n used here.
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// A standard normal draw (Box–Muller, one of the two values).
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.uniform(); // (0, 1]: the logarithm stays finite
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// One element of a non-empty slice.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// An index drawn in proportion to non-negative `weights` (not all zero).
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.uniform() * weights.iter().sum::<f64>();
        for (i, w) in weights.iter().enumerate() {
            left -= w;
            if left < 0.0 {
                return i;
            }
        }
        weights.len() - 1
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_independent() {
        let streams = Streams::new(7);
        let draw = |name: &str| (0..4).map({ let mut s = streams.stream(name); move |_| s.below(1000) }).collect::<Vec<_>>();
        assert_eq!(draw("data"), draw("data"));
        assert_ne!(draw("data"), draw("shuffle"));
        assert_ne!(Streams::new(8).stream("data").below(1 << 30), streams.stream("data").below(1 << 30));
    }

    #[test]
    fn moments_are_right() {
        let mut s = Streams::new(1).stream("moments");
        let n = 20_000;
        let xs: Vec<f64> = (0..n).map(|_| s.normal()).collect();
        let mean = xs.iter().sum::<f64>() / n as f64;
        let var = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.03 && (var - 1.0).abs() < 0.05, "mean {mean}, var {var}");
        let ones = (0..n).filter(|_| s.weighted(&[1.0, 3.0]) == 1).count() as f64 / n as f64;
        assert!((ones - 0.75).abs() < 0.02, "{ones}");
    }
}
