//! What must hold whatever the numbers are.
#![cfg(not(target_family = "wasm"))]

mod common;

use burn::tensor::{Device, Tensor};
use common::twin::gradient_error;
use common::{lane_of, measured, random_pairs, random_parameters, wide};
use prefshift::config::*;
use prefshift::data::PreferencePair;
use prefshift::eval::groups::pair_logps;
use prefshift::objective::dpo_losses;
use prefshift::policy::{Gpt, Parameters, Policy};
use prefshift::rng::{Stream, Streams};
use prefshift::train::Trainer;
use prefshift::train::measured::Measured;
use proptest::prelude::*;

const VOCABULARY: usize = 17;

struct World {
    model: ModelConfig,
    gpt: Gpt,
    policy: Parameters,
    pairs: Vec<PreferencePair>,
    reference: Vec<[f32; 2]>,
}

fn model(context: usize) -> ModelConfig {
    ModelConfig { d_model: 16, layers: 2, heads: 2, context, ..ModelConfig::default() }
}

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream("properties")
}

impl World {
    fn new(seed: u64, pairs: usize) -> Self {
        let (device, model, mut rng) = (Device::flex(), model(12), stream(seed));
        let gpt = Gpt::new(&model, VOCABULARY, &device);
        let [policy, reference] = [(); 2].map(|()| random_parameters(&gpt.specs(), &mut rng, 0.3, &device));
        let pairs = random_pairs(&mut rng, pairs, VOCABULARY, 2);
        let reference = pollster::block_on(pair_logps(&gpt, &reference, &pairs, 12, &device)).expect("logps").remove(0);
        Self { model, gpt, policy, pairs, reference }
    }

    fn trainer(&self, lanes: &[LaneConfig]) -> Trainer {
        let config = common::config(self.model.clone(), lanes.to_vec(), TrainConfig::default());
        Trainer::new(&config, &self.gpt, &self.policy, 2, &Device::flex())
    }

    /// Gradient of each lane on the pairs called `ids`.
    fn gradients(&self, lanes: &[LaneConfig], ids: &[u32]) -> Vec<Vec<Vec<f64>>> {
        let grads = pollster::block_on(self.trainer(lanes).gradients(&[(0, ids.to_vec())], &self.gpt, &self.pairs, &self.reference)).expect("gradients");
        (0..lanes.len()).map(|lane| wide(&lane_of(&grads, lane))).collect()
    }

    fn step(&self, lanes: &[LaneConfig], ids: &[u32]) -> Measured {
        measured(self.trainer(lanes).step_on(vec![(0, ids.to_vec())], &self.gpt, &self.pairs, &self.reference))
    }
}

/// Every method and form.
fn lanes() -> Vec<LaneConfig> {
    vec![
        LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.2), LaneConfig::new("kldpo").form("authors"),
        LaneConfig::new("kldpo").form("radius"), LaneConfig::new("wdpo"), LaneConfig::new("wdpo").form("appendix_f").with("rho", 2.0),
        LaneConfig::new("gr_dpo"), LaneConfig::new("dr_dpo"),
    ]
}

