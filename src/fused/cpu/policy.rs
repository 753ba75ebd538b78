//! Maximum-likelihood training of a single policy.

use super::adamw::{Moments, Rate, kept, taken};
use super::pass::{Pass, Workspace};
use super::rows::Rows;
use crate::data::TokenBatch;
use crate::error::Result;
use crate::fused::layout::Layout;
use crate::policy::Parameters;
use crate::train::state::LaneState;
use burn::tensor::Device;
use super::vector::dispatch;
use pulp::{Simd, WithSimd};

/// A policy with its optimizer.
pub struct CpuPolicy {
    layout: Layout,
    params: Vec<f32>,
    grads: Vec<f32>,
    moments: Moments,
    ws: Workspace,
}

impl CpuPolicy {
    /// Starts at `params` (one lane, on the CPU).
    pub fn new(layout: Layout, params: &Parameters) -> Self {
        let params = layout.flatten(params).swap_remove(0);
        Self { grads: vec![0.0; layout.len], moments: Moments::new(layout.len), params, layout, ws: Workspace::default() }
    }

    /// One update on the loss `scale · Σ log π` of `batch`; returns the loss before it.
    pub fn step(&mut self, batch: &TokenBatch, scale: f32, rate: Rate) -> f32 {
        dispatch(Step { rows: Rows::new(batch), policy: self, scale, rate })
    }

    /// Everything that [`Self::restore`] needs.
    pub fn state(&self) -> LaneState {
        kept(&self.params, &self.moments)
    }

    /// Goes on from `state`.
    ///
    /// # Errors
    /// Where it does not fit the layout; nothing is changed then.
    pub fn restore(&mut self, state: LaneState) -> Result<()> {
        (self.params, self.moments) = taken(state, self.layout.len)?;
        Ok(())
    }

    /// The policy as tensors, one lane.
    pub fn parameters(&self) -> Parameters {
        self.layout.tensors(&[&self.params], &Device::flex())
    }
}

struct Step<'a> {
    rows: Rows,
    policy: &'a mut CpuPolicy,
    scale: f32,
    rate: Rate,
}

impl WithSimd for Step<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { rows, policy, scale, rate } = self;
        let CpuPolicy { layout, params, grads, moments, ws } = policy;
        grads.fill(0.0);
        let pass = Pass { simd, layout, params, rows: &rows };
        pass.forward(ws, false);
        let loss = scale * rows.sums(&ws.logp).iter().sum::<f32>();
        pass.backward(ws, &vec![scale; rows.sequences()], grads);
        moments.step(simd, layout, params, grads, rate);
        loss
    }
}
