//! What some methods need beyond the run's pairs, made before training: further reference policies, samples of the
//! reference with rewards, text that it was trained on, edited answers. Each such lane gets pairs of its own.

use super::{Experiment, Phase, Training};
use crate::order;
use crate::config::{EvalConfig, LaneConfig, RunConfig};
use crate::data::{Dataset, Example, PreferencePair, edits, sampled};
use crate::error::{Error, Result};
use crate::eval::groups::{pair_logps, pair_token_logps};
use crate::event::{Event, Progress, Stage};
use crate::objective::Need;
use crate::policy::{Gpt, Parameters, Policy, sampling};
use crate::rng::Streams;
use crate::train::sft::Sft;
use crate::train::table::Table;
use burn::tensor::Device;
use std::sync::Arc;

/// Prompts that are sampled for at once.
const CHUNK: usize = 32;
/// Most samples that any method takes of one prompt.
const MOST: usize = 16;

/// Work that is left, and what is there already.
pub(super) struct Preparation {
    /// Further references in training, and their parts of the corpus.
    sfts: Vec<(Sft, Vec<Example>)>,
    references: Vec<Parameters>,
    /// Samples for each training pair's prompt.
    samples: Vec<Vec<Vec<u32>>>,
    each: usize,
}

impl Preparation {
    /// What the lanes of `config` need; none where they need nothing.
    pub fn new(config: &RunConfig, data: &Dataset, policy: &dyn Policy, device: &Device) -> Option<Self> {
        let wanted: Vec<_> = config.lanes.iter().filter_map(|l| l.info("lanes").ok().map(|m| (l, m))).filter(|(_, m)| m.own_data()).collect();
        if wanted.is_empty() {
            return None;
        }
        let most = |need: Need, names: [&str; 2]| {
            wanted.iter().filter(|(_, m)| m.needs(need))
                .map(|(l, m)| m.params.iter().filter(|p| names.contains(&p.id)).map(|p| l.param(p.id) as usize).max().unwrap_or(0)).max().unwrap_or(0)
        };
        // Always as many, so that a lane sees the same samples whichever others train beside it.
        let each = if most(Need::Samples, ["k", "candidates"]) > 0 { MOST } else { 0 };
        let further = most(Need::References, ["references", ""]).saturating_sub(1);
        let sfts = (0..further).map(|i| {
            // Every second text, and another start: policies that know the same language from other data.
            let half = data.corpus.iter().skip(i % 2).step_by(2).cloned().collect();
            let config = RunConfig { seed: config.seed ^ (0x5eed_0000 + i as u32), ..config.clone() };
            (Sft::new(&config, policy, device), half)
        }).collect();
        Some(Self { sfts, references: vec![], samples: vec![], each })
    }
}

/// Refuses lanes that need what the data or the policy does not have.
pub(super) fn check(config: &RunConfig, data: &Dataset, policy: &dyn Policy) -> Result<()> {
    for (i, lane) in config.lanes.iter().enumerate() {
        let info = lane.info("lanes")?;
        let field = format!("lanes[{i}].method");
        if info.own_data() && policy.gpt().is_none() {
            return Err(Error::config(&field, format!("{} samples, keeps or edits texts", info.name), "this policy cannot write: use the transformer (gpt)"));
        }
        if info.needs(Need::Rewards) && data.reward.is_none() {
            let problem = format!("{} needs a reward for any text, which this data does not have", info.name);
            return Err(Error::config(&field, problem, "a scenario with a reward, or a method that learns from pairs alone"));
        }
    }
    Ok(())
}

