//! From what the reference policy wrote to preference pairs: two completions a prompt, scored, mixed at α₀ and labeled.

use super::mix::mixed;
use super::{Corpus, Text, example};
use crate::config::RunConfig;
use crate::data::scenario::{first_wins, flips};
use crate::data::PreferencePair;
use crate::reward::Judge;
use crate::rng::Streams;

/// A prompt and two completions of the reference policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The first words of a text.
    pub prompt: Vec<u32>,
    /// Two completions, token ids without specials.
    pub completions: [Vec<u32>; 2],
}

impl Written {
    /// The two whole texts.
    pub fn texts(&self) -> [Vec<u32>; 2] {
        [0, 1].map(|i| [self.prompt.as_slice(), &self.completions[i]].concat())
    }
}

/// Held-out prompts a wanted pair: many pairs of completions differ too little in one emotion to tell which has more.
const CANDIDATES: usize = 4;
/// Held-out pairs differ at least by this much in the reward that labels them, where there are enough such.
const CLEAR: f32 = 0.1;

/// The prompts that the reference policy is asked, for training and held out; the same on every machine.
pub fn prompts(config: &RunConfig, corpus: &Corpus) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    let streams = Streams::new(config.seed.into());
    let drawn = |name: &str, texts: &[Text], n: usize| {
        let mut stream = streams.stream(name);
        (0..n).map(|_| example(stream.pick(texts)).prompt).collect::<Vec<_>>()
    };
    // Where both completions are the same there is nothing to compare: some more are asked.
    let train = drawn("emotion/prompts/train", &corpus.train, config.data.pairs + config.data.pairs / 8 + 16);
    (train, drawn("emotion/prompts/eval", &corpus.test, CANDIDATES * config.data.eval_pairs))
}

/// A labeled pair with the rewards of its two answers, `[chosen, rejected][group]`.
pub type Scored = (PreferencePair, [[f32; 2]; 2]);

/// Training pairs, labeled by the mixed reward at α₀ = `data.mix[1]` (Bradley–Terry or arg-max, then flips).
///
/// A pair's group is the emotion that the label favors: the one of which the chosen answer has more, compared to the other.
pub fn training(config: &RunConfig, corpus: &Corpus, judge: &Judge, written: &[Written]) -> Vec<Scored> {
    let (data, streams) = (&config.data, Streams::new(config.seed.into()));
    let flipped = flips(data.flip, data.pairs, &mut streams.stream("data/flip"));
    let usable: Vec<(usize, &Written)> = written.iter().enumerate().filter(|(_, w)| w.completions[0] != w.completions[1]).take(data.pairs).collect();
    let rewards = judge.score(&usable.iter().flat_map(|(_, w)| w.texts()).collect::<Vec<_>>());
    usable.iter().zip(rewards.chunks_exact(2)).zip(flipped).map(|(((i, w), r), flip)| {
        let [a, b] = [r[0], r[1]].map(|r| mixed(corpus.mixture, data.mix[1], r) as f32);
        let first = first_wins(data.labels, data.reward_scale, a, b, &mut streams.stream(&format!("emotion/label/{i}")));
        pair(w, [r[0], r[1]], first != flip, flip, None)
    }).collect()
}

/// Held-out pairs, `data.eval_pairs` of each group, labeled by that group's own reward.
pub fn held_out(config: &RunConfig, judge: &Judge, written: &[Written]) -> Vec<Scored> {
    let usable: Vec<&Written> = written.iter().filter(|w| w.completions[0] != w.completions[1]).collect();
    let rewards = judge.score(&usable.iter().flat_map(|w| w.texts()).collect::<Vec<_>>());
    let scored: Vec<(&Written, [[f32; 2]; 2])> = usable.into_iter().zip(rewards.chunks_exact(2)).map(|(w, r)| (w, [r[0], r[1]])).collect();
    [0, 1].into_iter().flat_map(|g| {
        let gap = |r: &[[f32; 2]; 2]| (r[0][g] - r[1][g]).abs();
        let (clear, vague): (Vec<_>, Vec<_>) = scored.iter().copied().partition(|(_, r)| gap(r) >= CLEAR);
        let all = clear.into_iter().chain(vague).take(config.data.eval_pairs);
        all.map(|(w, r)| pair(w, r, r[0][g] > r[1][g], false, Some(g))).collect::<Vec<_>>()
    }).collect()
}

fn pair(w: &Written, rewards: [[f32; 2]; 2], first: bool, flipped: bool, group: Option<usize>) -> Scored {
    let [a, b] = w.completions.clone();
    let (chosen, rejected, rewards) = if first { (a, b, rewards) } else { (b, a, [rewards[1], rewards[0]]) };
    let favors = |g: usize| rewards[0][g] - rewards[1][g];
    let group = group.unwrap_or(usize::from(favors(1) > favors(0)));
    (PreferencePair { prompt: w.prompt.clone(), chosen, rejected, group, flipped, confidence: 1.0 }, rewards)
}
