//! Ada-DPO: each pair has a scale τ of its own, chosen by a small adversary over its label. Hong et al., arXiv 2406.02764.
//!
//! The inner problem is homogeneous of degree 1 in (τ, margin), so its solution is |margin| / u* cut to its bounds, with u*
//! the root of KL(Bernoulli(σ(u)) ‖ ½) = ρ₀. τ is detached (envelope theorem).

use super::prelude::*;

/// Adaptive preference scaling.
pub struct AdaDpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "ada_dpo",
    name: "Ada-DPO",
    family: Family::Related,
    paper: "Hong et al., Adaptive Preference Scaling for RLHF",
    year: 2024,
    arxiv: "2406.02764",
    formula: r"\min_{\tau_i\in[\tau_0,\tau_{\max}]}-\tau_i\log\sigma(h_i/\tau_i)+(\rho_0-\log 2)\,\tau_i",
    adversary: "Doubts each label a little: clear pairs get a large scale and may drift apart, ambiguous ones a small one.",
    robust_to: "Pairs of very different clarity under one β.",
    not_robust_to: "A change in the mix, which the paper itself calls another aim, and wrong labels.",
    confidence: Confidence::Code,
    note: "Newton's method as published can cycle (margin 0.7 at ρ₀ = 0.3 does); the closed form is ours.",
    forms: &[
        FormInfo::new("paper", "paper", "The margin itself, β absorbed in τ and ρ; τ in closed form."),
        FormInfo::new("authors", "authors' code, closed form", "β times the margin, and the constant in τ left out of the loss; τ in closed form."),
        FormInfo::new("newton", "authors' Newton", "As the authors' code: τ from 1 by five projected Newton steps."),
    ],
    params: &[
        BETA.only(&["authors", "newton"]),
        ParamInfo::new("rho0", "ρ₀", 0.1, [1e-4, 10.0], "How far the inner adversary may doubt a label (KL, nats); log 2 or more holds τ at its minimum."),
        ParamInfo::new("tau0", "τ₀", 0.1, [1e-3, 10.0], "Smallest scale."),
        ParamInfo::new("tau_max", "τmax", 4.0, [1e-3, 1e3], "Largest scale."),
    ],
    gauge: "mean τ of the pairs",
    margins_only: true,
    ..CARD
});

/// Root of KL(Bernoulli(σ(u)) ‖ ½) = ρ₀; infinite where there is none.
pub(super) fn root(rho0: f64) -> f64 {
    let kl = |u: f64| std::f64::consts::LN_2 - u.exp().ln_1p() + u / (1.0 + (-u).exp());
    if rho0 >= std::f64::consts::LN_2 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 60.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if kl(middle) > rho0 { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

/// τ of each pair, `[lane, pair]`, at these margins.
fn scales(form: &str, margins: &Tensor<2>, params: &Params) -> Tensor<2> {
    let bounds = |t: Tensor<2>| {
        let (low, high) = (params.get("tau0").expand(t.dims()), params.get("tau_max").expand(t.dims()));
        t.clone().max_pair(low.clone()).min_pair(high.max_pair(low))
    };
    if form != "newton" {
        let inverse: Vec<f64> = params.raw("rho0").iter().map(|r| 1.0 / root(*r)).collect();
        return bounds(margins.clone().abs() * params.column(&inverse));
    }
    let rho: Vec<f64> = params.raw("rho0").iter().map(|r| r - std::f64::consts::LN_2).collect();
    let rho = params.column(&rho);
    let mut tau = margins.ones_like();
    for _ in 0..5 {
        let u = margins.clone() / tau.clone();
        let (up, down) = (sigmoid(u.clone()), sigmoid(u.clone().neg()));
        let slope = log_loss(u.clone()) + u.clone() * down.clone() + rho.clone();
        let bend = (u.square() / tau.clone() * up * down).clamp_min(1e-6); // floored as in the authors' code
        tau = bounds(tau - slope / bend);
    }
    tau
}

fn scaled(form: &str, margins: Tensor<2>, params: &Params) -> Tensor<2> {
    if form == "paper" { margins } else { margins * params.get("beta") }
}

impl Objective for AdaDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let tau = scales(form, &scaled(form, x.still_h(), params), params);
        let losses = log_loss(scaled(form, x.h(), params) / tau.clone()) * tau.clone();
        Some(if form == "paper" { losses + tau * (params.get("rho0") - std::f32::consts::LN_2) } else { losses })
    }

    fn weigh(&self, form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let tau = scales(form, &scaled(form, batch.pairs.still_h(), batch.params), batch.params).mean_dim(1);
        Weighing { tau, ..uniform(&batch.losses) }
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        include_str!("ada_dpo.wgsl")
    }
}
