//! The emotion experiment end to end, small: stages, what each makes, starting from what was made before.
#![cfg(not(target_family = "wasm"))]

use prefshift::config::{LaneConfig, Mixture, RunConfig, Scenario};
use prefshift::data::PreferencePair;
use prefshift::device::Compute;
use prefshift::event::{Event, Product, Stage};
use prefshift::experiment::{Experiment, Inputs};

fn small() -> RunConfig {
    let mut config = RunConfig::for_scenario(Scenario::Emotion);
    (config.data.pairs, config.data.eval_pairs) = (96, 8);
    (config.reward.steps, config.sft.steps) = (150, 120);
    (config.train.steps, config.eval.every, config.eval.samples) = (6, 6, 16);
    config.lanes = vec![LaneConfig::new("dpo"), LaneConfig { seed: 1, ..LaneConfig::new("kldpo") }];
    config
}

struct Ran {
    events: Vec<Event>,
    pairs: Vec<PreferencePair>,
    file: Vec<u8>,
}

fn run(config: RunConfig, reference: Option<Vec<u8>>) -> Ran {
    let inputs = Inputs { reference, ..Inputs::default() };
    let mut experiment = Experiment::new(config, Compute::cpu(), inputs).expect("an experiment");
    let mut events = Vec::new();
    while !matches!(events.last(), Some(Event::Done(_))) {
        events.extend(pollster::block_on(experiment.next()).expect("a stage"));
    }
    let file = pollster::block_on(experiment.export(None)).expect("a file");
    Ran { events, pairs: experiment.data().train.clone(), file }
}

fn products(events: &[Event]) -> Vec<&Product> {
    events.iter().filter_map(|e| if let Event::Product(p) = e { Some(p.as_ref()) } else { None }).collect()
}

fn stages(events: &[Event]) -> Vec<Stage> {
    let mut seen: Vec<Stage> = events.iter().filter_map(|e| if let Event::Progress(p) = e { Some(p.stage) } else { None }).collect();
    seen.retain(|s| *s != Stage::Train);
    seen.dedup();
    seen
}

#[test]
fn every_stage_runs_shows_what_it_made_and_can_be_given() {
    let fresh = run(small(), None);
    assert_eq!(stages(&fresh.events), [Stage::Data, Stage::RewardModel, Stage::Sft, Stage::Pairs, Stage::Reference]);
    let made = products(&fresh.events);
    assert_eq!(made.iter().map(|p| p.stage).collect::<Vec<_>>(), [Stage::Data, Stage::RewardModel, Stage::Pairs]);
    assert!(made[0].texts.iter().all(|t| !t.text.is_empty() && t.words.len() == 5 && t.learned.is_empty()));
    assert!(made[1].texts.iter().all(|t| t.learned.len() == 5) && made[1].quality.as_ref().is_some_and(|q| q.auc > 0.6));
    assert_eq!(made[2].pairs.len(), 96);
    assert!(made[2].pairs.iter().all(|p| p.rewards.len() == 4 && p.rewards.iter().all(|r| (0.0..=1.0).contains(r))));
    // The next run starts at the labels, and goes on as the first did, to the last bit.
    let given = run(small(), Some(fresh.file.clone()));
    assert_eq!(stages(&given.events), [Stage::Data, Stage::Reference]);
    assert_eq!((&given.pairs, &given.file), (&fresh.pairs, &fresh.file));
    let trained = |events: &[Event]| events.iter().filter(|e| matches!(e, Event::Frame(_) | Event::Evaluation(_))).cloned().collect::<Vec<_>>();
    assert_eq!(trained(&given.events), trained(&fresh.events));
    // Another α₀, mixture or emotion needs no new texts, only new labels.
    let texts = |pairs: &[PreferencePair]| -> Vec<Vec<Vec<u32>>> {
        pairs.iter().map(|p| { let mut both = vec![p.chosen.clone(), p.rejected.clone()]; both.sort(); both }).collect()
    };
    let mut other = small();
    (other.data.mix, other.data.mixture, other.data.emotions) = (vec![0.2, 0.8], Mixture::Geometric, vec!["joy".into(), "love".into()]);
    let relabeled = run(other, Some(fresh.file.clone()));
    assert_eq!(texts(&relabeled.pairs), texts(&fresh.pairs));
    assert_ne!(relabeled.pairs, fresh.pairs);
    // Another seed asks other prompts of the same policy.
    let reseeded = run(RunConfig { seed: 2, ..small() }, Some(fresh.file));
    assert_eq!(stages(&reseeded.events), [Stage::Data, Stage::Pairs, Stage::Reference]);
    assert_ne!(texts(&reseeded.pairs), texts(&fresh.pairs));
}

