//! A whole GPT in one file, for a stack of lanes: pre-norm, exact gelu, learned positions.
//! After Radford et al. 2019 and karpathy/nanoGPT; every parameter has a leading lane dimension.
//!
//! Shapes: L lanes, S sequences, T context, d width, H heads, V vocabulary.

use super::dual::{Dual, attention, log_prob};
use super::{Init, ParamSpec, Parameters, Perturbation, Policy, TokenTensors};
use crate::config::ModelConfig;
use crate::fused::layout::Shape;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

/// Added to attention scores that must not count; finite, because shaders may assume there is no infinity.
const MASKED: f32 = -1e9;
/// Parameters of one block, in order.
const PER_BLOCK: usize = 12;

/// The transformer.
pub struct Gpt {
    d_model: usize,
    layers: usize,
    heads: usize,
    context: usize,
    tied: bool,
    vocabulary: usize,
    /// 0 on and below the diagonal, [`MASKED`] above, `[1, 1, T, T]`.
    causal: Tensor<4>,
}

impl Gpt {
    /// A transformer of this shape over `vocabulary` tokens.
    pub fn new(config: &ModelConfig, vocabulary: usize, device: &Device) -> Self {
        let t = config.context;
        let mask: Vec<f32> = (0..t * t).map(|i| if i % t <= i / t { 0.0 } else { MASKED }).collect();
        Self {
            d_model: config.d_model,
            layers: config.layers,
            heads: config.heads,
            context: t,
            tied: config.tied,
            vocabulary,
            causal: Tensor::from_data(TensorData::new(mask, [1, 1, t, t]), device),
        }
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        let (width, layers, heads) = (self.d_model, self.layers, self.heads);
        Shape { width, layers, heads, context: self.context, vocabulary: self.vocabulary, tied: self.tied }
    }

    /// T.
    pub fn context(&self) -> usize {
        self.context
    }

    /// V.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Every parameter of a transformer of this shape, in order.
    pub fn specs_of(shape: &Shape) -> Vec<ParamSpec> {
        let d = shape.width;
        let matrix = |name: String, rows, columns, sd| ParamSpec { name, shape: [rows, columns], init: Init::Normal(sd), decay: true };
        let vector = |name: String, n, init| ParamSpec { name, shape: [1, n], init, decay: false };
        // GPT-2's residual projections start smaller, by the number of times they are added.
        let residual = 0.02 / (2.0 * shape.layers as f64).sqrt();
        let mut specs = vec![matrix("wte".into(), shape.vocabulary, d, 0.02), matrix("wpe".into(), shape.context, d, 0.02)];
        for i in 0..shape.layers {
            let name = |rest: &str| format!("h.{i}.{rest}");
            specs.extend([
                vector(name("ln1.g"), d, Init::One),
                vector(name("ln1.b"), d, Init::Zero),
                matrix(name("attn.qkv.w"), d, 3 * d, 0.02),
                vector(name("attn.qkv.b"), 3 * d, Init::Zero),
                matrix(name("attn.out.w"), d, d, residual),
                vector(name("attn.out.b"), d, Init::Zero),
                vector(name("ln2.g"), d, Init::One),
                vector(name("ln2.b"), d, Init::Zero),
                matrix(name("mlp.up.w"), d, 4 * d, 0.02),
                vector(name("mlp.up.b"), 4 * d, Init::Zero),
                matrix(name("mlp.down.w"), 4 * d, d, residual),
                vector(name("mlp.down.b"), d, Init::Zero),
            ]);
        }
        specs.extend([vector("ln_f.g".into(), d, Init::One), vector("ln_f.b".into(), d, Init::Zero)]);
        if !shape.tied {
            specs.push(matrix("head.w".into(), d, shape.vocabulary, 0.02));
        }
        specs
    }

    /// Rows of each lane's table, `[L, n]` ids into `[L, V, d]` → `[L, n, d]`.
    fn embed(&self, table: &Tensor<3>, ids: Tensor<2, Int>) -> Tensor<3> {
        let [lanes, n] = ids.dims();
        let [_, rows, width] = table.dims();
        // One flat gather for all lanes: lane l's rows start at l·V.
        let device = ids.device();
        let start = Tensor::<1, Int>::arange(0..lanes as i64, &device).reshape([lanes, 1]) * rows as i32;
        let flat = (ids + start).reshape([lanes * n]);
        table.clone().reshape([lanes * rows, width]).select(0, flat).reshape([lanes, n, width])
    }

