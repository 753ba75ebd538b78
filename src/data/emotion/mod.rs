//! The paper's emotion experiment (Xu et al., section 7.1): texts that express emotions, of which two are rewarded.
//!
//! The built-in corpus is our own grammar over our own lexicon, so that what a text truly expresses is known word by word;
//! a file of the user's own ([`own`]) runs through the same stages without that.

pub mod grammar;
pub mod lexicon;
mod mix;
pub mod own;
mod pairs;

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;

use super::scenario::{GroupAbout, ScenarioInfo};
use super::{Dataset, Example, Vocabulary};
use crate::order;
use crate::config::{Mixture, RunConfig, Scenario};
use crate::error::{Error, Result};
use crate::event::GroupInfo;
use crate::reward::Judge;
use crate::rng::Streams;
pub use mix::{ALPHAS, mixed};
pub use pairs::{Scored, Written, held_out, prompts, training};
use std::collections::HashSet;

/// What is known of this scenario before any data is drawn.
pub const INFO: ScenarioInfo = ScenarioInfo {
    id: Scenario::Emotion,
    title: "Emotion",
    description: "Short texts about how someone feels; two emotions are rewarded, and the people's taste moves from one to the other.",
    groups: &[
        GroupAbout { name: "Fear", wants: "Wants texts that express fear.", weights: &[1.0, 0.0] },
        GroupAbout { name: "Anger", wants: "Wants texts that express anger.", weights: &[0.0, 1.0] },
    ],
    mix: &[0.9, 0.1],
    knobs: &["mix", "flip", "labels", "reward_scale"],
};

/// Texts drawn for the built-in corpus; repetitions are left out.
pub const DRAWN: usize = 26_000;
/// One text in so many is kept for testing and for prompts that training never saw.
const HELD_OUT: usize = 6;
/// Words of a text that make its prompt (section 7.1: four tokens).
pub const PROMPT: usize = 4;
/// Most words of a text; what follows is cut.
pub const LONGEST: usize = 22;

/// A text and which classes it was written for.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Token ids, no specials.
    pub tokens: Vec<u32>,
    /// The classes that it expresses, as said by who wrote it, ascending.
    pub labels: Vec<usize>,
}

/// Labeled texts.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// What the reward model and the reference policy are trained on.
    pub train: Vec<Text>,
    /// Held out: tests of the reward model, prompts of evaluations.
    pub test: Vec<Text>,
    /// What words truly express; none for the user's own texts.
    pub truth: Option<Truth>,
    /// The class of each group (index into `classes`): the one that training emphasizes, then the other.
    pub rewarded: [usize; 2],
    /// How two rewards become one.
    pub mixture: Mixture,
    /// The learned reward, once it is there.
    pub judge: Option<Judge>,
}

/// Strengths of words, by token id.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth(Vec<[f32; lexicon::N]>);

impl Truth {
    /// Strengths of the lexicon's words over `vocabulary`.
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let mut by_token = vec![[0.0; lexicon::N]; vocabulary.len()];
        for (word, strengths) in lexicon::strengths() {
            if let Some(token) = vocabulary.id(word) {
                by_token[token as usize] = strengths;
            }
        }
        Self(by_token)
    }

    /// r_e = 1 − Π (1 − v) over the different words of a text, `[emotion]`, each in [0, 1].
    pub fn score(&self, tokens: &[u32]) -> Vec<f32> {
        let mut without = [1.0_f32; lexicon::N];
        for token in tokens.iter().collect::<HashSet<_>>() {
            let Some(strengths) = self.0.get(*token as usize) else { continue };
            without.iter_mut().zip(strengths).for_each(|(w, v)| *w *= 1.0 - v);
        }
        without.iter().map(|w| 1.0 - w).collect()
    }

    /// Strengths of a word, `[emotion]`.
    pub fn of(&self, token: u32) -> &[f32] {
        self.0.get(token as usize).map_or(&[], |s| s)
    }
}

