//! stub
use super::*;
use crate::config::*;
use crate::error::*;
pub fn build(config: &RunConfig, _imported: Option<&str>) -> Result<Dataset> {
    let vocabulary = Vocabulary::new(["which", "?", "yes", "no"]);
    let prompt = vocabulary.encode("which ?");
    let (a, b) = (vocabulary.encode("yes"), vocabulary.encode("no"));
    let pair = |g: usize| PreferencePair { prompt: prompt.clone(), chosen: if g==0 {a.clone()} else {b.clone()}, rejected: if g==0 {b.clone()} else {a.clone()}, group: g, flipped: false, confidence: 1.0 };
    let n = config.data.pairs; let m = (config.data.mix[1]*n as f64).round() as usize;
    Ok(Dataset { groups: (0..2).map(|g| GroupInfo{name: format!("g{g}"), wants: String::new(), share: config.data.mix[g]}).collect(),
      train: (0..n).map(|i| pair(usize::from(i < m))).collect(), eval: vec![pair(0), pair(1)], prompts: vec![vec![prompt.clone()]; 2], corpus: vec![Example{prompt: prompt.clone(), completion: a.clone()}, Example{prompt: prompt.clone(), completion: b.clone()}], reward: Some(RewardTable), notices: vec![], vocabulary })
}
