//! Shared by the integration tests.
#![allow(dead_code)] // each test file uses its part

pub mod twin;

use burn::tensor::{Device, Tensor, TensorData};
use prefshift::config::*;
use prefshift::data::PreferencePair;
use prefshift::device::Compute;
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};
use prefshift::policy::{ParamSpec, Parameters};
use prefshift::rng::Stream;
use prefshift::train::StepMetrics;
use prefshift::train::measured::Measured;

/// The GPU, natively whatever adapter there is; none, said, where there is none.
#[cfg(all(feature = "gpu", not(target_family = "wasm")))]
pub fn gpu() -> Option<std::sync::Arc<prefshift::fused::gpu::Gpu>> {
    match pollster::block_on(prefshift::fused::gpu::Gpu::open()) {
        Ok(gpu) => Some(gpu),
        Err(e) => {
            println!("SKIPPED: {e}");
            None
        }
    }
}

/// Runs to the end and returns every event.
pub fn run(config: RunConfig, inputs: Inputs) -> Vec<Event> {
    let mut experiment = Experiment::new(config, Compute::cpu(), inputs).expect("a valid run");
    let mut events = Vec::new();
    loop {
        let batch = pollster::block_on(experiment.next()).expect("a step");
        let done = batch.iter().any(|e| matches!(e, Event::Done(_)));
        events.extend(batch);
        if done {
            return events;
        }
    }
}

/// Frames of a run, in order.
pub fn frames(events: &[Event]) -> Vec<&prefshift::event::Frame> {
    events.iter().filter_map(|e| if let Event::Frame(f) = e { Some(f) } else { None }).collect()
}

/// Values of a tensor.
pub fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().expect("f32")
}

/// Reads a step back.
pub fn measured(metrics: StepMetrics) -> Measured {
    pollster::block_on(metrics.read()).expect("a read")
}

/// One lane of `parameters`, tensor by tensor.
pub fn lane_of(parameters: &Parameters, lane: usize) -> Vec<Vec<f32>> {
    parameters.0.iter().map(|t| read(t.clone().narrow(0, lane, 1))).collect()
}

/// Random pairs of `groups` groups over the words `5..vocabulary` that fit into a context of 12 tokens.
pub fn random_pairs(rng: &mut Stream, n: usize, vocabulary: usize, groups: usize) -> Vec<PreferencePair> {
    let words = |rng: &mut Stream, n: usize| (0..n).map(|_| (5 + rng.below(vocabulary - 5)) as u32).collect::<Vec<_>>();
    (0..n).map(|i| {
        let sizes = [1 + rng.below(3), 1 + rng.below(6), 1 + rng.below(6)];
        let [prompt, chosen, mut rejected] = sizes.map(|n| words(rng, n));
        if rejected == chosen {
            rejected[0] = 5 + (rejected[0] - 4) % (vocabulary as u32 - 5);
        }
        PreferencePair { prompt, chosen, rejected, group: i % groups, flipped: false, confidence: 1.0 - 0.1 * (i % 5) as f32 }
    }).collect()
}

/// Parameters of one lane with every entry drawn: gains near 1, all else N(0, `sd`²), so that nothing hides behind a zero.
pub fn random_parameters(specs: &[ParamSpec], rng: &mut Stream, sd: f64, device: &Device) -> Parameters {
    Parameters(specs.iter().map(|s| {
        let gain = s.name.ends_with(".g");
        let values: Vec<f32> = (0..s.shape[0] * s.shape[1])
            .map(|_| (rng.normal() * if gain { 0.1 } else { sd } + f64::from(u8::from(gain))) as f32).collect();
        Tensor::from_data(TensorData::new(values, [1, s.shape[0], s.shape[1]]), device)
    }).collect())
}

/// A run's config for driving a trainer directly.
pub fn config(model: ModelConfig, lanes: Vec<LaneConfig>, train: TrainConfig) -> RunConfig {
    RunConfig { model, lanes, train, ..RunConfig::default() }
}

/// Euclidean norm over all tensors.
pub fn norm(tensors: &[Vec<f64>]) -> f64 {
    tensors.iter().flatten().map(|v| v * v).sum::<f64>().sqrt()
}

/// `a − b`, tensor by tensor.
pub fn minus(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| a - b).collect()
    }).collect()
}

/// As f64.
pub fn wide(tensors: &[Vec<f32>]) -> Vec<Vec<f64>> {
    tensors.iter().map(|t| t.iter().map(|v| f64::from(*v)).collect()).collect()
}

/// Prints a measured error (`--nocapture` shows it) and fails where it is above the tolerance, or not a number.
pub fn within(what: &str, error: f64, tolerance: f64) {
    println!("{what:<60} {error:9.2e}  (at most {tolerance:.0e})");
    assert!(error <= tolerance, "{what}: {error:e} is above {tolerance:e}");
}

/// Largest |found − expected| over max(1, |expected|).
pub fn largest_error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    // `max` drops NaN, so a NaN becomes infinite first.
    found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs() / e.abs().max(1.0))
        .map(|e| if e.is_nan() { f64::INFINITY } else { e }).fold(0.0, f64::max)
}

/// A lane of every method in every form.
pub fn every_lane() -> Vec<LaneConfig> {
    let forms = |m: &prefshift::objective::MethodInfo| if m.forms.is_empty() { vec![None] } else { m.forms.iter().map(|f| Some(f.id.to_string())).collect() };
    let lanes = prefshift::objective::methods().into_iter().flat_map(|m| forms(m).into_iter().map(|form| LaneConfig { form, ..LaneConfig::new(m.id) }));
    lanes.map(|l| if l.method == "wdpo" { l.with("rho", 2.0) } else { l }).collect()
}
