//! Lanes in training on the GPU.

use super::batch::{Feed, LANE_PARAMS, Room, Sequence};
use super::device::{Buffer, Gpu, Kernel, bytes};
use super::eval::Eval;
use super::buffers::{Activations, Gradients};
use super::keep::Copies;
use super::kernels::{Kernels, Step};
use super::model::{Pass, Plan, Slots};
use super::padded::Padded;
use super::objective::{MAX_PARAMS, place};
use super::sample::Sampler;
use super::program::{Extent, Op, Program, Recorder};
use crate::train::adamw::{BETA1, BETA2, Rates};
use crate::config::LaneConfig;
use crate::error::{Error, ErrorCode, Result};
use crate::fused::layout::{Layout, Shape};
use crate::objective::{OBJECTIVES, find};
use crate::train::state::LaneState;
use crate::train::measured::Measured;
use std::sync::Arc;
use wgpu::BufferUsages;

const STORAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);
const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);
/// Parts of a gradient norm, and parameters of one workgroup; as in adamw.wgsl.
const PARTS: usize = 64;
const UPDATED: usize = 512;

/// The data set's pairs.
#[derive(Clone)]
pub struct PairTable {
    /// Token ids, `[pair, 2 (chosen, rejected), T]`.
    pub tokens: Vec<u32>,
    /// Where the next token counts, likewise; as [`crate::data::TokenBatch::loss_mask`].
    pub mask: Vec<f32>,
    /// The reference policy's log-probabilities, `[pair, 2]`, nats.
    pub reference: Vec<f32>,
    /// `[pair]`.
    pub group: Vec<u32>,
    /// Soft labels p̂, `[pair]`.
    pub soft: Vec<f32>,
    /// Groups in all.
    pub groups: usize,
}

/// What a step costs and what is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Launches of the last step.
    pub launches: usize,
    /// Submits of the last step.
    pub submits: usize,
    /// Pipelines compiled on this device.
    pub pipelines: usize,
    /// Buffers made on this device.
    pub buffers: usize,
    /// Their size.
    pub bytes: u64,
}

/// Lanes of one transformer, in training.
pub struct GpuLanes {
    pub(super) gpu: Arc<Gpu>,
    pub(super) shape: Shape,
    pub(super) padded: Padded,
    pub(super) lanes: usize,
    /// Run's lane at each place inside; those with tangents come last.
    pub(super) order: Vec<usize>,
    /// Parameters of the lanes inside, then of the reference.
    pub(super) params: Buffer,
    pub(super) eval: Option<Eval>,
    pub(super) sampler: Option<Sampler>,
    tangents: usize,
    room: Room,
    table: PairTable,
    pairs: usize,
    pub(super) feed: Feed,
    feed_buffer: Buffer,
    grads: Gradients,
    measured: Buffer,
    staging: Buffer,
    /// Up to the gradients and their norms, and then the update.
    program: [Program; 2],
    /// Moments of the lanes inside: all first ones, then all second ones.
    pub(super) moments: Buffer,
    /// What the methods keep, `[lane inside, group]`.
    pub(super) kept: Buffer,
    /// Updates so far, of the lanes inside.
    pub(super) steps: Vec<i32>,
    pub(super) copies: Option<Copies>,
    counts: Counts,
}

fn wrong(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::Device, what, "this is a mistake in the program; use the CPU")
}

pub(super) fn needs_tangent(lane: &LaneConfig) -> bool {
    find(&lane.method).is_some_and(|o| o.info().needs_embedding_gradient)
}

