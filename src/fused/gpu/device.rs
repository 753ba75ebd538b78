//! The GPU: opened once, with the kernels that were compiled on it and what went wrong on it.

use super::matmul::Tiles;
use crate::error::{Error, ErrorCode, Result};
use crate::fused::layout::Shape;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

/// The first thing that went wrong on a device; everything after it may be stale.
type Fault = Arc<Mutex<Option<String>>>;

/// A kernel with the layout of its bindings; compiled when it is first recorded, or ahead of that ([`super::WarmUp`]).
pub struct Kernel {
    entry: String,
    source: String,
    pipeline: OnceLock<wgpu::ComputePipeline>,
    pub(super) layout: wgpu::BindGroupLayout,
}

impl Kernel {
    pub(super) fn compiled(&self) -> bool {
        self.pipeline.get().is_some()
    }
}

/// A buffer, which gives its memory back with its last clone: in a browser an unused one would wait for the garbage
/// collector, which does not see how large it is. Bindings do not keep it ([`super::program::Program`] does).
#[derive(Clone)]
pub struct Buffer(Arc<Held>);

struct Held {
    buffer: wgpu::Buffer,
    live: Arc<AtomicU64>,
}

impl std::ops::Deref for Buffer {
    type Target = wgpu::Buffer;

    fn deref(&self) -> &wgpu::Buffer {
        &self.0.buffer
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What was submitted still runs to its end.
        self.buffer.destroy();
        self.live.fetch_sub(self.buffer.size(), Ordering::Relaxed);
    }
}

/// An open GPU.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    /// The adapter in words.
    pub name: String,
    /// It is a CPU behind the GPU's interface.
    pub software: bool,
    pub(super) tiles: Tiles,
    fault: Fault,
    /// By name, constants and source.
    kernels: Mutex<HashMap<String, Arc<Kernel>>>,
    /// Buffers made, and their bytes.
    made: Mutex<(usize, u64)>,
    /// Bytes of buffers that are not given back yet.
    live: Arc<AtomicU64>,
    /// Shapes whose step was found right, with and without tangents.
    trusted: Mutex<HashSet<(Shape, bool)>>,
    tampered: Mutex<Option<[String; 2]>>,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu").field("name", &self.name).field("software", &self.software).finish_non_exhaustive()
    }
}

fn failed(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::Device, what, "start again, or use the CPU")
}

/// The value even where a thread panicked while holding it.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(fault: &Fault, what: String) {
    locked(fault).get_or_insert(what);
}

/// The adapter in the browser's words, which wgpu does not pass on: vendor, architecture, description.
#[cfg(target_family = "wasm")]
async fn browser_adapter() -> Option<String> {
    use js_sys::{Function, Promise, Reflect};
    use wasm_bindgen::{JsCast, JsValue};
    let get = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).ok().filter(|v| !v.is_null() && !v.is_undefined());
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let adapter = wasm_bindgen_futures::JsFuture::from(promise).await.ok()?;
    let info = get(&adapter, "info")?;
    let words: Vec<String> = ["vendor", "architecture", "description"].iter().filter_map(|key| get(&info, key)?.as_string()).filter(|s| !s.is_empty()).collect();
    Some(words.join(" "))
}

