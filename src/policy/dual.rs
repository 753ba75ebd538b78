//! Dual tensors: a value and, when asked, its derivative along one direction (a forward tangent).
//!
//! WDPO needs the gradient of ‖∇_e ℓ‖², a second derivative; Burn's autodiff is of first order. So the model is
//! written once over [`Dual`]: pushed forward with a tangent, then differentiated in reverse, it gives the
//! second derivative exactly. Without a tangent each operation is the plain one and costs nothing more.

use burn::tensor::{Tensor, activation};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// A tensor and its tangent.
#[derive(Clone, Debug)]
pub struct Dual<const D: usize> {
    /// Value.
    pub x: Tensor<D>,
    /// Derivative along the chosen direction, same shape.
    pub dx: Option<Tensor<D>>,
}

impl<const D: usize> Dual<D> {
    /// A value that does not move.
    pub fn constant(x: Tensor<D>) -> Self {
        Self { x, dx: None }
    }

    /// The same linear map on value and tangent.
    pub fn map<const E: usize>(self, f: impl Fn(Tensor<D>) -> Tensor<E>) -> Dual<E> {
        Dual { x: f(self.x), dx: self.dx.map(f) }
    }

    /// Sum of two duals.
    #[allow(clippy::should_implement_trait)] // private algebra; an operator would hide the tangents
    pub fn add(self, other: Self) -> Self {
        let dx = match (self.dx, other.dx) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Self { x: self.x + other.x, dx }
    }
}

impl Dual<3> {
    /// `x W + b` with `x` `[lane, row, in]`, `w` `[lane, in, out]`, `b` `[lane, 1, out]`.
    pub fn linear(self, w: Tensor<3>, b: Option<Tensor<3>>) -> Self {
        let dx = self.dx.map(|dx| dx.matmul(w.clone()));
        let y = self.x.matmul(w);
        Self { x: if let Some(b) = b { y + b } else { y }, dx }
    }

    /// Layer normalization over the last dimension; `gain` and `bias` `[lane, 1, d]`.
    pub fn layer_norm(self, gain: Tensor<3>, bias: Tensor<3>) -> Self {
        const EPS: f32 = 1e-5;
        let centered = self.x.clone() - self.x.mean_dim(2);
        let inv = (centered.clone().square().mean_dim(2) + EPS).sqrt().recip();
        let n = centered * inv.clone();
        // dn = (dx − mean dx − n · mean(n dx)) / σ
        let dx = self.dx.map(|dx| {
            let along = (n.clone() * dx.clone()).mean_dim(2);
            (dx.clone() - dx.mean_dim(2) - n.clone() * along) * inv * gain.clone()
        });
        Self { x: n * gain + bias, dx }
    }

    /// x Φ(x), in the exact erf form. Written out because a backend's own backward pass may be that of the
    /// tanh approximation, which is not the derivative of this forward pass.
    pub fn gelu(self) -> Self {
        let cdf = ((self.x.clone() * FRAC_1_SQRT_2).erf() + 1.0) * 0.5;
        let dx = self.dx.map(|dx| {
            let density = (self.x.clone().square() * -0.5).exp() * (1.0 / (2.0 * PI).sqrt());
            dx * (cdf.clone() + self.x.clone() * density)
        });
        Self { x: self.x * cdf, dx }
    }
}

/// Causal attention. `q`, `k`, `v` `[sequence, head, T, d_head]`; `mask` `[1, 1, T, T]` is 0 or −1e9.
pub fn attention(q: Dual<4>, k: Dual<4>, v: Dual<4>, mask: Tensor<4>) -> Dual<4> {
    let scale = 1.0 / (q.x.dims()[3] as f64).sqrt();
    let q = q.map(|t| t * scale);
    let kt = k.map(|t| t.swap_dims(2, 3));
    let p = activation::softmax(q.x.clone().matmul(kt.x.clone()) + mask, 3);
    let dx = match (q.dx, kt.dx, v.dx) {
        (Some(dq), Some(dk), Some(dv)) => {
            let ds = dq.matmul(kt.x) + q.x.matmul(dk);
            let along = (p.clone() * ds.clone()).sum_dim(3);
            let dp = p.clone() * (ds - along);
            Some(dp.matmul(v.x.clone()) + p.clone().matmul(dv))
        }
        _ => None,
    };
    Dual { x: p.matmul(v.x), dx }
}

/// log softmax(logits)[target]. `logits` `[lane, row, V]`, `target` `[lane, row, 1]` → `[lane, row]`.
pub fn log_prob(logits: Dual<3>, target: burn::tensor::Tensor<3, burn::tensor::Int>) -> Dual<2> {
    let [lanes, rows, _] = logits.x.dims();
    let logp = activation::log_softmax(logits.x, 2);
    let dx = logits.dx.map(|dz| {
        let mean = (logp.clone().exp() * dz.clone()).sum_dim(2);
        (dz.gather(2, target.clone()) - mean).reshape([lanes, rows])
    });
    Dual { x: logp.gather(2, target).reshape([lanes, rows]), dx }
}
