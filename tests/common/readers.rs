//! Every reader of files, each as it is reached by what a user gives: bytes in, a file or an error that says what is wrong.
//! Shared by tests/hostile.rs and the fuzz targets (fuzz/), so that both hold the same promise.

use prefshift::config::*;
use prefshift::data::emotion::own;
use prefshift::data::import;
use prefshift::device::Compute;
use prefshift::error::{Error, ErrorCode, Result};
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};
use prefshift::trace;
use prefshift::train::halfway::Halfway;
use prefshift::train::run_checkpoint::{Header, RunCheckpoint};
use prefshift::train::{bundle, checkpoint};
use std::sync::OnceLock;

/// Longest message that a person is shown, in bytes.
pub const LONGEST: usize = 2_100;

/// A format's reader.
pub struct Reader {
    /// The format; also its folder in fuzz/corpus.
    pub name: &'static str,
    /// What it may refuse a file with.
    pub allowed: &'static [ErrorCode],
    /// Reads a file.
    pub read: fn(&[u8]) -> Result<()>,
}

/// All of them.
pub const READERS: [Reader; 9] = [
    Reader { name: "config", allowed: &[ErrorCode::Config], read: config },
    Reader { name: "trace", allowed: &[ErrorCode::Trace], read: trace },
    Reader { name: "policy", allowed: &[ErrorCode::Checkpoint], read: policy },
    Reader { name: "bundle", allowed: &[ErrorCode::Checkpoint], read: bundle },
    Reader { name: "half-made", allowed: &[ErrorCode::Checkpoint], read: half_made },
    Reader { name: "checkpoint", allowed: &[ErrorCode::Checkpoint, ErrorCode::Config], read: checkpoint },
    Reader { name: "checkpoint-header", allowed: &[ErrorCode::Checkpoint, ErrorCode::Config, ErrorCode::Data, ErrorCode::Numerics], read: checkpoint_header },
    Reader { name: "pairs", allowed: &[ErrorCode::Data, ErrorCode::Config], read: pairs },
    Reader { name: "texts", allowed: &[ErrorCode::Data, ErrorCode::Config], read: texts },
];

impl Reader {
    /// The reader of this name.
    pub fn named(name: &str) -> &'static Self {
        READERS.iter().find(|r| r.name == name).expect("a known format")
    }

    /// Reads `file`; true where it is good. Panics where it is refused otherwise than in a short sentence with a known code.
    pub fn hold(&self, file: &[u8]) -> bool {
        match (self.read)(file) {
            Ok(()) => true,
            Err(e) => {
                assert!(self.allowed.contains(&e.code), "{}: {e:?}", self.name);
                assert!(!e.message.is_empty() && e.message.len() < LONGEST, "{}: a message of {} bytes", self.name, e.message.len());
                false
            }
        }
    }
}

