//! Files of any content: every format's reader is given files that were damaged at random, and must answer with a file or
//! with an error that says what is wrong, and never crash. A smoke of some hundred files each; `make fuzz` goes on for two
//! minutes a format (`PREFSHIFT_FUZZ_SECONDS`) from another seed each time (`PREFSHIFT_FUZZ_SEED` repeats one).
#![cfg(not(target_family = "wasm"))]

mod common;

use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::error::{Error, ErrorCode};
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};
use prefshift::rng::{Stream, Streams};
use prefshift::train::checkpoint;
use prefshift::train::halfway::Halfway;
use prefshift::train::run_checkpoint::{self, RunCheckpoint};
use prefshift::{data, trace};
use std::time::{Duration, Instant};

/// Files of a format that are tried in a smoke.
const SMOKE: usize = 400;
/// Longest message that a person is shown, in bytes.
const LONGEST: usize = 2_100;

/// What readers have stumbled over elsewhere.
const TOKENS: [&str; 32] = [
    "null", "true", "-1", "-0", "1e999", "-1e999", "NaN", "18446744073709551616", "9007199254740993", "4294967296", "1e-400", "0.1", "\"\"", "[]", "{}", "[[[[[[[[",
    "{\"a\":", "\\u0000", "\\ud800", "\u{feff}", "\u{202e}", "\n", "\r\n", "\u{2028}", "<script>alert(1)</script>", "\",\"__proto__\":{\"x\":1},\"", "\0", "é", "🦀", ",", ":", "\"",
];

/// Damages `file` in one to four places; `other` lends a part.
fn damage(rng: &mut Stream, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(out.len() + 1);
        let reach = [1, 8, 64, out.len() + 1][rng.below(4)];
        let end = (at + 1 + rng.below(reach)).min(out.len());
        match rng.below(9) {
            0 if at < out.len() => out[at] ^= 1 << rng.below(8),
            1 if at < out.len() => out[at] = rng.below(256) as u8,
            2 if at < end => drop(out.drain(at..end)),
            3 if at < end => {
                let again = out[at..end].to_vec();
                out.splice(at..at, again);
            }
            4 => out.truncate(at),
            5 => {
                let from = rng.below(other.len() + 1);
                out.splice(at..end.max(at), other[from..(from + 1 + rng.below(200)).min(other.len())].iter().copied());
            }
            6 => drop(out.splice(at..at, vec![b"[{\"0 "[rng.below(5)]; 1 + rng.below(3_000)])),
            7 if at + 8 <= out.len() => out[at..at + 8].copy_from_slice(&[u64::MAX, 1 << 62, 1 << 31, 0][rng.below(4)].to_le_bytes()),
            _ => drop(out.splice(at..at, rng.pick(&TOKENS).bytes())),
        }
    }
    out
}

/// Damages files of a format until the time is up. `read` returns what is wrong with a file, if anything.
fn feed(name: &str, allowed: &[ErrorCode], seeds: &[Vec<u8>], mut read: impl FnMut(&mut Stream, &[u8]) -> Result<(), Error>) {
    let variable = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let long = variable("PREFSHIFT_FUZZ_SECONDS").map(Duration::from_secs);
    let seed = variable("PREFSHIFT_FUZZ_SEED").unwrap_or_else(|| {
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
        long.map_or(7, |_| now())
    });
    let (mut rng, began) = (Streams::new(seed).stream(name), Instant::now());
    for file in seeds {
        read(&mut rng, file).unwrap_or_else(|e| panic!("{name}: an undamaged file is refused: {e}"));
    }
    let (mut tried, mut good) = (0_usize, 0_usize);
    while long.map_or(tried < SMOKE, |l| began.elapsed() < l) {
        let other = rng.pick(seeds).clone();
        let file = rng.pick(seeds).clone();
        let file = damage(&mut rng, &file, &other);
        let place = format!("{name}, seed {seed}, file {tried}");
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&mut rng, &file)));
        match outcome.unwrap_or_else(|_| panic!("{place} crashed the reader: {}", String::from_utf8_lossy(&file[..file.len().min(2_000)]))) {
            Ok(()) => good += 1,
            Err(e) => {
                assert!(allowed.contains(&e.code), "{place}: {e:?}");
                assert!(!e.message.is_empty() && e.message.len() < LONGEST, "{place}: a message of {} bytes", e.message.len());
            }
        }
        tried += 1;
    }
    println!("{name}: {tried} files in {:.1} s, {good} of them still good", began.elapsed().as_secs_f64());
    assert!(tried > good, "{name}: no file was ever refused");
}

fn config(policy: PolicyKind) -> RunConfig {
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

fn trained(policy: PolicyKind) -> Experiment {
    let mut run = Experiment::new(config(policy), Compute::cpu(), Inputs::default()).expect("a run");
    while run.steps() != Some(4) {
        pollster::block_on(run.next()).expect("a step");
    }
    run
}

/// Text, where it is any; what is none does not reach these readers.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn configs() {
    let seeds: Vec<Vec<u8>> = [PolicyKind::Gpt, PolicyKind::LogLinear].map(|p| serde_json::to_vec_pretty(&config(p)).expect("JSON")).to_vec();
    feed("config", &[ErrorCode::Config], &seeds, |_, file| RunConfig::from_json(&text(file)).map(drop));
}

