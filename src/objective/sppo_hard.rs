//! SPPO with hard labels: log-ratios have targets of ±1/(2β). Wu et al., arXiv 2405.00675.

use super::prelude::*;

/// SPPO.
pub struct SppoHard;

static INFO: MethodInfo = card(MethodInfo {
    id: "sppo_hard",
    name: "SPPO",
    family: Family::Trl,
    paper: "Wu et al., Self-Play Preference Optimization for Language Model Alignment",
    year: 2024,
    arxiv: "2405.00675",
    formula: r"\big(a_i-\tfrac1{2\beta}\big)^2+\big(b_i+\tfrac1{2\beta}\big)^2",
    robust_to: "Log-ratios that run away: each has a target.",
    not_robust_to: "Wrong labels, whose squared distance counts most, and a change in the mix.",
    note: "The loss alone; the self-play rounds of the paper are not part of it.",
    ..CARD
});

impl Objective for SppoHard {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let goal = params.get("beta").recip() * 0.5;
        Some((x.a.clone() - goal.clone()).square() + (x.b.clone() + goal).square())
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn sppo_hard_pair(form: u32, i: u32) -> vec3<f32> {
    let goal = 0.5 / param(sppo_hard_beta);
    let up = ratio_w(i) - goal;
    let down = ratio_l(i) + goal;
    return vec3(up * up + down * down, 2.0 * up, 2.0 * down);
}
"
    }
}
