//! What a run says: a stream of [`Event`]s that the page, the command line and the recorder all consume.
//!
//! Arrays are flat, row-major; shapes are given as `[lane, pair]`. Losses and log-probabilities are in nats.

use crate::config::RunConfig;
use crate::reward::RewardQuality;
use serde::{Deserialize, Serialize};

/// A preference subgroup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct GroupInfo {
    /// Short name.
    pub name: String,
    /// One sentence: what the group wants.
    pub wants: String,
    /// Share in the training data as drawn.
    pub share: f64,
}

/// A training pair as text, so that it can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PairText {
    /// The prompt.
    pub prompt: String,
    /// The preferred answer.
    pub chosen: String,
    /// The other answer.
    pub rejected: String,
    /// Index into the groups.
    pub group: usize,
    /// The label was flipped at random.
    pub flipped: bool,
    /// Scenario `emotion`: learned rewards of the chosen, then of the rejected text, `[2, group]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<f32>>"))]
    pub rewards: Vec<f32>,
}

/// A text that a stage of the emotion experiment read or judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ReadText {
    /// The text.
    pub text: String,
    /// Emotions that it was written for, or labeled with (indices into [`Product::emotions`]).
    pub labels: Vec<usize>,
    /// What its words express, `[emotion]`; empty for own texts.
    pub words: Vec<f32>,
    /// What the reward model says it expresses, `[emotion]`; empty before there is one.
    pub learned: Vec<f32>,
}

/// What a stage of the emotion experiment made, so that it can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Product {
    /// Which stage: `data`, `reward-model` or `pairs`.
    pub stage: Stage,
    /// Emotions, in the order of labels and rewards.
    pub emotions: Vec<String>,
    /// Some texts: of the corpus, or held out and judged.
    pub texts: Vec<ReadText>,
    /// How good the reward model is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub quality: Option<RewardQuality>,
    /// Every training pair (stage `pairs`), to which frames refer by index; what [`Started::pairs`] is elsewhere.
    pub pairs: Vec<PairText>,
}

/// First event of a run: what is being run, on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Started {
    /// Version of the engine that made this run.
    pub version: String,
    /// The validated config.
    pub config: RunConfig,
    /// Compute device, in words.
    pub device: String,
    /// Preference subgroups.
    pub groups: Vec<GroupInfo>,
    /// Display name of each lane, such as "KLDPO τ=0.5".
    pub lanes: Vec<String>,
    /// Words of the vocabulary by token id.
    pub vocabulary: Vec<String>,
    /// Trained parameters per lane.
    pub parameters: usize,
    /// Every training pair, as text. Frames refer to them by index.
    pub pairs: Vec<PairText>,
    /// Whether the scenario defines a reward for any text (own pairs have none).
    pub has_reward: bool,
    /// Steps done before, where the run goes on from a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub resumed: Option<usize>,
}

/// Progress of a stage that takes time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Progress {
    /// Which stage.
    pub stage: Stage,
    /// Units done.
    pub done: usize,
    /// Units in all.
    pub total: usize,
    /// Training loss of the stage where it has one (nats per token for SFT).
    pub loss: Option<f32>,
}

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Stage {
    /// Scenario, pairs, vocabulary.
    Data,
    /// Compiling the GPU's kernels.
    Kernels,
    /// Reward model (scenario `emotion`).
    RewardModel,
    /// Reference policy.
    Sft,
    /// What the reference policy writes, labeled (scenario `emotion`).
    Pairs,
    /// Cached reference log-probabilities.
    Reference,
    /// Preference training.
    Train,
}

