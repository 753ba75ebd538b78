//! The launches of a pass of the transformer: forward, tangent, and back.

use super::batch::Room;
use super::buffers::{Activations, Gradients};
use super::device::{Buffer, Kernel};
use super::kernels::{Backward, Kernels};
use super::padded::Padded;
use super::program::{Extent, Op, Recorder};
use crate::fused::layout::Shape;
use std::sync::Arc;

/// Lanes of a pass and its sizes.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Lanes.
    pub lanes: usize,
    /// The last of them, which have tangents.
    pub tangents: usize,
    /// Room for batches.
    pub room: Room,
}

impl Pass {
    /// Values and tangents.
    pub fn slots(&self) -> usize {
        self.lanes + self.tangents
    }

    fn op(&self) -> Op {
        Op {
            lanes: self.lanes as u32, tangents: self.tangents as u32, rows: self.room.rows as u32, sequences: self.room.sequences as u32,
            z0: 0, counted: 0, map: 0, mode: 0, k: 0, j: 0, jp: 0, w: 0, b: Op::NONE, dual: 0, shift: 0, extra: 0,
        }
    }
}

/// Everything that a pass's launches refer to.
pub struct Plan<'a> {
    /// Kernels.
    pub kernels: &'a Kernels,
    /// The model's shape.
    pub shape: Shape,
    /// Where parameters lie.
    pub padded: &'a Padded,
    /// Lanes and sizes.
    pub pass: Pass,
    /// Parameters, `[lane][padded]`.
    pub params: &'a Buffer,
    /// Activations.
    pub acts: &'a Activations,
    /// To decode token by token: the kernel, and each block's keys and values.
    pub caches: Option<(&'a Arc<Kernel>, &'a [Buffer])>,
}

/// Rows of a launch and what its weight is.
#[derive(Clone, Copy)]
struct Product {
    counted: u32,
    map: u32,
    mode: u32,
    k: usize,
    j: usize,
    w: u32,
    b: u32,
}

/// A run of slots (or lanes).
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// First.
    pub at: usize,
    /// How many.
    pub n: usize,
}

