//! The methods, as small objects over shared log-probabilities.
//!
//! Every method here descends `Σ_i sg[w_i] ℓ_i + Σ_i sg[c_i] ℓ̇_i` per lane, where ℓ_i is the pair's loss,
//! `w` comes from the adversary (or is 1/n), and ℓ̇_i is the derivative of ℓ_i along its own embedding
//! gradient, which only WDPO uses. A method says what ℓ, `w` and `c` are; the trainer does the rest.
//!
//! To add a method: one file with an [`Objective`], one line in [`OBJECTIVES`].

mod card;
pub mod given;
mod pairs;

// The paper's.
mod dpo;
mod kldpo;
mod wdpo;
// The ten.
mod ada_dpo;
mod bmc;
mod exo_pref;
mod exo_rw;
mod gdpo;
mod gipo;
mod gropo;
mod minor_dpo;
mod mpo;
mod mrpo;
mod rpo;
mod rs_dpo;
mod rso;
// Robust peers.
mod beta_dpo;
mod cdpo;
mod chi_po;
mod dr_dpo;
mod gr_dpo;
mod gr_ipo;
mod ipo;
mod maxmin;
mod rdpo;
mod tv_dro;
// TRL's remaining loss types.
mod aot;
mod aot_unpaired;
mod apo_down;
mod apo_zero;
mod bco_pair;
mod discopop;
mod hinge;
mod mix;
mod nca_pair;
mod sft;
mod sigmoid_norm;
mod sppo_hard;

use crate::config::LaneConfig;
use burn::tensor::{Device, Tensor, activation};
pub use card::{BETA, CARD, Confidence, Family, FormInfo, MethodInfo, Need, ParamInfo};
pub use pairs::{Given, Pairs, log_loss, ranks};

/// What the files of single methods use.
mod prelude {
    pub use super::card::{BETA, CARD, Confidence, Family, FormInfo, MethodInfo, Need, ParamInfo, beta, card};
    pub use super::pairs::{Pairs, log_loss, matched, ranks, sigmoid};
    pub use crate::config::LaneConfig;
    pub use super::{Batch, Objective, Params, Weighing, uniform};
    pub use burn::tensor::Tensor;
}

/// What a method sees of one batch when it weighs. Tensors are detached, `[lane, pair]` unless said otherwise.
pub struct Batch<'a> {
    /// Pair losses ℓ.
    pub losses: Tensor<2>,
    /// The pairs themselves.
    pub pairs: &'a Pairs<'a>,
    /// Squared norms ‖∇_e ℓ_i‖² over both sequences, where the method asked for them.
    pub grad_sq: Option<Tensor<2>>,
    /// One-hot group membership, `[lane, pair, group]`.
    pub groups: Option<Tensor<3>>,
    /// The parameters of these lanes.
    pub params: &'a Params,
}

/// What a method makes of a batch. Everything is detached.
pub struct Weighing {
    /// Multiplies ℓ in the descended loss, `[lane, pair]`.
    pub weights: Tensor<2>,
    /// Multiplies ℓ̇ in the descended loss, `[lane, pair]`.
    pub tangent: Option<Tensor<2>>,
    /// The loss as published, `[lane, 1]`.
    pub loss: Tensor<2>,
    /// The function whose gradient is descended, `[lane, 1]`.
    pub objective: Tensor<2>,
    /// Tilt temperature in use, or what else [`MethodInfo::gauge`] says, `[lane, 1]`; zero where there is none.
    pub tau: Tensor<2>,
}

/// A method.
pub trait Objective: Send + Sync {
    /// Metadata.
    fn info(&self) -> &'static MethodInfo;

    /// Whether [`Objective::pair_losses`] gives any. Where it does not, nothing is tracked: what is tracked and never differentiated,
    /// autodiff keeps for good.
    fn own_loss(&self) -> bool {
        true
    }

    /// Per-pair losses, `[lane, pair]`, differentiable in the log-ratios of `x`; `None` is DPO's −log σ(βh). A loss may couple
    /// the pairs of a batch. `form` is one of the method's forms; `state` persists from step to step per lane and starts as
    /// `None`; what is kept there must not carry gradients ([`Pairs::still`]).
    fn pair_losses(&self, form: &str, x: &Pairs<'_>, params: &Params, state: &mut Option<Tensor<2>>) -> Option<Tensor<2>> {
        let _ = (form, x, params, state);
        None
    }

