// What the panels have in common: the pair that is pointed at or pinned, and which pairs ② draws.
import type { Probe, Started } from '../engine/types';
import type { Lab } from './lab.svelte';

/** The pairs that ② draws: those of the batch on show, or every pair as it was when last in a batch. */
export type Scope = 'batch' | 'all';

/** Looks at a pair that are kept, so that the words follow the scrub bar. */
const MAX_PROBES = 400;

export class Panels {
  scope = $state<Scope>('batch');
  /** The pair under the pointer or the keyboard, wherever it is. */
  hovered = $state<number | undefined>(undefined);
  /** The engine's looks at the pinned pair, in order of step. */
  probes = $state.raw<Probe[]>([]);
  private run: Started | undefined;
  private asking = false;
  private again = false;

  constructor(private readonly lab: Lab) {}

  /** The group that the other panels mark: that of the pair pointed at, else of the pinned one. */
  readonly group = $derived.by(() => {
    void this.lab.pace.run;
    const pair = this.hovered ?? this.lab.selectedPair;
    return pair === undefined ? undefined : this.lab.data.groupOf[pair];
  });

  hover(pair: number | null): void {
    this.hovered = pair ?? undefined;
  }

  /** The pinned pair as it was looked at last, at or before a step. */
  probeAt(cursor: number | undefined): Probe | undefined {
    return cursor === undefined ? this.probes.at(-1) : this.probes.findLast((probe) => probe.step <= cursor);
  }

  /** Asks the engine for a look at the pinned pair, where there is one to look and nothing newer is known. */
  async look(): Promise<void> {
    const { lab } = this;
    const pair = lab.selectedPair;
    const run = lab.data.started;
    const crew = lab.backstage.crew;
    if (this.run !== run || this.probes[0]?.pair !== pair) this.probes = [];
    this.run = run;
    if (pair === undefined || lab.source !== 'live' || run?.config.model.policy !== 'gpt' || lab.data.evaluations.length === 0) return;
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      const probe = await crew?.probe(pair);
      if (probe && lab.selectedPair === pair && lab.data.started === run) {
        this.probes = [...this.probes.filter((each) => each.step < probe.step), probe].slice(-MAX_PROBES);
      }
    } catch {
      // The run was stopped or started anew meanwhile, and says so itself; the next evaluation asks again.
    } finally {
      this.asking = false;
    }
    if (!this.again) return;
    this.again = false;
    await this.look();
  }

  /** Pins a pair; the pinned one is let go. */
  pin(pair: number): void {
    this.lab.selectedPair = this.lab.selectedPair === pair ? undefined : pair;
  }
}
