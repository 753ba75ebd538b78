//! The model's kernels.

use super::device::{Gpu, Kernel};
use super::matmul;
use super::objective;
use crate::config::LaneConfig;
use crate::fused::layout::Shape;
use std::sync::Arc;

/// Every kernel of the model.
pub struct Kernels {
    pub(super) forward: Arc<Kernel>,
    pub(super) norm: Arc<Kernel>,
    pub(super) embed: Arc<Kernel>,
    pub(super) attention: Arc<Kernel>,
    pub(super) log_prob: Arc<Kernel>,
    pub(super) by_row: Arc<Kernel>,
    pub(super) rest: Option<Backward>,
}

/// What only training needs.
pub struct Backward {
    pub(super) weight: Arc<Kernel>,
    /// Features in of one workgroup of `weight`.
    pub(super) inputs: usize,
    pub(super) norm: Arc<Kernel>,
    pub(super) gains: Arc<Kernel>,
    pub(super) query: Arc<Kernel>,
    pub(super) key: Arc<Kernel>,
    pub(super) head: Arc<Kernel>,
    pub(super) embed: Arc<Kernel>,
    pub(super) tangent: Option<Tangent>,
}

/// What only lanes with tangents need.
pub struct Tangent {
    pub(super) attention: Arc<Kernel>,
    pub(super) query: Arc<Kernel>,
    pub(super) key: Arc<Kernel>,
    pub(super) gelu: Arc<Kernel>,
}

/// What a step needs beside the model.
pub struct Step {
    pub(super) objective: Arc<Kernel>,
    pub(super) squares: Arc<Kernel>,
    pub(super) update: Arc<Kernel>,
}

impl Step {
    /// The weighing of these lanes' methods, and AdamW.
    pub fn new(gpu: &Gpu, shape: &Shape, lanes: &[LaneConfig]) -> Self {
        let prelude = prelude(shape);
        let kernel = |entry: &str, source: &str, written: &[bool]| gpu.kernel(entry, &(prelude.clone() + source), written);
        let adamw = include_str!("adamw.wgsl");
        Self {
            objective: kernel("main", &objective::source(lanes), &[false, false, true, true, true]),
            // Each entry point binds what it uses; the rest of the file's bindings do not count for it.
            squares: kernel("squares", adamw, &[false, true]),
            update: kernel("update", adamw, &[false, true, false, true, true, true]),
        }
    }
}

/// Divergences of an evaluation.
pub fn divergence(gpu: &Gpu, shape: &Shape) -> Arc<Kernel> {
    gpu.kernel("main", &(prelude(shape) + include_str!("divergence.wgsl")), &[false, false, true])
}

/// Attention of one token over kept keys and values, and the choice of the next token.
pub fn sampling(gpu: &Gpu, shape: &Shape) -> [Arc<Kernel>; 2] {
    let source = prelude(shape);
    [
        gpu.kernel("main", &(source.clone() + include_str!("decode.wgsl")), &[false, true, true, true]),
        gpu.kernel("main", &(source + include_str!("choose.wgsl")), &[false, false, false, true]),
    ]
}

/// The model's constants and what all kernels share.
fn prelude(shape: &Shape) -> String {
    let Shape { width: d, heads, context, vocabulary, .. } = *shape;
    let constants = [
        ("D", d), ("DP", d.next_multiple_of(4)), ("D3P", (3 * d).next_multiple_of(4)), ("HEADS", heads), ("DH", d / heads), ("V", vocabulary),
        ("VP", vocabulary.next_multiple_of(4)), ("T", context), ("TP", context.next_multiple_of(4)),
    ];
    let constants: String = constants.iter().map(|(name, value)| format!("const {name}: u32 = {value}u;\n")).collect();
    constants + include_str!("common.wgsl")
}

impl Kernels {
    /// What is needed: to train, and with tangents.
    pub fn new(gpu: &Gpu, shape: &Shape, train: bool, tangents: bool) -> Self {
        let prelude = prelude(shape);
        let kernel = |entry: &str, source: &str, written: &[bool]| gpu.kernel(entry, &(prelude.clone() + source), written);
        let (r, w) = (false, true);
        let attention = include_str!("attention.wgsl");
        let (query, key) = (include_str!("attention_query.wgsl"), include_str!("attention_key.wgsl"));
        Self {
            forward: kernel("main", &matmul::forward(&gpu.tiles), &[r, r, w, w, r]),
            by_row: kernel("main", &matmul::backward(&gpu.tiles), &[r, r, w, w]),
            norm: kernel("main", include_str!("norm.wgsl"), &[r, r, w, w]),
            embed: kernel("main", include_str!("embed.wgsl"), &[r, w]),
            attention: kernel("forward", attention, &[r, r, w, w]),
            log_prob: kernel("log_prob", include_str!("head.wgsl"), &[r, w]),
            rest: train.then(|| Backward {
                weight: kernel("main", &matmul::weight(&gpu.tiles), &[r, r, w]),
                inputs: gpu.tiles.inputs,
                norm: kernel("main", include_str!("norm_backward.wgsl"), &[r, r, r, r, r, w, w]),
                gains: kernel("main", include_str!("norm_gains.wgsl"), &[r, r, r, w]),
                query: kernel("single", query, &[r, r, r, w, w]),
                key: kernel("single", key, &[r, r, r, r, w]),
                head: kernel("main", include_str!("head_backward.wgsl"), &[r, r, r, w]),
                embed: kernel("main", include_str!("embed_backward.wgsl"), &[r, w]),
                tangent: tangents.then(|| Tangent {
                    attention: kernel("tangent", attention, &[r, r, w, w]),
                    query: kernel("both", query, &[r, r, r, w, w]),
                    key: kernel("both", key, &[r, r, r, r, w]),
                    gelu: kernel("main", include_str!("gelu_backward.wgsl"), &[r, w]),
                }),
            }),
        }
    }
}
