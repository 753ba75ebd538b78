import { describe, expect, it } from 'vitest';
import { madeKey, MadeStore, markOf, MOST_BYTES, MOST_FILES, type MadeShelf } from './made';
import { defaults, toConfig } from './settings';

class Shelf implements MadeShelf {
  readonly kept = new Map<string, unknown>();
  broken = false;
  private asked<T>(value: T): Promise<T> {
    return this.broken ? Promise.reject(new DOMException('off', 'InvalidStateError')) : Promise.resolve(value);
  }
  get = (key: string): Promise<unknown> => this.asked(this.kept.get(key));
  update = async (key: string, next: (there: unknown) => unknown): Promise<void> => {
    await this.asked(undefined);
    const value = next(this.kept.get(key));
    if (value !== undefined) this.kept.set(key, value);
  };
  del = (key: string): Promise<void> => this.asked(void this.kept.delete(key));
  entries = (): Promise<[unknown, unknown][]> => this.asked([...this.kept.entries()]);
  clear = (): Promise<void> => this.asked(this.kept.clear());
}

const file = (n: number): Uint8Array => Uint8Array.from({ length: 37 }, (_, i) => (i * n) % 251);

describe('what was made before', () => {
  it('comes back by its name, the newest few of it, and never damaged', async () => {
    const shelf = new Shelf();
    const store = new MadeStore(shelf);
    for (let n = 1; n <= MOST_FILES + 2; n += 1) await store.put(`k${n}`, file(n));
    expect(shelf.kept.size).toBe(MOST_FILES);
    expect(await store.get('k1')).toBeUndefined();
    expect(await store.get('k6')).toEqual({ file: file(6), half: false });
    // Made again, it is the newest.
    await store.put('k3', file(9));
    await store.put('k7', file(7));
    expect(await store.get('k3')).toEqual({ file: file(9), half: false });
    expect(await store.get('k4')).toBeUndefined();
    (shelf.kept.get('k3') as { file: Uint8Array }).file[5]! ^= 1;
    expect(await store.get('k3')).toBeUndefined();
    await store.put('big', new Uint8Array(MOST_BYTES + 1));
    expect(await store.get('big')).toBeUndefined();
    await store.forget();
    expect(await store.get('k7')).toBeUndefined();
  });

  it('is kept half-made until it is whole, in one place, and never instead of what is whole', async () => {
    const shelf = new Shelf();
    const store = new MadeStore(shelf);
    for (let n = 1; n <= MOST_FILES; n += 1) await store.put(`k${n}`, file(n));
    for (let n = 5; n < 9; n += 1) await store.put('new', file(n), true);
    expect(shelf.kept.size).toBe(MOST_FILES);
    expect(await store.get('new')).toEqual({ file: file(8), half: true });
    expect(await store.get('k2')).toEqual({ file: file(2), half: false });
    // Another page goes on with it.
    const later = new MadeStore(shelf);
    await later.put('new', file(9), true);
    void later.put('new', file(10));
    void later.put('new', file(11), true);
    expect(await later.get('new')).toEqual({ file: file(10), half: false });
    expect(shelf.kept.size).toBe(MOST_FILES);
  });

  it('stays whole where two tabs make the same, whichever is ahead and whatever comes between', async () => {
    // Each tab's database takes so many turns to answer, so that their steps fall between each other in every way.
    const tab = (shelf: Shelf, turns: number): MadeStore => {
      const late = <A extends unknown[], T>(ask: (...args: A) => Promise<T>) => async (...args: A): Promise<T> => {
        for (let i = 0; i < turns; i += 1) await Promise.resolve();
        return ask(...args);
      };
      return new MadeStore({ get: late(shelf.get), update: late(shelf.update), del: late(shelf.del), entries: late(shelf.entries), clear: late(shelf.clear) });
    };
    for (let a = 0; a < 8; a += 1) {
      for (let b = 0; b < 8; b += 1) {
        for (const grows of [false, true]) {
          const shelf = new Shelf();
          const [one, two] = [tab(shelf, a), tab(shelf, b)];
          if (grows) await one.put('k', file(1), true);
          await Promise.all([one.put('k', file(2), true), two.put('k', file(3)), one.put('k', file(4), true)]);
          await one.put('k', file(5), true);
          expect(await two.get('k'), `${a} and ${b}`).toEqual({ file: file(3), half: false });
          // What the slower tab has made whole at last is as good.
          await one.put('k', file(6));
          await two.put('k', file(7), true);
          expect(await one.get('k')).toEqual({ file: file(6), half: false });
        }
      }
    }
  });

  it('is no loss where storage is switched off', async () => {
    const shelf = new Shelf();
    shelf.broken = true;
    const store = new MadeStore(shelf);
    await store.put('k', file(1));
    expect(await store.get('k')).toBeUndefined();
  });

  it('is named by what it depends on and by nothing else', () => {
    const emotion = (over: Partial<ReturnType<typeof defaults>> = {}): string | undefined => madeKey('cpu', toConfig({ ...defaults('emotion'), ...over }), undefined);
    expect(emotion({ minority: 0.3, labels: 'arg-max', mixture: 'geometric', major: 'joy', minor: 'love', flip: 0.1, tau: 2, steps: 7, lr: 0.01 })).toBe(emotion());
    for (const over of [{ seed: 9 }, { pairs: 64 }, { evalpairs: 8 }, { d: 16 }, { sft: 10 }, { tokens: 'bytes' }]) expect(emotion(over)).not.toBe(emotion());
    const own = markOf('text,label\n');
    expect(madeKey('cpu', toConfig(defaults('emotion')), own)).not.toBe(emotion());
    expect(madeKey('webgpu', toConfig(defaults('emotion')), undefined)).not.toBe(emotion());
    // Elsewhere the texts follow the mix.
    const regions = (minority: number): string | undefined => madeKey('cpu', toConfig({ ...defaults('regions'), minority }), undefined);
    expect(regions(0.2)).not.toBe(regions(0.3));
    expect(madeKey('cpu', toConfig({ ...defaults('regions'), sft: 0 }), undefined)).toBeUndefined();
    expect(madeKey('cpu', toConfig(defaults('tabular')), undefined)).toBeUndefined();
  });

  it('knows a file by its length and CRC-32', () => {
    expect(markOf('123456789')).toEqual({ bytes: 9, crc32: 0xcbf43926 });
    expect(markOf('é').bytes).toBe(2);
  });
});
