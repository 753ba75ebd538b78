// One run out of several: the events of workers that each train some of its lanes, put together lane by lane.
import { METHOD_INFOS } from './catalog';
import type { EngineError } from './protocol';
import type { Evaluation, Event, Frame, LaneConfig, Probe, ProbeSide, Progress, RunConfig, Stage, Started } from './types';

/** Lanes of each worker, as indices into the run's lanes. */
export type Plan = readonly (readonly number[])[];

/** A step of a lane that differentiates its own embedding gradient costs this many of the others'. */
const SECOND_ORDER = 2.5;

const costOf = (lane: LaneConfig): number => (METHOD_INFOS.find((info) => info.id === lane.method)?.needs_embedding_gradient ? SECOND_ORDER : 1);

/** Spreads lanes over at most `most` workers: the slowest as quick as can be, and no more workers than that takes. */
export function planLanes(lanes: readonly LaneConfig[], most: number): number[][] {
  const costs = lanes.map(costOf);
  const order = lanes.map((_, lane) => lane).sort((a, b) => (costs[b] ?? 0) - (costs[a] ?? 0) || a - b);
  let best: number[][] = [lanes.map((_, lane) => lane)];
  let slowest = Infinity;
  for (let workers = 1; workers <= Math.max(1, Math.min(most, lanes.length)); workers += 1) {
    const bins = Array.from({ length: workers }, () => ({ cost: 0, lanes: [] as number[] }));
    for (const lane of order) {
      const bin = bins.reduce((least, each) => (each.cost < least.cost ? each : least));
      bin.lanes.push(lane);
      bin.cost += costs[lane] ?? 0;
    }
    const worst = Math.max(...bins.map((bin) => bin.cost));
    if (worst >= slowest) continue;
    slowest = worst;
    best = bins.map((bin) => bin.lanes.sort((a, b) => a - b));
  }
  return best.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** A worker's part of the run. */
export const partOf = (config: RunConfig, lanes: readonly number[]): RunConfig => ({
  ...config,
  lanes: lanes.flatMap((lane) => config.lanes[lane] ?? []),
});

const STAGES: Stage[] = ['data', 'kernels', 'reward-model', 'sft', 'pairs', 'reference', 'train'];
/** The engine's warning that every lane of a worker has diverged; told by the run's end alone (src/experiment.rs). */
const ALL_DIVERGED = 'all-diverged';
const PER_PAIR = ['losses', 'chosen', 'rejected', 'factor', 'gradient'] as const;
const PER_LANE = ['objective', 'grad_norm', 'learning_rate', 'radius', 'tau'] as const;

type Of<K extends Event['event']> = Extract<Event, { event: K }>;

/** Takes the events of every worker and gives those of the run. */
export class Merger {
  private readonly queues: Event[][];
  private readonly heard: (Progress | undefined)[];
  private readonly warned = new Set<string>();
  /** Workers whose every lane has diverged: they go on, and their lanes are measured as they stay. */
  private readonly diverged = new Set<number>();
  /** Why the run ends here, where no lane of any worker is left. */
  end: EngineError | undefined;
  private readonly ended: (number | undefined)[] = [];
  private told = '';
  /** What is said before every worker has introduced itself waits, for a run begins with `started`. */
  private early: Event[] | undefined = [];

  constructor(private readonly plan: Plan) {
    this.queues = plan.map(() => []);
    this.heard = plan.map(() => undefined);
  }

  /** Events of worker `from`; what the run has to say now. */
  push(from: number, events: readonly Event[]): Event[] {
    const out: Event[] = [];
    for (const event of events) {
      if (event.event === 'warning' && event.code === ALL_DIVERGED) {
        this.queues[from]?.push(event);
      } else if (event.event === 'warning') {
        const key = event.code + event.message;
        if (!this.warned.has(key)) (this.early ?? out).push(event);
        this.warned.add(key);
      } else if (event.event === 'progress' && event.stage !== 'train') {
        this.heard[from] = event;
        const slowest = this.slowest();
        if (slowest) (this.early ?? out).push(slowest);
      } else if (event.event !== 'done' || this.ended[from] !== event.steps) {
        // A worker that is asked to go on where there is nothing left says `done` again, which others need not.
        this.ended[from] = event.event === 'done' ? event.steps : undefined;
        this.queues[from]?.push(event);
      }
    }
    return [...out, ...this.drain()];
  }

  private slowest(): Event | undefined {
    const rank = (p: Progress | undefined): number => (p ? STAGES.indexOf(p.stage) + p.done / Math.max(1, p.total) : 0);
    const least = this.heard.reduce((a, b) => (rank(b) < rank(a) ? b : a));
    const key = JSON.stringify(least);
    if (!least || key === this.told) return undefined;
    this.told = key;
    return { event: 'progress', ...least };
  }

  private drain(): Event[] {
    const out: Event[] = [];
    for (;;) {
      this.queues.forEach((queue, worker) => this.noteEnd(queue, worker));
      if (this.end || this.queues.some((queue) => queue.length === 0)) return out;
      out.push(this.merge(this.queues.map((queue) => queue.shift()!)), ...(this.early ?? []));
      this.early = undefined;
    }
  }

  /** Where a worker has no lane left from here on: the run ends with the last worker's last lane, after the step that was told. */
  private noteEnd(queue: Event[], worker: number): void {
    const head = queue[0];
    if (head?.event !== 'warning') return;
    queue.shift();
    this.diverged.add(worker);
    if (this.diverged.size === this.plan.length) this.end = { code: 'numerics', message: head.message, mend: 'lower train.learning_rate and start again' };
  }

  private merge(heads: readonly Event[]): Event {
    const first = heads[0]!;
    const step = (event: Event): number | undefined => (event.event === 'frame' || event.event === 'evaluation' ? event.step : undefined);
    const apart = heads.some((event) => event.event !== first.event || step(event) !== step(first));
    if (apart) throw { code: 'device', message: 'the engine’s workers have fallen out of step', mend: 'reset the run' };
    const all = <K extends Event['event']>(): Of<K>[] => heads as Of<K>[];
    if (first.event === 'started') return this.started(first, all<'started'>());
    if (first.event === 'frame') return this.frame(first, all<'frame'>());
    if (first.event === 'evaluation') return this.evaluation(first, all<'evaluation'>());
    return first;
  }

  /** Items that each worker has one of per lane, in the order of the run's lanes. */
  private gather<T>(of: (worker: number, lane: number) => T): T[] {
    const out: T[] = [];
    this.plan.forEach((lanes, worker) => lanes.forEach((lane, at) => (out[lane] = of(worker, at))));
    return out;
  }

  /** Rows of `[lane, n]` arrays, in the order of the run's lanes. */
  private rows(parts: readonly ArrayLike<number>[]): Float32Array {
    const n = (parts[0]?.length ?? 0) / Math.max(1, this.plan[0]?.length ?? 1);
    const out = new Float32Array(this.plan.flat().length * n);
    this.plan.forEach((mine, worker) =>
      mine.forEach((lane, at) => out.set(Array.prototype.slice.call(parts[worker], at * n, (at + 1) * n) as number[], lane * n)),
    );
    return out;
  }

  private started(first: Of<'started'>, all: readonly Started[]): Event {
    const device = this.plan.length > 1 ? first.device.replace('one core', `${this.plan.length} cores`) : first.device;
    const lanes = this.gather((worker, at) => all[worker]?.lanes[at] ?? '');
    const configs = this.gather((worker, at) => all[worker]?.config.lanes[at]).filter((lane) => lane !== undefined);
    return { ...first, device, lanes, config: { ...first.config, lanes: configs } };
  }

  private frame(first: Of<'frame'>, all: readonly Frame[]): Event {
    const n = first.pairs.length / Math.max(1, this.plan[0]?.length ?? 1);
    // Pair numbers may exceed what a float holds exactly.
    const batches = this.gather((worker, at) => Array.prototype.slice.call(all[worker]?.pairs, at * n, (at + 1) * n) as number[]);
    const out = { ...first, pairs: Uint32Array.from(batches.flat()) } as Of<'frame'>;
    for (const key of [...PER_PAIR, ...PER_LANE]) out[key] = this.rows(all.map((frame) => frame[key]));
    return out;
  }

  private evaluation(first: Of<'evaluation'>, all: readonly Evaluation[]): Event {
    const curve = (key: 'reward' | 'reward_se' | 'words'): Float32Array => this.rows(all.map((each) => each.curve?.[key] ?? []));
    const per = (key: 'accuracy' | 'margin' | 'reward' | 'reward_se' | 'kl' | 'distance'): Float32Array => this.rows(all.map((each) => each[key]));
    return {
      ...first,
      accuracy: per('accuracy'),
      margin: per('margin'),
      reward: per('reward'),
      reward_se: per('reward_se'),
      kl: per('kl'),
      distance: per('distance'),
      ...(first.curve ? { curve: { ...first.curve, reward: curve('reward'), reward_se: curve('reward_se'), words: curve('words') } } : {}),
      samples: first.samples.map((sample, i) => ({ ...sample, lanes: this.gather((worker, at) => all[worker]?.samples[i]?.lanes[at] ?? '') })),
    };
  }
}

/** One look at a pair out of several, each of a worker's own lanes. */
export function joinProbes(plan: Plan, parts: readonly Probe[]): Probe {
  const first = parts[0];
  if (!first) throw { code: 'device', message: 'there is no run to look into', mend: 'press play first' };
  const side = (of: 'chosen' | 'rejected'): ProbeSide => {
    const rows = (key: 'logps' | 'pull' | 'becomes' | 'reach', n: number): number[] => {
      const lanes: number[][] = [];
      plan.forEach((mine, worker) => mine.forEach((lane, at) => (lanes[lane] = parts[worker]?.[of][key].slice(at * n, (at + 1) * n) ?? [])));
      return lanes.flat();
    };
    const { tokens, reference } = first[of];
    return {
      ...first[of],
      logps: rows('logps', reference.length),
      pull: rows('pull', tokens.length),
      becomes: rows('becomes', tokens.length),
      reach: rows('reach', tokens.length),
    };
  };
  const writes: number[][] = [];
  plan.forEach((mine, worker) => mine.forEach((lane, at) => (writes[lane] = parts[worker]?.writes[at] ?? [])));
  return { ...first, chosen: side('chosen'), rejected: side('rejected'), writes };
}
