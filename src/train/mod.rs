//! Training: one step of every lane, the optimizer, the reference policy, checkpoints.

pub mod adamw;
pub mod checkpoint;
mod plain;
mod scores;
pub mod sft;
pub mod trainer;

pub use adamw::{AdamW, Rates};
pub use trainer::{StepMetrics, Trainer};
