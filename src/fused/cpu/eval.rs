//! Evaluation of many lanes: log-probabilities, divergence from a reference, samples with cached keys and values.

use super::gemm::{Mat, Start, gemm};
use super::norm::{self, Saved};
use super::pass::{Pass, Workspace};
use super::rows::Rows;
use super::vector::{add, axpy, dot, map, normal, with};
use super::{cores, head, spread};
use crate::config::EvalConfig;
use crate::data::TokenBatch;
use crate::data::batch::prompt_tokens;
use crate::data::vocabulary::{EOS, UNK};
use crate::fused::layout::Layout;
use crate::policy::sampling::{NEVER, keep_likeliest};
use super::vector::dispatch;
use pulp::{Simd, WithSimd};

/// Sequences per pass: keeps the buffers in the cache.
const CHUNK: usize = 32;

fn workspaces(jobs: usize) -> Vec<Workspace> {
    (0..cores().min(jobs).max(1)).map(|_| Workspace::default()).collect()
}

fn chunks(batch: &TokenBatch) -> Vec<Rows> {
    let t = batch.context;
    batch.tokens.chunks(CHUNK * t).zip(batch.loss_mask.chunks(CHUNK * t)).map(|(tokens, mask)| {
        Rows::new(&TokenBatch { tokens: tokens.to_vec(), loss_mask: mask.to_vec(), sequences: tokens.len() / t, context: t })
    }).collect()
}

/// Summed log-probability of each sequence's completion under every lane, `[lane][sequence]`, nats.
pub fn logps(layout: &Layout, lanes: &[&[f32]], batch: &TokenBatch) -> Vec<Vec<f32>> {
    let chunks = chunks(batch);
    let mut out = vec![vec![Vec::new(); chunks.len()]; lanes.len()];
    let jobs: Vec<_> = lanes.iter().zip(&mut out).flat_map(|(p, out)| chunks.iter().zip(out).map(|(rows, out)| (*p, rows, out))).collect();
    spread(jobs, &mut workspaces(lanes.len() * chunks.len()), |(params, rows, out), ws| {
        dispatch(Logps { layout, params, rows, ws });
        *out = rows.sums(&ws.logp);
    });
    out.into_iter().map(|parts| parts.concat()).collect()
}

/// The same of one lane, token by token, `[sequence][counted token]`.
pub fn token_logps(layout: &Layout, lane: &[f32], batch: &TokenBatch) -> Vec<Vec<f32>> {
    let ws = &mut Workspace::default();
    chunks(batch).iter().flat_map(|rows| {
        dispatch(Logps { layout, params: lane, rows, ws });
        rows.counted_starts.windows(2).map(|w| ws.logp[w[0]..w[1]].to_vec()).collect::<Vec<_>>()
    }).collect()
}

struct Logps<'a> {
    layout: &'a Layout,
    params: &'a [f32],
    rows: &'a Rows,
    ws: &'a mut Workspace,
}

impl WithSimd for Logps<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        Pass { simd, layout: self.layout, params: self.params, rows: self.rows }.forward(self.ws, false);
    }
}

/// Σ over counted positions of the exact KL(π_lane ‖ π_ref), `[lane][sequence]`, nats; `batches` has one batch a lane.
pub fn divergence(layout: &Layout, lanes: &[&[f32]], reference: &[f32], batches: &[TokenBatch]) -> Vec<Vec<f32>> {
    let mut out = vec![Vec::new(); lanes.len()];
    let jobs: Vec<_> = lanes.iter().zip(batches).zip(&mut out).collect();
    spread(jobs, &mut workspaces(lanes.len()), |((params, batch), out), ws| {
        for rows in chunks(batch) {
            out.extend(dispatch(Divergence { layout, params, reference, rows: &rows, ws }));
        }
    });
    out
}

struct Divergence<'a> {
    layout: &'a Layout,
    params: &'a [f32],
    reference: &'a [f32],
    rows: &'a Rows,
    ws: &'a mut Workspace,
}

