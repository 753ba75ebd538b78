//! Policies: what assigns a log-probability to an answer. Every parameter has a leading lane dimension, so that
//! one forward pass serves every lane, and lanes never mix.

pub mod dual;
mod gpt;
mod log_linear;
pub mod sampling;

use crate::config::{ModelConfig, PolicyKind};
use crate::data::TokenBatch;
use crate::rng::Stream;
use burn::tensor::{Device, Int, Tensor, TensorData};
pub use dual::Dual;
pub use gpt::{Gpt, KvCache};
pub use log_linear::LogLinear;

/// Where a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All zero.
    Zero,
    /// All one.
    One,
    /// Normal with this standard deviation.
    Normal(f64),
}

/// Name, shape and start of one parameter (per lane).
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// Name in safetensors files.
    pub name: String,
    /// `[rows, columns]`; a vector has one row.
    pub shape: [usize; 2],
    /// Where it starts.
    pub init: Init,
    /// It is a matrix: weight decay applies.
    pub decay: bool,
}

/// The parameters of a stack of lanes, in the order of [`Policy::specs`], each `[lane, rows, columns]`.
#[derive(Clone)]
pub struct Parameters(pub Vec<Tensor<3>>);

impl Parameters {
    /// Lanes in this stack.
    pub fn lanes(&self) -> usize {
        self.0.first().map_or(0, |t| t.dims()[0])
    }

    /// The same parameters with gradients recorded.
    pub fn tracked(&self) -> Self {
        Self(self.0.iter().map(|t| t.clone().autodiff().require_grad()).collect())
    }

    /// `n` copies of a single lane.
    pub fn repeat(&self, n: usize) -> Self {
        Self(self.0.iter().map(|t| t.clone().repeat_dim(0, n)).collect())
    }

    /// Some lanes, in the given order.
    pub fn select(&self, lanes: &[usize]) -> Self {
        let Some(first) = self.0.first() else { return self.clone() };
        let ids: Vec<i32> = lanes.iter().map(|l| *l as i32).collect();
        let ids = Tensor::<1, Int>::from_ints(ids.as_slice(), &first.device());
        Self(self.0.iter().map(|t| t.clone().select(0, ids.clone())).collect())
    }

    /// Stacks end to end.
    pub fn cat(stacks: &[Self]) -> Self {
        let count = stacks.first().map_or(0, |s| s.0.len());
        Self((0..count).map(|i| Tensor::cat(stacks.iter().map(|s| s.0[i].clone()).collect(), 0)).collect())
    }

    /// ‖θ − θ_0‖ of every lane, `[lane]`; `origin` has one lane.
    pub fn distance(&self, origin: &Self) -> Tensor<1> {
        let lanes = self.lanes();
        let squares = self.0.iter().zip(&origin.0)
            .map(|(p, o)| (p.clone() - o.clone()).square().sum_dim(2).sum_dim(1).reshape([lanes, 1])).collect();
        Tensor::cat(squares, 1).sum_dim(1).sqrt().reshape([lanes])
    }

    /// Fresh parameters for one lane, drawn on the CPU.
    pub fn init(specs: &[ParamSpec], rng: &mut Stream, device: &Device) -> Self {
        let draw = |spec: &ParamSpec, rng: &mut Stream| -> Vec<f32> {
            let n = spec.shape[0] * spec.shape[1];
            match spec.init {
                Init::Zero => vec![0.0; n],
                Init::One => vec![1.0; n],
                Init::Normal(sd) => (0..n).map(|_| (rng.normal() * sd) as f32).collect(),
            }
        };
        Self(specs.iter().map(|s| Tensor::from_data(TensorData::new(draw(s, rng), [1, s.shape[0], s.shape[1]]), device)).collect())
    }
}

/// Token sequences on a device, the same number for every lane.
#[derive(Clone)]
pub struct TokenTensors {
    /// Token ids, `[lane, sequence × T]`.
    pub tokens: Tensor<2, Int>,
    /// The token each position should predict, `[lane, sequence × T, 1]` (0 where nothing counts).
    pub targets: Tensor<3, Int>,
    /// Where a prediction counts, `[lane, sequence × T]`.
    pub mask: Tensor<2>,
    /// Sequences per lane.
    pub sequences: usize,
    /// T.
    pub context: usize,
}

impl TokenTensors {
    /// Uploads one batch per lane; all have the same number of sequences. A single batch serves every lane.
    pub fn new(batches: &[&TokenBatch], lanes: usize, device: &Device) -> Self {
        let (sequences, context) = (batches[0].sequences, batches[0].context);
        let rows = sequences * context;
        let mut tokens = Vec::with_capacity(lanes * rows);
        let mut targets = Vec::with_capacity(lanes * rows);
        let mut mask = Vec::with_capacity(lanes * rows);
        for lane in 0..lanes {
            let batch = batches[lane % batches.len()];
            debug_assert_eq!((batch.sequences, batch.context), (sequences, context));
            tokens.extend(batch.tokens.iter().map(|t| *t as i32));
            // The last position of a sequence has no successor; its mask is 0, so any target will do.
            targets.extend((0..rows).map(|i| if (i + 1) % context == 0 { 0 } else { batch.tokens[i + 1] as i32 }));
            mask.extend_from_slice(&batch.loss_mask);
        }
        Self {
            tokens: Tensor::from_data(TensorData::new(tokens, [lanes, rows]), device),
            targets: Tensor::from_data(TensorData::new(targets, [lanes, rows, 1]), device),
            mask: Tensor::from_data(TensorData::new(mask, [lanes, rows]), device),
            sequences,
            context,
        }
    }

    /// Lanes.
    pub fn lanes(&self) -> usize {
        self.tokens.dims()[0]
    }
}

/// How the inputs of a forward pass are moved, for WDPO. Shape as [`Policy::input_shape`] says.
#[derive(Clone, Default)]
pub struct Perturbation {
    /// Added to the input representation e (token embeddings, or features).
    pub offset: Option<Tensor<3>>,
    /// Direction along which the derivative is pushed forward.
    pub tangent: Option<Tensor<3>>,
}

/// Something that gives log-probabilities to answers.
pub trait Policy {
    /// Every parameter, in order.
    fn specs(&self) -> Vec<ParamSpec>;

    /// Shape of the input representation e for `tokens`: what WDPO's adversary moves, `[lane, row, width]`.
    /// Rows of one sequence are contiguous.
    fn input_shape(&self, tokens: &TokenTensors) -> [usize; 3];

    /// Summed log-probability of each sequence's completion, `[lane, sequence]`, nats.
    fn logps(&self, params: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<2>;

    /// The transformer behind this policy, where there is one (sampling needs it).
    fn gpt(&self) -> Option<&Gpt> {
        None
    }
}

/// The policy that `config` asks for, over `vocabulary` tokens.
pub fn build(config: &ModelConfig, vocabulary: usize, device: &Device) -> Box<dyn Policy> {
    match config.policy {
        PolicyKind::Gpt => Box::new(Gpt::new(config, vocabulary, device)),
        PolicyKind::LogLinear | PolicyKind::Tabular => Box::new(LogLinear::new(vocabulary)),
    }
}
