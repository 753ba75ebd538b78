//! The learned reward of the emotion experiment: a transformer that says which emotions a text expresses.
//!
//! As in section 7.1 of the paper: texts are joined, up to three at a time, their labels merged; a linear head on the last
//! token gives one sigmoid an emotion, trained by binary cross-entropy. The sigmoids are the rewards.

use crate::order;
use crate::config::{RewardConfig, RunConfig, Schedule, TrainConfig};
use crate::data::emotion::{Corpus, LONGEST, Text, mixed};
use crate::data::vocabulary::{BOS, EOS};
use crate::error::Result;
use crate::event::Stage;
use crate::fused::cpu::adamw::Rate;
use crate::fused::cpu::classifier::{CpuClassifier, layout, probabilities};
use crate::fused::layout::{Layout, Shape};
use crate::policy::Parameters;
use crate::rng::{Stream, Streams};
use crate::train::adamw::learning_rate;
use crate::train::halfway::Halfway;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Texts that are joined at most.
pub const JOINED: usize = 3;
/// Its attention heads.
const HEADS: usize = 4;

/// A trained reward model.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardModel {
    layout: Layout,
    classes: usize,
    params: Vec<f32>,
}

/// Where its parameters lie, over `vocabulary` words and `classes` emotions.
pub fn layout_of(config: &RewardConfig, vocabulary: usize, classes: usize) -> Layout {
    let context = JOINED * LONGEST + 2;
    layout(Shape { width: config.d_model, layers: config.layers, heads: HEADS, context, vocabulary, tied: true }, classes)
}

impl RewardModel {
    /// From its parameters, laid out as [`layout_of`] says.
    pub fn new(layout: Layout, classes: usize, params: Vec<f32>) -> Self {
        Self { layout, classes, params }
    }

    /// Where its parameters lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its parameters.
    pub fn params(&self) -> &[f32] {
        &self.params
    }

    /// Reward of each text under each emotion, `[text][emotion]`, in (0, 1). Texts are token ids without specials.
    pub fn score(&self, texts: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let rows: Vec<Vec<u32>> = texts.iter().map(|t| laid_out(t, self.layout.shape.context)).collect();
        probabilities(&self.layout, self.classes, &self.params, &rows)
    }
}

/// `[BOS] text [EOS]`; a text that is too long loses its end.
fn laid_out(text: &[u32], context: usize) -> Vec<u32> {
    [BOS].into_iter().chain(text.iter().copied().take(context - 2)).chain([EOS]).collect()
}

/// What a text is worth to the groups of a run.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The learned reward.
    pub model: RewardModel,
    /// The emotion of each group, `[group]`.
    pub rewarded: [usize; 2],
}

impl Judge {
    /// The rewards of the two groups for each text, `[text][group]`.
    pub fn score(&self, texts: &[Vec<u32>]) -> Vec<[f32; 2]> {
        self.model.score(texts).into_iter().map(|r| self.rewarded.map(|e| r[e])).collect()
    }
}

/// What the words of each text are worth to the groups, `[text][group]`; none where no word is known.
pub fn true_scores(corpus: &Corpus, texts: &[Vec<u32>]) -> Option<Vec<[f32; 2]>> {
    let truth = corpus.truth.as_ref()?;
    Some(texts.iter().map(|t| {
        let said = truth.score(t);
        corpus.rewarded.map(|e| said[e])
    }).collect())
}

/// Mean mixed reward and its standard error at each α.
pub fn curve(corpus: &Corpus, rewards: &[[f32; 2]], alphas: &[f64]) -> (Vec<f32>, Vec<f32>) {
    alphas.iter().map(|alpha| {
        let values: Vec<f32> = rewards.iter().map(|r| mixed(corpus.mixture, *alpha, *r) as f32).collect();
        crate::eval::groups::mean_se(&values)
    }).unzip()
}

/// Training of a reward model.
pub struct RewardTraining {
    classifier: CpuClassifier,
    layout: Layout,
    classes: usize,
    schedule: TrainConfig,
    batch: usize,
    rng: Stream,
    step: usize,
}

