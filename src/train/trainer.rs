//! One training step of every lane, without a read-back.
//!
//! Here is the schedule. The lanes themselves are over tensors ([`super::plain`]) or, for the transformer, in passes of
//! our own ([`crate::fused`]); which pairs they see is in `draw.rs`, what a step measured in [`super::measured`], and what
//! an evaluation wants to know in `scores.rs`.

use super::adamw::{Rates, learning_rate};
use super::draw::{Order, see, with_rows};
use super::measured::{Measured, Parts, StepMetrics};
use super::plain::PlainLanes;
use super::state::order_name;
use super::table::Table;
use crate::config::{LaneConfig, RunConfig, TrainConfig};
use crate::data::PreferencePair;
#[cfg(feature = "gpu")]
use crate::data::TokenBatch;
use crate::error::Result;
#[cfg(feature = "gpu")]
use crate::eval::groups::by_pair;
use crate::fused::cpu::adamw::Rate;
use crate::fused::cpu::lanes::CpuLanes;
#[cfg(feature = "gpu")]
use crate::fused::gpu::{GpuLanes, PairTable, Who};
use crate::fused::layout::Layout;
use crate::policy::{Parameters, Policy};
use crate::rng::Streams;
use burn::tensor::Device;
use std::sync::Arc;

/// Who holds the lanes.
pub(super) enum Lanes {
    Plain(PlainLanes),
    Cpu(CpuLanes),
    #[cfg(feature = "gpu")]
    Gpu(Box<GpuLanes>),
}

/// Everything that is trained.
pub struct Trainer {
    pub(super) policies: Lanes,
    pub(super) reference: Parameters,
    pub(super) device: Device,
    pub(super) lanes: Vec<LaneConfig>,
    pub(super) config: TrainConfig,
    pub(super) seed: u32,
    pub(super) context: usize,
    groups: usize,
    pub(super) orders: Vec<(u32, Order)>,
    /// Lanes' own pairs; empty where every lane sees the run's.
    pub(super) tables: Vec<Option<Arc<Table>>>,
    pub(super) step: usize,
    /// Multiplies each lane's learning rate, `[lane]`.
    pub(super) scale: Vec<f64>,
}

impl Trainer {
    /// Every lane of `config` starts at `reference` (one lane). The transformer on the CPU trains in fused passes,
    /// everything else over tensors.
    pub fn new(config: &RunConfig, policy: &dyn Policy, reference: &Parameters, groups: usize, device: &Device) -> Self {
        match Layout::fused_on(policy, device) {
            Some(layout) => {
                let lanes = CpuLanes::new(layout, &config.lanes, reference);
                Self::with(config, groups, Lanes::Cpu(lanes), reference, device)
            }
            None => Self::plain(config, policy, reference, groups, device),
        }
    }

    /// As [`Trainer::new`], but always over tensors: the witness for the fused passes.
    pub fn plain(config: &RunConfig, policy: &dyn Policy, reference: &Parameters, groups: usize, device: &Device) -> Self {
        let lanes = PlainLanes::new(&config.lanes, policy, reference, groups, device);
        Self::with(config, groups, Lanes::Plain(lanes), reference, device)
    }

    /// The transformer on the GPU, in kernels of our own, and the reference's log-probabilities of `pairs`, which come from
    /// the GPU too. Tensors of `reference` are on the CPU.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the GPU fails.
    #[cfg(feature = "gpu")]
    pub async fn on_gpu(
        config: &RunConfig, gpt: &crate::policy::Gpt, reference: &Parameters, groups: usize, gpu: std::sync::Arc<crate::fused::gpu::Gpu>,
        pairs: &[PreferencePair],
    ) -> Result<(Self, Vec<[f32; 2]>)> {
        let (layout, context) = (Layout::of(gpt.shape()), config.model.context);
        let mut table = PairTable { tokens: vec![], mask: vec![], reference: vec![0.0; 2 * pairs.len()], group: vec![], groups, soft: vec![] };
        for pair in pairs {
            let batch = TokenBatch::from_pairs([pair], context);
            table.tokens.extend(batch.tokens);
            table.mask.extend(batch.loss_mask);
            table.group.push(pair.group as u32);
            table.soft.push(pair.confidence);
        }
        let flat = layout.flatten(reference).swap_remove(0);
        let batch = config.train.batch.min(pairs.len());
        let mut lanes = GpuLanes::new(gpu, &layout, &config.lanes, &flat, &table, batch)?;
        let scores = by_pair(lanes.logps(&TokenBatch::from_pairs(pairs, context), Who::Reference).await?).swap_remove(0);
        lanes.set_reference(scores.concat());
        Ok((Self::with(config, groups, Lanes::Gpu(Box::new(lanes)), reference, &Device::flex()), scores))
    }

