// Runs in the page: makes workers, hands them the work and passes their answers on.
import { SHAPES, assemble } from './workload.mjs';

const workers = new Map();
const works = {};
let calls = 0;

function call(name, command, args) {
  const worker = workers.get(name);
  return new Promise((resolve, reject) => {
    const id = ++calls;
    const heard = ({ data }) => {
      if (data.id !== id) return;
      worker.removeEventListener('message', heard);
      if (data.error) reject(new Error(`${name}: ${data.error}`));
      else resolve(data.value);
    };
    worker.addEventListener('message', heard);
    worker.onerror = (e) => reject(new Error(`${name}: ${e.message}`));
    worker.postMessage({ id, command, args });
  });
}

export const bench = {
  /** Workload of every shape, as our CPU engine reads it. */
  async setup(shapes = SHAPES) {
    workers.set('probe', new Worker('/ours.js', { type: 'module' }));
    await call('probe', 'load', { backend: 'cpu' });
    for (const [name, shape] of Object.entries(shapes)) works[name] = assemble(shape, await call('probe', 'probe', { shape }));
    bench.close('probe');
  },
  /** Loads a contender into a worker of its own. */
  async open(name, { contender, backend, count = false }) {
    const script = contender === 'tfjs' ? (backend === 'cpu' ? 'tfjs-wasm' : 'tfjs-webgpu') : contender;
    workers.set(name, new Worker(`/${script}.js${count ? '?count' : ''}`, { type: 'module' }));
    return call(name, 'load', { backend });
  },
  start: (name, shape, options = {}) => call(name, 'start', { work: works[shape], options }),
  call,
  close(name) {
    workers.get(name)?.terminate();
    workers.delete(name);
  },
  closeAll: () => [...workers.keys()].forEach(bench.close),
  /** One shape's work as JSON, for what runs outside the browser. */
  give(shape) {
    const { reference, jsonl: _, params: __, ...rest } = works[shape];
    const plain = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, ArrayBuffer.isView(v) ? [...v] : v]));
    return { ...plain, reference: btoa(Array.from(reference, (b) => String.fromCharCode(b)).join('')) };
  },
  /** Turns of several workers at once, for what two cores give. */
  together: (names, args) => Promise.all(names.map((name) => call(name, 'turn', args))),
  async adapter() {
    const info = (await navigator.gpu?.requestAdapter())?.info;
    if (!info) return null;
    const { vendor, architecture, device, description } = info;
    return { vendor, architecture, device, description, software: info.isFallbackAdapter ?? null };
  },
};

globalThis.bench = bench;
