// The next token of every row: the prompt's where it goes on, else the likeliest after noise.

@group(0) @binding(2) var<storage, read> logits: array<f32>;
// Gumbel noise at the temperature, [position][row][token].
@group(0) @binding(3) var<storage, read> noise: array<f32>;
// The prompts' tokens, [position][row]; NONE behind their ends.
@group(0) @binding(4) var<storage, read> prompts: array<u32>;
// What was written, [position][slot][row].
@group(0) @binding(5) var<storage, read_write> written: array<u32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    let slot = op.z0 + g.z;
    let base = batch_of(slot);
    let r = g.x * 32u + l;
    let t = (place(base, 0u) & 0xffffu) + 1u;
    if (r >= row_count(base) || t >= T) { return; }
    let forced = prompts[t * op.rows + r];
    var best = 0u;
    var top = -3e38;
    for (var v = 0u; v < V; v++) {
        // Of the special tokens (ids up to k) only the end (j) may be written.
        let banned = select(0.0, -1e9, v <= op.k && v != op.j);
        let score = logits[(slot * VP + v) * op.rows + r] + banned + noise[(t * op.rows + r) * V + v];
        if (score > top) {
            top = score;
            best = v;
        }
    }
    written[(t * op.lanes + slot) * op.rows + r] = select(best, forced, forced != NONE);
}
