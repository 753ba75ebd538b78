//! GR-DPO: told the groups, it plays against the worst one. Ramesh et al., arXiv 2405.20304.

use super::prelude::*;
use burn::tensor::activation;

/// Group-robust DPO.
pub struct GrDpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "gr_dpo",
    name: "GR-DPO",
    paper: "Ramesh et al., Group Robust Preference Optimization",
    year: 2024,
    arxiv: "2405.20304",
    formula: r"\sum_g\alpha_g L_g,\quad \alpha_g\leftarrow\alpha_g e^{\eta L_g}/Z",
    adversary: "Reweights whole groups, which it is told, by exponentiated gradient ascent.",
    robust_to: "A change in group proportions, because it knows the groups; the yardstick for methods that do not.",
    not_robust_to: "Groups that nobody told it of, and wrong labels inside a group.",
    needs: &[Need::Groups],
    confidence: Confidence::Code,
    note: "Group losses are means within the batch; the authors' default scales batch sums by the groups' sizes, which changes the scale of η.",
    name_clash: "GRPO is both Group Robust and Group Relative Preference (or Policy) Optimization.",
    forms: &[],
    params: &[
        BETA,
        ParamInfo {
            id: "eta",
            symbol: "η",
            default: 0.1,
            min: 0.0,
            max: 100.0,
            help: "Step size of the group weights; 0 keeps every group at the same weight.",
            forms: &[],
        },
    ],
    margins_only: true,
    ..CARD
});

impl Objective for GrDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        include_str!("gr_dpo.wgsl")
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, state: &mut Option<Tensor<2>>) -> Weighing {
        group_weights(batch, state)
    }
}

/// Weights of groups by exponentiated gradient ascent on their mean losses; the method must declare η.
pub(super) fn group_weights(batch: &Batch<'_>, state: &mut Option<Tensor<2>>) -> Weighing {
    let flat = uniform(&batch.losses);
    let Some(groups) = batch.groups.clone() else { return flat };
    let [lanes, pairs, n_groups] = groups.dims();
    let counts = groups.clone().sum_dim(1).reshape([lanes, n_groups]).clamp_min(1.0);
    // Mean loss of each group in this batch; a group that is absent has loss 0 (as in the authors' code).
    let sums = (groups.clone() * batch.losses.clone().reshape([lanes, pairs, 1])).sum_dim(1).reshape([lanes, n_groups]);
    let group_losses = sums / counts.clone();
    // The state is log α: e^{ηL} would overflow, and a weight that reached 0 would stay there.
    let before = state.take().unwrap_or_else(|| group_losses.zeros_like());
    let log_alpha = activation::log_softmax(before + group_losses.clone() * batch.params.get("eta"), 1);
    let alpha = log_alpha.clone().exp();
    let per_pair = (alpha.clone() / counts).reshape([lanes, 1, n_groups]);
    let weights = (groups * per_pair).sum_dim(2).reshape([lanes, pairs]);
    let loss = (alpha * group_losses).sum_dim(1);
    *state = Some(log_alpha);
    Weighing { weights, objective: loss.clone(), loss, ..flat }
}
