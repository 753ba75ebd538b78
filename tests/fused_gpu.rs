//! The GPU's kernels against the plain version over tensors: values, gradients, ten steps, over odd shapes and large
//! values. Natively, on whatever adapter Vulkan, Metal or DirectX offers (lavapipe will do); skipped without one.
#![cfg(all(feature = "gpu", not(target_family = "wasm")))]

mod common;

use burn::tensor::{Device, activation};
use common::{gpu, lane_of, measured, norm, random_pairs, random_parameters, read, wide, within};
use prefshift::config::*;
use prefshift::data::{PreferencePair, TokenBatch};
use prefshift::fused::gpu::{Gpu, GpuLanes, PairTable, Who};
use prefshift::fused::layout::Layout;
use prefshift::policy::{Gpt, Parameters, Perturbation, Policy, TokenTensors, sampling};
use prefshift::rng::Streams;
use prefshift::train::{Rates, Trainer};
use std::sync::Arc;

const CONTEXT: usize = 11;

/// d, layers, heads, tied, vocabulary, pairs, standard deviation of the weights.
type Shape = (usize, usize, usize, bool, usize, usize, f64);

const SHAPES: [Shape; 5] = [
    (16, 2, 2, false, 24, 3, 0.3), (8, 1, 1, false, 8, 17, 0.3), (10, 2, 2, true, 13, 1, 0.3), (64, 2, 4, false, 97, 4, 0.1),
    (12, 1, 2, false, 33, 2, 3.0),
];

struct World {
    gpt: Gpt,
    layout: Layout,
    model: ModelConfig,
    pairs: Vec<PreferencePair>,
    reference: Vec<[f32; 2]>,
    start: Parameters,
}

impl World {
    fn new((d_model, layers, heads, tied, vocabulary, n, sd): Shape) -> Self {
        let device = Device::flex();
        let model = ModelConfig { policy: PolicyKind::Gpt, d_model, layers, heads, context: CONTEXT, tied };
        let gpt = Gpt::new(&model, vocabulary, &device);
        let mut rng = Streams::new(d_model as u64).stream("fused");
        let pairs = random_pairs(&mut rng, n, vocabulary, 2);
        let start = random_parameters(&gpt.specs(), &mut rng, sd, &device);
        let reference = pairs.iter().map(|_| [-20.0 + rng.normal() as f32, -20.0 + rng.normal() as f32]).collect();
        Self { layout: Layout::new(&model, vocabulary), gpt, model, pairs, reference, start }
    }

    fn table(&self) -> PairTable {
        let mut table = PairTable { tokens: vec![], mask: vec![], reference: self.reference.concat(), group: vec![], groups: 2, soft: vec![] };
        for pair in &self.pairs {
            let batch = TokenBatch::from_pairs([pair], CONTEXT);
            table.tokens.extend(batch.tokens);
            table.mask.extend(batch.loss_mask);
            table.group.push(pair.group as u32);
            table.soft.push(pair.confidence);
        }
        table
    }

    fn lanes(&self, gpu: &Arc<Gpu>, lanes: &[LaneConfig], batch: usize) -> GpuLanes {
        let start = lane_of(&self.start, 0).concat();
        GpuLanes::new(gpu.clone(), &self.layout, lanes, &start, &self.table(), batch).expect("lanes")
    }

    fn trainer(&self, lanes: &[LaneConfig], train: TrainConfig) -> Trainer {
        Trainer::plain(&common::config(self.model.clone(), lanes.to_vec(), train), &self.gpt, &self.start, 2, &Device::flex())
    }

    /// Gradients of the plain version, `[lane][tensor]`.
    fn plain(&self, lanes: &[LaneConfig], ids: &[u32]) -> Vec<Vec<Vec<f64>>> {
        let drawn = [(0, ids.to_vec())];
        let grads = pollster::block_on(self.trainer(lanes, TrainConfig::default()).gradients(&drawn, &self.gpt, &self.pairs, &self.reference)).expect("gradients");
        (0..lanes.len()).map(|lane| wide(&lane_of(&grads, lane))).collect()
    }

    /// A flat lane, tensor by tensor.
    fn tensors(&self, flat: &[f32]) -> Vec<Vec<f64>> {
        let mut rest = flat;
        self.layout.specs.iter().map(|s| {
            let (now, later) = rest.split_at(s.shape[0] * s.shape[1]);
            rest = later;
            now.iter().map(|v| f64::from(*v)).collect()
        }).collect()
    }
}

fn every_method() -> Vec<LaneConfig> {
    // In an order in which lanes with tangents do not come last.
    let on_gpu = |l: &LaneConfig| l.info("lane").is_ok_and(|m| m.gpu);
    let mut lanes: Vec<LaneConfig> = common::every_lane().into_iter().filter(on_gpu).collect();
    lanes.reverse();
    lanes
}

