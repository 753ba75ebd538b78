//! χPO: a link with a χ² part makes large log-ratios costly. Huang et al., arXiv 2407.13399.

use super::prelude::*;

/// Chi-squared preference optimization.
pub struct ChiPo;

static INFO: MethodInfo = card(MethodInfo {
    id: "chi_po",
    name: "χPO",
    paper: "Huang et al., Correcting the Mythos of KL-Regularization: Direct Alignment without Overoptimization via Chi-Squared PO",
    year: 2024,
    arxiv: "2407.13399",
    formula: r"-\log\sigma\big(\mathrm{clip}_{\pm2R}[\beta(\phi(e^{a_i})-\phi(e^{b_i}))]\big),\quad\phi(z)=z+\log z",
    adversary: "None: answers that the reference hardly gives are distrusted.",
    robust_to: "Overoptimization at small β: raising an answer far above the reference is paid for exponentially.",
    not_robust_to: "Wrong labels and a change in the mix.",
    confidence: Confidence::Reading,
    note: "Two summaries agree on the formula. The clip stops the gradient outside its band; the frames say for how many pairs.",
    params: &[
        beta(0.05),
        ParamInfo::new("r_max", "Rmax", 10.0, [0.1, 1e3], "Largest reward difference: the logit is cut at ±2 Rmax."),
    ],
    gauge: "share of pairs whose logit is clipped",
    ..CARD
});

fn logit(a: Tensor<2>, b: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
    // Wide bounds, so that the exponential stays finite.
    let link = |r: Tensor<2>| r.clone().clamp(-88.0, 20.0).exp() + r;
    (link(a) - link(b)) * beta
}

impl Objective for ChiPo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let bound = params.get("r_max") * 2.0;
        let inside = (logit(x.still[0].clone(), x.still[1].clone(), params.get("beta")) / bound.clone()).abs().lower_elem(1.0).float();
        let z = logit(x.a.clone(), x.b.clone(), params.get("beta"));
        // Outside the band the value is the bound's, without a gradient.
        let held = logit(x.still[0].clone(), x.still[1].clone(), params.get("beta")).sign() * bound;
        Some(log_loss(z * inside.clone() + held * (inside.neg() + 1.0)))
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let [a, b] = batch.pairs.still.clone();
        let beyond = logit(a, b, batch.params.get("beta")).abs() / (batch.params.get("r_max") * 2.0);
        Weighing { tau: beyond.greater_equal_elem(1.0).float().mean_dim(1), ..uniform(&batch.losses) }
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn chi_po_link(r: f32) -> f32 { return exp(clamp(r, -88.0, 20.0)) + r; }
fn chi_po_slope(r: f32) -> f32 { return select(0.0, exp(clamp(r, -88.0, 20.0)), r > -88.0 && r < 20.0) + 1.0; }
fn chi_po_logit(i: u32) -> f32 { return param(chi_po_beta) * (chi_po_link(ratio_w(i)) - chi_po_link(ratio_l(i))); }
fn chi_po_pair(form: u32, i: u32) -> vec3<f32> {
    let bound = 2.0 * param(chi_po_r_max);
    let z = chi_po_logit(i);
    let v = softplus_loss(clamp(z, -bound, bound));
    let slope = select(0.0, v.y * param(chi_po_beta), abs(z) < bound);
    return vec3(v.x, slope * chi_po_slope(ratio_w(i)), -slope * chi_po_slope(ratio_l(i)));
}
fn chi_po_summary(form: u32) -> Summary {
    var clipped = 0.0;
    for (var i = 0u; i < pairs(); i++) { clipped += select(0.0, 1.0, abs(chi_po_logit(i)) >= 2.0 * param(chi_po_r_max)); }
    var s = default_summary();
    s.tau = clipped / f32(pairs());
    return s;
}
"
    }
}