impl Plan<'_> {
    /// A launch over everything, to be refined.
    pub fn op(&self) -> Op {
        self.pass.op()
    }

    fn forward_product(&self, r: &mut Recorder, slots: Slots, p: Product, x: &Buffer, y: &Buffer, side: Option<&Buffer>) {
        let op = self.product_op(slots, p, 0);
        let side = side.unwrap_or(&self.acts.nothing);
        r.launch(&self.kernels.forward, &[x, self.params, y, side, self.params], op, Extent::Rows(p.counted), p.j.div_ceil(8), slots.n);
    }

    fn backward_product(&self, r: &mut Recorder, slots: Slots, dual: u32, p: Product, x: &Buffer, y: &Buffer, side: Option<&Buffer>) {
        let op = self.product_op(slots, p, dual);
        let side = side.unwrap_or(&self.acts.nothing);
        r.launch(&self.kernels.by_row, &[x, self.params, y, side], op, Extent::Rows(p.counted), p.k.div_ceil(8), slots.n);
    }

    fn product_op(&self, slots: Slots, p: Product, dual: u32) -> Op {
        Op {
            z0: slots.at as u32, counted: p.counted, map: p.map, mode: p.mode, k: p.k as u32, j: p.j as u32,
            jp: p.j.next_multiple_of(4) as u32, w: p.w, b: p.b, dual, ..self.pass.op()
        }
    }

    /// Whether block `layer`'s second part has counted rows only.
    fn counted(&self, layer: usize) -> u32 {
        u32::from(layer + 1 == self.shape.layers)
    }

    /// Token and position embeddings.
    pub fn embed(&self, r: &mut Recorder, lanes: Slots) {
        let op = Op { z0: lanes.at as u32, w: self.padded.wte(), b: self.padded.wpe(), ..self.pass.op() };
        r.launch(&self.kernels.embed, &[self.params, &self.acts.x[0]], op, Extent::Rows(0), self.shape.width.div_ceil(8), lanes.n);
    }

    /// From the residual stream to log-probabilities, for values or for tangents.
    pub fn forward(&self, r: &mut Recorder, slots: Slots) {
        let (d, a, q) = (self.shape.width, self.acts, self.padded);
        let tangent = slots.at >= self.pass.lanes;
        for i in 0..self.shape.layers {
            let counted = self.counted(i);
            self.norm(r, slots, 0, 2 * i, [q.block(i, 0), q.block(i, 1)]);
            let qkv = Product { counted: 0, map: 0, mode: 0, k: d, j: 3 * d, w: q.block(i, 2), b: q.block(i, 3) };
            self.forward_product(r, slots, qkv, &a.n[2 * i], &a.qkv[i], None);
            let op = Op { z0: slots.at as u32, counted, map: counted, ..self.pass.op() };
            let kernel = match &self.kernels.rest {
                Some(Backward { tangent: Some(t), .. }) if tangent => &t.attention,
                _ => &self.kernels.attention,
            };
            if let Some((decode, caches)) = self.caches {
                r.launch(decode, &[&a.qkv[i], &caches[i], &a.p[i], &a.mixed[i]], op, Extent::Rows(0), self.shape.heads, slots.n);
            } else {
                r.launch(kernel, &[&a.qkv[i], &a.qkv[i], &a.p[i], &a.mixed[i]], op, Extent::Rows(counted), self.shape.heads, slots.n);
            }
            // The residual is added through the row map in the last block.
            let out = Product { counted, map: counted, mode: 2, k: d, j: d, w: q.block(i, 4), b: q.block(i, 5) };
            self.forward_product(r, slots, out, &a.mixed[i], &a.x[2 * i + 1], Some(&a.x[2 * i]));
            self.norm(r, slots, counted, 2 * i + 1, [q.block(i, 6), q.block(i, 7)]);
            let up = Product { counted, map: 0, mode: 1, k: d, j: 4 * d, w: q.block(i, 8), b: q.block(i, 9) };
            self.forward_product(r, slots, up, &a.n[2 * i + 1], &a.h[i], Some(&a.act[i]));
            let down = Product { counted, map: 0, mode: 2, k: 4 * d, j: d, w: q.block(i, 10), b: q.block(i, 11) };
            self.forward_product(r, slots, down, &a.act[i], &a.x[2 * i + 2], Some(&a.x[2 * i + 1]));
        }
        let last = 2 * self.shape.layers;
        self.norm(r, slots, 1, last, [q.last(0), q.last(1)]);
        let head = self.head();
        if self.shape.tied {
            self.backward_product(r, slots, 0, head, &a.n[last], &a.logits, None);
        } else {
            self.forward_product(r, slots, head, &a.n[last], &a.logits, None);
        }
        let op = Op { z0: slots.at as u32, counted: 1, ..self.pass.op() };
        r.launch(&self.kernels.log_prob, &[&a.logits, &a.log_probs], op, Extent::Rows(1), 1, slots.n);
    }

    /// The output head as it lies: `[d, V]`, or tied `[V, d]`.
    fn head(&self) -> Product {
        let (d, v) = (self.shape.width, self.shape.vocabulary);
        let (k, j, w) = if self.shape.tied { (v, d, self.padded.wte()) } else { (d, v, self.padded.last(2)) };
        Product { counted: 1, map: 0, mode: 0, k, j, w, b: Op::NONE }
    }

    fn norm(&self, r: &mut Recorder, slots: Slots, counted: u32, i: usize, [w, b]: [u32; 2]) {
        let a = self.acts;
        let op = Op { z0: slots.at as u32, counted, w, b, ..self.pass.op() };
        r.launch(&self.kernels.norm, &[&a.x[i], self.params, &a.n[i], &a.stats[i]], op, Extent::Rows(counted), 1, slots.n);
    }

    /// From slopes of log-probabilities back to the embedding output, which ends in `dx[0]`.
    ///
    /// With `train`: parameters' gradients of all lanes, through value and tangent where there is one. Without: the
    /// lanes with tangents, values only, and ‖dx‖² of each row.
    pub fn backward(&self, r: &mut Recorder, g: &Gradients, train: bool) {
        let Some(kernels) = &self.kernels.rest else { return };
        let (d, a, q, plain) = (self.shape.width, self.acts, self.padded, self.pass.lanes - self.pass.tangents);
        let dual = u32::from(train);
        let lanes = if train { Slots { at: 0, n: self.pass.lanes } } else { Slots { at: plain, n: self.pass.tangents } };
        let slots = if train { Slots { at: 0, n: self.pass.slots() } } else { lanes };
        let back = Back { plan: self, kernels, g, lanes, dual };
        let base = Op { z0: lanes.at as u32, dual, ..self.pass.op() };

        let op = Op { counted: 1, ..base };
        let buffers = [&a.logits, &a.log_probs, &g.slopes, &g.dlogits];
        r.launch(&kernels.head, &buffers, op, Extent::Rows(1), self.shape.vocabulary.div_ceil(8), lanes.n);
        let (head, last) = (self.head(), 2 * self.shape.layers);
        if self.shape.tied {
            back.weight(r, head, &g.dlogits, &a.n[last]);
            self.forward_product(r, slots, head, &g.dlogits, &g.dn, None);
        } else {
            back.weight(r, head, &a.n[last], &g.dlogits);
            self.backward_product(r, slots, dual, head, &g.dlogits, &g.dn, None);
        }
        back.norm(r, Op { counted: 1, w: q.last(0), b: q.last(1), ..base }, last, &g.dx[1], &g.dx[0]);
        for i in (0..self.shape.layers).rev() {
            let counted = self.counted(i);
            let down = Product { counted, map: 0, mode: 1, k: 4 * d, j: d, w: q.block(i, 10), b: q.block(i, 11) };
            back.weight(r, down, &a.act[i], &g.dx[0]);
            self.backward_product(r, slots, dual, down, &g.dx[0], &g.dh, Some(&a.h[i]));
            if let (Some(t), true) = (&kernels.tangent, train) {
                let op = Op { z0: plain as u32, counted, k: 4 * d as u32, ..self.pass.op() };
                r.launch(&t.gelu, &[&a.h[i], &g.dh], op, Extent::Rows(counted), (4 * d).div_ceil(8), self.pass.tangents);
            }
            let up = Product { counted, map: 0, mode: 0, k: d, j: 4 * d, w: q.block(i, 8), b: q.block(i, 9) };
            back.weight(r, up, &a.n[2 * i + 1], &g.dh);
            self.backward_product(r, slots, dual, up, &g.dh, &g.dn, None);
            back.norm(r, Op { counted, w: q.block(i, 6), b: q.block(i, 7), mode: 1, ..base }, 2 * i + 1, &g.dx[0], &g.dx[1]);
            let out = Product { counted, map: 0, mode: 0, k: d, j: d, w: q.block(i, 4), b: q.block(i, 5) };
            back.weight(r, out, &a.mixed[i], &g.dx[1]);
            self.backward_product(r, slots, dual, out, &g.dx[1], &g.dmixed, None);
            back.attention(r, i, counted);
            let qkv = Product { counted: 0, map: 0, mode: 0, k: d, j: 3 * d, w: q.block(i, 2), b: q.block(i, 3) };
            back.weight(r, qkv, &a.n[2 * i], &g.dqkv);
            self.backward_product(r, slots, dual, qkv, &g.dqkv, &g.dn, None);
            let measure = u32::from(i == 0 && !train);
            let op = Op { counted: 0, map: counted, w: q.block(i, 0), b: q.block(i, 1), mode: 1, extra: measure, ..base };
            back.norm(r, op, 2 * i, &g.dx[1], &g.dx[0]);
        }
        if train {
            let op = Op { w: q.wte(), b: q.wpe(), mode: u32::from(self.shape.tied), ..base };
            let entries = self.shape.vocabulary + self.shape.context;
            r.launch(&kernels.embed, &[&g.dx[0], &g.params], op, Extent::Fixed(d.div_ceil(32)), entries, lanes.n);
        }
    }

    /// Copies dx into the tangents of the embedding output: WDPO's direction.
    pub fn start_tangent(&self, r: &mut Recorder, g: &Gradients) {
        let slot = self.shape.width.next_multiple_of(4) * self.pass.room.rows;
        let plain = self.pass.lanes - self.pass.tangents;
        r.copy((&g.dx[0], plain * slot), (&self.acts.x[0], self.pass.lanes * slot), self.pass.tangents * slot);
    }
}

