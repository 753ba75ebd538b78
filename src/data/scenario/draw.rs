//! Draws that every scenario shares: who speaks, what is preferred, which labels are flipped.

use crate::order;
use crate::config::Labels;
use crate::rng::Stream;

/// How many of `n` each share gets: rounded so that they add up (largest remainder, ties to the first).
pub fn counts(shares: &[f64], n: usize) -> Vec<usize> {
    let total: f64 = shares.iter().sum();
    if shares.is_empty() || total <= 0.0 {
        return vec![0; shares.len()];
    }
    let exact: Vec<f64> = shares.iter().map(|s| s / total * n as f64).collect();
    // The small slack keeps 0.3 × 10 = 2.999… whole.
    let mut counts: Vec<usize> = exact.iter().map(|x| (x + 1e-9).floor() as usize).collect();
    let order = order::indices(shares.len(), &|a, b| (exact[b] - counts[b] as f64).total_cmp(&(exact[a] - counts[a] as f64)));
    let left = n.saturating_sub(counts.iter().sum());
    for &g in order.iter().filter(|&&g| shares[g] > 0.0).cycle().take(left) {
        counts[g] += 1;
    }
    counts
}

/// The group of each of the items, shuffled, with exactly these counts. Moving the counts a little moves
/// few items, because the order in which items change group is drawn once.
pub fn assign(counts: &[usize], stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..counts.iter().sum()).collect();
    stream.shuffle(&mut order);
    let mut groups = vec![0; order.len()];
    let by_rank = counts.iter().enumerate().flat_map(|(g, &count)| std::iter::repeat_n(g, count));
    for (&item, group) in order.iter().zip(by_rank) {
        groups[item] = group;
    }
    groups
}

/// Which of `n` labels are flipped: exactly round(share × n), and those of a smaller share among them.
pub fn flips(share: f64, n: usize, stream: &mut Stream) -> Vec<bool> {
    let flipped = ((share * n as f64).round() as usize).min(n);
    assign(&[flipped, n - flipped], stream).into_iter().map(|g| g == 0).collect()
}

/// Bradley–Terry: the probability σ(scale × (a − b)) that an answer of reward `a` is preferred to one of reward `b`.
pub fn preference(scale: f64, a: f32, b: f32) -> f64 {
    1.0 / (1.0 + (-scale * f64::from(a - b)).exp())
}

/// Whether the first answer is labeled as preferred. A tie under arg-max is a coin flip.
pub fn first_wins(labels: Labels, scale: f64, a: f32, b: f32, stream: &mut Stream) -> bool {
    let u = stream.uniform();
    match labels {
        Labels::BradleyTerry => u < preference(scale, a, b),
        Labels::ArgMax if tied(a, b) => u < 0.5,
        Labels::ArgMax => a > b,
    }
}

/// Rewards that differ by rounding only.
pub fn tied(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    #[test]
    fn counts_are_exact_and_add_up() {
        assert_eq!(counts(&[0.9, 0.1], 512), [461, 51]);
        assert_eq!(counts(&[0.7, 0.3], 10), [7, 3]);
        assert_eq!(counts(&[0.45, 0.3, 0.2, 0.05], 512), [230, 154, 102, 26]);
        assert_eq!(counts(&[1.0, 0.0], 7), [7, 0]);
        assert_eq!(counts(&[0.0, 0.0], 7), [0, 0]);
        for n in 0..200 {
            assert_eq!(counts(&[0.5, 0.3, 0.2], n).iter().sum::<usize>(), n);
        }
    }

    #[test]
    fn a_small_change_of_mix_moves_few_items() {
        let at = |share: f64| assign(&counts(&[1.0 - share, share], 1000), &mut Streams::new(3).stream("group"));
        let (ten, twelve) = (at(0.10), at(0.12));
        assert_eq!(ten.iter().zip(&twelve).filter(|(a, b)| a != b).count(), 20);
        assert!(ten[..500].contains(&1) && ten[500..].contains(&1), "shuffled");
    }

    #[test]
    fn flips_are_counted_and_nested() {
        let at = |share: f64| flips(share, 500, &mut Streams::new(3).stream("flip"));
        assert_eq!(at(0.1).iter().filter(|f| **f).count(), 50);
        assert!(at(0.0).iter().all(|f| !f));
        assert!(at(0.1).iter().zip(at(0.2)).all(|(few, more)| !few || more));
    }

    #[test]
    fn bradley_terry_frequencies_are_near_sigma() {
        let mut stream = Streams::new(5).stream("label");
        for (a, b) in [(0.2, 0.1), (0.9, -0.1), (-0.5, 0.0)] {
            let n = 20_000;
            let wins = (0..n).filter(|_| first_wins(Labels::BradleyTerry, 4.0, a, b, &mut stream)).count();
            let expected = preference(4.0, a, b);
            let sd = (expected * (1.0 - expected) / n as f64).sqrt();
            assert!((wins as f64 / n as f64 - expected).abs() < 4.0 * sd, "{wins} of {n}, expected {expected}");
        }
        assert!((preference(4.0, 0.25, 0.0) - 0.731_058_6).abs() < 1e-6);
        assert!((0..100).all(|_| first_wins(Labels::ArgMax, 0.0, 0.2, 0.1, &mut stream)));
    }
}
