//! The engine against the float64 twin of tests/fixtures: values, gradients, ten training steps, regimes.
//!
//! Tolerances: float32 itself costs about 1e-6 (the README's floor); a backend sums in its own order and has its own
//! erf, exp and tanh, so about ten times that is allowed. The smallest mistake the README lists (a layer-norm eps
//! of 1e-6) is 9e-5 on the gradients. `--nocapture` prints what was measured.
#![cfg(not(target_family = "wasm"))]

mod common;

use burn::tensor::Tensor;
use common::twin::{METHODS, Twin, gradient_error, numbers};
use common::{largest_error, measured, minus, norm, read, within};
use prefshift::data::TokenBatch;
use prefshift::policy::{Parameters, Perturbation, Policy, TokenTensors};
use prefshift::train::measured::Measured;
use serde_json::Value;

/// Sums of at most ten log-probabilities of size 20: some ulp each.
const VALUE: f64 = 5e-6;
/// Weights and losses depend on differences of those sums; a τ of 0.05 multiplies their error by 20.
const WEIGHT: f64 = 2e-5;
/// Ten times the float32 floor of 8e-7.
const GRADIENT: f64 = 1e-5;
/// One tensor's error with the whole gradient as the yardstick cannot be more than the whole's.
const ONE_TENSOR: f64 = 1e-5;
/// Ten times the floor of 1e-6 in the regimes.
const REGIME: f64 = 2e-5;
/// Ten times the floor of 2e-6. AdamW divides by √v: entries with a small gradient magnify its error.
const TEN_STEPS: f64 = 2e-5;
/// The same for a single entry, in absolute numbers: ten times the floor of 4e-7.
const ONE_ENTRY: f64 = 5e-6;

fn tokens(twin: &Twin, batch: usize) -> TokenTensors {
    TokenTensors::new(&[&TokenBatch::from_pairs(&twin.pairs[5 * batch..5 * batch + 5], twin.model.context)], 1, &twin.device)
}

#[test]
fn layout_logits_and_log_probabilities() {
    for name in ["untied", "tied"] {
        let twin = Twin::load(name);
        let mut worst = [0.0_f64; 2];
        for (i, expected) in twin.json["batches"].as_array().expect("batches").iter().enumerate() {
            let batch = TokenBatch::from_pairs(&twin.pairs[5 * i..5 * i + 5], twin.model.context);
            assert_eq!(batch.tokens.iter().map(|t| f64::from(*t)).collect::<Vec<_>>(), numbers(&expected["tokens"]), "{name} batch {i}");
            assert_eq!(batch.loss_mask.iter().map(|m| f64::from(*m)).collect::<Vec<_>>(), numbers(&expected["loss_mask"]), "{name} batch {i}");
            let both = Parameters::cat(&[twin.policy.clone(), twin.reference.clone()]);
            let two = TokenTensors::new(&[&batch], 2, &twin.device);
            let logps = read(twin.gpt.logps(&both, &two, &Perturbation::default()).x);
            for (lane, key) in ["policy_logps", "reference_logps"].into_iter().enumerate() {
                worst[lane] = worst[lane].max(largest_error(&logps[10 * lane..10 * (lane + 1)], &numbers(&expected[key])));
            }
        }
        let logits = read(twin.gpt.logits(&twin.policy, &tokens(&twin, 0), &Perturbation::default()).x);
        within(&format!("{name}: logits"), largest_error(&logits, &twin.tensor("logits")), VALUE);
        within(&format!("{name}: log-probabilities of the policy"), worst[0], VALUE);
        within(&format!("{name}: log-probabilities of the reference"), worst[1], VALUE);
    }
}

/// g = ∇_e ℓ, entry by entry, from first-order autodiff through the offset.
#[test]
fn embedding_gradient() {
    for name in ["untied", "tied"] {
        let twin = Twin::load(name);
        let tokens = tokens(&twin, 0);
        let offset = Tensor::<3>::zeros(twin.gpt.input_shape(&tokens), &twin.device).autodiff().require_grad();
        let moved = Perturbation { offset: Some(offset.clone()), tangent: None };
        let logps = twin.gpt.logps(&twin.policy, &tokens, &moved).x;
        let reference: Vec<f32> = [0, 1].into_iter().flat_map(|side| twin.reference_logps[..5].iter().map(move |r| r[side])).collect();
        let ratios = logps - Tensor::<1>::from_floats(reference.as_slice(), &twin.device).reshape([1, 10]);
        let h = ratios.clone().narrow(1, 0, 5) - ratios.narrow(1, 5, 5);
        let beta = Tensor::<2>::full([1, 1], twin.json["config"]["beta"].as_f64().expect("beta"), &twin.device);
        let mut gradients = prefshift::objective::dpo_losses(h, beta).sum().backward();
        let g = read(offset.grad_remove(&mut gradients).expect("a gradient"));
        let (error, _) = gradient_error(&common::wide(&[g]), &[twin.tensor("embedding_gradient")]);
        within(&format!("{name}: embedding gradient"), error, GRADIENT);
    }
}