impl WithSimd for Divergence<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let Self { layout, params, reference, rows, ws } = self;
        let mut now = Pass { simd, layout, params, rows }.logits(ws, false).to_vec();
        let mut before = Pass { simd, layout, params: reference, rows }.logits(ws, false).to_vec();
        let mut kl = vec![0.0; rows.counted.len()];
        head::divergence(simd, &mut now, &mut before, layout.shape.vocabulary, &mut kl);
        rows.sums(&kl)
    }
}

/// One completion per prompt and lane, `[lane][prompt]`, as [`crate::policy::sampling::sample`] draws them.
pub fn sample(layout: &Layout, lanes: &[&[f32]], prompts: &[Vec<u32>], noise: &[f32], config: &EvalConfig) -> Vec<Vec<Vec<u32>>> {
    let starts: Vec<Vec<u32>> = prompts.iter().map(|p| prompt_tokens(p, layout.shape.context)).collect();
    let mut out = vec![Vec::new(); lanes.len()];
    let mut decoders: Vec<Decoder> = (0..cores().min(lanes.len()).max(1)).map(|_| Decoder::default()).collect();
    let jobs: Vec<_> = lanes.iter().zip(&mut out).collect();
    spread(jobs, &mut decoders, |(params, out), decoder| {
        *out = dispatch(Decode { layout, params, starts: &starts, noise, config, decoder });
    });
    out
}

/// Buffers of one thread that samples.
#[derive(Default)]
struct Decoder {
    /// Keys and values of each block, `[prompt, T, 2d]`.
    cache: Vec<Vec<f32>>,
    norm: Saved,
    pack: Vec<f32>,
}

struct Decode<'a> {
    layout: &'a Layout,
    params: &'a [f32],
    starts: &'a [Vec<u32>],
    noise: &'a [f32],
    config: &'a EvalConfig,
    decoder: &'a mut Decoder,
}

impl WithSimd for Decode<'_> {
    type Output = Vec<Vec<u32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Vec<u32>> {
        let Self { layout, starts, noise, config, .. } = self;
        let (t_max, v, n) = (layout.shape.context, layout.shape.vocabulary, starts.len());
        self.decoder.cache.resize_with(layout.shape.layers, Vec::new);
        self.decoder.cache.iter_mut().for_each(|c| c.resize(n * t_max * 2 * layout.shape.width, 0.0));
        let mut written = vec![Vec::new(); n];
        let mut ids: Vec<u32> = starts.iter().map(|s| s[0]).collect();
        // Prompts that are not finished; the others drop out of the batch.
        let mut open: Vec<usize> = (0..n).collect();
        for t in 0..t_max - 1 {
            let mut logits = decode(simd, layout, self.params, &open, &ids, t, self.decoder);
            let mut going = Vec::with_capacity(open.len());
            for (row, prompt) in logits.chunks_exact_mut(v).zip(&open) {
                if let Some(forced) = starts[*prompt].get(t + 1) {
                    ids[*prompt] = *forced;
                    going.push(*prompt);
                    continue;
                }
                (0..=UNK).filter(|id| *id != EOS).for_each(|id| row[id as usize] += NEVER);
                keep_likeliest(row, config);
                let noise = &noise[((t + 1) * n + prompt) * v..][..v];
                let temperature = config.temperature as f32;
                let drawn = row.iter().zip(noise).map(|(s, g)| s + g * temperature).enumerate()
                    .fold((0, f32::MIN), |best, (id, score)| if score > best.1 { (id, score) } else { best }).0 as u32;
                if drawn != EOS {
                    written[*prompt].push(drawn);
                    ids[*prompt] = drawn;
                    going.push(*prompt);
                }
            }
            open = going;
            if open.is_empty() {
                break;
            }
        }
        written
    }
}

