//! Minor DPO: the rejected answer is pushed down only while the policy gives it more than the reference does.
//! Xie et al., arXiv 2408.09834.

use super::prelude::*;

/// Minor DPO.
pub struct MinorDpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "minor_dpo",
    name: "Minor DPO",
    family: Family::Related,
    paper: "Xie et al., Minor DPO reject penalty to increase training robustness",
    year: 2024,
    arxiv: "2408.09834",
    formula: r"-\log\sigma\big(\beta a_i-\beta\max(0,b_i)\big)",
    adversary: "None: a rejected answer below its reference probability is left alone.",
    robust_to: "High learning rates: rejected answers are not pushed down without end.",
    not_robust_to: "Wrong labels and a change in the mix, as DPO.",
    confidence: Confidence::Reading,
    note: "Two summaries agree on the formula; no code of the authors was found. At b = 0, where every run starts, the gate is closed.",
    ..CARD
});

impl Objective for MinorDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let gate = x.still[1].clone().greater_elem(0.0).float();
        Some(log_loss((x.a.clone() - x.b.clone() * gate) * params.get("beta")))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn minor_dpo_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(minor_dpo_beta);
    let v = softplus_loss(beta * (ratio_w(i) - max(ratio_l(i), 0.0)));
    return vec3(v.x, beta * v.y, select(0.0, -beta * v.y, ratio_l(i) > 0.0));
}
"
    }
}
