//! What a trainer needs to go on from where it is: lanes, optimizers, methods and batch orders.

use super::draw::Order;
use super::trainer::{Lanes, Trainer};
use crate::error::{Error, ErrorCode, Result};
use crate::rng::Streams;

/// One lane. Vectors are flat, in the order of the policy's parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LaneState {
    /// Parameters.
    pub params: Vec<f32>,
    /// First moments of AdamW.
    pub first: Vec<f32>,
    /// Second moments of AdamW.
    pub second: Vec<f32>,
    /// Updates that the moments have seen.
    pub steps: i32,
    /// What the method keeps from step to step, where it has begun to keep something.
    pub method: Option<Vec<f32>>,
}

impl LaneState {
    /// Whether every number is finite.
    pub fn finite(&self) -> bool {
        [&self.params, &self.first, &self.second].into_iter().chain(&self.method).all(|v| v.iter().all(|x| x.is_finite()))
    }
}

/// The batch order of the lanes of one seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// Seed of the lanes.
    pub seed: u32,
    /// Words that its random stream has given.
    pub position: u64,
    /// What is left of the epoch, last first.
    pub left: Vec<u32>,
}

/// A whole trainer.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerState {
    /// Steps done.
    pub step: usize,
    /// Orders, by seed.
    pub orders: Vec<OrderState>,
    /// Lanes, in the run's order.
    pub lanes: Vec<LaneState>,
}

fn unfit(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::Checkpoint, format!("checkpoint: {}", what.into()), "use the checkpoint of this run")
}

impl Trainer {
    /// Everything that [`Trainer::restore`] needs, read from wherever it lies.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device fails.
    pub async fn state(&self) -> Result<TrainerState> {
        let lanes = match &self.policies {
            Lanes::Plain(plain) => plain.states().await?,
            Lanes::Cpu(cpu) => cpu.states(),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.states().await?,
        };
        let orders = self.orders.iter().map(|(seed, o)| OrderState { seed: *seed, position: o.rng.position(), left: o.left.clone() }).collect();
        Ok(TrainerState { step: self.steps(), orders, lanes })
    }

    /// Goes on from `state`, whose batches are of `pairs` pairs. The lanes must be those that it was taken from.
    ///
    /// # Errors
    /// [`ErrorCode::Checkpoint`] where it does not fit; nothing is changed then.
    pub fn restore(&mut self, state: &TrainerState, pairs: usize) -> Result<()> {
        let len: usize = self.reference.0.iter().map(|t| t.shape().num_elements()).sum();
        if state.lanes.len() != self.lanes.len() {
            return Err(unfit(format!("{} lanes, this run has {}", state.lanes.len(), self.lanes.len())));
        }
        if let Some(lane) = state.lanes.iter().position(|l| [&l.params, &l.first, &l.second].iter().any(|v| v.len() != len)) {
            return Err(unfit(format!("lane {lane} does not have {len} parameters")));
        }
        let streams = Streams::new(u64::from(self.seed));
        let mut orders = Vec::with_capacity(self.orders.len());
        for (seed, _) in &self.orders {
            let Some(saved) = state.orders.iter().find(|o| o.seed == *seed) else {
                return Err(unfit(format!("the batch order of lane seed {seed} is missing")));
            };
            if let Some(id) = saved.left.iter().find(|i| **i as usize >= pairs) {
                return Err(unfit(format!("the batch order of lane seed {seed} names pair {id} of {pairs}")));
            }
            let mut rng = streams.stream(&order_name(*seed));
            rng.seek(saved.position);
            orders.push((*seed, Order { rng, left: saved.left.clone() }));
        }
        match &mut self.policies {
            Lanes::Plain(plain) => plain.restore(&state.lanes)?,
            Lanes::Cpu(cpu) => cpu.restore(&state.lanes),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.restore(&state.lanes),
        }
        (self.orders, self.step) = (orders, state.step);
        Ok(())
    }
}

/// The random stream that orders the batches of lanes of this seed.
pub(super) fn order_name(seed: u32) -> String {
    format!("shuffle/{seed}")
}
