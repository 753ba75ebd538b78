//! DPO: every pair counts the same. Rafailov et al., arXiv 2305.18290, equation 7.

use super::{BETA, Batch, MethodInfo, Objective, Weighing};
use burn::tensor::Tensor;

/// Direct preference optimization.
pub struct Dpo;

static INFO: MethodInfo = MethodInfo {
    id: "dpo",
    name: "DPO",
    paper: "Rafailov et al. 2023, arXiv 2305.18290",
    formula: r"\frac1n\sum_i -\log\sigma(\beta h_i)",
    adversary: "None: each pair has weight 1/n.",
    robust_to: "Nothing in particular: it fits the mix of preferences it was trained on.",
    forms: &[],
    params: &[BETA],
    needs_groups: false,
    needs_embedding_gradient: false,
};

impl Objective for Dpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn weigh(&self, _form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        uniform(&batch.losses)
    }
}

/// Flat weights 1/n and the batch mean, the starting point of the methods that do not tilt.
pub(super) fn uniform(losses: &Tensor<2>) -> Weighing {
    let n = losses.dims()[1] as f32;
    let mean = losses.clone().mean_dim(1);
    Weighing {
        weights: losses.full_like(1.0 / n),
        tangent: None,
        tau: mean.zeros_like(),
        loss: mean.clone(),
        objective: mean,
    }
}
