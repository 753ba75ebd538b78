//! The methods, as small objects over shared log-probabilities.
//!
//! Every method here descends `Σ_i sg[w_i] ℓ_i + Σ_i sg[c_i] ℓ̇_i` per lane, where ℓ_i is the pair's loss,
//! `w` comes from the adversary (or is 1/n), and ℓ̇_i is the derivative of ℓ_i along its own embedding
//! gradient, which only WDPO uses. A method says what `w` and `c` are; the trainer does the rest.
//!
//! To add a method: one file with an [`Objective`], one line in [`OBJECTIVES`].

mod dpo;
mod dr_dpo;
mod gr_dpo;
mod kldpo;
mod wdpo;

use burn::tensor::{Device, Tensor, activation};
use serde::Serialize;

/// One numeric knob of a method.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ParamInfo {
    /// Name in configs and on the command line.
    pub id: &'static str,
    /// How it is written in formulas.
    pub symbol: &'static str,
    /// Value where none is given.
    pub default: f64,
    /// Smallest allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
    /// One sentence.
    pub help: &'static str,
    /// Forms that use it; empty means all.
    pub forms: &'static [&'static str],
}

/// A variant of a method.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FormInfo {
    /// Name in configs and on the command line.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it is, with its source.
    pub help: &'static str,
}

/// Everything a user should know of a method before choosing it.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MethodInfo {
    /// Name in configs and on the command line.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Where it was published.
    pub paper: &'static str,
    /// The objective, as LaTeX.
    pub formula: &'static str,
    /// What the adversary may do, in one sentence.
    pub adversary: &'static str,
    /// What it is robust to, and what it is not.
    pub robust_to: &'static str,
    /// Variants; the first is the default. Empty where there is only one.
    pub forms: &'static [FormInfo],
    /// Numeric knobs.
    pub params: &'static [ParamInfo],
    /// It is told each pair's group.
    pub needs_groups: bool,
    /// It needs the gradient with respect to token embeddings (and its derivative).
    pub needs_embedding_gradient: bool,
}

/// What a method sees of one batch. Tensors are detached, `[lane, pair]` unless said otherwise.
pub struct Batch<'a> {
    /// Pair losses ℓ.
    pub losses: Tensor<2>,
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
    /// Tilt temperature in use, `[lane, 1]`; zero where there is none.
    pub tau: Tensor<2>,
}

/// A method.
pub trait Objective: Send + Sync {
    /// Metadata.
    fn info(&self) -> &'static MethodInfo;

    /// Per-pair loss from margins h, `[lane, pair]`, differentiable. DPO's by default.
    fn pair_losses(&self, margins: Tensor<2>, params: &Params) -> Tensor<2> {
        dpo_losses(margins, params.get("beta"))
    }

    /// ∂ℓ/∂h of [`Objective::pair_losses`], `[lane, pair]`, differentiable: ℓ̇ is this times the tangent of h.
    fn pair_slopes(&self, margins: Tensor<2>, params: &Params) -> Tensor<2> {
        dpo_slopes(margins, params.get("beta"))
    }

    /// The adversary's answer to one batch. `form` is one of the method's forms; `state` persists from
    /// step to step per lane (GR-DPO's group weights) and starts as `None`.
    fn weigh(&self, form: &str, batch: &Batch<'_>, state: &mut Option<Tensor<2>>) -> Weighing;

    /// The same method in WGSL, for the transformer's own GPU pass: whichever of these functions differ from the default
    /// (DPO's pair loss, flat weights, no state), each called `{id}_…`.
    ///
    /// ```wgsl
    /// fn id_pair(h: f32) -> vec3<f32>                             // ℓ, ∂ℓ/∂h, ∂²ℓ/∂h²
    /// fn id_summary(form: u32) -> Summary                         // loss, objective, τ, and what the weights need
    /// fn id_weight(form: u32, i: u32, s: Summary) -> vec2<f32>    // of pair i: w and c
    /// fn id_state(form: u32, group: u32) -> f32                   // kept until the next step, per group
    /// ```
    ///
    /// They see `param(id_name)`, constants `id_form_form`, `loss(i)`, `grad_sq(i)`, `group_of(i)`, `state(group)`, and the
    /// sums of `src/fused/gpu/objective.wgsl`.
    fn shader(&self) -> &'static str {
        ""
    }
}

/// Every method, in the order they are offered.
pub static OBJECTIVES: [&dyn Objective; 5] = [&dpo::Dpo, &kldpo::Kldpo, &wdpo::Wdpo, &gr_dpo::GrDpo, &dr_dpo::DrDpo];

/// Metadata of every method.
pub fn methods() -> Vec<&'static MethodInfo> {
    OBJECTIVES.iter().map(|o| o.info()).collect()
}

/// The method called `id`.
pub fn find(id: &str) -> Option<&'static dyn Objective> {
    OBJECTIVES.iter().copied().find(|o| o.info().id == id)
}

/// ℓ = −log σ(βh) = softplus(−βh), stable at both ends. `margins` `[lane, pair]`, `beta` `[lane, 1]`.
pub fn dpo_losses(margins: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
    let z = margins * beta;
    // max(−z, 0) as |z/2| − z/2: the slope is right at z = 0 too, where every run starts. Its two slopes of ±½ meet at
    // z/2 and cancel there exactly; met by the slope of a small loss, they would swallow it. log1p keeps small losses exact.
    let half = z.clone() * 0.5;
    let hinge = half.clone().abs() - half;
    hinge + z.abs().neg().exp().log1p()
}

/// ∂ℓ/∂h = −β σ(−βh). Shapes as [`dpo_losses`].
fn dpo_slopes(margins: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
    activation::sigmoid(margins.neg() * beta.clone()) * beta.neg()
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
        let values: Vec<f32> = self.raw(name).iter().map(|v| *v as f32).collect();
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

/// β, shared by every method.
const BETA: ParamInfo = ParamInfo {
    id: "beta",
    symbol: "β",
    default: 0.1,
    min: 1e-4,
    max: 100.0,
    help: "Strength of the pull towards the reference policy: larger keeps it closer.",
    forms: &[],
};

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
