//! Dr. DPO: the optimist's tilt, away from hard pairs. Wu et al., arXiv 2407.07880.
//!
//! KLDPO takes the worst reweighting in a KL ball; this takes the best one. Same family, opposite sign.

use super::prelude::*;
use super::{log_mean_exp, tilt};

/// Distributionally robustifying DPO.
pub struct DrDpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "dr_dpo",
    name: "Dr. DPO",
    paper: "Wu et al., Towards Robust Alignment: Distributionally Robustifying DPO",
    year: 2024,
    arxiv: "2407.07880",
    formula: r"-\beta'\log\frac1n\sum_i e^{-\ell_i/\beta'}",
    adversary: "A friend rather than an adversary: down-weights the pairs with a high loss.",
    robust_to: "Wrong labels, which have high losses.",
    not_robust_to: "A change in the mix: it gives up on a rare group, whose losses are high as well.",
    confidence: Confidence::Code,
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
    margins_only: true,
    ..CARD
});

impl Objective for DrDpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    #[cfg(feature = "gpu")]
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
