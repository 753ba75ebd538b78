//! A lane's numbers are its own: bit for bit the same alone and beside others, whatever those are and do.
#![cfg(not(target_family = "wasm"))]

mod common;

use burn::tensor::Device;
use common::{lane_of, measured, random_pairs, random_parameters};
use prefshift::config::*;
use prefshift::data::PreferencePair;
use prefshift::eval::groups::pair_logps;
use prefshift::policy::{Gpt, Parameters, Policy};
use prefshift::rng::Streams;
use prefshift::train::Trainer;

const VOCABULARY: usize = 31;

/// A model with its data.
struct World {
    model: ModelConfig,
    batch: usize,
    steps: usize,
    gpt: Gpt,
    start: Parameters,
    pairs: Vec<PreferencePair>,
    reference: Vec<[f32; 2]>,
}

/// Everything a lane can show, as bits.
type Bits = Vec<u32>;

impl World {
    fn new(d_model: usize, heads: usize, context: usize, batch: usize, steps: usize) -> Self {
        let device = Device::flex();
        let model = ModelConfig { d_model, layers: 2, heads, context, ..ModelConfig::default() };
        let gpt = Gpt::new(&model, VOCABULARY, &device);
        let mut rng = Streams::new(5).stream("lanes");
        let start = random_parameters(&gpt.specs(), &mut rng, 0.2, &device);
        let elsewhere = random_parameters(&gpt.specs(), &mut rng, 0.2, &device);
        let pairs = random_pairs(&mut rng, 3 * batch, VOCABULARY, 2);
        let reference = pollster::block_on(pair_logps(&gpt, &elsewhere, &pairs, context, &device)).expect("logps").remove(0);
        Self { model, batch, steps, gpt, start, pairs, reference }
    }

    fn small() -> Self {
        Self::new(16, 2, 12, 5, 6)
    }

    /// The shape of a real run.
    fn large() -> Self {
        Self::new(64, 4, 24, 16, 2)
    }

    /// Trains `lanes`; returns for each every metric of every step and the final parameters.
    fn train(&self, lanes: &[LaneConfig]) -> Vec<Bits> {
        let train = TrainConfig { batch: self.batch, steps: self.steps, learning_rate: 5e-3, warmup: 2, weight_decay: 0.01, clip: 0.5, ..TrainConfig::default() };
        let config = common::config(self.model.clone(), lanes.to_vec(), train);
        let mut trainer = Trainer::new(&config, &self.gpt, &self.start, 2, &Device::flex());
        let mut out = vec![Bits::new(); lanes.len()];
        for _ in 0..self.steps {
            let metrics = trainer.step(&self.gpt, &self.pairs, &self.reference);
            let (pairs, rates, m) = (metrics.pairs.clone(), metrics.learning_rate.clone(), measured(metrics));
            let n = self.batch;
            for (lane, out) in out.iter_mut().enumerate() {
                out.extend(&pairs[lane * n..(lane + 1) * n]);
                for row in [&m.chosen, &m.rejected, &m.losses, &m.weights, &m.grad_sq] {
                    out.extend(row[lane * n..(lane + 1) * n].iter().map(|v| v.to_bits()));
                }
                out.extend([m.loss[lane], m.objective[lane], m.tau[lane], m.grad_norm[lane], rates[lane]].map(f32::to_bits));
            }
        }
        let last = pollster::block_on(trainer.policies()).expect("policies");
        for (lane, out) in out.iter_mut().enumerate() {
            out.extend(lane_of(&last, lane).concat().iter().map(|v| v.to_bits()));
        }
        out
    }
}

/// Every method and form, and two other seeds.
fn lanes() -> Vec<LaneConfig> {
    let seed = |lane: LaneConfig, seed: u32| LaneConfig { seed, ..lane };
    vec![
        LaneConfig::new("dpo"),
        LaneConfig::new("kldpo").with("tau", 0.1),
        LaneConfig::new("wdpo"),
        seed(LaneConfig::new("gr_dpo").with("eta", 0.8), 3),
        seed(LaneConfig::new("wdpo").form("appendix_f").with("rho", 2.0), 9),
        LaneConfig::new("kldpo").form("radius"),
        LaneConfig::new("dr_dpo"),
    ]
}

/// Lanes over tensors, where several of one method share a tensor: everything that each shows, in steps between which all
/// parameters change.
fn over_tensors(world: &World, lanes: &[LaneConfig]) -> Vec<Vec<f32>> {
    let train = TrainConfig { batch: world.batch, learning_rate: 5e-3, weight_decay: 0.01, clip: 0.5, warmup: 2, ..TrainConfig::default() };
    let config = common::config(world.model.clone(), lanes.to_vec(), train.clone());
    let mut trainer = Trainer::plain(&config, &world.gpt, &world.start, 2, &Device::flex());
    let mut out = vec![Vec::new(); lanes.len()];
    for step in 0..3 {
        let m = measured(trainer.step(&world.gpt, &world.pairs, &world.reference));
        for (lane, out) in out.iter_mut().enumerate() {
            for row in [&m.chosen, &m.rejected, &m.losses, &m.weights, &m.grad_sq, &m.pull] {
                out.extend(&row[lane * world.batch..(lane + 1) * world.batch]);
            }
            out.extend([m.loss[lane], m.objective[lane], m.tau[lane], m.grad_norm[lane]]);
        }
        if step == 1 {
            let changed: Vec<LaneConfig> = lanes.iter().map(|l| l.clone().with("beta", 2.0 * l.param("beta"))).collect();
            trainer.set_lanes(&changed, &train);
        }
    }
    let last = pollster::block_on(trainer.policies()).expect("policies");
    out.iter_mut().enumerate().for_each(|(lane, out)| out.extend(lane_of(&last, lane).concat()));
    out
}