/// Logits after the token at position `t` of each open prompt, `[open prompt, V]`.
#[inline(always)]
fn decode<S: Simd>(simd: S, layout: &Layout, params: &[f32], open: &[usize], ids: &[u32], t: usize, decoder: &mut Decoder) -> Vec<f32> {
    with(
        simd,
        #[inline(always)]
        || {
            let (d, heads, v, n, t_max) = (layout.shape.width, layout.shape.heads, layout.shape.vocabulary, open.len(), layout.shape.context);
            let size = d / heads;
            let at = |start: usize, len: usize| &params[start..start + len];
            let Decoder { cache, norm, pack } = decoder;
            let (mut x, mut y) = (vec![0.0; n * d], vec![0.0; n * d]);
            let (mut wide, mut scores) = (vec![0.0; n * 4 * d], vec![0.0; t + 1]);
            for (x, prompt) in x.chunks_exact_mut(d).zip(open) {
                x.copy_from_slice(at(layout.wte + ids[*prompt] as usize * d, d));
                add(simd, x, at(layout.wpe + t * d, d));
            }
            for (b, cache) in layout.blocks.iter().zip(cache) {
                norm::forward(simd, &x, at(b.ln1_gain, d), at(b.ln1_bias, d), norm, &mut y);
                let qkv = &mut wide[..n * 3 * d];
                gemm(simd, [n, 3 * d, d], Mat::new(&y, d), Mat::new(&params[b.qkv..], 3 * d), qkv, 3 * d, Start::Bias(at(b.qkv_bias, 3 * d)), pack);
                for ((qkv, out), prompt) in qkv.chunks_exact(3 * d).zip(y.chunks_exact_mut(d)).zip(open) {
                    let cache = &mut cache[prompt * t_max * 2 * d..(prompt + 1) * t_max * 2 * d];
                    cache[t * 2 * d..(t + 1) * 2 * d].copy_from_slice(&qkv[d..]);
                    out.fill(0.0);
                    for h in 0..heads {
                        let part = h * size..(h + 1) * size;
                        for (j, s) in scores.iter_mut().enumerate() {
                            *s = dot(simd, &qkv[part.clone()], &cache[j * 2 * d + h * size..][..size]) / (size as f32).sqrt();
                        }
                        let top = scores.iter().copied().fold(f32::MIN, f32::max);
                        scores.iter_mut().for_each(|s| *s = (*s - top).exp());
                        let whole: f32 = scores.iter().sum();
                        for (j, s) in scores.iter().enumerate() {
                            axpy(simd, &mut out[part.clone()], s / whole, &cache[j * 2 * d + d + h * size..][..size]);
                        }
                    }
                }
                gemm(simd, [n, d, d], Mat::new(&y, d), Mat::new(&params[b.out..], d), &mut x, d, Start::Add, pack);
                x.chunks_exact_mut(d).for_each(|x| add(simd, x, at(b.out_bias, d)));
                norm::forward(simd, &x, at(b.ln2_gain, d), at(b.ln2_bias, d), norm, &mut y);
                gemm(simd, [n, 4 * d, d], Mat::new(&y, d), Mat::new(&params[b.up..], 4 * d), &mut wide, 4 * d, Start::Bias(at(b.up_bias, 4 * d)), pack);
                map(simd, &mut wide, |x| simd.mul_f32s(x, normal(simd, x).0));
                gemm(simd, [n, d, 4 * d], Mat::new(&wide, 4 * d), Mat::new(&params[b.down..], d), &mut x, d, Start::Add, pack);
                x.chunks_exact_mut(d).for_each(|x| add(simd, x, at(b.down_bias, d)));
            }
            norm::forward(simd, &x, at(layout.ln_f_gain, d), at(layout.ln_f_bias, d), norm, &mut y);
            let mut logits = vec![0.0; n * v];
            let w = match layout.head {
                Some(at) => Mat::new(&params[at..], v),
                None => Mat::new(&params[layout.wte..], d).t(),
            };
            gemm(simd, [n, v, d], Mat::new(&y, d), w, &mut logits, v, Start::Zero, pack);
            logits
        },
    )
}
