//! Every lane on held-out pairs and on fresh samples, group by group.

use crate::config::RunConfig;
use crate::data::emotion::{ALPHAS, Corpus};
use crate::data::{Dataset, PreferencePair, TokenBatch};
use crate::error::Result;
use crate::event::{Curve, Evaluation, Sample};
use crate::fused::{cpu::eval as fused, layout::Layout};
use crate::policy::{Gpt, Parameters, Perturbation, Policy, TokenTensors, sampling};
use crate::reward;
use crate::train::Trainer;
use crate::rng::{Stream, Streams};
use crate::train::measured::read_f32;
use burn::tensor::Device;

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
        return Ok(by_pair(fused::logps(&layout, &slices(&flat), &TokenBatch::from_pairs(pairs, context))));
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

/// Log-probabilities of the tokens of both answers under one lane of parameters, `[pair]` of (chosen, rejected), nats.
///
/// # Errors
/// Where the device fails.
pub async fn pair_token_logps(gpt: &Gpt, params: &Parameters, pairs: &[PreferencePair], context: usize, device: &Device) -> Result<Vec<[Vec<f32>; 2]>> {
    if let Some(layout) = Layout::fused_on(gpt, device) {
        let mut all = fused::token_logps(&layout, &layout.flatten(params)[0], &TokenBatch::from_pairs(pairs, context));
        let rejected = all.split_off(pairs.len());
        return Ok(all.into_iter().zip(rejected).map(|(w, l)| [w, l]).collect());
    }
    let mut out = Vec::with_capacity(pairs.len());
    for chunk in pairs.chunks(CHUNK / 2) {
        let batch = TokenBatch::from_pairs(chunk, context);
        let tokens = TokenTensors::new(&[&batch], 1, device);
        let values = read_f32(gpt.token_logps(params, &tokens, &Perturbation::default()).x).await?;
        let of = |i: usize| (i * context..(i + 1) * context).filter(|at| batch.loss_mask[*at] > 0.0).map(|at| values[at]).collect();
        out.extend((0..chunk.len()).map(|i| [of(i), of(chunk.len() + i)]));
    }
    Ok(out)
}

/// Chosen sequences come first, rejected ones after: `[lane][sequence]` → `[lane][pair]`.
pub(crate) fn by_pair(lanes: Vec<Vec<f32>>) -> Vec<Vec<[f32; 2]>> {
    lanes.into_iter().map(|l| (0..l.len() / 2).map(|i| [l[i], l[l.len() / 2 + i]]).collect()).collect()
}

fn slices(lanes: &[Vec<f32>]) -> Vec<&[f32]> {
    lanes.iter().map(Vec::as_slice).collect()
}

/// Holds what does not change from one evaluation to the next.
pub struct Evaluator {
    reference_logps: Vec<[f32; 2]>,
    noise: Stream,
    shown: Vec<f32>,
    every_sample: usize,
}

impl Evaluator {
    /// `reference_logps` are the reference policy's log-probabilities of the held-out pairs.
    pub fn new(config: &RunConfig, data: &Dataset, reference_logps: Vec<[f32; 2]>) -> Self {
        let streams = Streams::new(u64::from(config.seed));
        // The prompts that are shown use the same noise every time, so that their text changes only as the policy does.
        let shown = sampling::gumbel(&mut streams.stream("eval/shown"), config.model.context, data.groups.len(), data.vocabulary.len());
        Self { reference_logps, noise: streams.stream("eval/samples"), shown, every_sample: config.eval.samples }
    }

    /// Position of the random stream of samples, for a checkpoint.
    pub fn position(&self) -> u64 {
        self.noise.position()
    }

    /// Goes to `position`, as [`Evaluator::position`] says it.
    pub fn seek(&mut self, position: u64) {
        self.noise.seek(position);
    }

