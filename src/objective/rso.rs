//! RSO: pairs of samples that are accepted as if drawn from the optimal policy. Liu et al., arXiv 2309.06657.

use super::prelude::*;

/// Statistical rejection sampling.
pub struct Rso;

static INFO: MethodInfo = card(MethodInfo {
    id: "rso",
    name: "RSO",
    family: Family::Related,
    paper: "Liu et al., Statistical Rejection Sampling Improves Preference Optimization",
    year: 2023,
    arxiv: "2309.06657",
    formula: r"-\log\sigma(\gamma h)\ \text{or}\ \max(0,1-\gamma h),\quad y\sim\pi_{\rm ref}\,e^{r/\beta}",
    adversary: "None: it learns from answers that a better policy would write.",
    robust_to: "Wrong labels, which it never sees, and pairs from another policy.",
    not_robust_to: "A wrong reward, and a change in the mix of the groups whose rewards it is given.",
    needs: &[Need::Samples, Need::Rewards],
    confidence: Confidence::Text,
    note: "Candidates are drawn at temperature 1, 16 to 4 instead of 64 to 8; equal texts count once, as published.",
    name_clash: "TRL's sigmoid_norm divides by length; here norm means divided by the reference policy.",
    forms: &[
        FormInfo::new("sigmoid_norm", "sigmoid-norm", "DPO's loss with γ in place of β."),
        FormInfo::new("hinge_norm", "hinge-norm", "A hinge on the margin over the reference."),
        FormInfo::new("hinge", "hinge (SLiC)", "A hinge on the policy's own margin, without a reference."),
    ],
    params: &[
        ParamInfo::new("beta", "β", 0.5, [1e-3, 100.0], "Temperature of the sampler: 0 takes the best candidates, large ones accept all."),
        ParamInfo::new("gamma", "γ", 0.05, [1e-4, 100.0], "Scale of margins in the loss."),
        ParamInfo::new("candidates", "N", 16.0, [2.0, 16.0], "Candidates for each prompt."),
        ParamInfo::new("keep", "n", 4.0, [2.0, 16.0], "Candidates that are accepted; neighbors among them are paired."),
    ],
    gpu: false,
    ..CARD
});

impl Objective for Rso {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let gamma = params.get("gamma");
        let hinge = |z: Tensor<2>| z.neg().add_scalar(1.0).clamp_min(0.0);
        Some(match form {
            "hinge_norm" => hinge(x.h() * gamma),
            "hinge" => hinge((x.chosen() - x.rejected()) * gamma),
            _ => log_loss(x.h() * gamma),
        })
    }
}
