// Gradients of the embedding tables: one invocation per entry, summed over the rows that used it. Mode 1 adds to what
// the tied head left in the token table.

@group(0) @binding(2) var<storage, read> dx: array<f32>;
@group(0) @binding(3) var<storage, read_write> grads: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let base = batch_of(lane);
    let c = g.x * 32u + l;
    if (c >= D) { return; }
    let at = (lane * DP + c) * op.rows;
    var sum = 0.0;
    if (g.y < V) {
        let to = lane * feed[6] + op.w + g.y * DP + c;
        if (op.mode == 1u) { sum = grads[to]; }
        for (var i = first_sorted(base, g.y); i < first_sorted(base, g.y + 1u); i++) { sum += dx[at + sorted_row(base, i)]; }
        grads[to] = sum;
    } else {
        let t = g.y - V;
        for (var n = 0u; n < op.sequences; n++) {
            let row = first_row(base, n) + t;
            if (row < first_row(base, n + 1u)) { sum += dx[at + row]; }
        }
        grads[lane * feed[6] + op.b + t * DP + c] = sum;
    }
}
