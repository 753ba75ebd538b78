// Log-probabilities of the targets, and back to the logits.

@group(0) @binding(2) var<storage, read> logits: array<f32>;
// Of a value: log Σ exp and log p(target) where it counts. Of a tangent: Σ p ż and the log-probability's tangent.
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(32)
fn log_prob(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let lane = lane_of(slot);
    let base = batch_of(lane);
    let o = g.x * 32u + l;
    if (o >= row_count(base)) { return; }
    let rows = op.rows;
    let at = slot * VP * rows + o;
    let aim = target_of(base, o);
    let counts = aim >> 31u == 1u;
    let target_id = min(aim & 0x7fffffffu, V - 1u);
    if (slot < op.lanes) {
        var top = logits[at];
        for (var v = 1u; v < V; v++) { top = max(top, logits[at + v * rows]); }
        var sum = 0.0;
        for (var v = 0u; v < V; v++) { sum += exp(logits[at + v * rows] - top); }
        let norm = top + log(sum);
        stats[slot * 2u * rows + o] = norm;
        stats[(slot * 2u + 1u) * rows + o] = select(0.0, logits[at + target_id * rows] - norm, counts);
        return;
    }
    let source = lane * VP * rows + o;
    let norm = stats[lane * 2u * rows + o];
    var mean = 0.0;
    for (var v = 0u; v < V; v++) { mean += exp(logits[source + v * rows] - norm) * logits[at + v * rows]; }
    stats[slot * 2u * rows + o] = mean;
    stats[(slot * 2u + 1u) * rows + o] = select(0.0, logits[at + target_id * rows] - mean, counts);
}
