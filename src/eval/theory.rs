//! Two populations in closed form: one prompt, two answers, a share p who always prefer the second.

/// Where DPO's scaled margin βh settles: log((1−p)/p).
pub fn dpo_margin(p: f64) -> f64 {
    ((1.0 - p) / p).ln()
}

/// Where KLDPO's βh settles: log((1−p)/p) / (1 + 1/τ).
pub fn kldpo_margin(p: f64, tau: f64) -> f64 {
    dpo_margin(p) / (1.0 + 1.0 / tau)
}

/// The weight KLDPO's adversary settles on for the minority: p r / (1 − p + p r), r = ((1−p)/p)^{1/(1+τ)}.
pub fn kldpo_minority_weight(p: f64, tau: f64) -> f64 {
    let r = ((1.0 - p) / p).powf(1.0 / (1.0 + tau));
    p * r / (1.0 - p + p * r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adversary_balances_the_groups_at_the_fixed_point() {
        // At the fixed point the tilted gradient vanishes: w₂ σ(βh) = w₁ σ(−βh).
        for p in [0.05, 0.1, 0.3, 0.5] {
            for tau in [0.1, 0.25, 1.0, 4.0] {
                let z = kldpo_margin(p, tau);
                let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
                let (l1, l2) = ((1.0 + (-z).exp()).ln(), (1.0 + z.exp()).ln());
                let (e1, e2) = ((1.0 - p) * (l1 / tau).exp(), p * (l2 / tau).exp());
                let w2 = e2 / (e1 + e2);
                assert!((w2 * sigmoid(z) - (1.0 - w2) * sigmoid(-z)).abs() < 1e-12);
                assert!((w2 - kldpo_minority_weight(p, tau)).abs() < 1e-12);
            }
        }
        assert!((kldpo_minority_weight(0.1, 1.0) - 0.250).abs() < 5e-4);
        assert!((kldpo_minority_weight(0.1, 0.25) - 0.392).abs() < 5e-4);
        assert!((kldpo_minority_weight(0.1, 0.1) - 0.450).abs() < 1e-3);
    }
}