#[test]
fn lanes_over_tensors_are_each_what_they_are_alone() {
    let world = World::small();
    let mixed = [
        LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.1), LaneConfig::new("wdpo"), LaneConfig::new("dpo").with("beta", 0.7), LaneConfig::new("kldpo").form("authors"),
        LaneConfig { seed: 3, ..LaneConfig::new("gr_dpo").with("eta", 0.8) }, LaneConfig::new("wdpo").with("rho", 2.0), LaneConfig { learning_rate: Some(1e-3), ..LaneConfig::new("kldpo").with("tau", 2.0) },
        LaneConfig::new("gr_dpo").with("eta", 3.0), LaneConfig::new("ipo").with("beta", 0.4), LaneConfig::new("beta_dpo").with("filter", 0.4), LaneConfig::new("wdpo").form("appendix_f"),
        LaneConfig { seed: 3, ..LaneConfig::new("beta_dpo").with("momentum", 0.5) }, LaneConfig::new("mix").with("sft", 0.3),
    ];
    let together = over_tensors(&world, &mixed);
    for (lane, found) in mixed.iter().zip(&together) {
        let alone = over_tensors(&world, std::slice::from_ref(lane)).remove(0);
        assert_eq!(found.len(), alone.len());
        let worst = found.iter().zip(&alone).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
        common::within(&format!("{} {}", lane.method, lane.form_id()), f64::from(worst), 1e-5);
        assert!(together.iter().filter(|other| *other == found).count() == 1, "{} is like another", lane.method);
    }
}

/// The same numbers, or where they part.
fn same(what: &str, a: &Bits, b: &Bits) {
    assert_eq!(a.len(), b.len(), "{what}");
    let apart: Vec<usize> = (0..a.len()).filter(|i| a[*i] != b[*i]).collect();
    if let Some(at) = apart.first() {
        let (x, y) = (f32::from_bits(a[*at]), f32::from_bits(b[*at]));
        panic!("{what}: {} of {} numbers differ, first number {at}: {x:e} against {y:e}", apart.len(), a.len());
    }
}

fn alone_and_together(world: &World) {
    let all = lanes();
    let alone: Vec<Bits> = all.iter().map(|l| world.train(std::slice::from_ref(l)).remove(0)).collect();
    let finite = |bits: &Bits| bits.iter().all(|b| f32::from_bits(*b).is_finite());
    assert!(alone.iter().all(finite), "a lane blew up by itself");
    for chosen in [vec![0, 2], vec![1, 5], vec![4, 2], vec![0, 1, 3], vec![2, 4, 6], (0..7).collect()] {
        let together = world.train(&chosen.iter().map(|i| all[*i].clone()).collect::<Vec<_>>());
        for (found, lane) in together.iter().zip(&chosen) {
            same(&format!("lane {lane} beside {chosen:?}"), found, &alone[*lane]);
        }
    }
    // Many of one method share one segment.
    let taus = [0.05, 0.1, 0.2, 0.4];
    let together = world.train(&taus.map(|tau| LaneConfig::new("kldpo").with("tau", tau)));
    same("KLDPO beside three of its kind", &together[1], &alone[1]);
    assert_ne!(together[0], together[1], "τ must matter");
}

#[test]
fn small_lanes_are_the_same_alone_and_together() {
    alone_and_together(&World::small());
}

#[test]
fn lanes_of_a_real_shape_are_the_same_alone_and_together() {
    alone_and_together(&World::large());
}

#[test]
fn the_order_of_lanes_does_not_matter() {
    let (world, all) = (World::small(), lanes());
    let straight = world.train(&all);
    for order in [[6, 5, 4, 3, 2, 1, 0], [3, 0, 6, 2, 5, 1, 4]] {
        let permuted = world.train(&order.map(|i| all[i].clone()));
        for (found, lane) in permuted.iter().zip(order) {
            same(&format!("lane {lane} in order {order:?}"), found, &straight[lane]);
        }
    }
}

#[test]
fn nothing_one_lane_does_moves_another() {
    let (world, all) = (World::small(), lanes());
    let straight = world.train(&all);
    for disturbed in 0..all.len() {
        // Larger than any config may ask for: the lane is not finite after one step.
        let mut lanes = all.clone();
        lanes[disturbed].learning_rate = Some(1e38);
        let found = world.train(&lanes);
        let lost = found[disturbed].iter().filter(|b| !f32::from_bits(**b).is_finite()).count();
        assert!(lost > found[disturbed].len() / 2, "lane {disturbed} was to blow up; {lost} numbers did");
        for other in (0..all.len()).filter(|o| *o != disturbed) {
            same(&format!("lane {other} while lane {disturbed} blows up"), &found[other], &straight[other]);
        }
    }
    for (lane, name, value) in [(0, "beta", 3.0), (1, "tau", 0.9), (2, "rho", 7.0), (4, "rho", 0.0), (5, "radius", 1.0)] {
        let mut lanes = all.clone();
        lanes[lane] = lanes[lane].clone().with(name, value);
        let found = world.train(&lanes);
        assert_ne!(found[lane], straight[lane], "{name} must matter");
        for other in (0..all.len()).filter(|o| *o != lane) {
            same(&format!("lane {other} with another {name} in lane {lane}"), &found[other], &straight[other]);
        }
    }
}

/// What several seeds of one run are: the same method on other batches.
#[test]
fn seeds_are_other_orders_of_the_same_data() {
    let world = World::small();
    let seeds = [0, 1, 1].map(|seed| LaneConfig { seed, ..LaneConfig::new("dpo") });
    let found = world.train(&seeds);
    assert_ne!(found[0], found[1]);
    same("equal seeds", &found[1], &found[2]);
}
