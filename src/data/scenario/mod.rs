//! Built-in scenarios: where preference pairs come from when they are not the user's own.
//!
//! A scenario says what prompts and answers look like and what each group rewards ([`Recipe`]); everything
//! that scenarios share (groups, labels, flips, held-out pairs, corpus) is in `assemble.rs`.

mod advice;
mod assemble;
mod draw;
mod regions;
mod shortcut;
mod tabular;
mod two_populations;

#[cfg(test)]
mod tests;

use super::{Dataset, Feature, Vocabulary};
use crate::config::{RunConfig, Scenario};
use crate::error::{Error, ErrorCode, Result};
use crate::rng::Stream;
pub(crate) use draw::{first_wins, flips};
pub use draw::{assign, counts, preference};
use serde::Serialize;

/// A group of a scenario, before any data is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct GroupAbout {
    /// Short name.
    pub name: &'static str,
    /// One sentence: what the group wants.
    pub wants: &'static str,
    /// Weight of each feature in the group's reward, in the order of the scenario's features.
    pub weights: &'static [f32],
}

/// A scenario, before any data is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ScenarioInfo {
    /// Name in configs and on the command line.
    pub id: Scenario,
    /// Name for people.
    pub title: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Groups, majority first; empty where the user's file says.
    pub groups: &'static [GroupAbout],
    /// Share of each group where none is given.
    pub mix: &'static [f64],
    /// Knobs of the data config that do something here.
    pub knobs: &'static [&'static str],
}

/// Every scenario, in the order in which the page lists them.
pub const NAMES: [ScenarioInfo; 6] =
    [two_populations::INFO, shortcut::INFO, regions::INFO, tabular::INFO, super::emotion::INFO, super::import::INFO];

/// What is known of a scenario before any data is drawn.
pub fn info(id: Scenario) -> &'static ScenarioInfo {
    const ALL: &[ScenarioInfo] = &NAMES;
    ALL.iter().find(|i| i.id == id).unwrap_or(&ALL[0]) // every variant is listed; a test checks
}

/// The data of a run: a built-in scenario, or `imported` JSONL text for [`Scenario::Imported`].
pub fn build(config: &RunConfig, imported: Option<&str>) -> Result<Dataset> {
    let groups = info(config.data.scenario).groups.len();
    if groups > 0 && config.data.mix.len() != groups {
        let problem = format!("{} shares", config.data.mix.len());
        return Err(Error::config("data.mix", problem, format!("this scenario has {groups} groups")));
    }
    match config.data.scenario {
        Scenario::TwoPopulations => Ok(assemble::assemble(config, &two_populations::TwoPopulations)),
        Scenario::Shortcut => Ok(assemble::assemble(config, &shortcut::Shortcut)),
        Scenario::Regions => Ok(assemble::assemble(config, &regions::Regions)),
        Scenario::Tabular => Ok(tabular::build(config)),
        Scenario::Emotion => match imported {
            Some(text) => super::emotion::own::build(config, &super::emotion::own::read(text)?),
            None => super::emotion::build(config),
        },
        Scenario::Imported => {
            let missing = || Error::new(ErrorCode::Data, "the imported scenario has no pairs to read", "choose a JSONL file");
            super::import::build(config, &super::import::read(imported.ok_or_else(missing)?)?)
        }
    }
}

/// What someone asks about, so that answers can refer to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// The noun that the question is about.
    pub topic: &'static str,
    /// The question without its opening.
    pub body: String,
}

/// What one scenario has of its own.
pub(crate) trait Recipe {
    /// Its description.
    fn info(&self) -> &'static ScenarioInfo;
    /// Every word it can say, in a fixed order that no setting changes (bundled policies rely on it).
    fn vocabulary(&self) -> Vocabulary;
    /// What answers are judged by, in the order of [`GroupAbout::weights`].
    fn features(&self, vocabulary: &Vocabulary) -> Vec<Feature>;
    /// Openings that tell the group, `[group]`.
    fn openings(&self) -> &'static [&'static [&'static str]];
    /// A question.
    fn question(&self, stream: &mut Stream) -> Question;
    /// An answer, as in the corpus.
    fn answer(&self, question: &Question, stream: &mut Stream) -> String;
    /// Two answers to compare: independent draws unless the scenario says otherwise.
    fn answers(&self, question: &Question, _group: usize, stream: &mut Stream) -> (String, String) {
        (self.answer(question, stream), self.answer(question, stream))
    }
}

/// The words of banks of texts, each text split as the vocabulary would, in order.
fn words(banks: &[&[&str]]) -> Vocabulary {
    Vocabulary::new(banks.concat().into_iter().flat_map(Vocabulary::split))
}
