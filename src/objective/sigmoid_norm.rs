//! DPO on log-ratios per token, as in Tülu 3. Lambert et al., arXiv 2411.15124.

use super::prelude::*;

/// Sigmoid, length-normalized.
pub struct SigmoidNorm;

static INFO: MethodInfo = card(MethodInfo {
    id: "sigmoid_norm",
    name: "Sigmoid, length-normalized",
    family: Family::Trl,
    paper: "Lambert et al., Tülu 3: Pushing Frontiers in Open Language Model Post-Training",
    year: 2024,
    arxiv: "2411.15124",
    formula: r"-\log\sigma\Big(\beta\big(\tfrac{a_i}{|y_w|}-\tfrac{b_i}{|y_l|}\big)\Big)",
    robust_to: "Answers of different lengths: a long one has no longer lever.",
    not_robust_to: "Wrong labels and a change in the mix.",
    note: "Log-ratios per token are small: published runs use β of several units.",
    name_clash: "RSO's sigmoid-norm is another: there norm means divided by the reference policy.",
    ..CARD
});

impl Objective for SigmoidNorm {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn counts_tokens(&self, _form: &str) -> bool {
        true
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some(log_loss((x.a.clone() / x.tokens(0) - x.b.clone() / x.tokens(1)) * params.get("beta")))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn sigmoid_norm_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(sigmoid_norm_beta);
    let v = softplus_loss(beta * (ratio_w(i) / tokens_w(i) - ratio_l(i) / tokens_l(i)));
    return vec3(v.x, beta * v.y / tokens_w(i), -beta * v.y / tokens_l(i));
}
"
    }
}
