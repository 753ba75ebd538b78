//! DiscoPOP: a loss found by a language model's search. Lu et al., arXiv 2406.08414.

use super::prelude::*;

/// DiscoPOP.
pub struct Discopop;

static INFO: MethodInfo = card(MethodInfo {
    id: "discopop",
    name: "DiscoPOP",
    family: Family::Trl,
    paper: "Lu et al., Discovering Preference Optimization Algorithms with and for Large Language Models",
    year: 2024,
    arxiv: "2406.08414",
    formula: r"-(1-m_i)\log\sigma(u_i)+m_i\,e^{-u_i},\quad u_i=\beta h_i,\ m_i=\sigma(u_i/\tau)",
    robust_to: "Nothing by design: it was selected for scores on benchmarks.",
    not_robust_to: "Wrong labels and a change in the mix; the loss is not convex.",
    params: &[BETA, ParamInfo::new("tau", "τ", 0.05, [1e-3, 10.0], "Temperature of the gate between the two losses.")],
    margins_only: true,
    ..CARD
});

impl Objective for Discopop {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let u = x.h() * params.get("beta");
        let (up, down) = (sigmoid(u.clone() / params.get("tau")), sigmoid(u.clone().neg() / params.get("tau")));
        // e^{−u} is cut where its factor is 0 already, so that 0 · ∞ cannot come up.
        Some(log_loss(u.clone()) * down + u.neg().clamp_max(80.0).exp() * up)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn discopop_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(discopop_beta);
    let tau = param(discopop_tau);
    let u = beta * margin(i);
    let v = softplus_loss(u);
    let m = softplus_loss(u / tau); // 1 − m is −m.y, and m.z the slope of m by u / τ
    let e = exp(min(-u, 80.0));
    let cut = select(1.0, 0.0, -u > 80.0);
    return by_margin(-m.y * v.x + (1.0 + m.y) * e, beta * (m.z / tau * (e - v.x) - m.y * v.y - (1.0 + m.y) * e * cut));
}
"
    }
}
