//! AdamW over a stack of lanes, each with its own learning rate, gradient clip and schedule.
//! Loshchilov & Hutter, arXiv 1711.05101; decoupled decay on matrices only.

use super::keep::mask;
use crate::config::{Schedule, TrainConfig};
use crate::policy::{ParamSpec, Parameters};
use burn::tensor::{Device, Tensor};

pub(crate) const BETA1: f64 = 0.9;
pub(crate) const BETA2: f64 = 0.999;
pub(crate) const EPS: f64 = 1e-8;
/// Keeps the clip's division finite.
pub(crate) const CLIP_EPS: f64 = 1e-6;

/// The optimizer's state for one stack.
pub struct AdamW {
    pub(super) first: Vec<Tensor<3>>,
    pub(super) second: Vec<Tensor<3>>,
    decay: Vec<bool>,
    /// Updates so far, `[lane]`.
    pub(super) steps: Vec<i32>,
    /// Lanes that are no longer updated, `[lane]`.
    pub(super) frozen: Vec<bool>,
}

/// What one update needs beside gradients.
pub struct Rates<'a> {
    /// Learning rate of each lane.
    pub learning_rate: &'a [f64],
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest global gradient norm.
    pub clip: f64,
}

impl AdamW {
    /// Zero moments for `params`.
    pub fn new(specs: &[ParamSpec], params: &Parameters) -> Self {
        let zeros = || params.0.iter().map(Tensor::zeros_like).collect();
        Self { first: zeros(), second: zeros(), decay: specs.iter().map(|s| s.decay).collect(), steps: vec![0; params.lanes()], frozen: vec![false; params.lanes()] }
    }

    /// One update in place. Returns the gradient norm before the clip, `[lane, 1]`.
    pub fn step(&mut self, params: &mut Parameters, grads: Vec<Tensor<3>>, rates: &Rates<'_>) -> Tensor<2> {
        self.steps.iter_mut().for_each(|s| *s += 1);
        let lanes = params.lanes();
        let device = params.0[0].device();
        let squares = grads.iter().map(|g| g.clone().square().sum_dim(2).sum_dim(1).reshape([lanes, 1])).collect();
        let norm = Tensor::cat(squares, 1).sum_dim(1).sqrt(); // [L, 1]
        let scale = ((norm.clone() + CLIP_EPS).recip() * rates.clip).clamp_max(1.0).reshape([lanes, 1, 1]);
        let rate = per_lane(rates.learning_rate, &device);
        let correction = |beta: f64| per_lane(&self.steps.iter().map(|s| 1.0 - beta.powi(*s)).collect::<Vec<_>>(), &device);
        let (c1, c2) = (correction(BETA1), correction(BETA2));
        let frozen = self.frozen.contains(&true).then(|| mask(&self.frozen, &device).reshape([lanes, 1, 1]));
        for (i, g) in grads.into_iter().enumerate() {
            let g = g * scale.clone();
            let m = self.first[i].clone() * BETA1 + g.clone() * (1.0 - BETA1);
            let v = self.second[i].clone() * BETA2 + g.square() * (1.0 - BETA2);
            let p = params.0[i].clone();
            let mut update = (m.clone() / c1.clone()) / ((v.clone() / c2.clone()).sqrt() + EPS);
            if self.decay[i] && rates.weight_decay > 0.0 {
                update = update + p.clone() * rates.weight_decay;
            }
            let moved = p.clone() - update * rate.clone();
            let pairs = [(&mut params.0[i], moved), (&mut self.first[i], m), (&mut self.second[i], v)];
            for (old, new) in pairs {
                *old = match &frozen {
                    Some(frozen) => new.mask_where(frozen.clone().expand(old.dims()), old.clone()),
                    None => new,
                };
            }
        }
        norm
    }
}

fn per_lane(values: &[f64], device: &Device) -> Tensor<3> {
    let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    Tensor::<1>::from_floats(values.as_slice(), device).reshape([values.len(), 1, 1])
}

/// Learning rate at `step` (from 0): linear warm-up, then constant or half a cosine down to a tenth.
pub fn learning_rate(peak: f64, config: &TrainConfig, step: usize) -> f64 {
    let warm = if config.warmup == 0 { 1.0 } else { ((step + 1) as f64 / config.warmup as f64).min(1.0) };
    let decay = match config.schedule {
        Schedule::Constant => 1.0,
        Schedule::Cosine => {
            let span = config.steps.saturating_sub(config.warmup).max(1) as f64;
            let done = (step.saturating_sub(config.warmup) as f64 / span).min(1.0);
            0.1 + 0.9 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
        }
    };
    peak * warm * decay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_warms_up_and_falls_to_a_tenth() {
        let config = TrainConfig { steps: 110, warmup: 10, schedule: Schedule::Cosine, ..TrainConfig::default() };
        assert!((learning_rate(1.0, &config, 0) - 0.1).abs() < 1e-12);
        assert!((learning_rate(1.0, &config, 9) - 1.0).abs() < 1e-12);
        assert!((learning_rate(1.0, &config, 60) - 0.55).abs() < 1e-12);
        assert!((learning_rate(1.0, &config, 110) - 0.1).abs() < 1e-12);
        assert!((learning_rate(1.0, &config, 9999) - 0.1).abs() < 1e-12);
    }
}