impl GpuLanes {
    /// Every lane starts at `reference` (one lane, flat); `batch` pairs a step from `pairs`.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device has no room. What its compiler says comes from the next call.
    pub fn new(gpu: Arc<Gpu>, layout: &Layout, lanes: &[LaneConfig], reference: &[f32], pairs: &PairTable, batch: usize) -> Result<Self> {
        let (shape, padded) = (layout.shape, Padded::new(layout));
        let n_pairs = pairs.group.len();
        let entries = n_pairs * 2 * shape.context;
        if pairs.tokens.len() != entries || pairs.mask.len() != entries || pairs.reference.len() != 2 * n_pairs || pairs.soft.len() != n_pairs {
            return Err(wrong(format!("{n_pairs} pairs do not fit their table")));
        }
        if reference.len() != padded.flat_len() || lanes.is_empty() || batch == 0 || OBJECTIVES.iter().any(|o| o.info().params.len() > MAX_PARAMS) {
            return Err(wrong("the reference policy does not fit the model, or there is nothing to train"));
        }
        let mut order: Vec<usize> = (0..lanes.len()).collect();
        order.sort_by_key(|i| needs_tangent(&lanes[*i])); // stable
        let tangents = lanes.iter().filter(|l| needs_tangent(l)).count();
        let room = Room::new(2 * batch, shape.context, shape.vocabulary);
        let pass = Pass { lanes: lanes.len(), tangents, room };
        let groups = pairs.groups.max(1);
        let feed = Feed::new(lanes.len(), room, padded.len);
        let feed_buffer = gpu.buffer("batches", Feed::capacity(lanes.len(), &room), STORAGE)?;
        // Some words more, because a tile may read beyond the last row of the last tensor.
        let params = gpu.buffer("parameters", (lanes.len() + 1) * padded.len + 64, STORAGE)?;
        let start = bytes::of(&padded.pad(reference));
        for lane in 0..=lanes.len() {
            gpu.queue.write_buffer(&params, (lane * start.len()) as u64, &start);
        }
        let acts = Activations::new(&gpu, &shape, &pass, true)?;
        let grads = Gradients::new(&gpu, &shape, &pass, &padded)?;
        let measures = 6 * batch + 4;
        let measured = gpu.buffer("measurements", lanes.len() * measures, STORAGE)?;
        let staging = gpu.buffer("measurements", lanes.len() * measures, STAGING)?;
        let kernels = Kernels::new(&gpu, &shape, true, tangents > 0);
        let plan = Plan { kernels: &kernels, shape, padded: &padded, pass, params: &params, acts: &acts, caches: None };
        let moments = gpu.buffer("moments", 2 * lanes.len() * padded.len, STORAGE)?;
        let kept = gpu.buffer("the methods' states", lanes.len() * groups, STORAGE)?;
        let program = Recording {
            gpu: &gpu, plan: &plan, lanes, grads: &grads, measured: &measured, feed: &feed_buffer, moments: &moments, kept: &kept, groups, measures,
        }.record()?;
        gpu.check()?;
        let mut this = Self {
            gpu, shape, padded, lanes: lanes.len(), order, params, eval: None, sampler: None, tangents, room, table: pairs.clone(), pairs: batch, feed,
            feed_buffer, grads, measured, staging, program, moments, kept, steps: vec![0; lanes.len()], copies: None, counts: Counts::default(),
        };
        this.set_lanes(lanes);
        Ok(this)
    }

    /// Numbers that a method may keep for each lane.
    pub(super) fn groups(&self) -> usize {
        self.table.groups.max(1)
    }

    /// The layout of a lane's parameters.
    pub fn layout(&self) -> Layout {
        Layout::of(self.shape)
    }

    /// Replaces the reference policy's log-probabilities of the table's pairs, `[pair, 2]`, nats. They come from the device
    /// that trains ([`GpuLanes::logps`]), so that a lane at the reference has margins of exactly zero.
    pub fn set_reference(&mut self, logps: Vec<f32>) {
        self.table.reference = logps;
    }

    /// Replaces hyperparameters from the next step on. Methods and forms must stay as they are.
    pub fn set_lanes(&mut self, lanes: &[LaneConfig]) {
        for (row, lane) in self.order.iter().enumerate() {
            let Some(config) = lanes.get(*lane) else { continue };
            let record = self.feed.lane(row);
            record[2..4].copy_from_slice(&place(&config.method, config.form_id()));
            let params = find(&config.method).map(|o| o.info().params).unwrap_or_default();
            for (to, info) in record[LANE_PARAMS..].iter_mut().zip(params) {
                *to = (config.param(info.id) as f32).to_bits();
            }
        }
    }

