//! Two rewards made one: r_α from the rewards of the two groups.

use crate::config::Mixture;

/// Where reward is measured: α from 0 to 1.
pub const ALPHAS: [f64; 11] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// The reward r_α of a text with reward `rewards[0]` of the group that training emphasizes and `rewards[1]` of the other:
/// convex (1 − α) r₀ + α r₁, or geometric r₀^(1−α) r₁^α. Section 7.1 of the paper; α₀ = 0.1 there.
pub fn mixed(mixture: Mixture, alpha: f64, rewards: [f32; 2]) -> f64 {
    let [a, b] = rewards.map(|r| f64::from(r.max(0.0)));
    match mixture {
        Mixture::Convex => (1.0 - alpha) * a + alpha * b,
        // 0⁰ = 1: at α = 0 only the first counts, whatever the other.
        Mixture::Geometric => a.powf(1.0 - alpha) * b.powf(alpha),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_mixtures_at_both_ends_and_between() {
        for mixture in [Mixture::Convex, Mixture::Geometric] {
            assert!((mixed(mixture, 0.0, [0.6, 0.2]) - 0.6).abs() < 1e-6);
            assert!((mixed(mixture, 1.0, [0.6, 0.2]) - 0.2).abs() < 1e-6);
            assert_eq!(mixed(mixture, 0.0, [0.5, 0.0]), 0.5);
        }
        assert!((mixed(Mixture::Convex, 0.1, [0.8, 0.3]) - 0.75).abs() < 1e-6);
        assert!((mixed(Mixture::Geometric, 0.5, [0.9, 0.4]) - 0.6).abs() < 1e-6);
        assert_eq!(mixed(Mixture::Geometric, 0.5, [0.9, 0.0]), 0.0);
    }
}
