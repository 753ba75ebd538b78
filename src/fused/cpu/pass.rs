//! The transformer's passes over one lane: forward, forward tangent, backward, backward of value and tangent.
//!
//! Rows are the positions that matter, sequence after sequence: what comes after a sequence's last counted position
//! is never computed, and only counted rows reach the output head.

use super::attention::{self, Both, Heads};
use super::gemm::{Mat, Start, gemm};
use super::norm::{self, Affine};
use super::rows::Rows;
use super::vector::{add, map1, with};
use super::{gelu, head, norm::Saved};
use crate::fused::layout::Layout;
use pulp::Simd;

/// What one block keeps for the backward pass: of the value, or (in the other stream) of the tangent.
#[derive(Default)]
struct Kept {
    norm1: Saved,
    /// Inputs of the four linear maps.
    normed1: Vec<f32>,
    mixed: Vec<f32>,
    normed2: Vec<f32>,
    active: Vec<f32>,
    qkv: Vec<f32>,
    /// P, or Ṡ′.
    squares: Vec<f32>,
    norm2: Saved,
    /// Slope of gelu, or its curvature times the tangent of its input.
    slope: Vec<f32>,
    /// Curvature of gelu; kept only where a tangent follows.
    curvature: Vec<f32>,
}

/// One stream of a pass: the value, or the tangent.
#[derive(Default)]
struct Stream {
    /// Residual stream, then its gradient, `[row, d]`.
    x: Vec<f32>,
    blocks: Vec<Kept>,
    last: Saved,
    normed: Vec<f32>,
    /// Inputs of the head, `[counted row, d]`.
    picked: Vec<f32>,
    /// Probabilities or ṡ − m, then gradients, `[counted row, V]`.
    logits: Vec<f32>,
    /// Temporaries of the backward pass.
    narrow: Vec<f32>,
    wide: Vec<f32>,
}

/// Buffers of one thread. They grow to what a batch needs and are used over and over.
#[derive(Default)]
pub struct Workspace {
    value: Stream,
    tangent: Stream,
    /// log π of each counted row, nats.
    pub logp: Vec<f32>,
    /// Its tangent.
    pub dlogp: Vec<f32>,
    /// g = ∇_e ℓ, `[row, d]`.
    pub embedding_gradient: Vec<f32>,
    pack: Vec<f32>,
    attention: attention::Scratch,
}

fn fit(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    buffer.resize(len, 0.0);
    buffer
}

/// The passes over one lane.
pub struct Pass<'a, S: Simd> {
    /// The instruction set.
    pub simd: S,
    /// Where parameters lie.
    pub layout: &'a Layout,
    /// The lane's parameters.
    pub params: &'a [f32],
    /// The batch.
    pub rows: &'a Rows,
}

