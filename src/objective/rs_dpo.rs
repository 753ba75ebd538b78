//! RS-DPO: DPO on pairs of the reference's own samples whose rewards lie far apart. Khaki et al., arXiv 2402.10038.

use super::prelude::*;

/// Rejection sampling, then DPO.
pub struct RsDpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "rs_dpo",
    name: "RS-DPO",
    family: Family::Related,
    paper: "Khaki et al., RS-DPO: A Hybrid Rejection Sampling and DPO Method for Alignment of LLMs",
    year: 2024,
    arxiv: "2402.10038",
    formula: r"\ell(h)\ \text{over all}\ (y_j,y_l):\ \sigma\big((r_j-r_l)/\tau\big)>\eta",
    adversary: "None: pairs that the reward is not sure of are left out.",
    robust_to: "Wrong labels, which it never sees, and answers that the policy would not write.",
    not_robust_to: "A wrong reward, and a change in the mix of the groups whose rewards it is given.",
    needs: &[Need::Samples, Need::Rewards],
    confidence: Confidence::Reading,
    note: "From summaries; the authors published no code. η means nothing without the reward's scale: here it is that of the labels.",
    params: &[
        BETA,
        ParamInfo::new("k", "k", 16.0, [2.0, 16.0], "Samples for each prompt."),
        ParamInfo::new("tau", "τ", 1.0, [1e-2, 100.0], "Scale of reward differences."),
        ParamInfo::new("eta", "η", 0.85, [0.5, 0.999], "A pair is kept where σ(difference / τ) lies above this."),
    ],
    margins_only: true,
    gpu: false,
    ..CARD
});

impl Objective for RsDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }
}
