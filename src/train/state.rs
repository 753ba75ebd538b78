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

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::config::{LaneConfig, ModelConfig, PolicyKind, RunConfig};
    use crate::data::PreferencePair;
    use crate::policy::{Gpt, LogLinear, Parameters, Policy};
    use burn::tensor::Device;

    #[test]
    fn any_number_of_a_lane_may_be_the_one_that_is_not_finite() {
        let good = LaneState { params: vec![1.0; 2], first: vec![0.0; 2], second: vec![2.0; 2], steps: 3, method: Some(vec![0.5; 2]) };
        assert!(good.finite() && LaneState { method: None, ..good.clone() }.finite());
        for vector in 0..4 {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut bad = good.clone();
                let LaneState { params, first, second, method, .. } = &mut bad;
                [params, first, second, method.as_mut().expect("there")][vector][1] = value;
                assert!(!bad.finite(), "vector {vector}");
            }
        }
    }

    #[test]
    fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
        let device = Device::flex();
        // Over tensors, in passes, and the transformer over tensors, whose parameters are matrices of many shapes.
        for (kind, plain) in [(PolicyKind::LogLinear, true), (PolicyKind::Gpt, false), (PolicyKind::Gpt, true)] {
            let model = ModelConfig { policy: kind, d_model: 8, layers: 1, heads: 2, context: 8, ..ModelConfig::default() };
            let policy: Box<dyn Policy> = if kind == PolicyKind::Gpt { Box::new(Gpt::new(&model, 12, &device)) } else { Box::new(LogLinear::new(12)) };
            let lanes = vec![LaneConfig::new("dpo"), LaneConfig { seed: 4, ..LaneConfig::new("gr_dpo") }, LaneConfig::new("gr_dpo")];
            let mut config = RunConfig { model, lanes, ..RunConfig::default() };
            (config.train.batch, config.train.warmup) = (2, 0);
            let pairs: Vec<PreferencePair> = (0..5).map(|i| PreferencePair { prompt: vec![5], chosen: vec![6 + i], rejected: vec![11], group: i as usize % 2, flipped: false, confidence: 1.0 }).collect();
            let reference = Parameters::init(&policy.specs(), &mut Streams::new(1).stream("state"), &device);
            let open = || if plain { Trainer::plain(&config, policy.as_ref(), &reference, 2, &device) } else { Trainer::new(&config, policy.as_ref(), &reference, 2, &device) };
            let state = |trainer: &Trainer| pollster::block_on(trainer.state()).expect("a state");
            let steps = |trainer: &mut Trainer, n: usize| (0..n).for_each(|_| drop(trainer.step(policy.as_ref(), &pairs, &[[-2.0, -3.0]; 5])));
            let mut trainer = open();
            steps(&mut trainer, 3);
            let at = state(&trainer);
            steps(&mut trainer, 2);
            let end = state(&trainer);
            let mut again = open();
            let fresh = state(&again);
            let changes: [(fn(&mut TrainerState), &str); 8] = [
                (|s| drop(s.lanes.pop()), "2 lanes, this run has 3"), (|s| s.lanes.push(LaneState::default()), "4 lanes, this run has 3"), (|s| s.lanes[2].params.truncate(3), "lane 2 does not have"),
                (|s| s.lanes[1].first.push(0.0), "lane 1 does not have"), (|s| s.lanes[0].second.truncate(3), "lane 0 does not have"), (|s| s.orders[1].seed = 5, "the batch order of lane seed 4 is missing"),
                (|s| s.orders[0].left.push(5), "the batch order of lane seed 0 names pair 5 of 5"), (|s| s.orders[1].left.insert(0, 9), "names pair 9 of 5"),
            ];
            for (change, part) in changes {
                let mut wrong = at.clone();
                change(&mut wrong);
                let error = again.restore(&wrong, 5).expect_err(part);
                assert!(error.message.contains(part), "{kind:?}: `{error}` does not say `{part}`");
                assert!(state(&again) == fresh, "{kind:?}: {part}");
            }
            again.restore(&at, 5).expect("it fits");
            assert!(state(&again) == at, "{kind:?}");
            steps(&mut again, 2);
            assert!(state(&again) == end, "{kind:?}: it goes on otherwise");
        }
    }
}
