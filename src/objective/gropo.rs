//! GROPO: ROPO on a geometric mean of both answers. Furuta et al., arXiv 2409.06691; ROPO is arXiv 2404.04102.

use super::prelude::*;

/// Geometric-averaged ROPO.
pub struct Gropo;

static INFO: MethodInfo = card(MethodInfo {
    id: "gropo",
    name: "GROPO",
    family: Family::Related,
    paper: "Furuta et al., Geometric-Averaged Preference Optimization for Soft Preference Labels",
    year: 2024,
    arxiv: "2409.06691",
    formula: r"-\gamma\log\sigma(u_i)+\alpha\,\sigma(-u_i),\quad u_i=\beta(2\hat p_i-1)h_i",
    adversary: "None: unsure labels pull less, and pairs that are badly wrong pull less than in DPO.",
    robust_to: "Unsure labels, and in part wrong ones: the sigmoid lets go of a pair that cannot be fitted.",
    not_robust_to: "A change in the mix.",
    needs: &[Need::SoftLabels],
    confidence: Confidence::Reading,
    note: "ROPO's constants are those of a third-party code; the paper's own were not at hand.",
    params: &[
        BETA,
        ParamInfo::new("gamma", "γ", 0.1, [0.0, 10.0], "Weight of the logarithmic loss."),
        ParamInfo::new("alpha", "α", 0.2, [0.0, 10.0], "Weight of the sigmoid loss."),
    ],
    margins_only: true,
    ..CARD
});

impl Objective for Gropo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let u = x.h() * x.certainty() * params.get("beta");
        Some(log_loss(u.clone()) * params.get("gamma") + sigmoid(u.neg()) * params.get("alpha"))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn gropo_pair(form: u32, i: u32) -> vec3<f32> {
    let scale = param(gropo_beta) * certainty(i);
    let v = softplus_loss(scale * margin(i)); // −v.y is σ(−u), and v.z is minus its slope
    return by_margin(param(gropo_gamma) * v.x - param(gropo_alpha) * v.y, scale * (param(gropo_gamma) * v.y - param(gropo_alpha) * v.z));
}
"
    }
}
