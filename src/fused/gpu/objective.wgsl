// The methods: one workgroup per lane. Each method brings functions of its own (see `Objective::shader`), which every
// invocation calls for itself; none of them may synchronize.

@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> squares: array<f32>;
@group(0) @binding(4) var<storage, read_write> slopes: array<f32>;
// a, b, ℓ, weight, ‖g‖², share of the gradient of each pair, then loss, objective, τ and the gradient's norm, per lane.
@group(0) @binding(5) var<storage, read_write> measured: array<f32>;
// What a method keeps from step to step, one number per group and lane.
@group(0) @binding(6) var<storage, read_write> states: array<f32>;

var<private> lane: u32;
var<private> base: u32;

// What a method makes of a batch.
struct Summary {
    loss: f32,       // as published
    objective: f32,  // what is descended
    tau: f32,        // tilt temperature, 0 where there is none
    keep: vec4<f32>, // the method's own, for its weights
}

fn pairs() -> u32 { return op.sequences / 2u; }
fn column(i: u32) -> u32 { return lane * (6u * pairs() + 4u) + i * pairs(); }
fn param(i: u32) -> f32 { return bitcast<f32>(feed[lane_at(lane) + 8u + i]); }
fn loss(i: u32) -> f32 { return measured[column(2u) + i]; }
fn grad_sq(i: u32) -> f32 { return measured[column(4u) + i]; }
fn group_of(i: u32) -> u32 { return feed[base + 11u + 6u * op.rows + 3u * op.sequences + V + i]; }
fn ratio_w(i: u32) -> f32 { return measured[column(0u) + i]; }
fn ratio_l(i: u32) -> f32 { return measured[column(1u) + i]; }
fn margin(i: u32) -> f32 { return ratio_w(i) - ratio_l(i); }
fn logp_w(i: u32) -> f32 { return ratio_w(i) + reference(i); }
fn logp_l(i: u32) -> f32 { return ratio_l(i) + reference(pairs() + i); }
fn given(i: u32) -> f32 { return bitcast<f32>(feed[base + 11u + 6u * op.rows + 3u * op.sequences + V + pairs() + i]); }
fn soft(i: u32) -> f32 { return given(i); }
fn certainty(i: u32) -> f32 { return 2.0 * soft(i) - 1.0; }
fn tokens_w(i: u32) -> f32 { return given(pairs() + i); }
fn tokens_l(i: u32) -> f32 { return given(2u * pairs() + i); }
fn all_tokens_w() -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += tokens_w(i); }
    return sum;
}
// A loss and its slope by the margin, as a loss and its slopes by both log-ratios.
fn by_margin(loss: f32, slope: f32) -> vec3<f32> { return vec3(loss, slope, -slope); }
fn groups() -> u32 { return op.k; }
fn state(group: u32) -> f32 { return states[lane * groups() + group]; }
fn mean_loss() -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += loss(i); }
    return sum / f32(pairs());
}
fn mean_grad_sq() -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += grad_sq(i); }
    return sum / f32(pairs());
}
// The loss ℓ* at which t ℓ is largest, and the sum over pairs of exp(t (ℓ − ℓ*)).
fn tilted(t: f32) -> vec2<f32> {
    var top = loss(0u);
    for (var i = 1u; i < pairs(); i++) { top = select(min(top, loss(i)), max(top, loss(i)), t > 0.0); }
    var sum = 0.0;
    for (var i = 0u; i < pairs(); i++) { sum += exp(max(t * (loss(i) - top), -80.0)); }
    return vec2(top, sum);
}
// log(1 + e) for e in [0, 1], exact where e is small.
fn log1p(e: f32) -> f32 {
    let s = e / (2.0 + e);
    let q = s * s;
    return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q / 13.0))))));
}
// −log σ(z), and its first two derivatives.
fn softplus_loss(z: f32) -> vec3<f32> {
    let e = exp(-min(abs(z), 80.0));
    let small = e / (1.0 + e); // σ(−|z|)
    let falls = select(1.0 - small, small, z > 0.0);
    return vec3(max(-z, 0.0) + log1p(e), -falls, small * (1.0 - small));
}
// The pair loss of most methods and its first two derivatives by h: −log σ(βh).
fn default_loss(h: f32) -> vec3<f32> {
    let beta = param(0u);
    let v = softplus_loss(beta * h);
    return vec3(v.x, beta * v.y, beta * beta * v.z);
}
fn default_pair(i: u32) -> vec3<f32> {
    let v = default_loss(margin(i));
    return by_margin(v.x, v.y);
}
// The same with smoothed labels.
fn smoothed(beta: f32, epsilon: f32, h: f32) -> vec3<f32> {
    let up = softplus_loss(beta * h);
    let down = softplus_loss(-beta * h);
    return by_margin((1.0 - epsilon) * up.x + epsilon * down.x, beta * ((1.0 - epsilon) * up.y - epsilon * down.y));
}
fn default_summary() -> Summary {
    let mean = mean_loss();
    return Summary(mean, mean, 0.0, vec4<f32>());
}
fn default_weight() -> vec2<f32> { return vec2(1.0 / f32(pairs()), 0.0); }

