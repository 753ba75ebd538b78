//! Preference data: vocabulary, scenarios with their rewards, the user's own pairs, batches.

pub mod batch;
pub mod bytes;
pub mod edits;
pub mod emotion;
pub mod import;
pub mod reward;
pub mod sampled;
pub mod scenario;
pub mod vocabulary;

use crate::event::GroupInfo;
pub use batch::TokenBatch;
pub use import::{Imported, LineProblem};
pub use reward::{Feature, MarkedWord, RewardTable};
pub use scenario::{GroupAbout, ScenarioInfo, build};
pub use vocabulary::Vocabulary;

/// One preference: an answer that was chosen over another, by someone of a group. Token ids, no specials.
#[derive(Debug, Clone, PartialEq)]
pub struct PreferencePair {
    /// The prompt.
    pub prompt: Vec<u32>,
    /// The preferred answer.
    pub chosen: Vec<u32>,
    /// The other answer.
    pub rejected: Vec<u32>,
    /// Index into [`Dataset::groups`].
    pub group: usize,
    /// The label was flipped at random (training data only).
    pub flipped: bool,
    /// How sure the label is, 0.5 to 1.
    pub confidence: f32,
}

/// A prompt with an answer, for training the reference policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The prompt.
    pub prompt: Vec<u32>,
    /// An answer.
    pub completion: Vec<u32>,
}

/// Everything a run needs to know of its data.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Words.
    pub vocabulary: Vocabulary,
    /// Preference subgroups, majority first.
    pub groups: Vec<GroupInfo>,
    /// Training pairs.
    pub train: Vec<PreferencePair>,
    /// Held-out pairs, `data.eval_pairs` of each group, labels clean.
    pub eval: Vec<PreferencePair>,
    /// Prompts to sample fresh completions for, per group: `prompts[group]`.
    pub prompts: Vec<Vec<Vec<u32>>>,
    /// Text the reference policy is trained on.
    pub corpus: Vec<Example>,
    /// What each group rewards, for any text; none for the user's own pairs.
    pub reward: Option<RewardTable>,
    /// Scenario `emotion`: the texts, whose pairs the run makes itself.
    pub emotion: Option<Box<emotion::Corpus>>,
    /// Things the user should know (cut lines, unknown words, …).
    pub notices: Vec<String>,
}
