//! A run that was saved and taken up again is the run that never stopped: same events, same bytes, on the CPU. Damaged
//! checkpoints are refused with what is damaged.
#![cfg(not(target_family = "wasm"))]

mod common;

use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::error::{Error, ErrorCode};
use prefshift::event::{Event, Stage};
use prefshift::experiment::{Experiment, Inputs};
use prefshift::trace;
use prefshift::train::run_checkpoint::{self, RunCheckpoint};
use std::sync::OnceLock;

/// Every method and form, two seeds.
fn lanes() -> Vec<LaneConfig> {
    let mut lanes: Vec<LaneConfig> = prefshift::objective::methods().iter().flat_map(|m| {
        let forms: Vec<Option<&str>> = if m.forms.is_empty() { vec![None] } else { m.forms.iter().map(|f| Some(f.id)).collect() };
        forms.into_iter().map(|form| form.map_or(LaneConfig::new(m.id), |f| LaneConfig::new(m.id).form(f)))
    }).collect();
    lanes.push(LaneConfig { seed: 3, ..LaneConfig::new("gr_dpo").with("eta", 0.5) });
    lanes.push(LaneConfig { seed: 3, learning_rate: Some(1e-3), ..LaneConfig::new("wdpo") });
    lanes
}

fn config(policy: PolicyKind) -> RunConfig {
    // Asked for often, and each time every method would be tried.
    static KNOWN: OnceLock<[RunConfig; POLICIES.len()]> = OnceLock::new();
    let known = KNOWN.get_or_init(|| POLICIES.map(worked_out));
    known[POLICIES.iter().position(|p| *p == policy).expect("one of them")].clone()
}

fn worked_out(policy: PolicyKind) -> RunConfig {
    let scenario = if policy == PolicyKind::Tabular { Scenario::Tabular } else { Scenario::Shortcut };
    let mut config = RunConfig {
        data: DataConfig { scenario, pairs: 21, eval_pairs: 3, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { policy, d_model: 8, layers: 1, heads: 2, context: if policy == PolicyKind::Tabular { 8 } else { 32 }, ..ModelConfig::default() },
        sft: SftConfig { steps: 3, batch: 4, bundled: false, ..SftConfig::default() },
        train: TrainConfig { steps: 26, batch: 4, learning_rate: 5e-3, schedule: Schedule::Cosine, frame_every: 3, ..TrainConfig::default() },
        eval: EvalConfig { every: 8, samples: 2, ..EvalConfig::default() },
        ..RunConfig::default()
    };
    // Some methods need more than margins, or texts that this policy cannot write.
    config.lanes = lanes().into_iter().filter(|l| {
        Experiment::new(RunConfig { lanes: vec![l.clone()], ..config.clone() }, Compute::cpu(), Inputs::default()).is_ok()
    }).collect();
    config
}

const POLICIES: [PolicyKind; 3] = [PolicyKind::Gpt, PolicyKind::LogLinear, PolicyKind::Tabular];

fn open(config: RunConfig) -> Experiment {
    Experiment::new(config, Compute::cpu(), Inputs::default()).expect("a valid run")
}

/// Pulls events as lines until `enough` or the end.
fn pull(run: &mut Experiment, mut enough: impl FnMut(&Experiment) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    while !enough(run) {
        let events = pollster::block_on(run.next()).expect("a step");
        lines.extend(events.iter().map(|e| trace::line(e).expect("a line")));
        if events.iter().any(|e| matches!(e, Event::Done(_))) {
            break;
        }
    }
    lines
}

fn save(run: &Experiment) -> Vec<u8> {
    pollster::block_on(run.checkpoint()).expect("a checkpoint")
}

fn resume(bytes: &[u8], lanes: Option<&[usize]>) -> Experiment {
    Experiment::resume(bytes, Compute::cpu(), Inputs::default(), lanes).expect("a run that goes on")
}

/// Lines without those of the stages before training.
fn training(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|l| {
        let events = trace::read(&format!("{}{l}", started_line())).expect("lines");
        !matches!(&events[1], Event::Started(_)) && !matches!(&events[1], Event::Warning(w) if w.code == "data")
            && !matches!(&events[1], Event::Progress(p) if p.stage != Stage::Train)
    }).collect()
}

fn started_line() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| {
        let mut run = open(config(PolicyKind::Tabular));
        trace::line(&pollster::block_on(run.next()).expect("events")[0]).expect("a line")
    })
}

