//! AOT: whole distributions are compared, sorted against sorted. Melnyk et al., arXiv 2406.05882.

use super::prelude::*;

/// AOT.
pub struct Aot;

static INFO: MethodInfo = card(MethodInfo {
    id: "aot",
    name: "AOT",
    family: Family::Trl,
    paper: "Melnyk et al., Distributional Preference Alignment of LLMs via Optimal Transport",
    year: 2024,
    arxiv: "2406.05882",
    formula: r"-\log\sigma\big(\beta(u_{(i)}-v_{(i)})\big),\quad u=\log\tfrac{\pi_\theta(y_w)}{\pi_\theta(y_l)},\ v=\log\tfrac{\pi_{\rm ref}(y_w)}{\pi_{\rm ref}(y_l)}",
    adversary: "None: pairs are matched by rank, so that a batch as a whole must improve, not each pair.",
    robust_to: "Single pairs that cannot be fitted, as long as the batch as a whole improves.",
    not_robust_to: "A rare group, whose pairs others may make up for.",
    note: "A pair is named by its place among the policy's margins.",
    params: &[BETA, ParamInfo::new("epsilon", "ε", 0.0, [0.0, 0.5], "Label smoothing.")],
    margins_only: true,
    ..CARD
});

impl Objective for Aot {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let reference = x.reference(0) - x.reference(1);
        let policy = x.still_h() + reference.clone();
        // The i-th smallest margin of the policy against the i-th smallest of the reference.
        let partner = matched(&ranks(&policy), reference.clone(), &ranks(&reference));
        let (d, epsilon) = ((x.h() + reference - partner) * params.get("beta"), params.get("epsilon"));
        Some(log_loss(d.clone()) * (epsilon.clone().neg() + 1.0) + log_loss(d.neg()) * epsilon)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn aot_reference(i: u32) -> f32 { return reference(i) - reference(pairs() + i); }
fn aot_policy(i: u32) -> f32 { return margin(i) + aot_reference(i); }
fn aot_pair(form: u32, i: u32) -> vec3<f32> {
    let n = pairs();
    var rank = 0u;
    for (var j = 0u; j < n; j++) { rank += select(0u, 1u, aot_policy(j) < aot_policy(i) || (aot_policy(j) == aot_policy(i) && j < i)); }
    var partner = 0.0;
    for (var j = 0u; j < n; j++) {
        var place = 0u;
        for (var k = 0u; k < n; k++) { place += select(0u, 1u, aot_reference(k) < aot_reference(j) || (aot_reference(k) == aot_reference(j) && k < j)); }
        if (place == rank) { partner = aot_reference(j); }
    }
    return smoothed(param(aot_beta), param(aot_epsilon), aot_policy(i) - partner);
}
"
    }
}
