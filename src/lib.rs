//! prefshift: DPO, KLDPO and WDPO trained side by side from one reference policy.
#![warn(missing_docs)]

pub mod config;
pub mod data;
pub mod error;
pub mod event;
pub mod objective;
pub mod rng;
