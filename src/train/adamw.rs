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
        // A quarter of the way down a cosine, from a peak of 3.
        assert!((learning_rate(3.0, &config, 35) - 3.0 * (0.1 + 0.45 * (1.0 + 0.5_f64.sqrt()))).abs() < 1e-12);
        let constant = TrainConfig { schedule: Schedule::Constant, ..config.clone() };
        assert_eq!([0, 4, 9, 10, 500].map(|step| learning_rate(2.0, &constant, step)), [0.2, 1.0, 2.0, 2.0, 2.0]);
        let at_once = TrainConfig { warmup: 0, ..constant };
        assert_eq!([0, 1, 70].map(|step| learning_rate(2.0, &at_once, step)), [2.0; 3]);
        // Warm-up as long as the run: the fall comes in one step after it.
        let short = TrainConfig { steps: 5, warmup: 5, ..config };
        assert_eq!([learning_rate(1.0, &short, 4), learning_rate(1.0, &short, 6)].map(|r| (r * 1e9).round()), [1e9, 1e8]);
    }

    /// AdamW as published, one number at a time.
    fn by_hand(p: &mut [f64], grads: &[Vec<f64>], rate: f64, decay: &[f64], clip: f64) -> Vec<f64> {
        let (mut m, mut v) = (vec![0.0; p.len()], vec![0.0; p.len()]);
        grads.iter().zip(1..).map(|(g, t)| {
            let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
            let scale = (clip / norm).min(1.0);
            for i in 0..p.len() {
                m[i] = 0.9 * m[i] + 0.1 * scale * g[i];
                v[i] = 0.999 * v[i] + 0.001 * (scale * g[i]).powi(2);
                let (mean, square) = (m[i] / (1.0 - 0.9_f64.powi(t)), v[i] / (1.0 - 0.999_f64.powi(t)));
                p[i] -= rate * (mean / (square.sqrt() + 1e-8) + decay[i] * p[i]);
            }
            norm
        }).collect()
    }

    #[test]
    fn updates_are_adamws_lane_by_lane_and_a_frozen_lane_stays() {
        let device = Device::flex();
        // A matrix, which decays, and a vector, which does not.
        let specs = [("w", true), ("b", false)].map(|(name, decay)| ParamSpec { name: name.into(), shape: [1, 2], init: crate::policy::Init::Zero, decay });
        let tensor = |values: [[f32; 2]; 3]| Tensor::<3>::from_data(burn::tensor::TensorData::from([[values[0]], [values[1]], [values[2]]]), &device);
        let start = [[[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]], [[0.0, 3.0], [-0.5, 0.125], [2.0, 2.0]]];
        let grads = |step: usize| [0, 1].map(|of| [0, 1, 2].map(|lane| [0, 1].map(|i| ((7 * step + 5 * of + 3 * lane + i) % 6) as f32 * [0.1, 0.7, 40.0][lane] - 0.2)));
        let mut params = Parameters(start.map(tensor).to_vec());
        let mut optimizer = AdamW::new(&specs, &params);
        optimizer.frozen[2] = true;
        let learning_rate = [0.01, 0.1, 0.5];
        let mut norms = vec![];
        for step in 0..4 {
            let norm = optimizer.step(&mut params, grads(step).map(tensor).to_vec(), &Rates { learning_rate: &learning_rate, weight_decay: 0.3, clip: 1.5 });
            norms.push(norm.into_data().try_to_vec::<f32>().expect("f32"));
        }
        let found: Vec<Vec<f32>> = params.0.iter().map(|t| t.clone().into_data().try_to_vec::<f32>().expect("f32")).collect();
        let both = |of: [[[f32; 2]; 3]; 2], lane: usize| [of[0][lane], of[1][lane]].concat().iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        for lane in 0..3 {
            let mut p = both(start, lane);
            let all: Vec<Vec<f64>> = (0..4).map(|step| both(grads(step), lane)).collect();
            let expected_norms = by_hand(&mut p, &all, learning_rate[lane], &[0.3, 0.3, 0.0, 0.0], 1.5);
            let p = if lane == 2 { both(start, lane) } else { p };
            let now = [&found[0][2 * lane..2 * lane + 2], &found[1][2 * lane..2 * lane + 2]].concat();
            assert!(now.iter().zip(&p).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5), "lane {lane}: {now:?} against {p:?}");
            assert!(norms.iter().zip(&expected_norms).all(|(n, e)| (f64::from(n[lane]) / e - 1.0).abs() < 1e-5), "lane {lane}: {norms:?}");
        }
        assert!(norms.iter().any(|n| n[0] < 1.5) && norms.iter().any(|n| n[1] > 1.5), "{norms:?}");
        for moments in [&optimizer.first, &optimizer.second] {
            assert!(moments.iter().all(|t| t.clone().narrow(0, 2, 1).into_data().try_to_vec::<f32>().expect("f32") == [0.0, 0.0]), "a frozen lane has no moments");
        }
    }
}
