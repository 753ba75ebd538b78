// Exact KL(π ‖ reference) at every counted row that counts; the reference's logits lie in slot k.

@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> divergence: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let base = batch_of(lane);
    let o = g.x * 32u + l;
    if (o >= row_count(base)) { return; }
    let rows = op.rows;
    let now = lane * VP * rows + o;
    let before = op.k * VP * rows + o;
    let now_norm = stats[lane * 2u * rows + o];
    let before_norm = stats[op.k * 2u * rows + o];
    var sum = 0.0;
    for (var v = 0u; v < V; v++) {
        let log_p = logits[now + v * rows] - now_norm;
        sum += exp(log_p) * (log_p - (logits[before + v * rows] - before_norm));
    }
    divergence[lane * rows + o] = select(0.0, sum, target_of(base, o) >> 31u == 1u);
}
