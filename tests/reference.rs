//! A reference policy that ships with the page, made again by the command that made it.
#![cfg(not(target_family = "wasm"))]

use half::f16;
use prefshift::config::{RunConfig, Scenario};
use prefshift::device::Compute;
use prefshift::event::{Event, Stage};
use prefshift::experiment::{Experiment, Inputs};
use prefshift::train::checkpoint::Precision;
use safetensors::SafeTensors;

/// What `prefshift sft --scenario shortcut --precision grid` writes.
fn made_again() -> Vec<u8> {
    let mut experiment = Experiment::new(RunConfig::for_scenario(Scenario::Shortcut), Compute::cpu(), Inputs::default()).expect("a valid run");
    let reached = |events: Vec<Event>| events.iter().any(|e| matches!(e, Event::Progress(p) if p.stage == Stage::Reference));
    while !reached(pollster::block_on(experiment.next()).expect("a step")) {}
    pollster::block_on(experiment.export_in(None, Precision::Grid)).expect("a policy")
}

/// Values of every tensor, by name.
fn values(bytes: &[u8]) -> Vec<(String, Vec<f64>)> {
    let file = SafeTensors::deserialize(bytes).expect("a file");
    let mut all: Vec<_> = file.tensors().into_iter()
        .map(|(name, view)| (name, view.data().as_chunks().0.iter().map(|h| f16::from_le_bytes(*h).to_f64()).collect())).collect();
    all.sort_by(|a: &(String, _), b| a.0.cmp(&b.0));
    all
}

/// The shipped files were made on Linux with AVX-512: there the bytes must be the same. Narrower vectors and other
/// system libraries round differently, and 600 steps amplify it; there the policy as a whole must be close.
#[test]
fn the_shipped_reference_is_what_sft_makes() {
    let shipped = include_bytes!("../www/public/reference/shortcut.safetensors");
    let made = made_again();
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    if matches!(pulp::Arch::new(), pulp::Arch::V4(_)) {
        assert!(made == shipped, "other bytes than shipped on the same kind of CPU: run `make reference trace`");
    }
    let (made, shipped) = (values(&made), values(shipped));
    let (mut apart, mut whole) = (0.0, 0.0);
    for ((name, a), (other, b)) in made.iter().zip(&shipped) {
        assert_eq!((name, a.len()), (other, b.len()));
        apart += a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        whole += b.iter().map(|b| b * b).sum::<f64>();
    }
    assert_eq!(made.len(), shipped.len());
    let error = f64::sqrt(apart / whole);
    assert!(error < TOLERANCE, "{error:.1e} of the policy's norm from the shipped one");
}

/// Relative to the policy's norm. 1.1e-4 were measured before rounding with AVX2 and without vectors; on a grid,
/// by estimate, a hundredth of the numbers then falls to the neighboring point, 1.1e-3 of the norm.
const TOLERANCE: f64 = 3e-3;
