//! Pairs from samples with rewards: which of them a method keeps.

/// RS-DPO: every ordered pair (better, worse) with σ((r_better − r_worse) / τ) above η. Khaki et al., arXiv 2402.10038.
pub fn apart(rewards: &[f64], tau: f64, eta: f64) -> Vec<(usize, usize)> {
    let sure = |i: usize, j: usize| 1.0 / (1.0 + (-(rewards[i] - rewards[j]) / tau).exp()) > eta;
    (0..rewards.len()).flat_map(|i| (0..rewards.len()).map(move |j| (i, j))).filter(|(i, j)| i != j && sure(*i, *j)).collect()
}

/// RSO's sampler: sweeps over what is left, accepting each with probability e^{(r − r_max) / β} of the sweep's best, until `keep`
/// are accepted. Liu et al., arXiv 2309.06657, algorithm 1. `uniform` gives the draws, in order.
pub fn accepted(rewards: &[f64], beta: f64, keep: usize, mut uniform: impl FnMut() -> f64) -> Vec<usize> {
    let mut left: Vec<usize> = (0..rewards.len()).collect();
    let mut out = Vec::new();
    while out.len() < keep && !left.is_empty() {
        let best = left.iter().map(|i| rewards[*i]).fold(f64::MIN, f64::max);
        // The best of a sweep is accepted for certain, so that every sweep ends with fewer.
        left.retain(|i| {
            let take = out.len() < keep && uniform() < ((rewards[*i] - best) / beta).exp();
            if take {
                out.push(*i);
            }
            !take
        });
    }
    out
}

/// Neighbors among the accepted, as (better, worse); pairs of equal reward say nothing and are left out.
pub fn first_round(accepted: &[usize], rewards: &[f64]) -> Vec<(usize, usize)> {
    let pairs = accepted.chunks_exact(2).map(|p| if rewards[p[0]] > rewards[p[1]] { (p[0], p[1]) } else { (p[1], p[0]) });
    pairs.filter(|(better, worse)| rewards[*better] > rewards[*worse]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    #[test]
    fn worked_examples() {
        assert_eq!(apart(&[2.0, 1.2, 0.1, -0.8], 1.0, 0.85), [(0, 2), (0, 3), (1, 3)]);
        assert_eq!(apart(&[2.0, 1.2, 0.1, -0.8], 1.0, 0.9), [(0, 3)]);
        let mut draws = [0.9, 0.5, 0.1, 0.05, 0.3].into_iter();
        let rewards = [1.0, 0.5, 0.0, -1.0];
        assert_eq!(accepted(&rewards, 0.5, 3, || draws.next().expect("a draw")), [0, 2, 1]);
        assert_eq!(first_round(&[2, 0, 1, 3], &rewards), [(0, 2), (1, 3)]);
        assert_eq!(first_round(&[0, 1], &[0.5, 0.5]), []);
    }

    #[test]
    fn more_is_asked_than_there_is() {
        assert_eq!(accepted(&[0.1, 0.2], 1.0, 5, || 0.5).len(), 2);
        assert_eq!(accepted(&[], 1.0, 5, || 0.5), Vec::<usize>::new());
    }

    #[test]
    fn acceptance_goes_with_the_exponential_of_the_reward() {
        // The candidate comes before the best, and one is kept: it is the candidate exactly when its draw accepts it.
        let mut rng = Streams::new(11).stream("rso");
        let n = 40_000_u32;
        for r in [0.6, 0.2, -0.5] {
            let count = (0..n).filter(|_| accepted(&[r, 1.0], 0.5, 1, || rng.uniform()) == [0]).count();
            let expected = ((r - 1.0) / 0.5_f64).exp();
            let sd = (expected * (1.0 - expected) / f64::from(n)).sqrt();
            let found = count as f64 / f64::from(n);
            assert!((found - expected).abs() <= 4.0 * sd, "reward {r}: {found} against {expected}");
        }
    }

    #[test]
    fn exactly_the_pairs_above_the_threshold_are_kept() {
        // σ(gap / τ) > η where the gap is above τ log(η / (1 − η)).
        let mut rng = Streams::new(5).stream("apart");
        for _ in 0..200 {
            let rewards: Vec<f64> = (0..8).map(|_| 4.0 * rng.uniform() - 2.0).collect();
            let (tau, eta) = (0.1 + 2.0 * rng.uniform(), 0.5 + 0.49 * rng.uniform());
            let least = tau * (eta / (1.0 - eta)).ln();
            let kept = apart(&rewards, tau, eta);
            for i in 0..8 {
                for j in (0..8).filter(|j| *j != i) {
                    let gap = rewards[i] - rewards[j];
                    assert!((gap - least).abs() < 1e-9 || kept.contains(&(i, j)) == (gap > least), "gap {gap}, threshold {least}");
                }
            }
        }
    }

    #[test]
    fn a_cold_sampler_takes_the_best() {
        let rewards: Vec<f64> = (0..16).map(|i| f64::from((i * 7) % 16)).collect();
        let mut rng = Streams::new(2).stream("cold");
        let mut found: Vec<f64> = accepted(&rewards, 1e-3, 4, || rng.uniform()).into_iter().map(|i| rewards[i]).collect();
        found.sort_by(f64::total_cmp);
        assert_eq!(found, [12.0, 13.0, 14.0, 15.0]);
    }
}