    /// One step of every lane on the given pairs, `[pair]` indices into the table for each lane. Only enqueued.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed, now or before.
    pub fn step(&mut self, pairs: &[Vec<u32>], update: &Rates<'_>) -> Result<()> {
        self.feed.header(2, (update.clip as f32).to_bits());
        self.feed.header(3, (update.weight_decay as f32).to_bits());
        for (row, lane) in self.order.iter().enumerate() {
            let rate = update.learning_rate.get(*lane).ok_or_else(|| wrong("a lane has no learning rate"))?;
            self.steps[row] += 1;
            let steps = self.steps[row];
            let record = self.feed.lane(row);
            record[1] = (*rate as f32).to_bits();
            record[4..6].copy_from_slice(&[BETA1, BETA2].map(|beta| ((1.0 - beta.powi(steps)) as f32).to_bits()));
        }
        self.submit(pairs, true)
    }

    /// As [`GpuLanes::step`] without the update.
    ///
    /// # Errors
    /// As [`GpuLanes::step`].
    pub fn gradients_only(&mut self, pairs: &[Vec<u32>]) -> Result<()> {
        self.submit(pairs, false)
    }

    fn submit(&mut self, pairs: &[Vec<u32>], update: bool) -> Result<()> {
        self.gpu.check()?;
        self.fill(pairs)?;
        self.gpu.queue.write_buffer(&self.feed_buffer, 0, &self.feed.bytes());
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut launches = self.program[0].encode(&mut encoder, self.feed.counts);
        if update {
            launches += self.program[1].encode(&mut encoder, self.feed.counts);
        }
        self.gpu.queue.submit([encoder.finish()]);
        (self.counts.launches, self.counts.submits) = (launches, 1);
        self.gpu.check()
    }

    /// Lays this step's batches out; lanes on the same pairs share one.
    fn fill(&mut self, pairs: &[Vec<u32>]) -> Result<()> {
        let known = self.table.group.len() as u32;
        if pairs.len() != self.lanes || pairs.iter().any(|p| p.len() != self.pairs || p.iter().any(|i| *i >= known)) {
            return Err(wrong(format!("a batch must have {} of the {known} pairs for each lane", self.pairs)));
        }
        self.feed.clear();
        let context = self.shape.context;
        let mut places: Vec<u32> = Vec::with_capacity(self.lanes);
        for (row, lane) in self.order.iter().enumerate() {
            let ids = &pairs[*lane];
            let same = self.order[..row].iter().position(|other| pairs[*other] == *ids);
            let batch = if let Some(same) = same { places[same] } else {
                let both = |side: usize| ids.iter().map(move |i| 2 * *i as usize + side);
                let of: Vec<usize> = both(0).chain(both(1)).collect(); // all chosen, then all rejected
                let span = |i: usize| i * context..(i + 1) * context;
                let sequences: Vec<Sequence<'_>> = of.iter().map(|i| (&self.table.tokens[span(*i)], &self.table.mask[span(*i)])).collect();
                let reference: Vec<f32> = of.iter().map(|i| self.table.reference[*i]).collect();
                let groups: Vec<u32> = ids.iter().map(|i| self.table.group[*i as usize]).collect();
                let tokens = sequences.iter().map(|(_, mask)| mask.iter().sum::<f32>());
                let given: Vec<f32> = ids.iter().map(|i| self.table.soft[*i as usize]).chain(tokens).collect();
                self.feed.push(&sequences, &reference, &groups, &given)
            };
            places.push(batch);
            self.feed.lane(row)[0] = batch;
        }
        Ok(())
    }

