//! Evaluation: per-group accuracy, margin and reward, distance from the reference, shift, theory; one pair word by word.

pub mod groups;
pub mod shift;
pub mod theory;
pub mod words;

pub use groups::Evaluator;
