//! From a recipe to a data set: groups, prompts, labels, flips, held-out pairs, corpus.
//!
//! Every item has its own random streams, so that changing the mix, the marker, the flips or the labels
//! changes what it says and nothing else.

use super::draw::{assign, counts, first_wins, flips, preference, tied};
use super::{Question, Recipe};
use crate::config::{Labels, RunConfig};
use crate::data::{Dataset, Example, PreferencePair, RewardTable, Vocabulary};
use crate::event::GroupInfo;
use crate::rng::Streams;

/// Openings that say nothing of the group.
pub const NEUTRAL: &[&str] = &["hello ,", "hi ,", "so ,", "well ,", "okay ,", "listen ,"];
/// Prompts to sample for, per group.
pub const PROMPTS: usize = 256;
/// Examples the reference policy is trained on.
pub const CORPUS: usize = 4_000;

struct Assembler<'a> {
    config: &'a RunConfig,
    recipe: &'a dyn Recipe,
    streams: Streams,
    vocabulary: Vocabulary,
    reward: RewardTable,
}

/// Draws the data set of `config` by `recipe`.
pub fn assemble(config: &RunConfig, recipe: &dyn Recipe) -> Dataset {
    let about = recipe.info();
    let vocabulary = recipe.vocabulary();
    let weights = about.groups.iter().map(|g| g.weights.to_vec()).collect();
    let reward = RewardTable { features: recipe.features(&vocabulary), weights };
    let assembler = Assembler { config, recipe, streams: Streams::new(config.seed.into()), vocabulary, reward };

    let data = &config.data;
    let sizes = counts(&data.mix, data.pairs);
    let members = assign(&sizes, &mut assembler.streams.stream("data/group"));
    let flipped = flips(data.flip, data.pairs, &mut assembler.streams.stream("data/flip"));
    let train = members.iter().zip(flipped).enumerate().map(|(i, (&g, flip))| assembler.train_pair(i, g, flip)).collect();
    let all = 0..about.groups.len();
    let eval =
        all.clone().flat_map(|g| (0..data.eval_pairs).map(move |i| (g, i))).map(|(g, i)| assembler.eval_pair(i, g)).collect();
    let prompts = all.map(|g| (0..PROMPTS).map(|i| assembler.sampling_prompt(i, g)).collect()).collect();
    let corpus = (0..CORPUS).map(|i| assembler.example(i)).collect();

    let share = |n: usize| n as f64 / data.pairs.max(1) as f64;
    let groups = about.groups.iter().zip(&sizes);
    let groups = groups.map(|(g, &n)| GroupInfo { name: g.name.into(), wants: g.wants.into(), share: share(n) }).collect();
    let Assembler { vocabulary, reward, .. } = assembler;
    Dataset { vocabulary, groups, train, eval, prompts, corpus, reward: Some(reward), emotion: None, notices: Vec::new() }
}

impl Assembler<'_> {
    fn train_pair(&self, i: usize, group: usize, flip: bool) -> PreferencePair {
        let data = &self.config.data;
        let redraw = data.labels == Labels::ArgMax;
        let mut pair = self.pair(&format!("data/train/{i}"), group, redraw, |a, b| {
            first_wins(data.labels, data.reward_scale, a, b, &mut self.streams.stream(&format!("data/label/{i}")))
        });
        if flip {
            std::mem::swap(&mut pair.chosen, &mut pair.rejected);
        }
        PreferencePair { flipped: flip, ..pair }
    }

    fn eval_pair(&self, i: usize, group: usize) -> PreferencePair {
        self.pair(&format!("data/eval/{group}/{i}"), group, true, |a, b| a > b)
    }

    /// A pair whose label `wins` decides from the rewards of both answers; ties are redrawn if asked.
    fn pair(&self, name: &str, group: usize, redraw: bool, wins: impl FnOnce(f32, f32) -> bool) -> PreferencePair {
        let mut stream = self.streams.stream(name);
        let question = self.recipe.question(&mut stream);
        let (a, b, ra, rb) = loop {
            let (a, b) = self.recipe.answers(&question, group, &mut stream);
            let (a, b) = (self.vocabulary.encode(&a), self.vocabulary.encode(&b));
            let (ra, rb) = (self.reward.score(group, &a), self.reward.score(group, &b));
            // Two equal answers would be no comparison at all.
            if a != b && !(redraw && tied(ra, rb)) {
                break (a, b, ra, rb);
            }
        };
        let prompt = self.prompt(name, group, &question);
        let (chosen, rejected) = if wins(ra, rb) { (a, b) } else { (b, a) };
        // How clear the pair is to those who label it: at least ½, and a label that was flipped looks as sure as it did.
        let confidence = preference(self.config.data.reward_scale, ra.max(rb), ra.min(rb)) as f32;
        PreferencePair { prompt, chosen, rejected, group, flipped: false, confidence }
    }

    /// The question with an opening that tells the group as often as the config says.
    fn prompt(&self, name: &str, group: usize, question: &Question) -> Vec<u32> {
        let mut stream = self.streams.stream(&format!("{name}/opening"));
        let (neutral, telling) = (*stream.pick(NEUTRAL), *stream.pick(self.recipe.openings()[group]));
        let opening = if stream.chance(self.config.data.marker) { telling } else { neutral };
        self.vocabulary.encode(&format!("{opening} {}", question.body))
    }

    fn sampling_prompt(&self, i: usize, group: usize) -> Vec<u32> {
        let name = format!("data/prompts/{group}/{i}");
        let question = self.recipe.question(&mut self.streams.stream(&name));
        self.prompt(&name, group, &question)
    }

    /// The reference policy sees every opening, half of them neutral, whatever the mix and the marker: it knows
    /// the words and nothing of who wants what.
    fn example(&self, i: usize) -> Example {
        let mut stream = self.streams.stream(&format!("data/corpus/{i}"));
        let openings = self.recipe.openings();
        let telling = openings[stream.below(openings.len())];
        let neutral = stream.chance(0.5);
        let opening = *stream.pick(if neutral { NEUTRAL } else { telling });
        let question = self.recipe.question(&mut stream);
        let completion = self.vocabulary.encode(&self.recipe.answer(&question, &mut stream));
        Example { prompt: self.vocabulary.encode(&format!("{opening} {}", question.body)), completion }
    }
}
