//! MPO: the preference itself is the reward, and reference data is kept likely. Our reading of Jiang et al., arXiv 2312.16430.

use super::prelude::*;

/// Maximum preference optimization.
pub struct Mpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "mpo",
    name: "MPO (our reading)",
    family: Family::Related,
    paper: "Jiang et al., Preference as Reward, Maximum Preference Optimization with Importance Sampling",
    year: 2023,
    arxiv: "2312.16430",
    formula: r"-\sigma\big(\log\pi_\theta(y_w)-\log\pi_\theta(y_l)\big)-\lambda\,\mathbb E_{D_{\rm ref}}\log\pi_\theta(y|x)",
    adversary: "None: pairs that are badly wrong are let go, and text of the reference's training is kept likely.",
    robust_to: "Wrong labels: the sigmoid's slope vanishes for pairs that cannot be fitted.",
    not_robust_to: "A change in the mix; a rare group may never get a slope.",
    needs: &[Need::ReferenceData],
    confidence: Confidence::Reading,
    note: "The paper's text was not at hand: whether its score has a reference or a temperature, and its weights, are open.",
    name_clash: "MPO is also Mixed Preference Optimization (InternVL), which is what TRL means.",
    forms: &[
        FormInfo::new("no_reference", "without reference", "The ordering score is the policy's own margin."),
        FormInfo::new("reference", "with reference", "The ordering score is the margin over the reference."),
    ],
    params: &[ParamInfo::new("weight", "λ", 0.01, [0.0, 10.0], "Weight of the log-probability of reference data, per text; ours.")],
    gpu: false,
    ..CARD
});

impl Objective for Mpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn further(&self, _lane: &LaneConfig) -> usize {
        1
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let score = if form == "reference" { x.h() } else { x.chosen() - x.rejected() };
        let preference = sigmoid(score).neg();
        // Given log-probabilities of pairs alone (`prefshift loss`), this is the preference term.
        Some(if x.extra.is_empty() { preference } else { preference - x.extra_logp(0) * params.get("weight") })
    }
}
