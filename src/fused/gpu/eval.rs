//! Evaluation on the GPU: log-probabilities and divergences of lanes and reference, without gradients.

use super::batch::{Feed, Room, Sequence};
use super::device::Buffer;
use super::lanes::GpuLanes;
use super::buffers::Activations;
use super::kernels::{self, Kernels};
use super::model::{Pass, Plan, Slots};
use super::program::{Extent, Op, Program, Recorder};
use crate::data::TokenBatch;
use crate::error::{Error, ErrorCode, Result};
use wgpu::BufferUsages;

const STORAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);
const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);
/// Sequences of one pass: bounds memory.
const CHUNK: usize = 64;

/// Whose log-probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Every lane's.
    Lanes,
    /// The reference policy's.
    Reference,
}

/// Buffers and launches of evaluations; the reference is one lane more.
pub(super) struct Eval {
    feed: Feed,
    feed_buffer: Buffer,
    room: Room,
    lanes: Program,
    reference: Program,
    /// Each lane against the reference.
    diverge: Vec<Program>,
    log_probs: Buffer,
    divergence: Buffer,
    staging: Buffer,
}

impl Eval {
    fn new(on: &GpuLanes) -> Result<Self> {
        let (gpu, shape, lanes) = (&on.gpu, on.shape, on.lanes);
        let room = Room::new(CHUNK, shape.context, shape.vocabulary);
        let pass = Pass { lanes: lanes + 1, tangents: 0, room };
        let acts = Activations::new(gpu, &shape, &pass, false)?;
        let model = Kernels::new(gpu, &shape, false, false);
        let feed_buffer = gpu.buffer("batches", Feed::capacity(lanes + 1, &room), STORAGE)?;
        let divergence = gpu.buffer("divergences", lanes * room.rows, STORAGE)?;
        let staging = gpu.buffer("an evaluation", (lanes + 1) * 2 * room.rows, STAGING)?;
        let plan = Plan { kernels: &model, shape, padded: &on.padded, pass, params: &on.params, acts: &acts, caches: None };
        let forward = |at: usize, n: usize| {
            let mut r = Recorder::default();
            plan.embed(&mut r, Slots { at, n });
            plan.forward(&mut r, Slots { at, n });
            r.finish(gpu, &feed_buffer)
        };
        let kernel = kernels::divergence(gpu, &shape);
        let diverge = (0..lanes).map(|lane| {
            let mut r = Recorder::default();
            let op = Op { z0: lane as u32, counted: 1, k: lanes as u32, ..plan.op() };
            r.launch(&kernel, &[&acts.logits, &acts.log_probs, &divergence], op, Extent::Rows(1), 1, 1);
            r.finish(gpu, &feed_buffer)
        }).collect::<Result<_>>()?;
        let (all, reference) = (forward(0, lanes)?, forward(lanes, 1)?);
        let feed = Feed::new(lanes + 1, room, on.padded.len);
        Ok(Self { feed, feed_buffer, room, lanes: all, reference, diverge, log_probs: acts.log_probs.clone(), divergence, staging })
    }

    /// Lays out sequences `from..to` of each batch; with one batch all lanes share it.
    fn fill(&mut self, batches: &[TokenBatch], from: usize, to: usize) {
        self.feed.clear();
        let lanes = self.diverge.len();
        for batch in batches {
            let span = |i: usize| i * batch.context..(i + 1) * batch.context;
            let sequences: Vec<Sequence<'_>> = (from..to).map(|i| (&batch.tokens[span(i)], &batch.loss_mask[span(i)])).collect();
            self.feed.push(&sequences, &[], &[], &[]);
        }
        for lane in 0..=lanes {
            self.feed.lane(lane)[0] = if batches.len() > 1 { lane.min(lanes - 1) as u32 } else { 0 };
        }
    }

    fn submit(&self, on: &GpuLanes, programs: &[&Program]) -> Result<()> {
        on.gpu.queue.write_buffer(&self.feed_buffer, 0, &self.feed.bytes());
        let mut encoder = on.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for program in programs {
            program.encode(&mut encoder, self.feed.counts);
        }
        on.gpu.queue.submit([encoder.finish()]);
        on.gpu.check()
    }

