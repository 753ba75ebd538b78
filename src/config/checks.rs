//! What a config may hold: every range, and where a file of one may not be read.

use super::{LaneConfig, PolicyKind, RunConfig, Scenario};
use crate::error::{Error, ErrorCode, Result};
use std::ops::RangeInclusive;

/// Longest config that is read, in bytes.
pub const MAX_FILE: usize = 1 << 20;
/// The most lanes a run may have.
pub const MAX_LANES: usize = 128;

impl RunConfig {
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