impl Experiment {
    /// One unit of preparation: some steps of a further reference, or samples of some prompts; the last one hands the lanes
    /// their pairs.
    pub(super) async fn prepare(&mut self, mut training: Box<Training>, mut work: Box<Preparation>) -> Result<Vec<Event>> {
        let device = self.compute.tensors(self.config.model.policy);
        let (policy, n) = (self.policy.as_ref(), self.data.train.len());
        let (Some(gpt), Some(reference)) = (policy.gpt(), self.reference.clone()) else {
            self.phase = Phase::Train(training); // refused before
            return Ok(vec![]);
        };
        if let Some((mut sft, corpus)) = work.sfts.pop() {
            let loss = if sft.done() { None } else { Some(sft.advance(policy, &corpus, super::SFT_CHUNK).await?) };
            let event = Event::Progress(Progress { stage: Stage::Sft, done: sft.steps(), total: self.config.sft.steps, loss });
            if sft.done() { work.references.push(sft.finish()) } else { work.sfts.push((sft, corpus)) }
            self.phase = Phase::Prepare(training, work);
            return Ok(vec![event]);
        }
        if work.each > 0 && work.samples.len() < n {
            let from = work.samples.len();
            let part = &self.data.train[from..(from + CHUNK).min(n)];
            let written = write(gpt, &reference, part, work.each, self.config.seed, from, &device).await?;
            work.samples.extend(written);
            let event = Event::Progress(Progress { stage: Stage::Reference, done: work.samples.len(), total: n, loss: None });
            self.phase = Phase::Prepare(training, work);
            return Ok(vec![event]);
        }
        let mut made: Vec<(LaneConfig, Arc<Table>)> = Vec::new();
        for (i, lane) in self.config.lanes.iter().enumerate() {
            if !lane.info("lanes")?.own_data() {
                continue;
            }
            // Lanes that differ in their seed only share a table.
            let key = LaneConfig { seed: 0, learning_rate: None, ..lane.clone() };
            let known = made.iter().find(|(k, _)| *k == key).map(|(_, t)| t.clone());
            let table = match known {
                Some(table) => table,
                None => {
                    let maker = Maker { config: &self.config, data: &self.data, gpt, reference: &reference, logps: &training.reference_logps, work: &work, device: &device };
                    let table = Arc::new(maker.table(lane, &format!("lanes[{i}]")).await?);
                    made.push((key, table.clone()));
                    table
                }
            };
            training.trainer.set_table(i, table);
        }
        self.phase = Phase::Train(training);
        Ok(vec![Event::Progress(Progress { stage: Stage::Reference, done: n, total: n, loss: None })])
    }
}

/// Samples of the reference for the prompts of `pairs`, `each` of each, at temperature 1.
async fn write(
    gpt: &Gpt, reference: &Parameters, pairs: &[PreferencePair], each: usize, seed: u32, from: usize, device: &Device,
) -> Result<Vec<Vec<Vec<u32>>>> {
    let prompts: Vec<Vec<u32>> = pairs.iter().flat_map(|p| std::iter::repeat_n(p.prompt.clone(), each)).collect();
    let mut rng = Streams::new(u64::from(seed)).stream(&format!("samples/{from}"));
    let noise = sampling::gumbel(&mut rng, gpt.context(), prompts.len(), gpt.vocabulary());
    let plain = EvalConfig { temperature: 1.0, top_k: 0, top_p: 1.0, ..EvalConfig::default() };
    let written = sampling::sample(gpt, reference, &prompts, &noise, &plain, device).await?.swap_remove(0);
    Ok(written.chunks_exact(each).map(<[Vec<u32>]>::to_vec).collect())
}

struct Maker<'a> {
    config: &'a RunConfig,
    data: &'a Dataset,
    gpt: &'a Gpt,
    reference: &'a Parameters,
    logps: &'a [[f32; 2]],
    work: &'a Preparation,
    device: &'a Device,
}

