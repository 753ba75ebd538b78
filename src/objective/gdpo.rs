//! GDPO: a weighted geometric mean of both answers' likelihoods, by how sure the label is. Furuta et al., arXiv 2409.06691.

use super::prelude::*;

/// Geometric-averaged DPO.
pub struct Gdpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "gdpo",
    name: "GDPO",
    family: Family::Related,
    paper: "Furuta et al., Geometric-Averaged Preference Optimization for Soft Preference Labels",
    year: 2024,
    arxiv: "2409.06691",
    formula: r"-\log\sigma\big(\beta(2\hat p_i-1)h_i\big)",
    adversary: "None: an unsure label pulls less, and one of p̂ = ½ not at all.",
    robust_to: "Labels that are known to be unsure.",
    not_robust_to: "Labels that are wrong but sure, and a change in the mix.",
    needs: &[Need::SoftLabels],
    confidence: Confidence::Reading,
    note: "Derived from the paper's idea and checked numerically; the authors published no code.",
    name_clash: "GDPO is also Group Distributional Preference Optimization (2412.20299) and a reward-decoupled method (2601.05242).",
    margins_only: true,
    ..CARD
});

impl Objective for Gdpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some(log_loss(x.h() * x.certainty() * params.get("beta")))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn gdpo_pair(form: u32, i: u32) -> vec3<f32> {
    let scale = param(gdpo_beta) * certainty(i);
    let v = softplus_loss(scale * margin(i));
    return by_margin(v.x, scale * v.y);
}
"
    }
}
