//! BMC: the loser is edited toward the winner, and tokens in which the two differ count by how unsure the policy is of them.
//! Jiang et al., arXiv 2408.07471.

use super::prelude::*;

/// Bridging and modeling correlations (DPO-BMC).
pub struct Bmc;

static INFO: MethodInfo = MethodInfo {
    id: "bmc",
    name: "BMC",
    family: Family::Related,
    paper: "Jiang et al., Bridging and Modeling Correlations in Pairwise Data for Direct Preference Optimization",
    year: 2024,
    arxiv: "2408.07471",
    formula: r"-\log\sigma\big(r(\tilde y_w)-r(y_l)\big),\ r(y)=\beta\sum_t\lambda_t\log\tfrac{\pi_\theta(y_t)}{\pi_{\rm ref}(y_t)},\ \lambda_t=1+[y_t\ \text{differs}]\min\big(\tfrac1{\pi_\theta(y_t)},\delta\big)",
    adversary: "None: the winner ỹ is the loser edited toward it, and words in which the two differ count more, most where the policy is unsure of them.",
    robust_to: "Differences between the two answers that say nothing of why one is better: the edit takes them out, and the common words count less.",
    not_robust_to: "Wrong labels, which the edit follows, and a change in the mix.",
    needs: &[Need::Edits],
    confidence: Confidence::Code,
    note: "The authors let a large language model edit; here spans of the loser that the winner words differently are replaced, and what only one of them says stays as the loser has it. δ = 0 is bridging alone (DPO-BC). δ 1.5 to 3 and β 0.01 or 0.05 were used.",
    forms: &[
        FormInfo::new("formula", "as written", "Policy and reference are weighed by the policy's λ."),
        FormInfo::new("as_coded", "as coded", "The reference's log-probabilities are weighed by λ of its own."),
        FormInfo::new("modeling", "modeling alone", "As written, on the answers as they are (DPO-MC)."),
    ],
    params: &[
        beta(0.05),
        ParamInfo::new("delta", "δ", 2.0, [0.0, 100.0], "Most that a differing word counts beyond 1."),
    ],
    gpu: false,
    ..CARD
};

impl Objective for Bmc {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    fn token_weights(&self, form: &str, policy: &Tensor<2>, reference: &Tensor<2>, differs: &Tensor<2>, params: &Params) -> [Tensor<2>; 2] {
        let delta = params.get("delta").expand(differs.dims());
        // Cut before it is raised: e^{-log π} of a word that is never written overflows.
        let unsure = |logp: &Tensor<2>| differs.clone() * logp.clone().neg().clamp_max(80.0).exp().min_pair(delta.clone()) + 1.0;
        let of_policy = unsure(policy);
        let of_reference = if form == "as_coded" { unsure(reference) } else { of_policy.clone() };
        [of_policy, of_reference]
    }
}
