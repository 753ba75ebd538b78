//! Supervised training of the reference policy on the scenario's corpus.

use super::adamw::{AdamW, Rates, learning_rate};
use super::halfway::{self, Halfway};
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
        let Held::Fused(held) = &mut self.held else { return Err(halfway::bad("this policy is not kept half-way")) };
        held.restore(at.state)?;
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

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::config::{ModelConfig, PolicyKind};
    use crate::policy::{self, Dual, Gpt, ParamSpec};
    use crate::train::state::LaneState;

    /// A transformer that is not known to be one, and so is trained over tensors.
    struct Unknown(Gpt);

    impl Policy for Unknown {
        fn specs(&self) -> Vec<ParamSpec> {
            self.0.specs()
        }

        fn input_shape(&self, tokens: &TokenTensors) -> [usize; 3] {
            self.0.input_shape(tokens)
        }

        fn logps(&self, params: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<2> {
            self.0.logps(params, tokens, moved)
        }
    }

    #[test]
    fn tensors_and_passes_train_alike_and_the_first_update_is_as_large_as_the_warm_up_lets_it() {
        let device = Device::flex();
        let mut config = RunConfig { model: ModelConfig { d_model: 8, layers: 1, heads: 2, context: 8, ..ModelConfig::default() }, ..RunConfig::default() };
        // Texts of different lengths: a loss is the mean over tokens.
        let corpus: Vec<Example> = (0..9).map(|i| Example { prompt: vec![5 + i % 3], completion: vec![6 + i % 5; 1 + i as usize % 4] }).collect();
        let flat = |params: Parameters| params.0.into_iter().flat_map(|t| t.into_data().try_to_vec::<f32>().expect("f32")).collect::<Vec<f32>>();
        for (steps, warmup) in [(100, 5.0), (30, 1.0), (40, 2.0), (6, 1.0)] {
            (config.sft.steps, config.sft.batch) = (steps, 4);
            let gpt = Gpt::new(&config.model, 12, &device);
            let unknown = Unknown(Gpt::new(&config.model, 12, &device));
            let start = flat(Sft::new(&config, &gpt, &device).finish());
            let [fused, plain] = [&gpt as &dyn Policy, &unknown].map(|policy| {
                let mut sft = Sft::new(&config, policy, &device);
                let mut losses = vec![pollster::block_on(sft.advance(policy, &corpus, 1)).expect("a step")];
                let mut first = Sft::new(&config, policy, &device);
                pollster::block_on(first.advance(policy, &corpus, 1)).expect("a step");
                let first = flat(first.finish());
                losses.extend((0..3).map(|_| pollster::block_on(sft.advance(policy, &corpus, 1)).expect("a step")));
                assert_eq!((sft.steps(), sft.done()), (4, false));
                (losses, first, flat(sft.finish()))
            });
            // Nothing is known yet: a word in twelve.
            assert!((fused.0[0] - 12_f32.ln()).abs() < 0.1, "{:?}", fused.0);
            for (a, b) in fused.0.iter().zip(&plain.0) {
                assert!((a - b).abs() < 1e-4 * b, "{:?} against {:?}", fused.0, plain.0);
            }
            // AdamW's first update is its rate wherever there is a gradient, but for the decay of 0.01.
            let expected = (3e-3 / warmup) as f32;
            for first in [&fused.1, &plain.1] {
                let largest = first.iter().zip(&start).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!((largest / expected - 1.0).abs() < 0.02, "{steps} steps: {largest} against {expected}");
            }
            // Where a gradient is all but zero the update follows its sign, so they are compared all together.
            let norm = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
            assert!(norm(&fused.2, &plain.2) < 0.15 * norm(&fused.2, &start), "{} of {}", norm(&fused.2, &plain.2), norm(&fused.2, &start));
        }
        // It ends with its last step, however many are asked for.
        let gpt = Gpt::new(&config.model, 12, &device);
        let mut sft = Sft::new(&config, &gpt, &device);
        assert!(pollster::block_on(sft.advance(&gpt, &corpus, 99)).expect("steps").is_finite());
        assert_eq!((sft.steps(), sft.done()), (6, true));
        assert!(pollster::block_on(sft.advance(&gpt, &corpus, 1)).expect("nothing").is_nan() && sft.steps() == 6);
    }

    #[test]
    fn a_state_of_another_policy_is_refused_and_changes_nothing() {
        let config = RunConfig { model: ModelConfig { d_model: 8, layers: 1, heads: 2, ..ModelConfig::default() }, ..RunConfig::default() };
        let (device, corpus) = (Device::flex(), [Example { prompt: vec![5, 6], completion: vec![7] }]);
        let gpt = Gpt::new(&config.model, 9, &device);
        let mut sft = Sft::new(&config, &gpt, &device);
        pollster::block_on(sft.advance(&gpt, &corpus, 3)).expect("steps");
        let at = sft.halfway().expect("a policy in fused passes");
        for vector in 0..3 {
            for change in [|v: &mut Vec<f32>| v.truncate(v.len() - 1), |v: &mut Vec<f32>| v.push(0.0)] {
                let mut wrong = Halfway { step: 2, position: 1, ..at.clone() };
                let LaneState { params, first, second, .. } = &mut wrong.state;
                change([params, first, second][vector]);
                let error = sft.go_on(wrong).expect_err("it does not fit");
                assert!(error.message.contains(&format!("{} parameters", at.state.params.len())), "{error}");
                assert_eq!(sft.halfway().as_ref(), Some(&at));
            }
        }
        let mut fresh = Sft::new(&config, &gpt, &device);
        fresh.go_on(at.clone()).expect("it fits");
        assert_eq!((fresh.steps(), fresh.halfway()), (3, Some(at)));
        // Tables are trained over tensors, in a moment, and are not kept.
        let table = ModelConfig { policy: PolicyKind::LogLinear, ..ModelConfig::default() };
        let table = policy::build(&table, 9, &device);
        let mut plain = Sft::new(&config, table.as_ref(), &device);
        assert!(plain.halfway().is_none());
        let nothing = Halfway { stage: Stage::Sft, step: 1, position: 0, state: LaneState::default(), reward: None };
        assert!(plain.go_on(nothing).is_err() && plain.steps() == 0);
    }
}
