// Gradients of a layer norm's gain and bias: one workgroup per feature, summed over rows.

@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dn: array<f32>;
@group(0) @binding(5) var<storage, read_write> grads: array<f32>;
var<workgroup> sums: array<vec2<f32>, 32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let c = g.x;
    let rows = op.rows;
    let count = row_count(batch_of(lane));
    let at = (lane * DP + c) * rows;
    let value = lane * 2u * rows;
    let tangent = lane + op.tangents;
    let too = (tangent * DP + c) * rows;
    let moved = tangent * 2u * rows;
    let both = op.dual == 1u && lane >= plain();
    var sum = vec2<f32>();
    for (var r = l; r < count; r += 32u) {
        let s = stats[value + rows + r];
        let n = (x[at + r] - stats[value + r]) * s;
        let d = dn[at + r];
        sum += vec2(d * n, d);
        if (both) { sum.x += dn[too + r] * s * (x[too + r] - stats[moved + r] - n * stats[moved + rows + r]); }
    }
    sums[l] = sum;
    workgroupBarrier();
    if (l == 0u) {
        var total = vec2<f32>();
        for (var i = 0u; i < 32u; i++) { total += sums[i]; }
        grads[lane * feed[6] + op.w + c] = total.x;
        grads[lane * feed[6] + op.b + c] = total.y;
    }
}
