//! Compute devices. The only place that makes a Burn device.

use crate::error::Result;
#[cfg(any(not(feature = "gpu"), feature = "webgpu", feature = "wgpu"))]
use crate::error::{Error, ErrorCode};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Where the arithmetic runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// The CPU: every core natively, the worker's own in a browser; SIMD where the build has it.
    Cpu,
    /// WebGPU in a browser; Vulkan, Metal or DirectX natively.
    Webgpu,
}

/// A device that is ready to use.
#[derive(Debug, Clone)]
pub struct Compute {
    /// Burn's handle, without autodiff; the trainer adds it where gradients are wanted.
    pub device: Device,
    /// Which kind it is.
    pub kind: DeviceKind,
    /// In words, for people.
    pub name: String,
    /// The GPU that the transformer trains on in kernels of our own, where one was opened and the build has them.
    #[cfg(feature = "gpu")]
    pub gpu: Option<std::sync::Arc<crate::fused::gpu::Gpu>>,
}

impl Compute {
    /// The CPU. Always there.
    pub fn cpu() -> Self {
        let simd = if cfg!(any(not(target_family = "wasm"), target_feature = "simd128")) { "SIMD" } else { "no SIMD" };
        let cores = crate::fused::cpu::cores();
        let cores = if cores == 1 { "one core".to_string() } else { format!("{cores} cores") };
        Self {
            device: Device::flex(), kind: DeviceKind::Cpu, name: format!("CPU, {cores}, {simd}"),
            #[cfg(feature = "gpu")]
            gpu: None,
        }
    }

    /// Where tensors of this policy live. With kernels of our own the transformer's tensors stay on the CPU: they are
    /// only what is trained first, saved and loaded.
    pub fn tensors(&self, policy: crate::config::PolicyKind) -> Device {
        #[cfg(feature = "gpu")]
        if self.gpu.is_some() && policy == crate::config::PolicyKind::Gpt {
            return Device::flex();
        }
        let _ = policy;
        self.device.clone()
    }

    /// Opens `kind`. The GPU is in the build only with the feature `gpu` (`webgpu` or `wgpu` for Burn's own).
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where this build or this machine has no such device.
    pub async fn open(kind: DeviceKind) -> Result<Self> {
        match kind {
            DeviceKind::Cpu => Ok(Self::cpu()),
            DeviceKind::Webgpu => Self::gpu().await,
        }
    }

    /// Kernels of our own for the transformer (feature `gpu`); Burn's for the rest, where the build has them.
    #[cfg(any(feature = "gpu", feature = "webgpu", feature = "wgpu"))]
    async fn gpu() -> Result<Self> {
        #[cfg(feature = "gpu")]
        let gpu = Self::own().await?;
        #[cfg(feature = "gpu")]
        let name = format!("GPU, {}", gpu.name);
        #[cfg(not(feature = "gpu"))]
        let name = "GPU".to_string();
        Ok(Self {
            #[cfg(any(feature = "webgpu", feature = "wgpu"))]
            device: Self::burn().await?,
            #[cfg(not(any(feature = "webgpu", feature = "wgpu")))]
            device: Device::flex(),
            kind: DeviceKind::Webgpu,
            name,
            #[cfg(feature = "gpu")]
            gpu: Some(gpu),
        })
    }

    /// One device for all runs of a process (or worker), unless it failed.
    #[cfg(feature = "gpu")]
    async fn own() -> Result<std::sync::Arc<crate::fused::gpu::Gpu>> {
        use crate::fused::gpu::Gpu;
        thread_local!(static OPENED: std::cell::RefCell<Option<std::sync::Arc<Gpu>>> = const { std::cell::RefCell::new(None) });
        if let Some(gpu) = OPENED.with(|g| g.borrow().clone()).filter(|g| g.check().is_ok()) {
            return Ok(gpu);
        }
        let gpu = Gpu::open().await?;
        OPENED.with(|g| *g.borrow_mut() = Some(gpu.clone()));
        Ok(gpu)
    }

    #[cfg(any(feature = "webgpu", feature = "wgpu"))]
    async fn burn() -> Result<Device> {
        #[cfg(target_family = "wasm")]
        crate::web::run_constructors();
        // A runtime can be opened once in a process (or worker); later runs share it.
        thread_local!(static OPENED: std::cell::RefCell<Option<Device>> = const { std::cell::RefCell::new(None) });
        if let Some(device) = OPENED.with(|d| d.borrow().clone()) {
            return Ok(device);
        }
        let device = Device::wgpu_options()
            .init_async()
            .await
            .map_err(|e| Error::new(ErrorCode::Device, format!("the GPU did not start: {e}"), "train on the CPU instead"))?;
        OPENED.with(|d| *d.borrow_mut() = Some(device.clone()));
        Ok(device)
    }

    #[cfg(not(any(feature = "gpu", feature = "webgpu", feature = "wgpu")))]
    async fn gpu() -> Result<Self> {
        Err(Error::new(ErrorCode::Device, "this build has no GPU backend", "use the CPU, or a build with the feature `gpu`"))
    }
}
