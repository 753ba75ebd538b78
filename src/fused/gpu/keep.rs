//! Copies of lanes on the device, to go back to when a lane's numbers blow up.

use super::device::{Buffer, Gpu};
use super::lanes::GpuLanes;
use crate::error::Result;
use wgpu::BufferUsages;

const COPY: BufferUsages = BufferUsages::COPY_DST.union(BufferUsages::COPY_SRC);
/// Word of a lane's record that says that it is frozen; as in adamw.wgsl.
const FROZEN: usize = 6;

/// Parameters, moments and what the methods keep, of all lanes inside.
struct Copy {
    buffers: [Buffer; 3],
    steps: Vec<i32>,
}

/// The copy that is well, and the newer one.
pub(super) struct Copies {
    well: Copy,
    newer: Copy,
}

impl Copy {
    fn new(gpu: &Gpu, on: &GpuLanes) -> Result<Self> {
        let [params, moments, kept] = on.sizes();
        let buffer = |words: usize| gpu.buffer("a copy of the lanes", on.lanes * words, COPY);
        Ok(Self { buffers: [buffer(params)?, buffer(moments)?, buffer(kept)?], steps: vec![0; on.lanes] })
    }
}

impl GpuLanes {
    /// Words of a lane in its parameters, its moments and what its method keeps.
    fn sizes(&self) -> [usize; 3] {
        [self.padded.len, 2 * self.padded.len, self.groups()]
    }

    /// Copies every lane; only enqueued.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device has no room.
    pub fn keep(&mut self) -> Result<()> {
        if self.copies.is_none() {
            let gpu = self.gpu.clone();
            self.copies = Some(Copies { well: Copy::new(&gpu, self)?, newer: Copy::new(&gpu, self)? });
        }
        let rows: Vec<usize> = (0..self.lanes).collect();
        let Some(copies) = &self.copies else { return Ok(()) };
        self.transfer(&self.live(), &copies.newer.buffers, &rows);
        if let Some(copies) = &mut self.copies {
            copies.newer.steps.clone_from(&self.steps);
        }
        self.gpu.check()
    }

    /// Lanes, in the run's order, that were `well` when they were last copied.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device failed.
    pub fn promote(&mut self, well: &[bool]) -> Result<()> {
        let rows: Vec<usize> = (0..self.lanes).filter(|row| well.get(self.order[*row]) == Some(&true)).collect();
        let all = rows.len() == self.lanes;
        if let Some(copies) = self.copies.as_ref().filter(|_| !all) {
            self.transfer(&copies.newer.buffers.each_ref(), &copies.well.buffers, &rows);
        }
        if let Some(copies) = &mut self.copies {
            if all {
                std::mem::swap(&mut copies.well, &mut copies.newer);
            } else {
                rows.iter().for_each(|row| copies.well.steps[*row] = copies.newer.steps[*row]);
            }
        }
        self.gpu.check()
    }

    /// Takes lane `lane` back to its copy that was well.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Device`] where the device failed.
    pub fn roll_back(&mut self, lane: usize) -> Result<()> {
        let Some(row) = self.order.iter().position(|l| *l == lane) else { return Ok(()) };
        if let Some(copies) = &self.copies {
            self.steps[row] = copies.well.steps[row];
            self.transfer(&copies.well.buffers.each_ref(), &self.live().map(Clone::clone), &[row]);
        }
        self.gpu.check()
    }

    /// A frozen lane is measured and no longer updated.
    pub fn freeze(&mut self, lane: usize, frozen: bool) {
        if let Some(row) = self.order.iter().position(|l| *l == lane) {
            self.feed.lane(row)[FROZEN] = u32::from(frozen);
        }
    }

    fn live(&self) -> [&Buffer; 3] {
        [&self.params, &self.moments, &self.kept]
    }

    fn transfer(&self, from: &[&Buffer; 3], to: &[Buffer; 3], rows: &[usize]) {
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut copy = |i: usize, slot: usize, words: usize, slots: usize| {
            let (at, size) = ((slot * words * 4) as u64, (slots * words * 4) as u64);
            encoder.copy_buffer_to_buffer(from[i], at, &to[i], at, size);
        };
        let len = self.padded.len;
        if rows.len() == self.lanes {
            (0..3).for_each(|i| copy(i, 0, self.sizes()[i], self.lanes));
        } else {
            for row in rows {
                copy(0, *row, len, 1);
                // First moments of all lanes come first, then second ones.
                copy(1, *row, len, 1);
                copy(1, self.lanes + row, len, 1);
                copy(2, *row, self.groups(), 1);
            }
        }
        self.gpu.queue.submit([encoder.finish()]);
    }
}
