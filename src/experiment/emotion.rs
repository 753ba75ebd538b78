//! The stages of the emotion experiment before alignment: reward model, reference policy, what it writes, labels.
//! Each can be given instead ([`crate::train::bundle`]).

use super::resume::begun_anew;
use super::{Experiment, Phase, SFT_CHUNK, resume};
use crate::data::Dataset;
use crate::data::emotion::{self, Corpus, Scored, Text, Written};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, PairText, Product, Progress, ReadText, Stage, Warning};
use crate::fused::layout::Layout;
use crate::policy::Parameters;
use crate::reward::{Judge, RewardModel, RewardQuality, RewardTraining, layout_of, quality};
use crate::train::bundle::{self, Made, Opened};
use crate::train::checkpoint;
use crate::train::halfway::{self, Halfway};
use crate::train::writing::Writing;
use burn::tensor::Device;

/// Texts that a product shows.
const SHOWN: usize = 60;

/// What is known before the pairs are: the learned reward, and how good it is.
pub(super) type Learned = (RewardModel, RewardQuality);

impl Experiment {
    /// The first stage that is not given. Says what the corpus is.
    pub(super) fn begin_emotion(&mut self, given: Option<Vec<u8>>) -> Result<Vec<Event>> {
        let corpus = self.corpus()?;
        let mut events = vec![Event::Product(Box::new(Product {
            texts: read(&self.data, corpus, &corpus.train, &[]), ..product(Stage::Data, corpus)
        }))];
        match given {
            Some(bytes) if bundle::is_bundle(&bytes) => {
                let Opened { policy, reward, written } = bundle::load(&bytes, &self.config, self.data.vocabulary.words(), corpus)?;
                let reference = self.load_policy(&policy)?;
                events.extend(self.learned(reward)?);
                self.phase = match written {
                    Some(written) => Phase::Label(Box::new((reference, written))),
                    None => self.writing(reference)?,
                };
            }
            Some(bytes) if halfway::is_halfway(&bytes) => match self.half_made(&bytes) {
                Ok(more) => events.extend(more),
                Err(error) => {
                    events.push(begun_anew(&error));
                    self.phase = Phase::Reward(Box::new(self.reward_training()?));
                }
            },
            other => {
                // A policy alone is needed later; that it is none is said now.
                other.as_deref().map(checkpoint::header).transpose()?;
                self.given = other;
                self.phase = Phase::Reward(Box::new(self.reward_training()?));
            }
        }
        Ok(events)
    }

    fn reward_training(&self) -> Result<RewardTraining> {
        Ok(RewardTraining::new(&self.config, self.data.vocabulary.len(), self.corpus()?.classes.len()))
    }

    /// Takes up the stage that a file was cut off in; says what was made before it.
    fn half_made(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        let mut at = Halfway::from_bytes(bytes, &self.config, &self.data)?;
        if at.stage == Stage::RewardModel {
            let mut training = self.reward_training()?;
            training.go_on(at)?;
            self.phase = Phase::Reward(Box::new(training));
            return Ok(vec![]);
        }
        let Some((params, quality)) = at.reward.take() else {
            return Err(Error::new(ErrorCode::Checkpoint, "half-made stage: its reward model is missing", "start the stage again"));
        };
        let classes = self.corpus()?.classes.len();
        let layout = layout_of(&self.config.reward, self.data.vocabulary.len(), classes);
        if params.len() != layout.len {
            return Err(Error::new(ErrorCode::Checkpoint, format!("half-made stage: its reward model does not have {} parameters", layout.len), "start the stage again"));
        }
        self.phase = Phase::Sft(Box::new(self.sft_from(at)?));
        self.learned((RewardModel::new(layout, classes, params), quality))
    }

    fn corpus(&self) -> Result<&Corpus> {
        self.data.emotion.as_deref().ok_or_else(|| Error::new(ErrorCode::Data, "this scenario has no texts", "choose `emotion`"))
    }

    fn load_policy(&self, bytes: &[u8]) -> Result<Parameters> {
        let device = self.compute.tensors(self.config.model.policy);
        checkpoint::load(bytes, &self.config.model, self.data.vocabulary.words(), &self.policy.specs(), &device)
    }

    /// Some steps of the reward model; after the last one the reference policy is next.
    pub(super) fn reward(&mut self, mut training: Box<RewardTraining>) -> Result<Vec<Event>> {
        let loss = training.advance(&self.corpus()?.train, SFT_CHUNK);
        let done = training.steps();
        if !loss.is_finite() {
            return Err(Error::new(ErrorCode::Numerics, format!("the reward model diverged at step {done}"), "lower reward.learning_rate"));
        }
        let mut events = vec![Event::Progress(Progress { stage: Stage::RewardModel, done, total: self.config.reward.steps, loss: Some(loss) })];
        if !training.done() {
            self.phase = Phase::Reward(training);
            return Ok(events);
        }
        let model = training.finish();
        let quality = quality(&model, self.corpus()?, self.config.seed);
        events.extend(self.learned((model, quality))?);
        self.phase = match self.given.take() {
            Some(bytes) => self.writing(self.load_policy(&bytes)?)?,
            None => Phase::Sft(Box::new(self.fresh_sft())),
        };
        Ok(events)
    }

