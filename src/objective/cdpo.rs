//! cDPO: labels are believed with probability 1 − ε. Mitchell's note of 2023; the soft form in Furuta et al., arXiv 2409.06691.

use super::prelude::*;

/// Conservative DPO.
pub struct Cdpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "cdpo",
    name: "cDPO",
    paper: "Mitchell, A note on DPO with noisy preferences and its relationship to IPO",
    year: 2023,
    formula: r"(1-\varepsilon)\,\ell(h_i)+\varepsilon\,\ell(-h_i)",
    adversary: "None: each label is smoothed.",
    robust_to: "Labels flipped at a known rate: margins have a finite target, σ(βh) = 1 − ε.",
    not_robust_to: "A change in the mix.",
    note: "TRL left label smoothing out of its sigmoid loss after version 0.28.",
    forms: &[
        FormInfo::new("fixed", "fixed rate", "One ε for every pair."),
        FormInfo::new("soft", "soft labels", "Each pair's own ε = 1 − p̂ (needs soft labels to differ from DPO)."),
    ],
    params: &[BETA, ParamInfo::new("epsilon", "ε", 0.1, [0.0, 0.5], "Probability that a label is wrong.").only(&["fixed"])],
    margins_only: true,
    ..CARD
});

impl Objective for Cdpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let z = x.h() * params.get("beta");
        let epsilon = if form == "soft" { x.soft().neg() + 1.0 } else { params.get("epsilon") };
        Some(log_loss(z.clone()) * (epsilon.clone().neg() + 1.0) + log_loss(z.neg()) * epsilon)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn cdpo_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(cdpo_beta);
    let e = select(param(cdpo_epsilon), 1.0 - soft(i), form == cdpo_soft_form);
    let up = softplus_loss(beta * margin(i));
    let down = softplus_loss(-beta * margin(i));
    return by_margin((1.0 - e) * up.x + e * down.x, beta * ((1.0 - e) * up.y - e * down.y));
}
"
    }
}