    /// Sums rows `[row]` of batch `batch` over each of `n` sequences.
    fn sums(&self, batch: usize, n: usize, rows: &[f32]) -> Vec<f32> {
        (0..n).map(|i| rows[self.feed.counted(batch, i)].iter().sum()).collect()
    }
}

fn check(batches: &[TokenBatch], context: usize, lanes: usize) -> Result<usize> {
    let n = batches.first().map_or(0, |b| b.sequences);
    let fits = |b: &TokenBatch| b.sequences == n && b.context == context && b.tokens.len() == n * context && b.loss_mask.len() == n * context;
    if batches.iter().all(fits) && (batches.len() == 1 || batches.len() == lanes) {
        Ok(n)
    } else {
        Err(Error::new(ErrorCode::Device, "the batches of an evaluation do not fit the model", "this is a mistake in the program; use the CPU"))
    }
}

impl GpuLanes {
    /// Summed log-probability of each sequence's completion, `[lane][sequence]` in the run's order (or one row, the
    /// reference's).
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed or has no room.
    pub async fn logps(&mut self, batch: &TokenBatch, who: Who) -> Result<Vec<Vec<f32>>> {
        let mut eval = self.take_eval()?;
        let done = self.logps_on(&mut eval, batch, who).await;
        self.eval = Some(eval);
        done
    }

    async fn logps_on(&self, eval: &mut Eval, batch: &TokenBatch, who: Who) -> Result<Vec<Vec<f32>>> {
        let n = check(std::slice::from_ref(batch), self.shape.context, self.lanes)?;
        let slots: Vec<usize> = match who {
            Who::Lanes => (0..self.lanes).collect(),
            Who::Reference => vec![self.lanes],
        };
        let mut out = vec![Vec::with_capacity(n); slots.len()];
        let rows = eval.room.rows;
        for from in (0..n).step_by(CHUNK) {
            let to = (from + CHUNK).min(n);
            eval.fill(std::slice::from_ref(batch), from, to);
            eval.submit(self, &[if who == Who::Lanes { &eval.lanes } else { &eval.reference }])?;
            let values: Vec<f32> = self.gpu.read(&eval.log_probs, &eval.staging, (self.lanes + 1) * 2 * rows).await?;
            for (place, slot) in slots.iter().enumerate() {
                let lane = if who == Who::Lanes { self.order[*slot] } else { place };
                out[lane].extend(eval.sums(0, to - from, &values[(2 * slot + 1) * rows..(2 * slot + 2) * rows]));
            }
        }
        Ok(out)
    }

    /// The exact KL(π_lane ‖ π_reference) of each token, summed over each sequence's positions that count,
    /// `[lane][sequence]`; one batch per lane, in the run's order.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed or has no room.
    pub async fn divergence(&mut self, batches: &[TokenBatch]) -> Result<Vec<Vec<f32>>> {
        let mut eval = self.take_eval()?;
        let done = self.divergence_on(&mut eval, batches).await;
        self.eval = Some(eval);
        done
    }

    async fn divergence_on(&self, eval: &mut Eval, batches: &[TokenBatch]) -> Result<Vec<Vec<f32>>> {
        let n = check(batches, self.shape.context, self.lanes)?;
        let inside: Vec<TokenBatch> = self.order.iter().map(|lane| batches[*lane % batches.len()].clone()).collect();
        let mut out = vec![Vec::with_capacity(n); self.lanes];
        let rows = eval.room.rows;
        for from in (0..n).step_by(CHUNK) {
            let to = (from + CHUNK).min(n);
            eval.fill(&inside, from, to);
            eval.submit(self, &[&eval.lanes])?;
            // The reference reads each lane's batch in turn.
            for lane in 0..self.lanes {
                eval.feed.lane(self.lanes)[0] = if inside.len() > 1 { lane as u32 } else { 0 };
                eval.submit(self, &[&eval.reference, &eval.diverge[lane]])?;
            }
            let values: Vec<f32> = self.gpu.read(&eval.divergence, &eval.staging, self.lanes * rows).await?;
            for (slot, values) in values.chunks_exact(rows).enumerate() {
                let batch = if inside.len() > 1 { slot } else { 0 };
                out[self.order[slot]].extend(eval.sums(batch, to - from, values));
            }
        }
        Ok(out)
    }

    fn take_eval(&mut self) -> Result<Eval> {
        if let Some(eval) = self.eval.take() { Ok(eval) } else { Eval::new(self) }
    }
}
