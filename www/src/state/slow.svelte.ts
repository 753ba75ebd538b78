// Slow motion: the step on show, told one stage after the other, each with that step's numbers.
import { fmt, pct } from '../charts/format';
import { t } from '../i18n';
import { effectiveSampleSize, groupSums, laneFamilies, laneSlice, mean, metricValues, normalize, worstGroup } from './derive';
import type { Lab } from './lab.svelte';
import { evaluationAt, frameAt, groupNames } from './views';

/** The stages of a step, in order, and the panel that each is about. */
export const STAGES = [
  { id: 'batch', panel: 'pairs' },
  { id: 'losses', panel: 'tilt' },
  { id: 'tilt', panel: 'tilt' },
  { id: 'shares', panel: 'shares' },
  { id: 'update', panel: 'heads' },
  { id: 'evaluate', panel: 'bars' },
] as const;
/** Lanes that a sentence names at most. */
const NAMED = 5;

export class Slow {
  private at = $state<number | undefined>(undefined);

  constructor(private readonly lab: Lab) {}

  get on(): boolean {
    return this.at !== undefined;
  }

  readonly stage = $derived(this.at === undefined ? undefined : STAGES[this.at]);

  readonly sentence = $derived.by(() => {
    void this.lab.pace.drawn.step;
    return this.stage ? this.tell(this.stage.id) : '';
  });

  /** Begins with the step on show; a run that is training is paused first. */
  start(): void {
    const { lab } = this;
    if (lab.transport.status.kind === 'training') lab.transport.toggle();
    if (lab.source === 'replay') lab.holdReplay();
    if (lab.data.frames.length === 0) lab.transport.step();
    this.at = 0;
  }

  stop(): void {
    this.at = undefined;
  }

  /** The next stage; after the last one the next step. */
  next(): void {
    if (this.at === undefined) return;
    if (this.at + 1 < STAGES.length) {
      this.at += 1;
      return;
    }
    const { data, transport, source } = this.lab;
    const following = data.frames[frameAt(data, transport.cursor) + 1];
    if (following) transport.cursor = following.step;
    else if (source === 'live' && transport.status.kind !== 'done' && transport.status.kind !== 'failed') transport.step();
    else return this.stop();
    this.at = 0;
  }

  private tell(stage: (typeof STAGES)[number]['id']): string {
    const { data, transport } = this.lab;
    const frame = data.frames[frameAt(data, transport.cursor)];
    if (!frame || !data.started) return t.slowWaiting;
    const { lanes, groups } = data;
    const names = groupNames(data);
    // One lane of each family: those that differ only in their seed say much the same.
    const told = laneFamilies(data.started.config.lanes).map((family) => family[0] ?? 0).slice(0, NAMED);
    const each = (of: (lane: number) => string): string => t.list(told.map((lane) => t.slowLane(data.names[lane] ?? '', of(lane))));
    const slice = (values: ArrayLike<number>, lane: number): number[] => laneSlice(values, lane, lanes);
    const rare = worstGroup(data.mix);
    switch (stage) {
      case 'batch': {
        const pairs = slice(frame.pairs, 0);
        const counts = groupSums(pairs.map(() => 1), pairs, data.groupOf, groups);
        return t.slow.batch(frame.step, pairs.length, t.list(counts.map((count, g) => t.slowLane(names[g] ?? '', String(count)))));
      }
      case 'losses':
        return t.slow.losses(each((lane) => fmt(mean(slice(frame.losses, lane)))));
      case 'tilt':
        return t.slow.tilt(each((lane) => t.slowTilt(fmt(Math.max(...slice(frame.factor, lane)) / mean(slice(frame.factor, lane))), fmt(effectiveSampleSize(slice(frame.factor, lane))))));
      case 'shares': {
        const pairs = slice(frame.pairs, 0);
        const count = groupSums(pairs.map(() => 1), pairs, data.groupOf, groups)[rare] ?? 0;
        const share = (lane: number): number => normalize(groupSums(slice(frame.factor, lane), slice(frame.pairs, lane), data.groupOf, groups))[rare] ?? 0;
        return t.slow.shares(names[rare] ?? '', pct(count / Math.max(1, pairs.length)), each((lane) => pct(share(lane))));
      }
      case 'update':
        return t.slow.update(each((lane) => fmt(frame.grad_norm[lane] ?? Number.NaN)), fmt(frame.learning_rate[told[0] ?? 0] ?? Number.NaN));
      case 'evaluate': {
        const evaluation = data.evaluations[evaluationAt(data, transport.cursor)];
        if (!evaluation) return t.slow.notEvaluated;
        return t.slow.evaluate(evaluation.step, each((lane) => fmt(Math.min(...metricValues(evaluation, 'accuracy', lane, lanes)))));
      }
    }
  }
}
