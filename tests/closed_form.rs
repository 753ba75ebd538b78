//! The two-population world has a closed form; the engine has to land on it.
#![cfg(not(target_family = "wasm"))]

mod common;

use prefshift::config::*;
use prefshift::eval::theory;
use prefshift::experiment::Inputs;

const TAUS: [f64; 3] = [1.0, 0.25, 0.1];

/// One prompt, two answers, a tenth of the users prefer the second; full batches.
fn config() -> RunConfig {
    RunConfig {
        data: DataConfig { scenario: Scenario::Tabular, pairs: 20, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { policy: PolicyKind::Tabular, context: 8, ..ModelConfig::default() },
        lanes: std::iter::once(LaneConfig::new("dpo"))
            .chain(TAUS.iter().map(|tau| LaneConfig::new("kldpo").with("tau", *tau)))
            .collect(),
        train: TrainConfig { steps: 800, batch: 20, learning_rate: 0.2, schedule: Schedule::Cosine, clip: 1e6, frame_every: 799, ..TrainConfig::default() },
        eval: EvalConfig { every: 100_000, samples: 0, ..EvalConfig::default() },
        ..RunConfig::default()
    }
}

#[test]
fn dpo_and_kldpo_land_on_the_closed_form() {
    let config = config();
    let events = common::run(config.clone(), Inputs::default());
    let last = *common::frames(&events).last().expect("a frame");
    let beta = config.lanes[0].param("beta");
    let p = 0.1;
    for (lane, tau) in std::iter::once(None).chain(TAUS.map(Some)).enumerate() {
        let of = lane * 20..(lane + 1) * 20;
        // The majority's margin is h, the minority's −h; the larger loss is the minority's.
        let h = last.chosen[of.clone()].iter().zip(&last.rejected[of.clone()]).map(|(a, b)| f64::from(a - b)).fold(f64::MIN, f64::max);
        let expected = tau.map_or(theory::dpo_margin(p), |t| theory::kldpo_margin(p, t));
        assert!((beta * h / expected - 1.0).abs() < 0.01, "lane {lane}: βh {} against {expected}", beta * h);
        let minority: f64 = last.factor[of.clone()].iter().zip(&last.losses[of])
            .filter(|(_, l)| **l > 0.7).map(|(f, _)| f64::from(*f) / 20.0).sum();
        let expected = tau.map_or(0.1, |t| theory::kldpo_minority_weight(p, t));
        assert!((minority / expected - 1.0).abs() < 0.01, "lane {lane}: weight {minority} against {expected}");
    }
}