impl Gpu {
    /// Opens the adapter that the browser or system prefers.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where there is none.
    pub async fn open() -> Result<Arc<Self>> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
        let adapter = instance.request_adapter(&options).await.map_err(|e| failed(format!("there is no GPU: {e}")))?;
        // WebGPU's defaults suffice; only room for larger models is asked for.
        let has = adapter.limits();
        let limits = wgpu::Limits {
            max_buffer_size: has.max_buffer_size,
            max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|e| failed(format!("the GPU did not start: {e}")))?;
        let fault = Fault::default();
        let of = fault.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&of, e.to_string())));
        let of = fault.clone();
        device.set_device_lost_callback(move |reason, what| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                note(&of, format!("the GPU was lost: {what}"));
            }
        });
        let info = adapter.get_info();
        #[cfg(target_family = "wasm")]
        let name = browser_adapter().await.unwrap_or_default();
        #[cfg(not(target_family = "wasm"))]
        let name = info.name.clone();
        let name = if name.is_empty() { "GPU".to_string() } else { name };
        let lower = name.to_lowercase();
        let software = info.device_type == wgpu::DeviceType::Cpu || ["swiftshader", "llvmpipe", "lavapipe", "warp", "basic render"].iter().any(|s| lower.contains(s));
        Ok(Arc::new(Self { device, queue, name, software, tiles: Tiles::new(software), fault, kernels: Mutex::default(), made: Mutex::default(), live: Arc::default(), trusted: Mutex::default(), tampered: Mutex::default() }))
    }

    /// Whether everything went well so far.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] with what went wrong first.
    pub fn check(&self) -> Result<()> {
        locked(&self.fault).as_ref().map_or(Ok(()), |what| Err(failed(format!("the GPU failed: {what}"))))
    }

    /// Whether a step of this shape was found right.
    pub(crate) fn trusted(&self, shape: Shape, tangents: bool) -> bool {
        let trusted = locked(&self.trusted);
        trusted.contains(&(shape, true)) || trusted.contains(&(shape, tangents))
    }

    /// A step of this shape was found right.
    pub(crate) fn trust(&self, shape: Shape, tangents: bool) {
        locked(&self.trusted).insert((shape, tangents));
    }

    /// For tests: replaces `from` by `to` in the source of every kernel that is compiled from now on.
    #[doc(hidden)]
    pub fn tamper(&self, from: &str, to: &str) {
        *locked(&self.tampered) = Some([from.into(), to.into()]);
    }

    /// Kernels compiled so far.
    pub fn pipelines(&self) -> usize {
        locked(&self.kernels).values().filter(|k| k.compiled()).count()
    }

    /// Buffers made so far, and their bytes.
    pub fn held(&self) -> (usize, u64) {
        *locked(&self.made)
    }

    /// Bytes of the buffers in use.
    pub fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// The kernel `entry` of `source`, not compiled yet where this is the first call. Bindings 0 and 1 are the launch and
    /// the feed, the rest are `written` or only read.
    pub(super) fn kernel(&self, entry: &str, source: &str, written: &[bool]) -> Arc<Kernel> {
        let key = format!("{entry}\n{source}");
        if let Some(kernel) = locked(&self.kernels).get(&key) {
            return kernel.clone();
        }
        let binding = |i: usize, ty, dynamic| wgpu::BindGroupLayoutEntry {
            binding: i as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: dynamic, min_binding_size: None },
            count: None,
        };
        let storage = |written: &bool| wgpu::BufferBindingType::Storage { read_only: !written };
        let mut entries = vec![binding(0, wgpu::BufferBindingType::Uniform, true), binding(1, storage(&false), false)];
        entries.extend(written.iter().enumerate().map(|(i, w)| binding(i + 2, storage(w), false)));
        let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(entry), entries: &entries });
        let kernel = Arc::new(Kernel { entry: entry.into(), source: source.into(), pipeline: OnceLock::new(), layout });
        locked(&self.kernels).insert(key, kernel.clone());
        kernel
    }

    /// The kernel's pipeline, compiled at the first call.
    pub(super) fn pipeline(&self, kernel: &Kernel) -> wgpu::ComputePipeline {
        kernel.pipeline.get_or_init(|| {
            let label = Some(kernel.entry.as_str());
            let source = match &*locked(&self.tampered) {
                Some([from, to]) => kernel.source.replace(from, to).into(),
                None => kernel.source.as_str().into(),
            };
            let source = wgpu::ShaderSource::Wgsl(source);
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor { label, source });
            let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&kernel.layout)],
                immediate_size: 0,
            });
            self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label,
                layout: Some(&layout),
                module: &module,
                entry_point: label,
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        }).clone()
    }

    /// Compiles `kernel` and waits until the device has done so.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] with what the compiler said, or where the device failed before.
    pub(super) async fn compile(&self, kernel: &Kernel) -> Result<()> {
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        self.pipeline(kernel);
        // A browser answers when everything before it has been done.
        if let Some(e) = scope.pop().await {
            note(&self.fault, format!("kernel `{}`: {e}", kernel.entry));
        }
        self.check()
    }

    /// Kernels asked for and not compiled yet; those that nobody holds any more are forgotten first where `anew`.
    pub(super) fn uncompiled(&self, anew: bool) -> Vec<Arc<Kernel>> {
        let mut kernels = locked(&self.kernels);
        if anew {
            kernels.retain(|_, k| k.compiled() || Arc::strong_count(k) > 1);
        }
        kernels.values().filter(|k| !k.compiled()).cloned().collect()
    }

    /// A zeroed buffer of `len` words.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where this device has no buffers that large.
    pub(super) fn buffer(&self, what: &str, len: usize, usage: wgpu::BufferUsages) -> Result<Buffer> {
        let size = len.max(16) as u64 * 4;
        let limits = self.device.limits();
        let most = if usage.contains(wgpu::BufferUsages::STORAGE) { limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) } else { limits.max_buffer_size };
        if size > most {
            let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
            return Err(Error::new(
                ErrorCode::Device,
                format!("{what} would take {:.0} MiB; this GPU allows {:.0} MiB", mib(size), mib(most)),
                "choose a smaller model, fewer pairs or fewer lanes, or use the CPU",
            ));
        }
        let mut made = locked(&self.made);
        *made = (made.0 + 1, made.1 + size);
        self.live.fetch_add(size, Ordering::Relaxed);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor { label: Some(what), size, usage, mapped_at_creation: false });
        Ok(Buffer(Arc::new(Held { buffer, live: self.live.clone() })))
    }

    /// Reads the first `len` words of `source` by way of `staging`.
    ///
    /// # Errors
    /// [`ErrorCode::Device`] where the device failed, now or before.
    pub(super) async fn read<T: bytes::Word>(&self, source: &wgpu::Buffer, staging: &wgpu::Buffer, len: usize) -> Result<Vec<T>> {
        self.check()?;
        if len == 0 {
            return Ok(Vec::new());
        }
        let size = len as u64 * 4;
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(source, 0, staging, 0, size);
        self.queue.submit([encoder.finish()]);
        let mapped = Mapped::default();
        let done = mapped.clone();
        staging.map_async(wgpu::MapMode::Read, 0..size, move |result| done.set(result.map_err(|e| e.to_string())));
        // A browser polls by itself; natively this waits.
        let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
        mapped.await.map_err(|e| self.check().err().unwrap_or_else(|| failed(format!("reading from the GPU failed: {e}"))))?;
        let values = staging.get_mapped_range(0..size).map(|view| bytes::read(&view)).map_err(|e| failed(format!("reading from the GPU failed: {e}")));
        staging.unmap();
        self.check()?;
        values
    }
}

