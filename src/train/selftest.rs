//! Before a GPU is trusted with a run: one small step on it and on the CPU, which must agree.
//!
//! The policy has the run's own shape where that is small, so that the kernels compiled here are the run's.

use super::Trainer;
use super::measured::Measured;
use crate::config::{LaneConfig, ModelConfig, RunConfig, Schedule, TrainConfig};
use crate::data::PreferencePair;
use crate::error::{Error, ErrorCode, Result};
use crate::fused::gpu::Gpu;
use crate::fused::layout::Layout;
use crate::objective;
use crate::policy::{Gpt, Parameters, Policy};
use crate::rng::{Stream, Streams};
use burn::tensor::{Device, Tensor, TensorData};
use std::sync::Arc;

/// Largest difference, of the largest value.
const TOLERANCE: f32 = 1e-3;
/// Parameters up to which the policy has the run's shape.
const LARGEST: usize = 300_000;
/// Pairs of the step.
const PAIRS: usize = 2;
/// First token that is a word.
const FIRST_WORD: usize = 5;

/// Compares one step of DPO and KLDPO, and of WDPO where the run has lanes with tangents. A GPU that passed is not asked
/// again for the same shape.
///
/// # Errors
/// [`ErrorCode::DeviceWrong`] with the numbers where the two differ, [`ErrorCode::Device`] where the GPU fails.
pub async fn check(gpu: &Arc<Gpu>, config: &RunConfig, vocabulary: usize) -> Result<()> {
    let tangents = config.lanes.iter().any(|l| objective::find(&l.method).is_some_and(|o| o.info().needs_embedding_gradient));
    let run = Layout::new(&config.model, vocabulary).len;
    let (model, words) = match (LARGEST..).contains(&run) || vocabulary <= FIRST_WORD + 1 {
        true => (ModelConfig { d_model: 16, layers: 1, heads: 2, context: 12, ..config.model.clone() }, 24),
        false => (config.model.clone(), vocabulary),
    };
    let device = Device::flex();
    let gpt = Gpt::new(&model, words, &device);
    if gpu.trusted(gpt.shape(), tangents) {
        return Ok(());
    }
    let mut rng = Streams::new(1).stream("self-test");
    let pairs: Vec<PreferencePair> = (0..PAIRS).map(|i| pair(&mut rng, i, model.context, words)).collect();
    let lanes: Vec<LaneConfig> = ["dpo", "kldpo", "wdpo"].iter().take(if tangents { 3 } else { 2 }).map(|m| LaneConfig::new(m).with("beta", 0.5)).collect();
    let train = TrainConfig { steps: 1, batch: PAIRS, learning_rate: 0.01, warmup: 0, schedule: Schedule::Constant, ..TrainConfig::default() };
    let config = RunConfig { model, lanes, train, ..config.clone() };
    let reference = parameters(&gpt, &mut rng, &device);
    let start = parameters(&gpt, &mut rng, &device).repeat(config.lanes.len());

    let mut cpu = Trainer::new(&config, &gpt, &reference, 1, &device);
    let expected = cpu.reference_logps(&gpt, &pairs).await?;
    let (mut found, logps) = Trainer::on_gpu(&config, &gpt, &reference, 1, gpu.clone(), &pairs).await?;
    same("the reference's log-probabilities", &logps.concat(), &expected.concat())?;
    let drawn = vec![(0, (0..PAIRS as u32).collect())];
    let mut measured: Vec<Measured> = Vec::new();
    let mut ends = Vec::new();
    for trainer in [&mut found, &mut cpu] {
        trainer.load(&start);
        let step = trainer.step_on(drawn.clone(), &gpt, &pairs, &logps);
        measured.push(trainer.read(step).await?);
        ends.push(Layout::of(gpt.shape()).flatten(&trainer.policies().await?).concat());
    }
    let [a, b] = &measured[..] else { return Ok(()) };
    for (what, a, b) in [
        ("a chosen answer's log-ratio", &a.chosen, &b.chosen), ("a rejected answer's log-ratio", &a.rejected, &b.rejected),
        ("a loss", &a.losses, &b.losses), ("a weight", &a.weights, &b.weights), ("a lane's objective", &a.objective, &b.objective),
        ("an embedding gradient", &a.grad_sq, &b.grad_sq), ("a gradient's norm", &a.grad_norm, &b.grad_norm),
    ] {
        same(what, a, b)?;
    }
    // Where a gradient is all but zero AdamW's first update follows its sign, so parameters are compared all together.
    let norm = |v: &mut dyn Iterator<Item = f32>| v.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt() as f32;
    let moved = norm(&mut ends[1].iter().zip(Layout::of(gpt.shape()).flatten(&start).concat()).map(|(p, s)| p - s));
    let off = norm(&mut ends[0].iter().zip(&ends[1]).map(|(a, b)| a - b));
    if !(off <= 10.0 * TOLERANCE * moved) {
        return Err(wrong(format!("an update ends {off:e} away from the CPU's, which is {moved:e} from the start")));
    }
    gpu.trust(gpt.shape(), tangents);
    Ok(())
}

fn wrong(what: String) -> Error {
    Error::new(ErrorCode::DeviceWrong, format!("this GPU computes wrongly: {what}"), "train on the CPU; another browser or driver may help")
}

fn same(what: &str, found: &[f32], expected: &[f32]) -> Result<()> {
    let largest = expected.iter().fold(1e-6_f32, |m, v| m.max(v.abs()));
    // Written so that a number that is none differs.
    match found.iter().zip(expected).find(|(a, b)| !((*a - *b).abs() <= TOLERANCE * largest)) {
        None if found.len() == expected.len() => Ok(()),
        differs => {
            let (a, b) = differs.map_or((f32::NAN, f32::NAN), |(a, b)| (*a, *b));
            Err(wrong(format!("{what} is {a} on it and {b} on the CPU")))
        }
    }
}

/// Answers of different lengths that fit the context.
fn pair(rng: &mut Stream, i: usize, context: usize, words: usize) -> PreferencePair {
    let room = context.saturating_sub(4).max(2);
    let mut text = |n: usize| (0..n.max(1)).map(|_| (FIRST_WORD + rng.below(words - FIRST_WORD)) as u32).collect::<Vec<_>>();
    PreferencePair { prompt: text(1 + i), chosen: text(room / (1 + i) - 1), rejected: text(room / 2), group: 0, flipped: false, confidence: 1.0 }
}

/// One lane, every entry drawn: gains near 1.
fn parameters(gpt: &Gpt, rng: &mut Stream, device: &Device) -> Parameters {
    Parameters(gpt.specs().iter().map(|s| {
        let gain = if s.name.ends_with(".g") { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..s.shape[0] * s.shape[1]).map(|_| (gain + rng.normal() * 0.1) as f32).collect();
        Tensor::from_data(TensorData::new(values, [1, s.shape[0], s.shape[1]]), device)
    }).collect())
}
