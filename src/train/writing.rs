//! The reference policy writes: two completions for every prompt of the emotion experiment, some prompts at a time.

use crate::config::{EvalConfig, RunConfig};
use crate::data::emotion::{Corpus, Written, prompts};
use crate::fused::cpu::eval;
use crate::fused::layout::Layout;
use crate::policy::sampling::gumbel;
use crate::rng::Streams;

/// Prompts at a time.
const CHUNK: usize = 64;

/// Completions being written, for training pairs and for held-out ones.
pub struct Writing {
    layout: Layout,
    params: Vec<f32>,
    seed: u32,
    train: Vec<Vec<u32>>,
    eval: Vec<Vec<u32>>,
    written: Vec<Written>,
}

impl Writing {
    /// Nothing written yet; `params` is the reference policy, laid out as `layout` says.
    pub fn new(config: &RunConfig, corpus: &Corpus, layout: Layout, params: Vec<f32>) -> Self {
        let (train, eval) = prompts(config, corpus);
        Self { layout, params, seed: config.seed, train, eval, written: Vec::new() }
    }

    /// Prompts answered, and all.
    pub fn progress(&self) -> (usize, usize) {
        (self.written.len(), self.train.len() + self.eval.len())
    }

    /// Answers the next prompts; plain sampling at temperature 1, as published (top-k off, top-p 1).
    pub fn advance(&mut self) {
        let at = self.written.len();
        let chunk: Vec<&Vec<u32>> = self.train.iter().chain(&self.eval).skip(at).take(CHUNK).collect();
        let twice: Vec<Vec<u32>> = chunk.iter().flat_map(|p| [(*p).clone(), (*p).clone()]).collect();
        let mut stream = Streams::new(self.seed.into()).stream(&format!("emotion/written/{at}"));
        let shape = self.layout.shape;
        let noise = gumbel(&mut stream, shape.context, twice.len(), shape.vocabulary);
        let mut texts = eval::sample(&self.layout, &[&self.params], &twice, &noise, &EvalConfig::default()).swap_remove(0).into_iter();
        for prompt in chunk {
            if let (Some(a), Some(b)) = (texts.next(), texts.next()) {
                self.written.push(Written { prompt: prompt.clone(), completions: [a, b] });
            }
        }
    }

    /// What was written: for training pairs, and held out.
    pub fn finish(mut self) -> [Vec<Written>; 2] {
        let eval = self.written.split_off(self.train.len().min(self.written.len()));
        [self.written, eval]
    }
}