/// One training step of every lane, measured before its update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Frame {
    /// Step, from 0.
    pub step: usize,
    /// Index of each pair in the data set, `[lane, pair]` (lanes with one seed share their batches).
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub pairs: Vec<u32>,
    /// DPO loss of each pair ℓ = −log σ(βh), `[lane, pair]`, nats.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub losses: Vec<f32>,
    /// Log-ratio of the chosen answer log π/π_ref, `[lane, pair]`, nats.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub chosen: Vec<f32>,
    /// Log-ratio of the rejected answer, `[lane, pair]`, nats.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub rejected: Vec<f32>,
    /// Adversary's factor, `[lane, pair]`, mean 1: weight × n (KLDPO, GR-DPO, Dr. DPO), 1 (DPO), or
    /// share × n of Σ‖∇_e ℓ‖² (WDPO: sensitivity, not weight).
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub factor: Vec<f32>,
    /// Share of each pair in the total gradient through its margin, `[lane, pair]`, sums to 1 per lane.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub gradient: Vec<f32>,
    /// Value of the objective being descended, `[lane]`, nats.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub objective: Vec<f32>,
    /// Gradient norm before the clip, `[lane]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub grad_norm: Vec<f32>,
    /// Learning rate used, `[lane]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub learning_rate: Vec<f32>,
    /// KL(weights ‖ uniform) of the batch, `[lane]`, nats: the radius that τ amounts to here.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub radius: Vec<f32>,
    /// Tilt temperature in use, `[lane]` (solved for in the radius form; 0 where there is none).
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub tau: Vec<f32>,
}

/// A look at every lane on held-out pairs and fresh samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Evaluation {
    /// Training steps done before it.
    pub step: usize,
    /// Share of held-out pairs with a positive margin, `[lane, group]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub accuracy: Vec<f32>,
    /// Mean margin h (log-ratio chosen − rejected), `[lane, group]`, nats.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub margin: Vec<f32>,
    /// Mean reward of fresh samples under that group's reward function, `[lane, group]`; empty without a reward.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reward: Vec<f32>,
    /// Standard error of `reward` over prompts, `[lane, group]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reward_se: Vec<f32>,
    /// KL(π ‖ π_ref) per completion on fresh samples, `[lane]`, nats; empty when sampling is off.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub kl: Vec<f32>,
    /// Distance of the parameters from the reference's, ‖θ − θ_ref‖, `[lane]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub distance: Vec<f32>,
    /// Mean reward of the reference policy's samples, `[group]`; empty without a reward.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reference_reward: Vec<f32>,
    /// Scenario `emotion`: where on α the curves are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub curve: Option<Curve>,
    /// One prompt per group and what each lane writes for it under the same random numbers.
    pub samples: Vec<Sample>,
}

/// Mean mixed reward of fresh samples as the population moves: the paper's Figure 2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Curve {
    /// α: how much the second emotion counts.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub alphas: Vec<f32>,
    /// Mean learned reward r_α, `[lane, α]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reward: Vec<f32>,
    /// Its standard error over samples, `[lane, α]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reward_se: Vec<f32>,
    /// Mean reward as the words say it, `[lane, α]`; empty for own texts.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub words: Vec<f32>,
    /// The reference policy's learned reward, `[α]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reference: Vec<f32>,
    /// The reference policy's reward as the words say it, `[α]`.
    #[cfg_attr(feature = "typescript", ts(type = "ArrayLike<number>"))]
    pub reference_words: Vec<f32>,
}

/// What the policies write for one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Sample {
    /// The prompt.
    pub prompt: String,
    /// Index into the groups.
    pub group: usize,
    /// What the reference policy writes.
    pub reference: String,
    /// What each lane writes, `[lane]`.
    pub lanes: Vec<String>,
}

/// Something the user should know; the run goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Warning {
    /// Stable name, kebab-case.
    pub code: String,
    /// What it is about.
    pub message: String,
}

/// Last event of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Done {
    /// Steps trained.
    pub steps: usize,
}

/// Everything a run can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Event {
    /// What is being run.
    Started(Box<Started>),
    /// How far a stage has come.
    Progress(Progress),
    /// What a stage made.
    Product(Box<Product>),
    /// A training step.
    Frame(Frame),
    /// A look at every lane.
    Evaluation(Evaluation),
    /// Something to know.
    Warning(Warning),
    /// The end.
    Done(Done),
}
