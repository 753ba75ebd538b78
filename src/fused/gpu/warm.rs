//! Kernels compiled ahead of the run that wants them, one at a time, so that a page can say how far it is.

use super::device::{Gpu, Kernel};
use super::kernels::{self, Kernels, Step};
use super::lanes::needs_tangent;
use crate::config::LaneConfig;
use crate::error::Result;
use crate::fused::layout::Shape;
use std::sync::Arc;

/// Compiles everything that training and evaluating these lanes takes, and sampling from them where that is wanted.
pub struct WarmUp {
    gpu: Arc<Gpu>,
    left: Vec<Arc<Kernel>>,
    total: usize,
}

impl WarmUp {
    /// Nothing is compiled yet; what is from an earlier run is left out.
    pub fn new(gpu: Arc<Gpu>, shape: &Shape, lanes: &[LaneConfig], samples: bool) -> Self {
        gpu.uncompiled(true);
        // All of them are held until they have been listed.
        let model = Kernels::new(&gpu, shape, true, lanes.iter().any(needs_tangent));
        let rest = (Step::new(&gpu, shape, lanes), kernels::divergence(&gpu, shape), samples.then(|| kernels::sampling(&gpu, shape)));
        let left = gpu.uncompiled(false);
        drop((model, rest));
        Self { total: left.len(), gpu, left }
    }

    /// Compiles the next kernel; how many are done, and of how many.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device or its compiler fails.
    pub async fn next(&mut self) -> Result<[usize; 2]> {
        if let Some(kernel) = self.left.pop() {
            self.gpu.compile(&kernel).await?;
        }
        Ok([self.total - self.left.len(), self.total])
    }
}
