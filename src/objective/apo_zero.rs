//! APO-zero: chosen up and rejected down, each with a bound. D'Oosterlinck et al., arXiv 2408.06266.

use super::prelude::*;

/// APO-zero.
pub struct ApoZero;

static INFO: MethodInfo = card(MethodInfo {
    id: "apo_zero",
    name: "APO-zero",
    family: Family::Trl,
    paper: "D'Oosterlinck et al., Anchored Preference Optimization and Contrastive Revisions",
    year: 2024,
    arxiv: "2408.06266",
    formula: r"1-\sigma(\beta a_i)+\sigma(\beta b_i)",
    robust_to: "Pairs that cannot be fitted: the sigmoid lets go of them.",
    not_robust_to: "A change in the mix.",
    note: "For chosen answers that are better than what the policy writes.",
    ..CARD
});

impl Objective for ApoZero {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some(sigmoid(x.a.clone() * params.get("beta")).neg() + sigmoid(x.b.clone() * params.get("beta")) + 1.0)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn apo_zero_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(apo_zero_beta);
    let up = softplus_loss(beta * ratio_w(i)); // −v.y is σ(−z)
    let down = softplus_loss(-beta * ratio_l(i));
    return vec3(-up.y - down.y, -beta * up.z, beta * down.z);
}
"
    }
}
