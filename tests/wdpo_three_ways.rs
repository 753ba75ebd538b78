//! The gradient of WDPO's penalty three ways: the engine's forward tangent, central differences along g made of
//! first-order passes only (methods after arXiv 2502.01930), and the float64 twin; then a model to follow by hand.
#![cfg(not(target_family = "wasm"))]

mod common;

use burn::tensor::{Int, Tensor, TensorData, activation};
use common::twin::{Twin, gradient_error, json, numbers};
use common::{largest_error, measured, minus, wide, within};
use prefshift::config::*;
use prefshift::data::{PreferencePair, TokenBatch};
use prefshift::eval::groups::pair_logps;
use prefshift::objective::dpo_losses;
use prefshift::policy::{Dual, Init, ParamSpec, Parameters, Perturbation, Policy, TokenTensors};
use prefshift::train::Trainer;
use serde_json::Value;

/// First-order passes over the twin's batch 0 at the policy.
struct FirstOrder<'a> {
    twin: &'a Twin,
    tokens: TokenTensors,
    reference: Tensor<2>,
    beta: Tensor<2>,
}

impl<'a> FirstOrder<'a> {
    fn new(twin: &'a Twin) -> Self {
        let batch = TokenBatch::from_pairs(&twin.pairs[..5], twin.model.context);
        let logps: Vec<f32> = [0, 1].into_iter().flat_map(|side| twin.reference_logps[..5].iter().map(move |r| r[side])).collect();
        Self {
            twin,
            tokens: TokenTensors::new(&[&batch], 1, &twin.device),
            reference: Tensor::<1>::from_floats(logps.as_slice(), &twin.device).reshape([1, 10]),
            beta: Tensor::full([1, 1], twin.json["config"]["beta"].as_f64().expect("beta"), &twin.device),
        }
    }

    /// Pair losses with the input representation moved by `offset`, `[1, 5]`.
    fn losses(&self, params: &Parameters, offset: Tensor<3>) -> Tensor<2> {
        let moved = Perturbation { offset: Some(offset), tangent: None };
        let ratios = self.twin.gpt.logps(params, &self.tokens, &moved).x - self.reference.clone();
        dpo_losses(ratios.clone().narrow(1, 0, 5) - ratios.narrow(1, 5, 5), self.beta.clone())
    }

    /// g = ∇_e ℓ of every pair, `[1, 10·T, d]`, and ‖g_i‖².
    fn embedding_gradient(&self) -> (Tensor<3>, Vec<f64>) {
        let shape = self.twin.gpt.input_shape(&self.tokens);
        let offset = Tensor::<3>::zeros(shape, &self.twin.device).autodiff().require_grad();
        let mut gradients = self.losses(&self.twin.policy, offset.clone()).sum().backward();
        let g = offset.grad_remove(&mut gradients).expect("a gradient");
        let values = common::read(g.clone());
        let rows: Vec<f64> = values.chunks_exact(values.len() / 10).map(|r| r.iter().map(|v| f64::from(*v).powi(2)).sum()).collect();
        (g, (0..5).map(|i| rows[i] + rows[i + 5]).collect())
    }

    /// ∇_θ Σ_i weight_i ℓ_i(e + step_i g_i).
    fn gradient(&self, g: &Tensor<3>, steps: &[f64], weights: &[f64]) -> Vec<Vec<f64>> {
        let row = |values: &[f64]| Tensor::<1>::from_floats(values.iter().map(|v| *v as f32).collect::<Vec<_>>().as_slice(), &self.twin.device);
        let [_, rows, width] = g.dims();
        let both = Tensor::cat(vec![row(steps), row(steps)], 0).reshape([10, 1, 1]);
        let offset = (g.clone().reshape([10, rows / 10, width]) * both).reshape([1, rows, width]);
        let tracked = self.twin.policy.tracked();
        let mut gradients = (self.losses(&tracked, offset) * row(weights).reshape([1, 5])).sum().backward();
        wide(&tracked.0.iter().map(|p| common::read(p.grad_remove(&mut gradients).expect("a gradient"))).collect::<Vec<_>>())
    }

