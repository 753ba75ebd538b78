//! What the page shows of a step, derived from what the trainer measured.

use crate::event::{Evaluation, Frame};
use crate::train::measured::Measured;

/// Derives what the page shows of a step: `step`, `pairs` `[lane, pair]`, `learning_rate` `[lane]`, and what was measured.
pub(super) fn of_step((step, pairs, learning_rate): (usize, Vec<u32>, Vec<f32>), mut m: Measured) -> Frame {
    let lanes = learning_rate.len();
    let n = pairs.len() / lanes;
    for v in [&mut m.losses, &mut m.chosen, &mut m.rejected, &mut m.weights, &mut m.grad_sq, &mut m.pull, &mut m.objective, &mut m.grad_norm, &mut m.tau] {
        finite(v);
    }
    let mut factor = vec![0.0; lanes * n];
    let mut gradient = vec![0.0; lanes * n];
    let mut radius = vec![0.0; lanes];
    for lane in 0..lanes {
        let of = lane * n..(lane + 1) * n;
        let w = &m.weights[of.clone()];
        radius[lane] = kl_from_uniform(w);
        let transports = m.grad_sq[of.clone()].iter().any(|v| *v > 0.0);
        factor[of.clone()].copy_from_slice(&scaled(if transports { &m.grad_sq[of.clone()] } else { w }, n as f32));
        gradient[of.clone()].copy_from_slice(&scaled(&m.pull[of], 1.0));
    }
    Frame {
        step, pairs, losses: m.losses, chosen: m.chosen, rejected: m.rejected, factor, gradient, objective: m.objective,
        grad_norm: m.grad_norm, learning_rate, radius, tau: m.tau,
    }
}

/// KL(w/Σw ‖ uniform), nats.
fn kl_from_uniform(weights: &[f32]) -> f32 {
    let (n, total) = (weights.len() as f32, weights.iter().sum::<f32>());
    weights.iter().map(|w| w / total).filter(|p| *p > 0.0).map(|p| p * (p * n).ln()).sum::<f32>().max(0.0)
}

/// `values` scaled to the sum `total`.
fn scaled(values: &[f32], total: f32) -> Vec<f32> {
    let sum: f32 = values.iter().sum();
    values.iter().map(|v| if sum > 0.0 { v / sum * total } else { total / values.len() as f32 }).collect()
}

/// JSON has no NaN: a value that is not finite reads 0, and the lane is named in a warning.
fn finite(values: &mut [f32]) {
    values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
}

/// As [`finite`], for all that an evaluation holds.
pub(super) fn finite_evaluation(mut e: Evaluation) -> Evaluation {
    if let Some(c) = &mut e.curve {
        [&mut c.reward, &mut c.reward_se, &mut c.words, &mut c.reference, &mut c.reference_words].into_iter().for_each(|v| finite(v));
    }
    for v in [&mut e.accuracy, &mut e.margin, &mut e.reward, &mut e.reward_se, &mut e.kl, &mut e.distance, &mut e.reference_reward] {
        finite(v);
    }
    e
}
