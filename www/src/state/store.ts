// A run in the browser's own storage: two slots that are written in turns, so that a save that is cut short leaves the one
// before it. A slot is used only if its checksum holds.
import { createStore, delMany, get, set } from 'idb-keyval';
import type { Event } from '../engine/types';
import type { OwnPairs } from './own.svelte';

/** A run as it is kept. */
export interface KeptRun {
  /** When it was saved, ms since 1970. */
  saved: number;
  /** The page's settings, as in its address. */
  settings: string;
  /** The scenario's id. */
  scenario: string;
  step: number;
  total: number;
  checkpoint: Uint8Array;
  /** What the page had been told: `started`, frames, evaluations, warnings. */
  events: Event[];
  /** The last evaluation that the checkpoint has behind it. */
  evaluated: number;
  /** The user's own pairs and the engine's look at them, where the run was made from them. */
  own?: { file: OwnPairs; text: string } | undefined;
}

interface Slot extends KeptRun {
  version: typeof VERSION;
  /** Grows with every save. */
  turn: number;
  checksum: number;
}

/** Where slots lie; the browser's database, or a map in tests. */
export interface Shelf {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  clear(): Promise<void>;
}

const VERSION = 1;
const SLOTS = ['run-a', 'run-b'] as const;
/** Largest run that is kept, checkpoint and all. */
export const MOST_BYTES = 256 << 20;

export function browserShelf(): Shelf {
  const store = createStore('prefshift', 'runs');
  return { get: (key) => get(key, store), set: (key, value) => set(key, value, store), clear: () => delMany([...SLOTS], store) };
}

/** Fletcher's sums over 32-bit words, of which one changed word always shows. */
export function checksum(bytes: Uint8Array): number {
  const whole = bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2) : new Uint32Array(bytes.slice().buffer, 0, bytes.byteLength >> 2);
  let [a, b] = [bytes.byteLength, 0];
  for (let i = 0; i < whole.length; i += 1) {
    a = (a + whole[i]!) >>> 0;
    b = (b + a) >>> 0;
  }
  for (const last of bytes.subarray(bytes.byteLength & ~3)) b = (b * 31 + last) >>> 0;
  return (a ^ (b << 1) ^ (b >>> 31)) >>> 0;
}

const numbers = (...values: unknown[]): boolean => values.every((value) => typeof value === 'number' && Number.isFinite(value));

/** A slot that can be gone on from. */
function sound(value: unknown): value is Slot {
  const slot = value as Partial<Slot> | undefined;
  return (
    slot?.version === VERSION &&
    numbers(slot.turn, slot.saved, slot.step, slot.total, slot.evaluated) &&
    typeof slot.settings === 'string' &&
    typeof slot.scenario === 'string' &&
    Array.isArray(slot.events) &&
    slot.events[0]?.event === 'started' &&
    slot.checkpoint instanceof Uint8Array &&
    checksum(slot.checkpoint) === slot.checksum
  );
}

export class RunStore {
  constructor(private readonly shelf: Shelf) {}

  private async slots(): Promise<(Slot | undefined)[]> {
    const found = await Promise.all(SLOTS.map((key) => this.shelf.get(key).catch(() => undefined)));
    return found.map((value) => (sound(value) ? value : undefined));
  }

  /** The newest run that is whole. */
  async load(): Promise<KeptRun | undefined> {
    return (await this.slots()).reduce((best, slot) => (slot && (!best || slot.turn > best.turn) ? slot : best), undefined);
  }

  /** Saves over the older slot, or over one that is damaged. */
  async save(run: KeptRun): Promise<void> {
    if (run.checkpoint.byteLength > MOST_BYTES) throw new RangeError(`${run.checkpoint.byteLength >> 20} MiB`);
    const slots = await this.slots();
    const turns = slots.map((slot) => slot?.turn ?? -1);
    const oldest = turns.indexOf(Math.min(...turns));
    const slot: Slot = { ...run, version: VERSION, turn: Math.max(...turns) + 1, checksum: checksum(run.checkpoint) };
    await this.shelf.set(SLOTS[oldest] ?? SLOTS[0], slot);
  }

  forget(): Promise<void> {
    return this.shelf.clear();
  }
}
