//! AdamW over one lane's flat vector; the formula of [`crate::train::adamw`] in one sweep.

use super::vector::{map, map1, map2, sum, with};
use crate::error::Result;
use crate::fused::layout::Layout;
use crate::train::adamw::{BETA1, BETA2, CLIP_EPS, EPS};
use crate::train::state::LaneState;
use pulp::Simd;

/// Moments of one lane.
#[derive(Clone)]
pub struct Moments {
    /// First moments.
    pub first: Vec<f32>,
    /// Second moments.
    pub second: Vec<f32>,
    /// Updates so far.
    pub steps: i32,
}

/// A single policy with its optimizer, as it is kept and taken up again.
pub(super) fn kept(params: &[f32], moments: &Moments) -> LaneState {
    let Moments { first, second, steps } = moments.clone();
    LaneState { params: params.to_vec(), first, second, steps, method: None }
}

/// The opposite of [`kept`]; refuses what is not of `len` parameters.
pub(super) fn taken(state: LaneState, len: usize) -> Result<(Vec<f32>, Moments)> {
    state.fits(len)?;
    Ok((state.params, Moments { first: state.first, second: state.second, steps: state.steps }))
}

/// The lane's learning rate and what all lanes share.
#[derive(Clone, Copy)]
pub struct Rate {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest global gradient norm.
    pub clip: f64,
}

/// Elements whose squares are summed in one go; the sums themselves are added in double precision.
const CHUNK: usize = 4096;

impl Moments {
    /// Zero, for `len` parameters.
    pub fn new(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len], steps: 0 }
    }

    /// One update of `params`; `grads` is overwritten. Returns the gradient norm before the clip.
    #[inline(always)]
    pub fn step<S: Simd>(&mut self, simd: S, layout: &Layout, params: &mut [f32], grads: &mut [f32], rate: Rate) -> f32 {
        self.steps += 1;
        with(
            simd,
            #[inline(always)]
            || {
                let squares: f64 = grads.chunks(CHUNK).map(|g| f64::from(sum(simd, g, |g| simd.mul_f32s(g, g)))).sum();
                let norm = squares.sqrt();
                let scale = (rate.clip / (norm + CLIP_EPS)).min(1.0) as f32;
                let of = |v: f64| simd.splat_f32s(v as f32);
                let (scale, b1, b2, rest1, rest2) = (simd.splat_f32s(scale), of(BETA1), of(BETA2), of(1.0 - BETA1), of(1.0 - BETA2));
                let (c1, c2) = (of(1.0 / (1.0 - BETA1.powi(self.steps))), of(1.0 / (1.0 - BETA2.powi(self.steps))));
                let (eps, minus_rate) = (of(EPS), of(-rate.learning_rate));
                if rate.weight_decay > 0.0 {
                    let keep = of(1.0 - rate.learning_rate * rate.weight_decay);
                    for range in &layout.decay {
                        map(simd, &mut params[range.clone()], |p| simd.mul_f32s(p, keep));
                    }
                }
                map1(simd, &mut self.first, grads, |m, g| simd.mul_add_e_f32s(m, b1, simd.mul_f32s(simd.mul_f32s(g, scale), rest1)));
                map1(simd, &mut self.second, grads, |v, g| {
                    let g = simd.mul_f32s(g, scale);
                    simd.mul_add_e_f32s(v, b2, simd.mul_f32s(simd.mul_f32s(g, g), rest2))
                });
                map2(simd, params, &self.first, &self.second, |p, m, v| {
                    let root = simd.add_f32s(simd.sqrt_f32s(simd.mul_f32s(v, c2)), eps);
                    simd.mul_add_e_f32s(simd.div_f32s(simd.mul_f32s(m, c1), root), minus_rate, p)
                });
                norm as f32
            },
        )
    }
}