impl Maker<'_> {
    async fn table(&self, lane: &LaneConfig, field: &str) -> Result<Table> {
        match lane.method.as_str() {
            "mrpo" => self.references(lane.param("references") as usize - 1).await,
            "mpo" => self.reference_data().await,
            "bmc" => self.edited(lane.form_id() != "modeling").await,
            _ => self.sampled(lane, field).await,
        }
    }

    /// The run's pairs with what further references say of them.
    async fn references(&self, further: usize) -> Result<Table> {
        let mut others = Vec::new();
        for params in self.work.references.iter().take(further) {
            others.push(pair_logps(self.gpt, params, &self.data.train, self.config.model.context, self.device).await?.swap_remove(0));
        }
        Ok(Table { others, ..self.as_given() })
    }

    /// The run's pairs as they are.
    fn as_given(&self) -> Table {
        let n = self.data.train.len() as u32;
        Table {
            pairs: self.data.train.clone(), reference: self.logps.iter().map(|l| l.to_vec()).collect(), of: (0..n).map(|i| vec![i]).collect(),
            ..Table::default()
        }
    }

    /// The run's pairs, each with a text of the reference's training.
    async fn reference_data(&self) -> Result<Table> {
        let mut table = self.as_given();
        let corpus = &self.data.corpus;
        table.further = (0..table.pairs.len()).map(|i| vec![corpus[i % corpus.len()].clone()]).collect();
        self.score(&mut table).await?;
        Ok(table)
    }

    /// The run's pairs, the loser edited toward the winner where it is to `bridge` them, and where their words differ.
    async fn edited(&self, bridge: bool) -> Result<Table> {
        let mut table = self.as_given();
        for pair in table.pairs.iter_mut().filter(|_| bridge) {
            pair.chosen = edits::bridged(&pair.chosen, &pair.rejected);
        }
        self.score(&mut table).await?;
        table.token_reference = pair_token_logps(self.gpt, self.reference, &table.pairs, self.config.model.context, self.device).await?;
        table.differs = table.pairs.iter().zip(&table.token_reference).map(|(pair, counted)| {
            let mut marks = edits::differing(&pair.chosen, &pair.rejected, &self.data.vocabulary);
            // The end of an answer is no word, and a long answer is cut.
            marks.iter_mut().zip(counted).for_each(|(m, c)| m.resize(c.len(), 0.0));
            marks
        }).collect();
        Ok(table)
    }

    /// Pairs, or groups of K, of the reference's samples.
    async fn sampled(&self, lane: &LaneConfig, field: &str) -> Result<Table> {
        let Some(reward) = &self.data.reward else { return Ok(self.as_given()) }; // refused before
        let mut table = Table::default();
        for (i, (pair, all)) in self.data.train.iter().zip(&self.work.samples).enumerate() {
            // Rewards at the scale at which labels are drawn.
            let score = |text: &Vec<u32>| f64::from(reward.score(pair.group, text)) * self.config.data.reward_scale;
            let mut own = Vec::new();
            let mut add = |chosen: &Vec<u32>, rejected: &Vec<u32>, further: Vec<Example>, rewards: Vec<f32>| {
                own.push(table.pairs.len() as u32);
                table.pairs.push(PreferencePair {
                    prompt: pair.prompt.clone(), chosen: chosen.clone(), rejected: rejected.clone(), group: pair.group, flipped: false, confidence: 1.0,
                });
                table.further.push(further);
                table.rewards.push(rewards);
            };
            match lane.method.as_str() {
                "exo_rw" => {
                    let mut texts: Vec<&Vec<u32>> = all.iter().take(lane.param("k") as usize).collect();
                    // Best first, worst second, so that the two that are shown are a pair.
                    order::sort(&mut texts, |x, y| score(y).total_cmp(&score(x)));
                    if let Some(worst) = texts.pop() {
                        texts.insert(1, worst);
                        let further = texts[2..].iter().map(|t| Example { prompt: pair.prompt.clone(), completion: (*t).clone() }).collect();
                        add(texts[0], texts[1], further, texts.iter().map(|t| score(t) as f32).collect());
                    }
                }
                "rs_dpo" => {
                    let texts: Vec<&Vec<u32>> = all.iter().take(lane.param("k") as usize).collect();
                    let rewards: Vec<f64> = texts.iter().map(|t| score(t)).collect();
                    sampled::apart(&rewards, lane.param("tau"), lane.param("eta")).into_iter().for_each(|(j, l)| add(texts[j], texts[l], vec![], vec![]));
                }
                _ => {
                    // Equal texts count once, as published.
                    let mut texts: Vec<&Vec<u32>> = Vec::new();
                    all.iter().take(lane.param("candidates") as usize).for_each(|t| if !texts.contains(&t) { texts.push(t) });
                    let rewards: Vec<f64> = texts.iter().map(|t| score(t)).collect();
                    let mut rng = Streams::new(u64::from(self.config.seed)).stream(&format!("rso/{i}"));
                    let kept = sampled::accepted(&rewards, lane.param("beta"), lane.param("keep") as usize, || rng.uniform());
                    sampled::first_round(&kept, &rewards).into_iter().for_each(|(j, l)| add(texts[j], texts[l], vec![], vec![]));
                }
            }
            table.of.push(own);
        }
        if table.pairs.is_empty() {
            return Err(Error::config(&format!("{field}.params"), "no samples of any prompt lie far enough apart", "a lower threshold, or more samples"));
        }
        self.score(&mut table).await?;
        Ok(table)
    }

    /// The reference's log-probabilities of every sequence of a table.
    async fn score(&self, table: &mut Table) -> Result<()> {
        let context = self.config.model.context;
        let pairs = pair_logps(self.gpt, self.reference, &table.pairs, context, self.device).await?.swap_remove(0);
        table.reference = pairs.iter().map(|l| l.to_vec()).collect();
        for slot in 0..table.further.first().map_or(0, Vec::len) {
            // Scored as pairs of a text with itself.
            let alone: Vec<PreferencePair> = table.further.iter().zip(&table.pairs).map(|(further, pair)| {
                let text = &further[slot];
                PreferencePair { prompt: text.prompt.clone(), chosen: text.completion.clone(), rejected: text.completion.clone(), ..pair.clone() }
            }).collect();
            let logps = pair_logps(self.gpt, self.reference, &alone, context, self.device).await?.swap_remove(0);
            table.reference.iter_mut().zip(logps).for_each(|(to, l)| to.push(l[0]));
        }
        Ok(())
    }
}