#[test]
fn a_run_is_what_was_before_a_checkpoint_and_what_comes_after() {
    for policy in POLICIES {
        let mut whole = open(config(policy));
        let expected = training(pull(&mut whole, |_| false));
        for stop in [0, 1, 13, 21, 26] {
            let mut first = open(config(policy));
            let before = training(pull(&mut first, |run| run.steps().is_some_and(|s| s >= stop)));
            let bytes = save(&first);
            assert_eq!(bytes, save(&first), "the same state gives the same file");
            let mut second = resume(&bytes, None);
            let events = pollster::block_on(second.next()).expect("events");
            let Event::Started(started) = &events[0] else { panic!("the first event is not `started`") };
            assert_eq!(started.resumed, first.steps());
            let after = training(pull(&mut second, |_| false));
            assert_eq!([before, after].concat(), expected, "{policy:?}, stopped at {stop}");
            assert!(save(&second) == save(&whole), "{policy:?}, stopped at {stop}: other parameters at the end");
        }
    }
}

#[test]
fn lanes_go_on_apart_and_are_joined_again() {
    for policy in [PolicyKind::Gpt, PolicyKind::LogLinear] {
        let mut whole = open(config(policy));
        pull(&mut whole, |run| run.steps().is_some_and(|s| s >= 10));
        let at_10 = save(&whole);
        pull(&mut whole, |run| run.steps().is_some_and(|s| s >= 24));
        let all: Vec<usize> = (0..whole.config().lanes.len()).collect();
        // Parts out of order, as workers might hold them.
        let (even, odd): (Vec<usize>, Vec<usize>) = all.iter().rev().partition(|l| **l % 2 == 0);
        let parts: Vec<RunCheckpoint> = [odd, even].iter().map(|part| {
            let mut run = resume(&at_10, Some(part));
            assert_eq!(run.config().lanes.len(), part.len());
            pull(&mut run, |run| run.steps().is_some_and(|s| s >= 24));
            RunCheckpoint::from_bytes(&save(&run)).expect("a part")
        }).collect();
        let joined = run_checkpoint::join(&parts).expect("a whole").to_bytes().expect("a file");
        assert!(joined == save(&whole), "{policy:?}: the joined parts are not the whole");

        let refused = |parts: &[RunCheckpoint], part: &str| {
            let error = run_checkpoint::join(parts).expect_err(part);
            assert_eq!(error.code, ErrorCode::Checkpoint);
            assert!(error.message.contains(part), "`{error}` does not say `{part}`");
        };
        refused(&[], "no parts");
        refused(&parts[..1], "is in no part");
        refused(&[parts[0].clone(), parts[0].clone()], "is in no part");
        let early = RunCheckpoint::from_bytes(&at_10).expect("a checkpoint").select(&[0, 2]).expect("lanes");
        let steps = format!("step {}, another at step {}", whole.steps().expect("training"), early.header.step);
        refused(&[parts[0].clone(), early], &steps);
        let mut other = parts[1].clone();
        other.header.config.seed += 1;
        refused(&[parts[0].clone(), other], "not of one run");
        let mut other = parts[1].clone();
        other.imported = Some("other pairs".into());
        refused(&[parts[0].clone(), other], "not of one run");
        let mut other = parts[1].clone();
        other.state.orders[0].left.push(0);
        refused(&[parts[0].clone(), other], "batch order");
    }
}

#[test]
fn a_part_that_began_as_one_is_told_its_places() {
    let mut part = open(RunConfig { lanes: vec![LaneConfig::new("wdpo")], ..config(PolicyKind::LogLinear) });
    let mut rest = open(RunConfig { lanes: vec![LaneConfig::new("dpo"), LaneConfig::new("kldpo")], ..config(PolicyKind::LogLinear) });
    let mut whole = open(RunConfig { lanes: ["dpo", "wdpo", "kldpo"].map(LaneConfig::new).to_vec(), ..config(PolicyKind::LogLinear) });
    for run in [&mut part, &mut rest, &mut whole] {
        pull(run, |run| run.steps().is_some_and(|s| s >= 10));
    }
    part.set_places(vec![1]).expect("one place");
    rest.set_places(vec![0, 2]).expect("two places");
    assert_eq!(rest.set_places(vec![0]).expect_err("too few").code, ErrorCode::Checkpoint);
    let parts = [&part, &rest].map(|run| RunCheckpoint::from_bytes(&save(run)).expect("a part"));
    assert!(run_checkpoint::join(&parts).expect("a whole").to_bytes().expect("a file") == save(&whole));
}

