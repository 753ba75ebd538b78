//! Causal attention with its tangent and the backward pass of both, one sequence and head at a time.
//!
//! S = s QKᵀ, P = softmax S, O = P V. The tangent: Ṡ = s (Q̇Kᵀ + QK̇ᵀ), Ṡ′ = Ṡ less its mean under P in each row,
//! Ṗ = P∘Ṡ′, Ȯ = Ṗ V + P V̇. Backward, with B = Ȱ Vᵀ less its mean under P in each row:
//! Ṡ̄ = P∘B, and S̄ = P∘X, where X = Ō Vᵀ + Ȱ V̇ᵀ + B∘Ṡ′ less its mean under P in each row.

use super::gemm::{Mat, Start, gemm};
use super::vector::{dot, exp, map, map1, map2, max, sum, with};
use pulp::Simd;
use std::ops::Range;

/// Sizes of the attention in one block.
#[derive(Clone, Copy)]
pub struct Heads {
    /// Width d of the residual stream.
    pub width: usize,
    /// Heads.
    pub count: usize,
    /// Longest sequence, which spaces the saved matrices.
    pub context: usize,
}

/// One head of one sequence: its first row and its length.
struct Each {
    sequence: usize,
    row: usize,
    t: usize,
    head: usize,
}

impl Heads {
    fn size(&self) -> usize {
        self.width / self.count
    }

    /// Every head of every sequence that has rows.
    #[inline(always)]
    fn each(self, starts: &[usize]) -> impl Iterator<Item = Each> {
        let rows = starts.windows(2).map(|w| (w[0], w[1] - w[0])).enumerate().filter(|(_, (_, t))| *t > 0);
        rows.flat_map(move |(sequence, (row, t))| (0..self.count).map(move |head| Each { sequence, row, t, head }))
    }

    /// Elements of all saved `[T, T]` matrices of `sequences` sequences.
    pub fn saved(&self, sequences: usize) -> usize {
        sequences * self.count * self.context * self.context
    }

    /// Where the `[t, t]` matrix of a sequence and head is saved.
    fn square(&self, sequence: usize, head: usize, t: usize) -> Range<usize> {
        let at = (sequence * self.count + head) * self.context * self.context;
        at..at + t * t
    }

    /// First element of part 0 (q), 1 (k) or 2 (v) of a head in `qkv` `[row, 3d]`.
    fn part(&self, row: usize, head: usize, part: usize) -> usize {
        row * 3 * self.width + part * self.width + head * self.size()
    }
}

/// Buffers that are used over and over.
#[derive(Default)]
pub struct Scratch {
    pack: Vec<f32>,
    square: Vec<f32>,
    other: Vec<f32>,
}

/// Softmax of each row's first i + 1 elements, zero after them.
#[inline(always)]
fn softmax_rows<S: Simd>(simd: S, p: &mut [f32], t: usize, scale: f32) {
    let scale = simd.splat_f32s(scale);
    for (i, row) in p.chunks_exact_mut(t).enumerate() {
        let (row, after) = row.split_at_mut(i + 1);
        after.fill(0.0);
        let top = simd.splat_f32s(max(simd, row));
        map(simd, row, |s| exp(simd, simd.mul_f32s(simd.sub_f32s(s, top), scale)));
        let whole = simd.splat_f32s(1.0 / sum(simd, row, |v| v));
        map(simd, row, |e| simd.mul_f32s(e, whole));
    }
}

/// Takes each row's mean under P from the row.
#[inline(always)]
fn center_rows<S: Simd>(simd: S, x: &mut [f32], p: &[f32], t: usize) {
    for (x, p) in x.chunks_exact_mut(t).zip(p.chunks_exact(t)) {
        let mean = simd.splat_f32s(dot(simd, x, p));
        map(simd, x, |x| simd.sub_f32s(x, mean));
    }
}