#[test]
fn traces() {
    let lines = |policy| common::run(config(policy), Inputs::default()).iter().map(|e| trace::line(e).expect("a line")).collect::<String>().into_bytes();
    feed("trace", &[ErrorCode::Trace], &[lines(PolicyKind::Gpt), lines(PolicyKind::LogLinear)], |_, file| {
        let events = trace::read(&text(file))?;
        assert!(matches!(events[0], Event::Started(_)));
        Ok(())
    });
}

#[test]
fn policies() {
    let run = trained(PolicyKind::Gpt);
    let seeds = [pollster::block_on(run.export(None)).expect("a policy"), pollster::block_on(run.export(Some(2))).expect("a policy")];
    let specs = prefshift::fused::layout::Layout::new(&run.config().model, run.data().vocabulary.len()).specs;
    feed("policy", &[ErrorCode::Checkpoint], &seeds, |_, file| {
        checkpoint::load(file, &run.config().model, run.data().vocabulary.words(), &specs, &burn::tensor::Device::flex()).map(drop)
    });
}

#[test]
fn half_made_stages() {
    let mut run = Experiment::new(config(PolicyKind::Gpt), Compute::cpu(), Inputs::default()).expect("a run");
    let file = loop {
        pollster::block_on(run.next()).expect("a stage");
        if let Some(file) = pollster::block_on(run.halfway()).expect("a file") {
            break file;
        }
    };
    feed("half-made", &[ErrorCode::Checkpoint], &[file], |_, file| Halfway::from_bytes(file, run.config(), run.data()).map(drop));
}

#[test]
fn checkpoints() {
    let seeds = [PolicyKind::Gpt, PolicyKind::LogLinear].map(|p| pollster::block_on(trained(p).checkpoint()).expect("a checkpoint"));
    feed("checkpoint", &[ErrorCode::Checkpoint], &seeds, |_, file| Experiment::resume(file, Compute::cpu(), Inputs::default(), None).map(drop));
}

#[test]
fn checkpoints_with_right_checksums() {
    // The checksums keep random damage out; someone who means harm can write them.
    let whole = pollster::block_on(trained(PolicyKind::LogLinear).checkpoint()).expect("a checkpoint");
    let known = RunCheckpoint::from_bytes(&whole).expect("a checkpoint");
    let seeds = [serde_json::to_vec(&known.header).expect("JSON")];
    let codes = [ErrorCode::Checkpoint, ErrorCode::Config, ErrorCode::Data, ErrorCode::Numerics];
    feed("checkpoint header", &codes, &seeds, |rng, file| {
        let wrong = |what: String| Error::new(ErrorCode::Checkpoint, what, "");
        let header: run_checkpoint::Header = serde_json::from_str(&text(file)).map_err(|_| wrong("not a header".into()))?;
        // What would only take long is not what is tried here.
        if header.config.data.pairs > 1_000 || header.config.model.policy == PolicyKind::Gpt {
            return Err(wrong("too large to try".into()));
        }
        let mut forged = RunCheckpoint { header, ..known.clone() };
        if rng.chance(0.3) {
            let lane = rng.below(forged.state.lanes.len());
            let lane = &mut forged.state.lanes[lane];
            let vector = rng.below(3);
            let at = rng.below(lane.params.len());
            [&mut lane.params, &mut lane.first, &mut lane.second][vector][at] = [f32::MAX, -1e30, f32::MIN_POSITIVE][rng.below(3)];
        }
        let mut run = Experiment::resume(&forged.to_bytes()?, Compute::cpu(), Inputs::default(), None)?;
        for _ in 0..6 {
            pollster::block_on(run.next())?;
        }
        Ok(())
    });
}

#[test]
fn pairs() {
    let rows: Vec<String> = (0..30).map(|i| match i % 3 {
        0 => format!(r#"{{"prompt":"ask {i}","chosen":"good {i} yes","rejected":"bad {i}","group":"a","confidence":0.{}}}"#, 5 + i % 5),
        1 => format!(r#"{{"prompt":[{{"role":"user","content":"ask {i}"}}],"chosen":[{{"role":"assistant","content":"good {i}"}}],"rejected":[{{"role":"assistant","content":"bad"}}]}}"#),
        _ => format!(r#"{{"prompt":"ask {i}","chosen":"<b>good</b> {i}","rejected":"bad {i}","group":"b","confidence":null}}"#),
    }).collect();
    feed("pairs", &[ErrorCode::Data, ErrorCode::Config], &[rows.join("\n").into_bytes(), rows[..9].join("\r\n").into_bytes()], |_, file| {
        let file = text(file);
        let summary = data::import::read(&file)?.summary();
        let mut config = RunConfig { lanes: vec![LaneConfig::new("dpo")], ..RunConfig::for_import(&summary) };
        config.model.policy = PolicyKind::LogLinear;
        // Too few rows to hold some out are refused, and so are more groups than a run may have.
        match Experiment::new(config, Compute::cpu(), Inputs { imported: Some(file), ..Inputs::default() }) {
            Err(e) if [ErrorCode::Data, ErrorCode::Config].contains(&e.code) => Ok(()),
            other => other.map(drop),
        }
    });
}
