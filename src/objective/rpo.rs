//! RPO: the chosen answers' likelihood regularizes DPO. Liu et al., arXiv 2405.16436.

use super::prelude::*;

/// Regularized preference optimization.
pub struct Rpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "rpo",
    name: "RPO",
    family: Family::Related,
    paper: "Liu et al., Provably Mitigating Overoptimization in RLHF: Your SFT Loss is Implicitly an Adversarial Regularizer",
    year: 2024,
    arxiv: "2405.16436",
    formula: r"-\log\sigma(\beta h_i)-\eta\beta\log\pi_\theta(y_w|x)",
    adversary: "An adversarial reward model, solved away: what is left is a supervised term on the chosen answers.",
    robust_to: "Overoptimization: the probability of chosen answers does not fall with that of rejected ones.",
    not_robust_to: "Wrong labels, which it also imitates, and a change in the mix.",
    confidence: Confidence::Code,
    note: "Sums and token means differ by a factor of about β|y_w|, so η does not carry over from form to form.",
    name_clash: "RPO is also Iterative Reasoning PO (2404.19733) and Reward-aware PO.",
    forms: &[
        FormInfo::new("authors", "authors' code", "Subtracts βη times the summed log-probability."),
        FormInfo::new("token_mean", "TRL", "Adds η times the mean over all chosen tokens of the batch (sigmoid + sft)."),
        FormInfo::new("sequence_mean", "OpenRLHF", "Adds η times the mean over answers of their mean over tokens."),
    ],
    params: &[
        beta(0.01),
        ParamInfo::new("eta", "η", 0.005, [0.0, 10.0], "Weight of the supervised term; 0 is DPO."),
    ],
    ..CARD
});

impl Objective for Rpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn counts_tokens(&self, form: &str) -> bool {
        form != "authors"
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let (beta, eta) = (params.get("beta"), params.get("eta"));
        let scale = match form {
            "token_mean" => x.tokens(0).mean_dim(1).recip(),
            "sequence_mean" => x.tokens(0).recip(),
            _ => beta.clone(),
        };
        Some(log_loss(x.h() * beta) - x.chosen() * scale * eta)
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        "fn rpo_pair(form: u32, i: u32) -> vec3<f32> {
    let beta = param(rpo_beta);
    let v = softplus_loss(beta * margin(i));
    var scale = beta;
    if (form == rpo_token_mean_form) { scale = f32(pairs()) / all_tokens_w(); }
    if (form == rpo_sequence_mean_form) { scale = 1.0 / tokens_w(i); }
    scale *= param(rpo_eta);
    return vec3(v.x - scale * logp_w(i), beta * v.y - scale, -beta * v.y);
}
"
    }
}