impl<S: Simd> Pass<'_, S> {
    fn heads(&self) -> Heads {
        let s = self.layout.shape;
        Heads { width: s.width, count: s.heads, context: s.context }
    }

    fn slice(&self, at: usize, len: usize) -> &[f32] {
        &self.params[at..at + len]
    }

    /// `y = x W + b` for `x` `[n, from]`, `W` at `w` `[from, to]`.
    #[inline(always)]
    fn linear(&self, x: &[f32], w: usize, bias: Option<usize>, [from, to]: [usize; 2], y: &mut [f32], add: bool, pack: &mut Vec<f32>) {
        let n = x.len() / from;
        let start = match bias {
            _ if add => Start::Add,
            Some(b) => Start::Bias(self.slice(b, to)),
            None => Start::Zero,
        };
        gemm(self.simd, [n, to, from], Mat::new(x, from), Mat::new(&self.params[w..], to), y, to, start, pack);
    }

    /// `x̄ = ȳ Wᵀ`.
    #[inline(always)]
    fn linear_back(&self, grad_y: &[f32], w: usize, [from, to]: [usize; 2], grad_x: &mut [f32], pack: &mut Vec<f32>) {
        let n = grad_y.len() / to;
        gemm(self.simd, [n, from, to], Mat::new(grad_y, to), Mat::new(&self.params[w..], to).t(), grad_x, from, Start::Zero, pack);
    }

    /// `W̄ += xᵀ ȳ`.
    #[inline(always)]
    fn weight_grad(&self, x: &[f32], grad_y: &[f32], w: usize, [from, to]: [usize; 2], grads: &mut [f32], pack: &mut Vec<f32>) {
        let n = x.len() / from;
        gemm(self.simd, [from, to, n], Mat::new(x, from).t(), Mat::new(grad_y, to), &mut grads[w..], to, Start::Add, pack);
    }

    /// `b̄ += Σ ȳ` over rows.
    #[inline(always)]
    fn bias_grad(&self, grad_y: &[f32], bias: usize, to: usize, grads: &mut [f32]) {
        let simd = self.simd;
        with(
            simd,
            #[inline(always)]
            || grad_y.chunks_exact(to).for_each(|row| add(simd, &mut grads[bias..bias + to], row)),
        );
    }

    /// Runs the batch forward; [`Workspace::logp`] holds the log-probabilities. `curvature` where a tangent follows.
    pub fn forward(&self, ws: &mut Workspace, curvature: bool) {
        self.logits(ws, curvature);
        head::forward(self.simd, &mut ws.value.logits, &self.rows.targets, fit(&mut ws.logp, self.rows.counted.len()));
    }

    /// Logits of the counted rows, `[counted row, V]`.
    pub fn logits<'w>(&self, ws: &'w mut Workspace, curvature: bool) -> &'w [f32] {
        self.hidden(ws, curvature);
        self.project(&ws.value.picked, &mut ws.value.logits, &mut ws.pack);
        &ws.value.logits
    }

    /// What the output head sees: the counted rows after the final norm, `[counted row, d]`.
    pub fn hidden<'w>(&self, ws: &'w mut Workspace, curvature: bool) -> &'w [f32] {
        let (d, n) = (self.layout.shape.width, self.rows.len());
        let Workspace { value, pack, attention, .. } = ws;
        value.blocks.resize_with(self.layout.shape.layers, Kept::default);
        let x = fit(&mut value.x, n * d);
        for w in self.rows.starts.windows(2) {
            for row in w[0]..w[1] {
                let (e, p) = (self.layout.wte + self.rows.tokens[row] as usize * d, self.layout.wpe + (row - w[0]) * d);
                for ((x, e), p) in x[row * d..(row + 1) * d].iter_mut().zip(self.slice(e, d)).zip(self.slice(p, d)) {
                    *x = e + p;
                }
            }
        }
        for (b, k) in self.layout.blocks.iter().zip(&mut value.blocks) {
            let simd = self.simd;
            norm::forward(simd, x, self.slice(b.ln1_gain, d), self.slice(b.ln1_bias, d), &mut k.norm1, fit(&mut k.normed1, n * d));
            self.linear(&k.normed1, b.qkv, Some(b.qkv_bias), [d, 3 * d], fit(&mut k.qkv, n * 3 * d), false, pack);
            attention::forward(simd, self.heads(), &self.rows.starts, &k.qkv, &mut k.squares, fit(&mut k.mixed, n * d), attention);
            self.linear(&k.mixed, b.out, None, [d, d], x, true, pack);
            self.add_bias(x, b.out_bias, d);
            norm::forward(simd, x, self.slice(b.ln2_gain, d), self.slice(b.ln2_bias, d), &mut k.norm2, fit(&mut k.normed2, n * d));
            self.linear(&k.normed2, b.up, Some(b.up_bias), [d, 4 * d], fit(&mut k.active, n * 4 * d), false, pack);
            gelu::forward(simd, fit(&mut k.slope, n * 4 * d), &mut k.active, curvature.then(|| fit(&mut k.curvature, n * 4 * d)));
            self.linear(&k.active, b.down, None, [4 * d, d], x, true, pack);
            self.add_bias(x, b.down_bias, d);
        }
        let (gain, bias) = (self.slice(self.layout.ln_f_gain, d), self.slice(self.layout.ln_f_bias, d));
        norm::forward(self.simd, x, gain, bias, &mut value.last, fit(&mut value.normed, n * d));
        self.pick(&value.normed, &mut value.picked);
        &value.picked
    }

    fn add_bias(&self, x: &mut [f32], bias: usize, d: usize) {
        let (simd, bias) = (self.simd, self.slice(bias, d));
        with(
            simd,
            #[inline(always)]
            || x.chunks_exact_mut(d).for_each(|row| add(simd, row, bias)),
        );
    }

    /// The counted rows.
    fn pick(&self, normed: &[f32], picked: &mut Vec<f32>) {
        let d = self.layout.shape.width;
        picked.clear();
        for row in &self.rows.counted {
            picked.extend_from_slice(&normed[row * d..(row + 1) * d]);
        }
    }

    /// Logits of the counted rows.
    fn project(&self, picked: &[f32], logits: &mut Vec<f32>, pack: &mut Vec<f32>) {
        let (d, v, n) = (self.layout.shape.width, self.layout.shape.vocabulary, self.rows.counted.len());
        let w = match self.layout.head {
            Some(at) => Mat::new(&self.params[at..], v),
            None => Mat::new(&self.params[self.layout.wte..], d).t(),
        };
        gemm(self.simd, [n, v, d], Mat::new(picked, d), w, fit(logits, n * v), v, Start::Zero, pack);
    }

    /// Pushes [`Workspace::embedding_gradient`] forward as a tangent; needs [`Pass::forward`] with curvature.
    pub fn tangent(&self, ws: &mut Workspace) {
        let (d, n) = (self.layout.shape.width, self.rows.len());
        let Workspace { value, tangent, pack, attention, dlogp, embedding_gradient, .. } = ws;
        tangent.blocks.resize_with(self.layout.shape.layers, Kept::default);
        let x = fit(&mut tangent.x, n * d);
        x.copy_from_slice(embedding_gradient);
        let simd = self.simd;
        for ((b, v), k) in self.layout.blocks.iter().zip(&value.blocks).zip(&mut tangent.blocks) {
            norm::tangent(simd, x, self.slice(b.ln1_gain, d), &v.norm1, &mut k.norm1, fit(&mut k.normed1, n * d));
            self.linear(&k.normed1, b.qkv, None, [d, 3 * d], fit(&mut k.qkv, n * 3 * d), false, pack);
            let mixed = fit(&mut k.mixed, n * d);
            attention::tangent(simd, self.heads(), &self.rows.starts, &v.qkv, &k.qkv, &v.squares, &mut k.squares, mixed, attention);
            self.linear(&k.mixed, b.out, None, [d, d], x, true, pack);
            norm::tangent(simd, x, self.slice(b.ln2_gain, d), &v.norm2, &mut k.norm2, fit(&mut k.normed2, n * d));
            self.linear(&k.normed2, b.up, None, [d, 4 * d], fit(&mut k.active, n * 4 * d), false, pack);
            gelu::tangent(simd, fit(&mut k.slope, n * 4 * d), &mut k.active, &v.slope, &v.curvature);
            self.linear(&k.active, b.down, None, [4 * d, d], x, true, pack);
        }
        norm::tangent(simd, x, self.slice(self.layout.ln_f_gain, d), &value.last, &mut tangent.last, fit(&mut tangent.normed, n * d));
        self.pick(&tangent.normed, &mut tangent.picked);
        self.project(&tangent.picked, &mut tangent.logits, pack);
        head::tangent(simd, &value.logits, &mut tangent.logits, &self.rows.targets, fit(dlogp, self.rows.counted.len()));
    }

    /// The gradient of the head: `x̄` of every row into `stream.x`, from `stream.logits`; W̄ where `grads` is given.
    fn head_back(&self, stream: &mut Stream, grads: Option<&mut [f32]>, pack: &mut Vec<f32>) {
        let (d, v, n) = (self.layout.shape.width, self.layout.shape.vocabulary, self.rows.counted.len());
        let picked = fit(&mut stream.narrow, n * d);
        if let Some(grads) = grads {
            match self.layout.head {
                Some(at) => self.weight_grad(&stream.picked, &stream.logits, at, [d, v], grads, pack),
                None => self.weight_grad(&stream.logits, &stream.picked, self.layout.wte, [v, d], grads, pack),
            }
        }
        match self.layout.head {
            Some(at) => self.linear_back(&stream.logits, at, [d, v], picked, pack),
            None => self.linear(&stream.logits, self.layout.wte, None, [v, d], picked, false, pack),
        }
        self.scatter(picked, &mut stream.normed);
    }

    /// Puts the counted rows back among all rows; the others get zero.
    fn scatter(&self, picked: &[f32], normed: &mut Vec<f32>) {
        let d = self.layout.shape.width;
        let all = fit(normed, self.rows.len() * d);
        all.fill(0.0);
        for (row, from) in self.rows.counted.iter().zip(picked.chunks_exact(d)) {
            all[row * d..(row + 1) * d].copy_from_slice(from);
        }
    }

    /// g = ∇_e Σ over sequences of `slopes · log π`, into [`Workspace::embedding_gradient`]; nothing else is changed.
    pub fn embedding_gradient(&self, ws: &mut Workspace, slopes: &[f32]) {
        let kept = std::mem::take(&mut ws.value.logits);
        ws.value.logits = kept.clone();
        self.backward_into(ws, &self.rows.spread(slopes), None);
        std::mem::swap(&mut ws.embedding_gradient, &mut ws.value.x);
        ws.value.logits = kept;
    }

    /// Adds the gradient of Σ over sequences of `slopes · log π` to `grads`.
    pub fn backward(&self, ws: &mut Workspace, slopes: &[f32], grads: &mut [f32]) {
        self.backward_into(ws, &self.rows.spread(slopes), Some(grads));
    }

    /// The same with a slope for each counted row.
    pub fn backward_rows(&self, ws: &mut Workspace, slopes: &[f32], grads: &mut [f32]) {
        self.backward_into(ws, slopes, Some(grads));
    }

    /// Adds the gradient that [`Pass::hidden`] passes on, from that of its result, `grad` `[counted row, d]`.
    pub fn hidden_back(&self, ws: &mut Workspace, grad: &[f32], grads: &mut [f32]) {
        self.scatter(grad, &mut ws.value.normed);
        self.trunk_back(ws, Some(grads));
    }

    fn backward_into(&self, ws: &mut Workspace, slopes: &[f32], mut grads: Option<&mut [f32]>) {
        head::backward(self.simd, &mut ws.value.logits, &self.rows.targets, slopes);
        self.head_back(&mut ws.value, grads.as_deref_mut(), &mut ws.pack);
        self.trunk_back(ws, grads);
    }

    /// Everything below the head; the gradient of the final norm's output is in `value.normed`.
    fn trunk_back(&self, ws: &mut Workspace, mut grads: Option<&mut [f32]>) {
        let (d, n, simd) = (self.layout.shape.width, self.rows.len(), self.simd);
        let Workspace { value, pack, attention, .. } = ws;
        let x = fit(&mut value.x, n * d);
        x.fill(0.0);
        let l = self.layout;
        norm::backward(simd, &mut value.normed, self.slice(l.ln_f_gain, d), &value.last, x, affine(&mut grads, l.ln_f_gain, d));
        let (narrow, wide) = (&mut value.narrow, &mut value.wide);
        for (b, k) in l.blocks.iter().zip(&value.blocks).rev() {
            if let Some(grads) = grads.as_deref_mut() {
                self.weight_grad(&k.active, x, b.down, [4 * d, d], grads, pack);
                self.bias_grad(x, b.down_bias, d, grads);
            }
            self.linear_back(x, b.down, [4 * d, d], fit(wide, n * 4 * d), pack);
            times(simd, wide, &k.slope);
            if let Some(grads) = grads.as_deref_mut() {
                self.weight_grad(&k.normed2, wide, b.up, [d, 4 * d], grads, pack);
                self.bias_grad(wide, b.up_bias, 4 * d, grads);
            }
            self.linear_back(wide, b.up, [d, 4 * d], fit(narrow, n * d), pack);
            norm::backward(simd, narrow, self.slice(b.ln2_gain, d), &k.norm2, x, affine(&mut grads, b.ln2_gain, d));
            if let Some(grads) = grads.as_deref_mut() {
                self.weight_grad(&k.mixed, x, b.out, [d, d], grads, pack);
                self.bias_grad(x, b.out_bias, d, grads);
            }
            self.linear_back(x, b.out, [d, d], fit(narrow, n * d), pack);
            let qkv = fit(wide, n * 3 * d);
            attention::backward(simd, self.heads(), &self.rows.starts, &k.qkv, &k.squares, narrow, qkv, attention);
            if let Some(grads) = grads.as_deref_mut() {
                self.weight_grad(&k.normed1, qkv, b.qkv, [d, 3 * d], grads, pack);
                self.bias_grad(qkv, b.qkv_bias, 3 * d, grads);
            }
            self.linear_back(qkv, b.qkv, [d, 3 * d], narrow, pack);
            norm::backward(simd, narrow, self.slice(b.ln1_gain, d), &k.norm1, x, affine(&mut grads, b.ln1_gain, d));
        }
        if let Some(grads) = grads {
            self.embed_back(x, grads);
        }
    }

    /// Adds the gradient of Σ over sequences of `slopes · log π + tangent_slopes · (log π)˙` to `grads`.
    pub fn backward_both(&self, ws: &mut Workspace, slopes: &[f32], tangent_slopes: &[f32], grads: &mut [f32]) {
        let (d, n, simd, l) = (self.layout.shape.width, self.rows.len(), self.simd, self.layout);
        let Workspace { value, tangent, pack, attention, .. } = ws;
        let (a, b) = (self.rows.spread(slopes), self.rows.spread(tangent_slopes));
        head::backward_both(simd, &mut value.logits, &mut tangent.logits, &self.rows.targets, &a, &b);
        self.head_back(value, Some(grads), pack);
        self.head_back(tangent, Some(grads), pack);
        let (x, dx) = (fit(&mut value.x, n * d), fit(&mut tangent.x, n * d));
        x.fill(0.0);
        dx.fill(0.0);
        let both = |grads: &mut [f32], gain: usize, y: &mut [f32], dy: &mut [f32], v: &Saved, t: &Saved, x: &mut [f32], dx: &mut [f32]| {
            let (to, bias) = grads[gain..gain + 2 * d].split_at_mut(d);
            norm::backward_both(simd, y, dy, self.slice(gain, d), v, t, x, dx, Affine { gain: to, bias });
        };
        both(grads, l.ln_f_gain, &mut value.normed, &mut tangent.normed, &value.last, &tangent.last, x, dx);
        let (narrow, wide) = (&mut value.narrow, &mut value.wide);
        let (dnarrow, dwide) = (&mut tangent.narrow, &mut tangent.wide);
        for (b, (v, t)) in l.blocks.iter().zip(value.blocks.iter().zip(&tangent.blocks)).rev() {
            self.weight_grad(&v.active, x, b.down, [4 * d, d], grads, pack);
            self.weight_grad(&t.active, dx, b.down, [4 * d, d], grads, pack);
            self.bias_grad(x, b.down_bias, d, grads);
            self.linear_back(x, b.down, [4 * d, d], fit(wide, n * 4 * d), pack);
            self.linear_back(dx, b.down, [4 * d, d], fit(dwide, n * 4 * d), pack);
            gelu::backward_both(simd, wide, dwide, &v.slope, &t.slope);
            self.weight_grad(&v.normed2, wide, b.up, [d, 4 * d], grads, pack);
            self.weight_grad(&t.normed2, dwide, b.up, [d, 4 * d], grads, pack);
            self.bias_grad(wide, b.up_bias, 4 * d, grads);
            self.linear_back(wide, b.up, [d, 4 * d], fit(narrow, n * d), pack);
            self.linear_back(dwide, b.up, [d, 4 * d], fit(dnarrow, n * d), pack);
            both(grads, b.ln2_gain, narrow, dnarrow, &v.norm2, &t.norm2, x, dx);
            self.weight_grad(&v.mixed, x, b.out, [d, d], grads, pack);
            self.weight_grad(&t.mixed, dx, b.out, [d, d], grads, pack);
            self.bias_grad(x, b.out_bias, d, grads);
            self.linear_back(x, b.out, [d, d], fit(narrow, n * d), pack);
            self.linear_back(dx, b.out, [d, d], fit(dnarrow, n * d), pack);
            let (qkv, dqkv) = (fit(wide, n * 3 * d), fit(dwide, n * 3 * d));
            let (kept, p) = (Both { x: &v.qkv, dx: &t.qkv }, Both { x: &v.squares, dx: &t.squares });
            attention::backward_both(simd, self.heads(), &self.rows.starts, kept, p, Both { x: narrow, dx: dnarrow }, qkv, dqkv, attention);
            self.weight_grad(&v.normed1, qkv, b.qkv, [d, 3 * d], grads, pack);
            self.weight_grad(&t.normed1, dqkv, b.qkv, [d, 3 * d], grads, pack);
            self.bias_grad(qkv, b.qkv_bias, 3 * d, grads);
            self.linear_back(qkv, b.qkv, [d, 3 * d], narrow, pack);
            self.linear_back(dqkv, b.qkv, [d, 3 * d], dnarrow, pack);
            both(grads, b.ln1_gain, narrow, dnarrow, &v.norm1, &t.norm1, x, dx);
        }
        // The tangent starts from g, which is a constant: only the value reaches the embeddings.
        self.embed_back(x, grads);
    }

    fn embed_back(&self, x: &[f32], grads: &mut [f32]) {
        let (d, simd, l) = (self.layout.shape.width, self.simd, self.layout);
        with(
            simd,
            #[inline(always)]
            || {
                for w in self.rows.starts.windows(2) {
                    for row in w[0]..w[1] {
                        let (from, token) = (&x[row * d..(row + 1) * d], self.rows.tokens[row] as usize);
                        add(simd, &mut grads[l.wte + token * d..][..d], from);
                        add(simd, &mut grads[l.wpe + (row - w[0]) * d..][..d], from);
                    }
                }
            },
        );
    }
}

/// Where a norm's gradients go: its gain and bias are neighbors.
fn affine<'a>(grads: &'a mut Option<&mut [f32]>, gain: usize, d: usize) -> Option<Affine<'a>> {
    grads.as_deref_mut().map(|g| {
        let (gain, bias) = g[gain..gain + 2 * d].split_at_mut(d);
        Affine { gain, bias }
    })
}

/// `x *= y`.
#[inline(always)]
fn times<S: Simd>(simd: S, x: &mut [f32], y: &[f32]) {
    with(
        simd,
        #[inline(always)]
        || map1(simd, x, y, |x, y| simd.mul_f32s(x, y)),
    );
}