    /// What the last step measured before its update, lanes in the run's order.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed.
    pub async fn measured(&mut self) -> Result<Measured> {
        let (n, lanes) = (self.pairs, self.lanes);
        let values: Vec<f32> = self.gpu.read(&self.measured, &self.staging, lanes * (6 * n + 4)).await?;
        let (wide, narrow) = (|| vec![0.0; lanes * n], || vec![0.0; lanes]);
        let mut m = Measured {
            chosen: wide(), rejected: wide(), losses: wide(), weights: wide(), grad_sq: wide(), pull: wide(),
            loss: narrow(), objective: narrow(), tau: narrow(), grad_norm: narrow(),
        };
        for (lane, values) in self.order.iter().zip(values.chunks_exact(6 * n + 4)) {
            let to = lane * n..(lane + 1) * n;
            for (i, column) in [&mut m.chosen, &mut m.rejected, &mut m.losses, &mut m.weights, &mut m.grad_sq, &mut m.pull].into_iter().enumerate() {
                column[to.clone()].copy_from_slice(&values[i * n..(i + 1) * n]);
            }
            for (i, column) in [&mut m.loss, &mut m.objective, &mut m.tau, &mut m.grad_norm].into_iter().enumerate() {
                column[*lane] = values[6 * n + i];
            }
        }
        Ok(m)
    }

    /// Every lane's parameters, flat, in the run's order.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed.
    pub async fn parameters(&self) -> Result<Vec<Vec<f32>>> {
        self.read_lanes(&self.params).await
    }

    /// Every lane's gradients in the last step, as [`GpuLanes::parameters`].
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed.
    pub async fn gradients(&self) -> Result<Vec<Vec<f32>>> {
        self.read_lanes(&self.grads.params).await
    }

    async fn read_lanes(&self, buffer: &Buffer) -> Result<Vec<Vec<f32>>> {
        let values = self.read_whole(buffer, self.lanes * self.padded.len).await?;
        let mut out = vec![Vec::new(); self.lanes];
        for (lane, values) in self.order.iter().zip(values.chunks_exact(self.padded.len)) {
            out[*lane] = self.padded.unpad(values);
        }
        Ok(out)
    }

    /// Every lane as it is, in the run's order.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed.
    pub async fn states(&self) -> Result<Vec<LaneState>> {
        let params = self.parameters().await?;
        let (len, groups) = (self.padded.len, self.groups());
        let moments = self.read_whole(&self.moments, 2 * self.lanes * len).await?;
        let kept = self.read_whole(&self.kept, self.lanes * groups).await?;
        let mut out = vec![LaneState::default(); self.lanes];
        for (row, (lane, steps)) in self.order.iter().zip(&self.steps).enumerate() {
            let method = &kept[row * groups..(row + 1) * groups];
            let at = |slot: usize| self.padded.unpad(&moments[slot * len..(slot + 1) * len]);
            out[*lane] = LaneState {
                params: params[*lane].clone(), first: at(row), second: at(self.lanes + row), steps: *steps,
                // The buffer starts at zero, which is what a method that keeps nothing leaves there.
                method: method.iter().any(|v| *v != 0.0).then(|| method.to_vec()),
            };
        }
        Ok(out)
    }

    /// Goes on from `states`, in the run's order, whose vectors fit the layout.
    pub fn restore(&mut self, states: &[LaneState]) {
        let (len, groups) = (self.padded.len, self.groups());
        for row in 0..self.lanes {
            let Some(state) = states.get(self.order[row]) else { continue };
            self.load(self.order[row], &state.params);
            for (slot, values) in [(row, &state.first), (self.lanes + row, &state.second)] {
                self.gpu.queue.write_buffer(&self.moments, (slot * len * 4) as u64, &bytes::of(&self.padded.pad(values)));
            }
            let mut kept = state.method.clone().unwrap_or_default();
            kept.resize(groups, 0.0);
            self.gpu.queue.write_buffer(&self.kept, (row * groups * 4) as u64, &bytes::of(&kept));
            self.steps[row] = state.steps;
        }
    }

