//! AOT, unpaired: whole distributions are compared, sorted against sorted. Melnyk et al., arXiv 2406.05882.

use super::prelude::*;

/// AOT, unpaired.
pub struct AotUnpaired;

static INFO: MethodInfo = card(MethodInfo {
    id: "aot_unpaired",
    name: "AOT, unpaired",
    family: Family::Trl,
    paper: "Melnyk et al., Distributional Preference Alignment of LLMs via Optimal Transport",
    year: 2024,
    arxiv: "2406.05882",
    formula: r"-\log\sigma\big(\beta(a_{(i)}-b_{(i)})\big)",
    adversary: "None: pairs are matched by rank, so that a batch as a whole must improve, not each pair.",
    robust_to: "Single pairs that cannot be fitted, as long as the batch as a whole improves.",
    not_robust_to: "A rare group, whose pairs others may make up for.",
    note: "A pair is named by its chosen answer's place; TRL once called it aot_pair.",
    params: &[BETA, ParamInfo::new("epsilon", "ε", 0.0, [0.0, 0.5], "Label smoothing.")],
    ..CARD
});

impl Objective for AotUnpaired {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        // The i-th smallest log-ratio of chosen answers against the i-th smallest of rejected ones.
        let partner = matched(&ranks(&x.still[0]), x.b.clone(), &ranks(&x.still[1]));
        let (d, epsilon) = ((x.a.clone() - partner) * params.get("beta"), params.get("epsilon"));
        Some(log_loss(d.clone()) * (epsilon.clone().neg() + 1.0) + log_loss(d.neg()) * epsilon)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn aot_unpaired_rank_w(i: u32) -> u32 {
    var rank = 0u;
    for (var j = 0u; j < pairs(); j++) { rank += select(0u, 1u, ratio_w(j) < ratio_w(i) || (ratio_w(j) == ratio_w(i) && j < i)); }
    return rank;
}
fn aot_unpaired_rank_l(i: u32) -> u32 {
    var rank = 0u;
    for (var j = 0u; j < pairs(); j++) { rank += select(0u, 1u, ratio_l(j) < ratio_l(i) || (ratio_l(j) == ratio_l(i) && j < i)); }
    return rank;
}
fn aot_unpaired_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(aot_unpaired_beta);
    let epsilon = param(aot_unpaired_epsilon);
    let rank = aot_unpaired_rank_w(i);
    let place = aot_unpaired_rank_l(i);
    var partner = 0.0;
    var owner = 0.0;
    for (var j = 0u; j < pairs(); j++) {
        if (aot_unpaired_rank_l(j) == rank) { partner = ratio_l(j); }
        if (aot_unpaired_rank_w(j) == place) { owner = ratio_w(j); }
    }
    let mine = smoothed(beta, epsilon, ratio_w(i) - partner);
    return vec3(mine.xy, smoothed(beta, epsilon, owner - ratio_l(i)).z);
}
"
    }
}
