//! Layer normalization with its tangent and the backward pass of both, row by row.
//!
//! With n = (x − mean)·r and r = 1/σ, the Jacobian of n is J = r (1 − 11ᵀ/d − nnᵀ/d), which is symmetric:
//! y = n g + b; the tangent is ṅ = J ẋ, ẏ = ṅ g. Backward, with u = ȳ g and w = ẏ̄ g:
//! ẋ̄ = J w and x̄ = J u − r (c ẋ̄ + a ṅ + mean(w ṅ) n), where a = mean(n w) and c = mean(n ẋ).

use super::vector::{add, dot, map, map1, map2, sum, with};
use pulp::Simd;

const EPS: f32 = 1e-5;

/// What the backward pass needs, for a value: n `[row, d]` and r `[row]`; for a tangent: ṅ and c.
#[derive(Default)]
pub struct Saved {
    /// n or ṅ.
    pub n: Vec<f32>,
    /// r or c.
    pub scale: Vec<f32>,
}

/// Where the gradients of gain and bias go, `[d]` each.
pub struct Affine<'a> {
    /// dL/dg.
    pub gain: &'a mut [f32],
    /// dL/db.
    pub bias: &'a mut [f32],
}

/// y = n g + b. `x`, `y` `[row, d]`.
#[inline(always)]
pub fn forward<S: Simd>(simd: S, x: &[f32], gain: &[f32], bias: &[f32], saved: &mut Saved, y: &mut [f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            let d = gain.len();
            saved.n.resize(x.len(), 0.0);
            saved.scale.resize(x.len() / d, 0.0);
            for (((x, n), y), r) in x.chunks_exact(d).zip(saved.n.chunks_exact_mut(d)).zip(y.chunks_exact_mut(d)).zip(&mut saved.scale) {
                let mean = simd.splat_f32s(sum(simd, x, |v| v) / d as f32);
                map1(simd, n, x, |_, x| simd.sub_f32s(x, mean));
                let var = dot(simd, n, n) / d as f32;
                *r = 1.0 / (var + EPS).sqrt();
                let scale = simd.splat_f32s(*r);
                map(simd, n, |n| simd.mul_f32s(n, scale));
                y.copy_from_slice(bias);
                map2(simd, y, n, gain, |b, n, g| simd.mul_add_e_f32s(n, g, b));
            }
        },
    );
}

/// J v for one row, into `out`; returns mean(n v).
#[inline(always)]
fn jacobian<S: Simd>(simd: S, out: &mut [f32], v: &[f32], n: &[f32], r: f32) -> f32 {
    let d = n.len() as f32;
    let along = dot(simd, n, v) / d;
    let (mean, minus, scale) = (simd.splat_f32s(sum(simd, v, |v| v) / d), simd.splat_f32s(-along), simd.splat_f32s(r));
    map2(simd, out, v, n, |_, v, n| simd.mul_f32s(simd.mul_add_e_f32s(n, minus, simd.sub_f32s(v, mean)), scale));
    along
}

/// ẏ = ṅ g.
#[inline(always)]
pub fn tangent<S: Simd>(simd: S, dx: &[f32], gain: &[f32], value: &Saved, saved: &mut Saved, dy: &mut [f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            let d = gain.len();
            saved.n.resize(dx.len(), 0.0);
            saved.scale.resize(dx.len() / d, 0.0);
            for (row, (dx, dy)) in dx.chunks_exact(d).zip(dy.chunks_exact_mut(d)).enumerate() {
                let of = row * d..(row + 1) * d;
                saved.scale[row] = jacobian(simd, &mut saved.n[of.clone()], dx, &value.n[of.clone()], value.scale[row]);
                map2(simd, dy, &saved.n[of], gain, |_, n, g| simd.mul_f32s(n, g));
            }
        },
    );
}

/// Adds x̄ to `into`. `grad_y` is ȳ and is overwritten.
#[inline(always)]
pub fn backward<S: Simd>(simd: S, grad_y: &mut [f32], gain: &[f32], saved: &Saved, into: &mut [f32], mut affine: Option<Affine<'_>>) {
    with(
        simd,
        #[inline(always)]
        || {
            let d = gain.len();
            let mut x = vec![0.0; d];
            for (row, (u, into)) in grad_y.chunks_exact_mut(d).zip(into.chunks_exact_mut(d)).enumerate() {
                let n = &saved.n[row * d..(row + 1) * d];
                if let Some(to) = &mut affine {
                    map2(simd, to.gain, u, n, |t, u, n| simd.mul_add_e_f32s(u, n, t));
                    add(simd, to.bias, u);
                }
                map1(simd, u, gain, |u, g| simd.mul_f32s(u, g));
                jacobian(simd, &mut x, u, n, saved.scale[row]);
                add(simd, into, &x);
            }
        },
    );
}

/// Adds x̄ to `into` and ẋ̄ to `into_tangent`. `grad_y` (ȳ) and `grad_dy` (ẏ̄) are overwritten.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // value and tangent of everything
pub fn backward_both<S: Simd>(
    simd: S, grad_y: &mut [f32], grad_dy: &mut [f32], gain: &[f32], value: &Saved, tangent: &Saved, into: &mut [f32],
    into_tangent: &mut [f32], affine: Affine<'_>,
) {
    let Affine { gain: to_gain, bias: to_bias } = affine;
    with(
        simd,
        #[inline(always)]
        || {
            let d = gain.len();
            let (mut x, mut dx) = (vec![0.0; d], vec![0.0; d]);
            for row in 0..value.scale.len() {
                let of = row * d..(row + 1) * d;
                let (u, w) = (&mut grad_y[of.clone()], &mut grad_dy[of.clone()]);
                let (n, dn, r, c) = (&value.n[of.clone()], &tangent.n[of.clone()], value.scale[row], tangent.scale[row]);
                map2(simd, to_gain, u, n, |t, u, n| simd.mul_add_e_f32s(u, n, t));
                map2(simd, to_gain, w, dn, |t, w, n| simd.mul_add_e_f32s(w, n, t));
                add(simd, to_bias, u);
                map1(simd, u, gain, |u, g| simd.mul_f32s(u, g));
                map1(simd, w, gain, |w, g| simd.mul_f32s(w, g));
                jacobian(simd, &mut x, u, n, r);
                let a = jacobian(simd, &mut dx, w, n, r);
                let along = dot(simd, w, dn) / d as f32;
                super::vector::axpy(simd, &mut x, -r * c, &dx);
                super::vector::axpy(simd, &mut x, -r * a, dn);
                super::vector::axpy(simd, &mut x, -r * along, n);
                add(simd, &mut into[of.clone()], &x);
                add(simd, &mut into_tangent[of], &dx);
            }
        },
    );
}