#[test]
fn settings_that_changed_live_are_kept() {
    let mut run = open(config(PolicyKind::LogLinear));
    pull(&mut run, |run| run.steps().is_some_and(|s| s >= 12));
    let mut changed = run.config().clone();
    changed.lanes[1] = changed.lanes[1].clone().with("tau", 0.2);
    changed.train.learning_rate = 1e-2;
    changed.eval.every = 5;
    assert!(run.update(changed.clone()).expect("an update").restart.is_empty());
    let mut again = resume(&save(&run), None);
    assert_eq!(again.config(), &changed);
    let [a, b] = [&mut run, &mut again].map(|run| training(pull(run, |_| false)));
    assert_eq!(a, b);
    assert!(!a.is_empty());
}

fn refused(bytes: &[u8], part: &str) -> Error {
    let error = Experiment::resume(bytes, Compute::cpu(), Inputs::default(), None).map(|_| ()).expect_err(part);
    assert_eq!(error.code, ErrorCode::Checkpoint, "{error}");
    assert!(error.message.contains(part), "`{error}` does not say `{part}`");
    assert!(!error.mend.is_empty());
    error
}

/// The bytes that are named as damaged.
fn said(error: &Error) -> Option<std::ops::Range<usize>> {
    let (from, to) = error.message.strip_suffix(" is damaged")?.split_once("(bytes ")?.1.strip_suffix(')')?.split_once(" to ")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

#[test]
fn damaged_checkpoints_are_refused_with_what_is_damaged() {
    let mut run = open(RunConfig { lanes: vec![LaneConfig::new("dpo"), LaneConfig::new("gr_dpo")], ..config(PolicyKind::Tabular) });
    assert_eq!(pollster::block_on(run.checkpoint()).expect_err("too early").code, ErrorCode::Checkpoint);
    pull(&mut run, |run| run.steps().is_some_and(|s| s >= 5));
    let bytes = save(&run);
    // Half-written: every length.
    for cut in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        refused(&bytes[..cut], "checkpoint");
    }
    refused(&bytes[..bytes.len() - 3], "cut off");
    refused(&[&bytes[..], &[0]].concat(), "longer than it was");
    // One bit anywhere: the header, or a tensor that is named with its bytes.
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
    for at in (0..bytes.len()).step_by(5) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        match Experiment::resume(&flipped, Compute::cpu(), Inputs::default(), None) {
            Err(error) => {
                assert_eq!(error.code, ErrorCode::Checkpoint);
                assert!(at < header || said(&error).is_some_and(|bytes| bytes.contains(&at)), "byte {at}: {error}");
            }
            // Blanks at the header's end mean nothing, unless they stop being blank.
            Ok(_) => panic!("byte {at} of {} may change unnoticed", bytes.len()),
        }
    }
    let mut huge = bytes.clone();
    huge[..8].fill(0xff);
    refused(&huge, "bytes 0 to 7");
    let policy = pollster::block_on(run.export(None)).expect("a policy");
    refused(&policy, "metadata has no `prefshift-run`");

    let changed = |change: &dyn Fn(&mut RunCheckpoint)| {
        let mut c = RunCheckpoint::from_bytes(&bytes).expect("a checkpoint");
        change(&mut c);
        c.to_bytes().expect("a file")
    };
    resume(&changed(&|_| {}), None);
    refused(&changed(&|c| c.header.version = 2), "version 2");
    refused(&changed(&|c| c.header.updates.truncate(1)), "`updates`");
    refused(&changed(&|c| c.header.updates[0] = -1), "negative");
    refused(&changed(&|c| c.header.places = vec![1, 1]), "twice");
    refused(&changed(&|c| c.header.orders.clear()), "`orders`");
    refused(&changed(&|c| c.header.vocabulary[0] = "other".into()), "vocabulary");
    refused(&changed(&|c| c.header.pairs ^= 1), "pairs");
    refused(&changed(&|c| c.state.lanes[1].params[2] = f32::NAN), "non-finite value at element");
    refused(&changed(&|c| c.state.lanes[1].second[2] = f32::INFINITY), "`second.");
    refused(&changed(&|c| c.header.parameters[0].0.push('x')), "parameters");
    let mut late = Experiment::resume(&changed(&|c| c.state.orders[0].left = vec![1 << 20]), Compute::cpu(), Inputs::default(), None).expect("found out later");
    let error = (0..9).find_map(|_| pollster::block_on(late.next()).err()).expect("an order beyond the pairs is refused");
    assert!(error.code == ErrorCode::Checkpoint && error.message.contains("names pair"), "{error}");
    let mut config = changed(&|c| c.header.config.train.batch = 0);
    assert_eq!(Experiment::resume(&config, Compute::cpu(), Inputs::default(), None).map(|_| ()).expect_err("a config out of range").code, ErrorCode::Config);
    config = changed(&|c| c.header.config.lanes.truncate(1));
    refused(&config, "for 1 lanes");
    assert!(Experiment::resume(&bytes, Compute::cpu(), Inputs::default(), Some(&[2])).is_err_and(|e| e.message.contains("[2] of 2")));
    assert!(Experiment::resume(&bytes, Compute::cpu(), Inputs::default(), Some(&[])).is_err());
    assert!(Experiment::resume(&bytes, Compute::cpu(), Inputs::default(), Some(&[1, 1])).is_err_and(|e| e.message.contains("twice")));
}

