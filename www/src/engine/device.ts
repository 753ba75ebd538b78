// Which device a run should use, and why, in one sentence.
import type { Backend } from './protocol';

export type DeviceChoice = 'auto' | Backend;

export interface Probe {
  /** WebGPU can be used at all. */
  webgpu: boolean;
  /** The adapter is software, so the CPU path is faster. */
  software: boolean;
  /** The adapter's name, or why there is none. */
  detail: string;
}

export interface Decision {
  backend: Backend;
  /** Why this one, to follow its name. */
  reason: string;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

const nameOf = (info: GPUAdapterInfo): string => [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ');

/** The adapter is the CPU behind WebGPU's interface. */
export const isSoftware = (info: GPUAdapterInfo): boolean =>
  (info as GPUAdapterInfo & { isFallbackAdapter?: boolean }).isFallbackAdapter === true || SOFTWARE.test(nameOf(info));

export async function probe(gpu: GPU | undefined = globalThis.navigator?.gpu): Promise<Probe> {
  if (!gpu) return { webgpu: false, software: false, detail: 'this browser has no WebGPU' };
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    adapter = null;
  }
  if (!adapter) return { webgpu: false, software: false, detail: 'WebGPU finds no adapter here' };
  return { webgpu: true, software: isSoftware(adapter.info), detail: nameOf(adapter.info) || 'unnamed adapter' };
}

/** `shipped` says which engines this build of the page contains. */
export function decide(choice: DeviceChoice, found: Probe, shipped: { cpu: boolean; gpu: boolean }): Decision {
  if (choice === 'cpu') return { backend: 'cpu', reason: 'as chosen' };
  if (!found.webgpu) return { backend: 'cpu', reason: found.detail };
  if (!shipped.gpu) return { backend: 'cpu', reason: 'this build of the page has no WebGPU engine' };
  if (choice === 'webgpu') return { backend: 'webgpu', reason: `as chosen: ${found.detail}` };
  if (found.software) return { backend: 'cpu', reason: `the only WebGPU adapter is software (${found.detail}), which is slower` };
  return { backend: 'webgpu', reason: found.detail };
}
