//! The fused passes against the plain version over tensors: values, gradients, divergences and samples, over odd shapes
//! and large values. (tests/twin.rs holds both against float64.)
#![cfg(not(target_family = "wasm"))]

mod common;

use burn::tensor::{Device, activation};
use common::{lane_of, measured, norm, random_pairs, random_parameters, read, wide, within};
use prefshift::config::*;
use prefshift::data::TokenBatch;
use prefshift::fused::cpu::eval;
use prefshift::fused::layout::Layout;
use prefshift::policy::{Gpt, Parameters, Perturbation, Policy, TokenTensors, sampling};
use prefshift::rng::Streams;
use prefshift::train::Trainer;
use prefshift::train::table::Table;
use std::sync::Arc;

/// d, layers, heads, tied, vocabulary, pairs, standard deviation of the weights.
type Shape = (usize, usize, usize, bool, usize, usize, f64);

/// One lane and seventeen pairs, one head, a vocabulary of eight, widths that fill no vector, logits of size 30.
const SHAPES: [Shape; 6] = [
    (8, 1, 1, false, 8, 17, 0.3), (10, 2, 2, true, 13, 1, 0.3), (16, 1, 4, false, 9, 3, 1.0), (24, 3, 3, true, 40, 5, 0.2),
    (64, 2, 4, false, 96, 4, 0.1), (12, 1, 2, false, 33, 2, 3.0),
];

struct World {
    gpt: Gpt,
    layout: Layout,
    model: ModelConfig,
    pairs: Vec<prefshift::data::PreferencePair>,
    reference: Vec<[f32; 2]>,
    lanes: Parameters,
}

impl World {
    fn new((d_model, layers, heads, tied, vocabulary, n, sd): Shape) -> Self {
        let device = Device::flex();
        let model = ModelConfig { policy: PolicyKind::Gpt, d_model, layers, heads, context: 12, tied };
        let gpt = Gpt::new(&model, vocabulary, &device);
        let layout = Layout::new(&model, vocabulary);
        let mut rng = Streams::new(d_model as u64).stream("fused");
        let pairs = random_pairs(&mut rng, n, vocabulary, 2);
        let lanes = Parameters::cat(&[0, 1].map(|_| random_parameters(&gpt.specs(), &mut rng, sd, &device)));
        let reference = pairs.iter().map(|_| [-20.0 + rng.normal() as f32, -20.0 + rng.normal() as f32]).collect();
        Self { gpt, layout, model, pairs, reference, lanes }
    }

    fn flat(&self) -> Vec<Vec<f32>> {
        self.layout.flatten(&self.lanes)
    }
}

#[test]
fn flat_vectors_and_tensors_are_the_same_parameters() {
    let world = World::new(SHAPES[1]);
    let flat = world.flat();
    let back = world.layout.tensors(&flat.iter().map(Vec::as_slice).collect::<Vec<_>>(), &Device::flex());
    for lane in 0..2 {
        assert_eq!(lane_of(&back, lane), lane_of(&world.lanes, lane));
        assert_eq!(lane_of(&world.lanes, lane).concat(), flat[lane]);
    }
}

#[test]
fn log_probabilities_and_divergences() {
    for shape in SHAPES {
        let world = World::new(shape);
        let flat = world.flat();
        let lanes: Vec<&[f32]> = flat.iter().map(Vec::as_slice).collect();
        let batch = TokenBatch::from_pairs(&world.pairs, 12);
        let tokens = TokenTensors::new(&[&batch], 2, &Device::flex());
        let plain = read(world.gpt.logps(&world.lanes, &tokens, &Perturbation::default()).x);
        let found = eval::logps(&world.layout, &lanes, &batch).concat();
        let worst = found.iter().zip(&plain).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
        within(&format!("{shape:?}: log-probabilities"), f64::from(worst), 1e-5);
        // KL of both lanes from lane 0, over the counted positions.
        let log_p = activation::log_softmax(world.gpt.logits(&world.lanes, &tokens, &Perturbation::default()).x, 2);
        let log_q = log_p.clone().narrow(0, 0, 1).repeat_dim(0, 2);
        let n = batch.sequences;
        let kl = read(((log_p.clone().exp() * (log_p - log_q)).sum_dim(2).reshape([2, n * 12]) * tokens.mask).reshape([2, n, 12]).sum_dim(2));
        let found = eval::divergence(&world.layout, &lanes, &flat[0], &[batch.clone(), batch]).concat();
        let worst = found.iter().zip(&kl).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
        within(&format!("{shape:?}: divergences"), f64::from(worst), 1e-4);
        assert!(found[..n].iter().all(|v| v.abs() < 1e-5), "a policy does not diverge from itself: {found:?}");
    }
}

