//! KLDPO: the adversary reweights pairs inside a KL ball. Xu et al., arXiv 2502.01930, algorithm 2.
//!
//! With the weights detached, the gradient of `Σ P_i ℓ_i` is exactly that of `τ log mean exp(ℓ/τ)`.

use super::prelude::*;
use super::{log_mean_exp, tilt};

/// Kullback–Leibler distributionally robust DPO.
pub struct Kldpo;

/// The authors' code clamps each weight here.
const CLAMP: f32 = 10.0;

static INFO: MethodInfo = card(MethodInfo {
    id: "kldpo",
    name: "KLDPO",
    family: Family::Paper,
    paper: "Xu et al., Robust LLM Alignment via Distributionally Robust DPO, algorithm 2",
    year: 2025,
    arxiv: "2502.01930",
    formula: r"\sum_i P_i\,\ell_i,\quad P_i\propto\exp\big((\ell_i-\bar\ell)/\tau\big)",
    adversary: "Reweights the pairs of a batch toward those with a high loss.",
    robust_to: "A change in the proportions of the training pairs.",
    not_robust_to: "Wrong labels: they have high losses, and it magnifies them.",
    confidence: Confidence::Code,
    note: "The authors' code does not normalize the weights and clamps each at 10; it is offered as a form of its own.",
    forms: &[
        FormInfo { id: "normalized", name: "normalized", help: "Weights sum to 1 (algorithm 2 as printed)." },
        FormInfo { id: "authors", name: "authors' code", help: "Weights exp((ℓ−mean)/τ), clamped at 10, batch mean; not normalized, so the step grows too." },
        FormInfo { id: "radius", name: "exact radius", help: "Holds KL(P‖uniform) at the radius and solves for τ on each batch (the dual of Lemma 12); ours." },
    ],
    params: &[
        BETA,
        ParamInfo {
            id: "tau",
            symbol: "τ",
            default: 0.5,
            min: 1e-3,
            max: 1e3,
            help: "Temperature of the adversary: smaller lets it concentrate on fewer pairs; very large is DPO.",
            forms: &["normalized", "authors"],
        },
        ParamInfo {
            id: "radius",
            symbol: "ρ",
            default: 0.1,
            min: 0.0,
            max: 20.0,
            help: "KL radius of the ambiguity set, in nats; 0 is DPO, log n or more is the single worst pair.",
            forms: &["radius"],
        },
    ],
    gauge: "τ, the temperature of the tilt",
    margins_only: true,
    ..CARD
});

impl Objective for Kldpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        include_str!("kldpo.wgsl")
    }

    fn weigh(&self, form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let losses = batch.losses.clone();
        if form == "authors" {
            return authors(losses, batch.params.get("tau"));
        }
        let tau = if form == "radius" { solve_tau(&losses, &batch.params.get("radius")) } else { batch.params.get("tau") };
        let centered = (losses.clone() - losses.clone().mean_dim(1)) / tau.clone();
        let weights = tilt(centered);
        let loss = (weights.clone() * losses.clone()).sum_dim(1);
        // In the radius form the dual's value at its optimum is the tilted mean itself.
        let objective = if form == "radius" { loss.clone() } else { tau.clone() * log_mean_exp(losses / tau.clone()) };
        Weighing { weights, tangent: None, loss, objective, tau }
    }
}

fn authors(losses: Tensor<2>, tau: Tensor<2>) -> Weighing {
    let n = losses.dims()[1] as f32;
    // The exponent is cut above log(10) already, so that a large loss cannot overflow before the clamp.
    let exponent = (losses.clone() - losses.clone().mean_dim(1)) / tau.clone();
    let weights = exponent.clamp_max(CLAMP.ln()).exp() / n;
    let loss = (weights.clone() * losses).sum_dim(1);
    Weighing { weights, tangent: None, objective: loss.clone(), loss, tau }
}

/// τ such that `KL(softmax(ℓ/τ) ‖ uniform)` is the radius, per lane; the radius is monotone in τ.
///
/// A grid search instead of bisection: each round evaluates every candidate at once, so the search costs a
/// few launches and no read-back. Four rounds of 64 leave τ within 4e-6 of the root, relatively.
fn solve_tau(losses: &Tensor<2>, radius: &Tensor<2>) -> Tensor<2> {
    const GRID: usize = 64;
    const ROUNDS: usize = 4;
    let [lanes, pairs] = losses.dims();
    let device = losses.device();
    let spread = (losses.clone().max_dim(1) - losses.clone().min_dim(1)).clamp_min(1e-12);
    let scaled = ((losses.clone() - losses.clone().max_dim(1)) / spread.clone()).reshape([lanes, 1, pairs]);
    let grid: Vec<f32> = (0..GRID).map(|i| i as f32 / (GRID - 1) as f32).collect();
    let grid = Tensor::<1>::from_floats(grid.as_slice(), &device).reshape([1, GRID]);
    // Bracket of log(τ/spread): at 1e-4 all weight is on the worst pair, at 1e4 it is flat in f32.
    let mut low = losses.clone().mean_dim(1).full_like(1e-4_f32.ln());
    let mut width = low.full_like(1e4_f32.ln() - 1e-4_f32.ln());
    for _ in 0..ROUNDS {
        let candidates = low.clone() + width.clone() * grid.clone(); // [lane, grid]
        let tau = candidates.exp().reshape([lanes, GRID, 1]);
        let scores = scaled.clone() / tau; // [lane, grid, pair], at most 0
        let weights = burn::tensor::activation::softmax(scores.clone(), 2);
        let log_norm = scores.clone().exp().sum_dim(2).log();
        // KL(P‖u) = Σ P (s − log Z) + log n
        let kl = ((weights * scores).sum_dim(2) - log_norm + (pairs as f32).ln()).reshape([lanes, GRID]);
        // KL falls as τ grows: the number of candidates above the radius says which cell holds the root.
        let above = kl.greater(radius.clone().expand([lanes, GRID])).float().sum_dim(1);
        let cell = (above - 1.0).clamp(0.0, (GRID - 2) as f32);
        let step = width.clone() / (GRID - 1) as f32;
        low = low + cell * step.clone();
        width = step;
    }
    (low + width * 0.5).exp() * spread
}