/// Every word of the built-in corpus, in an order that no setting changes.
pub fn vocabulary() -> Vocabulary {
    let emotional = lexicon::ADJECTIVES.concat().into_iter().chain(lexicon::SHARED_ADJECTIVES.iter().map(|(w, _)| *w));
    let rest = [lexicon::URGES.concat(), lexicon::NOUNS.concat(), lexicon::OCCASIONS.concat(), grammar::banks().concat()].concat();
    let words = rest.into_iter().flat_map(|text| text.split(' ').filter(|w| !w.starts_with('{')));
    Vocabulary::new(emotional.chain(words))
}

/// The built-in corpus of `config`, without repetitions, split into texts to train on and texts held out.
fn built_in(config: &RunConfig, vocabulary: &Vocabulary) -> (Vec<Text>, Vec<Text>) {
    let mut stream = Streams::new(config.seed.into()).stream("emotion/corpus");
    let mut seen = HashSet::new();
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for _ in 0..DRAWN {
        let (text, mut labels) = grammar::sentence(&mut stream);
        let mut tokens = vocabulary.encode(&text);
        tokens.truncate(LONGEST);
        order::sort(&mut labels, Ord::cmp);
        if tokens.len() > PROMPT && seen.insert(tokens.clone()) {
            let side = if seen.len() % HELD_OUT == 0 { &mut test } else { &mut train };
            side.push(Text { tokens, labels });
        }
    }
    (train, test)
}

/// The data of a run, up to what the reference policy writes: pairs are made later, by the run itself.
pub fn build(config: &RunConfig) -> Result<Dataset> {
    let vocabulary = vocabulary();
    let (train, test) = built_in(config, &vocabulary);
    let truth = Some(Truth::new(&vocabulary));
    let classes = lexicon::EMOTIONS.map(String::from).to_vec();
    let notices = vec![format!("{} different texts to learn from and {} held out, in {} words.", train.len(), test.len(), vocabulary.len())];
    dataset(config, vocabulary, classes, (train, test), truth, notices)
}

/// Prompts, examples and groups over given texts.
fn dataset(
    config: &RunConfig, vocabulary: Vocabulary, classes: Vec<String>, (train, test): (Vec<Text>, Vec<Text>), truth: Option<Truth>,
    notices: Vec<String>,
) -> Result<Dataset> {
    let class = |i: usize| {
        let name = &config.data.emotions[i];
        classes.iter().position(|c| c == name).ok_or_else(|| {
            Error::config(&format!("data.emotions[{i}]"), format!("`{name}` is not among the texts"), format!("one of {}", classes.join(", ")))
        })
    };
    let rewarded = [class(0)?, class(1)?];
    let shares = &config.data.mix;
    let groups = rewarded.iter().zip(shares).map(|(c, share)| {
        let name = &classes[*c];
        let capital: String = name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
        GroupInfo { name: capital, wants: format!("Wants texts that express {name}."), share: *share }
    }).collect();
    let corpus = train.iter().filter(|t| t.tokens.len() > PROMPT).map(example).collect();
    let prompts: Vec<Vec<u32>> = test.iter().filter(|t| t.tokens.len() > PROMPT).map(|t| example(t).prompt).collect();
    let emotion = Corpus { classes, train, test, truth, rewarded, mixture: config.data.mixture, judge: None };
    // Both groups are asked the same, in another order: what differs is whose reward counts.
    let mut turned = prompts.clone();
    turned.rotate_left(prompts.len() / 2);
    let prompts = vec![prompts, turned];
    Ok(Dataset { vocabulary, groups, train: vec![], eval: vec![], prompts, corpus, reward: None, emotion: Some(Box::new(emotion)), notices })
}

/// A text as the reference policy sees it: its first words are the prompt.
pub fn example(text: &Text) -> Example {
    let (prompt, completion) = text.tokens.split_at(PROMPT.min(text.tokens.len()));
    Example { prompt: prompt.to_vec(), completion: completion.to_vec() }
}
