//! gelu, xΦ(x), with its tangent and the backward pass of both; its slope and curvature are kept from the forward pass.

use super::vector::{NORMAL, exp, map1, map2, normal, with};
use pulp::Simd;

/// xΦ(x) and its slope.
#[inline(always)]
fn of<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let (cdf, density) = normal(simd, x);
    (simd.mul_f32s(x, cdf), simd.mul_add_e_f32s(x, density, cdf))
}

/// `x` becomes xΦ(x); its slope Φ + xφ and curvature φ(2 − x²) are kept.
#[inline(always)]
pub fn forward<S: Simd>(simd: S, slope: &mut [f32], x: &mut [f32], mut curvature: Option<&mut [f32]>) {
    with(
        simd,
        #[inline(always)]
        || {
            if let Some(curvature) = curvature.as_deref_mut() {
                let half = simd.splat_f32s(-0.5);
                map1(simd, curvature, x, |_, x| {
                    let square = simd.mul_f32s(x, x);
                    let density = simd.mul_f32s(exp(simd, simd.mul_f32s(square, half)), simd.splat_f32s(NORMAL));
                    simd.mul_f32s(density, simd.sub_f32s(simd.splat_f32s(2.0), square))
                });
            }
            let ((x, x_tail), (slope, slope_tail)) = (S::as_mut_simd_f32s(x), S::as_mut_simd_f32s(slope));
            for (x, slope) in x.iter_mut().zip(slope) {
                (*x, *slope) = of(simd, *x);
            }
            if !x_tail.is_empty() {
                let (y, s) = of(simd, simd.partial_load_f32s(x_tail));
                simd.partial_store_f32s(x_tail, y);
                simd.partial_store_f32s(slope_tail, s);
            }
        },
    );
}

/// `dx` becomes the tangent of gelu; curvature · ẋ is kept.
#[inline(always)]
pub fn tangent<S: Simd>(simd: S, kept: &mut [f32], dx: &mut [f32], slope: &[f32], curvature: &[f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            map2(simd, kept, curvature, dx, |_, c, x| simd.mul_f32s(c, x));
            map1(simd, dx, slope, |x, s| simd.mul_f32s(x, s));
        },
    );
}

/// `y` (ȳ) becomes x̄ = ȳ·slope + ẏ̄·(curvature ẋ); `dy` becomes ẋ̄ = ẏ̄·slope.
#[inline(always)]
pub fn backward_both<S: Simd>(simd: S, y: &mut [f32], dy: &mut [f32], slope: &[f32], bent: &[f32]) {
    with(
        simd,
        #[inline(always)]
        || {
            map1(simd, y, slope, |y, s| simd.mul_f32s(y, s));
            map2(simd, y, dy, bent, |y, z, c| simd.mul_add_e_f32s(z, c, y));
            map1(simd, dy, slope, |z, s| simd.mul_f32s(z, s));
        },
    );
}

