//! `RunConfig`: everything a run depends on, as JSON shared by the page, the command line and the tests.
//!
//! [`RunConfig::from_json`] refuses unknown fields, wrong types and values out of range, and names the
//! field. A `RunConfig` that passed [`RunConfig::validate`] is the only thing the engine accepts.

use crate::error::{Error, ErrorCode, Result};
use crate::objective::{self, MethodInfo};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

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

/// A scenario and the run that it starts from: what an interface opens with.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ScenarioStart {
    /// The scenario.
    #[serde(flatten)]
    pub info: &'static crate::data::scenario::ScenarioInfo,
    /// Its defaults.
    pub config: RunConfig,
}

/// Every scenario with its defaults, in the order in which the page lists them.
pub fn starts() -> Vec<ScenarioStart> {
    crate::data::scenario::NAMES.iter().map(|i| ScenarioStart { info: crate::data::scenario::info(i.id), config: RunConfig::for_scenario(i.id) }).collect()
}

/// Longest config that is read, in bytes.
pub const MAX_FILE: usize = 1 << 20;
/// The most lanes a run may have.
pub const MAX_LANES: usize = 128;

impl RunConfig {
    /// The defaults of a scenario: its mix of groups, lanes that show its point, and a context that holds its text.
    pub fn for_scenario(scenario: Scenario) -> Self {
        let info = crate::data::scenario::info(scenario);
        let mut config = Self::default();
        config.data.scenario = scenario;
        config.data.mix = info.mix.to_vec();
        config.model.context = 24;
        // Answers have about ten words: at β = 0.5 a few nats of margin saturate the loss before the text degrades.
        config.lanes = [LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.1), LaneConfig::new("wdpo").with("rho", 0.2)]
            .map(|lane| lane.with("beta", 0.5))
            .to_vec();
        config.train.learning_rate = 2e-4;
        if scenario == Scenario::Emotion {
            config.data.pairs = 2_048;
            // BOS, four words, SEP, the rest of a text, EOS, and one to spare.
            config.model.context = crate::data::emotion::LONGEST + 4;
            config.eval.samples = 128;
        }
        if scenario == Scenario::Tabular {
            config.data.pairs = 20;
            config.model = ModelConfig { policy: PolicyKind::Tabular, context: 16, ..ModelConfig::default() };
            config.lanes = [1.0, 0.25, 0.1].iter().map(|tau| LaneConfig::new("kldpo").with("tau", *tau)).collect();
            config.lanes.insert(0, LaneConfig::new("dpo"));
            config.train = TrainConfig { steps: 800, batch: 20, learning_rate: 0.2, schedule: Schedule::Cosine, clip: 1e6, ..TrainConfig::default() };
            config.eval = EvalConfig { samples: 0, every: 100, ..EvalConfig::default() };
        }
        config
    }

    /// The defaults for a file of the user's own pairs: its groups' shares and a context that keeps nearly all rows whole.
    pub fn for_import(summary: &crate::data::import::Summary) -> Self {
        let mut config = Self::for_scenario(Scenario::Imported);
        config.data.mix.clone_from(&summary.mix);
        config.model.context = summary.lengths.p99.clamp(16, 128);
        config.sft.bundled = false;
        config
    }

    /// Names of the methods among the lanes that have no version for the GPU: with one of them a run trains on the CPU.
    pub fn without_gpu(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.lanes.iter().filter_map(|l| l.info("lanes").ok()).filter(|m| !m.gpu).map(|m| m.name).collect();
        names.dedup();
        names
    }

    /// The defaults for a file of the user's own texts: its two most frequent labels are rewarded, and everything is trained.
    pub fn for_texts(summary: &crate::data::emotion::own::TextsSummary) -> Self {
        let mut config = Self::for_scenario(Scenario::Emotion);
        config.data.emotions = summary.classes.iter().take(2).map(|(name, _)| name.clone()).collect();
        config.sft.bundled = false;
        config
    }

    /// Parses and validates; the error names the field by its dotted path.
    pub fn from_json(text: &str) -> Result<Self> {
        if text.len() > MAX_FILE {
            return Err(Error::config("config", format!("{} KiB long", text.len() >> 10), format!("at most {} KiB can be read", MAX_FILE >> 10)));
        }
        if let Ok(value) = serde_json::from_str(text) {
            refuse_arrays(&value)?;
        }
        let mut de = serde_json::Deserializer::from_str(text);
        let config: Self = serde_path_to_error::deserialize(&mut de).map_err(|e| {
            let path = e.path().to_string();
            let path = if path == "." { "config" } else { &path };
            Error::new(ErrorCode::Config, format!("{path}: {}", e.inner()), "see `prefshift train --print-config` for every field")
        })?;
        de.end().map_err(|e| Error::new(ErrorCode::Config, format!("config: {e}"), "remove what follows the JSON object"))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every range. Returns the first field that is out of it.
    pub fn validate(&self) -> Result<()> {
        let (d, m, s, t, e) = (&self.data, &self.model, &self.sft, &self.train, &self.eval);
        within("data.pairs", d.pairs, 1..=65_536)?;
        within("data.eval_pairs", d.eval_pairs, 1..=4_096)?;
        within("data.marker", d.marker, 0.0..=1.0)?;
        within("data.flip", d.flip, 0.0..=0.5)?;
        within("data.reward_scale", d.reward_scale, 0.0..=100.0)?;
        if d.mix.is_empty() || d.mix.len() > 16 {
            return Err(Error::config("data.mix", format!("{} groups", d.mix.len()), "1 to 16 shares"));
        }
        for (i, share) in d.mix.iter().enumerate() {
            within(&format!("data.mix[{i}]"), *share, 0.0..=1.0)?;
        }
        let total: f64 = d.mix.iter().sum();
        if (total - 1.0).abs() > 1e-6 {
            return Err(Error::config("data.mix", format!("shares add to {total}"), "they must add to 1"));
        }
        if d.emotions.len() != 2 || d.emotions[0] == d.emotions[1] {
            return Err(Error::config("data.emotions", format!("{:?}", d.emotions), "two different emotions"));
        }
        let groups = match d.scenario {
            Scenario::TwoPopulations | Scenario::Shortcut | Scenario::Tabular | Scenario::Emotion => Some(2),
            Scenario::Regions => Some(4),
            Scenario::Imported => None,
        };
        if let Some(n) = groups.filter(|n| *n != d.mix.len()) {
            return Err(Error::config("data.mix", format!("{} shares", d.mix.len()), format!("this scenario has {n} groups")));
        }
        within("model.d_model", m.d_model, 4..=512)?;
        within("model.layers", m.layers, 1..=12)?;
        within("model.heads", m.heads, 1..=16)?;
        within("model.context", m.context, 4..=256)?;
        if m.d_model % m.heads != 0 {
            return Err(Error::config("model.heads", format!("{} does not divide d_model {}", m.heads, m.d_model), "choose a divisor"));
        }
        if (m.policy == PolicyKind::Tabular) != (d.scenario == Scenario::Tabular) {
            return Err(Error::config("model.policy", "the tabular policy and the tabular scenario go together", "set both or neither"));
        }
        if d.scenario == Scenario::Emotion && m.policy != PolicyKind::Gpt {
            return Err(Error::config("model.policy", "only a transformer writes texts", "gpt"));
        }
        let r = &self.reward;
        within("reward.steps", r.steps, 1..=100_000)?;
        within("reward.batch", r.batch, 1..=1_024)?;
        within("reward.learning_rate", r.learning_rate, 0.0..=1.0)?;
        within("reward.d_model", r.d_model, 4..=512)?;
        within("reward.layers", r.layers, 1..=12)?;
        if r.d_model % 4 != 0 {
            return Err(Error::config("reward.d_model", format!("{} is not a multiple of 4", r.d_model), "its 4 heads share it"));
        }
        within("sft.steps", s.steps, 0..=100_000)?;
        within("sft.batch", s.batch, 1..=1_024)?;
        within("sft.learning_rate", s.learning_rate, 0.0..=1.0)?;
        within("lanes", self.lanes.len(), 1..=MAX_LANES)?;
        for (i, lane) in self.lanes.iter().enumerate() {
            lane.validate(&format!("lanes[{i}]"))?;
            let info = lane.info("lanes")?;
            if m.policy != PolicyKind::Gpt && !info.margins_only {
                let problem = format!("{} needs the log-probability of each answer", info.name);
                return Err(Error::config(&format!("lanes[{i}].method"), problem, "this policy gives margins only: use the transformer (gpt)"));
            }
        }
        within("train.steps", t.steps, 0..=1_000_000)?;
        within("train.batch", t.batch, 1..=1_024)?;
        within("train.learning_rate", t.learning_rate, 0.0..=10.0)?;
        within("train.warmup", t.warmup, 0..=100_000)?;
        within("train.weight_decay", t.weight_decay, 0.0..=1.0)?;
        within("train.clip", t.clip, 1e-6..=1e6)?;
        within("train.frame_every", t.frame_every, 1..=10_000)?;
        within("eval.every", e.every, 1..=1_000_000)?;
        within("eval.samples", e.samples, 0..=1_024)?;
        within("eval.temperature", e.temperature, 0.0..=10.0)?;
        within("eval.top_k", e.top_k, 0..=100_000)?;
        within("eval.top_p", e.top_p, 1e-6..=1.0)
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

    /// Checks method, form and parameters; `field` is the lane's path in messages.
    ///
    /// # Errors
    /// [`ErrorCode::Config`], naming the first field that is wrong.
    pub fn validate(&self, field: &str) -> Result<()> {
        let info = self.info(field)?;
        if let Some(form) = &self.form
            && !info.forms.iter().any(|f| f.id == form)
        {
            let known: Vec<_> = info.forms.iter().map(|f| f.id).collect();
            let allowed = if known.is_empty() { "this method has none".into() } else { format!("one of {}", known.join(", ")) };
            return Err(Error::config(&format!("{field}.form"), format!("`{form}` is unknown"), allowed));
        }
        for (name, value) in &self.params {
            let path = format!("{field}.params.{name}");
            let Some(p) = info.params.iter().find(|p| p.id == name) else {
                let known: Vec<_> = info.params.iter().map(|p| p.id).collect();
                return Err(Error::config(&path, "unknown", format!("{} takes {}", info.id, known.join(", "))));
            };
            within(&path, *value, p.min..=p.max)?;
        }
        if let Some(rate) = self.learning_rate {
            within(&format!("{field}.learning_rate"), rate, 0.0..=10.0)?;
        }
        Ok(())
    }
}

/// Serde takes an array for a struct, field by field: `"data": []` would mean every default.
fn refuse_arrays(config: &serde_json::Value) -> Result<()> {
    let check = |field: &str, value: &serde_json::Value| match value.is_array() {
        true => Err(Error::config(field, "an array", "an object, its fields by name")),
        false => Ok(()),
    };
    check("config", config)?;
    for section in ["data", "model", "reward", "sft", "train", "eval"] {
        check(section, &config[section])?;
    }
    config["lanes"].as_array().into_iter().flatten().enumerate().try_for_each(|(i, lane)| check(&format!("lanes[{i}]"), lane))
}

fn within<T: PartialOrd + std::fmt::Display>(field: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    // `contains` is false for NaN, so NaN is refused too.
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::config(field, format!("{value} is out of range"), format!("{} to {}", range.start(), range.end())))
}
