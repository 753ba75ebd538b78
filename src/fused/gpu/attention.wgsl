// Causal attention: one invocation per row and head. Sequences start at multiples of 4 and are padded to one, so that
// keys are read in fours that stay inside the sequence. P is kept as [slot][head][key][row].

@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read> qkv4: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> p: array<f32>;
@group(0) @binding(5) var<storage, read_write> mixed: array<f32>;

const MASKED: f32 = -1e9;
const SCALE: f32 = 1.0 / sqrt(f32(DH));

struct Row { r: u32, t: u32, first: u32 }
fn locate(base: u32, o: u32) -> Row {
    var r = o;
    if (op.map == 1u) { r = row_of(base, o); }
    let t = place(base, r) & 0xffffu;
    return Row(r, t, r - t);
}
fn feature(slot: u32, part: u32, head: u32, c: u32) -> u32 { return (slot * D3P + part * D + head * DH + min(c, DH - 1u)) * op.rows; }
// Four rows of one feature, from a row that is a multiple of 4.
fn four(slot: u32, part: u32, head: u32, c: u32, row: u32) -> vec4<f32> { return qkv4[(feature(slot, part, head, c) + row) / 4u]; }
fn p_at(slot: u32, head: u32, key: u32, o: u32) -> u32 { return ((slot * HEADS + head) * TP + key) * op.rows + o; }
fn weights(slot: u32, head: u32, key: u32, o: u32) -> vec4<f32> {
    let at = p_at(slot, head, key, o);
    return vec4(p[at], p[at + op.rows], p[at + 2u * op.rows], p[at + 3u * op.rows]);
}
fn keep(slot: u32, head: u32, c: u32, o: u32, v: f32) {
    if (c < DH) { mixed[(slot * DP + head * DH + c) * op.rows + o] = v; }
}

@compute @workgroup_size(32)
fn forward(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let head = g.y;
    let base = batch_of(lane_of(slot));
    let o = g.x * 32u + l;
    if (o >= row_count(base)) { return; }
    let at = locate(base, o);
    let end = (at.t | 3u) + 1u; // past the keys that a four of rows looks at
    var top = MASKED;
    for (var u = 0u; u < end; u += 4u) {
        var s = vec4<f32>();
        for (var c = 0u; c < DH; c++) { s += qkv[feature(slot, 0u, head, c) + at.r] * four(slot, 1u, head, c, at.first + u); }
        s *= SCALE;
        for (var i = 0u; i < 4u; i++) {
            let v = select(MASKED, s[i], u + i <= at.t);
            p[p_at(slot, head, u + i, o)] = v;
            top = max(top, v);
        }
    }
    var sum = 0.0;
    for (var u = 0u; u < end; u++) {
        let e = exp(max(p[p_at(slot, head, u, o)] - top, -80.0)) * select(0.0, 1.0, u <= at.t);
        p[p_at(slot, head, u, o)] = e;
        sum += e;
    }
    for (var u = 0u; u < end; u++) { p[p_at(slot, head, u, o)] /= sum; }
    for (var c = 0u; c < DH; c += 4u) {
        var m = vec4<f32>();
        for (var u = 0u; u < end; u += 4u) {
            let w = weights(slot, head, u, o);
            let row = at.first + u;
            m += vec4(dot(w, four(slot, 2u, head, c, row)), dot(w, four(slot, 2u, head, c + 1u, row)),
                      dot(w, four(slot, 2u, head, c + 2u, row)), dot(w, four(slot, 2u, head, c + 3u, row)));
        }
        for (var i = 0u; i < 4u; i++) { keep(slot, head, c + i, o, m[i]); }
    }
}

// ṁ = Ṗ v + P v̇ with Ṗ = P (Ṡ − Σ P Ṡ).
@compute @workgroup_size(32)
fn tangent(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let lane = lane_of(slot);
    let head = g.y;
    let base = batch_of(lane);
    let o = g.x * 32u + l;
    if (o >= row_count(base)) { return; }
    let at = locate(base, o);
    let end = (at.t | 3u) + 1u;
    var along = 0.0;
    for (var u = 0u; u < end; u += 4u) {
        var s = vec4<f32>();
        for (var c = 0u; c < DH; c++) {
            s += qkv[feature(slot, 0u, head, c) + at.r] * four(lane, 1u, head, c, at.first + u)
               + qkv[feature(lane, 0u, head, c) + at.r] * four(slot, 1u, head, c, at.first + u);
        }
        s *= SCALE;
        along += dot(weights(lane, head, u, o), s);
        for (var i = 0u; i < 4u; i++) { p[p_at(slot, head, u + i, o)] = s[i]; }
    }
    for (var u = 0u; u < end; u++) {
        let i = p_at(slot, head, u, o);
        p[i] = p[p_at(lane, head, u, o)] * (p[i] - along);
    }
    for (var c = 0u; c < DH; c += 4u) {
        var m = vec4<f32>();
        for (var u = 0u; u < end; u += 4u) {
            let w = weights(lane, head, u, o);
            let d = weights(slot, head, u, o);
            let row = at.first + u;
            for (var i = 0u; i < 4u; i++) {
                m[i] += dot(d, four(lane, 2u, head, c + i, row)) + dot(w, four(slot, 2u, head, c + i, row));
            }
        }
        for (var i = 0u; i < 4u; i++) { keep(slot, head, c + i, o, m[i]); }
    }
}
