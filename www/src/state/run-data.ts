// What a run has said so far: growing arrays of bounded length.
import type { Event, Evaluation, Frame, LaneConfig, Product, Progress, Started, Warning } from '../engine/types';
import { t } from '../i18n';
import { frameSums, laneFamilies, type Layer } from './derive';
import { infoOf } from './lanes';

const MAX_FRAMES = 1600;
const MAX_EVALUATIONS = 800;

export class RunData {
  started: Started | undefined;
  /** Names of the lanes as the engine writes them; they follow a live change of a parameter. */
  said: string[] = [];
  /** Lanes that differ only in their seed, `[family][lane]`. A column of the page shows the first of each. */
  families: number[][] = [];
  groupOf: Uint16Array = new Uint16Array(0);
  frames: Frame[] = [];
  /** Per frame, beside `frames`: `[lane][frame][group]`. */
  shares: Record<Layer, number[][][]> = { factor: [], gradient: [] };
  evaluations: Evaluation[] = [];
  progress: Progress | undefined;
  warnings: Warning[] = [];
  /** What the stages of the emotion experiment made, in their order. */
  products: Product[] = [];
  finished = false;
  private counted: number[] = [];

  /** The same in the page's language. */
  get names(): string[] {
    return this.said.map(t.lane);
  }

  get lanes(): number {
    return this.started?.lanes.length ?? 0;
  }

  get groups(): number {
    return this.started?.groups.length ?? 0;
  }

  /** Share of each group in the training data; in the emotion experiment the weight of its reward, α₀. */
  get mix(): number[] {
    return this.started?.groups.map((group) => group.share) ?? [];
  }

  /** Share of each group among the training pairs. The emotion experiment's pairs are labeled by a mixed reward: theirs is counted. */
  get drawn(): number[] {
    return this.counted.length > 0 ? this.counted : this.mix;
  }

  /** Training steps done, as far as is known: a frame is measured before its own step's update. */
  get lastStep(): number {
    return Math.max((this.frames.at(-1)?.step ?? -1) + 1, this.evaluations.at(-1)?.step ?? 0);
  }

  /** A live change of the lanes: their names say the parameters that hold now. */
  renamed(lanes: readonly LaneConfig[]): void {
    this.said = this.said.map((name, i) => {
      const lane = lanes[i];
      const values = (infoOf(lane?.method ?? '')?.params ?? []).map(({ id, symbol, default: usual }) => [symbol, lane?.params[id] ?? usual] as const);
      return [...values, ['lr', lane?.learning_rate] as const].reduce((text, [symbol, value]) => text.replace(new RegExp(`(^| )${symbol}=\\S+`), `$1${symbol}=${value}`), name);
    });
  }

  add(event: Event): void {
    switch (event.event) {
      case 'started':
        this.started = event;
        this.families = laneFamilies(event.config.lanes);
        this.said = distinct(event.lanes, event.config.lanes, this.families);
        this.groupOf = Uint16Array.from(event.pairs, (pair) => pair.group);
        this.frames = [];
        this.evaluations = [];
        this.warnings = [];
        this.products = [];
        this.counted = [];
        this.progress = undefined;
        this.finished = false;
        this.shares = { factor: event.lanes.map(() => []), gradient: event.lanes.map(() => []) };
        return;
      case 'progress':
        this.progress = event;
        return;
      case 'product':
        this.products = [...this.products.filter((made) => made.stage !== event.stage), event];
        if (event.stage === 'pairs' && this.started) {
          // Here the pairs are made by the run; all else finds them where they always are.
          this.started = { ...this.started, pairs: event.pairs };
          this.groupOf = Uint16Array.from(event.pairs, (pair) => pair.group);
          this.counted = this.mix.map((_, g) => this.groupOf.reduce((n, group) => (group === g ? n + 1 : n), 0) / event.pairs.length);
        }
        return;
      case 'frame':
        this.addFrame(event);
        return;
      case 'evaluation':
        this.evaluations.push(event);
        if (this.evaluations.length > MAX_EVALUATIONS) this.evaluations = thinned(this.evaluations);
        return;
      case 'warning':
        if (this.warnings.length < 50) this.warnings.push(event);
        return;
      case 'done':
        this.finished = true;
    }
  }

  private addFrame(frame: Frame): void {
    this.finished = false;
    this.frames.push(frame);
    const sums = frameSums(frame, this.groupOf, this.lanes, this.groups);
    for (const layer of ['factor', 'gradient'] as const) {
      sums[layer].forEach((row, lane) => this.shares[layer][lane]?.push(row));
    }
    if (this.frames.length <= MAX_FRAMES) return;
    this.frames = thinned(this.frames);
    for (const layer of ['factor', 'gradient'] as const) this.shares[layer] = this.shares[layer].map(thinned);
  }
}

/** Names of lanes; those of one name say in what they differ, which the engine's names leave out. */
export function distinct(names: readonly string[], lanes: readonly LaneConfig[], families: readonly number[][]): string[] {
  const firsts = families.map(([first]) => first ?? 0);
  return names.map((name, i) => {
    const plain = (lane: number): string => (names[lane] ?? '').replace(/ #\d+$/, '');
    const alike = firsts.filter((lane) => plain(lane) === plain(i)).map((lane) => lanes[lane]);
    const differ = (of: (lane: LaneConfig | undefined) => number | undefined): boolean => new Set(alike.map(of)).size > 1;
    const said = [
      ...(differ((lane) => lane?.params['beta']) ? [`β=${lanes[i]?.params['beta'] ?? infoOf(lanes[i]?.method ?? '')?.params[0]?.default}`] : []),
      ...(differ((lane) => lane?.learning_rate) ? [`lr=${lanes[i]?.learning_rate}`] : []),
    ].join(' ');
    return said === '' ? name : name.replace(/( #\d+)?$/, ` ${said}$1`);
  });
}

/** Every second entry, and the last one. */
export function thinned<T>(entries: readonly T[]): T[] {
  return entries.filter((_, i) => i % 2 === 0 || i === entries.length - 1);
}
