//! TV-DRO: the adversary moves a share of the mass to the worst pair. After Mandal et al., arXiv 2503.00539.

use super::prelude::*;

/// DPO robust in total variation.
pub struct TvDro;

static INFO: MethodInfo = card(MethodInfo {
    id: "tv_dro",
    name: "TV-DRO",
    paper: "Mandal et al., Distributionally Robust RLHF",
    year: 2025,
    arxiv: "2503.00539",
    formula: r"\max_{\frac12\lVert q-1/n\rVert_1\le\rho}\sum_i q_i\,\ell_i",
    adversary: "Takes the share ρ of all weight from the pairs with the lowest losses and gives it to the one with the highest.",
    robust_to: "A change in the proportions of the training pairs, up to the share ρ.",
    not_robust_to: "One wrong label, which can get all the weight that is moved.",
    confidence: Confidence::Reading,
    note: "The inner problem is solved exactly on each batch; the paper's own algorithm was not readable.",
    params: &[BETA, ParamInfo::new("rho", "ρ", 0.1, [0.0, 1.0], "Share of the weight that the adversary may move; 0 is DPO, 1 the single worst pair.")],
    margins_only: true,
    ..CARD
});

impl Objective for TvDro {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let [lanes, n] = batch.losses.dims();
        let order = ranks(&batch.losses); // [lane, pair, rank]
        let rho = batch.params.get("rho");
        let each = 1.0 / n as f32;
        // What is taken at each rank: at most 1/n, and ρ in all; what is given, all of it at the last.
        let before: Vec<f64> = (0..n).map(|r| r as f64 / n as f64).collect();
        let before = batch.params.column(&before).reshape([1, n]).expand([lanes, n]);
        let taken = (rho.clone().expand([lanes, n]) - before).clamp(0.0, each);
        let last: Vec<f64> = (0..n).map(|r| f64::from(u8::from(r + 1 == n))).collect();
        let last = batch.params.column(&last).reshape([1, n]).expand([lanes, n]);
        let by_rank = taken.neg() + each + last * rho;
        let weights = (order * by_rank.reshape([lanes, 1, n]).expand([lanes, n, n])).sum_dim(2).reshape([lanes, n]);
        let loss = (weights.clone() * batch.losses.clone()).sum_dim(1);
        Weighing { weights, objective: loss.clone(), loss, ..uniform(&batch.losses) }
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn tv_dro_weight(form: u32, i: u32, s: Summary) -> vec2<f32> {
    let n = pairs();
    var rank = 0u;
    for (var j = 0u; j < n; j++) { rank += select(0u, 1u, loss(j) < loss(i) || (loss(j) == loss(i) && j < i)); }
    let each = 1.0 / f32(n);
    let rho = param(tv_dro_rho);
    return vec2(each - clamp(rho - f32(rank) * each, 0.0, each) + select(0.0, rho, rank + 1u == n), 0.0);
}
fn tv_dro_summary(form: u32) -> Summary {
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += tv_dro_weight(form, i, Summary()).x * loss(i); }
    return Summary(sum, sum, 0.0, vec4<f32>());
}
"
    }
}