#[test]
fn own_pairs_come_along_or_are_asked_for() {
    let text: String = (0..40).map(|i| {
        format!("{{\"prompt\":\"ask {i}\",\"chosen\":\"good {i} yes\",\"rejected\":\"bad {i}\",\"group\":\"{}\"}}\n", if i % 3 == 0 { "a" } else { "b" })
    }).collect();
    let summary = prefshift::data::import::read(&text).expect("pairs").summary();
    let mut config = RunConfig { lanes: vec![LaneConfig::new("dpo")], ..RunConfig::for_import(&summary) };
    config.model.policy = PolicyKind::LogLinear;
    (config.train.batch, config.train.steps) = (4, 12);
    let inputs = || Inputs { imported: Some(text.clone()), ..Inputs::default() };
    let mut run = Experiment::new(config, Compute::cpu(), inputs()).expect("a run");
    pull(&mut run, |run| run.steps().is_some_and(|s| s >= 6));
    let bytes = save(&run);
    let mut again = resume(&bytes, None);
    let [a, b] = [&mut run, &mut again].map(|run| training(pull(run, |_| false)));
    assert_eq!(a, b);
    // As if they had been too large.
    let mut without = RunCheckpoint::from_bytes(&bytes).expect("a checkpoint");
    without.imported = None;
    without.header.imported.as_mut().expect("own pairs").stored = false;
    let without = without.to_bytes().expect("a file");
    refused(&without, "too large to be stored");
    let other = Inputs { imported: Some(text.replace("good 7", "good 8")), ..Inputs::default() };
    assert!(Experiment::resume(&without, Compute::cpu(), other, None).is_err_and(|e| e.message.contains("not the pairs")));
    assert!(Experiment::resume(&without, Compute::cpu(), inputs(), None).is_ok());
}

#[cfg(feature = "gpu")]
#[test]
fn from_the_gpu_to_the_cpu_and_back() {
    use prefshift::device::DeviceKind;
    let gpu = match pollster::block_on(Compute::open(DeviceKind::Webgpu)) {
        Ok(gpu) => gpu,
        Err(e) => return println!("SKIPPED: {e}"),
    };
    let mut config = config(PolicyKind::Gpt);
    config.eval.samples = 0;
    let mut whole = Experiment::new(config, gpu.clone(), Inputs::default()).expect("a run");
    pull(&mut whole, |run| run.steps().is_some_and(|s| s >= 9));
    let bytes = save(&whole);
    let from = |device: &Compute, lanes: Option<&[usize]>| Experiment::resume(&bytes, device.clone(), Inputs::default(), lanes).expect("a run");
    pull(&mut whole, |run| run.steps().is_some_and(|s| s >= 24));
    let expected = RunCheckpoint::from_bytes(&save(&whole)).expect("a checkpoint");
    let whole_reference = RunCheckpoint::from_bytes(&bytes).expect("a checkpoint").reference;
    let all: Vec<usize> = (0..whole.config().lanes.len()).collect();
    for (name, device) in [("GPU", &gpu), ("CPU", &Compute::cpu())] {
        let (a, b) = all.split_at(4);
        let parts = [a, b].map(|lanes| {
            let mut run = from(device, Some(lanes));
            pull(&mut run, |run| run.steps().is_some_and(|s| s >= 24));
            RunCheckpoint::from_bytes(&save(&run)).expect("a part")
        });
        let found = run_checkpoint::join(&parts).expect("a whole");
        for (lane, (found, expected)) in found.state.lanes.iter().zip(&expected.state.lanes).enumerate() {
            assert_eq!(found.steps, expected.steps);
            assert_eq!(found.method.as_ref().map(Vec::len), expected.method.as_ref().map(Vec::len), "lane {lane}");
            let moved: f64 = expected.params.iter().zip(&whole_reference).map(|(p, r)| f64::from(p - r).powi(2)).sum::<f64>().sqrt();
            let off: f64 = found.params.iter().zip(&expected.params).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
            common::within(&format!("{name}, lane {lane}: parameters, of the distance moved"), off / moved, 1e-3);
        }
    }
}
