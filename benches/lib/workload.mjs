// The work that every contender does: one model, one batch, one set of first parameters.
// Everything comes from a seed; what our engine makes of the text (vocabulary, training pairs) is read from it.

/** Fixed for all contenders; AdamW without weight decay, constant rate. */
export const TRAIN = { beta: 0.1, learningRate: 1e-3, clip: 1.0, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

/** `rows` of text go into the file, `pairs` of them are trained on; all sequences fill T. */
export const SHAPES = {
  shape: { width: 64, layers: 2, heads: 4, context: 32, pairs: 16, prompt: 12, answer: 17, rows: 24 },
  tiny: { width: 16, layers: 2, heads: 2, context: 8, pairs: 2, prompt: 2, answer: 3, rows: 24 },
};
/** With the five special tokens the vocabulary has 96. */
const WORDS = 91;
const [BOS, SEP, EOS] = [1, 2, 3];

/** Uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Pairs as JSON Lines, every word at least once. */
export function jsonl(shape) {
  const next = uniform(7);
  const perRow = shape.prompt + 2 * shape.answer;
  const ids = Array.from({ length: shape.rows * perRow }, (_, i) => (i < WORDS ? i : Math.floor(next() * WORDS)));
  for (let i = ids.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  const words = ids.map((i) => `w${String(i).padStart(2, '0')}`);
  const take = (n) => words.splice(0, n).join(' ');
  const row = () => ({ prompt: take(shape.prompt), chosen: take(shape.answer), rejected: take(shape.answer) });
  return Array.from({ length: shape.rows }, () => JSON.stringify(row())).join('\n');
}

/** Lanes by method id; `kldpo:0.5` sets τ. */
export function lane(text) {
  const [method, tau] = text.split(':');
  return { method, params: { beta: TRAIN.beta, ...(tau ? { tau: Number(tau) } : {}) } };
}

/** The run as our engine wants it: no sampling, one evaluation before the first step. */
export function config(shape, lanes, frameEvery = 1) {
  return {
    seed: 1,
    data: { scenario: 'imported', pairs: shape.pairs, eval_pairs: 1, mix: [1] },
    model: { policy: 'gpt', d_model: shape.width, layers: shape.layers, heads: shape.heads, context: shape.context, tied: false },
    sft: { bundled: false },
    lanes: lanes.map(lane),
    train: {
      steps: 1_000_000, batch: shape.pairs, learning_rate: TRAIN.learningRate, warmup: 0, schedule: 'constant',
      weight_decay: 0, clip: TRAIN.clip, frame_every: frameEvery,
    },
    eval: { every: 1_000_000, samples: 0 },
  };
}

/** First parameters, in the order and with the spreads of the engine's own (`Gpt::specs_of`). */
export function parameters(shape, vocabulary) {
  const next = uniform(11);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const fill = (n, value) => Float32Array.from({ length: n }, value);
  const { width: d, layers, context } = shape;
  const out = [];
  const matrix = (name, r, c, sd = 0.02) => out.push({ name, shape: [r, c], data: fill(r * c, () => normal() * sd) });
  const vector = (name, n, value) => out.push({ name, shape: [1, n], data: fill(n, () => value) });
  const residual = 0.02 / Math.sqrt(2 * layers);
  matrix('wte', vocabulary, d);
  matrix('wpe', context, d);
  for (let i = 0; i < layers; i++) {
    vector(`h.${i}.ln1.g`, d, 1);
    vector(`h.${i}.ln1.b`, d, 0);
    matrix(`h.${i}.attn.qkv.w`, d, 3 * d);
    vector(`h.${i}.attn.qkv.b`, 3 * d, 0);
    matrix(`h.${i}.attn.out.w`, d, d, residual);
    vector(`h.${i}.attn.out.b`, d, 0);
    vector(`h.${i}.ln2.g`, d, 1);
    vector(`h.${i}.ln2.b`, d, 0);
    matrix(`h.${i}.mlp.up.w`, d, 4 * d);
    vector(`h.${i}.mlp.up.b`, 4 * d, 0);
    matrix(`h.${i}.mlp.down.w`, 4 * d, d, residual);
    vector(`h.${i}.mlp.down.b`, d, 0);
  }
  vector('ln_f.g', d, 1);
  vector('ln_f.b', d, 0);
  matrix('head.w', d, vocabulary);
  return out;
}

/** A policy file of our engine. */
export function safetensors(shape, words, params) {
  const header = { __metadata__: { prefshift: JSON.stringify({ model: config(shape, []).model, vocabulary: words, note: 'bench' }) } };
  let at = 0;
  for (const p of params) {
    header[p.name] = { dtype: 'F32', shape: p.shape, data_offsets: [at, at + p.data.byteLength] };
    at += p.data.byteLength;
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (text.length % 8)) % 8);
  const head = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + head.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  let to = 8 + head.length;
  for (const p of params) {
    bytes.set(new Uint8Array(p.data.buffer), to);
    to += p.data.byteLength;
  }
  return bytes;
}

/** The one batch, `[2·pairs, T]`, chosen answers first: tokens, next tokens, and where those count. */
export function batch(shape, words, texts) {
  const { context: t } = shape;
  const id = new Map(words.map((w, i) => [w, i]));
  const ids = (text) => text.split(' ').map((w) => {
    const i = id.get(w);
    if (i === undefined) throw new Error(`workload: the engine does not know the word ${w}`);
    return i;
  });
  const sequences = [...texts.map((p) => [p.prompt, p.chosen]), ...texts.map((p) => [p.prompt, p.rejected])];
  const tokens = new Int32Array(sequences.length * t);
  const targets = new Int32Array(tokens.length);
  const mask = new Float32Array(tokens.length);
  sequences.forEach(([prompt, answer], s) => {
    const row = [BOS, ...ids(prompt), SEP, ...ids(answer), EOS];
    if (row.length !== t) throw new Error(`workload: a sequence of ${row.length} tokens, not ${t}`);
    const first = ids(prompt).length + 2;
    row.forEach((token, i) => {
      tokens[s * t + i] = token;
      targets[s * t + i] = i + 1 < t ? row[i + 1] : 0;
      mask[s * t + i] = i + 1 >= first && i + 1 < t ? 1 : 0;
    });
  });
  return { tokens, targets, mask };
}

/** Everything of one shape, from the `started` event of our engine: what goes to whom. */
export function assemble(shape, started) {
  const words = started.vocabulary;
  if (words.length !== WORDS + 5) throw new Error(`workload: a vocabulary of ${words.length}, not ${WORDS + 5}`);
  if (started.pairs.length !== shape.pairs) throw new Error(`workload: ${started.pairs.length} pairs, not ${shape.pairs}`);
  const params = parameters(shape, words.length);
  return {
    shape: { ...shape, vocabulary: words.length },
    train: TRAIN,
    params,
    ...batch(shape, words, started.pairs),
    jsonl: jsonl(shape),
    reference: safetensors(shape, words, params),
  };
}
