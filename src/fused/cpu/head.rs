//! Log-probabilities of targets from logits, their tangent and the backward pass of both.
//!
//! log π = s_t − log Σ eˢ; the tangent is ṡ_t − m with m = Σ p ṡ. With A and B the gradients of the two,
//! s̄ = A (1_t − p) − B p∘(ṡ − m) and ṡ̄ = B (1_t − p).

use super::vector::{dot, exp, map, map1, max, sum, with};
use pulp::Simd;

/// Turns each row of `logits` `[row, V]` into probabilities; writes log π of its target.
#[inline(always)]
pub fn forward<S: Simd>(simd: S, logits: &mut [f32], targets: &[u32], logp: &mut [f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            let v = logits.len() / targets.len().max(1);
            for ((row, target), logp) in logits.chunks_exact_mut(v.max(1)).zip(targets).zip(logp.iter_mut()) {
                let top = max(simd, row);
                let score = row[*target as usize];
                let shift = simd.splat_f32s(top);
                map(simd, row, |s| exp(simd, simd.sub_f32s(s, shift)));
                let whole = sum(simd, row, |e| e);
                let scale = simd.splat_f32s(1.0 / whole);
                map(simd, row, |e| simd.mul_f32s(e, scale));
                *logp = score - top - whole.ln();
            }
        },
    );
}

/// Takes m from each row of `dlogits`; writes the tangent of log π.
#[inline(always)]
pub fn tangent<S: Simd>(simd: S, p: &[f32], dlogits: &mut [f32], targets: &[u32], dlogp: &mut [f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            let v = p.len() / targets.len().max(1);
            for (((p, row), target), dlogp) in p.chunks_exact(v.max(1)).zip(dlogits.chunks_exact_mut(v.max(1))).zip(targets).zip(dlogp.iter_mut()) {
                let mean = simd.splat_f32s(dot(simd, p, row));
                map(simd, row, |s| simd.sub_f32s(s, mean));
                *dlogp = row[*target as usize];
            }
        },
    );
}

/// `p` becomes A (1_t − p). `slopes` is A of each row.
#[inline(always)]
pub fn backward<S: Simd>(simd: S, p: &mut [f32], targets: &[u32], slopes: &[f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            let v = p.len() / targets.len().max(1);
            for ((row, target), slope) in p.chunks_exact_mut(v.max(1)).zip(targets).zip(slopes) {
                let minus = simd.splat_f32s(-slope);
                map(simd, row, |p| simd.mul_f32s(p, minus));
                row[*target as usize] += slope;
            }
        },
    );
}

/// `p` becomes s̄ and `ds` (ṡ − m) becomes ṡ̄. `slopes` and `tangent_slopes` are A and B of each row.
#[inline(always)]
pub fn backward_both<S: Simd>(simd: S, p: &mut [f32], ds: &mut [f32], targets: &[u32], slopes: &[f32], tangent_slopes: &[f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            let v = p.len() / targets.len().max(1);
            for (i, (p, ds)) in p.chunks_exact_mut(v.max(1)).zip(ds.chunks_exact_mut(v.max(1))).enumerate() {
                let (a, b, target) = (slopes[i], tangent_slopes[i], targets[i] as usize);
                let (minus_a, minus_b) = (simd.splat_f32s(-a), simd.splat_f32s(-b));
                map1(simd, ds, p, |ds, p| simd.mul_f32s(p, simd.mul_add_e_f32s(minus_b, ds, minus_a)));
                map(simd, p, |p| simd.mul_f32s(p, minus_b));
                // `ds` now holds s̄ and `p` ṡ̄; they change places.
                ds[target] += a;
                p[target] += b;
                p.swap_with_slice(ds);
            }
        },
    );
}

/// KL(softmax(a) ‖ softmax(b)) of each row, nats. `a` and `b` are logits `[row, V]` and are overwritten.
#[inline(always)]
pub fn divergence<S: Simd>(simd: S, a: &mut [f32], b: &mut [f32], v: usize, out: &mut [f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            for ((a, b), out) in a.chunks_exact_mut(v).zip(b.chunks_exact_mut(v)).zip(out.iter_mut()) {
                let (top_a, top_b) = (max(simd, a), max(simd, b));
                let (shift_a, shift_b) = (simd.splat_f32s(top_a), simd.splat_f32s(top_b));
                map(simd, a, |s| simd.sub_f32s(s, shift_a));
                map(simd, b, |s| simd.sub_f32s(s, shift_b));
                let whole_b = sum_exp(simd, b);
                // b becomes the difference of the logits, a the weights e^a.
                map1(simd, b, a, |b, a| simd.sub_f32s(a, b));
                map(simd, a, |s| exp(simd, s));
                let whole_a = sum(simd, a, |e| e);
                *out = dot(simd, a, b) / whole_a - whole_a.ln() + whole_b.ln();
            }
        },
    );
}

/// Σ eˣ; the last, partial vector is taken one by one, since e⁰ is not 0.
#[inline(always)]
fn sum_exp<S: Simd>(simd: S, x: &[f32]) -> f32 {
    let (body, tail) = S::as_simd_f32s(x);
    let mut total = simd.splat_f32s(0.0);
    for v in body {
        total = simd.add_f32s(total, exp(simd, *v));
    }
    simd.reduce_sum_f32s(total) + tail.iter().map(|v| v.exp()).sum::<f32>()
}