/// Text, where it is any; what is none does not reach these readers.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A run small enough to be made in a moment.
pub fn small(policy: PolicyKind) -> RunConfig {
    RunConfig {
        data: DataConfig { scenario: Scenario::Shortcut, pairs: 12, eval_pairs: 2, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { policy, d_model: 8, layers: 1, heads: 2, ..ModelConfig::default() },
        sft: SftConfig { steps: 1, batch: 2, bundled: false, ..SftConfig::default() },
        lanes: vec![LaneConfig::new("dpo"), LaneConfig { seed: 2, ..LaneConfig::new("gr_dpo") }, LaneConfig::new("wdpo").form("appendix_f")],
        train: TrainConfig { steps: 8, batch: 4, frame_every: 2, ..TrainConfig::default() },
        eval: EvalConfig { every: 4, samples: 1, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

/// The same of the emotion experiment.
pub fn small_emotion() -> RunConfig {
    let mut config = RunConfig::for_scenario(Scenario::Emotion);
    (config.data.pairs, config.data.eval_pairs) = (4, 2);
    (config.model.d_model, config.model.layers, config.model.heads) = (8, 1, 2);
    (config.reward.d_model, config.reward.layers, config.reward.steps, config.reward.batch) = (8, 1, 1, 4);
    (config.sft.steps, config.sft.batch, config.sft.bundled) = (1, 4, false);
    (config.train.steps, config.train.batch, config.eval.samples) = (2, 4, 0);
    config.lanes = vec![LaneConfig::new("dpo")];
    config
}

/// A run of `config` that has come to its fourth step.
pub fn trained(config: RunConfig) -> Experiment {
    let steps = config.train.steps.min(4);
    let mut run = Experiment::new(config, Compute::cpu(), Inputs::default()).expect("a run");
    while run.steps() != Some(steps) {
        pollster::block_on(run.next()).expect("a step");
    }
    run
}

fn config(file: &[u8]) -> Result<()> {
    let config = RunConfig::from_json(&text(file))?;
    // What was read can be written, and then is read as it is.
    let again = RunConfig::from_json(&serde_json::to_string(&config).expect("JSON"))?;
    assert_eq!(again, config);
    Ok(())
}

fn trace(file: &[u8]) -> Result<()> {
    let events = trace::read(&text(file))?;
    assert!(matches!(events[0], Event::Started(_)));
    let lines: String = events.iter().map(|e| trace::line(e).expect("a line")).collect();
    assert_eq!(lines, trace::read(&lines)?.iter().map(|e| trace::line(e).expect("a line")).collect::<String>());
    Ok(())
}

fn policy(file: &[u8]) -> Result<()> {
    static KNOWN: OnceLock<(ModelConfig, Vec<String>)> = OnceLock::new();
    let (model, words) = KNOWN.get_or_init(|| {
        let run = Experiment::new(small(PolicyKind::Gpt), Compute::cpu(), Inputs::default()).expect("a run");
        (run.config().model.clone(), run.data().vocabulary.words().to_vec())
    });
    let specs = prefshift::fused::layout::Layout::new(model, words.len()).specs;
    checkpoint::load(file, model, words, &specs, &burn::tensor::Device::flex()).map(drop)
}

fn bundle(file: &[u8]) -> Result<()> {
    static KNOWN: OnceLock<prefshift::data::Dataset> = OnceLock::new();
    let config = small_emotion();
    let data = KNOWN.get_or_init(|| prefshift::data::build(&config, None).expect("data"));
    let corpus = data.emotion.as_ref().expect("a corpus");
    if !bundle::is_bundle(file) {
        // It is taken for a policy then.
        return checkpoint::header(file).and(Err(Error::new(ErrorCode::Checkpoint, "not such a file", "")));
    }
    let opened = bundle::load(file, &config, data.vocabulary.words(), corpus)?;
    // What it says was written is scored, paired and trained on next.
    if opened.written.is_some() {
        let inputs = Inputs { reference: Some(file.to_vec()), ..Inputs::default() };
        let mut run = Experiment::new(config, Compute::cpu(), inputs)?;
        while run.steps() != Some(1) {
            pollster::block_on(run.next())?;
        }
    }
    Ok(())
}

/// A stage before alignment that was stopped half-way.
fn half_made(file: &[u8]) -> Result<()> {
    static KNOWN: OnceLock<(RunConfig, prefshift::data::Dataset)> = OnceLock::new();
    let (config, data) = KNOWN.get_or_init(|| {
        let config = small(PolicyKind::Gpt);
        let data = prefshift::data::build(&config, None).expect("data");
        (config, data)
    });
    Halfway::from_bytes(file, config, data).map(drop)
}

fn checkpoint(file: &[u8]) -> Result<()> {
    Experiment::resume(file, Compute::cpu(), Inputs::default(), None).map(drop)
}

/// A checkpoint's header as JSON: checksums keep random damage out, but someone who means harm can write them.
fn checkpoint_header(file: &[u8]) -> Result<()> {
    static KNOWN: OnceLock<RunCheckpoint> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let whole = pollster::block_on(trained(small(PolicyKind::LogLinear)).checkpoint()).expect("a checkpoint");
        RunCheckpoint::from_bytes(&whole).expect("a checkpoint")
    });
    let wrong = |what: String| Error::new(ErrorCode::Checkpoint, what, "");
    let header: Header = serde_json::from_str(&text(file)).map_err(|_| wrong("not a header".into()))?;
    // What would only take long is not what is tried here.
    if header.config.data.pairs > 1_000 || header.config.data.eval_pairs > 64 || header.config.eval.samples > 64 || header.config.model.policy == PolicyKind::Gpt {
        return Err(wrong("too large to try".into()));
    }
    let mut forged = RunCheckpoint { header, ..known.clone() };
    // In one file of three a number is large, wherever the file's own bytes put it.
    let sum = file.iter().fold(0_usize, |sum, b| sum.wrapping_mul(31).wrapping_add((*b).into()));
    if sum % 3 == 0 {
        let lanes = forged.state.lanes.len();
        let lane = &mut forged.state.lanes[sum / 3 % lanes];
        let vector = [&mut lane.params, &mut lane.first, &mut lane.second].into_iter().nth(sum / 9 % 3).expect("one of three");
        let at = sum / 27 % vector.len();
        vector[at] = [f32::MAX, -1e30, f32::MIN_POSITIVE][sum / 81 % 3];
    }
    let mut run = Experiment::resume(&forged.to_bytes()?, Compute::cpu(), Inputs::default(), None)?;
    for _ in 0..6 {
        pollster::block_on(run.next())?;
    }
    Ok(())
}

fn pairs(file: &[u8]) -> Result<()> {
    let file = text(file);
    if own::looks_like_texts(&file) {
        return Err(Error::new(ErrorCode::Data, "texts", ""));
    }
    let summary = import::read(&file)?.summary();
    let mut config = RunConfig { lanes: vec![LaneConfig::new("dpo")], ..RunConfig::for_import(&summary) };
    config.model.policy = PolicyKind::LogLinear;
    // Too few rows to hold some out are refused, and so are more groups than a run may have.
    refused_in_words(Experiment::new(config, Compute::cpu(), Inputs { imported: Some(file), ..Inputs::default() }))
}

fn texts(file: &[u8]) -> Result<()> {
    let file = text(file);
    let summary = own::read(&file)?.summary();
    for tokens in [Tokens::Words, Tokens::Bytes] {
        let mut config = RunConfig { lanes: vec![LaneConfig::new("dpo")], ..RunConfig::for_texts(&summary) };
        config.data.tokens = tokens;
        (config.model.d_model, config.model.layers, config.reward.d_model, config.reward.layers) = (8, 1, 8, 1);
        refused_in_words(Experiment::new(config, Compute::cpu(), Inputs { imported: Some(file.clone()), ..Inputs::default() }))?;
    }
    Ok(())
}

/// What a run refuses of a file that could be read is no fault of the reader's.
fn refused_in_words(made: Result<Experiment>) -> Result<()> {
    match made {
        Err(e) if [ErrorCode::Data, ErrorCode::Config].contains(&e.code) && e.message.len() < LONGEST => Ok(()),
        other => other.map(drop),
    }
}
