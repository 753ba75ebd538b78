// Back through a layer norm, added to the gradient that passes by it: one invocation per row.

@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> params: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> dn: array<f32>;
@group(0) @binding(6) var<storage, read> beside: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;
@group(0) @binding(8) var<storage, read_write> squares: array<f32>;

// What passes by, from row `source` (NONE: nothing does).
fn passing(slot: u32, c: u32, source: u32) -> f32 {
    if (source == NONE) { return 0.0; }
    return beside[(slot * DP + c) * op.rows + source];
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let lane = op.z0 + g.z;
    let r = g.x * 32u + l;
    let base = batch_of(lane);
    if (r >= row_count(base)) { return; }
    let rows = op.rows;
    let width = f32(D);
    let at = lane * DP * rows + r;
    let gain = lane * feed[6] + op.w;
    let mean = stats[lane * 2u * rows + r];
    let s = stats[(lane * 2u + 1u) * rows + r];
    // Mode 0: nothing passes by, 1: something does.
    var source = NONE;
    if (op.mode == 1u) {
        source = r;
        if (op.map == 1u) { source = counted_of(base, r); }
    }
    var u_mean = 0.0;
    var u_along = 0.0;
    for (var c = 0u; c < D; c++) {
        let u = params[gain + c] * dn[at + c * rows];
        u_mean += u;
        u_along += u * (x[at + c * rows] - mean) * s;
    }
    u_mean /= width;
    u_along /= width;
    if (op.dual == 0u || lane < plain()) {
        var square = 0.0;
        for (var c = 0u; c < D; c++) {
            let n = (x[at + c * rows] - mean) * s;
            let v = passing(lane, c, source) + s * (params[gain + c] * dn[at + c * rows] - u_mean - n * u_along);
            dx[at + op.shift * DP * rows + c * rows] = v;
            square += v * v;
        }
        if (op.extra == 1u) { squares[lane * rows + r] = square; }
        return;
    }
    // φ = ⟨z, s P(ẋ)⟩ = D s (cov(z, ẋ) − a b) with a = mean(n ẋ), b = mean(n z), and
    // ∂φ/∂x = −s² (n (cov − a b) + b P(ẋ) + a P(z)).
    let tangent = lane + op.tangents;
    let too = tangent * DP * rows + r;
    let x_mean = stats[tangent * 2u * rows + r];
    let a = stats[(tangent * 2u + 1u) * rows + r];
    var z_mean = 0.0;
    var b = 0.0;
    var cov = 0.0;
    for (var c = 0u; c < D; c++) {
        let z = params[gain + c] * dn[too + c * rows];
        z_mean += z;
        b += z * (x[at + c * rows] - mean) * s;
        cov += z * (x[too + c * rows] - x_mean);
    }
    z_mean /= width;
    b /= width;
    cov /= width;
    for (var c = 0u; c < D; c++) {
        let n = (x[at + c * rows] - mean) * s;
        let u = params[gain + c] * dn[at + c * rows];
        let z = params[gain + c] * dn[too + c * rows];
        let pz = z - z_mean - n * b;
        let px = x[too + c * rows] - x_mean - n * a;
        let second = n * (cov - a * b) + b * px + a * pz;
        dx[at + c * rows] = passing(lane, c, source) + s * (u - u_mean - n * u_along) - s * s * second;
        dx[too + c * rows] = passing(tangent, c, source) + s * pz;
    }
}
