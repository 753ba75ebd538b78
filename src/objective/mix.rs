//! A weighted sum of TRL's loss types, as `loss_type` and `loss_weights` give it there.

use super::prelude::*;
use super::dpo_losses;

/// Weighted sum of loss types.
pub struct Mix;

const fn weight(id: &'static str, default: f64) -> ParamInfo {
    ParamInfo::new(id, id, default, [-100.0, 100.0], "Weight of the loss type of this name; 0 leaves it out.")
}

static INFO: MethodInfo = card(MethodInfo {
    id: "mix",
    name: "Weighted sum",
    family: Family::Trl,
    paper: "TRL, loss_type with loss_weights",
    year: 2025,
    formula: r"\sum_j w_j\ \text{mean}_i\ \ell^{(j)}_i",
    robust_to: "What its parts are robust to, in part.",
    not_robust_to: "What its heaviest part is not robust to.",
    note: "All parts share β; sigmoid + sft is TRL's RPO, sigmoid + bco_pair + sft its MPO (the Mixed PO of InternVL).",
    name_clash: "TRL's MPO is this kind of sum, not Maximum Preference Optimization.",
    params: &[
        BETA,
        ParamInfo::new("epsilon", "ε", 1e-3, [1e-8, 0.49], "TRL's label_smoothing, for exo_pair, robust, aot and aot_unpaired."),
        ParamInfo::new("tau", "τ", 0.05, [1e-3, 10.0], "discopop's temperature."),
        weight("sigmoid", 1.0),
        weight("hinge", 0.0),
        weight("ipo", 0.0),
        weight("exo_pair", 0.0),
        weight("nca_pair", 0.0),
        weight("robust", 0.0),
        weight("bco_pair", 0.0),
        weight("sppo_hard", 0.0),
        weight("aot", 0.0),
        weight("aot_unpaired", 0.0),
        weight("apo_zero", 0.0),
        weight("apo_down", 0.0),
        weight("discopop", 0.0),
        weight("sft", 0.0),
        weight("sigmoid_norm", 0.0),
    ],
    gpu: false,
    ..CARD
});

/// Loss type, its method, and its form.
const PARTS: [(&str, &dyn Objective, &str); 15] = [
    ("sigmoid", &super::dpo::Dpo, ""),
    ("hinge", &super::hinge::Hinge, ""),
    ("ipo", &super::ipo::Ipo, "length"),
    ("exo_pair", &super::exo_pref::ExoPref, "normalized"),
    ("nca_pair", &super::nca_pair::NcaPair, ""),
    ("robust", &super::rdpo::Rdpo, ""),
    ("bco_pair", &super::bco_pair::BcoPair, ""),
    ("sppo_hard", &super::sppo_hard::SppoHard, ""),
    ("aot", &super::aot::Aot, ""),
    ("aot_unpaired", &super::aot_unpaired::AotUnpaired, ""),
    ("apo_zero", &super::apo_zero::ApoZero, ""),
    ("apo_down", &super::apo_down::ApoDown, ""),
    ("discopop", &super::discopop::Discopop, ""),
    ("sft", &super::sft::Sft, ""),
    ("sigmoid_norm", &super::sigmoid_norm::SigmoidNorm, ""),
];

impl Objective for Mix {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        // Parts that no lane uses are left out; none of them keeps a state.
        PARTS.iter().filter(|(id, ..)| params.raw(id).iter().any(|w| *w != 0.0)).map(|(id, part, form)| {
            let losses = part.pair_losses(form, x, params, state).unwrap_or_else(|| dpo_losses(x.h(), params.get("beta")));
            losses * params.get(id)
        }).reduce(|sum, part| sum + part).or_else(|| Some(x.h() * 0.0))
    }
}