impl RewardTraining {
    /// A fresh model, drawn from the run's seed.
    pub fn new(config: &RunConfig, vocabulary: usize, classes: usize) -> Self {
        let streams = Streams::new(config.seed.into());
        let layout = layout_of(&config.reward, vocabulary, classes);
        let params = Parameters::init(&layout.specs, &mut streams.stream("reward/init"), &Device::flex());
        let params = layout.flatten(&params).swap_remove(0);
        let RewardConfig { steps, learning_rate, batch, .. } = config.reward;
        let schedule = TrainConfig {
            steps, learning_rate, warmup: (steps / 20).max(1), schedule: Schedule::Cosine, weight_decay: 0.01, clip: 1.0,
            ..TrainConfig::default()
        };
        let classifier = CpuClassifier::new(layout.clone(), classes, params);
        Self { classifier, layout, classes, schedule, batch, rng: streams.stream("reward/batches"), step: 0 }
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Whether every step is done.
    pub fn done(&self) -> bool {
        self.step >= self.schedule.steps
    }

    /// Trains `n` steps on `texts`; returns the last loss, nats an emotion.
    pub fn advance(&mut self, texts: &[Text], n: usize) -> f32 {
        let mut loss = f32::NAN;
        for _ in 0..n.min(self.schedule.steps - self.step) {
            let drawn: Vec<(Vec<u32>, Vec<f32>)> = (0..self.batch).map(|_| joined(texts, self.classes, &mut self.rng)).collect();
            let (texts, answers): (Vec<_>, Vec<_>) = drawn.into_iter().unzip();
            let texts: Vec<Vec<u32>> = texts.iter().map(|t| laid_out(t, self.layout.shape.context)).collect();
            let rate = learning_rate(self.schedule.learning_rate, &self.schedule, self.step);
            let rate = Rate { learning_rate: rate, weight_decay: self.schedule.weight_decay, clip: self.schedule.clip };
            loss = self.classifier.step(&texts, &answers.concat(), rate);
            self.step += 1;
        }
        loss
    }

    /// All that [`Self::go_on`] needs.
    pub fn halfway(&self) -> Halfway {
        Halfway { stage: Stage::RewardModel, step: self.step, position: self.rng.position(), state: self.classifier.state(), reward: None }
    }

    /// Takes a fresh training up where `at` was left.
    ///
    /// # Errors
    /// Where it does not fit; nothing is changed then.
    pub fn go_on(&mut self, at: Halfway) -> Result<()> {
        self.classifier.restore(at.state)?;
        self.rng.seek(at.position);
        self.step = at.step;
        Ok(())
    }

    /// The trained model.
    pub fn finish(self) -> RewardModel {
        RewardModel { params: self.classifier.params().to_vec(), layout: self.layout, classes: self.classes }
    }
}

/// One to three texts end to end, and which emotions any of them expresses, `[emotion]`, 0 or 1.
fn joined(texts: &[Text], classes: usize, rng: &mut Stream) -> (Vec<u32>, Vec<f32>) {
    let (mut tokens, mut answers) = (Vec::new(), vec![0.0; classes]);
    for _ in 0..=rng.below(JOINED) {
        let text = rng.pick(texts);
        tokens.extend(&text.tokens);
        text.labels.iter().for_each(|l| answers[*l] = 1.0);
    }
    (tokens, answers)
}

/// How good a reward model is, on texts that it never saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RewardQuality {
    /// Share of joined texts of which every emotion is told right (threshold ½).
    pub accuracy: f32,
    /// Share of single answers that are right.
    pub answers: f32,
    /// Area under the ROC curve, mean over emotions.
    pub auc: f32,
    /// Spearman rank correlation with what the words say, on single texts, mean over emotions; absent for own texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub rank: Option<f32>,
    /// Texts that it was tested on.
    pub tested: usize,
}