    async fn read_whole(&self, buffer: &Buffer, len: usize) -> Result<Vec<f32>> {
        let staging = self.gpu.buffer("a copy of the training state", len, STAGING)?;
        self.gpu.read::<f32>(buffer, &staging, len).await
    }

    /// Replaces a lane's parameters; its optimizer state stays.
    pub fn load(&mut self, lane: usize, flat: &[f32]) {
        if let Some(row) = self.order.iter().position(|l| *l == lane) {
            self.gpu.queue.write_buffer(&self.params, (row * self.padded.len * 4) as u64, &bytes::of(&self.padded.pad(flat)));
        }
    }

    /// What the last step cost and what this device holds.
    pub fn counts(&self) -> Counts {
        let (buffers, bytes) = self.gpu.held();
        Counts { pipelines: self.gpu.pipelines(), buffers, bytes, ..self.counts }
    }

    /// Lanes with tangents, and rows of a pass; for messages.
    pub fn describe(&self) -> String {
        format!("{} lanes ({} with tangents), {} rows, {}", self.lanes, self.tangents, self.room.rows, self.gpu.name)
    }
}

/// What a step's launches refer to beside the model's.
struct Recording<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan<'a>,
    lanes: &'a [LaneConfig],
    grads: &'a Gradients,
    measured: &'a Buffer,
    feed: &'a Buffer,
    moments: &'a Buffer,
    kept: &'a Buffer,
    groups: usize,
    measures: usize,
}

impl Recording<'_> {
    fn record(&self) -> Result<[Program; 2]> {
        let (plan, g, pass) = (self.plan, self.grads, self.plan.pass);
        let plain = pass.lanes - pass.tangents;
        let mut r = Recorder::default();
        let Step { objective, squares, update } = Step::new(self.gpu, &plan.shape, self.lanes);
        let weigh = |r: &mut Recorder, mode: u32, lanes: Slots| {
            let op = Op { z0: lanes.at as u32, mode, k: self.groups as u32, ..plan.op() };
            let buffers = [&plan.acts.log_probs, &g.squares, &g.slopes, self.measured, self.kept];
            r.launch(&objective, &buffers, op, Extent::Fixed(1), 1, lanes.n);
        };
        plan.embed(&mut r, Slots { at: 0, n: pass.lanes });
        plan.forward(&mut r, Slots { at: 0, n: pass.lanes });
        weigh(&mut r, 0, Slots { at: 0, n: pass.lanes });
        if pass.tangents > 0 {
            plan.backward(&mut r, g, false);
            plan.start_tangent(&mut r, g);
            plan.forward(&mut r, Slots { at: pass.lanes, n: pass.tangents });
            weigh(&mut r, 1, Slots { at: plain, n: pass.tangents });
        }
        plan.backward(&mut r, g, true);
        let partial = self.gpu.buffer("gradient norms", pass.lanes * PARTS, STORAGE)?;
        let decay = self.gpu.buffer("decay", plan.padded.len, STORAGE)?;
        self.gpu.queue.write_buffer(&decay, 0, &bytes::of(&plan.padded.decay()));
        r.launch(&squares, &[&g.params, &partial], plan.op(), Extent::Fixed(PARTS), 1, pass.lanes);
        let buffers = [&g.params, &partial, &decay, plan.params, self.moments, self.measured];
        self.update(&mut r, &update, &buffers, 0, 1);
        let mut after = Recorder::default();
        self.update(&mut after, &update, &buffers, 1, plan.padded.len.div_ceil(UPDATED));
        Ok([r.finish(self.gpu, self.feed)?, after.finish(self.gpu, self.feed)?])
    }

    /// The gradient norms (mode 0) and the update (mode 1).
    fn update(&self, r: &mut Recorder, kernel: &Arc<Kernel>, buffers: &[&Buffer], mode: u32, groups: usize) {
        let op = Op { mode, k: self.measures as u32, ..self.plan.op() };
        r.launch(kernel, buffers, op, Extent::Fixed(groups), 1, self.plan.pass.lanes);
    }
}
