//! The same run gives the same bytes; files come back as they went in, and damaged ones are refused with the reason.
#![cfg(not(target_family = "wasm"))]

mod common;

use half::f16;
use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::error::{Error, ErrorCode};
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};
use prefshift::trace;
use prefshift::train::checkpoint::Precision;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::HashMap;

fn tabular() -> RunConfig {
    RunConfig {
        data: DataConfig { scenario: Scenario::Tabular, pairs: 40, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { policy: PolicyKind::Tabular, context: 8, ..ModelConfig::default() },
        lanes: vec![
            LaneConfig::new("dpo"), LaneConfig::new("kldpo").with("tau", 0.25), LaneConfig::new("wdpo"),
            LaneConfig::new("gr_dpo"), LaneConfig { seed: 4, ..LaneConfig::new("dr_dpo") },
        ],
        train: TrainConfig { steps: 30, batch: 8, learning_rate: 0.1, frame_every: 3, ..TrainConfig::default() },
        eval: EvalConfig { every: 7, samples: 0, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

/// A transformer that trains in no time.
fn tiny() -> RunConfig {
    RunConfig {
        data: DataConfig { pairs: 12, eval_pairs: 2, ..DataConfig::default() },
        model: ModelConfig { d_model: 8, layers: 1, heads: 2, ..ModelConfig::default() },
        sft: SftConfig { steps: 3, batch: 4, bundled: false, ..SftConfig::default() },
        train: TrainConfig { steps: 3, batch: 4, frame_every: 1, ..TrainConfig::default() },
        eval: EvalConfig { every: 2, samples: 2, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

fn text(events: &[Event]) -> String {
    events.iter().map(|e| trace::line(e).expect("a line")).collect()
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    for config in [tabular(), tiny()] {
        let (first, second) = (text(&common::run(config.clone(), Inputs::default())), text(&common::run(config.clone(), Inputs::default())));
        assert!(first == second, "two runs of one config differ");
        let other = text(&common::run(RunConfig { seed: 2, ..config }, Inputs::default()));
        assert!(first != other, "the seed must matter");
    }
}

#[test]
fn frames_are_whole_and_finite() {
    for config in [tabular(), tiny()] {
        let events = common::run(config.clone(), Inputs::default());
        let (lanes, batch) = (config.lanes.len(), config.train.batch);
        let frames = common::frames(&events);
        assert_eq!(frames.len(), config.train.steps.div_ceil(config.train.frame_every));
        for f in frames {
            assert_eq!(f.pairs.len(), lanes * batch);
            for (wide, name) in [(&f.losses, "losses"), (&f.chosen, "chosen"), (&f.rejected, "rejected"), (&f.factor, "factor"), (&f.gradient, "gradient")] {
                assert_eq!(wide.len(), lanes * batch, "{name}");
                assert!(wide.iter().all(|v| v.is_finite()), "{name} at step {}: {wide:?}", f.step);
            }
            for (narrow, name) in [
                (&f.objective, "objective"), (&f.grad_norm, "grad_norm"), (&f.learning_rate, "learning_rate"), (&f.radius, "radius"), (&f.tau, "tau"),
            ] {
                assert_eq!(narrow.len(), lanes, "{name}");
                assert!(narrow.iter().all(|v| v.is_finite()), "{name} at step {}: {narrow:?}", f.step);
            }
            for lane in 0..lanes {
                let of = lane * batch..(lane + 1) * batch;
                assert!((f.factor[of.clone()].iter().sum::<f32>() / batch as f32 - 1.0).abs() < 1e-4, "factors have mean 1");
                assert!((f.gradient[of].iter().sum::<f32>() - 1.0).abs() < 1e-4, "shares add to 1");
            }
        }
        assert!(!events.iter().any(|e| matches!(e, Event::Warning(_))));
        let Some(Event::Done(done)) = events.last() else { panic!("the last event is not `done`") };
        assert_eq!(done.steps, config.train.steps);
    }
}

#[test]
fn traces_come_back_as_they_went_in() {
    let events = common::run(tiny(), Inputs::default());
    let written = text(&events);
    let read = trace::read(&written).expect("a trace");
    assert_eq!(read, events);
    assert_eq!(text(&read), written);
    // A blank line at the end, or other line ends, do no harm.
    assert_eq!(trace::read(&(written.replace('\n', "\r\n") + "\n")).expect("a trace"), events);
}

#[test]
fn damaged_traces_are_refused_with_the_line() {
    let written = text(&common::run(tabular(), Inputs::default()));
    let lines: Vec<&str> = written.lines().collect();
    let refused = |text: String, part: &str| {
        let error = trace::read(&text).expect_err(part);
        assert_eq!(error.code, ErrorCode::Trace);
        assert!(error.message.contains(part), "`{}` does not say `{part}`", error.message);
        assert!(!error.mend.is_empty());
    };
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        lines.join("\n")
    };
    refused(with(3, "not json"), "line 4");
    refused(with(5, &lines[5][..lines[5].len() / 2]), "line 6");
    refused(with(2, r#"{"event":"no-such-event"}"#), "line 3");
    refused(with(4, r#"{"event":"done","steps":-1}"#), "line 5");
    refused(with(4, r#"{"event":"done"}"#), "missing field `steps`");
    refused(with(0, lines[1]), "line 1: the first event is not `started`");
    refused(lines[1..].join("\n"), "line 1");
    refused(with(0, &lines[0].replace("\"pairs\":40", "\"pairs\":\"forty\"")), "line 1");
    refused(String::new(), "empty");
    refused("\n \n".into(), "empty");
    // Cut in the middle of the last line, as after a crash.
    refused(written[..written.len() - 3].into(), &format!("line {}", lines.len()));
}

/// Runs until the reference is there.
fn with_reference(config: RunConfig, inputs: Inputs) -> Result<Experiment, Error> {
    let mut experiment = Experiment::new(config, Compute::cpu(), inputs)?;
    while pollster::block_on(experiment.export(None)).is_err() {
        pollster::block_on(experiment.next())?;
    }
    Ok(experiment)
}

fn export(experiment: &Experiment, lane: Option<usize>) -> Vec<u8> {
    pollster::block_on(experiment.export(lane)).expect("a policy")
}

#[test]
fn policies_come_back_byte_by_byte() {
    for config in [tabular(), tiny()] {
        let first = with_reference(config.clone(), Inputs::default()).expect("a reference");
        let bytes = export(&first, None);
        assert_eq!(bytes, export(&first, None));
        let again = with_reference(config.clone(), Inputs { reference: Some(bytes.clone()), ..Inputs::default() }).expect("a reference");
        assert_eq!(export(&again, None), bytes);
        // Before the first step every lane is the reference, but for its name.
        for lane in 0..config.lanes.len() {
            let lane = export(&again, Some(lane));
            let (a, b) = (SafeTensors::deserialize(&lane).expect("a file"), SafeTensors::deserialize(&bytes).expect("a file"));
            assert_eq!(a.names().len(), b.names().len());
            for (name, view) in a.tensors() {
                assert_eq!(view.data(), b.tensor(&name).expect("the same tensor").data(), "{name}");
            }
        }
        assert_eq!(pollster::block_on(again.export(Some(config.lanes.len()))).expect_err("no such lane").code, ErrorCode::Checkpoint);
    }
}

#[test]
fn a_run_from_an_exported_reference_is_the_run_that_made_it() {
    let config = tiny();
    let bytes = export(&with_reference(config.clone(), Inputs::default()).expect("a reference"), None);
    let frames = |inputs| -> Vec<String> {
        common::run(config.clone(), inputs).iter().filter(|e| matches!(e, Event::Frame(_) | Event::Evaluation(_))).map(|e| trace::line(e).expect("a line")).collect()
    };
    assert_eq!(frames(Inputs::default()), frames(Inputs { reference: Some(bytes), ..Inputs::default() }));
}

#[test]
fn half_precision_is_rounded_once() {
    let config = tiny();
    let first = with_reference(config.clone(), Inputs::default()).expect("a reference");
    let half = |e: &Experiment| pollster::block_on(e.export_in(None, Precision::F16)).expect("a policy");
    let (whole, bytes) = (export(&first, None), half(&first));
    assert_eq!(bytes, half(&first));
    assert!(bytes.len() * 10 < whole.len() * 7, "{} against {} bytes", bytes.len(), whole.len());
    let (a, b) = (SafeTensors::deserialize(&whole).expect("a file"), SafeTensors::deserialize(&bytes).expect("a file"));
    let mut moved = 0;
    for (name, view) in a.tensors() {
        let rounded = b.tensor(&name).expect("the same tensor");
        assert_eq!((rounded.dtype(), rounded.shape()), (Dtype::F16, view.shape()), "{name}");
        for (x, h) in view.data().as_chunks().0.iter().zip(rounded.data().as_chunks().0) {
            let (x, h) = (f32::from_le_bytes(*x), f16::from_le_bytes(*h).to_f32());
            // Eleven significant bits; below 2^-14 steps of 2^-24.
            assert!((x - h).abs() <= (x.abs() * 2f32.powi(-11)).max(2f32.powi(-25)), "{name}: {x} became {h}");
            moved += usize::from(x != h);
        }
    }
    assert!(moved > 100, "float16 must have cost something");
    // Reading is exact: a second round changes nothing, and the run computes in float32 from what the file says.
    let again = with_reference(config, Inputs { reference: Some(bytes.clone()), ..Inputs::default() }).expect("a reference");
    assert_eq!(half(&again), bytes);
    let read = export(&again, None);
    let read = SafeTensors::deserialize(&read).expect("a file");
    for (name, view) in b.tensors() {
        let expected: Vec<u8> = view.data().as_chunks().0.iter().flat_map(|h| f16::from_le_bytes(*h).to_f32().to_le_bytes()).collect();
        assert_eq!(read.tensor(&name).expect("the same tensor").data(), expected, "{name}");
    }
}

#[test]
fn a_grid_moves_each_number_by_half_a_step_at_most() {
    let config = tiny();
    let first = with_reference(config.clone(), Inputs::default()).expect("a reference");
    let grid = |e: &Experiment| pollster::block_on(e.export_in(None, Precision::Grid)).expect("a policy");
    let (whole, bytes) = (export(&first, None), grid(&first));
    let (a, b) = (SafeTensors::deserialize(&whole).expect("a file"), SafeTensors::deserialize(&bytes).expect("a file"));
    for (name, view) in a.tensors() {
        let exact: Vec<f64> = view.data().as_chunks().0.iter().map(|x| f64::from(f32::from_le_bytes(*x))).collect();
        let rounded: Vec<f64> = b.tensor(&name).expect("the same tensor").data().as_chunks().0.iter().map(|h| f16::from_le_bytes(*h).to_f64()).collect();
        let n = exact.len() as f64;
        let mean = exact.iter().sum::<f64>() / n;
        let deviation = (exact.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let step = (deviation / 64.0).log2().round().exp2();
        for (x, g) in exact.iter().zip(&rounded) {
            // Far from zero, as gains are that hardly differ, float16 itself is the coarser one.
            let near = x.abs() < 2047.0 * step;
            let most = if near { step / 2.0 } else { step / 2.0 + x.abs() * 2f64.powi(-11) };
            assert!((x - g).abs() <= most && (!near || (g / step).fract() == 0.0), "{name}: {x} became {g}, a step is {step}");
        }
    }
    let again = with_reference(config, Inputs { reference: Some(bytes.clone()), ..Inputs::default() }).expect("a reference");
    assert_eq!(export(&again, None), export(&with_reference(tiny(), Inputs { reference: Some(bytes), ..Inputs::default() }).expect("a reference"), None));
}

#[test]
fn what_float16_cannot_hold_is_not_written() {
    let config = tiny();
    let bytes = export(&with_reference(config.clone(), Inputs::default()).expect("a reference"), None);
    let holding = |value: f32| {
        let changed = rewritten(&bytes, |name, shape, mut data| {
            if name == "ln_f.g" {
                data[8..12].copy_from_slice(&value.to_le_bytes());
            }
            Some((shape, Dtype::F32, data))
        }, Some);
        with_reference(config.clone(), Inputs { reference: Some(changed), ..Inputs::default() }).expect("a reference")
    };
    let half = |e: &Experiment| pollster::block_on(e.export_in(None, Precision::F16));
    assert!(half(&holding(65_504.0)).is_ok(), "the largest there is");
    let error = half(&holding(70_000.0)).expect_err("too large");
    assert_eq!(error.code, ErrorCode::Checkpoint);
    assert!(error.message.contains("ln_f.g") && error.message.contains("element 2") && error.message.contains("70000"), "{error}");
    assert!(error.mend.contains("f32"));
}

/// `bytes` with its tensors and header changed.
fn rewritten(
    bytes: &[u8], change: impl Fn(&str, Vec<usize>, Vec<u8>) -> Option<(Vec<usize>, Dtype, Vec<u8>)>, header: impl Fn(String) -> Option<String>,
) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("a file");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("metadata");
    let json = metadata.metadata().as_ref().expect("metadata")["prefshift"].clone();
    let kept: Vec<_> = file.tensors().into_iter()
        .filter_map(|(name, view)| change(&name, view.shape().to_vec(), view.data().to_vec()).map(|changed| (name, changed))).collect();
    let views = kept.iter().map(|(name, (shape, dtype, data))| (name.clone(), TensorView::new(*dtype, shape.clone(), data).expect("a view")));
    serialize(views, header(json).map(|json| HashMap::from([("prefshift".to_string(), json)]))).expect("bytes")
}

#[test]
fn policies_that_do_not_fit_are_refused_with_the_reason() {
    let config = tiny();
    let bytes = export(&with_reference(config.clone(), Inputs::default()).expect("a reference"), None);
    let refused_by = |config: RunConfig, bytes: Vec<u8>, parts: &[&str]| {
        let error = with_reference(config, Inputs { reference: Some(bytes), ..Inputs::default() }).map(|_| ()).expect_err(parts[0]);
        assert_eq!(error.code, ErrorCode::Checkpoint, "{error}");
        for part in parts {
            assert!(error.message.contains(part), "`{}` does not say `{part}`", error.message);
        }
        assert!(!error.mend.is_empty());
    };
    let refused = |bytes: Vec<u8>, parts: &[&str]| refused_by(config.clone(), bytes, parts);
    let same = |_: &str, shape, data| Some((shape, Dtype::F32, data));
    let plain = |change: &dyn Fn(&str, Vec<usize>, Vec<u8>) -> Option<(Vec<usize>, Dtype, Vec<u8>)>| rewritten(&bytes, change, Some);
    assert!(with_reference(config.clone(), Inputs { reference: Some(plain(&same)), ..Inputs::default() }).is_ok(), "an unchanged file is fine");

    for (value, name) in [(f32::NAN, "wpe"), (f32::INFINITY, "h.0.mlp.up.b"), (f32::NEG_INFINITY, "head.w")] {
        let damaged = plain(&|n, shape, mut data| {
            if n == name {
                data[12..16].copy_from_slice(&value.to_le_bytes());
            }
            Some((shape, Dtype::F32, data))
        });
        refused(damaged, &[name, "non-finite", "element 3"]);
    }
    let turned = plain(&|n, shape, data| Some((if n == "h.0.attn.qkv.w" { shape.into_iter().rev().collect() } else { shape }, Dtype::F32, data)));
    refused(turned, &["h.0.attn.qkv.w", "[24, 8]", "[8, 24]"]);
    refused(plain(&|n, shape, data| (n != "ln_f.g").then_some((shape, Dtype::F32, data))), &["ln_f.g", "missing"]);
    refused(plain(&|n, shape, data| Some((shape, if n == "wte" { Dtype::I32 } else { Dtype::F32 }, data))), &["wte", "I32", "F32", "F16"]);
    // In half precision the same checks hold.
    let halves = |data: Vec<u8>| data.as_chunks().0.iter().flat_map(|b| f16::from_f32(f32::from_le_bytes(*b)).to_le_bytes()).collect::<Vec<u8>>();
    assert!(with_reference(config.clone(), Inputs { reference: Some(plain(&|_, shape, data| Some((shape, Dtype::F16, halves(data))))), ..Inputs::default() }).is_ok());
    for (value, name) in [(f16::NAN, "wpe"), (f16::INFINITY, "h.0.mlp.up.b")] {
        let damaged = plain(&|n, shape, data| {
            let mut data = halves(data);
            if n == name {
                data[6..8].copy_from_slice(&value.to_le_bytes());
            }
            Some((shape, Dtype::F16, data))
        });
        refused(damaged, &[name, "non-finite", "element 3"]);
    }
    let turned = plain(&|n, shape, data| Some((if n == "h.0.attn.qkv.w" { shape.into_iter().rev().collect() } else { shape }, Dtype::F16, halves(data))));
    refused(turned, &["h.0.attn.qkv.w", "[24, 8]", "[8, 24]"]);

    refused(rewritten(&bytes, same, |json| Some(json.replacen("<unk>", "<other>", 1))), &["another vocabulary"]);
    refused(rewritten(&bytes, same, |json| Some(json.replacen("\"<unk>\",", "", 1))), &["another vocabulary"]);
    refused(rewritten(&bytes, same, |_| Some("{}".into())), &["metadata `prefshift`", "missing field"]);
    refused(rewritten(&bytes, same, |_| Some("[".into())), &["metadata `prefshift`"]);
    refused(rewritten(&bytes, same, |_| None), &["metadata has no `prefshift`"]);
    let mut other = config.clone();
    other.model.d_model = 12;
    refused_by(other, bytes.clone(), &["d_model: 8", "d_model: 12"]);
    let mut other = config.clone();
    other.model.tied = true;
    refused_by(other, bytes.clone(), &["tied: false", "tied: true"]);

    let length = bytes.len();
    for cut in [0, 4, 8, 100, length / 2, length - 1] {
        refused(bytes[..cut].to_vec(), &["policy file"]);
    }
    let mut longer = bytes.clone();
    longer.push(0);
    refused(longer, &["policy file"]);
    refused(b"{\"not\": \"safetensors\"}".to_vec(), &["policy file"]);
    // The first eight bytes are the header's length.
    let mut huge = bytes.clone();
    huge[..8].fill(0xff);
    refused(huge, &["policy file"]);
}
