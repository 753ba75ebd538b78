//! A lane whose numbers blow up goes back to where it was well, with half its learning rate; after the third time it is
//! frozen. The other lanes never notice, and no run of a shipped scenario sets it off.
#![cfg(not(target_family = "wasm"))]

mod common;

use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::event::{Event, Frame, Warning};
use prefshift::experiment::{ALL_DIVERGED, Experiment, Inputs};
use prefshift::policy::Parameters;
use burn::tensor::{Tensor, TensorData};

const STEPS: usize = 70;

fn config(policy: PolicyKind, lanes: &[&str]) -> RunConfig {
    RunConfig {
        data: DataConfig { scenario: Scenario::Shortcut, pairs: 24, eval_pairs: 2, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { policy, d_model: 8, layers: 1, heads: 2, ..ModelConfig::default() },
        sft: SftConfig { steps: 2, batch: 4, bundled: false, ..SftConfig::default() },
        lanes: lanes.iter().map(|l| LaneConfig::new(l)).collect(),
        train: TrainConfig { steps: STEPS, batch: 4, learning_rate: 1e-3, schedule: Schedule::Constant, warmup: 0, frame_every: 1, ..TrainConfig::default() },
        eval: EvalConfig { every: 25, samples: 0, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

/// Sets a lane's parameters to `value`.
fn poison(run: &mut Experiment, lane: usize, value: f32) {
    let trainer = run.trainer_mut().expect("training");
    let now = pollster::block_on(trainer.policies()).expect("policies");
    trainer.load(&Parameters(now.0.into_iter().map(|t| {
        let [lanes, r, c] = t.dims();
        let mut values = common::read(t);
        values[lane * r * c..(lane + 1) * r * c].fill(value);
        Tensor::from_data(TensorData::new(values, [lanes, r, c]), &burn::tensor::Device::flex())
    }).collect()));
}

/// Runs to the end, poisoning lane 1 before each of `steps`.
fn run(config: &RunConfig, device: &Compute, steps: &[usize]) -> Vec<Event> {
    let mut run = Experiment::new(config.clone(), device.clone(), Inputs::default()).expect("a run");
    to_the_end(&mut run, 1, steps)
}

/// The same with any lane of a run that is open.
fn to_the_end(run: &mut Experiment, lane: usize, steps: &[usize]) -> Vec<Event> {
    let (mut events, mut left) = (Vec::new(), steps.to_vec());
    loop {
        if run.steps().is_some() && run.steps() == left.first().copied() {
            poison(run, lane, f32::NAN);
            left.remove(0);
        }
        let batch = pollster::block_on(run.next()).expect("a step");
        let done = batch.iter().any(|e| matches!(e, Event::Done(_)));
        events.extend(batch);
        if done {
            return events;
        }
    }
}

fn warnings(events: &[Event]) -> Vec<&Warning> {
    events.iter().filter_map(|e| if let Event::Warning(w) = e { Some(w) } else { None }).filter(|w| w.code.starts_with("lane-")).collect()
}

/// Everything that a frame says of one lane, finite.
fn lane_of(f: &Frame, lane: usize) -> Vec<f32> {
    let lanes = f.objective.len();
    let n = f.losses.len() / lanes;
    let mut out = Vec::new();
    for wide in [&f.losses, &f.chosen, &f.rejected, &f.factor, &f.gradient] {
        out.extend_from_slice(&wide[lane * n..(lane + 1) * n]);
    }
    out.extend([&f.objective, &f.grad_norm, &f.learning_rate, &f.radius, &f.tau].map(|v| v[lane]));
    assert!(out.iter().all(|v| v.is_finite()), "lane {lane} at step {}: {out:?}", f.step);
    out
}

fn devices() -> Vec<(&'static str, PolicyKind, Compute)> {
    let mut devices = vec![("plain", PolicyKind::LogLinear, Compute::cpu()), ("CPU", PolicyKind::Gpt, Compute::cpu())];
    #[cfg(feature = "gpu")]
    match pollster::block_on(Compute::open(prefshift::device::DeviceKind::Webgpu)) {
        Ok(gpu) => devices.push(("GPU", PolicyKind::Gpt, gpu)),
        Err(e) => println!("SKIPPED: {e}"),
    }
    devices
}

#[test]
fn a_lane_goes_back_alone_with_half_its_learning_rate() {
    for (name, policy, device) in devices() {
        let config = config(policy, &["dpo", "gr_dpo", "wdpo"]);
        let healthy = run(&config, &device, &[]);
        assert!(warnings(&healthy).is_empty(), "{name}: {:?}", warnings(&healthy));
        let events = run(&config, &device, &[45]);
        let [warning] = warnings(&events)[..] else { panic!("{name}: {:?}", warnings(&events)) };
        assert_eq!(warning.code, "lane-rolled-back");
        for part in ["GR-DPO", "step 45", "no longer finite", "at step 40", "5.000e-4"] {
            assert!(warning.message.contains(part), "{name}: `{}` does not say `{part}`", warning.message);
        }
        let (a, b) = (common::frames(&healthy), common::frames(&events));
        assert_eq!(a.len(), STEPS);
        assert_eq!(b.len(), STEPS, "{name}: a frame is missing or doubled");
        for (a, b) in a.iter().zip(&b) {
            assert_eq!((a.step, &a.pairs), (b.step, &b.pairs));
            for lane in [0, 2] {
                assert_eq!(lane_of(a, lane), lane_of(b, lane), "{name}: lane {lane} noticed at step {}", a.step);
            }
            assert_eq!(b.learning_rate[1], if b.step <= 45 { 1e-3 } else { 5e-4 }, "{name}");
            let same = lane_of(a, 1) == lane_of(b, 1);
            assert_eq!(same, b.step < 45, "{name}: lane 1 at step {}", b.step);
        }
        // Where it went back to is where it was: five updates of the lane were taken back, so it is near its healthy self.
        let (a, b) = (a[46].objective[1], b[46].objective[1]);
        assert!((a - b).abs() < 0.05 * a.abs().max(1.0), "{name}: {a} against {b}");
    }
}

#[test]
fn after_the_third_time_it_is_frozen() {
    for (name, policy, device) in devices() {
        let config = config(policy, &["dpo", "kldpo", "wdpo", "gr_dpo"]);
        let healthy = run(&config, &device, &[]);
        let events = run(&config, &device, &[3, 24, 41]);
        let codes: Vec<&str> = warnings(&events).iter().map(|w| w.code.as_str()).collect();
        assert_eq!(codes, ["lane-rolled-back", "lane-rolled-back", "lane-diverged"], "{name}");
        assert!(warnings(&events)[0].message.contains("at step 0 "), "{name}: {}", warnings(&events)[0].message);
        for (a, b) in common::frames(&healthy).iter().zip(common::frames(&events)) {
            for lane in [0, 2, 3] {
                assert_eq!(lane_of(a, lane), lane_of(b, lane), "{name}: lane {lane} noticed at step {}", a.step);
            }
            lane_of(b, 1);
            assert_eq!(b.learning_rate[1], match b.step { 0..=3 => 1e-3, 4..=24 => 5e-4, 25..=41 => 2.5e-4, _ => 0.0 }, "{name}, step {}", b.step);
        }
        // Evaluations of a frozen lane no longer change.
        let late: Vec<_> = events.iter().filter_map(|e| if let Event::Evaluation(e) = e { Some(e) } else { None }).filter(|e| e.step > 41).collect();
        assert_eq!(late.len(), 2);
        assert_eq!(late[0].distance[1], late[1].distance[1], "{name}");
        assert!(late[0].distance[1] > 0.0 && late[0].distance[0] != late[1].distance[0]);
    }
}

#[test]
fn a_run_without_a_lane_left_ends() {
    let config = config(PolicyKind::LogLinear, &["dpo", "kldpo"]);
    let mut run = Experiment::new(config, Compute::cpu(), Inputs::default()).expect("a run");
    let mut events = Vec::new();
    let error = loop {
        if run.steps().is_some() {
            (0..2).for_each(|lane| poison(&mut run, lane, f32::INFINITY));
        }
        match pollster::block_on(run.next()) {
            Ok(said) => events.extend(said),
            Err(e) => break e,
        }
    };
    let last: Vec<&str> = warnings(&events).iter().filter(|w| w.code == "lane-diverged").map(|w| w.message.as_str()).collect();
    assert!(last.len() == 2 && last[0].starts_with("DPO diverged at step 2") && last[1].starts_with("KLDPO"), "{last:?}");
    assert_eq!(common::frames(&events).len(), 3, "the step that was the last is told as well");
    assert_eq!(error.code, prefshift::error::ErrorCode::Numerics);
    assert!(error.message.contains("every lane"), "{error}");
}

/// Frames and evaluations of one lane of several.
fn shown(events: &[Event], lane: usize) -> Vec<(usize, Vec<f32>)> {
    events.iter().filter_map(|event| match event {
        Event::Frame(f) => Some((f.step, lane_of(f, lane))),
        Event::Evaluation(e) => {
            let groups = e.accuracy.len() / e.distance.len();
            Some((e.step, [&e.accuracy[lane * groups..][..groups], &e.margin[lane * groups..][..groups], &[e.distance[lane]]].concat()))
        }
        _ => None,
    }).collect()
}

#[test]
fn a_part_without_a_lane_left_shows_what_it_would_in_the_whole_run() {
    for policy in [PolicyKind::LogLinear, PolicyKind::Gpt] {
        let config = RunConfig { eval: EvalConfig { every: 10, samples: 0, ..EvalConfig::default() }, ..config(policy, &["dpo", "kldpo"]) };
        let whole = run(&config, &Compute::cpu(), &[3, 24, 39]);
        let of_part = RunConfig { lanes: config.lanes[1..].to_vec(), ..config.clone() };
        let mut part = Experiment::new(of_part, Compute::cpu(), Inputs { part: true, ..Inputs::default() }).expect("a part");
        let events = to_the_end(&mut part, 0, &[3, 24, 39]);
        assert_eq!(warnings(&events), warnings(&whole), "{policy:?}");
        assert_eq!(shown(&events, 0), shown(&whole, 1), "{policy:?}");
        let told = |events: &[Event]| events.iter().filter(|e| matches!(e, Event::Warning(w) if w.code == ALL_DIVERGED)).count();
        assert_eq!((told(&whole), told(&events)), (0, 1), "{policy:?}");
        let at = events.iter().position(|e| matches!(e, Event::Warning(w) if w.code == ALL_DIVERGED && w.message == "every lane blew up by step 39"));
        assert!(at.is_some_and(|at| matches!(&events[at - 1], Event::Evaluation(e) if e.step == 40) && matches!(&events[at + 1], Event::Frame(f) if f.step == 40)));
        // Taken out of a checkpoint it is a part too; the whole of it is not.
        let bytes = pollster::block_on(part.checkpoint()).expect("a checkpoint");
        let mut alone = Experiment::resume(&bytes, Compute::cpu(), Inputs::default(), Some(&[0])).expect("a run");
        alone.extend(STEPS + 2);
        let ended = (0..9).find_map(|_| pollster::block_on(alone.next()).err()).expect("no lane is left");
        assert!(ended.message.contains("every lane"), "{ended}");
        let mut both = Experiment::new(config.clone(), Compute::cpu(), Inputs::default()).expect("a run");
        let mut poisoned = 0;
        while both.steps() != Some(8) {
            if both.steps().is_some_and(|s| s > poisoned && s <= 3) {
                poison(&mut both, 1, f32::NAN);
                poisoned += 1;
            }
            pollster::block_on(both.next()).expect("a step");
        }
        let bytes = pollster::block_on(both.checkpoint()).expect("a checkpoint");
        let mut part = Experiment::resume(&bytes, Compute::cpu(), Inputs::default(), Some(&[1])).expect("a part");
        let events = to_the_end(&mut part, 0, &[]);
        assert_eq!((told(&events), common::frames(&events).len()), (1, STEPS - 8), "{policy:?}");
        assert!(common::frames(&events).iter().all(|f| f.learning_rate == [0.0]));
    }
}

#[test]
fn parts_say_alike_how_far_they_are_whether_a_lane_was_stopped_or_not() {
    // The last step before an evaluation is no frame's.
    let mut config = config(PolicyKind::Gpt, &["dpo", "kldpo"]);
    (config.train.frame_every, config.train.steps) = (2, 12);
    config.eval.every = 10;
    let [healthy, stopped] = [&[][..], &[9]].map(|steps| {
        let events = run(&config, &Compute::cpu(), steps);
        assert_eq!(warnings(&events).len(), steps.len());
        events.iter().filter_map(|event| match event {
            Event::Progress(p) if p.stage == prefshift::event::Stage::Train => Some(("progress", p.done)),
            Event::Frame(f) => Some(("frame", f.step)),
            Event::Evaluation(e) => Some(("evaluation", e.step)),
            _ => None,
        }).collect::<Vec<_>>()
    });
    assert_eq!(healthy, stopped);
    assert!(healthy.contains(&("progress", 10)), "{healthy:?}");
}

#[test]
fn absurd_learning_rates_stop_one_lane() {
    for (name, policy, device) in devices() {
        let mut config = config(policy, &["dpo", "dpo", "wdpo"]);
        // Some labels that no policy can please.
        config.data.flip = 0.4;
        let healthy = run(&config, &device, &[]);
        config.lanes[1] = LaneConfig { learning_rate: Some(10.0), ..LaneConfig::new("dpo") }.with("beta", 50.0);
        let events = run(&config, &device, &[]);
        assert!(!warnings(&events).is_empty(), "{name}: nothing was noticed");
        assert!(warnings(&events).iter().all(|w| w.message.contains("DPO") && !w.message.contains("WDPO")), "{name}");
        for (a, b) in common::frames(&healthy).iter().zip(common::frames(&events)) {
            (0..3).for_each(|lane| drop(lane_of(b, lane)));
            for lane in [0, 2] {
                assert_eq!(lane_of(a, lane), lane_of(b, lane), "{name}: lane {lane} noticed at step {}", a.step);
            }
        }
        assert_eq!(common::frames(&events).len(), STEPS);
    }
}

#[test]
fn a_lane_that_was_stopped_is_still_so_after_a_checkpoint() {
    let config = config(PolicyKind::Gpt, &["dpo", "wdpo"]);
    let mut first = Experiment::new(config, Compute::cpu(), Inputs::default()).expect("a run");
    let mut poisoned = 0;
    while first.steps() != Some(30) {
        if poisoned < 2 && first.steps() == Some(3 + poisoned) {
            poison(&mut first, 1, f32::NAN);
            poisoned += 1;
        }
        pollster::block_on(first.next()).expect("a step");
    }
    // It blew up since it was last looked at: the file must be fit to go on from.
    poison(&mut first, 0, f32::NAN);
    let bytes = pollster::block_on(first.checkpoint()).expect("a checkpoint");
    let mut again = Experiment::resume(&bytes, Compute::cpu(), Inputs::default(), None).expect("a run");
    let mut events = Vec::new();
    while again.steps() != Some(40) {
        events.extend(pollster::block_on(again.next()).expect("a step"));
    }
    let frames = common::frames(&events);
    assert!(frames.iter().all(|f| f.learning_rate == [1e-3, 2.5e-4]), "{:?}", frames[0].learning_rate);
    frames.iter().for_each(|f| (0..2).for_each(|lane| drop(lane_of(f, lane))));
    poison(&mut again, 1, f32::NAN);
    let events = pollster::block_on(again.next()).expect("a step");
    assert_eq!(warnings(&events)[0].code, "lane-diverged");
}

#[test]
fn healthy_runs_of_the_shipped_scenarios_do_not_set_it_off() {
    let methods: Vec<LaneConfig> = prefshift::objective::methods().iter().flat_map(|m| {
        let forms: Vec<Option<String>> = std::iter::once(None).chain(m.forms.iter().skip(1).map(|f| Some(f.id.to_string()))).collect();
        forms.into_iter().flat_map(|form| [LaneConfig { form, ..LaneConfig::new(m.id) }.with("beta", 0.5)])
    }).collect();
    for start in starts().into_iter().filter(|s| !matches!(s.config.data.scenario, Scenario::Imported | Scenario::Emotion)) {
        let tabular = start.config.data.scenario == Scenario::Tabular;
        let policies = [(PolicyKind::LogLinear, 0.02, 60), (PolicyKind::Gpt, 1e-3, 30)];
        for (policy, learning_rate, steps) in policies.into_iter().take(if tabular { 1 } else { 2 }) {
            let mut config = start.config.clone();
            config.train.steps = 150;
            (config.train.frame_every, config.eval.every, config.eval.samples) = (1, 1000, 0);
            if !tabular {
                config.model = ModelConfig { policy, d_model: 8, layers: 1, heads: 2, ..config.model };
                (config.sft.steps, config.train.batch, config.data.pairs, config.data.eval_pairs) = (30, 6, 128, 4);
                (config.train.learning_rate, config.train.steps) = (learning_rate, steps);
                config.data.flip = 0.1;
            }
            // What this policy and these pairs can train: some methods need more than margins, or a reward.
            config.lanes = methods.iter().filter(|l| Experiment::new(RunConfig { lanes: vec![(*l).clone()], ..config.clone() }, Compute::cpu(), Inputs::default()).is_ok()).cloned().collect();
            let events = run(&config, &Compute::cpu(), &[]);
            assert!(warnings(&events).is_empty(), "{:?} {policy:?}: {:?}", config.data.scenario, warnings(&events));
        }
    }
}