    fn with(config: &RunConfig, groups: usize, policies: Lanes, reference: &Parameters, device: &Device) -> Self {
        let streams = Streams::new(u64::from(config.seed));
        let mut orders: Vec<(u32, Order)> = Vec::new();
        for lane in &config.lanes {
            if !orders.iter().any(|(s, _)| *s == lane.seed) {
                let rng = streams.stream(&order_name(lane.seed));
                orders.push((lane.seed, Order { rng, left: Vec::new() }));
            }
        }
        Self {
            policies, reference: reference.clone(), device: device.clone(), lanes: config.lanes.clone(), config: config.train.clone(), seed: config.seed,
            context: config.model.context, groups, orders, step: 0, scale: vec![1.0; config.lanes.len()], tables: vec![],
        }
    }

    /// Whether reading a step back costs nothing.
    pub fn ready(&self) -> bool {
        matches!(self.policies, Lanes::Cpu(_))
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Replaces hyperparameters from the next step on. Methods and forms must stay as they are.
    pub fn set_lanes(&mut self, lanes: &[LaneConfig], train: &TrainConfig) {
        self.lanes = lanes.to_vec();
        self.config = train.clone();
        match &mut self.policies {
            Lanes::Plain(plain) => plain.set_lanes(lanes),
            Lanes::Cpu(cpu) => cpu.set_lanes(lanes),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => gpu.set_lanes(lanes),
        }
    }

    /// Reads a step back; on the GPU before the next one.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device fails.
    pub async fn read(&mut self, metrics: StepMetrics) -> Result<Measured> {
        #[cfg(feature = "gpu")]
        if let (Lanes::Gpu(gpu), Parts::Gpu(done)) = (&mut self.policies, &metrics.parts) {
            done.clone()?;
            return gpu.measured().await;
        }
        metrics.read().await
    }

    /// Gradients of every lane on given batches, without an update, in the run's order.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device fails.
    pub async fn gradients(
        &mut self, drawn: &[(u32, Vec<u32>)], policy: &dyn Policy, pairs: &[PreferencePair], reference: &[[f32; 2]],
    ) -> Result<Parameters> {
        let batches = self.token_batches(drawn, pairs, reference);
        let drawn = see(drawn, &batches, pairs);
        Ok(match &mut self.policies {
            Lanes::Plain(plain) => plain.gradients(policy, &drawn),
            Lanes::Cpu(cpu) => with_rows(&batches.seen, &drawn, self.groups, |inputs| cpu.gradients(inputs)),
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => {
                gpu.gradients_only(&drawn.rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>())?;
                let flat = gpu.gradients().await?;
                gpu.layout().tensors(&flat.iter().map(Vec::as_slice).collect::<Vec<_>>(), &self.device)
            }
        })
    }

    /// One step of every lane on the next batch. `reference` holds the cached log-probabilities (chosen, rejected)
    /// of each pair.
    pub fn step(&mut self, policy: &dyn Policy, pairs: &[PreferencePair], reference: &[[f32; 2]]) -> StepMetrics {
        let drawn = self.draw(pairs.len());
        self.step_on(drawn, policy, pairs, reference)
    }

    /// One step on given batches: `[pair]` indices for each distinct lane seed.
    pub fn step_on(
        &mut self, drawn: Vec<(u32, Vec<u32>)>, policy: &dyn Policy, pairs: &[PreferencePair], reference: &[[f32; 2]],
    ) -> StepMetrics {
        let rates: Vec<f64> = self.lanes.iter().zip(&self.scale)
            .map(|(l, scale)| scale * learning_rate(l.learning_rate.unwrap_or(self.config.learning_rate), &self.config, self.step)).collect();
        let batches = self.token_batches(&drawn, pairs, reference);
        let (weight_decay, clip) = (self.config.weight_decay, self.config.clip);
        let seen = see(&drawn, &batches, pairs);
        let ids = seen.rows.concat();
        let parts = match &mut self.policies {
            Lanes::Plain(plain) => Parts::Tensors(plain.step(policy, &seen, &Rates { learning_rate: &rates, weight_decay, clip })),
            Lanes::Cpu(cpu) => {
                let rates: Vec<Rate> = rates.iter().map(|r| Rate { learning_rate: *r, weight_decay, clip }).collect();
                Parts::Ready(with_rows(&batches.seen, &seen, self.groups, |inputs| cpu.step(inputs, Some(&rates))))
            }
            #[cfg(feature = "gpu")]
            Lanes::Gpu(gpu) => {
                let rows: Vec<Vec<u32>> = seen.rows.iter().map(|r| r.to_vec()).collect();
                Parts::Gpu(gpu.step(&rows, &Rates { learning_rate: &rates, weight_decay, clip }))
            }
        };
        self.step += 1;
        StepMetrics { step: self.step - 1, pairs: ids, learning_rate: rates.iter().map(|r| *r as f32).collect(), parts }
    }

    /// Gives a lane pairs of its own. Only for methods that say so: their lanes are stacked by themselves.
    pub fn set_table(&mut self, lane: usize, table: Arc<Table>) {
        self.tables.resize(self.lanes.len(), None);
        self.tables[lane] = Some(table);
    }
}
