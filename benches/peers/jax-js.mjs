// The same work in jax-js: value, gradient, clip and AdamW in one jitted step. Embeddings are one-hot products, since
// the gradient of its gather fails under jit; every step waits for its loss, as its documentation advises.
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

const PER_BLOCK = 12;

/** Opens `backend` ('wasm' or 'webgpu') and makes everything but the first step. */
export async function create(backend, work) {
  const open = await init(backend);
  if (!open.includes(backend)) throw new Error(`jax-js: no ${backend} here`);
  defaultDevice(backend);
  const { shape, train } = work;
  const [b, t, v] = [shape.pairs, shape.context, shape.vocabulary];
  const s = 2 * b;

  // Parameters are one vector, cut into views inside the step: the clip and AdamW are then a few kernels instead of
  // several per tensor (250 launches a step, not 369; about a third faster on the software adapter).
  const dims = work.params.map((p) => (p.shape[0] === 1 ? [p.shape[1]] : p.shape));
  const cuts = work.params.slice(0, -1).reduce((at, p) => [...at, (at.at(-1) ?? 0) + p.data.length], []);
  const total = work.params.reduce((n, p) => n + p.data.length, 0);
  const parts = (flat) => np.split(flat, cuts, 0).map((x, i) => x.reshape(dims[i]));
  const first = new Float32Array(total);
  work.params.forEach((p, i) => first.set(p.data, i === 0 ? 0 : cuts[i - 1]));

  const data = {
    tokens: np.array(oneHot(work.tokens, v), { shape: [s * t, v] }),
    targets: np.array(oneHot(work.targets, v, work.mask), { shape: [s * t, v] }),
    mask: np.array(work.mask, { shape: [s, t] }),
    causal: np.array(Float32Array.from({ length: t * t }, (_, i) => (i % t <= Math.floor(i / t) ? 0 : -1e9)), { shape: [t, t] }),
  };
  const sign = np.array(Float32Array.of(1, -1), { shape: [2, 1] });
  let params = np.array(first);
  const reference = jit((p, d) => sequenceLogps(shape, parts(p), d))(params.ref, tree.ref(data));
  await blockUntilReady(reference);

  const lossOf = (p, d, ref, sgn) => {
    const ratios = sequenceLogps(shape, parts(p), d).sub(ref).reshape([2, b]);
    return np.mean(nn.softplus(np.sum(ratios.mul(sgn), 0).mul(-train.beta)));
  };
  const step = jit((p, m, vv, powers, d, ref, sgn) => {
    const [loss, g] = valueAndGrad(lossOf)(p.ref, d, ref, sgn);
    const norm = np.sqrt(np.sum(np.square(g.ref)));
    const gs = g.mul(np.minimum(np.reciprocal(norm.add(1e-6)).mul(train.clip), 1));
    const [p1, p2] = [powers[0].mul(train.beta1), powers[1].mul(train.beta2)];
    const unbiased = (power) => np.reciprocal(power.ref.mul(-1).add(1));
    const m1 = m.mul(train.beta1).add(gs.ref.mul(1 - train.beta1));
    const v1 = vv.mul(train.beta2).add(np.square(gs).mul(1 - train.beta2));
    const update = m1.ref.mul(unbiased(p1)).div(np.sqrt(v1.ref.mul(unbiased(p2))).add(train.eps));
    return [p.sub(update.mul(train.learningRate)), m1, v1, [p1, p2], loss];
  });

  let rest = [np.zeros([total]), np.zeros([total]), [np.array(1), np.array(1)]];
  return {
    async step() {
      const [p, m, vv, powers, loss] = step(params, ...rest, tree.ref(data), reference.ref, sign.ref);
      params = p;
      rest = [m, vv, powers];
      await blockUntilReady(loss);
      return loss;
    },
    async read(loss) {
      return (await loss.data())[0];
    },
    discard: (loss) => loss.dispose(),
  };
}

function oneHot(ids, n, scale) {
  const out = new Float32Array(ids.length * n);
  ids.forEach((id, i) => (out[i * n + id] = scale ? scale[i] : 1));
  return out;
}

function layerNorm(x, gain, bias) {
  const centered = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), -1, { keepdims: true });
  return centered.mul(np.reciprocal(np.sqrt(variance.add(1e-5)))).mul(gain).add(bias);
}

const gelu = (x) => x.ref.mul(0.5).mul(lax.erf(x.mul(Math.SQRT1_2)).add(1));

/** Summed log-probability of every answer, `[2·pairs]`; consumes its arguments. */
function sequenceLogps(shape, p, d) {
  const [t, w, heads] = [shape.context, shape.width, shape.heads];
  const [s, dh] = [2 * shape.pairs, w / heads];
  let x = np.matmul(d.tokens, p[0]).reshape([s, t, w]).add(p[1]).reshape([s * t, w]);
  for (let i = 0; i < shape.layers; i++) {
    const q = p.slice(2 + PER_BLOCK * i, 2 + PER_BLOCK * (i + 1));
    const n = layerNorm(x.ref, q[0], q[1]);
    const qkv = np.matmul(n, q[2]).add(q[3]).reshape([s, t, 3, heads, dh]);
    const [qs, ks, vs] = np.split(np.transpose(qkv, [2, 0, 3, 1, 4]), 3, 0).map((y) => y.reshape([s, heads, t, dh]));
    const scores = np.matmul(qs, np.transpose(ks, [0, 1, 3, 2])).mul(1 / Math.sqrt(dh)).add(d.causal.ref);
    const mixed = np.transpose(np.matmul(nn.softmax(scores, -1), vs), [0, 2, 1, 3]).reshape([s * t, w]);
    x = x.add(np.matmul(mixed, q[4]).add(q[5]));
    const up = gelu(np.matmul(layerNorm(x.ref, q[6], q[7]), q[8]).add(q[9]));
    x = x.add(np.matmul(up, q[10]).add(q[11]));
  }
  d.causal.dispose();
  const at = 2 + PER_BLOCK * shape.layers;
  const logits = np.matmul(layerNorm(x, p[at], p[at + 1]), p[at + 2]);
  const hit = np.sum(logits.ref.mul(d.targets), -1).reshape([s, t]);
  const lse = nn.logsumexp(logits, -1).reshape([s, t]);
  return np.sum(hit.sub(lse.mul(d.mask)), -1);
}