/// All nine objectives as lanes of one trainer.
#[test]
fn losses_weights_and_objectives() {
    for twin in ["untied", "tied"].into_iter().flat_map(Twin::both) {
        let name = twin.label();
        let lanes = METHODS.iter().map(|m| twin.lane(m)).collect();
        let m = measured(twin.trainer(lanes, &twin.policy).step_on(Twin::batch(0), &twin.gpt, &twin.pairs, &twin.reference_logps));
        let batch = &twin.json["batches"][0];
        let ratios: Vec<f64> = numbers(&batch["policy_logps"]).iter().zip(numbers(&batch["reference_logps"])).map(|(p, r)| p - r).collect();
        for (lane, method) in METHODS.iter().enumerate() {
            let seen = &twin.json["objectives"][method];
            let of = 5 * lane..5 * (lane + 1);
            let what = |quantity: &str| format!("{name} {method}: {quantity}");
            within(&what("log-ratios"), largest_error(&[&m.chosen[of.clone()], &m.rejected[of.clone()]].map(|r| r.to_vec()).concat(), &ratios), WEIGHT);
            within(&what("pair losses"), largest_error(&m.losses[of.clone()], &numbers(&seen["losses"])), VALUE);
            within(&what("weights"), largest_error(&m.weights[of.clone()], &numbers(&seen["weights"])), WEIGHT);
            check_scalars(&m, lane, seen, &what);
            if let Some(tau) = seen["tau"].as_f64() {
                within(&what("τ"), (f64::from(m.tau[lane]) / tau - 1.0).abs(), WEIGHT);
            }
            match seen.get("grad_sq") {
                Some(squares) => {
                    let relative = m.grad_sq[of].iter().zip(numbers(squares)).map(|(f, e)| (f64::from(*f) / e - 1.0).abs()).fold(0.0, f64::max);
                    within(&what("‖∇_e ℓ‖², relative"), relative, GRADIENT);
                }
                None => assert!(m.grad_sq[of].iter().all(|v| *v == 0.0)),
            }
        }
    }
}

fn check_scalars(m: &Measured, lane: usize, seen: &Value, what: &dyn Fn(&str) -> String) {
    for (key, found) in [("loss", m.loss[lane]), ("objective", m.objective[lane]), ("grad_norm", m.grad_norm[lane])] {
        let expected = seen[key].as_f64().expect(key);
        within(&what(key), (f64::from(found) / expected - 1.0).abs(), GRADIENT);
    }
}

#[test]
fn every_gradient() {
    for twin in ["untied", "tied"].into_iter().flat_map(Twin::both) {
        let name = twin.label();
        let found = twin.gradients(METHODS.iter().map(|m| twin.lane(m)).collect(), &twin.policy);
        for (found, method) in found.iter().zip(METHODS) {
            let (all, worst) = gradient_error(found, &twin.tensors(&format!("{method}.grad")));
            within(&format!("{name} {method}: gradient"), all, GRADIENT);
            within(&format!("{name} {method}: gradient, worst tensor"), worst, ONE_TENSOR);
        }
    }
}

#[test]
fn ten_steps_of_adamw() {
    Twin::both("untied").iter().for_each(ten_steps);
}

