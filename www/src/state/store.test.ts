import { describe, expect, it } from 'vitest';
import type { Event } from '../engine/types';
import { checksum, RunStore, type KeptRun, type Shelf } from './store';

const run = (step: number): KeptRun => ({
  saved: 1_700_000_000_000 + step, settings: 'tau=0.5', scenario: 'shortcut', step, total: 100, evaluated: 0,
  checkpoint: Uint8Array.from({ length: 41 }, (_, i) => (i * 7 + step) % 256), events: [{ event: 'started' } as Event],
});

/** A database that can refuse, or write half. */
class Shaky implements Shelf {
  readonly kept = new Map<string, unknown>();
  fail: 'no' | 'refuse' | 'half' = 'no';
  async get(key: string): Promise<unknown> {
    return this.kept.get(key);
  }
  async set(key: string, value: unknown): Promise<void> {
    if (this.fail === 'refuse') throw new DOMException('full', 'QuotaExceededError');
    const given = value as KeptRun;
    this.kept.set(key, this.fail === 'half' ? { ...given, checkpoint: given.checkpoint.slice(0, 20) } : value);
  }
  async clear(): Promise<void> {
    this.kept.clear();
  }
}

describe('RunStore', () => {
  it('gives back the newest of two slots', async () => {
    const shelf = new Shaky();
    const store = new RunStore(shelf);
    expect(await store.load()).toBeUndefined();
    for (const step of [10, 20, 30]) {
      await store.save(run(step));
      expect(await store.load()).toMatchObject({ step });
    }
    expect(shelf.kept.size).toBe(2);
    await store.forget();
    expect(await store.load()).toBeUndefined();
  });

  it('loses nothing to a save that is cut short or refused', async () => {
    const shelf = new Shaky();
    const store = new RunStore(shelf);
    await store.save(run(10));
    await store.save(run(20));
    for (const fail of ['half', 'refuse'] as const) {
      for (const again of [1, 2, 3]) {
        shelf.fail = fail;
        await store.save(run(30 + again)).catch((error: DOMException) => expect(error.name).toBe('QuotaExceededError'));
        expect(await store.load(), fail).toMatchObject({ step: 20 });
      }
    }
    shelf.fail = 'no';
    await store.save(run(40));
    expect(await store.load()).toMatchObject({ step: 40 });
  });

  it('uses no slot that something else has written to', async () => {
    const shelf = new Shaky();
    const store = new RunStore(shelf);
    await store.save(run(10));
    const good = [...shelf.kept.values()][0] as Record<string, unknown>;
    for (const bad of [null, 7, 'text', {}, { ...good, version: 2 }, { ...good, step: 'x' }, { ...good, events: [] }, { ...good, checkpoint: new Uint8Array(41) }]) {
      shelf.kept.set('run-a', bad);
      expect(await store.load()).toBeUndefined();
    }
  });

  it('has a checksum that every changed byte changes', () => {
    const bytes = run(1).checkpoint;
    const before = checksum(bytes);
    for (let i = 0; i < bytes.length; i += 1) {
      const changed = bytes.slice();
      changed[i]! ^= 1;
      expect(checksum(changed), `byte ${i}`).not.toBe(before);
    }
    expect(checksum(bytes.subarray(1))).not.toBe(before);
  });
});
