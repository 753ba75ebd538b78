//! IPO: margins have a target. Azar et al., arXiv 2310.12036.

use super::prelude::*;

/// Identity preference optimization.
pub struct Ipo;

static INFO: MethodInfo = card(MethodInfo {
    id: "ipo",
    name: "IPO",
    paper: "Azar et al., A General Theoretical Paradigm to Understand Learning from Human Preferences",
    year: 2023,
    arxiv: "2310.12036",
    formula: r"\big(h_i-\tfrac1{2\beta}\big)^2",
    adversary: "None: each margin is drawn to the same target.",
    robust_to: "Overfitting of sure labels: margins stop at 1/(2β) instead of growing for ever.",
    not_robust_to: "Wrong labels, whose squared distance counts most, and a change in the mix.",
    note: "TRL divides log-ratios by the answers' lengths, on the authors' word; other code does not.",
    forms: &[
        FormInfo::new("sum", "summed", "Log-ratios summed over tokens, as printed."),
        FormInfo::new("length", "per token (TRL)", "Log-ratios divided by the number of tokens."),
        FormInfo::new("soft", "soft labels", "The target is scaled by 2p̂ − 1 (Furuta et al.)."),
    ],
    ..CARD
});

impl Objective for Ipo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn counts_tokens(&self, form: &str) -> bool {
        form == "length"
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let goal = params.get("beta").recip() * 0.5;
        Some(match form {
            "length" => x.a.clone() / x.tokens(0) - x.b.clone() / x.tokens(1) - goal,
            "soft" => x.h() - x.certainty() * goal,
            _ => x.h() - goal,
        }.square())
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn ipo_pair(form: u32, i: u32) -> vec3<f32> {
    let goal = 0.5 / param(ipo_beta);
    if (form == ipo_length_form) {
        let off = ratio_w(i) / tokens_w(i) - ratio_l(i) / tokens_l(i) - goal;
        return vec3(off * off, 2.0 * off / tokens_w(i), -2.0 * off / tokens_l(i));
    }
    let off = margin(i) - select(1.0, certainty(i), form == ipo_soft_form) * goal;
    return by_margin(off * off, 2.0 * off);
}
"
    }
}
