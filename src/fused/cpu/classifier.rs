//! The trunk with a linear head of its own over each sequence's last position: several yes-or-no questions about a text.
//!
//! z = W h + b, p = σ(z); the loss is the mean binary cross-entropy, whose slope by z is p − y.

use super::adamw::{Moments, Rate, kept, taken};
use super::gemm::{Mat, Start, gemm};
use super::pass::{Pass, Workspace};
use super::rows::Rows;
use super::vector::dispatch;
use super::{cores, spread};
use crate::error::Result;
use crate::fused::layout::{Layout, Shape};
use crate::policy::{Init, ParamSpec};
use crate::train::state::LaneState;
use pulp::{Simd, WithSimd};

/// Sequences per pass: keeps the buffers in the cache.
const CHUNK: usize = 32;

/// A trunk of this shape (whose own output head is not used) with a head of `outputs` questions behind it.
pub fn layout(shape: Shape, outputs: usize) -> Layout {
    let mut layout = Layout::of(Shape { tied: true, ..shape });
    let (at, d) = (layout.len, shape.width);
    layout.specs.push(ParamSpec { name: "questions.w".into(), shape: [d, outputs], init: Init::Normal(0.02), decay: true });
    layout.specs.push(ParamSpec { name: "questions.b".into(), shape: [1, outputs], init: Init::Zero, decay: false });
    layout.decay.push(at..at + d * outputs);
    layout.len += (d + 1) * outputs;
    layout
}

/// The rows of texts (token ids with their specials), of which the last one of each counts.
pub fn rows<'a>(texts: impl IntoIterator<Item = &'a [u32]>) -> Rows {
    let mut rows = Rows { starts: vec![0], counted_starts: vec![0], ..Rows::default() };
    for text in texts {
        rows.tokens.extend(text);
        rows.starts.push(rows.tokens.len());
        if !text.is_empty() {
            rows.counted.push(rows.tokens.len() - 1);
            rows.targets.push(0);
        }
        rows.counted_starts.push(rows.counted.len());
    }
    rows
}

/// The classifier with its optimizer.
pub struct CpuClassifier {
    layout: Layout,
    outputs: usize,
    params: Vec<f32>,
    grads: Vec<f32>,
    moments: Moments,
    ws: Workspace,
}

impl CpuClassifier {
    /// Starts at `params`, which [`layout`] lays out.
    pub fn new(layout: Layout, outputs: usize, params: Vec<f32>) -> Self {
        Self { grads: vec![0.0; layout.len], moments: Moments::new(layout.len), outputs, params, layout, ws: Workspace::default() }
    }

    /// One update on the mean cross-entropy of `texts` against `answers` `[text, output]`, 0 or 1; returns it, nats, as it was
    /// before.
    pub fn step(&mut self, texts: &[Vec<u32>], answers: &[f32], rate: Rate) -> f32 {
        dispatch(Step { rows: rows(texts.iter().map(Vec::as_slice)), model: self, answers, rate })
    }

    /// The gradient of that loss alone; for tests.
    pub fn gradient(&mut self, texts: &[Vec<u32>], answers: &[f32]) -> (f32, Vec<f32>) {
        let rate = Rate { learning_rate: 0.0, weight_decay: 0.0, clip: 1e9 };
        let loss = self.step(texts, answers, rate);
        (loss, self.grads.clone())
    }

    /// Everything that [`Self::restore`] needs.
    pub fn state(&self) -> LaneState {
        kept(&self.params, &self.moments)
    }

    /// Goes on from `state`.
    ///
    /// # Errors
    /// Where it does not fit the layout; nothing is changed then.
    pub fn restore(&mut self, state: LaneState) -> Result<()> {
        (self.params, self.moments) = taken(state, self.layout.len)?;
        Ok(())
    }

    /// The parameters, laid out as [`layout`] says.
    pub fn params(&self) -> &[f32] {
        &self.params
    }
}

/// Probability of a yes, `[text][output]`.
pub fn probabilities(layout: &Layout, outputs: usize, params: &[f32], texts: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let chunks: Vec<&[Vec<u32>]> = texts.chunks(CHUNK).collect();
    let mut out = vec![Vec::new(); chunks.len()];
    let mut tools: Vec<Workspace> = (0..cores().min(chunks.len()).max(1)).map(|_| Workspace::default()).collect();
    let jobs: Vec<_> = chunks.into_iter().zip(&mut out).collect();
    spread(jobs, &mut tools, |(texts, out), ws| {
        let rows = rows(texts.iter().map(Vec::as_slice));
        *out = dispatch(Scores { layout, outputs, params, rows: &rows, ws });
    });
    out.concat().chunks_exact(outputs).map(|z| z.iter().map(|z| sigmoid(*z)).collect()).collect()
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// z of each text, `[text, output]`.
#[inline(always)]
fn scores<S: Simd>(pass: &Pass<'_, S>, outputs: usize, ws: &mut Workspace) -> (Vec<f32>, Vec<f32>) {
    let (d, at) = (pass.layout.shape.width, pass.layout.len - (pass.layout.shape.width + 1) * outputs);
    let hidden = pass.hidden(ws, false).to_vec();
    let n = hidden.len() / d;
    let (w, bias) = pass.params[at..].split_at(d * outputs);
    let mut z = vec![0.0; n * outputs];
    gemm(pass.simd, [n, outputs, d], Mat::new(&hidden, d), Mat::new(w, outputs), &mut z, outputs, Start::Bias(bias), &mut Vec::new());
    (hidden, z)
}

struct Scores<'a> {
    layout: &'a Layout,
    outputs: usize,
    params: &'a [f32],
    rows: &'a Rows,
    ws: &'a mut Workspace,
}

