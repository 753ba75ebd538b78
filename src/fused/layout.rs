//! Where each parameter lies in one lane's flat vector: the tensors of [`crate::policy::Policy::specs`] end to end, row-major.

use crate::config::ModelConfig;
use crate::policy::{Gpt, ParamSpec, Parameters, Policy};
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Shape of a transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Width d of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads H; divides d.
    pub heads: usize,
    /// Longest sequence T.
    pub context: usize,
    /// Tokens V.
    pub vocabulary: usize,
    /// The output head is the token embedding, transposed.
    pub tied: bool,
}

/// First element of each of a block's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of the tensors
pub struct Block {
    pub ln1_gain: usize,
    pub ln1_bias: usize,
    pub qkv: usize,
    pub qkv_bias: usize,
    pub out: usize,
    pub out_bias: usize,
    pub ln2_gain: usize,
    pub ln2_bias: usize,
    pub up: usize,
    pub up_bias: usize,
    pub down: usize,
    pub down_bias: usize,
}

/// Offsets into a lane's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The transformer's shape.
    pub shape: Shape,
    /// Token embedding, `[V, d]`.
    pub wte: usize,
    /// Position embedding, `[T, d]`.
    pub wpe: usize,
    /// Blocks, in order.
    pub blocks: Vec<Block>,
    /// Final norm, `[d]` each.
    pub ln_f_gain: usize,
    /// As [`Layout::ln_f_gain`].
    pub ln_f_bias: usize,
    /// Output head, `[d, V]`; none where it is tied to the token embedding.
    pub head: Option<usize>,
    /// Elements in all.
    pub len: usize,
    /// Where weight decay applies: the matrices.
    pub decay: Vec<Range<usize>>,
    /// Name, shape and start of every tensor, in order.
    pub specs: Vec<ParamSpec>,
}

impl Layout {
    /// The layout of the transformer that `config` asks for, over `vocabulary` tokens.
    pub fn new(config: &ModelConfig, vocabulary: usize) -> Self {
        let ModelConfig { d_model, layers, heads, context, tied, .. } = *config;
        Self::of(Shape { width: d_model, layers, heads, context, vocabulary, tied })
    }

    /// The layout of a transformer of this shape.
    pub fn of(shape: Shape) -> Self {
        let specs = Gpt::specs_of(&shape);
        let mut at = 0;
        let starts: Vec<usize> = specs.iter().map(|s| {
            at += s.shape[0] * s.shape[1];
            at - s.shape[0] * s.shape[1]
        }).collect();
        let blocks = (0..shape.layers).map(|i| {
            let b = &starts[2 + 12 * i..];
            Block {
                ln1_gain: b[0], ln1_bias: b[1], qkv: b[2], qkv_bias: b[3], out: b[4], out_bias: b[5],
                ln2_gain: b[6], ln2_bias: b[7], up: b[8], up_bias: b[9], down: b[10], down_bias: b[11],
            }
        }).collect();
        let last = 2 + 12 * shape.layers;
        let decay = specs.iter().zip(&starts).filter(|(s, _)| s.decay).map(|(s, at)| *at..at + s.shape[0] * s.shape[1]).collect();
        Self {
            shape, wte: starts[0], wpe: starts[1], blocks, ln_f_gain: starts[last], ln_f_bias: starts[last + 1],
            head: starts.get(last + 2).copied(), len: at, decay, specs,
        }
    }
}

impl Layout {
    /// Flat vectors, one a lane, as the plain version's tensors.
    pub fn tensors(&self, lanes: &[&[f32]], device: &Device) -> Parameters {
        let mut at = 0;
        Parameters(self.specs.iter().map(|spec| {
            let len = spec.shape[0] * spec.shape[1];
            let values: Vec<f32> = lanes.iter().flat_map(|l| l[at..at + len].iter().copied()).collect();
            at += len;
            Tensor::from_data(TensorData::new(values, [lanes.len(), spec.shape[0], spec.shape[1]]), device)
        }).collect())
    }

    /// The plain version's tensors, which must be on the CPU, as flat vectors, one a lane.
    pub fn flatten(&self, tensors: &Parameters) -> Vec<Vec<f32>> {
        let mut lanes = vec![Vec::with_capacity(self.len); tensors.lanes()];
        for tensor in &tensors.0 {
            // On the CPU this is a copy and cannot fail; a lane of the wrong length would be refused by the first slice.
            let values = tensor.clone().into_data().try_to_vec::<f32>().unwrap_or_default();
            let each = values.len() / lanes.len().max(1);
            lanes.iter_mut().zip(values.chunks_exact(each.max(1))).for_each(|(l, v)| l.extend_from_slice(v));
        }
        lanes
    }

    /// The layout of `policy` where the fused passes serve it on `device`: a transformer on the CPU.
    pub fn fused_on(policy: &dyn Policy, device: &Device) -> Option<Self> {
        policy.gpt().filter(|_| *device == Device::flex()).map(|gpt| Self::of(gpt.shape()))
    }
}