/// What a mapping came to.
#[derive(Clone, Default)]
struct Mapped(Arc<Mutex<(Option<Result<(), String>>, Option<Waker>)>>);

impl Mapped {
    fn set(&self, result: Result<(), String>) {
        let waker = {
            let mut state = locked(&self.0);
            state.0 = Some(result);
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Mapped {
    type Output = Result<(), String>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = locked(&self.0);
        match state.0.take() {
            Some(result) => Poll::Ready(result),
            None => {
                state.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Words as bytes, little-endian as WebGPU has them.
pub(super) mod bytes {
    /// A 4-byte number.
    pub trait Word: Copy {
        /// From its bytes.
        fn from_le(bytes: [u8; 4]) -> Self;
        /// Its bytes.
        fn to_le(self) -> [u8; 4];
    }

    impl Word for f32 {
        fn from_le(bytes: [u8; 4]) -> Self {
            Self::from_le_bytes(bytes)
        }
        fn to_le(self) -> [u8; 4] {
            self.to_le_bytes()
        }
    }

    impl Word for u32 {
        fn from_le(bytes: [u8; 4]) -> Self {
            Self::from_le_bytes(bytes)
        }
        fn to_le(self) -> [u8; 4] {
            self.to_le_bytes()
        }
    }

    /// Words from bytes.
    pub fn read<T: Word>(bytes: &[u8]) -> Vec<T> {
        bytes.as_chunks::<4>().0.iter().map(|b| T::from_le(*b)).collect()
    }

    /// Bytes of words.
    pub fn of<T: Word>(words: &[T]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_le()).collect()
    }
}
