//! EXO with rewards: the divergence from the policy over K sampled answers to that of their rewards. Ji et al., arXiv 2402.00856.

use super::prelude::*;
use burn::tensor::activation;

/// Efficient exact optimization on K samples.
pub struct ExoRw;

static INFO: MethodInfo = card(MethodInfo {
    id: "exo_rw",
    name: "EXO (rewards)",
    family: Family::Related,
    paper: "Ji et al., Towards Efficient Exact Optimization of Language Model Alignment",
    year: 2024,
    arxiv: "2402.00856",
    formula: r"\mathrm{KL}\big(\mathrm{softmax}_k(\beta\,s_k)\,\Vert\,\mathrm{softmax}_k(r_k/\beta_r)\big),\quad s_k=\log\tfrac{\pi_\theta(y_k)}{\pi_{\rm ref}(y_k)}",
    adversary: "None: it learns from rewards of its reference's own samples, not from labels.",
    robust_to: "Wrong labels, which it never sees.",
    not_robust_to: "A wrong reward, and a change in the mix of the groups whose rewards it is given.",
    needs: &[Need::Samples, Need::Rewards],
    forms: &[
        FormInfo::new("exo", "EXO", "The divergence from the policy to the rewards."),
        FormInfo::new("dpo", "DPO on rewards", "The other direction, as a cross-entropy."),
    ],
    params: &[
        beta(0.5),
        ParamInfo::new("beta_r", "βr", 0.5, [1e-3, 100.0], "Temperature of the rewards."),
        ParamInfo::new("k", "K", 4.0, [2.0, 16.0], "Samples for each prompt."),
    ],
    gpu: false,
    ..CARD
});

impl Objective for ExoRw {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn further(&self, lane: &LaneConfig) -> usize {
        (lane.param("k") as usize).max(2) - 2
    }

    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, _state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let [lanes, n] = x.a.dims();
        let stack = |parts: Vec<Tensor<2>>| -> Tensor<3> { Tensor::cat(parts.into_iter().map(|p| p.reshape([lanes, n, 1])).collect(), 2) };
        let ratios = [x.a.clone(), x.b.clone()].into_iter().chain(x.extra.iter().cloned()).map(|s| s * params.get("beta"));
        let rewards = (0..2 + x.extra.len()).map(|k| x.reward(k) / params.get("beta_r"));
        let log_policy = activation::log_softmax(stack(ratios.collect()), 2);
        let log_target = activation::log_softmax(stack(rewards.collect()), 2);
        let terms = if form == "dpo" {
            (log_target.exp() * log_policy).neg()
        } else {
            log_policy.clone().exp() * (log_policy - log_target)
        };
        Some(terms.sum_dim(2).reshape([lanes, n]))
    }
}
