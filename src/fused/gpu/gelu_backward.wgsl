// Back through gelu for lanes with tangents: h̄ = gelu'(h) ā + gelu''(h) ḣ z̄, and for ḣ: gelu'(h) z̄. In place.

@group(0) @binding(2) var<storage, read> h: array<f32>;
@group(0) @binding(3) var<storage, read_write> d: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let r = g.x * 32u + l;
    if (r >= row_count(batch_of(lane))) { return; }
    let stride = pad4(op.k) * op.rows;
    for (var k = g.y * 8u; k < min(g.y * 8u + 8u, op.k); k++) {
        let at = lane * stride + k * op.rows + r;
        let too = (lane + op.tangents) * stride + k * op.rows + r;
        let slope = gelu1(h[at]);
        let z = d[too];
        d[at] = slope * d[at] + gelu2(h[at]) * h[too] * z;
        d[too] = slope * z;
    }
}
