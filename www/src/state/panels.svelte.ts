// What the panels have in common: the pair that is pointed at or pinned, and which pairs ② draws.
import type { Lab } from './lab.svelte';

/** The pairs that ② draws: those of the batch on show, or every pair as it was when last in a batch. */
export type Scope = 'batch' | 'all';

export class Panels {
  scope = $state<Scope>('batch');
  /** The pair under the pointer or the keyboard, wherever it is. */
  hovered = $state<number | undefined>(undefined);

  constructor(private readonly lab: Lab) {}

  /** The group that the other panels mark: that of the pair pointed at, else of the pinned one. */
  readonly group = $derived.by(() => {
    void this.lab.version;
    const pair = this.hovered ?? this.lab.selectedPair;
    return pair === undefined ? undefined : this.lab.data.groupOf[pair];
  });

  hover(pair: number | null): void {
    this.hovered = pair ?? undefined;
  }

  /** Pins a pair; the pinned one is let go. */
  pin(pair: number): void {
    this.lab.selectedPair = this.lab.selectedPair === pair ? undefined : pair;
  }
}