/// The largest η with large losses, and batches of one group after batches of the other.
#[test]
fn group_weights_survive_large_steps() {
    let world = World::new(1, 6);
    let mut trainer = world.trainer(&[LaneConfig::new("gr_dpo").with("eta", 100.0).with("beta", 5.0)]);
    for ids in [[0, 2, 4], [1, 3, 5]].iter().flat_map(|ids| std::iter::repeat_n(ids, 5)) {
        let m = measured(trainer.step_on(vec![(0, ids.to_vec())], &world.gpt, &world.pairs, &world.reference));
        assert!(m.weights.iter().chain(&m.loss).chain(&m.grad_norm).all(|v| v.is_finite()), "{m:?}");
        assert!(m.weights.iter().all(|w| (0.0..=1.0).contains(w)), "{:?}", m.weights);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same pairs at T = 12 and T = 20, with the same positions for what both have.
    #[test]
    fn padding_does_not_matter(seed in 0_u64..1_000_000) {
        let (device, mut rng) = (Device::flex(), stream(seed));
        let (short, long) = (Gpt::new(&model(12), VOCABULARY, &device), Gpt::new(&model(20), VOCABULARY, &device));
        let at_20 = random_parameters(&long.specs(), &mut rng, 0.3, &device);
        let mut at_12 = at_20.clone();
        let wpe = long.specs().iter().position(|s| s.name == "wpe").expect("wpe");
        at_12.0[wpe] = at_12.0[wpe].clone().narrow(1, 0, 12);
        let pairs = random_pairs(&mut rng, 6, VOCABULARY, 2);
        let a = pollster::block_on(pair_logps(&short, &at_12, &pairs, 12, &device)).expect("logps").remove(0);
        let b = pollster::block_on(pair_logps(&long, &at_20, &pairs, 20, &device)).expect("logps").remove(0);
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            prop_assert!((a - b).abs() <= 1e-5, "{a} against {b}"); // of about 20: a few ulp
        }
    }

    #[test]
    fn the_order_of_pairs_does_not_matter(seed in 0_u64..1_000_000) {
        let (world, lanes) = (World::new(seed, 6), lanes());
        let straight: Vec<u32> = (0..6).collect();
        let mut shuffled = straight.clone();
        stream(seed ^ 1).shuffle(&mut shuffled);
        let (a, b) = (world.gradients(&lanes, &straight), world.gradients(&lanes, &shuffled));
        let (m, s) = (world.step(&lanes, &straight), world.step(&lanes, &shuffled));
        for (lane, config) in lanes.iter().enumerate() {
            let name = format!("{} {}", config.method, config.form_id());
            // Sums in another order, and a small τ multiplies the error of the losses.
            let (error, _) = gradient_error(&b[lane], &a[lane]);
            prop_assert!(error <= 1e-5, "{name}: gradient off by {error:e}");
            for (x, y) in [(m.loss[lane], s.loss[lane]), (m.objective[lane], s.objective[lane]), (m.grad_norm[lane], s.grad_norm[lane])] {
                prop_assert!((x - y).abs() <= 1e-5 * x.abs(), "{name}: {x} against {y}");
            }
            for (at, id) in shuffled.iter().enumerate() {
                for (found, expected) in [(&s.losses, &m.losses), (&s.weights, &m.weights), (&s.grad_sq, &m.grad_sq)] {
                    let (x, y) = (found[6 * lane + at], expected[6 * lane + *id as usize]);
                    prop_assert!((x - y).abs() <= 1e-5 * y.abs().max(0.1), "{name}: pair {id} has {x} and {y}");
                }
            }
        }
    }

    #[test]
    fn swapping_chosen_and_rejected_negates_the_margin(seed in 0_u64..1_000_000) {
        let straight = World::new(seed, 5);
        let mut swapped = World::new(seed, 5);
        for (pair, reference) in swapped.pairs.iter_mut().zip(&mut swapped.reference) {
            std::mem::swap(&mut pair.chosen, &mut pair.rejected);
            reference.swap(0, 1);
        }
        let ids: Vec<u32> = (0..5).collect();
        let lane = [LaneConfig::new("dpo").with("beta", 0.3)];
        let (a, b) = (straight.step(&lane, &ids), swapped.step(&lane, &ids));
        for i in 0..5 {
            let (h, mirrored) = (a.chosen[i] - a.rejected[i], b.chosen[i] - b.rejected[i]);
            prop_assert!((h + mirrored).abs() <= 1e-5, "{h} and {mirrored}");
            // ℓ(h) − ℓ(−h) = −βh
            prop_assert!((a.losses[i] - b.losses[i] + 0.3 * h).abs() <= 1e-5, "losses {} and {} at h = {h}", a.losses[i], b.losses[i]);
        }
    }

    /// A head scaled until its logits reach ±80, forward and backward.
    #[test]
    fn large_logits_stay_finite(seed in 0_u64..1_000_000) {
        let mut world = World::new(seed, 6);
        let tokens = prefshift::policy::TokenTensors::new(&[&prefshift::data::TokenBatch::from_pairs(&world.pairs, 12)], 1, &Device::flex());
        let largest = |world: &World| {
            let logits = world.gpt.logits(&world.policy, &tokens, &prefshift::policy::Perturbation::default()).x;
            common::read(logits).into_iter().map(f32::abs).fold(0.0, f32::max)
        };
        let (head, now) = (world.policy.0.len() - 1, largest(&world));
        world.policy.0[head] = world.policy.0[head].clone() * (80.0 / now);
        prop_assert!((largest(&world) - 80.0).abs() < 0.1);
        let ids: Vec<u32> = (0..6).collect();
        for beta in [0.1, 5.0] {
            let lanes: Vec<LaneConfig> = lanes().into_iter().map(|l| l.with("beta", beta)).collect();
            let m = world.step(&lanes, &ids);
            for (seen, name) in [
                (&m.chosen, "chosen"), (&m.rejected, "rejected"), (&m.losses, "losses"), (&m.weights, "weights"), (&m.grad_sq, "‖g‖²"),
                (&m.loss, "loss"), (&m.objective, "objective"), (&m.grad_norm, "gradient norm"),
            ] {
                prop_assert!(seen.iter().all(|v| v.is_finite()), "{name} at β = {beta}: {seen:?}");
            }
            for (gradient, lane) in world.gradients(&lanes, &ids).iter().zip(&lanes) {
                prop_assert!(gradient.iter().flatten().all(|v| v.is_finite()), "{} {} at β = {beta}", lane.method, lane.form_id());
            }
        }
    }

    #[test]
    fn no_radius_is_dpo(seed in 0_u64..1_000_000) {
        let (world, ids) = (World::new(seed, 5), [0, 1, 2, 3, 4]);
        let wdpo = LaneConfig::new("wdpo").with("rho", 0.0);
        let lanes = [LaneConfig::new("dpo"), wdpo.clone(), wdpo.form("appendix_f"), LaneConfig::new("wdpo")];
        let gradients = world.gradients(&lanes, &ids);
        for form in [1, 2] {
            let (error, _) = gradient_error(&gradients[form], &gradients[0]);
            prop_assert!(error <= 1e-6, "{error:e}"); // the tangent pass adds exact zeros
        }
        prop_assert!(gradient_error(&gradients[3], &gradients[0]).0 > 1e-3, "ρ must matter");
    }

    /// dℓ/dh = −β σ(−βh), in relative terms, from certainly wrong to certainly right.
    #[test]
    fn the_slope_of_the_loss_is_exact(z in prop::collection::vec(-80.0_f32..80.0, 32)) {
        let device = Device::flex();
        let mut z = z;
        z[0] = 0.0; // where every run starts
        let h = Tensor::<1>::from_floats(z.as_slice(), &device).reshape([1, 32]).autodiff().require_grad();
        let losses = dpo_losses(h.clone(), Tensor::ones([1, 1], &device));
        let mut gradients = losses.clone().sum().backward();
        let slopes = common::read(h.grad_remove(&mut gradients).expect("a gradient"));
        for ((z, slope), loss) in z.iter().zip(slopes).zip(common::read(losses.inner())) {
            let z = f64::from(*z);
            let (slope_is, loss_is) = (-1.0 / (1.0 + z.exp()), if z > 0.0 { (-z).exp().ln_1p() } else { -z + z.exp().ln_1p() });
            prop_assert!((f64::from(slope) / slope_is - 1.0).abs() < 1e-5, "slope {slope:e} at {z}, {slope_is:e} expected");
            prop_assert!((f64::from(loss) / loss_is - 1.0).abs() < 1e-5, "loss {loss:e} at {z}, {loss_is:e} expected");
        }
    }
}
