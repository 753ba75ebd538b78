//! What a step measured: perhaps still on the device, then read back in one transfer.

use crate::error::{Error, ErrorCode, Result};
use crate::fused::cpu::lanes::LaneMeasured;
use burn::tensor::Tensor;

/// What one step measured, before its update; perhaps still on the device until [`StepMetrics::read`].
pub struct StepMetrics {
    /// Step, from 0.
    pub step: usize,
    /// Data-set index of each pair, `[lane, pair]`.
    pub pairs: Vec<u32>,
    /// Learning rate, `[lane]`.
    pub learning_rate: Vec<f32>,
    pub(super) parts: Parts,
}

pub(super) enum Parts {
    /// Per stack, as [`super::plain::PlainLanes::step`] returns them.
    Tensors(Vec<(Vec<usize>, Tensor<2>)>),
    /// Per lane.
    Ready(Vec<LaneMeasured>),
    /// With [`crate::fused::gpu::GpuLanes`], until the next step; or what went wrong.
    #[cfg(feature = "gpu")]
    Gpu(Result<()>),
}

/// [`StepMetrics`] on the CPU, `[lane, pair]` row-major or `[lane]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Log-ratio of the chosen answer.
    pub chosen: Vec<f32>,
    /// Log-ratio of the rejected answer.
    pub rejected: Vec<f32>,
    /// Pair losses.
    pub losses: Vec<f32>,
    /// The adversary's weights.
    pub weights: Vec<f32>,
    /// ‖∇_e ℓ‖², 0 where the method does not need it.
    pub grad_sq: Vec<f32>,
    /// Size of each pair's slope in the descended loss, tangents aside.
    pub pull: Vec<f32>,
    /// The loss as published.
    pub loss: Vec<f32>,
    /// The function being descended.
    pub objective: Vec<f32>,
    /// Tilt temperature in use.
    pub tau: Vec<f32>,
    /// Gradient norm before the clip.
    pub grad_norm: Vec<f32>,
}

impl StepMetrics {
    /// Reads the step back: one transfer per stack. ([`super::Trainer::read`] does so for every kind of device.)
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device fails.
    pub async fn read(self) -> Result<Measured> {
        let lanes = self.learning_rate.len();
        let pairs = self.pairs.len() / lanes.max(1);
        let wide = || vec![0.0; lanes * pairs];
        let narrow = || vec![0.0; lanes];
        let mut m = Measured {
            chosen: wide(), rejected: wide(), losses: wide(), weights: wide(), grad_sq: wide(), pull: wide(),
            loss: narrow(), objective: narrow(), tau: narrow(), grad_norm: narrow(),
        };
        match self.parts {
            Parts::Tensors(parts) => {
                for (rows, tensor) in parts {
                    let values = read_f32(tensor).await?;
                    rows.into_iter().zip(values.chunks_exact(6 * pairs + 4)).for_each(|(row, values)| m.set(row, pairs, values));
                }
            }
            #[cfg(feature = "gpu")]
            Parts::Gpu(_) => return Err(Error::new(ErrorCode::Device, "a step on the GPU is read through its trainer", "use the CPU")),
            Parts::Ready(parts) => {
                for (row, p) in parts.into_iter().enumerate() {
                    m.set(row, pairs, &[p.ratios, p.losses, p.weights, p.grad_sq, p.pull, p.scalars.to_vec()].concat());
                }
            }
        }
        Ok(m)
    }
}

impl Measured {
    /// Takes one lane's values: a, b, ℓ, weights, ‖g‖², pull `[pair]` each, then loss, objective, τ, norm.
    fn set(&mut self, lane: usize, pairs: usize, values: &[f32]) {
        let to = lane * pairs..(lane + 1) * pairs;
        for (i, target) in [&mut self.chosen, &mut self.rejected, &mut self.losses, &mut self.weights, &mut self.grad_sq, &mut self.pull].into_iter().enumerate() {
            target[to.clone()].copy_from_slice(&values[i * pairs..(i + 1) * pairs]);
        }
        for (i, target) in [&mut self.loss, &mut self.objective, &mut self.tau, &mut self.grad_norm].into_iter().enumerate() {
            target[lane] = values[6 * pairs + i];
        }
    }
}

/// Reads a tensor as f32.
pub(crate) async fn read_f32<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |what: String| Error::new(ErrorCode::Device, format!("reading results from the device failed: {what}"), "start again, or use the CPU");
    let data = tensor.into_data_async().await.map_err(|e| failed(e.to_string()))?;
    data.try_to_vec::<f32>().map_err(|e| failed(format!("{e:?}")))
}
