//! The three matrix products, written out tile by tile: each invocation holds a register tile, because a load costs far
//! more than a multiplication on every adapter. One pipeline each serves every shape.

use std::fmt::Write;

/// How work is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiles {
    /// Invocations of a workgroup, side by side along rows.
    pub group: usize,
    /// Rows of one invocation, `group` apart.
    pub rows: usize,
    /// Features of one invocation; a multiple of 4.
    pub features: usize,
    /// Features in of one invocation of a weight's gradient.
    pub inputs: usize,
}

impl Tiles {
    /// Rows of one workgroup; all shapes are padded to a multiple of it.
    pub const ROWS: usize = 32;

    /// For a CPU behind the API few invocations with large tiles: 8 × 8 came out ahead of 4 × 8 by a fourth to a half, at
    /// 2.1 to 2.3 billion products a second on two cores. For a GPU as many invocations as its groups want.
    pub fn new(software: bool) -> Self {
        if software { Self { group: 4, rows: 8, features: 8, inputs: 8 } } else { Self { group: 32, rows: 1, features: 8, inputs: 4 } }
    }
}

/// Loops over tile entries.
fn tile(rows: usize, features: usize, mut each: impl FnMut(usize, usize)) {
    for a in 0..rows {
        for b in 0..features {
            each(a, b);
        }
    }
}

const BINDINGS: &str = "
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> side: array<f32>;
";

