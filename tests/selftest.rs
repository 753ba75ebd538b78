//! A GPU that computes wrongly is refused before it trains anything. Natively, on whatever adapter there is; skipped
//! without one.
#![cfg(all(feature = "gpu", not(target_family = "wasm")))]

mod common;

use common::gpu;
use prefshift::config::*;
use prefshift::error::ErrorCode;
use prefshift::train::selftest;
use std::time::Instant;

fn config(lanes: &[&str]) -> RunConfig {
    RunConfig { lanes: lanes.iter().map(|l| LaneConfig::new(l)).collect(), ..RunConfig::for_scenario(Scenario::TwoPopulations) }
}

#[test]
fn a_gpu_that_computes_rightly_passes_and_is_not_asked_again() {
    let Some(gpu) = gpu() else { return };
    let mut large = config(&["wdpo"]);
    (large.model.d_model, large.model.layers) = (256, 4);
    for (config, vocabulary) in [(config(&["dpo", "kldpo", "wdpo"]), 96), (config(&["dpo"]), 97), (large, 500), (config(&["dpo"]), 6)] {
        let began = Instant::now();
        pollster::block_on(selftest::check(&gpu, &config, vocabulary)).expect("a GPU that computes rightly");
        println!("self-test, {} parameters wide {}: {:.0} ms", vocabulary, config.model.d_model, began.elapsed().as_secs_f64() * 1e3);
        let made = gpu.held();
        pollster::block_on(selftest::check(&gpu, &config, vocabulary)).expect("as before");
        assert_eq!(gpu.held(), made, "it was asked again");
    }
}

#[test]
fn a_gpu_that_computes_wrongly_is_refused() {
    for (from, to) in [
        ("const BETA1: f32 = 0.9;", "const BETA1: f32 = 0.5;"),
        ("const INV_SQRT_TAU: f32 = 0.3989422804;", "const INV_SQRT_TAU: f32 = 0.4989422804;"),
        ("return vec2(1.0 / f32(pairs()), 0.0);", "return vec2(1.01 / f32(pairs()), 0.0);"),
        ("sum += v * v;", "sum += v;"),
    ] {
        let Some(gpu) = gpu() else { return };
        gpu.tamper(from, to);
        let error = pollster::block_on(selftest::check(&gpu, &config(&["dpo", "wdpo"]), 96)).expect_err(to);
        assert_eq!(error.code, ErrorCode::DeviceWrong, "`{to}`: {error}");
        println!("`{to}`: {error}");
    }
}
