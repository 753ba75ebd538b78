//! The fused passes on the CPU: one lane at a time, each on a core of its own where there are several.
//!
//! [`pass`] is the model, written out forward and backward over [`gemm`], [`norm`], [`attention`], [`gelu`] and [`head`], for the [`rows`] that matter;
//! [`lanes`] trains, [`eval`] evaluates. No tensor, no graph and no allocation once the buffers have grown.

pub mod adamw;
pub mod attention;
pub mod classifier;
pub mod eval;
pub mod gelu;
pub mod gemm;
pub mod head;
pub mod lanes;
pub mod norm;
pub mod pass;
pub mod policy;
pub mod rows;
pub mod vector;
pub mod words;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cores to use: all of them natively, the worker's own in a browser.
pub fn cores() -> usize {
    if cfg!(target_family = "wasm") { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

/// Calls `work` on every job, over as many threads as there are `tools` (each thread takes one for itself).
///
/// Jobs are taken in order, so the costly ones should come first. They share nothing: the result does not depend on
/// the number of threads.
pub fn spread<J: Send, T: Send>(jobs: Vec<J>, tools: &mut [T], work: impl Fn(J, &mut T) + Sync) {
    if tools.len() == 1 || jobs.len() <= 1 {
        let Some(tool) = tools.first_mut() else { return };
        jobs.into_iter().for_each(|job| work(job, tool));
        return;
    }
    let jobs: Vec<Mutex<Option<J>>> = jobs.into_iter().map(|j| Mutex::new(Some(j))).collect();
    let next = AtomicUsize::new(0);
    let run = |tool: &mut T| {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(job) = job.lock().ok().and_then(|mut j| j.take()) {
                work(job, tool);
            }
        }
    };
    let needed = tools.len().min(jobs.len());
    std::thread::scope(|scope| {
        let (mine, others) = tools[..needed].split_at_mut(1);
        for tool in others {
            scope.spawn(|| run(tool));
        }
        run(&mut mine[0]);
    });
}
