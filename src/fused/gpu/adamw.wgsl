// Gradient norms and AdamW over a lane's flat parameters.

@group(0) @binding(2) var<storage, read> grads: array<f32>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;
@group(0) @binding(4) var<storage, read> decay: array<f32>;
@group(0) @binding(5) var<storage, read_write> params: array<f32>;
// First moments of all lanes, then second moments.
@group(0) @binding(6) var<storage, read_write> moments: array<f32>;
@group(0) @binding(7) var<storage, read_write> measured: array<f32>;
var<workgroup> sums: array<f32, 64>;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPS: f32 = 1e-8;
const CLIP_EPS: f32 = 1e-6;
const PARTS: u32 = 64u;

fn total(l: u32) -> f32 {
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) { sum += sums[i]; }
    return sum;
}

// Squared norm of one part of PARTS.
@compute @workgroup_size(64)
fn squares(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let len = feed[6];
    var sum = 0.0;
    for (var i = g.x * 64u + l; i < len; i += PARTS * 64u) {
        let v = grads[lane * len + i];
        sum += v * v;
    }
    sums[l] = sum;
    let all = total(l);
    if (l == 0u) { partial[lane * PARTS + g.x] = all; }
}

// The norm alone, for gradients that are only looked at; with the update, where the mode says so.
@compute @workgroup_size(64)
fn update(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let len = feed[6];
    sums[l] = partial[lane * PARTS + l];
    let norm = sqrt(total(l));
    if (g.x == 0u && l == 0u) { measured[lane * op.k + op.k - 1u] = norm; }
    // Word 6 of a lane's record: it is frozen.
    if (op.mode == 0u || feed[lane_at(lane) + 6u] != 0u) { return; }
    let clip = min(bitcast<f32>(feed[2]) / (norm + CLIP_EPS), 1.0);
    let weight_decay = bitcast<f32>(feed[3]);
    let rate = bitcast<f32>(feed[lane_at(lane) + 1u]);
    let c1 = bitcast<f32>(feed[lane_at(lane) + 4u]);
    let c2 = bitcast<f32>(feed[lane_at(lane) + 5u]);
    let second = op.lanes * len;
    for (var n = 0u; n < 8u; n++) {
        let i = g.x * 512u + n * 64u + l;
        if (i < len) {
            let at = lane * len + i;
            let d = grads[at] * clip;
            let m = moments[at] * BETA1 + d * (1.0 - BETA1);
            let v = moments[second + at] * BETA2 + d * d * (1.0 - BETA2);
            moments[at] = m;
            moments[second + at] = v;
            let p = params[at];
            params[at] = p - rate * ((m / c1) / (sqrt(v / c2) + EPS) + weight_decay * decay[i] * p);
        }
    }
}
