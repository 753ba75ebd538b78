//! One training step of every lane, without a read-back.
//!
//! Here are the batches and the schedule; the lanes themselves are over tensors ([`super::plain`]) or, for the
//! transformer, in passes of our own ([`crate::fused`]). [`super::scores`] asks them what an evaluation wants to know.

use super::adamw::{Rates, learning_rate};
use super::plain::{Drawn, PlainLanes};
use super::state::order_name;
use crate::config::{LaneConfig, RunConfig, TrainConfig};
use crate::data::{PreferencePair, TokenBatch};
use crate::objective::Given;
use super::table::Table;
use crate::error::{Error, ErrorCode, Result};
use crate::fused::cpu::adamw::Rate;
use crate::fused::cpu::lanes::{CpuLanes, LaneInput, LaneMeasured};
use crate::fused::cpu::rows::Rows;
#[cfg(feature = "gpu")]
use crate::fused::gpu::{GpuLanes, PairTable, Who};
use crate::fused::layout::Layout;
#[cfg(feature = "gpu")]
use crate::eval::groups::by_pair;
use crate::policy::{Parameters, Policy};
use crate::rng::{Stream, Streams};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// The batch order of lanes that share a seed: epochs without replacement.
pub(super) struct Order {
    pub(super) rng: Stream,
    pub(super) left: Vec<u32>,
}

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
    config: TrainConfig,
    pub(super) seed: u32,
    pub(super) context: usize,
    groups: usize,
    pub(super) orders: Vec<(u32, Order)>,
    /// Lanes' own pairs; empty where every lane sees the run's.
    tables: Vec<Option<Arc<Table>>>,
    pub(super) step: usize,
    /// Multiplies each lane's learning rate, `[lane]`.
    pub(super) scale: Vec<f64>,
}

/// What one step measured, before its update; perhaps still on the device until [`StepMetrics::read`].
pub struct StepMetrics {
    /// Step, from 0.
    pub step: usize,
    /// Data-set index of each pair, `[lane, pair]`.
    pub pairs: Vec<u32>,
    /// Learning rate, `[lane]`.
    pub learning_rate: Vec<f32>,
    parts: Parts,
}

enum Parts {
    /// Per stack, as [`PlainLanes::step`] returns them.
    Tensors(Vec<(Vec<usize>, Tensor<2>)>),
    /// Per lane.
    Ready(Vec<LaneMeasured>),
    /// With [`GpuLanes`], until the next step; or what went wrong.
    #[cfg(feature = "gpu")]
    Gpu(Result<()>),
}

/// [`StepMetrics`] on the CPU, `[lane, pair]` row-major or `[lane]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Log-ratio of the chosen answer.
    pub chosen: Vec<f32>,
    /// Log-ratio of the rejected answer.
    pub rejected: Vec<f32>,
    /// Pair losses.
    pub losses: Vec<f32>,
    /// The adversary's weights.
    pub weights: Vec<f32>,
    /// ‖∇_e ℓ‖², 0 where the method does not need it.
    pub grad_sq: Vec<f32>,
    /// Size of each pair's slope in the descended loss, tangents aside.
    pub pull: Vec<f32>,
    /// The loss as published.
    pub loss: Vec<f32>,
    /// The function being descended.
    pub objective: Vec<f32>,
    /// Tilt temperature in use.
    pub tau: Vec<f32>,
    /// Gradient norm before the clip.
    pub grad_norm: Vec<f32>,
}

impl StepMetrics {
    /// Reads the step back: one transfer per stack. ([`Trainer::read`] does so for every kind of device.)
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device fails.
    pub async fn read(self) -> Result<Measured> {
        let lanes = self.learning_rate.len();
        let pairs = self.pairs.len() / lanes.max(1);
        let wide = || vec![0.0; lanes * pairs];
        let narrow = || vec![0.0; lanes];
        let mut m = Measured {
            chosen: wide(), rejected: wide(), losses: wide(), weights: wide(), grad_sq: wide(), pull: wide(),
            loss: narrow(), objective: narrow(), tau: narrow(), grad_norm: narrow(),
        };
        match self.parts {
            Parts::Tensors(parts) => {
                for (rows, tensor) in parts {
                    let values = read_f32(tensor).await?;
                    rows.into_iter().zip(values.chunks_exact(6 * pairs + 4)).for_each(|(row, values)| m.set(row, pairs, values));
                }
            }
            #[cfg(feature = "gpu")]
            Parts::Gpu(_) => return Err(Error::new(ErrorCode::Device, "a step on the GPU is read through its trainer", "use the CPU")),
            Parts::Ready(parts) => {
                for (row, p) in parts.into_iter().enumerate() {
                    m.set(row, pairs, &[p.ratios, p.losses, p.weights, p.grad_sq, p.pull, p.scalars.to_vec()].concat());
                }
            }
        }
        Ok(m)
    }
}

impl Measured {
    /// Takes one lane's values: a, b, ℓ, weights, ‖g‖², pull `[pair]` each, then loss, objective, τ, norm.
    fn set(&mut self, lane: usize, pairs: usize, values: &[f32]) {
        let to = lane * pairs..(lane + 1) * pairs;
        for (i, target) in [&mut self.chosen, &mut self.rejected, &mut self.losses, &mut self.weights, &mut self.grad_sq, &mut self.pull].into_iter().enumerate() {
            target[to.clone()].copy_from_slice(&values[i * pairs..(i + 1) * pairs]);
        }
        for (i, target) in [&mut self.loss, &mut self.objective, &mut self.tau, &mut self.grad_norm].into_iter().enumerate() {
            target[lane] = values[6 * pairs + i];
        }
    }
}

