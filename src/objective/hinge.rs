//! Hinge: margins beyond 1/β are left alone. RSO calls it hinge-norm; SLiC is Zhao et al., arXiv 2305.10425.

use super::prelude::*;

/// Hinge.
pub struct Hinge;

static INFO: MethodInfo = card(MethodInfo {
    id: "hinge",
    name: "Hinge",
    family: Family::Trl,
    paper: "Zhao et al., SLiC-HF: Sequence Likelihood Calibration with Human Feedback",
    year: 2023,
    arxiv: "2305.10425",
    formula: r"\max(0,\,1-\beta h_i)",
    robust_to: "Overfitting of clear pairs: a margin of 1/β is enough.",
    not_robust_to: "Wrong labels and a change in the mix.",
    note: "With a reference this is RSO's hinge-norm loss; SLiC's own has none.",
    margins_only: true,
    ..CARD
});

impl Objective for Hinge {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some((x.h() * params.get("beta")).neg().add_scalar(1.0).clamp_min(0.0))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn hinge_pair(form: u32, i: u32) -> vec3<f32> {
    let off = 1.0 - param(hinge_beta) * margin(i);
    return by_margin(max(off, 0.0), select(0.0, -param(hinge_beta), off > 0.0));
}
"
    }
}
