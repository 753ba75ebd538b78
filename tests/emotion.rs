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
