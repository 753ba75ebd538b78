//! A stage before alignment (reward model, reference policy) cut off half-way, as a file: gone on with, it ends at the bytes
//! that it would have ended at.

use super::state::LaneState;
use super::tensor_file::{self, Tensors};
use crate::config::RunConfig;
use crate::data::Dataset;
use crate::error::{Error, ErrorCode, Result};
use crate::event::Stage;
use crate::reward::RewardQuality;

const KEY: &str = "prefshift-halfway";
/// Raised where the format or what a stage makes of the same settings changes.
const VERSION: u32 = 1;

/// A stage under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Halfway {
    /// Which one: `reward-model` or `sft`.
    pub stage: Stage,
    /// Steps done.
    pub step: usize,
    /// Words that the batches' random stream has given.
    pub position: u64,
    /// Parameters and moments, flat.
    pub state: LaneState,
    /// Scenario `emotion`, stage `sft`: the learned reward, flat, and how good it is.
    pub reward: Option<(Vec<f32>, RewardQuality)>,
}

pub(super) fn bad(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::Checkpoint, format!("half-made stage: {what}"), "start the stage again")
}

/// Whether these bytes are such a file.
pub fn is_halfway(bytes: &[u8]) -> bool {
    tensor_file::has(bytes, KEY)
}

/// Everything that the stages depend on, as text: settings, and a checksum of vocabulary and texts.
fn depends_on(config: &RunConfig, data: &Dataset) -> Result<String> {
    let mut hash = crc32fast::Hasher::new();
    let mut add = |ids: &[u32]| {
        hash.update(&(ids.len() as u32).to_le_bytes());
        ids.iter().for_each(|id| hash.update(&id.to_le_bytes()));
    };
    data.corpus.iter().for_each(|e| [&e.prompt, &e.completion].into_iter().for_each(|ids| add(ids)));
    for text in data.emotion.iter().flat_map(|c| c.train.iter().chain(&c.test)) {
        add(&text.tokens);
        add(&text.labels.iter().map(|l| *l as u32).collect::<Vec<_>>());
    }
    data.vocabulary.words().iter().for_each(|w| hash.update(w.as_bytes()));
    let reward = data.emotion.as_ref().map(|c| (&config.reward, &c.classes));
    serde_json::to_string(&(env!("CARGO_PKG_VERSION"), config.seed, &config.model, &config.sft, reward, hash.finalize())).map_err(bad)
}

impl Halfway {
    /// The file, for a run of `config` on `data`.
    ///
    /// # Errors
    /// Where it cannot be serialized.
    pub fn to_bytes(&self, config: &RunConfig, data: &Dataset) -> Result<Vec<u8>> {
        let mut out = tensor_file::Writer::default();
        let reward = self.reward.as_ref().map(|(params, _)| params);
        let parts = [("params", Some(&self.state.params)), ("first", Some(&self.state.first)), ("second", Some(&self.state.second)), ("reward", reward)];
        for (name, values) in parts {
            if let Some(values) = values {
                out.floats(name.into(), &[values.len()], values);
            }
        }
        let quality = self.reward.as_ref().map(|(_, quality)| quality);
        let about = serde_json::to_string(&(VERSION, depends_on(config, data)?, self.stage, self.step, self.position, quality)).map_err(bad)?;
        out.finish(KEY, &about).map_err(bad)
    }

    /// Reads a file that [`Self::to_bytes`] wrote for the same settings and texts.
    ///
    /// # Errors
    /// [`ErrorCode::Checkpoint`] where it is damaged or was made for others.
    pub fn from_bytes(bytes: &[u8], config: &RunConfig, data: &Dataset) -> Result<Self> {
        let (json, file) = Tensors::open(bytes, KEY).map_err(bad)?;
        let about: (u32, String, Stage, usize, u64, Option<RewardQuality>) = serde_json::from_str(&json).map_err(bad)?;
        let (version, of, stage, step, position, quality) = about;
        if version != VERSION || of != depends_on(config, data)? {
            return Err(bad("it was made for other settings or texts, or by another version"));
        }
        let total = match stage {
            Stage::RewardModel => config.reward.steps,
            Stage::Sft => config.sft.steps,
            _ => return Err(bad("no such stage is kept half-way")),
        };
        if step > total || i32::try_from(step).is_err() {
            return Err(bad(format!("it has done {step} of {total} steps")));
        }
        let part = |name: &str| file.vector(name).map_err(bad);
        let state = LaneState { params: part("params")?, first: part("first")?, second: part("second")?, steps: step as i32, method: None };
        let reward = quality.map(|quality| part("reward").map(|params| (params, quality))).transpose()?;
        Ok(Self { stage, step, position, state, reward })
    }
}

impl LaneState {
    /// Refuses a state that is not of `len` parameters.
    pub(crate) fn fits(&self, len: usize) -> Result<()> {
        let fits = [&self.params, &self.first, &self.second].iter().all(|v| v.len() == len);
        if fits { Ok(()) } else { Err(bad(format!("it does not have {len} parameters"))) }
    }
}
