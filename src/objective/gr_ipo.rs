//! GR-IPO: GR-DPO's game over groups, on IPO's loss. Ramesh et al., arXiv 2405.20304.

use super::gr_dpo::group_weights;
use super::prelude::*;

/// Group-robust IPO.
pub struct GrIpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "gr_ipo",
    name: "GR-IPO",
    paper: "Ramesh et al., Group Robust Preference Optimization",
    year: 2024,
    arxiv: "2405.20304",
    formula: r"\sum_g\alpha_g L_g,\quad L_g=\text{mean}_{i\in g}\big(h_i-\tfrac1{2\beta}\big)^2",
    adversary: "Reweights whole groups, which it is told, by exponentiated gradient ascent.",
    robust_to: "A change in group proportions, because it knows the groups.",
    not_robust_to: "Groups that nobody told it of, and wrong labels inside a group.",
    needs: &[Need::Groups],
    note: "The authors' η of 5e-7 belongs to losses summed over the batch and scaled by group sizes; here they are means.",
    params: &[beta(0.01), ParamInfo::new("eta", "η", 1e-4, [0.0, 100.0], "Step size of the group weights; 0 keeps every group at the same weight.")],
    margins_only: true,
    ..CARD
});

impl Objective for GrIpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        Some((x.h() - params.get("beta").recip() * 0.5).square())
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, state: &mut Option<Tensor<2>>) -> Weighing {
        group_weights(batch, state)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        // The parameters are GR-DPO's, in the same order.
        "fn gr_ipo_pair(form: u32, i: u32) -> vec3<f32> {
    let off = margin(i) - 0.5 / param(gr_ipo_beta);
    return by_margin(off * off, 2.0 * off);
}
fn gr_ipo_summary(form: u32) -> Summary { return gr_dpo_summary(form); }
fn gr_ipo_weight(form: u32, i: u32, s: Summary) -> vec2<f32> { return gr_dpo_weight(form, i, s); }
fn gr_ipo_state(form: u32, group: u32) -> f32 { return gr_dpo_state(form, group); }
"
    }
}
