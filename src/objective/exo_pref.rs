//! EXO on pairs: the reverse divergence from a policy over the two answers to a nearly sure label. Ji et al., arXiv 2402.00856.

use super::prelude::*;

/// Efficient exact optimization, two answers.
pub struct ExoPref;

static INFO: MethodInfo = card(MethodInfo {
    id: "exo_pref",
    name: "EXO (pairs)",
    family: Family::Related,
    paper: "Ji et al., Towards Efficient Exact Optimization of Language Model Alignment",
    year: 2024,
    arxiv: "2402.00856",
    formula: r"q_i\log\tfrac{q_i}{1-\varepsilon}+(1-q_i)\log\tfrac{1-q_i}{\varepsilon},\quad q_i=\sigma(\beta h_i)",
    adversary: "None: the policy seeks a mode of the label's distribution instead of covering it.",
    robust_to: "A policy too small to fit every label: it gives up on some rather than average over all.",
    not_robust_to: "Wrong labels at small ε, whose first steps are steep, and a change in the mix.",
    confidence: Confidence::Code,
    note: "At h = 0 its gradient is 3.5 times DPO's (ε = 0.001): compare at a smaller learning rate or at equal KL.",
    forms: &[
        FormInfo::new("normalized", "normalized target", "Target (1−ε, ε), as TRL's exo_pair."),
        FormInfo::new("authors", "authors' code", "Unnormalized log-target 0 and −10."),
    ],
    params: &[
        BETA,
        ParamInfo::new("epsilon", "ε", 1e-3, [1e-8, 0.5], "Share that the target leaves to the rejected answer.").only(&["normalized"]),
    ],
    margins_only: true,
    ..CARD
});

impl Objective for ExoPref {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let z = x.h() * params.get("beta");
        let (q, log_q, log_rest) = (sigmoid(z.clone()), log_loss(z.clone()).neg(), log_loss(z.clone().neg()).neg());
        let (won, lost) = if form == "authors" {
            let still = params.get("epsilon");
            (still.zeros_like(), still.full_like(-10.0))
        } else {
            let epsilon = params.get("epsilon");
            ((epsilon.clone().neg() + 1.0).log(), epsilon.log())
        };
        Some(q * (log_q - won) + sigmoid(z.neg()) * (log_rest - lost))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn exo_pref_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(exo_pref_beta);
    let up = softplus_loss(beta * margin(i));
    let down = softplus_loss(-beta * margin(i));
    var won = log(1.0 - param(exo_pref_epsilon));
    var lost = log(param(exo_pref_epsilon));
    if (form == exo_pref_authors_form) {
        won = 0.0;
        lost = -10.0;
    }
    let gap = (down.x - up.x) - (won - lost); // log q − log(1 − q), less that of the target
    return by_margin(-down.y * (-up.x - won) - up.y * (-down.x - lost), beta * up.z * gap);
}
"
    }
}