    /// The adversary's answer to one batch; the batch mean by default. `state` as in [`Objective::pair_losses`], which comes
    /// before.
    fn weigh(&self, form: &str, batch: &Batch<'_>, state: &mut Option<Tensor<2>>) -> Weighing {
        let _ = (form, state);
        uniform(&batch.losses)
    }

    /// Sequences that each pair of this lane brings along: samples, or reference data.
    fn further(&self, lane: &LaneConfig) -> usize {
        let _ = lane;
        0
    }

    /// What each token counts in a and b: in the policy's sum of log-probabilities, and in the reference's. Asked of methods that
    /// need [`Need::Edits`] only. Log-probabilities, 1 where the two answers differ (else 0), and results are `[lane, position]`,
    /// detached.
    fn token_weights(&self, form: &str, policy: &Tensor<2>, reference: &Tensor<2>, differs: &Tensor<2>, params: &Params) -> [Tensor<2>; 2] {
        let _ = (form, differs, params);
        [policy.ones_like(), reference.ones_like()]
    }

    /// Whether this form divides by the answers' lengths, so that they have to be known.
    fn counts_tokens(&self, form: &str) -> bool {
        let _ = form;
        false
    }

    /// The same method in WGSL, for the transformer's own GPU pass: whichever of these functions differ from the default
    /// (DPO's pair loss, flat weights, no state), each called `{id}_…`.
    ///
    /// ```wgsl
    /// fn id_pair(form: u32, i: u32) -> vec3<f32>                  // ℓ_i, ∂Σℓ/∂a_i, ∂Σℓ/∂b_i
    /// fn id_summary(form: u32) -> Summary                         // loss, objective, τ, and what the weights need
    /// fn id_weight(form: u32, i: u32, s: Summary) -> vec2<f32>    // of pair i: w and c
    /// fn id_state(form: u32, group: u32) -> f32                   // kept until the next step, per group
    /// ```
    ///
    /// They see `param(id_name)`, constants `id_form_form`, `ratio_w(i)` (a), `ratio_l(i)` (b), `margin(i)`, `logp_w(i)`,
    /// `logp_l(i)`, `tokens_w(i)`, `tokens_l(i)`, `soft(i)`, `loss(i)`, `grad_sq(i)`, `group_of(i)`, `state(group)`, and the
    /// functions of `src/fused/gpu/objective.wgsl`.
    fn shader(&self) -> &'static str {
        ""
    }
}

/// Every method, in the order they are offered.
pub static OBJECTIVES: &[&dyn Objective] = &[
    &dpo::Dpo, &kldpo::Kldpo, &wdpo::Wdpo, &gr_dpo::GrDpo, &dr_dpo::DrDpo,
    &gdpo::Gdpo, &gipo::Gipo, &gropo::Gropo, &minor_dpo::MinorDpo, &bmc::Bmc, &ada_dpo::AdaDpo, &rpo::Rpo, &mrpo::Mrpo,
    &rs_dpo::RsDpo, &exo_pref::ExoPref, &exo_rw::ExoRw, &mpo::Mpo, &rso::Rso,
    &rdpo::Rdpo, &cdpo::Cdpo, &ipo::Ipo, &chi_po::ChiPo, &gr_ipo::GrIpo, &tv_dro::TvDro, &beta_dpo::BetaDpo, &maxmin::MaxMin,
    &hinge::Hinge, &nca_pair::NcaPair, &bco_pair::BcoPair, &sppo_hard::SppoHard, &aot::Aot, &aot_unpaired::AotUnpaired,
    &apo_zero::ApoZero, &apo_down::ApoDown, &discopop::Discopop, &sigmoid_norm::SigmoidNorm, &sft::Sft, &mix::Mix,
];

/// Metadata of every method.
pub fn methods() -> Vec<&'static MethodInfo> {
    OBJECTIVES.iter().map(|o| o.info()).collect()
}

/// The method called `id`.
pub fn find(id: &str) -> Option<&'static dyn Objective> {
    OBJECTIVES.iter().copied().find(|o| o.info().id == id)
}

