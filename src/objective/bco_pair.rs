//! BCO on pairs: chosen up, rejected down, each by itself. Jung et al., arXiv 2404.04656.

use super::prelude::*;

/// BCO.
pub struct BcoPair;

static INFO: MethodInfo = card(MethodInfo {
    id: "bco_pair",
    name: "BCO",
    family: Family::Trl,
    paper: "Jung et al., Binary Classifier Optimization for Large Language Model Alignment",
    year: 2024,
    arxiv: "2404.04656",
    formula: r"-\log\sigma(\beta a_i)-\log\sigma(-\beta b_i)",
    robust_to: "Chosen and rejected answers that were not written for each other.",
    not_robust_to: "Wrong labels and a change in the mix.",
    note: "Without the running mean that shifts rewards, as in TRL since 0.29.",
    ..CARD
});

impl Objective for BcoPair {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some(log_loss(x.a.clone() * params.get("beta")) + log_loss(x.b.clone() * params.get("beta").neg()))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn bco_pair_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(bco_pair_beta);
    let up = softplus_loss(beta * ratio_w(i));
    let down = softplus_loss(-beta * ratio_l(i));
    return vec3(up.x + down.x, beta * up.y, -beta * down.y);
}
"
    }
}