/// Tests `model` on the held-out texts of `corpus`: joined as in training, and single ones against the truth.
pub fn quality(model: &RewardModel, corpus: &Corpus, seed: u32) -> RewardQuality {
    let (classes, n) = (corpus.classes.len(), corpus.test.len().min(2_000));
    let mut rng = Streams::new(seed.into()).stream("reward/test");
    let (texts, answers): (Vec<_>, Vec<_>) = (0..n).map(|_| joined(&corpus.test, classes, &mut rng)).unzip();
    let scores = model.score(&texts);
    let right = |s: &[f32], a: &[f32]| s.iter().zip(a).filter(|(s, a)| (**s > 0.5) == (**a > 0.5)).count();
    let each: Vec<usize> = scores.iter().zip(&answers).map(|(s, a)| right(s, a)).collect();
    let column = |rows: &[Vec<f32>], e: usize| rows.iter().map(|r| r[e]).collect::<Vec<f32>>();
    let aucs: Vec<f64> = (0..classes).filter_map(|e| auc(&column(&scores, e), &column(&answers, e))).collect();
    let rank = corpus.truth.as_ref().map(|truth| {
        let single: Vec<Vec<u32>> = corpus.test.iter().take(n).map(|t| t.tokens.clone()).collect();
        let (learned, said) = (model.score(&single), single.iter().map(|t| truth.score(t)).collect::<Vec<_>>());
        (0..classes).map(|e| spearman(&column(&learned, e), &column(&said, e))).sum::<f64>() / classes as f64
    });
    RewardQuality {
        accuracy: each.iter().filter(|r| **r == classes).count() as f32 / n.max(1) as f32,
        answers: each.iter().sum::<usize>() as f32 / (n * classes).max(1) as f32,
        auc: (aucs.iter().sum::<f64>() / aucs.len().max(1) as f64) as f32,
        rank: rank.map(|r| r as f32),
        tested: n,
    }
}

/// Ranks from 1, ties sharing their mean.
fn ranks(values: &[f32]) -> Vec<f64> {
    let order = order::indices(values.len(), &|a, b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let end = at + order[at..].iter().take_while(|i| values[**i] == values[order[at]]).count();
        order[at..end].iter().for_each(|i| ranks[*i] = (at + 1 + end) as f64 / 2.0);
        at = end;
    }
    ranks
}

/// Probability that a yes scores above a no, ties half; none where one of them is missing.
pub fn auc(scores: &[f32], answers: &[f32]) -> Option<f64> {
    let yes = answers.iter().filter(|a| **a > 0.5).count() as f64;
    let no = answers.len() as f64 - yes;
    let sum: f64 = ranks(scores).iter().zip(answers).filter(|(_, a)| **a > 0.5).map(|(r, _)| r).sum();
    (yes > 0.0 && no > 0.0).then(|| (sum - yes * (yes + 1.0) / 2.0) / (yes * no))
}

/// Spearman's rank correlation, ties sharing their mean rank; 0 where one side does not vary.
pub fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let scale = (sum(&a, &a) * sum(&b, &b)).sqrt();
    if scale > 0.0 { sum(&a, &b) / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scenario;

    #[test]
    fn ranks_areas_and_correlations_by_hand() {
        assert_eq!(ranks(&[0.3, 0.1, 0.3, 0.9]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]), Some(0.75));
        assert_eq!(auc(&[0.5; 4], &[0.0, 1.0, 1.0, 0.0]), Some(0.5));
        assert_eq!(auc(&[0.5; 2], &[1.0, 1.0]), None);
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 8.0, 27.0, 64.0]) - 1.0).abs() < 1e-12);
        assert!((spearman(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]) + 0.5).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn it_learns_the_emotions_of_texts_that_it_never_saw() {
        let config = RunConfig::for_scenario(Scenario::Emotion);
        let data = crate::data::build(&config, None).expect("data");
        let corpus = data.emotion.as_deref().expect("texts");
        let train = |config: &RunConfig| {
            let mut training = RewardTraining::new(config, data.vocabulary.len(), corpus.classes.len());
            let start = std::time::Instant::now();
            while !training.done() {
                training.advance(&corpus.train, 50);
            }
            println!("{:.1} s", start.elapsed().as_secs_f32());
            training.finish()
        };
        let model = train(&config);
        let quality = quality(&model, corpus, 1);
        println!("{quality:?}, {} parameters", model.params.len());
        assert!(quality.accuracy > 0.7 && quality.answers > 0.9 && quality.auc > 0.97, "{quality:?}");
        assert!(quality.rank.is_some_and(|r| r > 0.7), "{quality:?}");
        let short = RunConfig { reward: RewardConfig { steps: 20, ..config.reward.clone() }, ..config };
        assert_eq!(train(&short), train(&short), "the same run gives the same bytes");
    }
}
