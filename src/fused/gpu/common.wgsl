// Shared by every kernel. Activations are feature-major, [slot][feature][row]: neighboring invocations hold neighboring
// rows, so their loads are contiguous, and a weight is the same for all of them.
//
// A slot is a lane's values (slot = lane) or, behind those, the tangents of the lanes that have them.

struct Op {
    lanes: u32,      // lanes in this pass
    tangents: u32,   // how many of them, the last ones, have tangents
    rows: u32,       // rows per slot and feature, a multiple of 32
    sequences: u32,
    z0: u32,         // first slot (or lane) of this launch
    counted: u32,    // 1: rows are those that count (and their neighbors in fours); 0: all rows
    map: u32,        // 1: the other side of this kernel has rows of the other kind
    mode: u32,
    k: u32,          // features in
    j: u32,          // features out
    jp: u32,         // the same, padded to a multiple of 4: the weight's row stride
    w: u32,          // weight (or gain), first element in a lane's parameters
    b: u32,          // bias, likewise, or NONE
    dual: u32,       // 1: lanes with tangents take the derivative of both
    shift: u32,      // added to the slot that is written
    extra: u32,
}

const NONE: u32 = 0xffffffffu;
@group(0) @binding(0) var<uniform> op: Op;
// 16 words of the step, the lanes, the batches; see batch.rs.
@group(0) @binding(1) var<storage, read> feed: array<u32>;

fn plain() -> u32 { return op.lanes - op.tangents; }
fn lane_of(slot: u32) -> u32 { return select(slot - op.tangents, slot, slot < op.lanes); }
fn pad4(n: u32) -> u32 { return (n + 3u) & ~3u; }
fn lane_at(lane: u32) -> u32 { return 16u + lane * 32u; }
fn batch_of(lane: u32) -> u32 { return feed[4] + feed[lane_at(lane)] * feed[5]; }
// Sections of a batch, whose first word is `base`.
fn row_count(base: u32) -> u32 { return feed[base + op.counted]; }
fn token(base: u32, row: u32) -> u32 { return feed[base + 8u + row]; }
// Position in the sequence, and the sequence in the upper half.
fn place(base: u32, row: u32) -> u32 { return feed[base + 8u + op.rows + row]; }
// The row of a counted row, and the counted row of a row (or NONE).
fn row_of(base: u32, counted: u32) -> u32 { return feed[base + 8u + 2u * op.rows + counted]; }
fn counted_of(base: u32, row: u32) -> u32 { return feed[base + 8u + 3u * op.rows + row]; }
// What a counted row should predict, with the highest bit set where that counts.
fn target_of(base: u32, counted: u32) -> u32 { return feed[base + 8u + 4u * op.rows + counted]; }
// Rows sorted by token, and where each token's begin.
fn sorted_row(base: u32, i: u32) -> u32 { return feed[base + 8u + 5u * op.rows + i]; }
// First row, and first counted row, of each sequence; one more entry at the end.
fn first_row(base: u32, sequence: u32) -> u32 { return feed[base + 8u + 6u * op.rows + sequence]; }
fn first_counted(base: u32, sequence: u32) -> u32 { return feed[base + 9u + 6u * op.rows + op.sequences + sequence]; }
fn first_sorted(base: u32, id: u32) -> u32 { return feed[base + 10u + 6u * op.rows + 2u * op.sequences + id]; }

const SQRT_HALF: f32 = 0.70710678;
const INV_SQRT_TAU: f32 = 0.3989422804;

// Rational approximation, some units in the last place.
fn erf(v: f32) -> f32 {
    let x = clamp(v, -4.0, 4.0);
    let s = x * x;
    var a = -2.72614225801306e-10;
    a = a * s + 2.77068142495902e-08;
    a = a * s - 2.10102402082508e-06;
    a = a * s - 5.69250639462346e-05;
    a = a * s - 7.34990630326855e-04;
    a = a * s - 2.95459980854025e-03;
    a = a * s - 1.60960333262415e-02;
    var b = -1.45660718464996e-05;
    b = b * s - 2.13374055278905e-04;
    b = b * s - 1.68282697438203e-03;
    b = b * s - 7.37332916720468e-03;
    b = b * s - 1.42647390514189e-02;
    return x * a / b;
}
fn phi(x: f32) -> f32 { return INV_SQRT_TAU * exp(-0.5 * min(x * x, 160.0)); }
fn normal_cdf(x: f32) -> f32 { return 0.5 * (1.0 + erf(x * SQRT_HALF)); }
fn gelu(x: f32) -> f32 { return x * normal_cdf(x); }
fn gelu1(x: f32) -> f32 { return normal_cdf(x) + x * phi(x); }
fn gelu2(x: f32) -> f32 { return phi(x) * (2.0 - x * x); }
