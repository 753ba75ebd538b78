//! Every lane on held-out pairs and on fresh samples, group by group.

use crate::config::RunConfig;
use crate::data::{Dataset, PreferencePair, TokenBatch};
use crate::error::Result;
use crate::event::{Evaluation, Sample};
use crate::fused::{cpu::eval as fused, layout::Layout};
use crate::policy::{Gpt, Parameters, Perturbation, Policy, TokenTensors, sampling};
use crate::rng::{Stream, Streams};
use crate::train::trainer::read_f32;
use burn::tensor::{Device, Tensor, activation};

/// Sequences per forward pass of an evaluation: bounds memory.
const CHUNK: usize = 64;

/// Summed log-probabilities of each pair's two answers under one lane of parameters per pair list.
///
/// Returns `[lane][pair]` of (chosen, rejected), nats.
///
/// # Errors
/// Where the device fails.
pub async fn pair_logps(
    policy: &dyn Policy, params: &Parameters, pairs: &[PreferencePair], context: usize, device: &Device,
) -> Result<Vec<Vec<[f32; 2]>>> {
    let lanes = params.lanes();
    if let Some(layout) = Layout::fused_on(policy, device) {
        let flat = layout.flatten(params);
        let logps = fused::logps(&layout, &slices(&flat), &TokenBatch::from_pairs(pairs, context));
        return Ok(logps.iter().map(|l| (0..pairs.len()).map(|i| [l[i], l[pairs.len() + i]]).collect()).collect());
    }
    let mut out = vec![Vec::with_capacity(pairs.len()); lanes];
    for chunk in pairs.chunks(CHUNK / 2) {
        let batch = TokenBatch::from_pairs(chunk, context);
        let tokens = TokenTensors::new(&[&batch], lanes, device);
        let logps = read_f32(policy.logps(params, &tokens, &Perturbation::default()).x).await?;
        for (lane, row) in logps.chunks_exact(2 * chunk.len()).enumerate() {
            out[lane].extend((0..chunk.len()).map(|i| [row[i], row[chunk.len() + i]]));
        }
    }
    Ok(out)
}

fn slices(lanes: &[Vec<f32>]) -> Vec<&[f32]> {
    lanes.iter().map(Vec::as_slice).collect()
}

/// Holds what does not change from one evaluation to the next.
pub struct Evaluator {
    reference: Parameters,
    reference_logps: Vec<[f32; 2]>,
    noise: Stream,
    shown: Vec<f32>,
    every_sample: usize,
}

