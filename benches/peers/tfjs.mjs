// The same work in TensorFlow.js, as its own optimizers work: gradients by tape, AdamW per variable. Embeddings are
// one-hot products, which its wasm backend needs; softplus(−βh), since its logSigmoid fails in training.
import * as tf from '@tensorflow/tfjs-core';

const PER_BLOCK = 12;

/** Makes everything but the first step on the backend that is already set. */
export async function create(work) {
  const { shape, train } = work;
  const [b, t, v] = [shape.pairs, shape.context, shape.vocabulary];
  const s = 2 * b;
  const dims = (p) => (p.shape[0] === 1 ? [p.shape[1]] : p.shape);
  const params = work.params.map((p) => tf.variable(tf.tensor(p.data, dims(p))));
  const zeros = () => work.params.map((p) => tf.variable(tf.zeros(dims(p)), false));
  const [first, second] = [zeros(), zeros()];
  const hot = (ids) => tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(ids, 'int32'), v), 'float32'));
  const mask = tf.tensor(work.mask, [s, t]);
  const d = {
    tokens: hot(work.tokens),
    targets: tf.tidy(() => tf.mul(hot(work.targets), tf.reshape(mask, [s * t, 1]))),
    mask,
    causal: tf.tensor(Float32Array.from({ length: t * t }, (_, i) => (i % t <= Math.floor(i / t) ? 0 : -1e9)), [t, t]),
  };
  const reference = tf.tidy(() => sequenceLogps(shape, params, d));
  await reference.data();

  const lossOf = () => {
    const ratios = tf.reshape(tf.sub(sequenceLogps(shape, params, d), reference), [2, b]);
    const [chosen, rejected] = tf.unstack(ratios, 0);
    return tf.mean(tf.softplus(tf.mul(tf.sub(chosen, rejected), -train.beta)));
  };
  let steps = 0;
  const step = () => tf.tidy(() => {
    const { value, grads } = tf.variableGrads(lossOf, params);
    const g = params.map((p) => grads[p.name]);
    const norm = tf.sqrt(tf.addN(g.map((x) => tf.sum(tf.square(x)))));
    const scale = tf.minimum(tf.mul(tf.reciprocal(tf.add(norm, 1e-6)), train.clip), 1);
    steps += 1;
    const [c1, c2] = [1 / (1 - train.beta1 ** steps), 1 / (1 - train.beta2 ** steps)];
    g.forEach((gi, i) => {
      const gs = tf.mul(gi, scale);
      const m = tf.add(tf.mul(first[i], train.beta1), tf.mul(gs, 1 - train.beta1));
      const vv = tf.add(tf.mul(second[i], train.beta2), tf.mul(tf.square(gs), 1 - train.beta2));
      const update = tf.div(tf.mul(m, c1 * train.learningRate), tf.add(tf.sqrt(tf.mul(vv, c2)), train.eps));
      first[i].assign(m);
      second[i].assign(vv);
      params[i].assign(tf.sub(params[i], update));
    });
    return tf.keep(value);
  });

  return {
    async step() {
      const loss = step();
      const value = (await loss.data())[0];
      loss.dispose();
      return value;
    },
    read: async (loss) => loss,
    discard: () => {},
  };
}

function layerNorm(x, gain, bias) {
  const centered = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centered), -1, true);
  return tf.add(tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-5))), gain), bias);
}

const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

function sequenceLogps(shape, p, d) {
  const [t, w, heads] = [shape.context, shape.width, shape.heads];
  const [s, dh] = [2 * shape.pairs, w / heads];
  let x = tf.reshape(tf.add(tf.reshape(tf.matMul(d.tokens, p[0]), [s, t, w]), p[1]), [s * t, w]);
  for (let i = 0; i < shape.layers; i++) {
    const q = p.slice(2 + PER_BLOCK * i, 2 + PER_BLOCK * (i + 1));
    const qkv = tf.add(tf.matMul(layerNorm(x, q[0], q[1]), q[2]), q[3]);
    const [qs, ks, vs] = tf.split(qkv, 3, 1).map((y) => tf.transpose(tf.reshape(y, [s, t, heads, dh]), [0, 2, 1, 3]));
    const scores = tf.add(tf.mul(tf.matMul(qs, ks, false, true), 1 / Math.sqrt(dh)), d.causal);
    const mixed = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), vs), [0, 2, 1, 3]), [s * t, w]);
    x = tf.add(x, tf.add(tf.matMul(mixed, q[4]), q[5]));
    const up = gelu(tf.add(tf.matMul(layerNorm(x, q[6], q[7]), q[8]), q[9]));
    x = tf.add(x, tf.add(tf.matMul(up, q[10]), q[11]));
  }
  const at = 2 + PER_BLOCK * shape.layers;
  const logits = tf.matMul(layerNorm(x, p[at], p[at + 1]), p[at + 2]);
  const hit = tf.reshape(tf.sum(tf.mul(logits, d.targets), -1), [s, t]);
  const lse = tf.reshape(tf.logSumExp(logits, -1), [s, t]);
  return tf.sum(tf.sub(hit, tf.mul(lse, d.mask)), -1);
}