/// What is half-made of a run that is cut off at the first event that `cut` holds for.
fn until(config: &RunConfig, reference: Option<Vec<u8>>, cut: impl Fn(&Event) -> bool) -> Vec<u8> {
    let mut experiment = Experiment::new(config.clone(), Compute::cpu(), Inputs { reference, ..Inputs::default() }).expect("an experiment");
    loop {
        let events = pollster::block_on(experiment.next()).expect("a stage");
        assert!(!events.is_empty(), "it ended before it was cut off");
        if events.iter().any(&cut) {
            return pollster::block_on(experiment.halfway()).expect("a file").expect("a stage under way");
        }
    }
}

/// The first progress of each stage, `(stage, done)`.
fn begun(events: &[Event]) -> Vec<(Stage, usize)> {
    let mut seen: Vec<(Stage, usize)> = vec![];
    for event in events {
        if let Event::Progress(p) = event && seen.iter().all(|(stage, _)| *stage != p.stage) {
            seen.push((p.stage, p.done));
        }
    }
    seen
}

#[test]
fn a_stage_cut_off_half_way_ends_at_the_same_bytes() {
    let whole = run(small(), None);
    let trained = |events: &[Event]| events.iter().filter(|e| matches!(e, Event::Frame(_) | Event::Evaluation(_))).cloned().collect::<Vec<_>>();
    let at = |stage: Stage, steps: usize| move |e: &Event| matches!(e, Event::Progress(p) if p.stage == stage && p.done >= steps);
    // Cut off twice in each stage, the second time in what had been gone on with; then while texts are written.
    let reward = until(&small(), Some(until(&small(), None, at(Stage::RewardModel, 30))), at(Stage::RewardModel, 100));
    let sft = until(&small(), Some(until(&small(), Some(reward.clone()), at(Stage::Sft, 20))), at(Stage::Sft, 90));
    let written = until(&small(), Some(sft.clone()), at(Stage::Pairs, 1));
    let goes_on = [
        (reward, vec![(Stage::Data, 1), (Stage::RewardModel, 110), (Stage::Sft, 10), (Stage::Pairs, 64)]),
        (sft, vec![(Stage::Data, 1), (Stage::Sft, 100), (Stage::Pairs, 64)]),
        (written, vec![(Stage::Data, 1), (Stage::Pairs, 64)]),
    ];
    for (file, stages) in goes_on {
        let onward = run(small(), Some(file));
        assert_eq!(begun(&onward.events)[..stages.len()], stages);
        assert_eq!((&onward.pairs, &onward.file), (&whole.pairs, &whole.file));
        assert_eq!(trained(&onward.events), trained(&whole.events));
        // What was made before the cut is shown again.
        assert_eq!(products(&onward.events), products(&whole.events));
    }
}

