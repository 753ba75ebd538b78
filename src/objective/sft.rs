//! SFT: cross-entropy of the chosen answers, token by token. TRL's loss type sft.

use super::prelude::*;

/// SFT.
pub struct Sft;

static INFO: MethodInfo = card(MethodInfo {
    id: "sft",
    name: "SFT",
    family: Family::Trl,
    paper: "TRL, loss type sft",
    year: 2023,
    formula: r"-\frac{\sum_i\log\pi_\theta(y_{w,i})}{\sum_i|y_{w,i}|}",
    adversary: "None: rejected answers are not looked at.",
    robust_to: "Overoptimization: it only imitates.",
    not_robust_to: "Wrong labels, which it imitates, and a change in the mix.",
    params: &[BETA],
    ..CARD
});

impl Objective for Sft {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn counts_tokens(&self, _form: &str) -> bool {
        true
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let _ = params;
        Some(x.chosen().neg() / x.tokens(0).mean_dim(1))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn sft_pair(form: u32, i: u32) -> vec3<f32> {
    let scale = f32(pairs()) / all_tokens_w();
    return vec3(-scale * logp_w(i), -scale, 0.0);
}
"
    }
}
