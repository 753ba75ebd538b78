//! APO-down: both answers go down, the rejected one further. D'Oosterlinck et al., arXiv 2408.06266.

use super::prelude::*;

/// APO-down.
pub struct ApoDown;

static INFO: MethodInfo = card(MethodInfo {
    id: "apo_down",
    name: "APO-down",
    family: Family::Trl,
    paper: "D'Oosterlinck et al., Anchored Preference Optimization and Contrastive Revisions",
    year: 2024,
    arxiv: "2408.06266",
    formula: r"\sigma(\beta a_i)+1-\sigma(\beta h_i)",
    robust_to: "Pairs that cannot be fitted: the sigmoid lets go of them.",
    not_robust_to: "A change in the mix.",
    note: "For chosen answers that are worse than what the policy writes: it lowers them too, by design.",
    ..CARD
});

impl Objective for ApoDown {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some(sigmoid(x.a.clone() * params.get("beta")) + sigmoid(x.h() * params.get("beta")).neg() + 1.0)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn apo_down_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(apo_down_beta);
    let back = softplus_loss(-beta * ratio_w(i)); // −v.y is σ(−z)
    let up = softplus_loss(beta * margin(i));
    return vec3(-back.y - up.y, beta * (back.z - up.z), beta * up.z);
}
"
    }
}