    /// ∇_θ Σ_i coefficient_i ‖g_i‖² from differences along g: ∇‖g_i‖² = 2 d/dε ∇ℓ_i(e + ε g_i), ε_i = c/‖g_i‖.
    fn penalty(&self, c: f64, coefficients: &[f64]) -> Vec<Vec<f64>> {
        let (g, squares) = self.embedding_gradient();
        let steps: Vec<f64> = squares.iter().map(|s| c / s.sqrt()).collect();
        let weights: Vec<f64> = coefficients.iter().zip(&steps).map(|(k, e)| k / e).collect();
        let difference = |scale: f64| {
            let moved: Vec<f64> = steps.iter().map(|e| e * scale).collect();
            let back: Vec<f64> = moved.iter().map(|e| -e).collect();
            minus(&self.gradient(&g, &moved, &weights), &self.gradient(&g, &back, &weights))
        };
        // (8 (f(ε) − f(−ε)) − (f(2ε) − f(−2ε))) / 12ε: fourth order, so that ε can be large and rounding small.
        let (near, far) = (difference(1.0), difference(2.0));
        near.iter().zip(&far).map(|(a, b)| a.iter().zip(b).map(|(a, b)| 2.0 * (8.0 * a - b) / 12.0).collect()).collect()
    }
}

#[test]
fn tangent_differences_and_twin_agree() {
    for name in ["untied", "tied"] {
        let twin = Twin::load(name);
        let first = FirstOrder::new(&twin);
        let (_, squares) = first.embedding_gradient();
        let found = twin.gradients(["dpo", "wdpo_algorithm1", "wdpo_appendix_f"].iter().map(|m| twin.lane(m)).collect(), &twin.policy);
        let flat = twin.tensors("dpo.grad");
        for (lane, form) in [(1, "wdpo_algorithm1"), (2, "wdpo_appendix_f")] {
            let rho = twin.json["objectives"][form]["params"]["rho"].as_f64().expect("rho");
            let root = (squares.iter().sum::<f64>() / 5.0).sqrt();
            let slope = if lane == 1 { rho / (2.0 * root) } else { rho };
            let tangent = minus(&found[lane], &found[0]);
            let exact = minus(&twin.tensors(&format!("{form}.grad")), &flat);
            for c in [0.005, 0.01, 0.02, 0.03, 0.05] {
                println!("{name} {form}: differences with c = {c}: {:.2e}", gradient_error(&first.penalty(c, &[slope / 5.0; 5]), &exact).0);
            }
            let differences = first.penalty(0.02, &[slope / 5.0; 5]);
            // Float32 through one forward and one reverse pass, as for any gradient.
            within(&format!("{name} {form}: tangent against the twin"), gradient_error(&tangent, &exact).0, 1e-5);
            // Differences lose what they cancel: 1e-7/c of ∇ℓ, and of the series c⁴ is left; both are smallest near this c.
            within(&format!("{name} {form}: differences against the twin"), gradient_error(&differences, &exact).0, 1e-4);
            within(&format!("{name} {form}: tangent against differences"), gradient_error(&tangent, &differences).0, 1e-4);
        }
    }
}

/// Next-token logits = U e(previous token), over three words and without special tokens.
struct Bigram;

impl Bigram {
    /// The words of `[BOS] p p [SEP] c c [EOS]`.
    const WORDS: [i32; 4] = [1, 2, 4, 5];
    const FIRST: i32 = 5;
}

impl Policy for Bigram {
    fn specs(&self) -> Vec<ParamSpec> {
        ["U", "E"].map(|name| ParamSpec { name: name.into(), shape: [3, 2], init: Init::Zero, decay: true }).into()
    }

    fn input_shape(&self, tokens: &TokenTensors) -> [usize; 3] {
        [tokens.lanes(), tokens.sequences * 4, 2]
    }

