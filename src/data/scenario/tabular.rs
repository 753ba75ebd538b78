//! Tabular: one prompt, two answers, a share of users who always prefer the second. Solved in closed form,
//! so every method can be checked against a number.

use super::draw::{assign, counts};
use super::{GroupAbout, ScenarioInfo, assemble};
use crate::config::{RunConfig, Scenario};
use crate::data::{Dataset, Example, Feature, PreferencePair, RewardTable, Vocabulary};
use crate::event::GroupInfo;
use crate::rng::Streams;

/// What is known of this scenario before any data is drawn.
pub const INFO: ScenarioInfo = ScenarioInfo {
    id: Scenario::Tabular,
    title: "One question",
    description: "One question with two answers: a share of users always prefers the second, so every method has an exact end point.",
    groups: &[
        GroupAbout { name: "Yes", wants: "Always prefers yes.", weights: &[1.0] },
        GroupAbout { name: "No", wants: "Always prefers no.", weights: &[-1.0] },
    ],
    mix: &[0.9, 0.1],
    knobs: &["mix"],
};

/// The one prompt.
pub const PROMPT: &str = "shall we meet in person ?";
/// The two answers: group 0 prefers the first, group 1 the second.
pub const ANSWERS: [&str; 2] = ["yes", "no"];

/// The data set; labels are never noisy, and the mix is met exactly.
pub fn build(config: &RunConfig) -> Dataset {
    let data = &config.data;
    let vocabulary = Vocabulary::new(Vocabulary::split(PROMPT).into_iter().chain(ANSWERS.map(String::from)));
    let (prompt, answers) = (vocabulary.encode(PROMPT), ANSWERS.map(|a| vocabulary.encode(a)));
    let pair = |group: usize| PreferencePair {
        prompt: prompt.clone(),
        chosen: answers[group].clone(),
        rejected: answers[1 - group].clone(),
        group,
        flipped: false,
        confidence: 1.0,
    };
    let sizes = counts(&data.mix, data.pairs);
    let members = assign(&sizes, &mut Streams::new(config.seed.into()).stream("data/group"));
    let feature = Feature::new(&vocabulary, "answer", "1: yes; -1: no.", 1, &ANSWERS[..1], &ANSWERS[1..]);
    let groups = INFO.groups.iter().zip(&sizes).map(|(g, &n)| GroupInfo {
        name: g.name.into(),
        wants: g.wants.into(),
        share: n as f64 / data.pairs.max(1) as f64,
    });
    let ignored = [("data.flip", data.flip), ("data.marker", data.marker)].into_iter().filter(|(_, value)| *value > 0.0);
    Dataset {
        emotion: None,
        groups: groups.collect(),
        train: members.into_iter().map(pair).collect(),
        eval: (0..2).flat_map(|g| std::iter::repeat_n(g, data.eval_pairs)).map(pair).collect(),
        prompts: vec![vec![prompt.clone(); assemble::PROMPTS]; 2],
        // Balanced exactly: the reference says yes and no equally often.
        corpus: (0..assemble::CORPUS).map(|i| Example { prompt: prompt.clone(), completion: answers[i % 2].clone() }).collect(),
        reward: Some(RewardTable { features: vec![feature], weights: INFO.groups.iter().map(|g| g.weights.to_vec()).collect() }),
        notices: ignored.map(|(field, _)| format!("{field} has no effect in this scenario: its labels are exact.")).collect(),
        vocabulary,
    }
}
