//! MaxMin, an offline surrogate of ours: DPO's loss of the group that is worst off in the batch. After Chakraborty et al.,
//! arXiv 2402.08925.

use super::prelude::*;

/// MaxMin, offline.
pub struct MaxMin;

static INFO: MethodInfo = card(MethodInfo {
    id: "maxmin",
    name: "MaxMin (our surrogate)",
    paper: "Chakraborty et al., MaxMin-RLHF: Alignment with Diverse Human Preferences",
    year: 2024,
    arxiv: "2402.08925",
    formula: r"\max_g\ \text{mean}_{i\in g}\ \ell_i",
    adversary: "Picks the group with the highest mean loss and gives it all the weight.",
    robust_to: "Any mix of the groups it is told: only the worst one counts.",
    not_robust_to: "Small groups in a batch, whose means are noise, and wrong labels.",
    needs: &[Need::Groups],
    confidence: Confidence::Reading,
    note: "The paper learns one reward model per cluster of annotators and trains by reinforcement; this is the hard limit of GR-DPO instead.",
    margins_only: true,
    ..CARD
});

impl Objective for MaxMin {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let flat = uniform(&batch.losses);
        let Some(groups) = batch.groups.clone() else { return flat };
        let [lanes, pairs, n_groups] = groups.dims();
        let counts = groups.clone().sum_dim(1).reshape([lanes, n_groups]);
        let sums = (groups.clone() * batch.losses.clone().reshape([lanes, pairs, 1])).sum_dim(1).reshape([lanes, n_groups]);
        // A group that is absent cannot be the worst; of equals the first is taken.
        let means = sums / counts.clone().clamp_min(1.0) - counts.clone().lower_elem(0.5).float() * 1e9;
        let worst = ranks(&means.neg()).narrow(2, 0, 1).reshape([lanes, n_groups]);
        let per_pair = (worst / counts.clamp_min(1.0)).reshape([lanes, 1, n_groups]);
        let weights = (groups * per_pair).sum_dim(2).reshape([lanes, pairs]);
        let loss = (weights.clone() * batch.losses.clone()).sum_dim(1);
        Weighing { weights, objective: loss.clone(), loss, ..flat }
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn maxmin_mean(group: u32) -> f32 {
    var sum = 0.0;
    var count = 0.0;
    for (var i = 0u; i < pairs(); i++) {
        if (group_of(i) == group) {
            sum += loss(i);
            count += 1.0;
        }
    }
    return select(sum / max(count, 1.0), -1e9, count == 0.0);
}
fn maxmin_summary(form: u32) -> Summary {
    var worst = 0u;
    for (var g = 1u; g < groups(); g++) { if (maxmin_mean(g) > maxmin_mean(worst)) { worst = g; } }
    var count = 0.0;
    for (var i = 0u; i < pairs(); i++) { count += select(0.0, 1.0, group_of(i) == worst); }
    let loss = maxmin_mean(worst);
    return Summary(loss, loss, 0.0, vec4(f32(worst), count, 0.0, 0.0));
}
fn maxmin_weight(form: u32, i: u32, s: Summary) -> vec2<f32> {
    return vec2(select(0.0, 1.0 / s.keep.y, group_of(i) == u32(s.keep.x)), 0.0);
}
"
    }
}
