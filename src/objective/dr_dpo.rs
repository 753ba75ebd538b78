//! Dr. DPO: the optimist's tilt, away from hard pairs. Wu et al., arXiv 2407.07880.
//!
//! KLDPO takes the worst reweighting in a KL ball; this takes the best one. Same family, opposite sign.

use super::{BETA, Batch, MethodInfo, Objective, ParamInfo, Weighing, dpo::uniform, log_mean_exp, tilt};
use burn::tensor::Tensor;

/// Distributionally robustifying DPO.
pub struct DrDpo;

static INFO: MethodInfo = MethodInfo {
    id: "dr_dpo",
    name: "Dr. DPO",
    paper: "Wu et al. 2024, arXiv 2407.07880",
    formula: r"-\beta'\log\frac1n\sum_i e^{-\ell_i/\beta'}",
    adversary: "A friend rather than an adversary: down-weights the pairs with a high loss.",
    robust_to: "Robust to wrong labels, which have high losses; it gives up on a rare group for the same reason.",
    forms: &[],
    params: &[
        BETA,
        ParamInfo {
            id: "beta_prime",
            symbol: "β′",
            default: 1.0,
            min: 1e-3,
            max: 1e3,
            help: "Temperature: smaller trusts only the easiest pairs; very large is DPO.",
            forms: &[],
        },
    ],
    needs_groups: false,
    needs_embedding_gradient: false,
};

impl Objective for DrDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn shader(&self) -> &'static str {
        include_str!("dr_dpo.wgsl")
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let beta_prime = batch.params.get("beta_prime");
        let scores = batch.losses.clone().neg() / beta_prime.clone();
        let loss = log_mean_exp(scores.clone()) * beta_prime.neg();
        Weighing { weights: tilt(scores), objective: loss.clone(), loss, ..uniform(&batch.losses) }
    }
}
