//! Compute devices. The only place that makes a Burn device.

use crate::error::{Error, ErrorCode, Result};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Where the arithmetic runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// One CPU core (SIMD where the build has it).
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
}

impl Compute {
    /// The CPU. Always there.
    pub fn cpu() -> Self {
        let simd = if cfg!(any(not(target_family = "wasm"), target_feature = "simd128")) { "SIMD" } else { "no SIMD" };
        Self { device: Device::flex(), kind: DeviceKind::Cpu, name: format!("CPU, one core, {simd}") }
    }

    /// Opens `kind`. The GPU is in the build only with the features `webgpu` (browser) or `wgpu` (native).
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where this build or this machine has no such device.
    pub async fn open(kind: DeviceKind) -> Result<Self> {
        match kind {
            DeviceKind::Cpu => Ok(Self::cpu()),
            DeviceKind::Webgpu => Self::gpu().await,
        }
    }

    #[cfg(any(feature = "webgpu", feature = "wgpu"))]
    async fn gpu() -> Result<Self> {
        #[cfg(target_family = "wasm")]
        crate::web::run_constructors();
        // A runtime can be opened once in a process (or worker); later runs share it.
        thread_local!(static OPENED: std::cell::RefCell<Option<Device>> = const { std::cell::RefCell::new(None) });
        let device = if let Some(device) = OPENED.with(|d| d.borrow().clone()) {
            device
        } else {
            let device = Device::wgpu_options()
                .init_async()
                .await
                .map_err(|e| Error::new(ErrorCode::Device, format!("the GPU did not start: {e}"), "train on the CPU instead"))?;
            OPENED.with(|d| *d.borrow_mut() = Some(device.clone()));
            device
        };
        let name = "GPU".to_string();
        Ok(Self { device, kind: DeviceKind::Webgpu, name })
    }

    #[cfg(not(any(feature = "webgpu", feature = "wgpu")))]
    async fn gpu() -> Result<Self> {
        Err(Error::new(ErrorCode::Device, "this build has no GPU backend", "use the CPU, or a build with the feature `webgpu` or `wgpu`"))
    }
}
