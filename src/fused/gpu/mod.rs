//! The transformer's training step on a GPU, in kernels of our own: forward, weighing, backward and AdamW, derived by
//! hand from [`crate::policy::Gpt`] and [`crate::policy::Dual`], which stay the readable version and the witness.
//!
//! - [`Gpu`]: device, compiled kernels, faults. - [`GpuLanes`]: lanes in training, and their evaluation.
//! - `batch`: only rows that matter, packed. - `padded`, `buffers`, `kernels`: what lies where, and what runs.
//! - `model`: the launches of a pass. - `program`: launches, recorded once.
//! - `matmul`: register-tiled products. - `*.wgsl`: the rest. - `objective`: the methods' shaders in one switch.
//!
//! A step is one command encoder and one submit; buffers and bindings are made once. Lanes that need tangents (WDPO's)
//! come last inside, so that both kinds are runs of lanes; their tangents are further slots behind all values, so that a
//! matrix product serves both. WDPO: forward; back to g = ∇_e Σℓ with activations only; forward tangent along g; then
//! back through values and tangents together.

mod batch;
mod buffers;
mod device;
mod eval;
mod keep;
mod kernels;
mod lanes;
mod matmul;
mod model;
mod objective;
mod padded;
mod program;
mod sample;
mod warm;

pub use device::Gpu;
pub use eval::Who;
pub use lanes::{Counts, GpuLanes, PairTable};
pub use warm::WarmUp;
