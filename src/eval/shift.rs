//! What happens when the deployed population is not the training one.

/// Mixture in which group `target` has share `alpha` and the others keep their proportions in `training`.
pub fn mixture(training: &[f64], target: usize, alpha: f64) -> Vec<f64> {
    let rest = 1.0 - training[target];
    let others = training.len().saturating_sub(1).max(1) as f64;
    training.iter().enumerate().map(|(g, share)| {
        if g == target {
            alpha
        } else if rest > 0.0 {
            (1.0 - alpha) * share / rest
        } else {
            (1.0 - alpha) / others
        }
    }).collect()
}

/// Value of a policy in a population: Σ_g mix_g · value_g.
pub fn value(mix: &[f64], values: &[f32]) -> f64 {
    mix.iter().zip(values).map(|(m, v)| m * f64::from(*v)).sum()
}

/// The smallest value of any group, and which.
pub fn worst(values: &[f32]) -> Option<(usize, f32)> {
    values.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixtures_add_to_one_and_keep_proportions() {
        let training = [0.5, 0.3, 0.2];
        let m = mixture(&training, 2, 0.6);
        assert!((m.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((m[0] / m[1] - 5.0 / 3.0).abs() < 1e-12);
        assert_eq!(mixture(&training, 2, 0.2), training);
        assert_eq!(mixture(&[0.0, 1.0], 1, 0.25), [0.75, 0.25]);
        assert_eq!(worst(&[0.4, 0.1, 0.3]), Some((1, 0.1)));
    }
}
