//! Activations and gradients of a pass.

use super::device::{Buffer, Gpu};
use super::model::Pass;
use super::padded::Padded;
use crate::error::Result;
use crate::fused::layout::Shape;
use wgpu::BufferUsages;

const STORAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);

/// Activations of a pass, each `[slot][feature][row]`.
pub struct Activations {
    /// The residual stream: into each block, between its halves, and out of the last.
    pub x: Vec<Buffer>,
    /// Outputs of the layer norms, and what they need to go back.
    pub(super) n: Vec<Buffer>,
    pub(super) stats: Vec<Buffer>,
    pub(super) qkv: Vec<Buffer>,
    pub(super) p: Vec<Buffer>,
    pub(super) mixed: Vec<Buffer>,
    pub(super) h: Vec<Buffer>,
    pub(super) act: Vec<Buffer>,
    /// Logits of the counted rows.
    pub logits: Buffer,
    /// See head.wgsl.
    pub log_probs: Buffer,
    /// Bound where a kernel needs nothing.
    pub(super) nothing: Buffer,
}

impl Activations {
    /// Room for a pass; `kept` keeps every block's, to go back through them.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device has no room.
    pub fn new(gpu: &Gpu, shape: &Shape, pass: &Pass, kept: bool) -> Result<Self> {
        let d = shape.width.next_multiple_of(4);
        let buffer = |what: &str, features: usize| gpu.buffer(what, pass.slots() * features * pass.room.rows, STORAGE);
        let many = |what: &str, features: usize, n: usize, distinct: usize| -> Result<Vec<Buffer>> {
            let made = (0..if kept { n } else { distinct.min(n) }).map(|_| buffer(what, features)).collect::<Result<Vec<_>>>()?;
            Ok((0..n).map(|i| made[i % made.len()].clone()).collect())
        };
        let (l, norms) = (shape.layers, 2 * shape.layers + 1);
        Ok(Self {
            x: many("the residual stream", d, norms, 2)?,
            n: many("layer norms", d, norms, 1)?,
            stats: many("layer norms", 2, norms, 1)?,
            qkv: many("queries, keys and values", (3 * shape.width).next_multiple_of(4), l, 1)?,
            p: many("attention weights", shape.heads * shape.context.next_multiple_of(4), l, 1)?,
            mixed: many("attention", d, l, 1)?,
            h: many("the MLP", 4 * shape.width, l, 1)?,
            act: many("the MLP", 4 * shape.width, l, 1)?,
            logits: buffer("logits", shape.vocabulary.next_multiple_of(4))?,
            log_probs: buffer("log-probabilities", 2)?,
            nothing: gpu.buffer("nothing", 4, STORAGE)?,
        })
    }
}

/// Gradients of a pass.
pub struct Gradients {
    pub(super) dlogits: Buffer,
    pub(super) dn: Buffer,
    /// The residual stream's, to and fro.
    pub dx: [Buffer; 2],
    pub(super) dmixed: Buffer,
    pub(super) dqkv: Buffer,
    pub(super) dh: Buffer,
    pub(super) ds: Buffer,
    /// ‖g‖² of each row.
    pub squares: Buffer,
    /// A and C of each sequence, see head_backward.wgsl.
    pub slopes: Buffer,
    /// Of the parameters.
    pub params: Buffer,
}

impl Gradients {
    /// Room for a pass.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device has no room.
    pub fn new(gpu: &Gpu, shape: &Shape, pass: &Pass, padded: &Padded) -> Result<Self> {
        let d = shape.width.next_multiple_of(4);
        let buffer = |what: &str, features: usize| gpu.buffer(what, pass.slots() * features * pass.room.rows, STORAGE);
        Ok(Self {
            dlogits: buffer("gradients of logits", shape.vocabulary.next_multiple_of(4))?,
            dn: buffer("gradients of layer norms", d)?,
            dx: [buffer("gradients of the residual stream", d)?, buffer("gradients of the residual stream", d)?],
            dmixed: buffer("gradients of attention", d)?,
            dqkv: buffer("gradients of queries, keys and values", (3 * shape.width).next_multiple_of(4))?,
            dh: buffer("gradients of the MLP", 4 * shape.width)?,
            ds: buffer("gradients of attention", shape.heads * shape.context.next_multiple_of(4))?,
            squares: gpu.buffer("embedding gradients", pass.lanes * pass.room.rows, STORAGE)?,
            slopes: gpu.buffer("slopes", pass.lanes * 2 * pass.room.sequences, STORAGE)?,
            params: gpu.buffer("gradients", pass.lanes * padded.len, STORAGE)?,
        })
    }
}
