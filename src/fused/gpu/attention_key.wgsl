// Back through attention to keys and values: one invocation per key row, head and four features, summed over the rows
// that look at it.

@group(0) @binding(2) var<storage, read> qkv4: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> p4: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> dmixed4: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> ds4: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>;

const QUARTERS: u32 = (DH + 3u) / 4u;

fn feature(slot: u32, part: u32, head: u32, c: u32) -> u32 { return (slot * D3P + part * D + head * DH + min(c, DH - 1u)) * op.rows; }
fn query(slot: u32, head: u32, c: u32, row: u32) -> vec4<f32> { return qkv4[(feature(slot, 0u, head, c) + row) / 4u]; }
fn gradient(slot: u32, head: u32, c: u32, o: u32) -> vec4<f32> {
    return dmixed4[((slot * DP + head * DH + min(c, DH - 1u)) * op.rows + o) / 4u];
}
fn p_at(slot: u32, head: u32, key: u32, o: u32) -> u32 { return (((slot * HEADS + head) * TP + key) * op.rows + o) / 4u; }

// Rows that may look at key t of `sequence`: from `start` to before `end`, in fours.
struct Lookers { start: u32, end: u32 }
fn lookers(base: u32, sequence: u32, first: u32, t: u32) -> Lookers {
    if (op.map == 1u) { return Lookers(first_counted(base, sequence), first_counted(base, sequence + 1u)); }
    return Lookers(first + (t & ~3u), first_row(base, sequence + 1u));
}
fn looker_row(base: u32, o: u32) -> u32 {
    if (op.map == 1u) { return row_of(base, o); }
    return o;
}
fn put(slot: u32, part: u32, head: u32, c: u32, r: u32, v: vec4<f32>) {
    for (var i = 0u; i < 4u; i++) {
        if (c + i < DH) { dqkv[feature(slot, part, head, c + i) + r] = v[i]; }
    }
}

@compute @workgroup_size(32)
fn single(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let head = g.y / QUARTERS;
    let c = (g.y % QUARTERS) * 4u;
    let base = batch_of(slot);
    let r = g.x * 32u + l;
    if (r >= row_count(base)) { return; }
    let at = place(base, r);
    let t = at & 0xffffu;
    let who = lookers(base, at >> 16u, r - t, t);
    var dk = vec4<f32>();
    var dv = vec4<f32>();
    for (var o = who.start; o < who.end; o += 4u) {
        let row = looker_row(base, o);
        if (row < r - (t & 3u)) { continue; } // before the key's four
        let w = p4[p_at(slot, head, t, o)];
        let s = ds4[p_at(slot, head, t, o)];
        for (var i = 0u; i < 4u; i++) {
            dk[i] += dot(s, query(slot, head, c + i, row));
            dv[i] += dot(w, gradient(slot, head, c + i, o));
        }
    }
    put(slot, 1u, head, c, r, dk);
    put(slot, 2u, head, c, r, dv);
}

@compute @workgroup_size(32)
fn both(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let moved = slot + op.tangents;
    let head = g.y / QUARTERS;
    let c = (g.y % QUARTERS) * 4u;
    let base = batch_of(slot);
    let r = g.x * 32u + l;
    if (r >= row_count(base)) { return; }
    let at = place(base, r);
    let t = at & 0xffffu;
    let who = lookers(base, at >> 16u, r - t, t);
    var dk = vec4<f32>();
    var dv = vec4<f32>();
    var dk_moved = vec4<f32>();
    var dv_moved = vec4<f32>();
    for (var o = who.start; o < who.end; o += 4u) {
        let row = looker_row(base, o);
        if (row < r - (t & 3u)) { continue; }
        let w = p4[p_at(slot, head, t, o)];
        let dw = p4[p_at(moved, head, t, o)];
        let s = ds4[p_at(slot, head, t, o)];
        let sd = ds4[p_at(moved, head, t, o)];
        for (var i = 0u; i < 4u; i++) {
            let q = query(slot, head, c + i, row);
            let m = gradient(moved, head, c + i, o);
            dk[i] += dot(s, q) + dot(sd, query(moved, head, c + i, row));
            dk_moved[i] += dot(sd, q);
            dv[i] += dot(w, gradient(slot, head, c + i, o)) + dot(dw, m);
            dv_moved[i] += dot(w, m);
        }
    }
    put(slot, 1u, head, c, r, dk);
    put(slot, 2u, head, c, r, dv);
    put(moved, 1u, head, c, r, dk_moved);
    put(moved, 2u, head, c, r, dv_moved);
}
