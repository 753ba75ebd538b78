//! The run that each scenario, and each file of the user's own, starts from.

use super::{EvalConfig, LaneConfig, ModelConfig, PolicyKind, RunConfig, Scenario, Schedule, TrainConfig};
use serde::Serialize;

/// A scenario and the run that it starts from: what an interface opens with.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ScenarioStart {
    /// The scenario.
    #[serde(flatten)]
    pub info: &'static crate::data::scenario::ScenarioInfo,
    /// Its defaults.
    pub config: RunConfig,
}

/// Every scenario with its defaults, in the order in which the page lists them.
pub fn starts() -> Vec<ScenarioStart> {
    crate::data::scenario::NAMES.iter().map(|i| ScenarioStart { info: crate::data::scenario::info(i.id), config: RunConfig::for_scenario(i.id) }).collect()
}

impl RunConfig {
    /// The defaults of a scenario: its mix of groups, lanes that show its point, and a context that holds its text.
    pub fn for_scenario(scenario: Scenario) -> Self {
        let info = crate::data::scenario::info(scenario);
        let mut config = Self::default();
        config.data.scenario = scenario;
        config.data.mix = info.mix.to_vec();
        config.model.context = 24;
        // Answers have about ten words: at β = 0.5 a few nats of margin saturate the loss before the text degrades.
        config.lanes = [LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.1), LaneConfig::new("wdpo").with("rho", 0.2)]
            .map(|lane| lane.with("beta", 0.5))
            .to_vec();
        config.train.learning_rate = 2e-4;
        if scenario == Scenario::Emotion {
            config.data.pairs = 2_048;
            // BOS, four words, SEP, the rest of a text, EOS, and one to spare.
            config.model.context = crate::data::emotion::LONGEST + 4;
            config.eval.samples = 128;
        }
        if scenario == Scenario::Tabular {
            config.data.pairs = 20;
            config.model = ModelConfig { policy: PolicyKind::Tabular, context: 16, ..ModelConfig::default() };
            config.lanes = [1.0, 0.25, 0.1].iter().map(|tau| LaneConfig::new("kldpo").with("tau", *tau)).collect();
            config.lanes.insert(0, LaneConfig::new("dpo"));
            config.train = TrainConfig { steps: 800, batch: 20, learning_rate: 0.2, schedule: Schedule::Cosine, clip: 1e6, ..TrainConfig::default() };
            config.eval = EvalConfig { samples: 0, every: 100, ..EvalConfig::default() };
        }
        config
    }

    /// The defaults for a file of the user's own pairs: its groups' shares and a context that keeps nearly all rows whole.
    pub fn for_import(summary: &crate::data::import::Summary) -> Self {
        let mut config = Self::for_scenario(Scenario::Imported);
        config.data.mix.clone_from(&summary.mix);
        config.model.context = summary.lengths.p99.clamp(16, 128);
        config.sft.bundled = false;
        config
    }

    /// The defaults for a file of the user's own texts: its two most frequent labels are rewarded, and everything is trained.
    pub fn for_texts(summary: &crate::data::emotion::own::TextsSummary) -> Self {
        let mut config = Self::for_scenario(Scenario::Emotion);
        config.data.emotions = summary.classes.iter().take(2).map(|(name, _)| name.clone()).collect();
        config.sft.bundled = false;
        config
    }
}
