//! rDPO: unbiased for clean DPO when labels flip at a known rate. Chowdhury et al., arXiv 2403.00409.

use super::prelude::*;

/// Provably robust DPO.
pub struct Rdpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "rdpo",
    name: "rDPO",
    paper: "Chowdhury et al., Provably Robust DPO: Aligning Language Models with Noisy Feedback",
    year: 2024,
    arxiv: "2403.00409",
    formula: r"\frac{(1-\varepsilon)\,\ell(h_i)-\varepsilon\,\ell(-h_i)}{1-2\varepsilon}",
    adversary: "None: it subtracts what flipped labels add on average.",
    robust_to: "Labels flipped at random at the rate ε.",
    not_robust_to: "A wrong ε and many epochs: the loss has no lower bound, so margins drift; a change in the mix.",
    name_clash: "R-DPO is another method, which corrects for length. TRL calls this one robust.",
    params: &[BETA, ParamInfo::new("epsilon", "ε", 0.1, [0.0, 0.49], "Rate at which labels are thought to be flipped.")],
    margins_only: true,
    ..CARD
});

impl Objective for Rdpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn pair_losses(&self, _form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let (z, epsilon) = (x.h() * params.get("beta"), params.get("epsilon"));
        let right = log_loss(z.clone()) * (epsilon.clone().neg() + 1.0);
        Some((right - log_loss(z.neg()) * epsilon.clone()) / (epsilon * -2.0 + 1.0))
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn rdpo_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(rdpo_beta);
    let e = param(rdpo_epsilon);
    let up = softplus_loss(beta * margin(i));
    let down = softplus_loss(-beta * margin(i));
    return by_margin((1.0 - e) * up.x - e * down.x, beta * ((1.0 - e) * up.y + e * down.y)) / (1.0 - 2.0 * e);
}
"
    }
}
