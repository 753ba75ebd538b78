// Attention of one new token per row over the keys and values before it, kept as [slot][position][k, v][feature][row].

@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read_write> cache: array<f32>;
@group(0) @binding(4) var<storage, read_write> p: array<f32>;
@group(0) @binding(5) var<storage, read_write> mixed: array<f32>;

const SCALE: f32 = 1.0 / sqrt(f32(DH));

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let head = g.y;
    let base = batch_of(slot);
    let r = g.x * 32u + l;
    if (r >= row_count(base)) { return; }
    let rows = op.rows;
    let t = min(place(base, r) & 0xffffu, T - 1u);
    let q = (slot * D3P + head * DH) * rows + r;
    let kept = (slot * T * 2u * D + head * DH) * rows + r; // key of position 0
    let next = 2u * D * rows; // to the next position
    let scores = (slot * HEADS + head) * TP * rows + r;
    for (var c = 0u; c < DH; c++) {
        cache[kept + t * next + c * rows] = qkv[q + (D + c) * rows];
        cache[kept + t * next + (D + c) * rows] = qkv[q + (2u * D + c) * rows];
    }
    var top = -1e9;
    for (var u = 0u; u <= t; u++) {
        var s = 0.0;
        for (var c = 0u; c < DH; c++) { s += qkv[q + c * rows] * cache[kept + u * next + c * rows]; }
        s *= SCALE;
        p[scores + u * rows] = s;
        top = max(top, s);
    }
    var sum = 0.0;
    for (var u = 0u; u <= t; u++) {
        let e = exp(max(p[scores + u * rows] - top, -80.0));
        p[scores + u * rows] = e;
        sum += e;
    }
    for (var c = 0u; c < DH; c++) {
        var m = 0.0;
        for (var u = 0u; u <= t; u++) { m += p[scores + u * rows] * cache[kept + u * next + (D + c) * rows]; }
        mixed[(slot * DP + head * DH + c) * rows + r] = m / sum;
    }
}