/// `y = x W + b`: features out are the weight's columns. Modes: 0 nothing more; 1 the gelu of y goes to `side`; 2 adds
/// the residual in `side` (through the row map where `map` is set).
pub fn forward(tiles: &Tiles) -> String {
    let Tiles { group, rows, features, .. } = *tiles;
    let mut s = String::from(BINDINGS);
    s.push_str("
@group(0) @binding(6) var<storage, read> bias: array<f32>;
fn finish(slot: u32, lane: u32, base: u32, j: u32, r: u32, sum: f32) {
    if (j >= op.j) { return; }
    var v = sum;
    if (op.b != NONE && slot < op.lanes) { v += bias[lane * feed[6] + op.b + j]; }
    let at = (slot * op.jp + j) * op.rows + r;
    if (op.mode == 2u) {
        let other = select(r, row_of(base, r), op.map == 1u);
        v += side[(slot * op.jp + j) * op.rows + min(other, op.rows - 1u)];
    }
    y[at] = v;
    if (op.mode == 1u) {
        if (slot < op.lanes) { side[at] = gelu(v); } else { side[at] = gelu1(y[(lane * op.jp + j) * op.rows + r]) * v; }
    }
}
");
    let _ = write!(s, "@compute @workgroup_size({group})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {{
    let slot = op.z0 + g.z;
    let lane = lane_of(slot);
    let base = batch_of(lane);
    if (g.x * {}u >= row_count(base)) {{ return; }}
    let r = g.x * {}u + l;
    let j0 = g.y * {features}u;
    var xi = slot * pad4(op.k) * op.rows + r;
    var wi = (lane * feed[6] + op.w + j0) / 4u;
    let wide = op.jp / 4u;
", group * rows, group * rows);
    tile(rows, features / 4, |a, b| { let _ = writeln!(s, "    var c{a}_{b} = vec4<f32>();"); });
    s.push_str("    for (var k = 0u; k < op.k; k++) {\n");
    for a in 0..rows {
        let _ = writeln!(s, "        let x{a} = x[xi + {}u];", a * group);
    }
    for b in 0..features / 4 {
        let _ = writeln!(s, "        let w{b} = w[wi + {b}u];");
    }
    tile(rows, features / 4, |a, b| { let _ = writeln!(s, "        c{a}_{b} += x{a} * w{b};"); });
    s.push_str("        xi += op.rows;\n        wi += wide;\n    }\n");
    let sums: Vec<String> = (0..rows * features / 4).map(|i| format!("c{}_{}", i / (features / 4), i % (features / 4))).collect();
    let _ = write!(s, "    // A loop, because what follows is long and would be compiled once for each sum.
    var sums = array<vec4<f32>, {}>({});
    for (var i = 0u; i < {}u; i++) {{
        finish(slot, lane, base, j0 + i % {features}u, r + i / {features}u * {group}u, sums[i / 4u][i % 4u]);
    }}
}}
", sums.len(), sums.join(", "), rows * features);
    s
}

/// `y = x Wᵀ`: features out are the weight's rows. Mode 1 multiplies by gelu'(`side`), for lanes without tangents.
pub fn backward(tiles: &Tiles) -> String {
    let Tiles { group, rows, features, .. } = *tiles;
    let mut s = String::from(BINDINGS);
    s.push_str("
fn finish(slot: u32, k: u32, r: u32, sum: f32) {
    if (k >= op.k) { return; }
    let at = (slot * pad4(op.k) + k) * op.rows + r;
    var v = sum;
    if (op.mode == 1u && (slot < plain() || op.dual == 0u)) { v *= gelu1(side[at]); }
    y[at] = v;
}
");
    let _ = write!(s, "@compute @workgroup_size({group})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {{
    let slot = op.z0 + g.z;
    let lane = lane_of(slot);
    if (g.x * {}u >= row_count(batch_of(lane))) {{ return; }}
    let r = g.x * {}u + l;
    let k0 = g.y * {features}u;
    let rows = op.rows;
    var xi = slot * op.jp * rows + r;
    let wide = op.jp / 4u;
    var wi = (lane * feed[6] + op.w) / 4u + k0 * wide;
", group * rows, group * rows);
    tile(rows, features, |a, b| { let _ = writeln!(s, "    var c{a}_{b} = 0.0;"); });
    s.push_str("    for (var q = 0u; q < wide; q++) {\n");
    for a in 0..rows {
        let at = a * group;
        let _ = writeln!(s, "        let x{a} = vec4(x[xi + {at}u], x[xi + {at}u + rows], x[xi + {at}u + 2u * rows], x[xi + {at}u + 3u * rows]);");
    }
    for b in 0..features {
        let _ = writeln!(s, "        let w{b} = w[wi + {b}u * wide];");
    }
    tile(rows, features, |a, b| { let _ = writeln!(s, "        c{a}_{b} += dot(x{a}, w{b});"); });
    s.push_str("        xi += 4u * rows;\n        wi += 1u;\n    }\n");
    let sums: Vec<String> = (0..rows * features).map(|i| format!("c{}_{}", i / features, i % features)).collect();
    let _ = write!(s, "    var sums = array<f32, {}>({});
    for (var i = 0u; i < {}u; i++) {{ finish(slot, k0 + i % {features}u, r + i / {features}u * {group}u, sums[i]); }}
}}
", sums.len(), sums.join(", "), sums.len());
    s
}

/// The weight's gradient `xᵀ y` summed over rows (and over value and tangent), and the bias's.
pub fn weight(tiles: &Tiles) -> String {
    let (group, k_tile, j_tile) = (tiles.group, tiles.inputs, tiles.features);
    let mut s = format!("
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> grads: array<f32>;
var<workgroup> sums: array<f32, {}>;
@compute @workgroup_size({group})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {{
    let lane = op.z0 + g.z;
    let rows = row_count(batch_of(lane));
    let k0 = g.x * {k_tile}u;
    let j0 = g.y * {j_tile}u;
    let parts = select(1u, 2u, op.dual == 1u && lane >= plain());
", (k_tile + 1) * j_tile * group);
    tile(k_tile, j_tile / 4, |a, b| { let _ = writeln!(s, "    var c{a}_{b} = vec4<f32>();"); });
    for b in 0..j_tile / 4 {
        let _ = writeln!(s, "    var d{b} = vec4<f32>();");
    }
    s.push_str("    for (var part = 0u; part < parts; part++) {
        let slot = lane + part * op.tangents;
        let xs = (slot * pad4(op.k) + k0) * op.rows;
        let ys = (slot * op.jp + j0) * op.rows;
");
    let _ = writeln!(s, "        for (var r = l; r < rows; r += {group}u) {{");
    for a in 0..k_tile {
        let _ = writeln!(s, "            let x{a} = x[xs + {a}u * op.rows + r];");
    }
    for b in 0..j_tile / 4 {
        let at = |i: usize| format!("dy[ys + {}u * op.rows + r]", 4 * b + i);
        let _ = writeln!(s, "            let y{b} = vec4({}, {}, {}, {});", at(0), at(1), at(2), at(3));
    }
    tile(k_tile, j_tile / 4, |a, b| { let _ = writeln!(s, "            c{a}_{b} += x{a} * y{b};"); });
    s.push_str("            if (part == 0u && k0 == 0u) {\n");
    for b in 0..j_tile / 4 {
        let _ = writeln!(s, "                d{b} += y{b};");
    }
    s.push_str("            }\n        }\n    }\n");
    tile(k_tile + 1, j_tile, |a, b| {
        let value = if a < k_tile { format!("c{a}_{}[{}]", b / 4, b % 4) } else { format!("d{}[{}]", b / 4, b % 4) };
        let _ = writeln!(s, "    sums[{}u + l] = {value};", (a * j_tile + b) * group);
    });
    let _ = write!(s, "    workgroupBarrier();
    for (var i = l; i < {}u; i += {group}u) {{
        var t = 0.0;
        for (var q = 0u; q < {group}u; q++) {{ t += sums[i * {group}u + q]; }}
        let k = i / {j_tile}u;
        let j = j0 + i % {j_tile}u;
        if (j < op.j) {{
            if (k < {k_tile}u && k0 + k < op.k) {{ grads[lane * feed[6] + op.w + (k0 + k) * op.jp + j] = t; }}
            if (k == {k_tile}u && k0 == 0u && op.b != NONE) {{ grads[lane * feed[6] + op.b + j] = t; }}
        }}
    }}
}}
", (k_tile + 1) * j_tile);
    s
}
