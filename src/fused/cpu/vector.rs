//! Elementwise pieces on the widest vectors that the machine has, through `pulp`.
//!
//! Every function is generic over the instruction set `S` and inlined into a caller that was compiled for it
//! (see [`with`]); a multiply-add is fused where the hardware has one.

use pulp::{Simd, WithSimd};

/// Runs `op` on the widest vectors there are. A browser's module has one width, so only that one is compiled.
pub fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    #[cfg(all(target_family = "wasm", target_feature = "simd128"))]
    // SAFETY: the module was compiled with simd128; it would not have loaded elsewhere.
    return Simd::vectorize(unsafe { pulp::wasm::Simd128::new_unchecked() }, op);
    #[cfg(not(all(target_family = "wasm", target_feature = "simd128")))]
    return pulp::Arch::new().dispatch(op);
}

/// Runs `work` compiled for `S`.
///
/// Through `FnMut`, not `FnOnce`: the shim that turns one into the other is a call that no vector survives.
#[inline(always)]
pub fn with<S: Simd, R>(simd: S, work: impl FnMut() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnMut() -> R> WithSimd for Work<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }
    simd.vectorize(Work(work))
}

/// `out[i] = f(out[i])`.
#[inline(always)]
pub fn map<S: Simd>(simd: S, out: &mut [f32], f: impl Fn(S::f32s) -> S::f32s) {
    let (body, tail) = S::as_mut_simd_f32s(out);
    for v in body {
        *v = f(*v);
    }
    if !tail.is_empty() {
        let v = f(simd.partial_load_f32s(tail));
        simd.partial_store_f32s(tail, v);
    }
}

/// `out[i] = f(out[i], a[i])`.
#[inline(always)]
pub fn map1<S: Simd>(simd: S, out: &mut [f32], a: &[f32], f: impl Fn(S::f32s, S::f32s) -> S::f32s) {
    let (body, tail) = S::as_mut_simd_f32s(out);
    let (a_body, a_tail) = S::as_simd_f32s(a);
    for (v, a) in body.iter_mut().zip(a_body) {
        *v = f(*v, *a);
    }
    if !tail.is_empty() {
        let v = f(simd.partial_load_f32s(tail), simd.partial_load_f32s(a_tail));
        simd.partial_store_f32s(tail, v);
    }
}

/// `out[i] = f(out[i], a[i], b[i])`.
#[inline(always)]
pub fn map2<S: Simd>(simd: S, out: &mut [f32], a: &[f32], b: &[f32], f: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s) {
    let (body, tail) = S::as_mut_simd_f32s(out);
    let ((a_body, a_tail), (b_body, b_tail)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    for ((v, a), b) in body.iter_mut().zip(a_body).zip(b_body) {
        *v = f(*v, *a, *b);
    }
    if !tail.is_empty() {
        let v = f(simd.partial_load_f32s(tail), simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail));
        simd.partial_store_f32s(tail, v);
    }
}

/// `Σ f(a[i])`; lanes past the end see 0, so `f(0)` must be 0.
#[inline(always)]
pub fn sum<S: Simd>(simd: S, a: &[f32], f: impl Fn(S::f32s) -> S::f32s) -> f32 {
    let (body, tail) = S::as_simd_f32s(a);
    let mut total = simd.splat_f32s(0.0);
    for v in body {
        total = simd.add_f32s(total, f(*v));
    }
    if !tail.is_empty() {
        total = simd.add_f32s(total, f(simd.partial_load_f32s(tail)));
    }
    simd.reduce_sum_f32s(total)
}

/// `Σ a[i] b[i]`.
#[inline(always)]
pub fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_tail), (b, b_tail)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let mut total = simd.splat_f32s(0.0);
    for (a, b) in a.iter().zip(b) {
        total = simd.mul_add_e_f32s(*a, *b, total);
    }
    if !a_tail.is_empty() {
        total = simd.mul_add_e_f32s(simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail), total);
    }
    simd.reduce_sum_f32s(total)
}

/// `out += a · x`.
#[inline(always)]
pub fn axpy<S: Simd>(simd: S, out: &mut [f32], a: f32, x: &[f32]) {
    let a = simd.splat_f32s(a);
    map1(simd, out, x, |o, x| simd.mul_add_e_f32s(a, x, o));
}

/// `out += x`.
#[inline(always)]
pub fn add<S: Simd>(simd: S, out: &mut [f32], x: &[f32]) {
    map1(simd, out, x, |o, x| simd.add_f32s(o, x));
}

/// Largest element.
#[inline(always)]
pub fn max<S: Simd>(simd: S, a: &[f32]) -> f32 {
    let (body, tail) = S::as_simd_f32s(a);
    let mut top = simd.splat_f32s(f32::MIN);
    for v in body {
        top = simd.max_f32s(top, *v);
    }
    tail.iter().copied().fold(simd.reduce_max_f32s(top), f32::max)
}

