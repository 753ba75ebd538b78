//! WDPO: the adversary moves each pair's embeddings within a Wasserstein ball.
//! Xu et al., arXiv 2502.01930: algorithm 1 (root form) and appendix F (pointwise bound).
//!
//! The penalty's gradient needs ∇_θ‖g_i‖² = 2 ∇_θ ℓ̇_i, where ℓ̇_i is the derivative of ℓ_i along its own
//! detached embedding gradient g_i = ∇_e ℓ_i. The trainer supplies ‖g_i‖² and differentiates ℓ̇_i.

use super::prelude::*;

/// Wasserstein distributionally robust DPO.
pub struct Wdpo;

static INFO: MethodInfo = card(MethodInfo {
    id: "wdpo",
    name: "WDPO",
    family: Family::Paper,
    paper: "Xu et al., Robust LLM Alignment via Distributionally Robust DPO, algorithm 1 and appendix F",
    year: 2025,
    arxiv: "2502.01930",
    formula: r"\bar\ell+\rho\,\sqrt{\tfrac1n\sum_i\lVert\nabla_e\ell_i\rVert^2}",
    adversary: "Nudges the words of every pair, most where the loss is most sensitive to them.",
    robust_to: "Small changes in the inputs of a pair.",
    not_robust_to: "A rare group: it does not reweight pairs, so that group gains only if it is also the sensitive one.",
    confidence: Confidence::Code,
    note: "Text and code penalize the root of the mean and the mean of squares; each form has its own scale of ρ.",
    name_clash: "WDPO also names a Winsorized DPO and others.",
    forms: &[
        FormInfo { id: "algorithm1", name: "algorithm 1", help: "mean ℓ + ρ √(mean ‖∇_e ℓ‖²)." },
        FormInfo { id: "appendix_f", name: "appendix F", help: "mean (ℓ + ρ ‖∇_e ℓ‖²): another scale of ρ, much weaker at small gradients." },
    ],
    params: &[
        BETA,
        ParamInfo {
            id: "rho",
            symbol: "ρ",
            default: 0.5,
            min: 0.0,
            max: 1e4,
            help: "Radius of the Wasserstein ball (each form has its own scale); 0 is DPO.",
            forms: &[],
        },
    ],
    margins_only: true,
    needs_embedding_gradient: true,
    ..CARD
});

/// Below this mean squared gradient the root's slope is cut: √x has none at 0.
const FLOOR: f32 = 1e-16;

impl Objective for Wdpo {
    fn info(&self) -> &'static MethodInfo {
        &INFO
    }

    fn own_loss(&self) -> bool {
        false
    }

    #[cfg(feature = "gpu")]
    fn shader(&self) -> &'static str {
        include_str!("wdpo.wgsl")
    }

    fn weigh(&self, form: &str, batch: &Batch<'_>, _state: &mut Option<Tensor<2>>) -> Weighing {
        let flat = uniform(&batch.losses);
        let [lanes, pairs] = batch.losses.dims();
        let Some(grad_sq) = batch.grad_sq.clone() else { return flat };
        let rho = batch.params.get("rho");
        let mean_sq = grad_sq.mean_dim(1);
        let (penalty, slope) = if form == "appendix_f" {
            (rho.clone() * mean_sq, rho * 2.0)
        } else {
            let root = mean_sq.clamp_min(FLOOR).sqrt();
            (rho.clone() * root.clone(), rho / root)
        };
        let loss = flat.loss + penalty;
        let tangent = (slope / pairs as f32).expand([lanes, pairs]);
        Weighing { tangent: Some(tangent), objective: loss.clone(), loss, ..flat }
    }
}