fn worst(found: &[f32], expected: &[f32]) -> f64 {
    common::largest_error(found, &expected.iter().map(|v| f64::from(*v)).collect::<Vec<_>>())
}

#[test]
fn gradients_and_measurements_of_every_method() {
    let Some(gpu) = gpu() else { return };
    for lanes in [every_method(), vec![LaneConfig::new("dpo")]] {
        for shape in SHAPES {
            let world = World::new(shape);
            let ids: Vec<u32> = (0..world.pairs.len() as u32).collect();
            let mut found = world.lanes(&gpu, &lanes, ids.len());
            found.gradients_only(&vec![ids.clone(); lanes.len()]).expect("a step");
            let m = pollster::block_on(found.measured()).expect("measurements");
            let expected = measured(world.trainer(&lanes, TrainConfig::default()).step_on(vec![(0, ids.clone())], &world.gpt, &world.pairs, &world.reference));
            let large = shape.6 > 0.5;
            for (what, a, b) in [
                ("a", &m.chosen, &expected.chosen), ("b", &m.rejected, &expected.rejected), ("losses", &m.losses, &expected.losses),
                ("weights", &m.weights, &expected.weights), ("loss", &m.loss, &expected.loss), ("objective", &m.objective, &expected.objective),
                ("tau", &m.tau, &expected.tau), ("norms", &m.grad_norm, &expected.grad_norm), ("squares", &m.grad_sq, &expected.grad_sq),
            ] {
                within(&format!("{shape:?} {what}"), worst(a, b), if large { 1e-3 } else { 1e-4 });
            }
            let grads = pollster::block_on(found.gradients()).expect("gradients");
            for (lane, expected) in world.plain(&lanes, &ids).iter().enumerate() {
                let what = format!("{shape:?} {} {}: gradient", lanes[lane].method, lanes[lane].form_id());
                let (error, _) = common::twin::gradient_error(&world.tensors(&grads[lane]), expected);
                within(&what, error, if large { 1e-3 } else { 3e-5 });
                assert!(norm(expected) > 0.0);
            }
        }
    }
}

#[test]
fn ten_steps_move_as_the_plain_version_does() {
    let Some(gpu) = gpu() else { return };
    let world = World::new((16, 2, 2, true, 24, 9, 0.2));
    let lanes = every_method();
    let train = TrainConfig { batch: 4, learning_rate: 3e-3, warmup: 0, weight_decay: 0.05, clip: 0.7, ..TrainConfig::default() };
    let mut plain = world.trainer(&lanes, train.clone());
    let mut found = world.lanes(&gpu, &lanes, 4);
    let rates = vec![train.learning_rate; lanes.len()];
    for step in 0..10_u32 {
        let ids: Vec<u32> = (0..4).map(|i| (4 * step + i) % 9).collect();
        plain.step_on(vec![(0, ids.clone())], &world.gpt, &world.pairs, &world.reference);
        let update = Rates { learning_rate: &rates, weight_decay: train.weight_decay, clip: train.clip };
        found.step(&vec![ids; lanes.len()], &update).expect("a step");
    }
    let (start, policies) = (wide(&lane_of(&world.start, 0)), pollster::block_on(plain.policies()).expect("policies"));
    for (lane, flat) in pollster::block_on(found.parameters()).expect("parameters").iter().enumerate() {
        let expected = wide(&lane_of(&policies, lane));
        let moved = norm(&common::minus(&expected, &start));
        let mut off = common::minus(&world.tensors(flat), &expected);
        // Softmax does not see the keys' biases: their gradient is rounding alone, which AdamW makes steps of.
        for (spec, off) in world.layout.specs.iter().zip(&mut off).filter(|(s, _)| s.name.ends_with("attn.qkv.b")) {
            off[spec.shape[1] / 3..2 * spec.shape[1] / 3].fill(0.0);
        }
        let off = norm(&off);
        // Sorting turns rounding into another partner where two log-ratios nearly tie.
        let limit = if lanes[lane].method.starts_with("aot") { 3e-4 } else { 5e-5 };
        within(&format!("{} {}: distance over distance moved", lanes[lane].method, lanes[lane].form_id()), off / moved, limit);
    }
    let counts = found.counts();
    println!("{counts:?} for {}", found.describe());
    assert!(counts.launches <= 150 && counts.submits == 1 && counts.pipelines <= 40);
}

