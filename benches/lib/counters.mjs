// Counts what a contender asks of WebGPU and WebAssembly by wrapping the browser's own methods, for all alike.
// It is loaded before the contender and does so where the worker's address asks for it: `?count`.

export const counts = { dispatches: 0, submits: 0, pipelines: 0, buffers: 0, bindGroups: 0, writes: 0, maps: 0, liveBytes: 0, liveBuffers: 0 };
const memories = new Set();
const gone = typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry((held) => release(held));

function release(held) {
  if (held.freed) return;
  held.freed = true;
  counts.liveBytes -= held.size;
  counts.liveBuffers -= 1;
}

function wrap(type, name, before, after) {
  const proto = globalThis[type]?.prototype;
  const original = proto?.[name];
  if (!original) return;
  proto[name] = function (...args) {
    before?.(args, this);
    const result = original.apply(this, args);
    return after ? after(result, args) : result;
  };
}

function countGpu() {
  wrap('GPUComputePassEncoder', 'dispatchWorkgroups', () => counts.dispatches++);
  wrap('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', () => counts.dispatches++);
  wrap('GPUQueue', 'submit', () => counts.submits++);
  wrap('GPUQueue', 'writeBuffer', () => counts.writes++);
  wrap('GPUBuffer', 'mapAsync', () => counts.maps++);
  wrap('GPUDevice', 'createComputePipeline', () => counts.pipelines++);
  wrap('GPUDevice', 'createComputePipelineAsync', () => counts.pipelines++);
  wrap('GPUDevice', 'createBindGroup', () => counts.bindGroups++);
  const holds = new WeakMap();
  wrap('GPUDevice', 'createBuffer', undefined, (buffer, [descriptor]) => {
    const held = { size: descriptor.size, freed: false };
    counts.buffers++;
    counts.liveBuffers++;
    counts.liveBytes += held.size;
    holds.set(buffer, held);
    gone?.register(buffer, held);
    return buffer;
  });
  wrap('GPUBuffer', 'destroy', (_, buffer) => {
    const held = holds.get(buffer);
    if (held) release(held);
  });
}

/** Remembers every memory that WebAssembly is given or makes. */
function watchWasm() {
  const seen = (instance) => {
    for (const value of Object.values(instance.exports)) if (value instanceof WebAssembly.Memory) memories.add(value);
  };
  // Proxies, so that `instanceof` goes on working.
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args) {
      const made = new target(...args);
      memories.add(made);
      return made;
    },
  });
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args) {
      const made = new target(...args);
      seen(made);
      return made;
    },
  });
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const result = await original.apply(WebAssembly, args);
      seen(result.instance ?? result);
      return result;
    };
  }
}

/** Bytes held now: WebAssembly, and GPU buffers neither destroyed nor collected. */
export function memory() {
  let wasm = 0;
  for (const m of memories) wasm += m.buffer.byteLength;
  return { wasm, gpu: counts.liveBytes, gpuBuffers: counts.liveBuffers };
}

if (self.location.search.includes('count')) {
  countGpu();
  watchWasm();
}
