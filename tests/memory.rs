//! A step leaves nothing behind: what is allocated and not given back stays the same however long a run trains.
#![cfg(not(target_family = "wasm"))]

use prefshift::config::*;
use prefshift::device::Compute;
use prefshift::event::Event;
use prefshift::experiment::{Experiment, Inputs};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};

struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

// SAFETY: everything is the system's allocator's; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as i64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const STEPS: usize = 40;
/// A table may grow once between two looks; a tensor a step would be 150 bytes and more for each of them.
const MOST: i64 = 40 * STEPS as i64;

fn config(lane: LaneConfig) -> RunConfig {
    RunConfig {
        data: DataConfig { scenario: Scenario::Shortcut, pairs: 21, eval_pairs: 3, mix: vec![0.9, 0.1], ..DataConfig::default() },
        model: ModelConfig { d_model: 8, layers: 1, heads: 2, context: 32, ..ModelConfig::default() },
        sft: SftConfig { steps: 2, batch: 4, bundled: false, ..SftConfig::default() },
        train: TrainConfig { steps: 1000, batch: 4, learning_rate: 1e-4, ..TrainConfig::default() },
        eval: EvalConfig { every: 10, samples: 2, ..EvalConfig::default() },
        lanes: vec![lane],
        ..RunConfig::default()
    }
}

/// Bytes that each step leaves behind.
fn left_by(lane: LaneConfig) -> Option<i64> {
    let mut run = Experiment::new(config(lane), Compute::cpu(), Inputs::default()).ok()?;
    let mut train_to = |step: usize| {
        loop {
            let events = pollster::block_on(run.next()).expect("it trains");
            if events.iter().any(|e| matches!(e, Event::Frame(f) if f.step >= step)) {
                return LIVE.load(Ordering::Relaxed);
            }
        }
    };
    // Whatever a first evaluation and the first copies of the lanes make is there by then; both looks are as far past one.
    let before = train_to(STEPS + 5);
    Some(train_to(2 * STEPS + 5) - before)
}

// One test, for others at the same time would be counted, too.
#[test]
fn no_method_holds_on_to_what_a_step_made() {
    let mut tried = 0;
    for method in prefshift::objective::methods() {
        let forms: Vec<Option<&str>> = if method.forms.is_empty() { vec![None] } else { method.forms.iter().map(|f| Some(f.id)).collect() };
        for form in forms {
            let lane = form.map_or(LaneConfig::new(method.id), |f| LaneConfig::new(method.id).form(f));
            let Some(left) = left_by(lane) else { continue };
            tried += 1;
            println!("{} {}: {left} bytes over {STEPS} steps", method.id, form.unwrap_or(""));
            assert!(left < MOST, "{} {}: {left} bytes over {STEPS} steps", method.id, form.unwrap_or(""));
        }
    }
    assert!(tried > 40, "{tried} methods and forms");
}
