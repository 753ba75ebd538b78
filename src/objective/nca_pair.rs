//! NCA on pairs: both answers also compete with the reference. Chen et al., arXiv 2402.05369.

use super::prelude::*;

/// NCA.
pub struct NcaPair;

static INFO: MethodInfo = card(MethodInfo {
    id: "nca_pair",
    name: "NCA",
    family: Family::Trl,
    paper: "Chen et al., Noise Contrastive Alignment of Language Models with Explicit Rewards",
    year: 2024,
    arxiv: "2402.05369",
    formula: r"-\log\sigma(\beta a_i)-\tfrac12\log\sigma(-\beta a_i)-\tfrac12\log\sigma(-\beta b_i)",
    robust_to: "A fall of the chosen answers' probability: it is anchored to the reference.",
    not_robust_to: "Wrong labels and a change in the mix.",
    ..CARD
});

impl Objective for NcaPair {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let (a, b) = (x.a.clone() * params.get("beta"), x.b.clone() * params.get("beta"));
        Some(log_loss(a.clone()) + (log_loss(a.neg()) + log_loss(b.neg())) * 0.5)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn nca_pair_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(nca_pair_beta);
    let up = softplus_loss(beta * ratio_w(i));
    let back = softplus_loss(-beta * ratio_w(i));
    let down = softplus_loss(-beta * ratio_l(i));
    return vec3(up.x + 0.5 * (back.x + down.x), beta * (up.y - 0.5 * back.y), -0.5 * beta * down.y);
}
"
    }
}