#[test]
fn a_half_made_stage_of_another_run_or_damaged_begins_again_and_says_so() {
    let mut config = small();
    (config.reward.steps, config.sft.steps, config.train.steps) = (30, 20, 0);
    let reward = until(&config, None, |e| matches!(e, Event::Progress(p) if p.stage == Stage::RewardModel));
    let sft = until(&config, None, |e| matches!(e, Event::Progress(p) if p.stage == Stage::Sft));
    let mut damaged = sft.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    for (config, file) in [(RunConfig { seed: 7, ..config.clone() }, reward), (config.clone(), damaged)] {
        let (anew, fresh) = (run(config.clone(), Some(file)), run(config, None));
        assert!(anew.events.iter().any(|e| matches!(e, Event::Warning(w) if w.message.contains("begins again"))));
        assert_eq!(begun(&anew.events)[1], (Stage::RewardModel, 10));
        assert_eq!(anew.file, fresh.file);
    }
}

#[test]
fn a_reference_policy_alone_is_gone_on_with_too() {
    let mut config = RunConfig::for_scenario(Scenario::TwoPopulations);
    (config.sft.steps, config.train.steps, config.data.pairs, config.eval.samples) = (40, 0, 32, 0);
    let file = until(&config, None, |e| matches!(e, Event::Progress(p) if p.stage == Stage::Sft && p.done >= 20));
    let onward = run(config.clone(), Some(file));
    assert_eq!(begun(&onward.events)[1], (Stage::Sft, 30));
    assert_eq!(onward.file, run(config, None).file);
}

#[test]
fn the_curve_is_the_mean_of_the_mixed_reward() {
    for mixture in [Mixture::Convex, Mixture::Geometric] {
        let mut config = small();
        config.data.mixture = mixture;
        let ran = run(config, None);
        let Some(Event::Evaluation(e)) = ran.events.iter().rev().find(|e| matches!(e, Event::Evaluation(_))) else { panic!("no evaluation") };
        let curve = e.curve.as_ref().expect("a curve");
        let n = curve.alphas.len();
        assert_eq!((curve.reward.len(), curve.words.len(), curve.reference.len()), (2 * n, 2 * n, n));
        for lane in 0..2 {
            let (of, r) = (&curve.reward[lane * n..(lane + 1) * n], &e.reward[2 * lane..2 * lane + 2]);
            assert!((of[0] - r[0]).abs() < 1e-6 && (of[n - 1] - r[1]).abs() < 1e-6, "ends are the rewards of the groups");
            let line = |i: usize| r[0] + (r[1] - r[0]) * curve.alphas[i];
            match mixture {
                Mixture::Convex => assert!((0..n).all(|i| (of[i] - line(i)).abs() < 1e-5)),
                // A geometric mean is never above the arithmetic one.
                Mixture::Geometric => assert!((1..n - 1).all(|i| of[i] < line(i))),
            }
        }
    }
}

#[test]
fn a_file_for_other_emotions_or_damaged_is_refused() {
    let mut config = small();
    (config.reward.steps, config.sft.steps, config.train.steps) = (2, 2, 0);
    let file = run(config.clone(), None).file;
    let refused = |config: RunConfig, bytes: Vec<u8>, part: &str| {
        let mut experiment = Experiment::new(config, Compute::cpu(), Inputs { reference: Some(bytes), ..Inputs::default() }).expect("an experiment");
        let Err(error) = pollster::block_on(experiment.next()) else { panic!("was to be refused: {part}") };
        assert!(error.message.contains(part), "{error}");
    };
    let mut wide = config.clone();
    wide.reward.d_model = 16;
    refused(wide, file.clone(), "made for");
    let mut wide = config.clone();
    wide.model.d_model = 32;
    refused(wide, file.clone(), "made for");
    // The first word that was written becomes one that is not there; tensors begin after the header and its length.
    let first = 8 + u64::from_le_bytes(file[..8].try_into().expect("8 bytes")) as usize;
    let mut damaged = file.clone();
    damaged[first..first + 2].copy_from_slice(&[9, 9]);
    refused(config.clone(), damaged, "not in the vocabulary");
    refused(config, file[..file.len() - 7].to_vec(), "");
}