/// One way back.
struct Back<'a> {
    plan: &'a Plan<'a>,
    kernels: &'a Backward,
    g: &'a Gradients,
    lanes: Slots,
    dual: u32,
}

impl Back<'_> {
    /// A weight's and a bias's gradient, when training.
    fn weight(&self, r: &mut Recorder, p: Product, x: &Buffer, dy: &Buffer) {
        if self.dual == 1 {
            let op = self.plan.product_op(self.lanes, p, 1);
            r.launch(&self.kernels.weight, &[x, dy, &self.g.params], op, Extent::Fixed(p.k.div_ceil(self.kernels.inputs)), p.j.div_ceil(8), self.lanes.n);
        }
    }

    /// Back through norm `i`, `beside` passing by, into `dx`; and its gain's and bias's gradients.
    fn norm(&self, r: &mut Recorder, op: Op, i: usize, beside: &Buffer, dx: &Buffer) {
        let (a, g) = (self.plan.acts, self.g);
        let buffers = [&a.x[i], self.plan.params, &a.stats[i], &g.dn, beside, dx, &g.squares];
        r.launch(&self.kernels.norm, &buffers, op, Extent::Rows(op.counted), 1, self.lanes.n);
        if self.dual == 1 {
            let buffers = [&a.x[i], &a.stats[i], &g.dn, &g.params];
            r.launch(&self.kernels.gains, &buffers, op, Extent::Fixed(self.plan.shape.width), 1, self.lanes.n);
        }
    }

    /// Back through block `i`'s attention, from `dmixed` to `dqkv`.
    fn attention(&self, r: &mut Recorder, i: usize, map: u32) {
        let (a, g, shape, pass) = (self.plan.acts, self.g, &self.plan.shape, self.plan.pass);
        let plain = pass.lanes - pass.tangents;
        let quarters = (shape.width / shape.heads).div_ceil(4);
        let mut both_ways = |query: &Arc<Kernel>, key: &Arc<Kernel>, lanes: Slots| {
            let op = Op { z0: lanes.at as u32, map, ..pass.op() };
            r.launch(query, &[&a.qkv[i], &a.p[i], &g.dmixed, &g.ds, &g.dqkv], op, Extent::Rows(0), shape.heads, lanes.n);
            let buffers = [&a.qkv[i], &a.p[i], &g.dmixed, &g.ds, &g.dqkv];
            r.launch(key, &buffers, op, Extent::Rows(0), shape.heads * quarters, lanes.n);
        };
        match &self.kernels.tangent {
            Some(t) if self.dual == 1 => {
                both_ways(&self.kernels.query, &self.kernels.key, Slots { at: 0, n: plain });
                both_ways(&t.query, &t.key, Slots { at: plain, n: pass.tangents });
            }
            _ => both_ways(&self.kernels.query, &self.kernels.key, self.lanes),
        }
    }
}
