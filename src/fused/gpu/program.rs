//! Recorded launches: kernels with their bindings, made once and replayed every step.

use super::device::{Buffer, Gpu, Kernel, bytes};
use std::sync::Arc;

/// What a launch is told; the fields of `Op` in common.wgsl.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // described there
pub struct Op {
    pub lanes: u32,
    pub tangents: u32,
    pub rows: u32,
    pub sequences: u32,
    pub z0: u32,
    pub counted: u32,
    pub map: u32,
    pub mode: u32,
    pub k: u32,
    pub j: u32,
    pub jp: u32,
    pub w: u32,
    pub b: u32,
    pub dual: u32,
    pub shift: u32,
    pub extra: u32,
}

impl Op {
    /// No bias.
    pub const NONE: u32 = u32::MAX;
    /// Dynamic offsets of uniforms are multiples of this on every device.
    const STRIDE: usize = 256;

    fn words(&self) -> [u32; 16] {
        let o = self;
        [
            o.lanes, o.tangents, o.rows, o.sequences, o.z0, o.counted, o.map, o.mode, o.k, o.j, o.jp, o.w, o.b, o.dual, o.shift, o.extra,
        ]
    }
}

/// How many workgroups lie along x.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    /// Always this many.
    Fixed(usize),
    /// Enough for the batch's rows (0) or counted rows (1), 32 each.
    Rows(u32),
}

/// A launch that waits for the uniforms.
struct Pending {
    kernel: Arc<Kernel>,
    buffers: Vec<Buffer>,
    op: Op,
    extent: Extent,
    y: usize,
    z: usize,
}

enum Planned {
    Launch(Pending),
    Copy(Transfer),
}

/// A copy between launches, in words.
struct Transfer {
    source: Buffer,
    source_at: u64,
    target: Buffer,
    target_at: u64,
    words: u64,
}

/// Takes down launches.
#[derive(Default)]
pub struct Recorder(Vec<Planned>);

impl Recorder {
    /// Appends a launch of `y` × `z` rows of workgroups. Buffers are bound from 2 on.
    pub fn launch(&mut self, kernel: &Arc<Kernel>, buffers: &[&Buffer], op: Op, extent: Extent, y: usize, z: usize) {
        if y == 0 || z == 0 {
            return;
        }
        let buffers = buffers.iter().map(|b| (*b).clone()).collect();
        self.0.push(Planned::Launch(Pending { kernel: kernel.clone(), buffers, op, extent, y, z }));
    }

    /// Appends a copy, in words.
    pub fn copy(&mut self, source: (&Buffer, usize), target: (&Buffer, usize), words: usize) {
        self.0.push(Planned::Copy(Transfer {
            source: source.0.clone(), source_at: source.1 as u64 * 4, target: target.0.clone(), target_at: target.1 as u64 * 4,
            words: words as u64 * 4,
        }));
    }

    /// Makes the uniforms and bindings. `feed` is every launch's binding 1.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device has no room.
    pub fn finish(self, gpu: &Gpu, feed: &Buffer) -> crate::error::Result<Program> {
        let ops: Vec<&Op> = self.0.iter().filter_map(|p| if let Planned::Launch(p) = p { Some(&p.op) } else { None }).collect();
        let mut words = vec![0_u32; ops.len().max(1) * Op::STRIDE / 4];
        for (to, op) in words.chunks_exact_mut(Op::STRIDE / 4).zip(ops) {
            to[..16].copy_from_slice(&op.words());
        }
        let uniforms = gpu.buffer("launches", words.len(), wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST)?;
        gpu.queue.write_buffer(&uniforms, 0, &bytes::of(&words));
        let mut count = 0;
        let mut held = vec![uniforms.clone()];
        let items = self.0.into_iter().map(|planned| match planned {
            Planned::Copy(copy) => Item::Copy(copy),
            Planned::Launch(p) => {
                let op = wgpu::BufferBinding { buffer: &uniforms, offset: 0, size: wgpu::BufferSize::new(64) };
                let mut entries = vec![
                    wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(op) },
                    wgpu::BindGroupEntry { binding: 1, resource: feed.as_entire_binding() },
                ];
                entries.extend(p.buffers.iter().enumerate().map(|(i, b)| wgpu::BindGroupEntry { binding: i as u32 + 2, resource: b.as_entire_binding() }));
                let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &p.kernel.layout, entries: &entries };
                let bind = gpu.device.create_bind_group(&descriptor);
                let offset = (count * Op::STRIDE) as u32;
                count += 1;
                held.extend(p.buffers);
                Item::Launch(Launch { pipeline: gpu.pipeline(&p.kernel), bind, offset, extent: p.extent, y: p.y as u32, z: p.z as u32 })
            }
        }).collect();
        Ok(Program { items, _held: held })
    }
}

struct Launch {
    pipeline: wgpu::ComputePipeline,
    bind: wgpu::BindGroup,
    offset: u32,
    extent: Extent,
    y: u32,
    z: u32,
}

enum Item {
    Launch(Launch),
    Copy(Transfer),
}

/// Launches in order, ready to be encoded again and again.
pub struct Program {
    items: Vec<Item>,
    /// What the bindings refer to.
    _held: Vec<Buffer>,
}

impl Program {
    /// Encodes everything for batches of `counts` rows and counted rows. Returns the number of launches.
    pub fn encode(&self, encoder: &mut wgpu::CommandEncoder, counts: [u32; 2]) -> usize {
        let mut launches = 0;
        let mut items = self.items.iter().peekable();
        while items.peek().is_some() {
            while let Some(Item::Copy(c)) = items.next_if(|i| matches!(i, Item::Copy(_))) {
                encoder.copy_buffer_to_buffer(&c.source, c.source_at, &c.target, c.target_at, c.words);
            }
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            while let Some(Item::Launch(l)) = items.next_if(|i| matches!(i, Item::Launch(_))) {
                let x = match l.extent {
                    Extent::Fixed(x) => x as u32,
                    Extent::Rows(kind) => counts[kind as usize].div_ceil(super::matmul::Tiles::ROWS as u32),
                };
                pass.set_pipeline(&l.pipeline);
                pass.set_bind_group(0, &l.bind, &[l.offset]);
                pass.dispatch_workgroups(x, l.y, l.z);
                launches += 1;
            }
        }
        launches
    }
}
