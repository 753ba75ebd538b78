//! Supervised training of the reference policy on the scenario's corpus.

use super::adamw::{AdamW, Rates, learning_rate};
use super::halfway::Halfway;
use super::measured::read_f32;
use crate::config::{RunConfig, Schedule, TrainConfig};
use crate::data::{Example, TokenBatch};
use crate::error::Result;
use crate::event::Stage;
use crate::fused::cpu::adamw::Rate;
use crate::fused::cpu::policy::CpuPolicy;
use crate::fused::layout::Layout;
use crate::policy::{Parameters, Perturbation, Policy, TokenTensors};
use crate::rng::{Stream, Streams};
use burn::tensor::{Device, Tensor};

/// The policy that is trained.
enum Held {
    Plain(Parameters, AdamW),
    /// The transformer on the CPU, in fused passes.
    Fused(Box<CpuPolicy>),
}

/// Training of one policy by maximum likelihood of completions.
pub struct Sft {
    held: Held,
    rng: Stream,
    schedule: TrainConfig,
    batch: usize,
    step: usize,
    context: usize,
    device: Device,
}

impl Sft {
    /// A fresh policy, drawn from the run's seed.
    pub fn new(config: &RunConfig, policy: &dyn Policy, device: &Device) -> Self {
        let streams = Streams::new(u64::from(config.seed));
        let specs = policy.specs();
        let params = Parameters::init(&specs, &mut streams.stream("sft/init"), device);
        let held = match Layout::fused_on(policy, device) {
            Some(layout) => Held::Fused(Box::new(CpuPolicy::new(layout, &params))),
            None => {
                let optimizer = AdamW::new(&specs, &params);
                Held::Plain(params, optimizer)
            }
        };
        let schedule = TrainConfig {
            steps: config.sft.steps,
            warmup: (config.sft.steps / 20).max(1),
            schedule: Schedule::Cosine,
            learning_rate: config.sft.learning_rate,
            weight_decay: 0.01,
            clip: 1.0,
            ..TrainConfig::default()
        };
        Self {
            held, schedule, rng: streams.stream("sft/batches"), batch: config.sft.batch, step: 0,
            context: config.model.context, device: device.clone(),
        }
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Whether every step is done.
    pub fn done(&self) -> bool {
        self.step >= self.schedule.steps
    }

    /// Trains `n` steps, then reads the last loss (nats per token) back.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn advance(&mut self, policy: &dyn Policy, corpus: &[Example], n: usize) -> Result<f32> {
        let mut last = Loss::Known(f32::NAN);
        for _ in 0..n.min(self.schedule.steps - self.step) {
            last = self.one(policy, corpus);
        }
        match last {
            Loss::Known(loss) => Ok(loss),
            Loss::OnDevice(loss) => Ok(read_f32(loss).await?[0]),
        }
    }

    fn one(&mut self, policy: &dyn Policy, corpus: &[Example]) -> Loss {
        let mut batch = TokenBatch::new(self.context);
        for _ in 0..self.batch {
            let example = self.rng.pick(corpus);
            batch.push(&example.prompt, &example.completion);
        }
        let counted: f32 = batch.loss_mask.iter().sum();
        let scale = -1.0 / counted.max(1.0);
        let rate = learning_rate(self.schedule.learning_rate, &self.schedule, self.step);
        let (weight_decay, clip) = (self.schedule.weight_decay, self.schedule.clip);
        self.step += 1;
        match &mut self.held {
            Held::Fused(held) => Loss::Known(held.step(&batch, scale, Rate { learning_rate: rate, weight_decay, clip })),
            Held::Plain(params, optimizer) => {
                let tokens = TokenTensors::new(&[&batch], 1, &self.device);
                let tracked = params.tracked();
                let logps = policy.logps(&tracked, &tokens, &Perturbation::default()).x;
                let loss = logps.sum() * scale;
                let mut gradients = loss.backward();
                let grads = tracked.0.iter().map(|p| p.grad_remove(&mut gradients).unwrap_or_else(|| p.clone().inner().zeros_like())).collect();
                optimizer.step(params, grads, &Rates { learning_rate: &[rate], weight_decay, clip });
                Loss::OnDevice(loss.inner())
            }
        }
    }

    /// All that [`Self::go_on`] needs; none where plain tensors train.
    pub fn halfway(&self) -> Option<Halfway> {
        let Held::Fused(held) = &self.held else { return None };
        Some(Halfway { stage: Stage::Sft, step: self.step, position: self.rng.position(), state: held.state(), reward: None })
    }

    /// Takes a fresh training up where `at` was left.
    ///
    /// # Errors
    /// Where it does not fit; nothing is changed then.
    pub fn go_on(&mut self, at: Halfway) -> Result<()> {
        let Held::Fused(held) = &mut self.held else { return at.state.fits(0) };
        at.state.fits(held.state().params.len())?;
        held.restore(at.state);
        self.rng.seek(at.position);
        self.step = at.step;
        Ok(())
    }

    /// The trained policy, one lane.
    pub fn finish(self) -> Parameters {
        match self.held {
            Held::Plain(params, _) => params,
            Held::Fused(held) => held.parameters(),
        }
    }
}

/// Loss of one step, nats per token.
enum Loss {
    Known(f32),
    OnDevice(Tensor<1>),
}