/// `qkv` `[row, 3d]` → `out` `[row, d]`; P is saved. `starts` holds each sequence's first row and the end.
#[inline(always)]
pub fn forward<S: Simd>(simd: S, heads: Heads, starts: &[usize], qkv: &[f32], p: &mut Vec<f32>, out: &mut [f32], s: &mut Scratch) {
    with(
        simd,
        #[inline(always)]
        || {
            p.resize(heads.saved(starts.len() - 1), 0.0);
            let (size, wide) = (heads.size(), 3 * heads.width);
            for Each { sequence: q, row, t, head: h } in heads.each(starts) {
                let at = |part| Mat::new(&qkv[heads.part(row, h, part)..], wide);
                let p = &mut p[heads.square(q, h, t)];
                gemm(simd, [t, t, size], at(0), at(1).t(), p, t, Start::Zero, &mut s.pack);
                softmax_rows(simd, p, t, 1.0 / (size as f32).sqrt());
                gemm(simd, [t, size, t], Mat::new(p, t), at(2), &mut out[row * heads.width + h * size..], heads.width, Start::Zero, &mut s.pack);
            }
        },
    );
}

/// The tangent of [`forward`]: `dqkv` → `dout`; Ṡ′ is saved.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // value and tangent of everything
pub fn tangent<S: Simd>(
    simd: S, heads: Heads, starts: &[usize], qkv: &[f32], dqkv: &[f32], p: &[f32], ds: &mut Vec<f32>, dout: &mut [f32], s: &mut Scratch,
) {
    with(
        simd,
        #[inline(always)]
        || {
            ds.resize(heads.saved(starts.len() - 1), 0.0);
            let (size, wide) = (heads.size(), 3 * heads.width);
            let scale = simd.splat_f32s(1.0 / (size as f32).sqrt());
            for Each { sequence: q, row, t, head: h } in heads.each(starts) {
                let at = |part| Mat::new(&qkv[heads.part(row, h, part)..], wide);
                let dat = |part| Mat::new(&dqkv[heads.part(row, h, part)..], wide);
                let (p, ds) = (&p[heads.square(q, h, t)], &mut ds[heads.square(q, h, t)]);
                gemm(simd, [t, t, size], dat(0), at(1).t(), ds, t, Start::Zero, &mut s.pack);
                gemm(simd, [t, t, size], at(0), dat(1).t(), ds, t, Start::Add, &mut s.pack);
                map(simd, ds, |x| simd.mul_f32s(x, scale));
                center_rows(simd, ds, p, t);
                s.square.resize(t * t, 0.0);
                map2(simd, &mut s.square, p, ds, |_, p, x| simd.mul_f32s(p, x));
                let out = &mut dout[row * heads.width + h * size..];
                gemm(simd, [t, size, t], Mat::new(&s.square, t), at(2), out, heads.width, Start::Zero, &mut s.pack);
                gemm(simd, [t, size, t], Mat::new(p, t), dat(2), out, heads.width, Start::Add, &mut s.pack);
            }
        },
    );
}

/// Writes the gradient of `qkv` into `into` from that of the output, `grad_out` `[row, d]`.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // as it is
pub fn backward<S: Simd>(
    simd: S, heads: Heads, starts: &[usize], qkv: &[f32], p: &[f32], grad_out: &[f32], into: &mut [f32], s: &mut Scratch,
) {
    with(
        simd,
        #[inline(always)]
        || {
            let (size, wide) = (heads.size(), 3 * heads.width);
            let scale = simd.splat_f32s(1.0 / (size as f32).sqrt());
            for Each { sequence: q, row, t, head: h } in heads.each(starts) {
                let at = |part| Mat::new(&qkv[heads.part(row, h, part)..], wide);
                let p = &p[heads.square(q, h, t)];
                let o = Mat::new(&grad_out[row * heads.width + h * size..], heads.width);
                s.square.resize(t * t, 0.0);
                gemm(simd, [t, t, size], o, at(2).t(), &mut s.square, t, Start::Zero, &mut s.pack);
                center_rows(simd, &mut s.square, p, t);
                map1(simd, &mut s.square, p, |x, p| simd.mul_f32s(simd.mul_f32s(x, p), scale));
                let ds = Mat::new(&s.square, t);
                gemm(simd, [t, size, t], ds, at(1), &mut into[heads.part(row, h, 0)..], wide, Start::Zero, &mut s.pack);
                gemm(simd, [t, size, t], ds.t(), at(0), &mut into[heads.part(row, h, 1)..], wide, Start::Zero, &mut s.pack);
                gemm(simd, [t, size, t], Mat::new(p, t).t(), o, &mut into[heads.part(row, h, 2)..], wide, Start::Zero, &mut s.pack);
            }
        },
    );
}