    fn logps(&self, params: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<2> {
        let (lanes, s) = (tokens.lanes(), tokens.sequences);
        let columns = Tensor::<1, Int>::from_ints(Self::WORDS, &tokens.mask.device());
        let words = tokens.tokens.clone().reshape([lanes, s, tokens.context]).select(2, columns) - Self::FIRST; // [L, S, 4]
        let e = params.0[1].clone().gather(1, words.clone().reshape([lanes, s * 4, 1]).repeat_dim(2, 2));
        let e = if let Some(offset) = &moved.offset { e + offset.clone() } else { e };
        let logits = Dual { x: e, dx: moved.tangent.clone() }.linear(params.0[0].clone().swap_dims(1, 2), None); // [L, S·4, 3]
        // Positions 1 and 2 predict the two words of the answer.
        let counted = |y: Tensor<3>| y.reshape([lanes, s, 4, 3]).narrow(2, 1, 2).reshape([lanes, s * 2, 3]);
        let targets = words.narrow(2, 2, 2).reshape([lanes, s * 2, 1]);
        let z = logits.map(counted);
        let logp = activation::log_softmax(z.x, 2);
        let dx = z.dx.map(|dz| dz.clone().gather(2, targets.clone()) - (logp.clone().exp() * dz).sum_dim(2));
        Dual { x: logp.gather(2, targets), dx }.map(|p| p.reshape([lanes, s, 2]).sum_dim(2).reshape([lanes, s]))
    }
}

fn bigram_parameters(value: &Value) -> Parameters {
    let device = burn::tensor::Device::flex();
    Parameters(["U", "E"].iter().map(|name| {
        let values: Vec<f32> = numbers(&value[name]).into_iter().map(|v| v as f32).collect();
        Tensor::from_data(TensorData::new(values, [1, 3, 2]), &device)
    }).collect())
}

#[test]
fn bigram_worked_example() {
    let device = burn::tensor::Device::flex();
    let fixture = json("bigram.json");
    let word = |v: &Value| numbers(v).into_iter().map(|w| w as u32 + Bigram::FIRST as u32).collect::<Vec<_>>();
    let pairs: Vec<PreferencePair> = fixture["pairs"].as_array().expect("pairs").iter().map(|p| PreferencePair {
        prompt: word(&p["prompt"]), chosen: word(&p["chosen"]), rejected: word(&p["rejected"]), group: 0, flipped: false, confidence: 1.0,
    }).collect();
    let model = ModelConfig { context: 7, ..ModelConfig::default() };
    let reference = pollster::block_on(pair_logps(&Bigram, &bigram_parameters(&fixture["reference"]), &pairs, 7, &device)).expect("logps").remove(0);
    let results = fixture["wdpo"].as_array().expect("wdpo");
    let lanes: Vec<LaneConfig> = results.iter().map(|r| {
        LaneConfig::new("wdpo").form(r["form"].as_str().expect("form")).with("rho", r["rho"].as_f64().expect("rho")).with("beta", fixture["beta"].as_f64().expect("beta"))
    }).collect();
    let n = lanes.len();
    assert_eq!(n, 6);
    let config = common::config(model, lanes, TrainConfig::default());
    let start = bigram_parameters(&fixture["policy"]);
    let batch = vec![(0, vec![0, 1])];
    let grads = pollster::block_on(Trainer::new(&config, &Bigram, &start, 1, &device).gradients(&batch, &Bigram, &pairs, &reference)).expect("gradients");
    let gradients: Vec<_> = (0..n).map(|lane| wide(&common::lane_of(&grads, lane))).collect();
    let m = measured(Trainer::new(&config, &Bigram, &start, 1, &device).step_on(batch, &Bigram, &pairs, &reference));
    for (lane, result) in results.iter().enumerate() {
        let of = 2 * lane..2 * (lane + 1);
        let what = |quantity: &str| format!("bigram {} ρ={}: {quantity}", result["form"].as_str().expect("form"), result["rho"]);
        let margins: Vec<f32> = m.chosen[of.clone()].iter().zip(&m.rejected[of.clone()]).map(|(a, b)| a - b).collect();
        // A dozen float32 operations on numbers of size 1.
        within(&what("margins"), largest_error(&margins, &numbers(&fixture["margins"])), 1e-6);
        within(&what("losses"), largest_error(&m.losses[of.clone()], &numbers(&fixture["losses"])), 1e-6);
        within(&what("‖g‖²"), largest_error(&m.grad_sq[of], &numbers(&fixture["grad_sq"])), 1e-7);
        let objective = result["loss"].as_f64().expect("loss");
        within(&what("objective"), (f64::from(m.objective[lane]) / objective - 1.0).abs(), 1e-6);
        let expected = [numbers(&result["grad"]["U"]), numbers(&result["grad"]["E"])];
        within(&what("gradient"), gradient_error(&gradients[lane], &expected).0, 2e-6);
    }
    // Both rows of a pair have prompts of their own; a shared one would give another number.
    let shared = fixture["grad_sq_of_pair_0_if_the_prompt_were_shared"].as_f64().expect("number");
    assert!((f64::from(m.grad_sq[0]) - shared).abs() > 0.02);
}