    /// One look at the lanes of `trainer` (in the run's order).
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn evaluate(&mut self, trainer: &mut Trainer, config: &RunConfig, data: &Dataset, policy: &dyn Policy) -> Result<Evaluation> {
        let n_groups = data.groups.len();
        let logps = trainer.logps(policy, &data.eval).await?;
        let n_lanes = logps.len();
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
            step: trainer.steps(), accuracy, margin, reward: vec![], reward_se: vec![], kl: vec![],
            distance: trainer.distance().await?, reference_reward: vec![], curve: None, samples: vec![],
        };
        if let Some(gpt) = policy.gpt().filter(|_| self.every_sample > 0) {
            self.sample(&mut evaluation, trainer, config, data, gpt).await?;
        }
        Ok(evaluation)
    }

    /// Fresh samples of every lane and of the reference: rewards, KL, and the texts that are shown.
    async fn sample(&mut self, out: &mut Evaluation, trainer: &mut Trainer, config: &RunConfig, data: &Dataset, gpt: &Gpt) -> Result<()> {
        let shown: Vec<Vec<u32>> = data.prompts.iter().filter_map(|p| p.first().cloned()).collect();
        let texts = trainer.sample(gpt, &shown, &self.shown, &config.eval).await?;
        let n_lanes = texts.len() - 1;
        out.samples = shown.iter().enumerate().map(|(i, prompt)| Sample {
            prompt: data.vocabulary.decode(prompt),
            group: i,
            reference: data.vocabulary.decode(&texts[n_lanes][i]),
            lanes: (0..n_lanes).map(|l| data.vocabulary.decode(&texts[l][i])).collect(),
        }).collect();

        // Different prompts every time, drawn from the group's own; the same ones for every lane.
        let mut prompts = Vec::with_capacity(self.every_sample * data.groups.len());
        for of_group in &data.prompts {
            prompts.extend((0..self.every_sample).map(|_| self.noise.pick(of_group).clone()));
        }
        let noise = sampling::gumbel(&mut self.noise, gpt.context(), prompts.len(), gpt.vocabulary());
        // Values are those of the policy itself: plain sampling at temperature 1, whatever is shown.
        let plain = crate::config::EvalConfig { temperature: 1.0, top_k: 0, top_p: 1.0, ..config.eval.clone() };
        let written = trainer.sample(gpt, &prompts, &noise, &plain).await?;
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
        if let Some(corpus) = data.emotion.as_deref() {
            emotions(out, corpus, &prompts, &written);
        }
        // KL(π ‖ π_ref) per completion: the exact per-token KL summed along each policy's own samples.
        let batches: Vec<TokenBatch> = written[..n_lanes].iter().map(|texts| {
            let mut batch = TokenBatch::new(config.model.context);
            prompts.iter().zip(texts).for_each(|(p, t)| batch.push(p, t));
            batch
        }).collect();
        // Shares by group in the training data weigh the prompts.
        let share = |i: usize| data.groups[i / self.every_sample].share / self.every_sample as f64;
        out.kl = trainer.divergence(gpt, &batches).await?.iter()
            .map(|lane| lane.iter().enumerate().map(|(i, v)| f64::from(*v) * share(i)).sum::<f64>() as f32).collect();
        Ok(())
    }
}

/// Rewards of whole texts (prompt and completion) in the emotion experiment: every text counts for both groups, and the curve
/// is the mean of r_α, which is not linear in α where the mixture is geometric. The reference's texts come last.
fn emotions(out: &mut Evaluation, corpus: &Corpus, prompts: &[Vec<u32>], written: &[Vec<Vec<u32>>]) {
    let Some(judge) = &corpus.judge else { return };
    let mut curve = Curve {
        alphas: ALPHAS.iter().map(|a| *a as f32).collect(), reward: vec![], reward_se: vec![], words: vec![], reference: vec![], reference_words: vec![],
    };
    for (lane, texts) in written.iter().enumerate() {
        let texts: Vec<Vec<u32>> = prompts.iter().zip(texts).map(|(p, t)| [p.as_slice(), t].concat()).collect();
        let rewards = judge.score(&texts);
        let (mean, se) = reward::curve(corpus, &rewards, &ALPHAS);
        let words = reward::true_scores(corpus, &texts).map(|r| reward::curve(corpus, &r, &ALPHAS).0).unwrap_or_default();
        let groups = [0, 1].map(|g| mean_se(&rewards.iter().map(|r| r[g]).collect::<Vec<_>>()));
        if lane + 1 == written.len() {
            out.reference_reward.extend(groups.map(|g| g.0));
            (curve.reference, curve.reference_words) = (mean, words);
        } else {
            out.reward.extend(groups.map(|g| g.0));
            out.reward_se.extend(groups.map(|g| g.1));
            curve.reward.extend(mean);
            curve.reward_se.extend(se);
            curve.words.extend(words);
        }
    }
    out.curve = Some(curve);
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
