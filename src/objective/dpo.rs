//! DPO: every pair counts the same. Rafailov et al., arXiv 2305.18290, equation 7.

use super::prelude::*;

/// Direct preference optimization.
pub struct Dpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "dpo",
    name: "DPO",
    family: Family::Paper,
    paper: "Rafailov et al., Direct Preference Optimization",
    year: 2023,
    arxiv: "2305.18290",
    formula: r"\frac1n\sum_i -\log\sigma(\beta h_i)",
    robust_to: "Nothing in particular: it fits the mix of preferences it was trained on.",
    not_robust_to: "A change in the mix of groups, wrong labels, and further training, which it uses to drift from the reference.",
    confidence: Confidence::Text,
    margins_only: true,
    ..CARD
});

impl Objective for Dpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }
}
