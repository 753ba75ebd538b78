//! Sampling on the GPU: one token of every prompt and lane at a time, keys and values kept, one read-back at the end.

use super::batch::{Feed, Room};
use super::device::{Buffer, bytes};
use super::lanes::GpuLanes;
use super::buffers::Activations;
use super::kernels::{self, Kernels};
use super::model::{Pass, Plan, Slots};
use super::program::{Extent, Op, Program, Recorder};
use crate::data::batch::prompt_tokens;
use crate::data::vocabulary::{EOS, UNK};
use crate::error::Result;
use wgpu::BufferUsages;

const STORAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);
const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);
/// Prompts of one round: bounds memory.
const CHUNK: usize = 64;

/// Buffers and launches of sampling.
pub(super) struct Sampler {
    feed: Feed,
    feed_buffer: Buffer,
    room: Room,
    token: Program,
    places: Buffer,
    noise: Buffer,
    prompts: Buffer,
    written: Buffer,
    staging: Buffer,
}

impl Sampler {
    fn new(on: &GpuLanes) -> Result<Self> {
        let (gpu, shape, lanes) = (&on.gpu, on.shape, on.lanes + 1);
        // Every row is a prompt.
        let room = Room { rows: CHUNK, sequences: 2, context: shape.context, vocabulary: shape.vocabulary };
        let pass = Pass { lanes, tangents: 0, room };
        let acts = Activations::new(gpu, &shape, &pass, false)?;
        let model = Kernels::new(gpu, &shape, false, false);
        let t = shape.context;
        let feed_buffer = gpu.buffer("prompts", Feed::capacity(lanes, &room), STORAGE)?;
        let caches = (0..shape.layers).map(|_| gpu.buffer("keys and values", lanes * t * 2 * shape.width * CHUNK, STORAGE)).collect::<Result<Vec<_>>>()?;
        let places = gpu.buffer("positions", t * CHUNK, STORAGE)?;
        let positions: Vec<u32> = (0..t * CHUNK).map(|i| (i / CHUNK) as u32).collect();
        gpu.queue.write_buffer(&places, 0, &bytes::of(&positions));
        let noise = gpu.buffer("noise", t * CHUNK * shape.vocabulary, STORAGE)?;
        let prompts = gpu.buffer("prompts", t * CHUNK, STORAGE)?;
        let written = gpu.buffer("samples", t * lanes * CHUNK, STORAGE)?;
        let staging = gpu.buffer("samples", t * lanes * CHUNK, STAGING)?;
        let [decode, choose] = kernels::sampling(gpu, &shape);
        let plan = Plan { kernels: &model, shape, padded: &on.padded, pass, params: &on.params, acts: &acts, caches: Some((&decode, &caches)) };
        let all = Slots { at: 0, n: lanes };
        let mut r = Recorder::default();
        plan.embed(&mut r, all);
        plan.forward(&mut r, all);
        let op = Op { k: UNK, j: EOS, ..plan.op() };
        r.launch(&choose, &[&acts.logits, &noise, &prompts, &written], op, Extent::Rows(0), 1, lanes);
        let token = r.finish(gpu, &feed_buffer)?;
        Ok(Self { feed: Feed::new(lanes, room, on.padded.len), feed_buffer, room, token, places, noise, prompts, written, staging })
    }

    /// One round: `starts` begin, `noise` is `[T, row, V]`. Returns `[T, lane, row]`.
    async fn round(&mut self, on: &GpuLanes, starts: &[Vec<u32>], noise: &[f32]) -> Result<Vec<u32>> {
        let (lanes, t_max, n) = (on.lanes + 1, on.shape.context, starts.len());
        self.feed.clear();
        for lane in 0..lanes {
            self.feed.lane(lane)[0] = lane as u32;
            let first: Vec<u32> = starts.iter().map(|s| s[0]).collect();
            self.feed.push_rows(&first);
        }
        let prompts: Vec<u32> = (0..t_max).flat_map(|t| (0..CHUNK).map(move |i| starts.get(i).and_then(|s| s.get(t)).copied().unwrap_or(u32::MAX))).collect();
        let queue = &on.gpu.queue;
        queue.write_buffer(&self.feed_buffer, 0, &self.feed.bytes());
        queue.write_buffer(&self.prompts, 0, &bytes::of(&prompts));
        queue.write_buffer(&self.noise, 0, &bytes::of(noise));
        let mut encoder = on.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let size = (CHUNK * 4) as u64;
        for t in 1..t_max {
            self.token.encode(&mut encoder, [n as u32; 2]);
            for lane in 0..lanes {
                let (token, place) = self.feed.row_sections(lane);
                encoder.copy_buffer_to_buffer(&self.written, ((t * lanes + lane) * CHUNK * 4) as u64, &self.feed_buffer, token as u64 * 4, size);
                encoder.copy_buffer_to_buffer(&self.places, (t * CHUNK * 4) as u64, &self.feed_buffer, place as u64 * 4, size);
            }
        }
        queue.submit([encoder.finish()]);
        debug_assert_eq!(self.room.rows, CHUNK);
        on.gpu.read(&self.written, &self.staging, t_max * lanes * CHUNK).await
    }
}

impl GpuLanes {
    /// One completion per prompt for every lane in the run's order, then for the reference: `[lane][prompt]`, token ids
    /// without specials; as [`crate::policy::sampling::sample`] without top-k and top-p. `noise` is `[T, prompt, V]`.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device failed or has no room.
    pub async fn sample(&mut self, prompts: &[Vec<u32>], noise: &[f32], temperature: f32) -> Result<Vec<Vec<Vec<u32>>>> {
        let mut sampler = if let Some(sampler) = self.sampler.take() { sampler } else { Sampler::new(self)? };
        let done = self.sample_on(&mut sampler, prompts, noise, temperature).await;
        self.sampler = Some(sampler);
        done
    }

    async fn sample_on(&self, sampler: &mut Sampler, prompts: &[Vec<u32>], noise: &[f32], temperature: f32) -> Result<Vec<Vec<Vec<u32>>>> {
        let (lanes, t_max, v) = (self.lanes + 1, self.shape.context, self.shape.vocabulary);
        let mut out = vec![Vec::with_capacity(prompts.len()); lanes];
        for (round, chunk) in prompts.chunks(CHUNK).enumerate() {
            let starts: Vec<Vec<u32>> = chunk.iter().map(|p| prompt_tokens(p, t_max)).collect();
            let mut part = vec![0.0; t_max * CHUNK * v];
            for t in 0..t_max {
                let from = (t * prompts.len() + round * CHUNK) * v;
                // Temperature scales the noise rather than the logits: the same argmax, and 0 needs no special case.
                let some = noise.get(from..from + chunk.len() * v).unwrap_or_default();
                part[t * CHUNK * v..].iter_mut().zip(some).for_each(|(to, g)| *to = g * temperature);
            }
            let written = sampler.round(self, &starts, &part).await?;
            for slot in 0..lanes {
                let lane = self.order.get(slot).copied().unwrap_or(slot);
                out[lane].extend((0..chunk.len()).map(|i| {
                    (starts[i].len()..t_max).map(|t| written[(t * lanes + slot) * CHUNK + i]).take_while(|id| *id != EOS).collect::<Vec<u32>>()
                }));
            }
        }
        Ok(out)
    }
}
