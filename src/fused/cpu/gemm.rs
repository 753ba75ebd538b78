//! One matrix product for everything: `C = start + A·B` with any strides.
//!
//! B is copied panel by panel into a buffer one or two vectors wide, padded with zeros, so that the inner loop reads it
//! straight; a tile of C stays in registers while k runs. No bounds check is left in that loop, and no unsafe code.

use super::vector::with;
use pulp::Simd;

/// A matrix inside a slice: element (i, j) is `data[i · row + j · column]`. One of the strides is 1.
#[derive(Clone, Copy)]
pub struct Mat<'a> {
    data: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> Mat<'a> {
    /// Rows of `data`, `row` elements apart.
    #[inline(always)]
    pub fn new(data: &'a [f32], row: usize) -> Self {
        Self { data, row, column: 1 }
    }

    /// The transpose.
    #[inline(always)]
    pub fn t(self) -> Self {
        Self { data: self.data, row: self.column, column: self.row }
    }
}

/// What C starts from.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// Zero.
    Zero,
    /// What C holds.
    Add,
    /// A bias, one element per column.
    Bias(&'a [f32]),
}

/// Rows of A and B that are taken at a time: their panels stay in the first-level cache.
const DEPTH: usize = 256;

/// `C[i, j] = start + Σ_k A[i, k] B[k, j]` for `[m, k] × [k, n]`; rows of C are `c_row` apart. `scratch` keeps its capacity.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // a matrix product has this many
pub fn gemm<S: Simd>(
    simd: S, [m, n, k]: [usize; 3], a: Mat<'_>, b: Mat<'_>, c: &mut [f32], c_row: usize, start: Start<'_>, scratch: &mut Vec<f32>,
) {
    with(
        simd,
        #[inline(always)]
        || {
            // As many rows of C as leave registers for B and for one element of A.
            if S::F32_LANES >= 16 {
                blocks::<S, 12>(simd, [m, n, k], a, b, c, c_row, start, scratch);
            } else if S::F32_LANES == 8 {
                blocks::<S, 6>(simd, [m, n, k], a, b, c, c_row, start, scratch);
            } else {
                blocks::<S, 4>(simd, [m, n, k], a, b, c, c_row, start, scratch);
            }
        },
    );
}

#[inline(always)]
#[allow(clippy::too_many_arguments)] // as `gemm`
fn blocks<S: Simd, const MR: usize>(
    simd: S, [m, n, k]: [usize; 3], a: Mat<'_>, b: Mat<'_>, c: &mut [f32], c_row: usize, start: Start<'_>, scratch: &mut Vec<f32>,
) {
    let lanes = S::F32_LANES;
    scratch.resize(DEPTH.min(k) * 2 * lanes, 0.0);
    for from in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - from);
        let start = if from == 0 { start } else { Start::Add };
        for j in (0..n).step_by(2 * lanes) {
            let columns = (2 * lanes).min(n - j);
            // The last columns may fill no more than one vector.
            if columns > lanes {
                let panel = &mut scratch[..depth * 2 * lanes];
                pack(b, from, j, columns, 2 * lanes, panel);
                rows::<S, MR, 2>(simd, m, a, from, panel, c, c_row, j, columns, start);
            } else {
                let panel = &mut scratch[..depth * lanes];
                pack(b, from, j, columns, lanes, panel);
                rows::<S, MR, 1>(simd, m, a, from, panel, c, c_row, j, columns, start);
            }
        }
    }
}

/// Every row of C against one panel of B.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // as `gemm`
fn rows<S: Simd, const MR: usize, const NV: usize>(
    simd: S, m: usize, a: Mat<'_>, from: usize, panel: &[f32], c: &mut [f32], c_row: usize, j: usize, columns: usize, start: Start<'_>,
) {
    let mut i = 0;
    while i + MR <= m {
        tile::<S, MR, NV>(simd, a, i, from, panel, c, c_row, j, columns, start);
        i += MR;
    }
    while i + 4 <= m {
        tile::<S, 4, NV>(simd, a, i, from, panel, c, c_row, j, columns, start);
        i += 4;
    }
    while i < m {
        tile::<S, 1, NV>(simd, a, i, from, panel, c, c_row, j, columns, start);
        i += 1;
    }
}

