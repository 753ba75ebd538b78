//! Where parameters lie on the device.

use crate::fused::layout::{Layout, Shape};

/// A lane's parameters on the device: each tensor's columns padded to a multiple of 4, so that rows are read in fours.
pub struct Padded {
    shape: Shape,
    /// Rows, columns and first element of each tensor, in the layout's order.
    tensors: Vec<(usize, usize, usize)>,
    decay: Vec<bool>,
    /// Elements of a lane.
    pub len: usize,
}

impl Padded {
    /// From the flat layout.
    pub fn new(layout: &Layout) -> Self {
        let mut len = 0;
        let tensors = layout.specs.iter().map(|s| {
            let at = len;
            len += s.shape[0] * s.shape[1].next_multiple_of(4);
            (s.shape[0], s.shape[1], at)
        }).collect();
        Self { shape: layout.shape, tensors, decay: layout.specs.iter().map(|s| s.decay).collect(), len }
    }

    /// Elements of a lane without padding.
    pub fn flat_len(&self) -> usize {
        self.tensors.iter().map(|(rows, columns, _)| rows * columns).sum()
    }

    /// A flat lane with padding.
    pub fn pad(&self, flat: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.len];
        let mut rest = flat;
        for (rows, columns, at) in &self.tensors {
            for row in 0..*rows {
                let (now, later) = rest.split_at((*columns).min(rest.len()));
                let to = at + row * columns.next_multiple_of(4);
                out[to..to + now.len()].copy_from_slice(now);
                rest = later;
            }
        }
        out
    }

    /// A padded lane without its padding.
    pub fn unpad(&self, padded: &[f32]) -> Vec<f32> {
        self.tensors.iter().flat_map(|(rows, columns, at)| {
            (0..*rows).flat_map(move |row| {
                let start = at + row * columns.next_multiple_of(4);
                padded[start..start + columns].iter().copied()
            })
        }).collect()
    }

    /// 1 where weight decay applies.
    pub fn decay(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.len];
        for ((rows, columns, at), decay) in self.tensors.iter().zip(&self.decay) {
            if *decay {
                out[*at..at + rows * columns.next_multiple_of(4)].fill(1.0);
            }
        }
        out
    }

    fn at(&self, tensor: usize) -> u32 {
        self.tensors[tensor].2 as u32
    }

    /// First element of the token embedding.
    pub fn wte(&self) -> u32 {
        self.at(0)
    }

    /// First element of the position embedding.
    pub fn wpe(&self) -> u32 {
        self.at(1)
    }

    /// Tensor `i` of block `layer`, in the order of [`crate::fused::layout::Block`].
    pub fn block(&self, layer: usize, i: usize) -> u32 {
        self.at(2 + 12 * layer + i)
    }

    /// Final gain, bias, and the head where it is not tied.
    pub fn last(&self, i: usize) -> u32 {
        self.at(2 + 12 * self.shape.layers + i)
    }
}
