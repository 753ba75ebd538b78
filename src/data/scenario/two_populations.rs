//! Two populations: one wants practical advice, the other sympathy; both want careful wording.

use super::advice::{self, Care, Manner};
use super::{GroupAbout, Question, Recipe, ScenarioInfo, words};
use crate::config::Scenario;
use crate::data::{Feature, Vocabulary};
use crate::rng::Stream;

/// What is known of this scenario before any data is drawn.
pub const INFO: ScenarioInfo = ScenarioInfo {
    id: Scenario::TwoPopulations,
    title: "Two populations",
    description: "People ask for advice; most want something to do, some want sympathy, and all want careful wording.",
    groups: &[
        GroupAbout { name: "Practical", wants: "Wants something to do, carefully worded.", weights: &[0.6, 0.4] },
        GroupAbout { name: "Sentimental", wants: "Wants sympathy, carefully worded.", weights: &[-0.6, 0.4] },
    ],
    mix: &[0.9, 0.1],
    knobs: &["mix", "marker", "flip", "labels", "reward_scale"],
};

const OPENINGS: &[&[&str]] = &[&["briefly ,", "quickly ,", "urgently ,"], &["sigh ,", "sadly ,", "tearfully ,"]];

/// The recipe.
pub struct TwoPopulations;

impl Recipe for TwoPopulations {
    fn info(&self) -> &'static ScenarioInfo {
        &INFO
    }

    fn vocabulary(&self) -> Vocabulary {
        words(&[&advice::texts(), &OPENINGS.concat(), advice::CAREFUL_LEADS, advice::CARELESS_LEADS])
    }

    fn features(&self, vocabulary: &Vocabulary) -> Vec<Feature> {
        vec![manner(vocabulary), quality(vocabulary, 2)]
    }

    fn openings(&self) -> &'static [&'static [&'static str]] {
        OPENINGS
    }

    fn question(&self, stream: &mut Stream) -> Question {
        advice::question(stream)
    }

    fn answer(&self, question: &Question, stream: &mut Stream) -> String {
        let (manner, care) = (Manner::draw(stream), Care::draw(stream));
        let lead = care.word(advice::CAREFUL_LEADS, advice::PLAIN_LEADS, advice::CARELESS_LEADS, stream);
        advice::answer(manner, lead, care.adjective(stream), question.topic, stream)
    }
}

/// Practical against sentimental words.
pub fn manner(vocabulary: &Vocabulary) -> Feature {
    let help = "1: only practical words; -1: only sentimental ones.";
    Feature::new(vocabulary, "manner", help, 3, advice::PRACTICAL, advice::SENTIMENTAL)
}

/// Careful against careless words; `full` of them count in full.
pub fn quality(vocabulary: &Vocabulary, full: usize) -> Feature {
    let good = [advice::CAREFUL, advice::CAREFUL_LEADS].concat();
    let bad = [advice::CARELESS, advice::CARELESS_LEADS].concat();
    Feature::new(vocabulary, "quality", "1: worded with care; -1: carelessly.", full, &good, &bad)
}