/// ℓ = −log σ(βh). `margins` `[lane, pair]`, `beta` `[lane, 1]`.
pub fn dpo_losses(margins: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
    log_loss(margins * beta)
}

/// ∂ℓ/∂h = −β σ(−βh), differentiable. Shapes as [`dpo_losses`].
pub fn dpo_slopes(margins: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
    activation::sigmoid(margins.neg() * beta.clone()) * beta.neg()
}

/// Losses of a batch at given log-ratios, which can then be differentiated by those.
pub struct Judged<'a> {
    /// Pair losses, `[lane, pair]`, without gradients.
    pub losses: Tensor<2>,
    /// The losses with gradients and the leaves that they hang on; none where the loss is DPO's, whose slope is known.
    graph: Option<(Tensor<2>, Pairs<'a>)>,
    /// ∂ℓ/∂h where the loss is DPO's.
    slopes: Option<Tensor<2>>,
}

impl<'a> Judged<'a> {
    /// Judges the pairs `x`.
    pub fn new(objective: &dyn Objective, form: &str, x: &Pairs<'a>, params: &Params, state: &mut Option<Tensor<2>>) -> Self {
        let own = objective.own_loss().then(|| x.leaves()).and_then(|leaves| Some((objective.pair_losses(form, &leaves, params, state)?, leaves)));
        match own {
            Some((losses, leaves)) => Self { losses: losses.clone().inner(), graph: Some((losses, leaves)), slopes: None },
            None => {
                let (h, beta) = (x.still_h(), params.get("beta"));
                Self { losses: dpo_losses(h.clone(), beta.clone()), graph: None, slopes: Some(dpo_slopes(h, beta)) }
            }
        }
    }

    /// Slopes of `Σ weights ℓ` by the log-probability of chosen answers, rejected answers, and further sequences, each
    /// `[lane, pair]`.
    pub fn slopes(self, weights: &Tensor<2>) -> Vec<Tensor<2>> {
        let Some((losses, x)) = self.graph else {
            let by_h = self.slopes.unwrap_or_else(|| weights.zeros_like()) * weights.clone();
            return vec![by_h.clone(), by_h.neg()];
        };
        let mut gradients = (losses * weights.clone()).sum().backward();
        [x.a, x.b].iter().chain(&x.extra).map(|leaf| leaf.grad_remove(&mut gradients).unwrap_or_else(|| weights.zeros_like())).collect()
    }
}

/// Numeric parameters of the lanes that share one method, each `[lane, 1]`.
#[derive(Clone)]
pub struct Params {
    values: Vec<(&'static str, Vec<f64>)>,
    device: Device,
}

impl Params {
    /// From values by name, each `[lane]`.
    pub fn new(values: Vec<(&'static str, Vec<f64>)>, device: &Device) -> Self {
        Self { values, device: device.clone() }
    }

    /// Parameter `name` as `[lane, 1]`.
    ///
    /// # Panics
    /// If the method's metadata does not declare `name`; a mistake in this crate, not in input.
    pub fn get(&self, name: &str) -> Tensor<2> {
        self.column(self.raw(name))
    }

    /// One number per lane as `[lane, 1]`.
    pub fn column(&self, values: &[f64]) -> Tensor<2> {
        let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        let lanes = values.len();
        Tensor::<1>::from_floats(values.as_slice(), &self.device).reshape([lanes, 1])
    }

    /// Parameter `name` as numbers, `[lane]`.
    ///
    /// # Panics
    /// As [`Params::get`].
    pub fn raw(&self, name: &str) -> &[f64] {
        &self.values.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("method has no parameter {name}")).1
    }

    /// Where these parameters live.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// Flat weights 1/n and the batch mean.
pub fn uniform(losses: &Tensor<2>) -> Weighing {
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

/// Softmax weights over pairs of `scores` `[lane, pair]`: they sum to 1 in each lane.
fn tilt(scores: Tensor<2>) -> Tensor<2> {
    activation::softmax(scores, 1)
}

/// log mean exp over pairs, `[lane, 1]`.
fn log_mean_exp(scores: Tensor<2>) -> Tensor<2> {
    let n = scores.dims()[1] as f32;
    let top = scores.clone().max_dim(1);
    (scores - top.clone()).exp().sum_dim(1).log() + top - n.ln()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
