// What a run makes before it trains (the reference policy; in scenario emotion also the reward model and its texts), kept in
// the browser's own storage by everything it depends on, so that the same is not made twice; a stage that was cut off half-way
// is kept in its place until it is whole.
import { clear, createStore, del, entries, get, promisifyRequest } from 'idb-keyval';
import type { Backend } from '../engine/protocol';
import type { RunConfig } from '../engine/types';
import { checksum } from './store';

/** Length and checksum of the user's own file, as a checkpoint has them. */
export interface Mark {
  bytes: number;
  crc32: number;
}

/** Raised where the engine makes other things of the same settings. */
const VERSION = 1;
/** Files kept, and how large one may be. */
export const MOST_FILES = 4;
export const MOST_BYTES = 32 << 20;

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** The mark of a file's text. */
export function markOf(text: string): Mark {
  const bytes = new TextEncoder().encode(text);
  let crc = ~0;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return { bytes: bytes.length, crc32: ~crc >>> 0 };
}

/** Names what a run makes before it trains; undefined where it makes nothing that is worth keeping. */
export function madeKey(kind: Backend, config: RunConfig, own: Mark | undefined): string | undefined {
  const { seed, data, model, sft, reward } = config;
  if (model.policy !== 'gpt' || (data.scenario !== 'emotion' && sft.steps === 0)) return undefined;
  // Labels and how rewards are mixed come after the texts, of which the same are labeled again.
  const of = data.scenario === 'emotion' ? [data.pairs, data.eval_pairs, data.tokens, reward] : data;
  return JSON.stringify([VERSION, kind, seed, data.scenario, of, model, sft, own ? [own.bytes, own.crc32] : null]);
}

/** Where files lie; the browser's database, or a map in tests. */
export interface MadeShelf {
  get(key: string): Promise<unknown>;
  /** Puts what `next` makes of the file there in its place, or leaves it where that is nothing; no other tab comes between. */
  update(key: string, next: (there: unknown) => unknown): Promise<void>;
  del(key: string): Promise<void>;
  entries(): Promise<[unknown, unknown][]>;
  clear(): Promise<void>;
}

export function madeShelf(): MadeShelf {
  const store = createStore('prefshift-made', 'files');
  const update = (key: string, next: (there: unknown) => unknown): Promise<void> =>
    store('readwrite', async (files) => {
      const value = next(await promisifyRequest(files.get(key)));
      if (value !== undefined) files.put(value, key);
      return promisifyRequest(files.transaction);
    });
  return { get: (key) => get(key, store), update, del: (key) => del(key, store), entries: () => entries(store), clear: () => clear(store) };
}

interface Kept {
  turn: number;
  file: Uint8Array;
  checksum: number;
  half?: boolean;
}

/** What was found, whole or half-made. */
export interface Found {
  file: Uint8Array;
  half: boolean;
}

function sound(value: unknown): Kept | undefined {
  const kept = value as Partial<Kept> | undefined;
  return typeof kept?.turn === 'number' && kept.file instanceof Uint8Array && checksum(kept.file) === kept.checksum ? (kept as Kept) : undefined;
}

export class MadeStore {
  /** The stage that this page keeps half-made, whose place needs no further room. */
  private growing: { key: string; turn: number } | undefined;
  private storing: Promise<void> = Promise.resolve();

  constructor(private readonly shelf: MadeShelf) {}

  async get(key: string): Promise<Found | undefined> {
    await this.storing;
    // Without storage everything is made anew.
    const found = sound(await this.shelf.get(key).catch(() => undefined));
    return found && { file: found.file, half: found.half === true };
  }

  /** One after the other; nothing half-made takes the place of what is whole, whichever tab has made it. */
  put(key: string, file: Uint8Array, half = false): Promise<void> {
    this.storing = this.storing.then(() => this.store(key, file, half));
    return this.storing;
  }

  private async store(key: string, file: Uint8Array, half: boolean): Promise<void> {
    if (file.byteLength > MOST_BYTES) return;
    try {
      const kept = { file, checksum: checksum(file), half };
      const lay = (turn: number): Promise<void> =>
        this.shelf.update(key, (there) => {
          const known = half ? sound(there) : undefined;
          return known && !known.half ? undefined : ({ ...kept, turn } satisfies Kept);
        });
      if (half && this.growing?.key === key) return await lay(this.growing.turn);
      this.growing = undefined;
      const others = (await this.shelf.entries()).filter(([name]) => name !== key).map(([name, value]) => [String(name), sound(value)?.turn ?? -1] as const);
      others.sort(([, a], [, b]) => b - a);
      for (const [name] of others.slice(MOST_FILES - 1)) await this.shelf.del(name);
      const turn = (others[0]?.[1] ?? 0) + 1;
      await lay(turn);
      if (half) this.growing = { key, turn };
    } catch {
      // It is made again next time.
    }
  }

  forget(): Promise<void> {
    this.growing = undefined;
    return this.shelf.clear();
  }
}