#[test]
fn a_trainer_measures_divergences_in_its_passes_and_over_tensors_alike() {
    let world = World::new(SHAPES[3]);
    let config = common::config(world.model.clone(), vec![LaneConfig::new("dpo"), LaneConfig::new("kldpo")], TrainConfig::default());
    let device = Device::flex();
    let reference = Parameters(world.lanes.0.iter().map(|t| t.clone().narrow(0, 0, 1)).collect());
    // More sequences than one pass takes, and another batch for each lane.
    let batches = [0, 1].map(|from| TokenBatch::from_pairs(world.pairs.iter().cycle().skip(from).take(41), 12));
    let mut fused = Trainer::new(&config, &world.gpt, &reference, 2, &device);
    let mut plain = Trainer::plain(&config, &world.gpt, &reference, 2, &device);
    let [a, b] = [&mut fused, &mut plain].map(|trainer| {
        trainer.load(&world.lanes);
        pollster::block_on(trainer.divergence(&world.gpt, &batches)).expect("divergences")
    });
    assert!(a[0].iter().all(|kl| kl.abs() < 1e-5), "the first lane is the reference: {:?}", a[0]);
    assert!(a[1].len() == 82 && a[1].iter().all(|kl| *kl > 0.0));
    within("divergences", common::largest_error(&a.concat(), &b.concat().iter().map(|v| f64::from(*v)).collect::<Vec<_>>()), 1e-4);
}

#[test]
fn gradients_and_measurements_of_every_method() {
    let own_data = |l: &LaneConfig| l.info("lane").is_ok_and(|m| m.own_data());
    let lanes: Vec<LaneConfig> = common::every_lane().into_iter().filter(|l| !own_data(l)).collect();
    for shape in SHAPES {
        let world = World::new(shape);
        let config = common::config(world.model.clone(), lanes.clone(), TrainConfig::default());
        let start = world.lanes.select(&[0]);
        let ids = vec![(0, (0..world.pairs.len() as u32).collect::<Vec<_>>())];
        let [fused, plain] = [Trainer::new, Trainer::plain].map(|new| {
            let mut trainer = new(&config, &world.gpt, &start, 2, &Device::flex());
            let grads = pollster::block_on(trainer.gradients(&ids, &world.gpt, &world.pairs, &world.reference)).expect("gradients");
            let mut fresh = new(&config, &world.gpt, &start, 2, &Device::flex());
            (grads, measured(fresh.step_on(ids.clone(), &world.gpt, &world.pairs, &world.reference)))
        });
        for (lane, config) in lanes.iter().enumerate() {
            let what = format!("{shape:?} {} {}", config.method, config.form_id());
            let [found, expected] = [&fused.0, &plain.0].map(|g| wide(&lane_of(g, lane)));
            let (error, _) = common::twin::gradient_error(&found, &expected);
            // Logits of size 30 square what is lost to rounding in a tangent.
            within(&format!("{what}: gradient"), error, if shape.6 > 0.5 { 1e-3 } else { 3e-5 });
            assert!(norm(&expected) > 0.0);
            let off = (f64::from(fused.1.objective[lane]) / f64::from(plain.1.objective[lane]) - 1.0).abs();
            within(&format!("{what}: objective"), off, 1e-4);
        }
        for (a, b) in [(&fused.1.losses, &plain.1.losses), (&fused.1.weights, &plain.1.weights), (&fused.1.chosen, &plain.1.chosen)] {
            let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
            within(&format!("{shape:?}: measurements"), f64::from(worst), 1e-4);
        }
    }
}

