//! `RunConfig`: everything a run depends on, as JSON shared by the page, the command line and the tests.
//!
//! [`RunConfig::from_json`] refuses unknown fields, wrong types and values out of range, and names the
//! field. A `RunConfig` that passed [`RunConfig::validate`] is the only thing the engine accepts.

use crate::error::{Error, Result};
use crate::objective::{self, MethodInfo};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod checks;
mod starts;

pub use checks::{MAX_FILE, MAX_LANES};
pub use starts::{ScenarioStart, starts};

/// Where preference pairs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Scenario {
    /// Two groups want opposite manners (practical against sentimental); both want quality.
    TwoPopulations,
    /// A flattering manner marks the better answer in the majority and misleads in the minority.
    Shortcut,
    /// Four groups, one rare, with partly shared tastes.
    Regions,
    /// One prompt, two answers, a share who always prefer the second: solved in closed form.
    Tabular,
    /// Texts that express emotions, two of which are rewarded: the paper's experiment from corpus to shift.
    Emotion,
    /// The user's own pairs.
    Imported,
}

/// How the rewards of two emotions become one (scenario `emotion`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Mixture {
    /// (1 − α) r₀ + α r₁.
    Convex,
    /// r₀^(1−α) r₁^α.
    Geometric,
}

/// What a token of the user's own texts is (scenario `emotion`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Tokens {
    /// A word; rare ones are unknown.
    Words,
    /// Bytes that often stand together, learned from the texts; nothing is unknown.
    Bytes,
}

/// How a pair is labelled from the group's rewards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Labels {
    /// Chosen with probability σ(reward difference).
    BradleyTerry,
    /// The answer with the higher reward is chosen.
    ArgMax,
}

/// The preference data of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DataConfig {
    /// Where pairs come from.
    pub scenario: Scenario,
    /// Training pairs.
    pub pairs: usize,
    /// Held-out pairs per group, drawn with the same groups and with clean arg-max labels.
    pub eval_pairs: usize,
    /// Share of each group in the training data; sums to 1, majority first.
    pub mix: Vec<f64>,
    /// How often the prompt tells the group: 0 never, 1 always.
    pub marker: f64,
    /// Share of training labels flipped at random.
    pub flip: f64,
    /// How labels come from rewards.
    pub labels: Labels,
    /// Multiplies rewards before Bradley–Terry; larger means cleaner labels.
    pub reward_scale: f64,
    /// Scenario `emotion`: the two emotions rewarded, the one that training emphasizes first; α₀ is the second's share of the mix.
    pub emotions: Vec<String>,
    /// Scenario `emotion`: how their rewards become one.
    pub mixture: Mixture,
    /// Scenario `emotion` with texts of the user's own: what a token is. The built-in texts are known word by word.
    pub tokens: Tokens,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            scenario: Scenario::TwoPopulations,
            pairs: 512,
            eval_pairs: 64,
            mix: vec![0.9, 0.1],
            marker: 0.0,
            flip: 0.0,
            labels: Labels::BradleyTerry,
            reward_scale: 4.0,
            emotions: vec!["fear".into(), "anger".into()],
            mixture: Mixture::Convex,
            tokens: Tokens::Words,
        }
    }
}

/// Which policy is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum PolicyKind {
    /// A small decoder-only transformer.
    Gpt,
    /// π(y|x) ∝ exp(θ·φ(x,y)) over word counts; no sampling.
    LogLinear,
    /// One free logit per (prompt, answer).
    Tabular,
}

/// The policy's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ModelConfig {
    /// Kind of policy.
    pub policy: PolicyKind,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Attention heads; divides `d_model`.
    pub heads: usize,
    /// Longest sequence in tokens (T).
    pub context: usize,
    /// The output head shares the token embedding.
    pub tied: bool,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { policy: PolicyKind::Gpt, d_model: 64, layers: 2, heads: 4, context: 32, tied: false }
    }
}

/// Supervised training of the reference policy on the scenario's corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SftConfig {
    /// Training steps.
    pub steps: usize,
    /// Sequences per step.
    pub batch: usize,
    /// Peak AdamW learning rate.
    pub learning_rate: f64,
    /// Start from the reference policy that ships with the scenario, where it fits the model.
    pub bundled: bool,
}

impl Default for SftConfig {
    fn default() -> Self {
        Self { steps: 600, batch: 32, learning_rate: 3e-3, bundled: true }
    }
}

/// The reward model of scenario `emotion`: a transformer with one yes-or-no question for each emotion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RewardConfig {
    /// Training steps.
    pub steps: usize,
    /// Texts per step, each one to three joined.
    pub batch: usize,
    /// Peak AdamW learning rate.
    pub learning_rate: f64,
    /// Width of its residual stream, a multiple of 4 heads.
    pub d_model: usize,
    /// Its transformer blocks.
    pub layers: usize,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self { steps: 800, batch: 32, learning_rate: 3e-3, d_model: 32, layers: 2 }
    }
}