impl Evaluator {
    /// Caches the reference policy's log-probabilities of the held-out pairs.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn new(config: &RunConfig, data: &Dataset, policy: &dyn Policy, reference: &Parameters, device: &Device) -> Result<Self> {
        let context = config.model.context;
        let reference_logps = pair_logps(policy, reference, &data.eval, context, device).await?.remove(0);
        let streams = Streams::new(u64::from(config.seed));
        // The prompts that are shown use the same noise every time, so that their text changes only as the policy does.
        let shown = sampling::gumbel(&mut streams.stream("eval/shown"), context, data.groups.len(), data.vocabulary.len());
        Ok(Self { reference: reference.clone(), reference_logps, noise: streams.stream("eval/samples"), shown, every_sample: config.eval.samples })
    }

    /// One look at `lanes` (in the run's order) after `step` steps.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn evaluate(
        &mut self, step: usize, lanes: &Parameters, config: &RunConfig, data: &Dataset, policy: &dyn Policy, device: &Device,
    ) -> Result<Evaluation> {
        let (n_lanes, n_groups) = (lanes.lanes(), data.groups.len());
        let logps = pair_logps(policy, lanes, &data.eval, config.model.context, device).await?;
        let mut accuracy = vec![0.0; n_lanes * n_groups];
        let mut margin = vec![0.0; n_lanes * n_groups];
        for (lane, logps) in logps.iter().enumerate() {
            let mut count = vec![0.0_f32; n_groups];
            for ((pair, now), reference) in data.eval.iter().zip(logps).zip(&self.reference_logps) {
                let h = (now[0] - reference[0]) - (now[1] - reference[1]);
                // A margin of exactly 0 (the reference itself) counts half, so that "no opinion" reads 0.5.
                accuracy[lane * n_groups + pair.group] += if h > 0.0 { 1.0 } else if h == 0.0 { 0.5 } else { 0.0 };
                margin[lane * n_groups + pair.group] += h;
                count[pair.group] += 1.0;
            }
            for g in 0..n_groups {
                accuracy[lane * n_groups + g] /= count[g].max(1.0);
                margin[lane * n_groups + g] /= count[g].max(1.0);
            }
        }
        let mut evaluation = Evaluation {
            step, accuracy, margin, reward: vec![], reward_se: vec![], kl: vec![],
            distance: read_f32(lanes.distance(&self.reference)).await?, reference_reward: vec![], samples: vec![],
        };
        if let Some(gpt) = policy.gpt().filter(|_| self.every_sample > 0) {
            self.sample(&mut evaluation, lanes, config, data, gpt, device).await?;
        }
        Ok(evaluation)
    }

    /// Fresh samples of every lane and of the reference: rewards, KL, and the texts that are shown.
    async fn sample(
        &mut self, out: &mut Evaluation, lanes: &Parameters, config: &RunConfig, data: &Dataset, gpt: &Gpt, device: &Device,
    ) -> Result<()> {
        let (n_lanes, n_groups) = (lanes.lanes(), data.groups.len());
        let everyone = Parameters::cat(&[lanes.clone(), self.reference.clone()]);
        let shown: Vec<Vec<u32>> = data.prompts.iter().filter_map(|p| p.first().cloned()).collect();
        let texts = sampling::sample(gpt, &everyone, &shown, &self.shown, &config.eval, device).await?;
        out.samples = shown.iter().enumerate().map(|(i, prompt)| Sample {
            prompt: data.vocabulary.decode(prompt),
            group: i,
            reference: data.vocabulary.decode(&texts[n_lanes][i]),
            lanes: (0..n_lanes).map(|l| data.vocabulary.decode(&texts[l][i])).collect(),
        }).collect();

        // Different prompts every time, drawn from the group's own; the same ones for every lane.
        let mut prompts = Vec::with_capacity(self.every_sample * n_groups);
        for of_group in &data.prompts {
            prompts.extend((0..self.every_sample).map(|_| self.noise.pick(of_group).clone()));
        }
        let noise = sampling::gumbel(&mut self.noise, gpt.context(), prompts.len(), gpt.vocabulary());
        // Values are those of the policy itself: plain sampling at temperature 1, whatever is shown.
        let plain = crate::config::EvalConfig { temperature: 1.0, top_k: 0, top_p: 1.0, ..config.eval.clone() };
        let written = sampling::sample(gpt, &everyone, &prompts, &noise, &plain, device).await?;
        if let Some(reward) = &data.reward {
            for (lane, texts) in written.iter().enumerate() {
                for (g, texts) in texts.chunks_exact(self.every_sample).enumerate() {
                    let (mean, se) = mean_se(&texts.iter().map(|t| reward.score(g, t)).collect::<Vec<_>>());
                    if lane == n_lanes {
                        out.reference_reward.push(mean);
                    } else {
                        out.reward.push(mean);
                        out.reward_se.push(se);
                    }
                }
            }
        }
        out.kl = self.divergence(lanes, &written[..n_lanes], &prompts, data, gpt, config.model.context, device).await?;
        Ok(())
    }

    /// KL(π ‖ π_ref) per completion: the exact per-token KL summed along each policy's own samples, `[lane]`.
    #[allow(clippy::too_many_arguments)] // a private step of `sample`
    async fn divergence(
        &self, lanes: &Parameters, written: &[Vec<Vec<u32>>], prompts: &[Vec<u32>], data: &Dataset, gpt: &Gpt, context: usize, device: &Device,
    ) -> Result<Vec<f32>> {
        let n_lanes = lanes.lanes();
        let n = prompts.len();
        // Shares by group in the training data weigh the prompts.
        let share = |i: usize| data.groups[i / self.every_sample].share / self.every_sample as f64;
        if let Some(layout) = Layout::fused_on(gpt, device) {
            let batches: Vec<TokenBatch> = written.iter().map(|texts| batch_of(prompts, texts, 0..n, context)).collect();
            let (flat, reference) = (layout.flatten(lanes), layout.flatten(&self.reference).swap_remove(0));
            let kl = fused::divergence(&layout, &slices(&flat), &reference, &batches);
            return Ok(kl.iter().map(|l| l.iter().enumerate().map(|(i, v)| f64::from(*v) * share(i)).sum::<f64>() as f32).collect());
        }
        let reference = self.reference.repeat(n_lanes);
        let mut total = vec![0.0_f64; n_lanes];
        for start in (0..n).step_by(CHUNK) {
            let end = (start + CHUNK).min(n);
            let batches: Vec<TokenBatch> = written.iter().map(|texts| batch_of(prompts, texts, start..end, context)).collect();
            let tokens = TokenTensors::new(&batches.iter().collect::<Vec<_>>(), n_lanes, device);
            let now = activation::log_softmax(gpt.logits(lanes, &tokens, &Perturbation::default()).x, 2);
            let before = activation::log_softmax(gpt.logits(&reference, &tokens, &Perturbation::default()).x, 2);
            let kl: Tensor<2> = (now.clone().exp() * (now - before)).sum_dim(2).reshape([n_lanes, (end - start) * context]);
            let kl = (kl * tokens.mask).reshape([n_lanes, end - start, context]).sum_dim(2);
            let values = read_f32(kl).await?;
            for (lane, row) in values.chunks_exact(end - start).enumerate() {
                total[lane] += row.iter().enumerate().map(|(i, v)| f64::from(*v) * share(start + i)).sum::<f64>();
            }
        }
        Ok(total.into_iter().map(|t| t as f32).collect())
    }
}

/// Some prompts with what was written for them.
fn batch_of(prompts: &[Vec<u32>], texts: &[Vec<u32>], of: std::ops::Range<usize>, context: usize) -> TokenBatch {
    let mut batch = TokenBatch::new(context);
    of.for_each(|i| batch.push(&prompts[i], &texts[i]));
    batch
}

/// Mean and standard error of the mean.
pub fn mean_se(values: &[f32]) -> (f32, f32) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (f32::NAN, f32::NAN);
    }
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let var = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean as f32, (var / n).sqrt() as f32)
}