#[test]
fn lanes_with_pairs_of_their_own() {
    // Further sequences, further references, rewards; one DPO lane beside them sees the run's pairs.
    let world = World::new(SHAPES[3]);
    let mut rng = Streams::new(9).stream("tables");
    let mut draw = || rng.normal() as f32;
    let lanes = [
        LaneConfig::new("dpo"), LaneConfig::new("exo_rw"), LaneConfig::new("mpo").with("weight", 0.3), LaneConfig::new("mrpo").form("as_coded"),
        LaneConfig::new("mrpo").with("references", 3.0), LaneConfig::new("rs_dpo"), LaneConfig::new("rso").form("hinge_norm").with("gamma", 0.5),
        LaneConfig::new("exo_rw").form("dpo").with("k", 3.0), LaneConfig::new("bmc").with("delta", 30.0), LaneConfig::new("bmc").form("as_coded"),
    ];
    let n = world.pairs.len();
    let tables: Vec<_> = lanes.iter().map(|lane| {
        let further = prefshift::objective::find(&lane.method).expect("a method").further(lane);
        let text = |i: usize| prefshift::data::Example { prompt: world.pairs[i].prompt.clone(), completion: world.pairs[(i + 1) % n].rejected.clone() };
        let reference = (0..n).map(|_| (0..2 + further).map(|_| -20.0 + draw()).collect()).collect();
        let rewards = (0..n).map(|_| (0..2 + further).map(|_| draw()).collect()).collect();
        let others = (0..lane.params.get("references").map_or(1, |k| *k as usize - 1)).map(|_| (0..n).map(|_| [-20.0 + draw(), -19.0 + draw()]).collect()).collect();
        let pairs: Vec<_> = world.pairs.iter().rev().cloned().collect();
        let tokens = |of: &mut dyn FnMut() -> f32| pairs.iter().map(|p| [&p.chosen, &p.rejected].map(|text| (0..=text.len()).map(|_| of()).collect())).collect();
        let (token_reference, differs) = (tokens(&mut || -2.0 + 0.5 * draw()), tokens(&mut || f32::from(draw() > 0.0)));
        Arc::new(Table { pairs, token_reference, differs, further: (0..n).map(|i| vec![text(i); further]).collect(), reference, rewards, others, of: (0..n as u32).map(|i| vec![i]).collect() })
    }).collect();
    let config = common::config(world.model.clone(), lanes.to_vec(), TrainConfig::default());
    let ids = vec![(0, (0..n as u32).collect::<Vec<_>>())];
    let start = world.lanes.select(&[0]);
    let [fused, plain] = [Trainer::new, Trainer::plain].map(|new| {
        let mut trainer = new(&config, &world.gpt, &start, 2, &Device::flex());
        tables.iter().enumerate().skip(1).for_each(|(i, t)| trainer.set_table(i, t.clone()));
        let grads = pollster::block_on(trainer.gradients(&ids, &world.gpt, &world.pairs, &world.reference)).expect("gradients");
        (grads, measured(trainer.step_on(ids.clone(), &world.gpt, &world.pairs, &world.reference)))
    });
    for (lane, config) in lanes.iter().enumerate() {
        let [found, expected] = [&fused.0, &plain.0].map(|g| wide(&lane_of(g, lane)));
        let (error, _) = common::twin::gradient_error(&found, &expected);
        within(&format!("{}: gradient", config.method), error, 3e-5);
        assert!(norm(&expected) > 0.0);
        let [a, b] = [&fused.1, &plain.1].map(|m| f64::from(m.objective[lane]));
        within(&format!("{}: objective", config.method), (a - b).abs() / b.abs().max(1.0), 1e-4);
    }
    let worst = fused.1.pull.iter().zip(&plain.1.pull).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    within("pull", f64::from(worst), 1e-4);
}

#[test]
fn samples_are_those_of_the_plain_version() {
    let world = World::new(SHAPES[3]);
    let prompts = vec![vec![6, 7], vec![9], vec![8, 8, 10, 11], vec![]];
    let noise = sampling::gumbel(&mut Streams::new(3).stream("noise"), 12, prompts.len(), 40);
    for config in [
        EvalConfig::default(), EvalConfig { temperature: 0.0, ..EvalConfig::default() },
        EvalConfig { top_k: 5, temperature: 0.7, ..EvalConfig::default() }, EvalConfig { top_p: 0.6, temperature: 1.5, ..EvalConfig::default() },
    ] {
        let fused = pollster::block_on(sampling::sample(&world.gpt, &world.lanes, &prompts, &noise, &config, &Device::flex())).expect("samples");
        let plain = pollster::block_on(sampling::sample_plain(&world.gpt, &world.lanes, &prompts, &noise, &config, &Device::flex())).expect("samples");
        assert_eq!(fused, plain, "{config:?}");
        assert!(fused.iter().flatten().any(|t| !t.is_empty()));
    }
}