#[test]
fn evaluations_are_those_of_the_plain_version() {
    let Some(gpu) = gpu() else { return };
    for shape in SHAPES {
        let world = World::new(shape);
        let device = Device::flex();
        // The first lane moves last inside, because it has tangents.
        let lanes = [LaneConfig::new("wdpo"), LaneConfig::new("dpo"), LaneConfig::new("kldpo")];
        let mut on = world.lanes(&gpu, &lanes, 1);
        let mut rng = Streams::new(4).stream("moved");
        let moved = Parameters::cat(&[0, 1, 2].map(|_| random_parameters(&world.gpt.specs(), &mut rng, shape.6, &device)));
        (0..3).for_each(|lane| on.load(lane, &lane_of(&moved, lane).concat()));
        // More sequences than one pass takes.
        let many: Vec<PreferencePair> = world.pairs.iter().cycle().take(40).cloned().collect();
        let batch = TokenBatch::from_pairs(&many, CONTEXT);
        let n = batch.sequences;
        let everyone = Parameters::cat(&[moved.clone(), world.start.clone()]);
        let tokens = TokenTensors::new(&[&batch], 4, &device);
        let plain = read(world.gpt.logps(&everyone, &tokens, &Perturbation::default()).x);
        let large = shape.6 > 0.5;
        let found = pollster::block_on(on.logps(&batch, Who::Lanes)).expect("log-probabilities").concat();
        within(&format!("{shape:?}: log-probabilities"), worst(&found, &plain[..3 * n]), if large { 1e-3 } else { 1e-5 });
        let found = pollster::block_on(on.logps(&batch, Who::Reference)).expect("log-probabilities").concat();
        within(&format!("{shape:?}: of the reference"), worst(&found, &plain[3 * n..]), if large { 1e-3 } else { 1e-5 });
        let log_p = activation::log_softmax(world.gpt.logits(&everyone, &tokens, &Perturbation::default()).x, 2);
        let log_q = log_p.clone().narrow(0, 3, 1).repeat_dim(0, 4);
        let kl = (log_p.clone().exp() * (log_p - log_q)).sum_dim(2).reshape([4, n * CONTEXT]) * tokens.mask;
        let kl = read(kl.reshape([4, n, CONTEXT]).sum_dim(2));
        let found = pollster::block_on(on.divergence(&[batch.clone(), batch.clone(), batch])).expect("divergences").concat();
        within(&format!("{shape:?}: divergences"), worst(&found, &kl[..3 * n]), if large { 1e-2 } else { 1e-4 });
        if !large {
            // Large logits may tie.
            let prompts: Vec<Vec<u32>> = (0..70).map(|i| many[i % 40].prompt.clone()).collect();
            let noise = sampling::gumbel(&mut rng, CONTEXT, prompts.len(), shape.4);
            for temperature in [1.0, 0.0] {
                let config = EvalConfig { temperature, ..EvalConfig::default() };
                let plain = pollster::block_on(sampling::sample_plain(&world.gpt, &everyone, &prompts, &noise, &config, &device)).expect("samples");
                let found = pollster::block_on(on.sample(&prompts, &noise, temperature as f32)).expect("samples");
                assert_eq!(found, plain, "{shape:?} at {temperature}");
            }
        }
    }
}

#[test]
fn a_run_that_ends_gives_its_buffers_back() {
    let Some(gpu) = gpu() else { return };
    let world = World::new(SHAPES[0]);
    let prompts = vec![world.pairs[0].prompt.clone()];
    let noise = vec![0.0; CONTEXT * SHAPES[0].4];
    let rates = [1e-3; 2];
    for _ in 0..2 {
        assert_eq!(gpu.live(), 0);
        let mut lanes = world.lanes(&gpu, &[LaneConfig::new("wdpo"), LaneConfig::new("dpo")], 3);
        let held = gpu.live();
        lanes.keep().expect("a copy");
        lanes.step(&[vec![0, 1, 2], vec![0, 1, 2]], &Rates { learning_rate: &rates, weight_decay: 0.0, clip: 1.0 }).expect("a step");
        pollster::block_on(lanes.logps(&TokenBatch::from_pairs(&world.pairs, CONTEXT), Who::Lanes)).expect("log-probabilities");
        pollster::block_on(lanes.sample(&prompts, &noise, 1.0)).expect("samples");
        let more = gpu.live();
        assert!(held > 0 && more > held, "{held} and {more} bytes");
        // What only copies something is given back at once; what is used again stays.
        pollster::block_on(lanes.states()).expect("the lanes");
        assert_eq!(gpu.live(), more);
    }
    assert_eq!(gpu.live(), 0, "bytes after the run");
    let mut next = world.lanes(&gpu, &[LaneConfig::new("dpo")], 3);
    next.gradients_only(&[vec![0, 1, 2]]).expect("a step");
    assert!(pollster::block_on(next.measured()).expect("measurements").grad_norm[0] > 0.0);
}

#[test]
fn faults_are_errors() {
    let Some(gpu) = gpu() else { return };
    let world = World::new(SHAPES[0]);
    let mut lanes = world.lanes(&gpu, &[LaneConfig::new("dpo")], 3);
    assert!(lanes.gradients_only(&[vec![0, 1, 99]]).is_err(), "a pair that does not exist");
    assert!(lanes.gradients_only(&[vec![0]]).is_err(), "a batch of the wrong size");
    lanes.gradients_only(&[vec![0, 1, 2]]).expect("still usable");
}