fn ten_steps(twin: &Twin) {
    let name = twin.label();
    let methods = ["gr_dpo", "wdpo_appendix_f", "dpo", "wdpo_algorithm1", "kldpo_normalized"]; // not in the stacks' order
    let mut trainer = twin.trainer(methods.iter().map(|m| twin.lane(m)).collect(), &twin.policy);
    for t in 0..10 {
        let metrics = trainer.step_on(Twin::batch(t), &twin.gpt, &twin.pairs, &twin.reference_logps);
        let rates = metrics.learning_rate.clone();
        let m = measured(metrics);
        for (lane, method) in methods.iter().enumerate() {
            let seen = &twin.json["ten_steps"][method][t as usize];
            let of = 5 * lane..5 * (lane + 1);
            let what = |quantity: &str| format!("{name} step {t} {method}: {quantity}");
            // Parameters are off by up to TEN_STEPS of the way by now, and so is what is computed from them.
            within(&what("pair losses"), largest_error(&m.losses[of.clone()], &numbers(&seen["losses"])), TEN_STEPS);
            for (key, found) in [("loss", m.loss[lane]), ("objective", m.objective[lane]), ("grad_norm", m.grad_norm[lane])] {
                within(&what(key), (f64::from(found) / seen[key].as_f64().expect(key) - 1.0).abs(), TEN_STEPS);
            }
            within(&what("learning rate"), (f64::from(rates[lane]) / seen["learning_rate"].as_f64().expect("rate") - 1.0).abs(), 1e-7);
            if let Some(alpha) = seen.get("alpha") {
                // A group's weight is spread over its pairs; a group without a pair does not show.
                for (g, alpha) in numbers(alpha).into_iter().enumerate() {
                    let members = (0..5).filter(|i| twin.pairs[5 * t as usize + i].group == g);
                    let found: Vec<f64> = members.map(|i| f64::from(m.weights[5 * lane + i])).collect();
                    if !found.is_empty() {
                        within(&what("α"), (found.iter().sum::<f64>() - alpha).abs(), WEIGHT);
                    }
                }
            }
        }
    }
    let (start, last) = (common::wide(&common::lane_of(&twin.policy, 0)), pollster::block_on(trainer.policies()).expect("policies"));
    for (lane, method) in methods.iter().enumerate() {
        let expected = twin.tensors(&format!("{method}.after_ten"));
        let mut off = minus(&common::wide(&common::lane_of(&last, lane)), &expected);
        for (off, spec) in off.iter_mut().zip(&twin.specs).filter(|(_, s)| s.name.ends_with("qkv.b")) {
            // Key biases: softmax ignores them, so their gradient is rounding noise, which AdamW inflates.
            let d = spec.shape[1] / 3;
            off[d..2 * d].fill(0.0);
        }
        within(&format!("{name} ten steps, {method}: ‖off‖ / ‖moved‖"), norm(&off) / norm(&minus(&expected, &start)), TEN_STEPS);
        within(&format!("{name} ten steps, {method}: largest entry"), off.iter().flatten().map(|v| v.abs()).fold(0.0, f64::max), ONE_ENTRY);
    }
}

/// Mean losses of 0.69, 0.05 and 2e-4: at the reference, well trained, nearly solved.
#[test]
fn regimes_of_the_loss() {
    Twin::both("untied").iter().for_each(regimes);
}

fn regimes(twin: &Twin) {
    let name = twin.label();
    let wte = twin.specs.iter().position(|s| s.name == "wte").expect("wte");
    for (i, regime) in twin.json["regimes"].as_array().expect("regimes").iter().enumerate() {
        let start = twin.start(&format!("regime_{i}.policy"));
        let forms = ["wdpo_algorithm1", "wdpo_appendix_f"];
        let lanes: Vec<_> = ["dpo", forms[0], forms[1]].iter().map(|m| twin.lane(m).with("beta", twin.regime_beta)).collect();
        let grads = twin.gradients(lanes.clone(), &start);
        let m = measured(twin.trainer(lanes, &start).step_on(Twin::batch(0), &twin.gpt, &twin.pairs, &twin.reference_logps));
        for (lane, form) in [(1, forms[0]), (2, forms[1])] {
            let seen = &regime["objectives"][form];
            let number = |key: &str| seen[key].as_f64().expect(key);
            let what = |quantity: &str| format!("{name} regime {} {form}: {quantity}", regime["target"]);
            // Losses and squares fall to 1e-4 and less: relative errors, of h·1e-7 and of g.
            for (key, found) in [("losses", &m.losses), ("grad_sq", &m.grad_sq)] {
                let relative = found[5 * lane..5 * (lane + 1)].iter().zip(numbers(&seen[key])).map(|(f, e)| (f64::from(*f) / e - 1.0).abs()).fold(0.0, f64::max);
                within(&what(&format!("{key}, relative")), relative, REGIME);
            }
            within(&what("objective"), (f64::from(m.objective[lane]) / number("objective") - 1.0).abs(), REGIME);
            within(&what("gradient norm"), (f64::from(m.grad_norm[lane]) / number("grad_norm") - 1.0).abs(), REGIME);
            let off = |found: Vec<f64>, name: &str| norm(&minus(&[found], &[twin.tensor(&format!("regime_{i}.{form}.{name}.wte"))]));
            within(&what("gradient of wte / whole norm"), off(grads[lane][wte].clone(), "grad") / number("grad_norm"), REGIME);
            let penalty = minus(&grads[lane], &grads[0]);
            within(&what("penalty's norm"), (norm(&penalty) / number("penalty_grad_norm") - 1.0).abs(), REGIME);
            within(&what("penalty's part of wte / its norm"), off(penalty[wte].clone(), "penalty_grad") / number("penalty_grad_norm"), REGIME);
        }
    }
}
