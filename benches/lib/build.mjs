// Bundles the page and the workers, and weighs what each contender ships.
import { build } from 'esbuild';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export const HERE = join(import.meta.dirname, '..');
const PEERS = ['ours', 'jax-js', 'tfjs-wasm', 'tfjs-webgpu'];
const WASM = join(HERE, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
const common = { bundle: true, format: 'esm', minify: true, write: false, platform: 'browser', absWorkingDir: HERE, logLevel: 'error' };

/** The folder with our built engines, `cpu` and `gpu`. */
export const engineDir = () => process.env.PREFSHIFT_ENGINE ?? join(HERE, '../www/public/engine');
export const hasEngine = (kind) => existsSync(join(engineDir(), kind, 'prefshift_bg.wasm'));

/** Path on the server to contents. */
export async function bundles() {
  const files = new Map();
  const entries = { page: 'lib/self.mjs', ...Object.fromEntries(PEERS.map((p) => [p, `peers/${p}.worker.mjs`])) };
  for (const [name, entry] of Object.entries(entries)) {
    const { outputFiles } = await build({ ...common, entryPoints: [entry] });
    files.set(`/${name}.js`, outputFiles[0].contents);
  }
  for (const kind of ['', '-simd', '-threaded-simd']) {
    const name = `tfjs-backend-wasm${kind}.wasm`;
    files.set(`/tfjs-wasm/${name}`, readFileSync(join(WASM, name)));
  }
  for (const kind of ['cpu', 'gpu'].filter(hasEngine)) {
    for (const name of ['prefshift.js', 'prefshift_bg.wasm']) files.set(`/engine/${kind}/${name}`, readFileSync(join(engineDir(), kind, name)));
  }
  const head = '<!doctype html><meta charset="utf-8"><title>prefshift bench</title><link rel="icon" href="data:">';
  files.set('/', `${head}<pre id="out"></pre><script type="module" src="/page.js"></script>`);
  return files;
}

function weigh(parts) {
  const brotli = (b) => brotliCompressSync(b, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: b.length } });
  const add = (f) => parts.reduce((n, b) => n + f(b), 0);
  return { raw: add((b) => b.length), gzip: add((b) => gzipSync(b, { level: 9 }).length), brotli: add((b) => brotli(b).length) };
}

/** Bytes of the library with the model above it: ours is glue and wasm, the peers are minified by esbuild. */
export async function sizes() {
  const bundle = async (entry) => Buffer.from((await build({ ...common, entryPoints: [entry] })).outputFiles[0].contents);
  const out = {};
  for (const kind of ['cpu', 'gpu'].filter(hasEngine)) {
    const parts = ['prefshift.js', 'prefshift_bg.wasm'].map((n) => readFileSync(join(engineDir(), kind, n)));
    out[`prefshift ${kind}`] = weigh(parts);
  }
  out['jax-js'] = weigh([await bundle('peers/jax-js.mjs')]);
  out['TensorFlow.js wasm'] = weigh([await bundle('peers/tfjs-wasm.mjs'), readFileSync(join(WASM, 'tfjs-backend-wasm-simd.wasm'))]);
  out['TensorFlow.js webgpu'] = weigh([await bundle('peers/tfjs-webgpu.mjs')]);
  return out;
}
