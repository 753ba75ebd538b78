//! Training: one step of every lane, the optimizer, the reference policy, checkpoints.

pub mod adamw;
pub mod bundle;
pub mod checkpoint;
pub mod guard;
mod draw;
pub mod halfway;
mod keep;
pub mod measured;
mod plain;
pub mod run_checkpoint;
mod scores;
#[cfg(feature = "gpu")]
pub mod selftest;
pub mod sft;
pub mod state;
mod tensor_file;
pub mod table;
pub mod trainer;
pub mod writing;

pub use adamw::{AdamW, Rates};
pub use measured::StepMetrics;
pub use trainer::Trainer;
