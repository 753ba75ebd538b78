// What the tests rig in a worker before its script runs. It is sent as text, so it must not refer to anything outside itself.

export interface Rig {
  /** `requestAdapter` finds none. */
  noAdapter?: boolean;
  /** The browser has no WebGPU. */
  noGpu?: boolean;
  /** The adapter has the limits that every WebGPU has, and no optional feature. */
  base?: boolean;
  /** Buffers can be made up to so many bytes in all. */
  memory?: number;
  /** In every shader, this text is replaced by that. */
  shader?: [string, string];
}

/** What a test can ask of a rigged worker while it runs. */
export type Order = 'destroy' | 'map-hangs' | 'map-rejects' | 'not-a-number' | 'close' | 'spin' | 'trap' | 'throw' | 'init-again' | 'memory';

export function prologue(rig: Rig): void {
  const channel = new BroadcastChannel('prefshift-faults');
  const devices: GPUDevice[] = [];
  const memories: WebAssembly.Memory[] = [];
  let mapping: 'works' | 'hangs' | 'rejects' = 'works';
  let first: MessageEvent | undefined;
  /** Bytes of GPU buffers that were made and neither destroyed nor collected. */
  let live = 0;
  /** Where the lanes' parameters are: the newest such buffer, for a run is checked by a small one of its own. */
  let parameters: { buffer: GPUBuffer; device: GPUDevice } | undefined;
  /** Tells when a fault that lies in wait has struck, once. */
  let struck = (): void => {
    struck = () => undefined;
    channel.postMessage({ struck: Date.now() });
  };

  channel.onmessage = ({ data }: MessageEvent<string>) => {
    if (data === 'destroy') for (const device of devices) device.destroy();
    if (data === 'map-hangs') mapping = 'hangs';
    if (data === 'map-rejects') mapping = 'rejects';
    // Not numbers over the first parameters of the first lane.
    if (data === 'not-a-number' && parameters) parameters.device.queue.writeBuffer(parameters.buffer, 0, new Float32Array(64).fill(Number.NaN));
    if (data === 'close') self.close();
    if (data === 'spin') for (;;);
    // Whatever the engine holds points nowhere now: its next step traps.
    if (data === 'trap') for (const memory of memories) new Uint8Array(memory.buffer).fill(0xff);
    if (data === 'memory') {
      const say = (): void => channel.postMessage({ wasm: memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0), gpu: live });
      const { gc } = globalThis as { gc?: () => void };
      gc?.();
      // What was collected is told of in a task of its own.
      setTimeout(say, 300);
    }
    if (data === 'throw') throw new Error('thrown by the test');
    if (data === 'init-again' && first) self.dispatchEvent(new MessageEvent('message', { data: { ...(first.data as object), id: -1 } }));
  };

  self.addEventListener('message', (event) => (first ??= event));

  const instantiate = WebAssembly.instantiate.bind(WebAssembly) as (...args: unknown[]) => Promise<WebAssembly.Instance & { instance?: WebAssembly.Instance }>;
  WebAssembly.instantiate = (async (...args: unknown[]) => {
    const made = await instantiate(...args);
    for (const value of Object.values((made.instance ?? made).exports)) if (value instanceof WebAssembly.Memory) memories.push(value);
    return made;
  }) as typeof WebAssembly.instantiate;

  if (rig.noGpu) {
    delete (Object.getPrototypeOf(navigator) as { gpu?: GPU }).gpu;
    return;
  }
  if (typeof GPUAdapter === 'undefined') return;
  if (rig.noAdapter) GPU.prototype.requestAdapter = async () => (struck(), null);

  if (rig.base) {
    const base: Record<string, number> = {
      maxStorageBuffersPerShaderStage: 8, maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256, maxComputeWorkgroupStorageSize: 16384,
      maxBufferSize: 268435456, maxStorageBufferBindingSize: 134217728, maxBindGroups: 4, maxDynamicStorageBuffersPerPipelineLayout: 4,
    };
    const limits = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits')!.get!;
    Object.defineProperty(GPUAdapter.prototype, 'limits', {
      get() {
        return new Proxy(limits.call(this) as object, { get: (of, key) => (typeof key === 'string' && key in base ? base[key] : Reflect.get(of, key)) });
      },
    });
    Object.defineProperty(GPUAdapter.prototype, 'features', { get: () => new Set() });
  }

  const open = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args: Parameters<typeof open>) {
    const [wanted] = args;
    if (rig.base && [...(wanted?.requiredFeatures ?? [])].length > 0) throw new TypeError('a feature is asked for that this adapter has not got');
    const device = await open.apply(this, args);
    devices.push(device);
    return device;
  };
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...args: Parameters<typeof map>) {
    if (mapping === 'hangs') return new Promise(() => undefined);
    if (mapping === 'rejects') return Promise.reject(new DOMException('rejected by the test', 'OperationError'));
    return map.apply(this, args);
  };
  const sizes = new WeakMap<GPUBuffer, { size: number }>();
  const gone = new FinalizationRegistry<{ size: number }>((held) => (live -= held.size));
  const destroy = GPUBuffer.prototype.destroy;
  GPUBuffer.prototype.destroy = function () {
    const known = sizes.get(this);
    live -= known?.size ?? 0;
    if (known) known.size = 0;
    return destroy.call(this);
  };
  let held = 0;
  const buffer = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    held += descriptor.size;
    // An invalid buffer and an error that nobody waits for, as where memory runs out.
    if (rig.memory !== undefined && held > rig.memory) {
      struck();
      return buffer.call(this, { ...descriptor, size: 2 ** 40 });
    }
    const made = buffer.call(this, descriptor);
    live += descriptor.size;
    const known = { size: descriptor.size };
    sizes.set(made, known);
    if (descriptor.label === 'parameters') parameters = { buffer: made, device: this };
    gone.register(made, known);
    return made;
  };
  const shader = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const { shader: swap } = rig;
    if (swap && descriptor.code.includes(swap[0])) struck();
    return shader.call(this, swap ? { ...descriptor, code: descriptor.code.replaceAll(swap[0], swap[1]) } : descriptor);
  };
}