impl WithSimd for Scores<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let pass = Pass { simd, layout: self.layout, params: self.params, rows: self.rows };
        scores(&pass, self.outputs, self.ws).1
    }
}

struct Step<'a> {
    rows: Rows,
    model: &'a mut CpuClassifier,
    answers: &'a [f32],
    rate: Rate,
}

impl WithSimd for Step<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { rows, model, answers, rate } = self;
        let CpuClassifier { layout, outputs, params, grads, moments, ws } = model;
        let (d, k) = (layout.shape.width, *outputs);
        let at = layout.len - (d + 1) * k;
        grads.fill(0.0);
        let pass = Pass { simd, layout, params, rows: &rows };
        let (hidden, mut z) = scores(&pass, k, ws);
        let (n, share) = (hidden.len() / d, 1.0 / answers.len().max(1) as f32);
        // −y log p − (1 − y) log (1 − p) = softplus(z) − y z
        let loss = z.iter().zip(answers).map(|(z, y)| z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z).sum::<f32>() * share;
        z.iter_mut().zip(answers).for_each(|(z, y)| *z = (sigmoid(*z) - y) * share);
        let mut pack = Vec::new();
        let mut grad_hidden = vec![0.0; n * d];
        gemm(simd, [n, d, k], Mat::new(&z, k), Mat::new(&pass.params[at..], k).t(), &mut grad_hidden, d, Start::Zero, &mut pack);
        gemm(simd, [d, k, n], Mat::new(&hidden, d).t(), Mat::new(&z, k), &mut grads[at..], k, Start::Add, &mut pack);
        z.chunks_exact(k).for_each(|row| grads[at + d * k..].iter_mut().zip(row).for_each(|(g, z)| *g += z));
        pass.hidden_back(ws, &grad_hidden, grads);
        moments.step(simd, layout, params, grads, rate);
        loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    #[test]
    fn gradients_against_central_differences() {
        let shape = Shape { width: 8, layers: 2, heads: 2, context: 7, vocabulary: 11, tied: false };
        let layout = layout(shape, 3);
        let mut rng = Streams::new(3).stream("classifier");
        let params: Vec<f32> = (0..layout.len).map(|_| (rng.normal() * 0.3) as f32).collect();
        let texts = vec![vec![1, 5, 6, 3], vec![1, 9, 3], vec![1, 7, 8, 9, 10, 5, 3]];
        let answers = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let (_, grads) = CpuClassifier::new(layout.clone(), 3, params.clone()).gradient(&texts, &answers);
        let loss = |params: &[f32]| -> f64 {
            let p = probabilities(&layout, 3, params, &texts).concat();
            p.iter().zip(answers).map(|(p, y)| -f64::from(if y > 0.5 { *p } else { 1.0 - p }).ln()).sum::<f64>() / 9.0
        };
        // Along random directions: single precision does not carry a difference of one element.
        for _ in 0..5 {
            let along: Vec<f32> = params.iter().map(|_| rng.normal() as f32).collect();
            let eps = 1e-3;
            let moved = |s: f32| params.iter().zip(&along).map(|(p, a)| p + s * a).collect::<Vec<_>>();
            let numeric = (loss(&moved(eps)) - loss(&moved(-eps))) / f64::from(2.0 * eps);
            let exact: f64 = grads.iter().zip(&along).map(|(g, a)| f64::from(*g) * f64::from(*a)).sum();
            assert!((numeric - exact).abs() < 2e-3 * exact.abs().max(0.1), "{numeric} against {exact}");
        }
        assert!(grads[layout.len - 3..].iter().all(|g| *g != 0.0));
    }

    #[test]
    fn it_learns_which_words_are_there() {
        let shape = Shape { width: 16, layers: 1, heads: 2, context: 8, vocabulary: 12, tied: false };
        let layout = layout(shape, 2);
        let mut rng = Streams::new(4).stream("classifier");
        let params: Vec<f32> = layout.specs.iter().flat_map(|s| (0..s.shape[0] * s.shape[1]).map(|_| match s.init {
            Init::Zero => 0.0,
            Init::One => 1.0,
            Init::Normal(sd) => (rng.normal() * sd) as f32,
        }).collect::<Vec<_>>()).collect();
        let mut model = CpuClassifier::new(layout.clone(), 2, params);
        let draw = |rng: &mut crate::rng::Stream| -> (Vec<Vec<u32>>, Vec<f32>) {
            let texts: Vec<Vec<u32>> = (0..16).map(|_| [1].into_iter().chain((0..5).map(|_| 5 + rng.below(7) as u32)).chain([3]).collect()).collect();
            let answers = texts.iter().flat_map(|t| [f32::from(t.contains(&5)), f32::from(t.contains(&6))]).collect();
            (texts, answers)
        };
        for _ in 0..300 {
            let (texts, answers) = draw(&mut rng);
            model.step(&texts, &answers, Rate { learning_rate: 5e-3, weight_decay: 0.0, clip: 1.0 });
        }
        let (texts, answers) = draw(&mut rng);
        let p = probabilities(&layout, 2, model.params(), &texts).concat();
        let right = p.iter().zip(&answers).filter(|(p, y)| (**p > 0.5) == (**y > 0.5)).count();
        assert!(right >= 31, "{right} of 32");
    }
}
