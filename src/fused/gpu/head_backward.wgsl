// From the gradients A of log-probabilities and C of their tangents to those of the logits:
// z̄ = A (1_target − p) − C p (ż − Σ p ż), and for ż: C (1_target − p).

@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
// A and C of each sequence, [lane][2][sequence].
@group(0) @binding(4) var<storage, read> slopes: array<f32>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let base = batch_of(lane);
    let o = g.x * 32u + l;
    if (o >= row_count(base)) { return; }
    let rows = op.rows;
    let at = lane * VP * rows + o;
    let aim = target_of(base, o);
    let counts = select(0.0, 1.0, aim >> 31u == 1u);
    let sequence = place(base, row_of(base, o)) >> 16u;
    let a = slopes[lane * 2u * op.sequences + sequence] * counts;
    let norm = stats[lane * 2u * rows + o];
    let both = op.dual == 1u && lane >= plain();
    let tangent = lane + op.tangents;
    let too = tangent * VP * rows + o;
    let c = slopes[(lane * 2u + 1u) * op.sequences + sequence] * counts;
    let mean = stats[tangent * 2u * rows + o];
    for (var v = g.y * 8u; v < min(g.y * 8u + 8u, V); v++) {
        let prob = exp(logits[at + v * rows] - norm);
        let rest = select(0.0, 1.0, v == (aim & 0x7fffffffu)) - prob;
        if (both) {
            dlogits[at + v * rows] = a * rest - c * prob * (logits[too + v * rows] - mean);
            dlogits[too + v * rows] = c * rest;
        } else {
            dlogits[at + v * rows] = a * rest;
        }
    }
}