//METHODS

// Sum over a sequence of a column of `stats`.
fn over(slot: u32, column: u32, sequence: u32) -> f32 {
    var sum = 0.0;
    for (var o = first_counted(base, sequence); o < first_counted(base, sequence + 1u); o++) {
        sum += stats[(slot * 2u + column) * op.rows + o];
    }
    return sum;
}
fn square_over(sequence: u32) -> f32 {
    var sum = 0.0;
    for (var r = first_row(base, sequence); r < first_row(base, sequence + 1u); r++) { sum += squares[lane * op.rows + r]; }
    return sum;
}
fn reference(sequence: u32) -> f32 {
    return bitcast<f32>(feed[base + 11u + 6u * op.rows + 2u * op.sequences + V + sequence]);
}

// Mode 0: log-ratios and losses; lanes without tangents are weighed, the others get the slopes of Σ ℓ.
// Mode 1: lanes with tangents are weighed.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let this_lane = op.z0 + g.z;
    lane = this_lane;
    base = batch_of(this_lane);
    let has_tangent = this_lane >= plain();
    let n = pairs();
    let which = feed[lane_at(this_lane) + 2u];
    let form = feed[lane_at(this_lane) + 3u];
    if (op.mode == 0u) {
        for (var i = l; i < n; i += 64u) {
            measured[column(0u) + i] = over(lane, 1u, i) - reference(i);
            measured[column(1u) + i] = over(lane, 1u, n + i) - reference(n + i);
            measured[column(4u) + i] = 0.0;
        }
        // A loss may look at other pairs.
        storageBarrier();
        for (var i = l; i < n; i += 64u) {
            let v = pair_of(which, form, i);
            measured[column(2u) + i] = v.x;
            if (has_tangent) {
                slopes[lane * 2u * op.sequences + i] = v.y;
                slopes[lane * 2u * op.sequences + n + i] = v.z;
            }
        }
    } else {
        for (var i = l; i < n; i += 64u) { measured[column(4u) + i] = square_over(i) + square_over(n + i); }
    }
    if (op.mode == 0u && has_tangent) { return; }
    storageBarrier();
    let s = summary_of(which, form);
    for (var i = l; i < n; i += 64u) {
        let weight = weight_of(which, form, i, s);
        let v = pair_of(which, form, i);
        measured[column(3u) + i] = weight.x;
        var by_a = weight.x * v.y;
        var by_b = weight.x * v.z;
        measured[column(5u) + i] = 0.5 * (abs(by_a) + abs(by_b));
        var by_moved = 0.0;
        if (has_tangent) {
            // Σ w ℓ + Σ c ℓ' ḣ: by h it is w ℓ' + c ℓ'' ḣ, by ḣ it is c ℓ'. Methods with tangents have DPO's loss.
            let moved = lane + op.tangents;
            let bent = weight.y * default_loss(margin(i)).z * (over(moved, 1u, i) - over(moved, 1u, n + i));
            by_a += bent;
            by_b -= bent;
            by_moved = weight.y * v.y;
        }
        let at = lane * 2u * op.sequences + i;
        slopes[at] = by_a;
        slopes[at + n] = by_b;
        slopes[at + op.sequences] = by_moved;
        slopes[at + op.sequences + n] = -by_moved;
    }
    if (l == 0u) {
        measured[column(6u)] = s.loss;
        measured[column(6u) + 1u] = s.objective;
        measured[column(6u) + 2u] = s.tau;
    }
    for (var from_group = 0u; from_group < groups(); from_group += 64u) {
        var next = 0.0;
        if (from_group + l < groups()) { next = state_of(which, form, from_group + l); }
        storageBarrier();
        if (from_group + l < groups()) { states[lane * groups() + from_group + l] = next; }
    }
}
