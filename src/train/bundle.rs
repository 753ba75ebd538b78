//! What the emotion experiment makes before alignment, in one safetensors file: the reference policy and the reward model
//! (each a policy file of its own, as bytes) and what the reference policy wrote, so that a run can start at the labels.

use crate::config::{ModelConfig, PolicyKind, RunConfig};
use crate::data::emotion::{Corpus, Written, prompts};
use crate::data::vocabulary::EOS;
use crate::error::{Error, ErrorCode, Result};
use crate::reward::{RewardModel, RewardQuality, layout_of};
use crate::train::checkpoint::{self, Header, Precision};
use crate::train::tensor_file;
use burn::tensor::Device;
use safetensors::{Dtype, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What goes with the reference policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The learned reward.
    pub model: RewardModel,
    /// How good it is.
    pub quality: RewardQuality,
    /// What the reference policy wrote: for training pairs, and held out.
    pub written: [Vec<Written>; 2],
}

/// What the file says of itself.
#[derive(Serialize, Deserialize)]
struct About {
    /// What the prompts were drawn with.
    seed: u32,
    pairs: usize,
    eval_pairs: usize,
    quality: RewardQuality,
}

const KEY: &str = "prefshift-emotion";

fn bad(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::Checkpoint, format!("emotion file: {what}"), "make it anew (`prefshift sft --scenario emotion`)")
}

/// Whether these bytes are such a file.
pub fn is_bundle(bytes: &[u8]) -> bool {
    tensor_file::has(bytes, KEY)
}

fn reward_header(config: &RunConfig, words: &[String], classes: &[String], model: &RewardModel) -> Header {
    let shape = model.layout().shape;
    let model = ModelConfig { policy: PolicyKind::Gpt, d_model: config.reward.d_model, layers: config.reward.layers, heads: shape.heads, context: shape.context, tied: true };
    Header { model, vocabulary: words.to_vec(), note: format!("reward model: {}", classes.join(", ")) }
}

/// One file of `policy` (a policy file) and what was made with it.
///
/// # Errors
/// Where the serializer fails.
pub async fn save(config: &RunConfig, words: &[String], corpus: &Corpus, policy: &[u8], made: &Made, precision: Precision) -> Result<Vec<u8>> {
    let layout = made.model.layout();
    let params = layout.tensors(&[made.model.params()], &Device::flex());
    let reward = checkpoint::save(&reward_header(config, words, &corpus.classes, &made.model), &layout.specs, &params, 0, precision).await?;
    let written: Vec<u8> = made.written.iter().flatten().flat_map(|w| &w.completions)
        .flat_map(|text| text.iter().chain([&EOS])).flat_map(|t| (*t as u16).to_le_bytes()).collect();
    // Where nothing is written yet, no run asks the same prompts.
    let pairs = if made.written[0].is_empty() { 0 } else { config.data.pairs };
    let about = About { seed: config.seed, pairs, eval_pairs: config.data.eval_pairs, quality: made.quality.clone() };
    let json = serde_json::to_string(&about).map_err(bad)?;
    let view = |dtype, len, bytes| TensorView::new(dtype, vec![len], bytes).map_err(bad);
    let views = vec![
        ("policy", view(Dtype::U8, policy.len(), policy)?), ("reward", view(Dtype::U8, reward.len(), &reward)?),
        ("written", view(Dtype::U16, written.len() / 2, &written)?),
    ];
    safetensors::serialize(views, Some(HashMap::from([(KEY.to_string(), json)]))).map_err(bad)
}

/// What such a file holds.
pub struct Opened {
    /// The reference policy's own file.
    pub policy: Vec<u8>,
    /// The learned reward and how good it is.
    pub reward: (RewardModel, RewardQuality),
    /// What the reference policy wrote, where the run asks the same prompts.
    pub written: Option<[Vec<Written>; 2]>,
}

/// Reads a file that [`save`] wrote.
///
/// # Errors
/// [`ErrorCode::Checkpoint`] where it is damaged or made for other words or emotions.
pub fn load(bytes: &[u8], config: &RunConfig, words: &[String], corpus: &Corpus) -> Result<Opened> {
    let (tensors, metadata) = tensor_file::open(bytes).map_err(bad)?;
    let about: About = serde_json::from_str(tensor_file::text(&metadata, KEY).map_err(bad)?).map_err(bad)?;
    let part = |name: &str| tensors.tensor(name).map_err(bad).map(|t| t.data().to_vec());
    let file = part("reward")?;
    let layout = layout_of(&config.reward, words.len(), corpus.classes.len());
    let blank = RewardModel::new(layout.clone(), corpus.classes.len(), vec![]);
    let wanted = reward_header(config, words, &corpus.classes, &blank);
    if checkpoint::header(&file)?.note != wanted.note {
        return Err(bad("its reward model tells other emotions apart"));
    }
    let params = checkpoint::load(&file, &wanted.model, words, &layout.specs, &Device::flex())?;
    let params = layout.flatten(&params).swap_remove(0);
    let same = (about.seed, about.pairs, about.eval_pairs) == (config.seed, config.data.pairs, config.data.eval_pairs);
    let written = if same { Some(answered(&part("written")?, config, words.len(), corpus)?) } else { None };
    Ok(Opened { policy: part("policy")?, reward: (RewardModel::new(layout, corpus.classes.len(), params), about.quality), written })
}

/// The prompts of `config` with the completions in `bytes`: two each, every one ended by EOS.
fn answered(bytes: &[u8], config: &RunConfig, vocabulary: usize, corpus: &Corpus) -> Result<[Vec<Written>; 2]> {
    let mut texts = Vec::new();
    let mut text = Vec::new();
    for token in bytes.chunks_exact(2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))) {
        if token == EOS {
            texts.push(std::mem::take(&mut text));
        } else if token as usize >= vocabulary {
            return Err(bad(format!("token {token} is not in the vocabulary")));
        } else {
            text.push(token);
        }
    }
    let (train, eval) = prompts(config, corpus);
    if texts.len() != 2 * (train.len() + eval.len()) {
        return Err(bad(format!("{} completions for {} prompts", texts.len(), train.len() + eval.len())));
    }
    let mut texts = texts.into_iter();
    let mut answer = |prompts: Vec<Vec<u32>>| -> Vec<Written> {
        prompts.into_iter().filter_map(|prompt| Some(Written { prompt, completions: [texts.next()?, texts.next()?] })).collect()
    };
    Ok([answer(train), answer(eval)])
}