/// One policy being trained: a method with its hyperparameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LaneConfig {
    /// Method id, one of [`objective::methods`].
    pub method: String,
    /// Variant of the method; its first form when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub form: Option<String>,
    /// The method's parameters by name; defaults where absent.
    #[serde(default)]
    pub params: BTreeMap<String, f64>,
    /// Replaces `train.learning_rate` for this lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub learning_rate: Option<f64>,
    /// Lanes with another seed see other batches (same data set); 0 is the run's own order.
    #[serde(default)]
    pub seed: u32,
}

impl LaneConfig {
    /// A lane of `method` with its default form and parameters.
    pub fn new(method: &str) -> Self {
        Self { method: method.into(), form: None, params: BTreeMap::new(), learning_rate: None, seed: 0 }
    }

    /// The same lane with parameter `name` set.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.params.insert(name.into(), value);
        self
    }

    /// The same lane in variant `form`.
    #[must_use]
    pub fn form(mut self, form: &str) -> Self {
        self.form = Some(form.into());
        self
    }
}

/// Learning-rate schedule after warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Schedule {
    /// Stays at the peak.
    Constant,
    /// Half a cosine down to a tenth of the peak at the last step.
    Cosine,
}

/// Preference training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TrainConfig {
    /// Training steps.
    pub steps: usize,
    /// Preference pairs per step.
    pub batch: usize,
    /// Peak AdamW learning rate.
    pub learning_rate: f64,
    /// Linear warm-up steps.
    pub warmup: usize,
    /// What the learning rate does after warm-up.
    pub schedule: Schedule,
    /// Decoupled weight decay, on tensors of two dimensions.
    pub weight_decay: f64,
    /// Global gradient-norm clip per lane.
    pub clip: f64,
    /// Steps between frames (one read-back each).
    pub frame_every: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 300,
            batch: 16,
            learning_rate: 1e-3,
            warmup: 10,
            schedule: Schedule::Constant,
            weight_decay: 0.0,
            clip: 1.0,
            frame_every: 2,
        }
    }
}

/// Evaluation during training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EvalConfig {
    /// Steps between evaluations.
    pub every: usize,
    /// Fresh completions sampled per group and lane at each evaluation; 0 turns sampling off.
    pub samples: usize,
    /// Sampling temperature of the completions that are shown and scored.
    pub temperature: f64,
    /// Keep the k likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keep the likeliest tokens that hold this much probability; 1 keeps all.
    pub top_p: f64,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self { every: 10, samples: 32, temperature: 1.0, top_k: 0, top_p: 1.0 }
    }
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunConfig {
    /// Seed of every random stream.
    pub seed: u32,
    /// Preference data.
    pub data: DataConfig,
    /// Policy.
    pub model: ModelConfig,
    /// Reward model.
    pub reward: RewardConfig,
    /// Reference policy.
    pub sft: SftConfig,
    /// Policies trained side by side from the one reference.
    pub lanes: Vec<LaneConfig>,
    /// Preference training.
    pub train: TrainConfig,
    /// Evaluation.
    pub eval: EvalConfig,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            data: DataConfig::default(),
            model: ModelConfig::default(),
            reward: RewardConfig::default(),
            sft: SftConfig::default(),
            lanes: vec![LaneConfig::new("dpo"), LaneConfig::new("kldpo"), LaneConfig::new("wdpo")],
            train: TrainConfig::default(),
            eval: EvalConfig::default(),
        }
    }
}

impl RunConfig {
    /// Names of the methods among the lanes that have no version for the GPU, each once: with one of them a run trains on the CPU.
    pub fn without_gpu(&self) -> Vec<&'static str> {
        let mut names = vec![];
        for info in self.lanes.iter().filter_map(|l| l.info("lanes").ok()).filter(|m| !m.gpu) {
            if !names.contains(&info.name) {
                names.push(info.name);
            }
        }
        names
    }
}

impl LaneConfig {
    /// The method's metadata. Errors when the id is unknown.
    pub fn info(&self, field: &str) -> Result<&'static MethodInfo> {
        objective::methods().into_iter().find(|m| m.id == self.method).ok_or_else(|| {
            let known: Vec<_> = objective::methods().iter().map(|m| m.id).collect();
            Error::config(&format!("{field}.method"), format!("`{}` is unknown", self.method), format!("one of {}", known.join(", ")))
        })
    }

    /// The value of parameter `name`, or its default.
    ///
    /// # Panics
    /// Never on a validated lane asked for a parameter of its own method.
    pub fn param(&self, name: &str) -> f64 {
        let default = || self.info("lane").ok().and_then(|m| m.params.iter().find(|p| p.id == name)).map_or(f64::NAN, |p| p.default);
        self.params.get(name).copied().unwrap_or_else(default)
    }

    /// The chosen form, or the method's first.
    pub fn form_id(&self) -> &str {
        self.form.as_deref().unwrap_or_else(|| self.info("lane").ok().and_then(|m| m.forms.first()).map_or("", |f| f.id))
    }
}
