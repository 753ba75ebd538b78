//! GIPO: IPO on a geometric mean of both answers. Furuta et al., arXiv 2409.06691.

use super::prelude::*;

/// Geometric-averaged IPO.
pub struct Gipo;

static INFO: MethodInfo = card(MethodInfo {
    id: "gipo",
    name: "GIPO",
    family: Family::Related,
    paper: "Furuta et al., Geometric-Averaged Preference Optimization for Soft Preference Labels",
    year: 2024,
    arxiv: "2409.06691",
    formula: r"(2\hat p_i-1)^2\big(h_i-\tfrac1{2\beta}\big)^2",
    adversary: "None: an unsure label counts with the square of its certainty.",
    robust_to: "Labels that are known to be unsure; its margins have a goal and do not run away.",
    not_robust_to: "Labels that are wrong but sure, and a change in the mix.",
    needs: &[Need::SoftLabels],
    confidence: Confidence::Reading,
    note: "Two readings of the paper are offered; the text was not at hand.",
    forms: &[
        FormInfo::new("loss", "scaled loss", "The certainty scales the loss: the geometric mean applied to soft IPO."),
        FormInfo::new("margin", "scaled margin", "The certainty scales the margin: ((2p̂−1)h − 1/(2β))²."),
    ],
    margins_only: true,
    ..CARD
});

impl Objective for Gipo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let goal = params.get("beta").recip() * 0.5;
        Some(match form {
            "margin" => (x.h() * x.certainty() - goal).square(),
            _ => ((x.h() - goal) * x.certainty()).square(),
        })
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn gipo_pair(form: u32, i: u32) -> vec3<f32> {
    let goal = 0.5 / param(gipo_beta);
    let c = certainty(i);
    let off = select(c * (margin(i) - goal), c * margin(i) - goal, form == gipo_margin_form);
    return by_margin(off * off, 2.0 * c * off);
}
"
    }
}
