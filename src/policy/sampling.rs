//! Sampling completions for many prompts and lanes at once.
//!
//! Randomness comes in as Gumbel noise drawn on the CPU, the same for every lane: argmax(log p + noise) is a draw
//! from p, and policies that agree write the same words. Plain sampling never leaves the device until the end;
//! top-k and top-p need the logits on the CPU at each token.

use super::{Gpt, Parameters};
use crate::order;
use crate::config::EvalConfig;
use crate::data::batch::prompt_tokens;
use crate::data::vocabulary::{BOS, EOS, PAD, SEP, UNK};
use crate::error::{Error, ErrorCode, Result};
use crate::fused::layout::Layout;
use crate::rng::Stream;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Noise for one round of sampling: `[T, prompt, V]`, standard Gumbel.
pub fn gumbel(rng: &mut Stream, context: usize, prompts: usize, vocabulary: usize) -> Vec<f32> {
    (0..context * prompts * vocabulary).map(|_| {
        let u = rng.uniform().max(1e-12);
        (-(-u.ln()).ln()) as f32
    }).collect()
}

/// Added to the logits of tokens that no completion may contain.
pub(crate) const NEVER: f32 = -1e9;

/// Samples one completion per prompt and lane: `result[lane][prompt]`, token ids without specials.
///
/// `noise` is [`gumbel`]'s; temperature 0 is greedy.
///
/// # Errors
/// [`ErrorCode::Device`] where the device fails.
pub async fn sample(
    gpt: &Gpt, params: &Parameters, prompts: &[Vec<u32>], noise: &[f32], config: &EvalConfig, device: &Device,
) -> Result<Vec<Vec<Vec<u32>>>> {
    if let Some(layout) = Layout::fused_on(gpt, device) {
        let flat = layout.flatten(params);
        let lanes: Vec<&[f32]> = flat.iter().map(Vec::as_slice).collect();
        return Ok(crate::fused::cpu::eval::sample(&layout, &lanes, prompts, noise, config));
    }
    sample_plain(gpt, params, prompts, noise, config, device).await
}

/// As [`sample`], but always over tensors: the witness for the fused version.
///
/// # Errors
/// As [`sample`].
pub async fn sample_plain(
    gpt: &Gpt, params: &Parameters, prompts: &[Vec<u32>], noise: &[f32], config: &EvalConfig, device: &Device,
) -> Result<Vec<Vec<Vec<u32>>>> {
    let (lanes, n, t_max, v) = (params.lanes(), prompts.len(), gpt.context(), gpt.vocabulary());
    let starts: Vec<Vec<u32>> = prompts.iter().map(|p| prompt_tokens(p, t_max)).collect();
    let filter = (config.top_k > 0 && config.top_k < v) || config.top_p < 1.0;
    // Temperature scales the noise rather than the logits: the same argmax, and 0 needs no special case.
    let noise = Tensor::<3>::from_data(TensorData::new(noise.to_vec(), [t_max, n, v]), device) * config.temperature as f32;
    let banned: Vec<f32> = (0..v as u32).map(|t| if t <= UNK && t != EOS { NEVER } else { 0.0 }).collect();
    debug_assert!([PAD, BOS, SEP].iter().all(|t| *t <= UNK));
    let banned = Tensor::<1>::from_floats(banned.as_slice(), device).reshape([1, 1, v]);
    let column = |t: usize, f: &dyn Fn(&[u32]) -> i32| -> Tensor<2, Int> {
        let ids: Vec<i32> = (0..lanes).flat_map(|_| starts.iter().map(|s| f(s.get(t..).unwrap_or(&[])))).collect();
        Tensor::from_data(TensorData::new(ids, [lanes, n]), device)
    };
    let mut cache = gpt.cache(lanes * n, device);
    let mut ids = column(0, &|s| s[0] as i32);
    let mut written = Vec::with_capacity(t_max);
    for t in 0..t_max - 1 {
        let logits = gpt.decode(params, ids, t, &mut cache);
        let scores = logits + banned.clone();
        let scores = if filter { filtered(scores, config, device).await? } else { scores };
        let drawn: Tensor<2, Int> = (scores + noise.clone().narrow(0, t + 1, 1)).argmax(2).reshape([lanes, n]);
        // Where the prompt goes on, its token is fed; elsewhere the drawn one.
        let forced = column(t + 1, &|s| s.first().map_or(0, |id| *id as i32));
        let is_forced = column(t + 1, &|s| i32::from(!s.is_empty()));
        ids = drawn.mask_where(is_forced.equal_elem(1), forced);
        written.push(ids.clone());
    }
    let all = Tensor::cat(written, 1); // [L, (T−1)·N]
    let failed = |e: String| Error::new(ErrorCode::Device, format!("reading samples failed: {e}"), "start again, or use the CPU");
    let data = all.into_data_async().await.map_err(|e| failed(e.to_string()))?;
    let tokens = data.iter::<i32>().collect::<Vec<i32>>();
    Ok((0..lanes).map(|lane| (0..n).map(|i| {
        (starts[i].len()..t_max)
            .map(|t| tokens[lane * (t_max - 1) * n + (t - 1) * n + i] as u32)
            .take_while(|token| *token != EOS)
            .collect()
    }).collect()).collect())
}

/// [`keep_likeliest`] for every row of `scores` `[lane, prompt, V]`, on the CPU.
async fn filtered(scores: Tensor<3>, config: &EvalConfig, device: &Device) -> Result<Tensor<3>> {
    let shape = scores.dims();
    let mut values = crate::train::measured::read_f32(scores).await?;
    values.chunks_exact_mut(shape[2]).for_each(|row| keep_likeliest(row, config));
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}

/// Masks everything but the top-k tokens and the smallest set that holds top-p of the probability at the temperature
/// (top-k first, as in TRL). Leaves greedy decoding alone: the likeliest token is always kept.
pub(crate) fn keep_likeliest(row: &mut [f32], config: &EvalConfig) {
    let k = if config.top_k == 0 { row.len() } else { config.top_k };
    if (k >= row.len() && config.top_p >= 1.0) || config.temperature <= 0.0 {
        return;
    }
    let order = order::indices(row.len(), &|a, b| row[b].total_cmp(&row[a]));
    let top = row[order[0]];
    let mass = |s: f32| ((s - top) / config.temperature as f32).exp();
    let total: f32 = order.iter().take(k).map(|id| mass(row[*id])).sum();
    let mut held = 0.0;
    for (rank, id) in order.into_iter().enumerate() {
        if rank >= k || (rank > 0 && held >= config.top_p as f32) {
            row[id] = NEVER;
        } else {
            held += mass(row[id]) / total;
        }
    }
}
