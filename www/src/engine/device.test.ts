import { describe, expect, it } from 'vitest';
import { decide, probe } from './device';

const both = { cpu: true, gpu: true };
const gpu = (adapter: unknown): GPU => ({ requestAdapter: async () => adapter }) as unknown as GPU;
const adapter = (info: object): unknown => ({ info });

describe('the device', () => {
  it('is WebGPU on a real adapter', async () => {
    const found = await probe(gpu(adapter({ vendor: 'nvidia', architecture: 'ada' })));
    expect(decide('auto', found, both)).toEqual({ backend: 'webgpu', reason: 'nvidia ada' });
    expect(decide('cpu', found, both).backend).toBe('cpu');
    expect(decide('auto', found, { cpu: true, gpu: false }).backend).toBe('cpu');
  });

  it.each([[{ vendor: 'google', architecture: 'swiftshader' }], [{ description: 'llvmpipe (LLVM 15)' }], [{ description: 'Microsoft Basic Render Driver' }], [{ vendor: 'x', isFallbackAdapter: true }]])(
    'is the CPU where the adapter is software: %o',
    async (info) => {
      const found = await probe(gpu(adapter(info)));
      expect(decide('auto', found, both).backend).toBe('cpu');
      expect(decide('auto', found, both).reason).toContain('software');
      expect(decide('webgpu', found, both).backend).toBe('webgpu');
    },
  );

  it('is the CPU, with the reason, where WebGPU cannot be used', async () => {
    for (const found of [await probe(undefined), await probe(gpu(null))]) {
      const { backend, reason } = decide('webgpu', found, both);
      expect(backend).toBe('cpu');
      expect(reason.length).toBeGreaterThan(10);
    }
    const broken = { requestAdapter: () => Promise.reject(new Error('lost')) } as unknown as GPU;
    expect((await probe(broken)).webgpu).toBe(false);
  });
});
