// Token and position embeddings of every row.

@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let base = batch_of(lane);
    let r = g.x * 32u + l;
    if (r >= row_count(base)) { return; }
    let word = lane * feed[6] + op.w + min(token(base, r), V - 1u) * DP;
    let position = lane * feed[6] + op.b + min(place(base, r) & 0xffffu, T - 1u) * DP;
    for (var c = g.y * 8u; c < min(g.y * 8u + 8u, D); c++) {
        x[(lane * DP + c) * op.rows + r] = params[word + c] + params[position + c];
    }
}