/// Horner's rule, highest power first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::f32s, coefficients: [f32; N]) -> S::f32s {
    let mut y = simd.splat_f32s(coefficients[0]);
    for c in &coefficients[1..] {
        y = simd.mul_add_e_f32s(y, x, simd.splat_f32s(*c));
    }
    y
}

/// eˣ to about 1 ulp; below −87 it is 1e-38 and above 88 it is 2e38, never 0 or infinite.
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// Adding it leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = simd.min_f32s(simd.max_f32s(x, simd.splat_f32s(-87.0)), simd.splat_f32s(88.0));
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), simd.splat_f32s(ROUND));
    let n = simd.sub_f32s(shifted, simd.splat_f32s(ROUND));
    // ln 2 in two parts: the first has few bits, so that n times it is exact.
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(2.121_944_4e-4), r);
    let p = polynomial(simd, r, [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0]);
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    let power = simd.add_u32s(bits, simd.splat_u32s(0x3f80_0000));
    simd.mul_f32s(p, simd.transmute_f32s_u32s(power))
}

/// 1/√(2π).
pub const NORMAL: f32 = 0.398_942_3;

/// Φ(x) and φ(x): the normal distribution and its density.
///
/// Φ(−|x|) = e^{−x²/2} · q(t)/2 with t = 1/(1 + |x|/(2√2)), where q is a minimax fit of e^{z²} erfc(z) to 3e-7, relatively.
#[inline(always)]
pub fn normal<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    const HALF_ERFCX: [f32; 12] = [
        0.042_478_11 / 2.0, -0.231_474_58 / 2.0, 0.487_470_45 / 2.0, -0.448_480_43 / 2.0, 0.128_153_52 / 2.0, -0.057_704_017 / 2.0,
        0.093_130_29 / 2.0, 0.175_355_61 / 2.0, 0.246_882_47 / 2.0, 0.282_093_76 / 2.0, 0.282_094_8 / 2.0, 0.0,
    ];
    let one = simd.splat_f32s(1.0);
    let size = simd.abs_f32s(x);
    let t = simd.div_f32s(one, simd.mul_add_e_f32s(size, simd.splat_f32s(0.353_553_4), one));
    let decay = exp(simd, simd.mul_f32s(simd.mul_f32s(x, x), simd.splat_f32s(-0.5)));
    let below = simd.mul_f32s(decay, polynomial(simd, t, HALF_ERFCX));
    let positive = simd.greater_than_f32s(x, simd.splat_f32s(0.0));
    let cdf = simd.select_f32s(positive, simd.sub_f32s(one, below), below);
    (cdf, simd.mul_f32s(decay, simd.splat_f32s(NORMAL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Eval<'a>(&'a mut [f32], &'a mut [f32], &'a mut [f32]);

    impl WithSimd for Eval<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            map(simd, self.0, |x| exp(simd, x));
            map(simd, self.1, |x| normal(simd, x).0);
            map(simd, self.2, |x| normal(simd, x).1);
        }
    }

    /// Φ by Simpson's rule in f64, from the far tail.
    fn cdf(x: f64) -> f64 {
        let (n, low) = (4000, x.min(0.0) - 12.0);
        let h = (x - low) / f64::from(n);
        let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        (0..=n).map(|i| density(low + h * f64::from(i)) * if i == 0 || i == n { 1.0 } else if i % 2 == 1 { 4.0 } else { 2.0 }).sum::<f64>() * h / 3.0
    }

    #[test]
    fn exponentials_and_normals_are_right_to_single_precision() {
        let xs: Vec<f32> = (0..701).map(|i| (i as f32 - 350.0) / 50.0).collect();
        let (mut e, mut c, mut d) = (xs.clone(), xs.clone(), xs.clone());
        dispatch(Eval(&mut e, &mut c, &mut d));
        for (i, x) in xs.iter().map(|x| f64::from(*x)).enumerate() {
            assert!((f64::from(e[i]) / x.exp() - 1.0).abs() < 3e-7, "exp({x}) = {}", e[i]);
            assert!((f64::from(c[i]) / cdf(x) - 1.0).abs() < 3e-6, "Φ({x}) = {} not {}", c[i], cdf(x));
            assert!((f64::from(c[i]) - cdf(x)).abs() < 2e-7, "Φ({x}) = {} not {}", c[i], cdf(x));
            let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            assert!((f64::from(d[i]) / density - 1.0).abs() < 3e-6, "φ({x}) = {}", d[i]);
        }
        let mut far = vec![-1e9, -100.0, 100.0, 1e9];
        dispatch(Eval(&mut far, &mut [], &mut []));
        assert!(far.iter().all(|v| v.is_finite()) && far[0] < 1e-37);
    }
}