/// Reads a tensor as f32.
pub(crate) async fn read_f32<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |what: String| Error::new(ErrorCode::Device, format!("reading results from the device failed: {what}"), "start again, or use the CPU");
    let data = tensor.into_data_async().await.map_err(|e| failed(e.to_string()))?;
    data.try_to_vec::<f32>().map_err(|e| failed(format!("{e:?}")))
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

    /// Draws each seed's next batch: `[pair]` indices per distinct seed.
    fn draw(&mut self, n_pairs: usize) -> Vec<(u32, Vec<u32>)> {
        let batch = self.config.batch.min(n_pairs);
        self.orders.iter_mut().map(|(seed, order)| {
            let mut drawn = Vec::with_capacity(batch);
            while drawn.len() < batch {
                if order.left.is_empty() {
                    order.left = (0..n_pairs as u32).collect();
                    order.rng.shuffle(&mut order.left);
                }
                drawn.extend(order.left.pop());
            }
            (*seed, drawn)
        }).collect()
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

    /// Whether the lanes have the pairs and are told only which.
    fn has_pairs(&self) -> bool {
        match self.policies {
            Lanes::Plain(_) | Lanes::Cpu(_) => false,
            #[cfg(feature = "gpu")]
            Lanes::Gpu(_) => true,
        }
    }

    /// The batches that lanes see, and which of them each lane does: one for each seed, and one for each seed and table.
    fn token_batches(&self, drawn: &[(u32, Vec<u32>)], pairs: &[PreferencePair], reference: &[[f32; 2]]) -> Batches {
        let mut batches = Batches { seen: vec![], of: vec![], drawn: vec![] };
        let mut made: Vec<(usize, Option<&Arc<Table>>)> = Vec::new();
        for (lane, config) in self.lanes.iter().enumerate() {
            let place = drawn.iter().position(|(s, _)| *s == config.seed).unwrap_or(0);
            batches.drawn.push(place);
            if self.has_pairs() {
                continue;
            }
            let table = self.tables.get(lane).and_then(Option::as_ref);
            let same = |other: Option<&Arc<Table>>| match (other, table) {
                (None, None) => true,
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            };
            let known = made.iter().position(|(p, t)| *p == place && same(*t));
            batches.of.push(known.unwrap_or(made.len()));
            if known.is_none() {
                let (seed, ids) = &drawn[place];
                batches.seen.push(self.batch(*seed, ids, table, pairs, reference));
                made.push((place, table));
            }
        }
        batches
    }

    fn batch(&self, seed: u32, ids: &[u32], table: Option<&Arc<Table>>, pairs: &[PreferencePair], reference: &[[f32; 2]]) -> Seen {
        // A stream of its own for every step: a run that is resumed draws the same.
        let mut noise = Streams::new(u64::from(self.seed)).stream(&format!("noise/{seed}/{}", self.step));
        let noise = ids.iter().map(|_| (noise.uniform() as f32).clamp(1e-6, 0.999_999)).collect();
        if let Some(table) = table {
            let (tokens, given) = table.batch(ids, self.step, self.context, noise);
            return Seen { tokens, given };
        }
        let tokens = TokenBatch::from_pairs(ids.iter().map(|i| &pairs[*i as usize]), self.context);
        let counted = tokens.counted();
        let (chosen, rejected) = counted.split_at(ids.len());
        let side = |s: usize| ids.iter().map(|i| reference[*i as usize][s]).collect();
        let given = Given {
            reference: [side(0), side(1)],
            tokens: [chosen.to_vec(), rejected.to_vec()],
            soft: ids.iter().map(|i| pairs[*i as usize].confidence).collect(),
            noise,
            ..Given::default()
        };
        Seen { tokens, given }
    }
}

/// What is seen of one step.
struct Batches {
    seen: Vec<Seen>,
    /// Batch of each lane.
    of: Vec<usize>,
    /// Which of the seeds' draws each lane sees.
    drawn: Vec<usize>,
}

/// One batch as tokens, and what methods are given of it.
struct Seen {
    tokens: TokenBatch,
    given: Given,
}

/// Each lane's view of what was drawn for its seed.
fn see<'a>(drawn: &'a [(u32, Vec<u32>)], batches: &'a Batches, pairs: &'a [PreferencePair]) -> Drawn<'a> {
    Drawn {
        rows: batches.drawn.iter().map(|p| drawn[*p].1.as_slice()).collect(),
        tokens: batches.of.iter().map(|b| &batches.seen[*b].tokens).collect(),
        given: batches.of.iter().map(|b| &batches.seen[*b].given).collect(),
        pairs,
    }
}

/// The same for the fused passes: rows are laid out once a batch, however many lanes see it.
fn with_rows<T>(batches: &[Seen], drawn: &Drawn<'_>, groups: usize, work: impl FnOnce(&[LaneInput<'_>]) -> T) -> T {
    let rows: Vec<Rows> = batches.iter().map(|b| Rows::new(&b.tokens)).collect();
    let inputs: Vec<LaneInput<'_>> = drawn.rows.iter().zip(&drawn.tokens).zip(&drawn.given).map(|((ids, tokens), given)| {
        let batch = batches.iter().position(|b| std::ptr::eq(&b.tokens, *tokens)).unwrap_or(0);
        LaneInput::new(&rows[batch], given, ids, drawn.pairs, groups)
    }).collect();
    work(&inputs)
}
