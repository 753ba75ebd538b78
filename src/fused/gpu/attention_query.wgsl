// Back through attention to scores and queries: one invocation per row and head. With m̄ and ζ the gradients of the
// mixture and of its tangent: S̄ = P dP − P Σ P dP, where P dP gains (Q − Σ Q P) Ṗ from Q_u = ζ·v_u, which is the
// gradient of Ṗ. `ds` is laid out as P.

@group(0) @binding(2) var<storage, read> qkv4: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> p: array<f32>;
@group(0) @binding(4) var<storage, read> dmixed: array<f32>;
@group(0) @binding(5) var<storage, read_write> ds: array<f32>;
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>;

const SCALE: f32 = 1.0 / sqrt(f32(DH));

fn feature(slot: u32, part: u32, head: u32, c: u32) -> u32 { return (slot * D3P + part * D + head * DH + min(c, DH - 1u)) * op.rows; }
fn four(slot: u32, part: u32, head: u32, c: u32, row: u32) -> vec4<f32> { return qkv4[(feature(slot, part, head, c) + row) / 4u]; }
fn p_at(slot: u32, head: u32, key: u32, o: u32) -> u32 { return ((slot * HEADS + head) * TP + key) * op.rows + o; }
fn weights(slot: u32, head: u32, key: u32, o: u32) -> vec4<f32> {
    let at = p_at(slot, head, key, o);
    return vec4(p[at], p[at + op.rows], p[at + 2u * op.rows], p[at + 3u * op.rows]);
}
fn scores(slot: u32, head: u32, key: u32, o: u32) -> vec4<f32> {
    let at = p_at(slot, head, key, o);
    return vec4(ds[at], ds[at + op.rows], ds[at + 2u * op.rows], ds[at + 3u * op.rows]);
}
fn put(slot: u32, head: u32, key: u32, o: u32, v: vec4<f32>) {
    let at = p_at(slot, head, key, o);
    for (var i = 0u; i < 4u; i++) { ds[at + i * op.rows] = v[i]; }
}
// The mixture's gradient at row o, against four rows of values.
fn against(slot: u32, head: u32, o: u32, values: u32, row: u32) -> vec4<f32> {
    var s = vec4<f32>();
    for (var c = 0u; c < DH; c++) { s += dmixed[(slot * DP + head * DH + c) * op.rows + o] * four(values, 2u, head, c, row); }
    return s;
}

struct Row { o: u32, t: u32, first: u32 }
fn locate(base: u32, r: u32) -> Row {
    var o = r;
    if (op.map == 1u) { o = counted_of(base, r); }
    let t = place(base, r) & 0xffffu;
    return Row(o, t, r - t);
}
fn zero(slot: u32, head: u32, r: u32) {
    for (var c = 0u; c < DH; c++) { dqkv[feature(slot, 0u, head, c) + r] = 0.0; }
}

@compute @workgroup_size(32)
fn single(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let head = g.y;
    let base = batch_of(slot);
    let r = g.x * 32u + l;
    if (r >= row_count(base)) { return; }
    let at = locate(base, r);
    if (at.o == NONE) {
        zero(slot, head, r);
        return;
    }
    let end = (at.t | 3u) + 1u;
    var total = 0.0;
    for (var u = 0u; u < end; u += 4u) {
        let v = weights(slot, head, u, at.o) * against(slot, head, at.o, slot, at.first + u);
        total += v.x + v.y + v.z + v.w;
        put(slot, head, u, at.o, v);
    }
    for (var u = 0u; u < end; u += 4u) {
        put(slot, head, u, at.o, (scores(slot, head, u, at.o) - weights(slot, head, u, at.o) * total) * SCALE);
    }
    for (var c = 0u; c < DH; c += 4u) {
        var q = vec4<f32>();
        for (var u = 0u; u < end; u += 4u) {
            let s = scores(slot, head, u, at.o);
            for (var i = 0u; i < 4u; i++) { q[i] += dot(s, four(slot, 1u, head, c + i, at.first + u)); }
        }
        for (var i = 0u; i < 4u; i++) {
            if (c + i < DH) { dqkv[feature(slot, 0u, head, c + i) + r] = q[i]; }
        }
    }
}

@compute @workgroup_size(32)
fn both(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let moved = slot + op.tangents;
    let head = g.y;
    let base = batch_of(slot);
    let r = g.x * 32u + l;
    if (r >= row_count(base)) { return; }
    let at = locate(base, r);
    if (at.o == NONE) {
        zero(slot, head, r);
        zero(moved, head, r);
        return;
    }
    let end = (at.t | 3u) + 1u;
    var expected = 0.0; // Σ Q P
    for (var u = 0u; u < end; u += 4u) {
        let q = against(moved, head, at.o, slot, at.first + u);
        expected += dot(q, weights(slot, head, u, at.o));
        put(moved, head, u, at.o, q);
    }
    var total = 0.0;
    for (var u = 0u; u < end; u += 4u) {
        let w = weights(slot, head, u, at.o);
        let q = scores(moved, head, u, at.o) - expected;
        let row = at.first + u;
        let v = w * (against(slot, head, at.o, slot, row) + against(moved, head, at.o, moved, row)) + q * weights(moved, head, u, at.o);
        total += v.x + v.y + v.z + v.w;
        put(slot, head, u, at.o, v);
        put(moved, head, u, at.o, w * q * SCALE);
    }
    for (var u = 0u; u < end; u += 4u) {
        put(slot, head, u, at.o, (scores(slot, head, u, at.o) - weights(slot, head, u, at.o) * total) * SCALE);
    }
    for (var c = 0u; c < DH; c += 4u) {
        var q = vec4<f32>();
        var dq = vec4<f32>();
        for (var u = 0u; u < end; u += 4u) {
            let s = scores(slot, head, u, at.o);
            let t = scores(moved, head, u, at.o);
            for (var i = 0u; i < 4u; i++) {
                let k = four(slot, 1u, head, c + i, at.first + u);
                q[i] += dot(s, k) + dot(t, four(moved, 1u, head, c + i, at.first + u));
                dq[i] += dot(t, k);
            }
        }
        for (var i = 0u; i < 4u; i++) {
            if (c + i < DH) {
                dqkv[feature(slot, 0u, head, c + i) + r] = q[i];
                dqkv[feature(moved, 0u, head, c + i) + r] = dq[i];
            }
        }
    }
}