/// Columns `j..j + columns` of some rows of `b`, side by side.
#[inline(always)]
fn pack(b: Mat<'_>, from: usize, j: usize, columns: usize, width: usize, panel: &mut [f32]) {
    if b.column == 1 {
        for (k, row) in panel.chunks_exact_mut(width).enumerate() {
            let source = &b.data[(from + k) * b.row + j..][..columns];
            row[..columns].copy_from_slice(source);
            row[columns..].fill(0.0);
        }
    } else {
        let depth = panel.len() / width;
        if columns < width {
            panel.fill(0.0);
        }
        for column in 0..columns {
            let source = &b.data[(j + column) * b.column + from * b.row..];
            for (k, v) in source.iter().step_by(b.row).take(depth).enumerate() {
                panel[k * width + column] = *v;
            }
        }
    }
}

/// One tile of `MR` rows and `NV` vectors of C.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // as `gemm`
fn tile<S: Simd, const MR: usize, const NV: usize>(
    simd: S, a: Mat<'_>, i: usize, from: usize, panel: &[f32], c: &mut [f32], c_row: usize, j: usize, columns: usize, start: Start<'_>,
) {
    let lanes = S::F32_LANES;
    let zero = simd.splat_f32s(0.0);
    let mut acc = [[zero; NV]; MR];
    let (panel, _) = S::as_simd_f32s(panel);
    if a.column == 1 {
        // Rows of A are contiguous: one slice each, as long as the panel is deep.
        let depth = panel.len() / NV;
        let rows: [&[f32]; MR] = std::array::from_fn(|r| &a.data[(i + r) * a.row + from..][..depth]);
        for (k, b) in panel.chunks_exact(NV).enumerate() {
            for r in 0..MR {
                let x = simd.splat_f32s(rows[r][k]);
                for h in 0..NV {
                    acc[r][h] = simd.mul_add_e_f32s(x, b[h], acc[r][h]);
                }
            }
        }
    } else {
        // Columns of A are contiguous (A is a transpose): MR neighbors at each k.
        for (k, b) in panel.chunks_exact(NV).enumerate() {
            let column = &a.data[(from + k) * a.column + i..][..MR];
            for r in 0..MR {
                let x = simd.splat_f32s(column[r]);
                for h in 0..NV {
                    acc[r][h] = simd.mul_add_e_f32s(x, b[h], acc[r][h]);
                }
            }
        }
    }
    for (r, acc) in acc.into_iter().enumerate() {
        let row = &mut c[(i + r) * c_row + j..][..columns];
        for (h, (part, acc)) in row.chunks_mut(lanes).zip(acc).enumerate() {
            let base = match start {
                Start::Zero => zero,
                Start::Add => simd.partial_load_f32s(part),
                Start::Bias(bias) => simd.partial_load_f32s(&bias[j + h * lanes..][..part.len()]),
            };
            simd.partial_store_f32s(part, simd.add_f32s(base, acc));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::cpu::vector::dispatch;
    use pulp::WithSimd;

    struct Product<'a>([usize; 3], Mat<'a>, Mat<'a>, &'a mut [f32], usize, Start<'a>);

    impl WithSimd for Product<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            gemm(simd, self.0, self.1, self.2, self.3, self.4, self.5, &mut Vec::new());
        }
    }

    #[test]
    fn every_layout_and_odd_size_against_a_triple_loop() {
        let value = |i: usize| ((i * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
        for [m, n, k] in [[1, 1, 1], [4, 16, 8], [5, 17, 3], [13, 33, 300], [64, 96, 64], [3, 7, 513]] {
            for (at, bt) in [(false, false), (true, false), (false, true), (true, true)] {
                let a: Vec<f32> = (0..m * k).map(value).collect();
                let b: Vec<f32> = (0..k * n).map(|i| value(i + 5)).collect();
                let bias: Vec<f32> = (0..n).map(value).collect();
                let am = if at { Mat::new(&a, m).t() } else { Mat::new(&a, k) };
                let bm = if bt { Mat::new(&b, k).t() } else { Mat::new(&b, n) };
                for start in [Start::Zero, Start::Add, Start::Bias(&bias)] {
                    let mut c = vec![2.0; m * (n + 2)];
                    dispatch(Product([m, n, k], am, bm, &mut c, n + 2, start));
                    for i in 0..m {
                        for j in 0..n {
                            let exact: f64 = (0..k).map(|q| f64::from(am.data[i * am.row + q * am.column]) * f64::from(bm.data[q * bm.row + j * bm.column])).sum();
                            let base = match start { Start::Zero => 0.0, Start::Add => 2.0, Start::Bias(b) => f64::from(b[j]) };
                            assert!((f64::from(c[i * (n + 2) + j]) - base - exact).abs() < 1e-4, "{m} {n} {k} {at} {bt}: {i}, {j}");
                        }
                        assert_eq!(&c[i * (n + 2) + n..(i + 1) * (n + 2)], [2.0, 2.0]);
                    }
                }
            }
        }
    }
}
