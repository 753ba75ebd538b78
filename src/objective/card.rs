//! What a user should know of a method before choosing it: its card, as data.

use serde::Serialize;

/// One numeric knob of a method.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ParamInfo {
    /// Name in configs and on the command line.
    pub id: &'static str,
    /// How it is written in formulas.
    pub symbol: &'static str,
    /// Value where none is given.
    pub default: f64,
    /// Smallest allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
    /// One sentence.
    pub help: &'static str,
    /// Forms that use it; empty means all.
    pub forms: &'static [&'static str],
}

impl ParamInfo {
    /// A knob that every form of its method uses.
    pub const fn new(id: &'static str, symbol: &'static str, default: f64, range: [f64; 2], help: &'static str) -> Self {
        Self { id, symbol, default, min: range[0], max: range[1], help: prose(help), forms: &[] }
    }

    /// The same knob, used by these forms only.
    #[must_use]
    pub const fn only(self, forms: &'static [&'static str]) -> Self {
        Self { forms, ..self }
    }
}

/// A variant of a method.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FormInfo {
    /// Name in configs and on the command line.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it is, with its source.
    pub help: &'static str,
}

impl FormInfo {
    /// A variant.
    pub const fn new(id: &'static str, name: &'static str, help: &'static str) -> Self {
        Self { id, name, help: prose(help) }
    }
}

/// Where a method belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Family {
    /// The paper's own: DPO and its two robust forms.
    Paper,
    /// The ten systems that the paper stands beside.
    Related,
    /// Other methods that are robust to something.
    Peer,
    /// The remaining loss types of TRL.
    Trl,
}

/// What a method needs beyond pairs and one reference policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Need {
    /// Each pair's group.
    Groups,
    /// How sure each label is.
    SoftLabels,
    /// Completions sampled from the reference policy.
    Samples,
    /// Further reference policies.
    References,
    /// A reward for any text.
    Rewards,
    /// Text that the reference policy was trained on.
    ReferenceData,
    /// The losing answer edited toward the winning one, and which words of the two differ.
    Edits,
}

/// How sure we are that this is the published method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Confidence {
    /// From the paper's own text.
    Text,
    /// From the authors' (or TRL's) code.
    Code,
    /// Our reading of summaries and derivations: a proposal.
    Reading,
}

/// A method's card.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MethodInfo {
    /// Name in configs and on the command line.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Where it belongs.
    pub family: Family,
    /// Authors and title or place.
    pub paper: &'static str,
    /// Year of its first publication.
    pub year: u16,
    /// Its arXiv identifier; empty where it has none.
    pub arxiv: &'static str,
    /// The objective, as LaTeX.
    pub formula: &'static str,
    /// What the adversary may do, in one sentence; or how the method treats the pairs where it has none.
    pub adversary: &'static str,
    /// What it is robust to, in one sentence.
    pub robust_to: &'static str,
    /// What it is not robust to, in one sentence.
    pub not_robust_to: &'static str,
    /// What it needs beyond pairs and one reference policy.
    pub needs: &'static [Need],
    /// How sure we are of it.
    pub confidence: Confidence,
    /// Where text, code and this version differ, or what is not certain; empty where nothing is to be said.
    pub note: &'static str,
    /// Other methods of the same name; empty where there is none.
    pub name_clash: &'static str,
    /// Variants; the first is the default. Empty where there is only one.
    pub forms: &'static [FormInfo],
    /// Numeric knobs.
    pub params: &'static [ParamInfo],
    /// What a frame's `tau` shows for this method; empty where it is 0.
    pub gauge: &'static str,
    /// The loss depends on log-probabilities only through the margin, so that policies known up to a constant can use it.
    pub margins_only: bool,
    /// It needs the gradient with respect to token embeddings (and its derivative).
    pub needs_embedding_gradient: bool,
    /// It has a version for the GPU; without one a run that uses it trains on the CPU.
    pub gpu: bool,
}

impl MethodInfo {
    /// Whether its lanes see batches of their own: samples, edits, further sequences, or further references.
    pub fn own_data(&self) -> bool {
        self.needs.iter().any(|n| matches!(n, Need::Samples | Need::References | Need::ReferenceData | Need::Edits))
    }

    /// Whether it needs this.
    pub fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }
}

/// Text that only people read: not in the browser's engine, where the page has it from its own catalog.
const fn prose(text: &'static str) -> &'static str {
    if cfg!(target_family = "wasm") { "" } else { text }
}

/// A method's card as it is compiled in.
pub const fn card(info: MethodInfo) -> MethodInfo {
    MethodInfo {
        paper: prose(info.paper),
        arxiv: prose(info.arxiv),
        formula: prose(info.formula),
        adversary: prose(info.adversary),
        robust_to: prose(info.robust_to),
        not_robust_to: prose(info.not_robust_to),
        note: prose(info.note),
        name_clash: prose(info.name_clash),
        gauge: prose(info.gauge),
        ..info
    }
}

/// What most methods have in common.
pub const CARD: MethodInfo = MethodInfo {
    id: "",
    name: "",
    family: Family::Peer,
    paper: "",
    year: 0,
    arxiv: "",
    formula: "",
    adversary: "None: each pair has weight 1/n.",
    robust_to: "",
    not_robust_to: "",
    needs: &[],
    confidence: Confidence::Code,
    note: "",
    name_clash: "",
    forms: &[],
    params: &[BETA],
    gauge: "",
    margins_only: false,
    needs_embedding_gradient: false,
    gpu: true,
};

/// β, shared by nearly every method.
pub const BETA: ParamInfo = beta(0.1);

/// β with a published default of its own.
pub const fn beta(default: f64) -> ParamInfo {
    ParamInfo::new("beta", "β", default, [1e-4, 100.0], "Strength of the pull toward the reference policy: larger keeps it closer.")
}
