// Layer normalization, one invocation per row, with its tangent and the derivative of both.
//
// n = (x − μ) s, y = g n + b. With P(v) = v − mean v − n mean(n v): dn = s P(dx), and P is symmetric.

const EPS: f32 = 1e-5;

@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
// Of a value: μ and s. Of a tangent: mean ẋ and mean(n ẋ).
@group(0) @binding(5) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let lane = lane_of(slot);
    let r = g.x * 32u + l;
    if (g.x * 32u >= row_count(batch_of(lane))) { return; }
    let rows = op.rows;
    let width = f32(D);
    let at = slot * DP * rows + r;
    let gain = lane * feed[6] + op.w;
    if (slot < op.lanes) {
        var sum = 0.0;
        for (var c = 0u; c < D; c++) { sum += x[at + c * rows]; }
        let mean = sum / width;
        var square = 0.0;
        for (var c = 0u; c < D; c++) {
            let v = x[at + c * rows] - mean;
            square += v * v;
        }
        let s = 1.0 / sqrt(square / width + EPS);
        for (var c = 0u; c < D; c++) {
            y[at + c * rows] = (x[at + c * rows] - mean) * s * params[gain + c] + params[lane * feed[6] + op.b + c];
        }
        stats[slot * 2u * rows + r] = mean;
        stats[(slot * 2u + 1u) * rows + r] = s;
        return;
    }
    let source = lane * DP * rows + r;
    let mean = stats[lane * 2u * rows + r];
    let s = stats[(lane * 2u + 1u) * rows + r];
    var sum = 0.0;
    var along = 0.0;
    for (var c = 0u; c < D; c++) {
        let dx = x[at + c * rows];
        sum += dx;
        along += dx * (x[source + c * rows] - mean) * s;
    }
    sum /= width;
    along /= width;
    for (var c = 0u; c < D; c++) {
        let n = (x[source + c * rows] - mean) * s;
        y[at + c * rows] = (x[at + c * rows] - sum - n * along) * s * params[gain + c];
    }
    stats[slot * 2u * rows + r] = sum;
    stats[(slot * 2u + 1u) * rows + r] = along;
}
