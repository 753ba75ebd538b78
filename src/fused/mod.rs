//! The transformer's training step with passes and kernels of our own: the same mathematics as [`crate::policy::Gpt`]
//! under autodiff, which stays the readable version and the witness, in far fewer and larger pieces.

pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod layout;
