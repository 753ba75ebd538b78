//! Evaluation: per-group accuracy, margin and reward, distance from the reference, shift, theory.

pub mod groups;
pub mod shift;
pub mod theory;

pub use groups::Evaluator;
