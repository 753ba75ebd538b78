//! Every method trains: twenty steps of a tiny transformer on a scenario, in both engines.
#![cfg(not(target_family = "wasm"))]

mod common;

use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};

fn tiny(scenario: Scenario, lanes: Vec<LaneConfig>) -> RunConfig {
    let mut config = RunConfig::for_scenario(scenario);
    config.model = ModelConfig { d_model: 16, layers: 1, heads: 2, ..config.model };
    config.sft = SftConfig { steps: 60, ..config.sft };
    config.data.pairs = 64;
    config.data.eval_pairs = 8;
    config.lanes = lanes;
    config.train = TrainConfig { steps: 20, batch: 8, learning_rate: 1e-3, warmup: 0, frame_every: 1, ..config.train };
    config.eval = EvalConfig { every: 20, samples: 4, ..config.eval };
    config
}

#[test]
fn every_method_trains() {
    for scenario in [Scenario::TwoPopulations, Scenario::Shortcut] {
        let lanes = common::every_lane();
        let events = common::run(tiny(scenario, lanes.clone()), Default::default());
        assert!(!events.iter().any(|e| matches!(e, Event::Warning(w) if w.code == "lane-diverged")));
        let frames = common::frames(&events);
        assert_eq!(frames.len(), 20);
        for (lane, config) in lanes.iter().enumerate() {
            let what = format!("{scenario:?} {} {}", config.method, config.form_id());
            let objective: Vec<f32> = frames.iter().map(|f| f.objective[lane]).collect();
            assert!(objective.iter().all(|v| v.is_finite()), "{what}: {objective:?}");
            let spread = objective.iter().cloned().fold(f32::MIN, f32::max) - objective.iter().cloned().fold(f32::MAX, f32::min);
            assert!(spread > 0.0, "{what}: the loss does not move: {objective:?}");
            assert!(frames.iter().any(|f| f.grad_norm[lane] > 0.0), "{what}");
            let n = frames[0].pairs.len() / lanes.len();
            for f in &frames {
                let share: f32 = f.gradient[lane * n..(lane + 1) * n].iter().sum();
                assert!((share - 1.0).abs() < 1e-4, "{what}: gradient shares add to {share}");
            }
            // It learns: later log-ratios favor the chosen answers, or at least they moved.
            let last = frames[19];
            let of = lane * n..(lane + 1) * n;
            assert!(last.chosen[of.clone()].iter().chain(&last.rejected[of]).any(|r| r.abs() > 1e-4), "{what}");
        }
    }
}

#[test]
fn rs_dpo_refuses_where_no_pair_lies_above_its_threshold_or_there_is_no_reward() {
    let mut config = tiny(Scenario::Shortcut, vec![LaneConfig::new("rs_dpo").with("eta", 0.999).with("tau", 100.0)]);
    config.train.steps = 1;
    let mut experiment = Experiment::new(config, Compute::cpu(), Inputs::default()).expect("a run");
    let error = loop {
        match pollster::block_on(experiment.next()) {
            Ok(events) if events.is_empty() => panic!("it trained on no pairs"),
            Ok(_) => {}
            Err(e) => break e,
        }
    };
    assert!(error.message.starts_with("lanes[0].params"), "{error}");
    let rows = (0..12).map(|i| format!("{{\"prompt\":\"what {i}\",\"chosen\":\"yes {i}\",\"rejected\":\"no\"}}\n")).collect::<String>();
    let mut config = RunConfig::for_scenario(Scenario::Imported);
    config.data.mix = vec![1.0];
    config.sft.bundled = false;
    config.lanes = vec![LaneConfig::new("dpo"), LaneConfig::new("rso")];
    let error = Experiment::new(config, Compute::cpu(), Inputs { imported: Some(rows), ..Inputs::default() }).err().expect("no reward");
    assert!(error.message.starts_with("lanes[1].method") && error.message.contains("reward"), "{error}");
}

#[test]
fn bmc_without_an_edit_and_without_weights_is_dpo_to_the_last_bit() {
    let lanes = vec![
        LaneConfig::new("dpo").with("beta", 0.2), LaneConfig::new("bmc").form("modeling").with("beta", 0.2).with("delta", 0.0),
        LaneConfig::new("bmc").with("beta", 0.2).with("delta", 0.0), LaneConfig::new("bmc").form("modeling").with("beta", 0.2),
    ];
    let events = common::run(tiny(Scenario::TwoPopulations, lanes), Default::default());
    let frames = common::frames(&events);
    assert_eq!(frames.len(), 20);
    let of = |lane: usize| frames.iter().map(|f| (f.objective[lane], f.grad_norm[lane])).collect::<Vec<_>>();
    assert_eq!(of(0), of(1));
    // The edit and the weights each change something, and every lane starts where its reference is.
    assert!(of(0)[19] != of(2)[19] && of(0)[19] != of(3)[19]);
    let n = frames[0].pairs.len() / 4;
    assert!(frames[0].chosen.iter().chain(&frames[0].rejected).all(|r| *r == 0.0) && n == 8);
}

#[test]
fn policies_that_give_margins_only_refuse_the_rest() {
    let mut config = RunConfig::for_scenario(Scenario::TwoPopulations);
    config.model.policy = PolicyKind::LogLinear;
    config.lanes = vec![LaneConfig::new("rdpo"), LaneConfig::new("chi_po")];
    let error = config.validate().expect_err("χPO needs log-probabilities");
    assert!(error.message.starts_with("lanes[1].method"), "{error}");
    config.lanes.pop();
    config.validate().expect("margins are enough");
}
