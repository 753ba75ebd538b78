//! # prefshift
//!
//! Trains a small language model with DPO, KLDPO and WDPO side by side, from one reference policy, and shows whom
//! the worst-case adversary picks on. In the browser on WebGPU or the CPU; natively from a command line.
//!
//! ```text
//! config ─► data ─► train::sft ─► reference policy
//!             │                        │ log-probabilities, cached
//!             └─► batches ─────────────┼─► policy (lane-stacked) ─► margins ─► objective ─► train::adamw
//!                                      │                                           │
//!                                      └─► eval (groups, samples, shift)           └─► event ─► trace, page, CLI
//! ```
//!
//! A *lane* is one policy being trained; every tensor has a leading lane dimension, so that one pass serves them all.
//! Start reading at [`experiment`], which runs the stages in order; a method is a file in [`objective`].
#![warn(missing_docs)]

pub mod config;
pub mod data;
pub mod device;
pub mod error;
pub mod eval;
pub mod event;
pub mod experiment;
pub mod fused;
pub mod objective;
pub(crate) mod order;
pub mod policy;
pub mod reward;
pub mod rng;
pub mod trace;
pub mod train;
#[cfg(target_family = "wasm")]
pub mod web;
