//! Shared by the integration tests.
#![allow(dead_code)] // each test file uses its part

use prefshift::config::RunConfig;
use prefshift::device::Compute;
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};

/// Runs to the end and returns every event.
pub fn run(config: RunConfig, inputs: Inputs) -> Vec<Event> {
    let mut experiment = Experiment::new(config, Compute::cpu(), inputs).expect("a valid run");
    let mut events = Vec::new();
    loop {
        let batch = pollster::block_on(experiment.next()).expect("a step");
        let done = batch.iter().any(|e| matches!(e, Event::Done(_)));
        events.extend(batch);
        if done {
            return events;
        }
    }
}

/// Frames of a run, in order.
pub fn frames(events: &[Event]) -> Vec<&prefshift::event::Frame> {
    events.iter().filter_map(|e| if let Event::Frame(f) = e { Some(f) } else { None }).collect()
}