/// A value and its tangent, side by side.
#[derive(Clone, Copy)]
pub struct Both<'a> {
    /// The value.
    pub x: &'a [f32],
    /// Its tangent.
    pub dx: &'a [f32],
}

/// The gradients of `qkv` and of its tangent from those of the output and of its tangent. `p` holds P and Ṡ′.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // value and tangent of everything
pub fn backward_both<S: Simd>(
    simd: S, heads: Heads, starts: &[usize], qkv: Both<'_>, p: Both<'_>, grad_out: Both<'_>, into: &mut [f32], into_tangent: &mut [f32],
    s: &mut Scratch,
) {
    with(
        simd,
        #[inline(always)]
        || {
            let (size, wide) = (heads.size(), 3 * heads.width);
            let scale = simd.splat_f32s(1.0 / (size as f32).sqrt());
            for Each { sequence: q, row, t, head: h } in heads.each(starts) {
                let at = |part| Mat::new(&qkv.x[heads.part(row, h, part)..], wide);
                let dat = |part| Mat::new(&qkv.dx[heads.part(row, h, part)..], wide);
                let (p, ds) = (&p.x[heads.square(q, h, t)], &p.dx[heads.square(q, h, t)]);
                let place = row * heads.width + h * size;
                let (o, z) = (Mat::new(&grad_out.x[place..], heads.width), Mat::new(&grad_out.dx[place..], heads.width));
                let Scratch { pack, square, other } = &mut *s;
                square.resize(t * t, 0.0);
                other.resize(t * t, 0.0);
                // V̄ = Pᵀ Ō + Ṗᵀ Ȱ and V̇̄ = Pᵀ Ȱ
                map2(simd, other, p, ds, |_, p, x| simd.mul_f32s(p, x));
                let v = &mut into[heads.part(row, h, 2)..];
                gemm(simd, [t, size, t], Mat::new(p, t).t(), o, v, wide, Start::Zero, pack);
                gemm(simd, [t, size, t], Mat::new(other, t).t(), z, v, wide, Start::Add, pack);
                gemm(simd, [t, size, t], Mat::new(p, t).t(), z, &mut into_tangent[heads.part(row, h, 2)..], wide, Start::Zero, pack);
                // B, then X
                gemm(simd, [t, t, size], z, at(2).t(), other, t, Start::Zero, pack);
                center_rows(simd, other, p, t);
                gemm(simd, [t, t, size], o, at(2).t(), square, t, Start::Zero, pack);
                gemm(simd, [t, t, size], z, dat(2).t(), square, t, Start::Add, pack);
                map2(simd, square, other, ds, |x, b, ds| simd.mul_add_e_f32s(b, ds, x));
                center_rows(simd, square, p, t);
                map1(simd, square, p, |x, p| simd.mul_f32s(simd.mul_f32s(x, p), scale));
                map1(simd, other, p, |b, p| simd.mul_f32s(simd.mul_f32s(b, p), scale));
                let (sx, sd) = (Mat::new(square, t), Mat::new(other, t));
                let to = &mut into[heads.part(row, h, 0)..];
                gemm(simd, [t, size, t], sx, at(1), to, wide, Start::Zero, pack);
                gemm(simd, [t, size, t], sd, dat(1), to, wide, Start::Add, pack);
                gemm(simd, [t, size, t], sd, at(1), &mut into_tangent[heads.part(row, h, 0)..], wide, Start::Zero, pack);
                let to = &mut into[heads.part(row, h, 1)..];
                gemm(simd, [t, size, t], sx.t(), at(0), to, wide, Start::Zero, pack);
                gemm(simd, [t, size, t], sd.t(), dat(0), to, wide, Start::Add, pack);
                gemm(simd, [t, size, t], sd.t(), at(0), &mut into_tangent[heads.part(row, h, 1)..], wide, Start::Zero, pack);
            }
        },
    );
}