    fn wte<'a>(&self, p: &'a Parameters) -> &'a Tensor<3> {
        &p.0[0]
    }

    fn wpe<'a>(&self, p: &'a Parameters) -> &'a Tensor<3> {
        &p.0[1]
    }

    /// Log-probability of the next token where it counts, 0 elsewhere, `[L, S·T]`.
    pub fn token_logps(&self, p: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<2> {
        let mask = tokens.mask.clone();
        log_prob(self.logits(p, tokens, moved), tokens.targets.clone()).map(|p| p * mask.clone())
    }

    /// Token logits at every position, `[L, S·T, V]`.
    pub fn logits(&self, p: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<3> {
        let (lanes, s, t, d) = (tokens.lanes(), tokens.sequences, tokens.context, self.d_model);
        let e = self.embed(self.wte(p), tokens.tokens.clone()); // [L, S·T, d]: what WDPO's adversary moves
        let e = if let Some(offset) = &moved.offset { e + offset.clone() } else { e };
        let positions = self.wpe(p).clone().narrow(1, 0, t).reshape([lanes, 1, t, d]);
        let x = (e.reshape([lanes, s, t, d]) + positions).reshape([lanes, s * t, d]);
        let mut x = Dual { x, dx: moved.tangent.clone() };
        for block in p.0[2..2 + PER_BLOCK * self.layers].chunks_exact(PER_BLOCK) {
            x = self.block(block, x, s, t);
        }
        self.head(p, x)
    }

    /// Final norm and output head, `[L, n, d]` → `[L, n, V]`.
    fn head(&self, p: &Parameters, x: Dual<3>) -> Dual<3> {
        let at = 2 + PER_BLOCK * self.layers;
        let x = x.layer_norm(p.0[at].clone(), p.0[at + 1].clone());
        let w = if self.tied { self.wte(p).clone().swap_dims(1, 2) } else { p.0[at + 2].clone() };
        x.linear(w, None)
    }

    /// One pre-norm block; `x` `[L, S·T, d]`.
    fn block(&self, w: &[Tensor<3>], x: Dual<3>, s: usize, t: usize) -> Dual<3> {
        let [lanes, rows, d] = x.x.dims();
        let (h, dh) = (self.heads, d / self.heads);
        let n = x.clone().layer_norm(w[0].clone(), w[1].clone());
        let qkv = n.linear(w[2].clone(), Some(w[3].clone())); // [L, S·T, 3d]
        let part = |i: usize| {
            // columns q | k | v, each split into heads → [L·S, H, T, dh]
            qkv.clone().map(|y| y.narrow(2, i * d, d).reshape([lanes * s, t, h, dh]).swap_dims(1, 2))
        };
        let mask = self.causal.clone().slice([0..1, 0..1, 0..t, 0..t]);
        let mixed = attention(part(0), part(1), part(2), mask); // [L·S, H, T, dh]
        let mixed = mixed.map(|y| y.swap_dims(1, 2).reshape([lanes, rows, d]));
        let x = x.add(mixed.linear(w[4].clone(), Some(w[5].clone())));
        self.mlp(w, x)
    }

    fn mlp(&self, w: &[Tensor<3>], x: Dual<3>) -> Dual<3> {
        let n = x.clone().layer_norm(w[6].clone(), w[7].clone());
        let up = n.linear(w[8].clone(), Some(w[9].clone())).gelu(); // [L, n, 4d]
        x.add(up.linear(w[10].clone(), Some(w[11].clone())))
    }
}

impl Policy for Gpt {
    fn specs(&self) -> Vec<ParamSpec> {
        Self::specs_of(&self.shape())
    }

    fn input_shape(&self, tokens: &TokenTensors) -> [usize; 3] {
        [tokens.lanes(), tokens.sequences * tokens.context, self.d_model]
    }

    fn logps(&self, params: &Parameters, tokens: &TokenTensors, moved: &Perturbation) -> Dual<2> {
        let (lanes, s, t) = (tokens.lanes(), tokens.sequences, tokens.context);
        self.token_logps(params, tokens, moved).map(|p| p.reshape([lanes, s, t]).sum_dim(2).reshape([lanes, s]))
    }

    fn gpt(&self) -> Option<&Gpt> {
        Some(self)
    }
}

/// Keys and values of the tokens decoded so far, per block, each `[L·N, H, T, dh]`.
pub struct KvCache(Vec<(Tensor<4>, Tensor<4>)>);

impl Gpt {
    /// An empty cache for `rows` sequences in all (lanes × prompts).
    pub fn cache(&self, rows: usize, device: &Device) -> KvCache {
        let empty = || Tensor::zeros([rows, self.heads, self.context, self.d_model / self.heads], device);
        KvCache((0..self.layers).map(|_| (empty(), empty())).collect())
    }

    /// Feeds the tokens at position `t` `[L, N]` and returns the logits for position `t + 1`, `[L, N, V]`.
    pub fn decode(&self, p: &Parameters, ids: Tensor<2, Int>, t: usize, cache: &mut KvCache) -> Tensor<3> {
        let [lanes, n] = ids.dims();
        let (d, h, dh) = (self.d_model, self.heads, self.d_model / self.heads);
        let mut x = self.embed(self.wte(p), ids) + self.wpe(p).clone().narrow(1, t, 1); // [L, N, d]
        // Keys after t are still zero; the mask's row t hides them.
        let mask = self.causal.clone().slice([0..1, 0..1, t..t + 1, 0..self.context]);
        for (w, (keys, values)) in p.0[2..].chunks_exact(PER_BLOCK).zip(&mut cache.0) {
            let normed = Dual::constant(x.clone()).layer_norm(w[0].clone(), w[1].clone());
            let qkv = normed.linear(w[2].clone(), Some(w[3].clone())).x; // [L, N, 3d]
            let part = |i: usize| qkv.clone().narrow(2, i * d, d).reshape([lanes * n, h, 1, dh]);
            let at = [0..lanes * n, 0..h, t..t + 1, 0..dh];
            *keys = keys.clone().slice_assign(at.clone(), part(1));
            *values = values.clone().slice_assign(at, part(2));
            let scores = part(0).matmul(keys.clone().swap_dims(2, 3)) * (1.0 / (dh as f64).sqrt()) + mask.clone();
            let mixed = activation::softmax(scores, 3).matmul(values.clone()).reshape([lanes, n, d]);
            x = x + Dual::constant(mixed).linear(w[4].clone(), Some(w[5].clone())).x;
            x = self.mlp(w, Dual::constant(x)).x;
        }
        self.head(p, Dual::constant(x)).x
    }
}
