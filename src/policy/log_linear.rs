//! Log-linear policy π(y|x) ∝ exp(θ·φ(y)), φ = counts of the completion's words. With one-word answers this is
//! the tabular policy: one free logit per answer.
//!
//! Log-probabilities are given up to the prompt's normalizer, which cancels in every margin.

use super::{Dual, Init, ParamSpec, Parameters, Perturbation, Policy, TokenTensors};
use crate::data::vocabulary::UNK;
use burn::tensor::{Int, Tensor};

/// The policy of the paper's theory (section 4), with words as features.
pub struct LogLinear {
    vocabulary: usize,
}

impl LogLinear {
    /// Over `vocabulary` tokens.
    pub fn new(vocabulary: usize) -> Self {
        Self { vocabulary }
    }

    /// φ: how often each word is in the completion, `[lane, sequence, V]`. Special tokens carry no preference.
    fn features(&self, tokens: &TokenTensors) -> Tensor<3> {
        let (lanes, s, t, v) = (tokens.lanes(), tokens.sequences, tokens.context, self.vocabulary);
        // Compared with every id: Burn's one_hot reads its maximum back, which a browser cannot wait for.
        let ids = Tensor::<1, Int>::arange(0..v as i64, &tokens.targets.device()).reshape([1, 1, v]);
        let one_hot = tokens.targets.clone().expand([lanes, s * t, v]).equal(ids.expand([lanes, s * t, v])).float();
        let words = tokens.targets.clone().greater_equal_elem(UNK as i32).float(); // [lane, S·T, 1]
        let counted = one_hot * tokens.mask.clone().reshape([lanes, s * t, 1]) * words;
        counted.reshape([lanes, s, t, v]).sum_dim(2).reshape([lanes, s, v])
    }
}

impl Policy for LogLinear {
    fn specs(&self) -> Vec<ParamSpec> {
        vec![ParamSpec { name: "theta".into(), shape: [self.vocabulary, 1], init: Init::Zero, decay: true }]
    }

    fn input_shape(&self, tokens: &TokenTensors) -> [usize; 3] {
        [tokens.lanes(), tokens.sequences, self.vocabulary]
    }

    fn logps(&self, params: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<2> {
        let (lanes, s) = (tokens.lanes(), tokens.sequences);
        let features = self.features(tokens);
        let features = if let Some(offset) = &moved.offset { features + offset.clone() } else { features };
        let phi = Dual { x: features, dx: moved.tangent.clone() };
        phi.linear(params.0[0].clone(), None).map(|y| y.reshape([lanes, s]))
    }
}