    /// Keeps a reward model and says what it makes of texts that it never saw.
    fn learned(&mut self, (model, quality): Learned) -> Result<Vec<Event>> {
        let corpus = self.corpus()?;
        let shown: Vec<Vec<u32>> = corpus.test.iter().take(SHOWN).map(|t| t.tokens.clone()).collect();
        let scores = model.score(&shown);
        let told = Product {
            texts: read(&self.data, corpus, &corpus.test, &scores), quality: Some(quality.clone()), ..product(Stage::RewardModel, corpus)
        };
        if let Some(corpus) = self.data.emotion.as_deref_mut() {
            corpus.judge = Some(Judge { model: model.clone(), rewarded: corpus.rewarded });
        }
        self.made = Some(Made { model, quality, written: [vec![], vec![]] });
        Ok(vec![Event::Product(Box::new(told))])
    }

    /// What follows on the reference policy.
    pub(super) fn after_sft(&self, reference: Parameters) -> Result<Phase> {
        if self.data.emotion.is_some() { self.writing(reference) } else { Ok(Phase::Reference(reference)) }
    }

    fn writing(&self, reference: Parameters) -> Result<Phase> {
        let on_cpu = self.compute.tensors(self.config.model.policy) == Device::flex();
        let Some(gpt) = self.policy.gpt().filter(|_| on_cpu) else {
            return Err(Error::new(ErrorCode::Device, "texts are written by a transformer whose tensors are on the CPU", "use a build with the feature `gpu`, or the CPU"));
        };
        let layout = Layout::of(gpt.shape());
        let params = layout.flatten(&reference).swap_remove(0);
        let writing = Writing::new(&self.config, self.corpus()?, layout, params);
        Ok(Phase::Writing(Box::new((reference, writing))))
    }

    /// Some more prompts answered.
    pub(super) fn write(&mut self, mut at: Box<(Parameters, Writing)>) -> Vec<Event> {
        at.1.advance();
        let (done, total) = at.1.progress();
        self.phase = if done < total {
            Phase::Writing(at)
        } else {
            let (reference, writing) = *at;
            Phase::Label(Box::new((reference, writing.finish())))
        };
        vec![Event::Progress(Progress { stage: Stage::Pairs, done, total, loss: None })]
    }

    /// Scores and labels what was written: the pairs of this run.
    pub(super) fn label(&mut self, (reference, written): (Parameters, [Vec<Written>; 2])) -> Result<Vec<Event>> {
        let corpus = self.corpus()?;
        let judge = corpus.judge.as_ref().ok_or_else(|| Error::new(ErrorCode::Data, "there is no reward model yet", "start again"))?;
        let train = emotion::training(&self.config, corpus, judge, &written[0]);
        let eval = emotion::held_out(&self.config, judge, &written[1]);
        if train.is_empty() || eval.is_empty() {
            return Err(Error::new(ErrorCode::Data, "the reference policy wrote the same text twice for every prompt", "train it longer, or on more texts"));
        }
        let pairs = train.iter().map(|s| self.pair_text(s)).collect();
        let mut events = vec![Event::Product(Box::new(Product { pairs, ..product(Stage::Pairs, corpus) }))];
        if train.len() < self.config.data.pairs {
            let message = format!("Wrote {} different pairs of texts, not {}: the others were the same twice.", train.len(), self.config.data.pairs);
            events.push(Event::Warning(Warning { code: "data".into(), message }));
        }
        self.data.train = train.into_iter().map(|s| s.0).collect();
        self.data.eval = eval.into_iter().map(|s| s.0).collect();
        if let Some(made) = &mut self.made {
            made.written = written;
        }
        let device = self.compute.tensors(self.config.model.policy);
        self.phase = Phase::Reference(match &self.resumed {
            Some(saved) => resume::same_pairs(saved, &self.data.train, &self.policy.specs(), &device)?,
            None => reference,
        });
        Ok(events)
    }

    fn pair_text(&self, (p, rewards): &Scored) -> PairText {
        let v = &self.data.vocabulary;
        PairText {
            prompt: v.decode(&p.prompt), chosen: v.decode(&p.chosen), rejected: v.decode(&p.rejected), group: p.group, flipped: p.flipped,
            rewards: rewards.concat(),
        }
    }
}

fn product(stage: Stage, corpus: &Corpus) -> Product {
    Product { stage, emotions: corpus.classes.clone(), texts: vec![], quality: None, pairs: vec![] }
}

/// The first texts, with what is known of them.
fn read(data: &Dataset, corpus: &Corpus, texts: &[Text], learned: &[Vec<f32>]) -> Vec<ReadText> {
    texts.iter().take(SHOWN).enumerate().map(|(i, t)| ReadText {
        text: data.vocabulary.decode(&t.tokens),
        labels: t.labels.clone(),
        words: corpus.truth.as_ref().map_or_else(Vec::new, |truth| truth.score(&t.tokens)),
        learned: learned.get(i).cloned().unwrap_or_default(),
    }).collect()
}
