//! Group reward functions: simple sums over words, so that they can be read, plotted and checked.
//!
//! A reward sees which marked words a text holds, not its grammar and not how often it says them, so a
//! policy cannot raise it by repeating itself.

use super::Vocabulary;
use serde::{Deserialize, Serialize};

/// A word that counts for a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MarkedWord {
    /// The word.
    pub word: String,
    /// Its token id.
    pub token: u32,
    /// What it says of the feature, -1 to 1.
    pub value: f32,
}

/// Something a group may care about, read off the words of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Feature {
    /// Short name.
    pub name: String,
    /// One sentence: what 1 and -1 mean.
    pub help: String,
    /// Words that count.
    pub words: Vec<MarkedWord>,
    /// Different marked words that an answer needs for the full value.
    pub full: usize,
}

impl Feature {
    /// A feature from the words that say 1 and the words that say -1; words outside the vocabulary are left out.
    pub fn new(vocabulary: &Vocabulary, name: &str, help: &str, full: usize, plus: &[&str], minus: &[&str]) -> Self {
        let mark = |value: f32| {
            move |word: &&str| vocabulary.id(word).map(|token| MarkedWord { word: (*word).to_string(), token, value })
        };
        let words = plus.iter().filter_map(mark(1.0)).chain(minus.iter().filter_map(mark(-1.0))).collect();
        Self { name: name.into(), help: help.into(), words, full }
    }

    /// Sum of the values of the different marked words present, over their number or [`Feature::full`],
    /// whichever is larger; 0 where none is present. Always in [-1, 1].
    pub fn value(&self, completion: &[u32]) -> f32 {
        let present = || self.words.iter().filter(|w| completion.contains(&w.token));
        let sum: f32 = present().map(|w| w.value.clamp(-1.0, 1.0)).sum();
        // An empty sum is -0; adding 0 takes the sign away.
        (sum / present().count().max(self.full).max(1) as f32).clamp(-1.0, 1.0) + 0.0
    }
}

/// r_g(completion) = Σ over features of `weights[g][feature]` × feature value, clipped to [-1, 1].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RewardTable {
    /// What can be cared about.
    pub features: Vec<Feature>,
    /// How much each group cares, `weights[group][feature]`.
    pub weights: Vec<Vec<f32>>,
}

impl RewardTable {
    /// The reward of any text, grammatical or not, under the taste of `group`; 0 for a group that is not there.
    pub fn score(&self, group: usize, completion: &[u32]) -> f32 {
        let Some(weights) = self.weights.get(group) else { return 0.0 };
        weights.iter().zip(&self.features).map(|(w, f)| w * f.value(completion)).sum::<f32>().clamp(-1.0, 1.0)
    }

    /// The value of every feature, by name.
    pub fn features(&self, completion: &[u32]) -> Vec<(&str, f32)> {
        self.features.iter().map(|f| (f.name.as_str(), f.value(completion))).collect()
    }

    /// The value of one feature by its name.
    pub fn feature(&self, name: &str, completion: &[u32]) -> Option<f32> {
        self.features.iter().find(|f| f.name == name).map(|f| f.value(completion))
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> (Vocabulary, RewardTable) {
        let v = Vocabulary::new(["list", "plan", "call", "heart", "tears", "clear", "vague", "the"]);
        let manner = Feature::new(&v, "manner", "", 2, &["list", "plan", "call"], &["heart", "tears"]);
        let quality = Feature::new(&v, "quality", "", 1, &["clear"], &["vague"]);
        (v, RewardTable { features: vec![manner, quality], weights: vec![vec![0.6, 0.4], vec![-0.6, 0.4]] })
    }

    #[test]
    fn values_can_be_checked_by_hand() {
        let (v, table) = table();
        let score = |g, text: &str| table.score(g, &v.encode(text));
        assert_eq!(score(0, "the list , call the plan , clear"), 1.0);
        assert!((score(1, "the list , call the plan , clear") + 0.2).abs() < 1e-6);
        assert!((score(0, "list") - 0.3).abs() < 1e-6, "one marked word of two gives half");
        assert!((score(0, "list heart") - 0.0).abs() < 1e-6, "mixed manners cancel");
        assert_eq!(score(0, ""), 0.0);
        assert_eq!(score(7, "list plan"), 0.0);
        assert_eq!(table.features(&v.encode("heart tears vague")), [("manner", -1.0), ("quality", -1.0)]);
        assert_eq!(table.feature("quality", &v.encode("clear")), Some(1.0));
    }

    #[test]
    fn repeating_a_word_gains_nothing() {
        let (v, table) = table();
        assert_eq!(table.score(0, &v.encode("list list list list clear")), table.score(0, &v.encode("list clear")));
    }

    proptest! {
        #[test]
        fn scores_stay_bounded(
            tokens in proptest::collection::vec(any::<u32>().prop_map(|t| t % 16), 0..40),
            weights in proptest::collection::vec(-9.0_f32..9.0, 0..4),
            values in proptest::collection::vec(-3.0_f32..3.0, 0..9),
            full in 0_usize..5,
        ) {
            let words = values.iter().enumerate().map(|(i, v)| MarkedWord { word: String::new(), token: i as u32 / 2, value: *v });
            let feature = Feature { name: "f".into(), help: String::new(), words: words.collect(), full };
            let table = RewardTable { features: vec![feature; 2], weights: vec![weights] };
            let score = table.score(0, &tokens);
            prop_assert!((-1.0..=1.0).contains(&score), "{score}");
            prop_assert!(table.features(&tokens).iter().all(|(_, v)| (-1.0..=1.0).contains(v)));
        }
    }
}
