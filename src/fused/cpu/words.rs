//! A few sequences token by token: the log-probability of every counted token, and the loss's gradient by every embedding.

use super::pass::{Pass, Workspace};
use super::rows::Rows;
use super::vector::dispatch;
use crate::data::TokenBatch;
use crate::fused::layout::Layout;
use pulp::{Simd, WithSimd};

/// What [`words`] finds, per sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// log π of each counted token, `[sequence][counted]`, nats.
    pub logp: Vec<Vec<f32>>,
    /// ∂/∂e of Σ slope · log π over sequences, for each token that is read, `[sequence][token · d]`; empty without slopes.
    pub gradient: Vec<Vec<f32>>,
}

/// Reads `batch` under one lane. `slopes` gives, from each sequence's summed log-probability, the derivative of what is
/// differentiated by that sum.
pub fn words(layout: &Layout, params: &[f32], batch: &TokenBatch, slopes: Option<&dyn Fn(&[f32]) -> Vec<f32>>) -> Words {
    dispatch(Read { layout, params, rows: &Rows::new(batch), slopes })
}

struct Read<'a> {
    layout: &'a Layout,
    params: &'a [f32],
    rows: &'a Rows,
    slopes: Option<&'a dyn Fn(&[f32]) -> Vec<f32>>,
}

impl WithSimd for Read<'_> {
    type Output = Words;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Words {
        let Self { layout, params, rows, slopes } = self;
        let mut ws = Workspace::default();
        let pass = Pass { simd, layout, params, rows };
        pass.forward(&mut ws, false);
        let logp = rows.counted_starts.windows(2).map(|w| ws.logp[w[0]..w[1]].to_vec()).collect();
        let Some(slopes) = slopes else { return Words { logp, gradient: vec![] } };
        let slopes = slopes(&rows.sums(&ws.logp));
        pass.embedding_gradient(&mut ws, &slopes);
        let d = layout.shape.width;
        let gradient = rows.starts.windows(2).map(|w| ws.embedding_gradient[w[0] * d..w[1] * d].to_vec()).collect();
        Words { logp, gradient }
    }
}
