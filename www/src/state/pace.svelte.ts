// When the panels draw what has grown: part by part, each in one of the next animation frames, and a third of the time,
// for training needs the cores too.
import { flushSync } from 'svelte';
import { inFrame, whenDrawn } from '../charts/frames';
import type { Event } from '../engine/types';

/** What of the page follows a run, in the order in which it is drawn. */
const PARTS = ['step', 'shares', 'tilt', 'bars', 'finding', 'shift', 'words', 'plane'] as const;
export type Part = (typeof PARTS)[number];
/** What an event changes; `started` and `product` change the run itself. */
const OF: Partial<Record<Event['event'], readonly Part[]>> = {
  progress: ['step'],
  warning: ['step'],
  // ④ for its band, which is that of the last batches.
  frame: ['step', 'shares', 'tilt', 'finding', 'shift'],
  evaluation: ['step', 'bars', 'finding', 'shift', 'words', 'plane'],
  done: PARTS,
};

/** Drawing rests this many times as long as it took, at most so long. */
const REST = 2;
const MAX_REST_MS = 200;
/** A page that nobody sees draws this seldom. */
const HIDDEN_MS = 250;

export class Pace {
  /** Counts the runs, and what changes a run's names, groups or pairs. */
  run = $state(0);
  /** Counts how often each part was drawn: what reads it follows the run. */
  readonly drawn = $state(Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>);
  private readonly due = new Set<Part>();
  private drawing = false;
  private readonly turns = PARTS.map((part) => ({
    part,
    turn: (): void => {
      this.due.delete(part);
      this.drawn[part] += 1;
      // Here and now, so that what it takes counts in this frame.
      flushSync();
    },
  }));

  /** The run has said more. */
  said(events: readonly Event[]): void {
    // What changes the run itself is drawn at once, so that no two panels are of different runs.
    if (events.some(({ event }) => event === 'started' || event === 'product')) return this.anew();
    for (const { event } of events) for (const part of OF[event] ?? []) this.due.add(part);
    this.go();
  }

  /** Another run, or one with other names, groups or pairs: everything is drawn, in one. */
  anew(): void {
    this.run += 1;
    this.all();
  }

  private all(): void {
    this.due.clear();
    for (const part of PARTS) this.drawn[part] += 1;
  }

  private go(): void {
    if (this.drawing || this.due.size === 0) return;
    this.drawing = true;
    if (document.hidden) {
      setTimeout(() => {
        this.all();
        this.again();
      }, HIDDEN_MS);
      return;
    }
    for (const { part, turn } of this.turns) if (this.due.has(part)) inFrame(turn);
    whenDrawn((ms) => void setTimeout(() => this.again(), Math.min(MAX_REST_MS, REST * ms)));
  }

  private again(): void {
    this.drawing = false;
    this.go();
  }
}
