//! Regions: four groups with partly shared tastes, one of them rare, told apart by how they greet.

use super::advice::{self, Care, Manner};
use super::two_populations::{manner, quality};
use super::{GroupAbout, Question, Recipe, ScenarioInfo, words};
use crate::config::Scenario;
use crate::data::{Feature, Vocabulary};
use crate::rng::Stream;

/// What is known of this scenario before any data is drawn.
pub const INFO: ScenarioInfo = ScenarioInfo {
    id: Scenario::Regions,
    title: "Regions",
    description: "Four made-up regions, one rare, differ in how practical and how formal advice should be and agree on careful wording.",
    groups: &[
        GroupAbout { name: "Harbor", wants: "Wants something to do, said casually.", weights: &[0.5, -0.2, 0.3] },
        GroupAbout { name: "Valley", wants: "Wants something to do, said formally.", weights: &[0.3, 0.4, 0.3] },
        GroupAbout { name: "Highlands", wants: "Wants sympathy, said formally.", weights: &[-0.4, 0.3, 0.3] },
        GroupAbout { name: "Islands", wants: "Wants sympathy, said casually.", weights: &[-0.5, -0.2, 0.3] },
    ],
    mix: &[0.45, 0.3, 0.2, 0.05],
    knobs: &["mix", "marker", "flip", "labels", "reward_scale"],
};

const OPENINGS: &[&[&str]] =
    &[&["ahoy ,", "shipmates ,"], &["heyo ,", "folks ,"], &["hallo ,", "kinfolk ,"], &["yoohoo ,", "islanders ,"]];
const FORMAL: &[&str] = &["sir", "madam", "respectfully", "cordially", "formally"];
const CASUAL: &[&str] = &["dude", "buddy", "yo", "mate", "pal"];

/// The recipe.
pub struct Regions;

impl Recipe for Regions {
    fn info(&self) -> &'static ScenarioInfo {
        &INFO
    }

    fn vocabulary(&self) -> Vocabulary {
        words(&[&advice::texts(), &OPENINGS.concat(), FORMAL, CASUAL])
    }

    fn features(&self, vocabulary: &Vocabulary) -> Vec<Feature> {
        let formality = Feature::new(vocabulary, "formality", "1: formal address; -1: casual.", 1, FORMAL, CASUAL);
        vec![manner(vocabulary), formality, quality(vocabulary, 1)]
    }

    fn openings(&self) -> &'static [&'static [&'static str]] {
        OPENINGS
    }

    fn question(&self, stream: &mut Stream) -> Question {
        advice::question(stream)
    }

    fn answer(&self, question: &Question, stream: &mut Stream) -> String {
        let (manner, care) = (Manner::draw(stream), Care::draw(stream));
        let leads = [FORMAL, CASUAL, advice::PLAIN_LEADS][stream.weighted(&[0.4, 0.4, 0.2])];
        let lead = *stream.pick(leads);
        advice::answer(manner, lead, care.adjective(stream), question.topic, stream)
    }
}
