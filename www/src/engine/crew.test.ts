import { describe, expect, it } from 'vitest';
import { defaults, toConfig } from '../state/settings';
import { Crew, planFor, type Worker } from './crew';
import type { EngineCode, WorkerListener } from './engine';
import { Merger, planLanes } from './merge';
import { placeAfter, type Held } from './place';
import type { EngineError, RunRequest, Until } from './protocol';
import type { Event, LaneConfig, Probe, RunConfig } from './types';

const config = (methods: string, over: Partial<ReturnType<typeof defaults>> = {}): RunConfig => toConfig({ ...defaults(), methods, ...over });
const lanes = (methods: string): LaneConfig[] => config(methods).lanes;

/** What an engine says of lanes at a step: every number names its lane, its place and the step. */
const beta = (lane: LaneConfig): number => lane.params['beta'] ?? 0;
const rows = (of: readonly LaneConfig[], n: number, step: number): number[] => of.flatMap((lane) => Array.from({ length: n }, (_, i) => Math.fround(beta(lane) + i / 10 + step * 100)));

function frame(of: readonly LaneConfig[], step: number): Event {
  const two = rows(of, 2, step);
  const one = rows(of, 1, step);
  return {
    event: 'frame', step, pairs: Uint32Array.from(of.flatMap(() => [step, 20_000_001])),
    losses: two, chosen: two, rejected: two, factor: two, gradient: two,
    objective: one, grad_norm: one, learning_rate: one, radius: one, tau: one,
  };
}

function evaluation(of: readonly LaneConfig[], step: number): Event {
  const two = rows(of, 2, step);
  const one = rows(of, 1, step);
  return {
    event: 'evaluation', step, accuracy: two, margin: two, reward: two, reward_se: two, kl: one, distance: one, reference_reward: [1, 2],
    samples: [{ prompt: 'p', group: 0, reference: 'r', lanes: of.map((lane) => `by ${beta(lane)}`) }],
  };
}

function started(config: RunConfig): Event {
  return {
    event: 'started', version: '0', config, device: 'CPU, one core, SIMD', groups: [], lanes: config.lanes.map((lane) => `lane ${beta(lane)}`),
    vocabulary: [], parameters: 1, pairs: [], has_reward: true,
  };
}

/** Steps at which lanes diverge, by β. They are measured as before from then on. */
let diverges: Record<number, number> = {};
const NO_LANE_LEFT = (step: number): EngineError => ({ code: 'numerics', message: `every lane blew up by step ${step}`, mend: 'lower train.learning_rate and start again' });

/** A run of `steps` steps, with an evaluation every other step and a warning that every worker gives. */
function* events({ config, reference, part }: RunRequest, kernels = false): Generator<Event> {
  yield started(config);
  yield { event: 'warning', code: 'data', message: 'of the data' };
  yield { event: 'progress', stage: 'data', done: 1, total: 1, loss: null };
  if (kernels) yield { event: 'progress', stage: 'kernels', done: 1, total: 1, loss: null };
  if (reference === undefined) yield { event: 'progress', stage: 'sft', done: 1, total: 1, loss: 1 };
  yield { event: 'progress', stage: 'reference', done: 1, total: 1, loss: null };
  for (let step = 0; step <= config.train.steps; step += 1) {
    if (step % 2 === 0 || step === config.train.steps) yield evaluation(config.lanes, step);
    const last = Math.max(...config.lanes.map((lane) => diverges[beta(lane)] ?? Infinity));
    if (step === last + 1 && step < config.train.steps) {
      if (!part) throw NO_LANE_LEFT(last);
      yield { event: 'warning', code: 'all-diverged', message: NO_LANE_LEFT(last).message };
    }
    if (step < config.train.steps) yield frame(config.lanes, step);
    for (const lane of config.lanes.filter((each) => diverges[beta(each)] === step)) yield { event: 'warning', code: 'lane-diverged', message: `lane ${beta(lane)} at step ${step}` };
  }
  yield { event: 'done', steps: config.train.steps };
}

/** An engine that works only when told to, so that any order of events can be tried. */
class Fake implements Worker {
  readonly ready = Promise.resolve(null);
  usable = true;
  allowed = 0;
  made = 0;
  place = 0;
  private goal = 0;
  runs: RunRequest[] = [];
  updates: RunConfig[] = [];
  private source: Generator<Event> | undefined;
  private id = 0;
  until: Until = 'ready';
  private prepared = false;

  constructor(private readonly listener: WorkerListener) {}

  async start(id: number, run: RunRequest, until: Until): Promise<void> {
    [this.id, this.until, this.made, this.allowed, this.prepared, this.resting] = [id, until, 0, 0, false, false];
    [this.place, this.goal] = [0, 0];
    this.runs.push(run);
    this.source = events(run, until === 'kernels');
    this.listener.state('preparing', id);
  }

  /** One unit of work, where there is any to do; false where there is none. */
  work(): boolean {
    if (!this.source || (this.prepared ? this.made >= this.allowed && this.place >= this.goal : this.resting)) return false;
    let value: Event | undefined;
    try {
      value = this.source.next().value ?? undefined;
    } catch (thrown) {
      this.fail(thrown as EngineError);
    }
    if (!value) return false;
    if (value.event === 'frame') this.made += 1;
    this.place = placeAfter(this.place, value);
    if (value.event === 'evaluation' || value.event === 'frame' || (value.event === 'progress' && value.stage === this.until)) {
      if (!this.prepared) {
        this.prepared = true;
        this.listener.events([value], this.id);
        this.listener.state('ready', this.id);
        return true;
      }
    }
    this.listener.events([value], this.id);
    return true;
  }

  fail(error: EngineError): void {
    this.source = undefined;
    this.listener.failed(error, false, this.id);
    this.listener.state('idle', this.id);
  }

  allow(frames: number, place = 0): void {
    [this.allowed, this.goal] = [frames, place];
    if (this.until === 'kernels') [this.until, this.prepared] = ['ready', false];
  }
  /** A worker in the middle of a step answers when it is over. */
  busy: Promise<void> | undefined;
  async hold(): Promise<Held> {
    const { id } = this;
    await this.busy;
    if (id === this.id) this.allowed = this.made;
    while (id === this.id && this.place < this.goal && this.work());
    return { frames: this.made, place: this.place };
  }
  keep(file: Uint8Array): void {
    this.listener.halfway?.(file, this.id);
  }
  resting = false;
  rest(resting: boolean): void {
    this.resting = resting;
  }
  stop(): void {
    this.source = undefined;
  }
  async update(config: RunConfig): Promise<{ applied: string[]; restart: string[] }> {
    this.updates.push(config);
    return { applied: ['lanes'], restart: [] };
  }
  async extend(): Promise<void> {}
  pace(): void {}
  inspect(): never {
    throw new Error('not in this test');
  }
  /** Says where it was. */
  async checkpoint(): Promise<Uint8Array> {
    return Uint8Array.of(this.place);
  }
  join(): never {
    throw new Error('not asked');
  }
  peek(): never {
    throw new Error('not asked');
  }
  async exportPolicy(lane: number | undefined): Promise<Uint8Array> {
    return Uint8Array.of(lane ?? 255);
  }
  async probe(pair: number): Promise<Probe> {
    const of = this.runs.at(-1)?.config.lanes ?? [];
    const side = { tokens: [1, 2, 9], answer: 2, reference: [-1], logps: rows(of, 1, this.made), pull: rows(of, 3, 0), becomes: of.flatMap((lane) => [1, 2, beta(lane)]), reach: rows(of, 3, 1) };
    return { step: this.made, pair, chosen: side, rejected: side, reference_writes: [5], writes: of.map((lane) => [beta(lane)]) };
  }
  dispose(): void {}
}

interface Stage {
  crew: Crew;
  workers: Fake[];
  heard: Event[];
  activities: string[];
  errors: EngineError[];
}

function stage(cores: number): Stage {
  const workers: Fake[] = [];
  const crew = new Crew({ kind: 'cpu' } as EngineCode, (listener) => {
    const fake = new Fake(listener);
    workers.push(fake);
    return fake;
  });
  crew.cores = cores;
  const out: Stage = { crew, workers, heard: [], activities: [], errors: [] };
  crew.onEvents({
    events: (batch) => out.heard.push(...batch),
    activity: (activity) => out.activities.push(activity),
    failed: (error) => out.errors.push(error),
  });
  return out;
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

/** Lets the workers work in an order drawn from `seed` until nobody has anything to do. */
async function run(workers: Fake[], seed = 1): Promise<void> {
  let state = seed;
  for (let idle = 0; idle < 60; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const worker = workers[Math.floor(state / 65_536) % workers.length];
    idle = worker?.work() ? 0 : idle + 1;
    if (idle > 0) await settle();
  }
}

const withBetas = (methods: string, steps: number): RunConfig => {
  const base = config(methods, { steps });
  return { ...base, lanes: base.lanes.map((lane, i) => ({ ...lane, params: { ...lane.params, beta: i + 1 } })) };
};
const lockstep = (heard: readonly Event[]): string[] =>
  heard.filter((event) => event.event !== 'progress').map((event) => JSON.stringify(event, (_, value: unknown) => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value)));

describe('lanes over workers', () => {
  it('balances what they cost, with no more workers than help', () => {
    expect(planLanes(lanes('dpo,kldpo,wdpo'), 1)).toEqual([[0, 1, 2]]);
    expect(planLanes(lanes('dpo,kldpo,wdpo'), 2)).toEqual([[0, 1], [2]]);
    // A third worker would wait for WDPO anyway.
    expect(planLanes(lanes('dpo,kldpo,wdpo'), 8)).toEqual([[0, 1], [2]]);
    expect(planLanes(lanes('dpo,kldpo'), 8)).toEqual([[0], [1]]);
    expect(planLanes(lanes('dpo,kldpo,wdpo,gr_dpo,dr_dpo'), 2)).toEqual([[0, 1, 3], [2, 4]]);
    expect(planLanes(lanes('dpo'), 8)).toEqual([[0]]);
  });

  it('uses one worker on a GPU and for the table policies', () => {
    expect(planFor('webgpu', config('dpo,kldpo'), 8)).toHaveLength(1);
    expect(planFor('cpu', toConfig(defaults('tabular')), 8)).toHaveLength(1);
    expect(planFor('cpu', config('dpo,kldpo'), 8)).toHaveLength(2);
  });
});

describe('merging', () => {
  it.each([1, 2, 3, 4, 5])('gives the events of one worker, in whatever order they come (%i)', async (seed) => {
    const whole = withBetas('dpo,kldpo,wdpo,gr_dpo', 7);
    const one = stage(1);
    await one.crew.start({ config: whole, reference: new Uint8Array() }, true);
    await run(one.workers, seed);
    const three = stage(3);
    await three.crew.start({ config: whole, reference: new Uint8Array() }, true);
    expect(three.workers.map((worker) => worker.runs[0]!.config.lanes.map(beta))).toEqual([[1, 4], [2], [3]]);
    await run(three.workers, seed);
    expect(lockstep(three.heard)).toEqual(lockstep(one.heard).map((line) => line.replace('one core', '3 cores')));
    expect(three.activities.at(-1)).toBe('done');
    expect(one.activities.at(-1)).toBe('done');
  });

  it('tells the progress of the slowest', () => {
    const merger = new Merger([[0], [1]]);
    merger.push(0, [started(config('dpo'))]);
    merger.push(1, [started(config('dpo'))]);
    const progress = (stage: 'data' | 'reference', done: number): Event => ({ event: 'progress', stage, done, total: 10, loss: null });
    expect(merger.push(0, [progress('data', 10)])).toEqual([]);
    expect(merger.push(1, [progress('data', 5)])).toEqual([progress('data', 5)]);
    expect(merger.push(0, [progress('reference', 3)])).toEqual([]);
    expect(merger.push(1, [progress('reference', 9)])).toEqual([progress('reference', 3)]);
  });

  it('hears the end of each worker once', () => {
    const merger = new Merger([[0], [1]]);
    const done: Event = { event: 'done', steps: 3 };
    expect(merger.push(0, [done, done])).toEqual([]);
    expect(merger.push(1, [done])).toEqual([done]);
    expect(merger.push(1, [done])).toEqual([]);
  });

  it('refuses to put together what does not belong together', () => {
    const merger = new Merger([[0], [1]]);
    merger.push(0, [frame(lanes('dpo'), 1)]);
    expect(() => merger.push(1, [frame(lanes('dpo'), 2)])).toThrow();
  });
});

describe('keeping step', () => {
  it('lets no worker be more than one frame ahead', async () => {
    const { crew, workers } = stage(2);
    await crew.start({ config: withBetas('dpo,kldpo', 50), reference: new Uint8Array() }, true);
    await settle();
    const [quick, slow] = workers as [Fake, Fake];
    while (quick.work());
    expect(quick.made).toBe(2);
    for (let i = 0; i < 40 && slow.made < 5; i += 1) {
      slow.work();
      while (quick.work());
      expect(quick.made - slow.made).toBeLessThanOrEqual(2);
    }
    expect(quick.made).toBe(slow.made + 2);
  });

  it('pauses on the same frame, steps one frame, and plays on', async () => {
    const { crew, workers, heard, activities } = stage(2);
    await crew.start({ config: withBetas('dpo,kldpo', 50), reference: new Uint8Array() }, true);
    await settle();
    const [quick, slow] = workers as [Fake, Fake];
    while (slow.made < 4) {
      while (quick.work());
      slow.work();
    }
    while (quick.work());
    const frames = (): number => heard.filter((event) => event.event === 'frame').length;
    expect([quick.made, slow.made]).toEqual([6, 4]);
    crew.pause();
    await settle();
    await run(workers);
    expect([quick.made, slow.made, frames()]).toEqual([6, 6, 6]);
    expect(activities.at(-1)).toBe('paused');
    crew.step();
    expect(activities.at(-1)).toBe('training');
    await run(workers);
    expect([quick.made, slow.made, frames()]).toEqual([7, 7, 7]);
    expect(activities.at(-1)).toBe('paused');
    crew.play();
    await run(workers);
    expect(frames()).toBe(50);
    expect(activities.at(-1)).toBe('done');
  });

  it('keeps a run where no worker has evaluated more than another', async () => {
    const two = stage(2);
    await two.crew.start({ config: withBetas('dpo,wdpo', 9), reference: new Uint8Array() }, true);
    const [one, other] = two.workers as [Fake, Fake];
    const to = (worker: Fake, place: number): void => {
      while (worker.place < place && worker.work());
    };
    // Both have made two frames; only the first has evaluated what they came to.
    to(one, 4);
    to(other, 4);
    to(one, 5);
    await settle();
    expect([one.made, one.place, other.made, other.place]).toEqual([2, 5, 2, 4]);
    const kept = await two.crew.checkpoint();
    expect(kept).toMatchObject({ parts: [Uint8Array.of(5), Uint8Array.of(5)], step: 2, evaluated: 2, frames: 2 });
    await run(two.workers);
    expect(two.activities.at(-1)).toBe('done');
    expect(two.errors).toEqual([]);
  });

  it('changes every lane on the same step', async () => {
    const { crew, workers, heard } = stage(2);
    const whole = withBetas('dpo,kldpo', 50);
    await crew.start({ config: whole, reference: new Uint8Array() }, true);
    await settle();
    const [quick, slow] = workers as [Fake, Fake];
    while (slow.made < 3) {
      while (quick.work());
      slow.work();
    }
    while (quick.work());
    const change = crew.update({ ...whole, train: { ...whole.train, learning_rate: 0.5 } });
    await settle();
    expect(slow.updates).toHaveLength(0);
    while (slow.work());
    await expect(change).resolves.toEqual({ applied: ['lanes'], restart: [] });
    expect([quick.made, slow.made]).toEqual([5, 5]);
    expect(workers.map((worker) => worker.updates[0]!.lanes.map(beta))).toEqual([[1], [2]]);
    await run(workers);
    expect(heard.filter((event) => event.event === 'frame')).toHaveLength(50);
  });

  it('lets nobody go on who is held while another is still in the middle of a step', async () => {
    const { crew, workers } = stage(2);
    await crew.start({ config: withBetas('dpo,kldpo', 50), reference: new Uint8Array() }, true);
    await settle();
    const [quick, slow] = workers as [Fake, Fake];
    while (quick.work());
    expect(quick.made).toBe(2);
    let over = (): void => undefined;
    slow.busy = new Promise((resolve) => (over = resolve));
    const looking = crew.probe(7);
    await settle();
    // The step under way is over: its frame would let the other go on.
    while (slow.made < 1) slow.work();
    await settle();
    while (quick.work());
    expect(quick.made).toBe(2);
    over();
    await run(workers);
    expect((await looking).step).toBe(2);
    await run(workers);
    expect([quick.made, slow.made]).toEqual([50, 50]);
  });

  it('exports a lane from the worker that has it', async () => {
    const { crew } = stage(2);
    await crew.start({ config: withBetas('dpo,kldpo,wdpo', 5), reference: new Uint8Array() }, false);
    expect([...(await crew.exportPolicy(1))]).toEqual([1]);
    expect([...(await crew.exportPolicy(2))]).toEqual([0]);
  });
});

describe('what a run makes before it trains', () => {
  it.each([1, 2])('is told once, whether one worker makes it or one for all (%i)', async (cores) => {
    for (const given of [false, true]) {
      const { crew, workers, heard, activities } = stage(cores);
      const told: [number[], string | undefined][] = [];
      crew.onEvents({ events: () => undefined, activity: () => undefined, failed: () => undefined, made: (bytes, { key }) => told.push([[...bytes], key]) });
      const going = crew.start({ config: withBetas('dpo,kldpo', 5), key: 'k', ...(given ? { reference: new Uint8Array() } : {}) }, true);
      await settle();
      await run(workers);
      await going;
      await run(workers);
      expect(told).toEqual(given ? [] : [[[255], 'k']]);
      expect(heard.filter((event) => event.event === 'frame')).toHaveLength(5);
      expect(activities.at(-1)).toBe('done');
    }
  });
});

describe('a look at a pair', () => {
  it('is the same from one worker and from three, all at one step', async () => {
    const whole = withBetas('dpo,kldpo,wdpo,gr_dpo', 30);
    const looks: Probe[] = [];
    for (const cores of [1, 3]) {
      const on = stage(cores);
      await on.crew.start({ config: whole, reference: new Uint8Array() }, false);
      await run(on.workers);
      for (let i = 0; i < 3; i += 1) on.crew.step();
      await run(on.workers, 4);
      const looking = on.crew.probe(7);
      await run(on.workers, 4);
      looks.push(await looking);
      expect(on.workers.map((worker) => worker.made)).toEqual(on.workers.map(() => 3));
    }
    expect(looks[1]).toEqual(looks[0]);
    expect(looks[0]).toMatchObject({ step: 3, pair: 7, writes: [[1], [2], [3], [4]] });
    expect(looks[0]!.chosen.becomes).toEqual([1, 2, 1, 1, 2, 2, 1, 2, 3, 1, 2, 4]);
  });
});

describe('preparing and failing', () => {
  it('trains a reference policy once and hands it to everybody', async () => {
    const { crew, workers, heard } = stage(2);
    const whole = withBetas('dpo,kldpo', 3);
    const begun = crew.start({ config: whole }, true);
    await settle();
    expect(workers[0]!.runs.map((each) => each.config.lanes.length)).toEqual([2]);
    expect(workers[1]!.runs).toHaveLength(0);
    while (workers[0]!.work());
    expect(workers[0]!.allowed).toBe(0);
    await begun;
    expect(heard.map((event) => event.event)).toEqual(['started', 'warning', 'progress', 'progress']);
    await run(workers);
    expect(workers.map((worker) => worker.runs.at(-1)!.reference)).toEqual([Uint8Array.of(255), Uint8Array.of(255)]);
    expect(heard.filter((event) => event.event === 'done')).toHaveLength(1);
    expect(heard.some((event) => event.event === 'progress' && event.stage === 'sft')).toBe(true);
    // The same run again has it already.
    await crew.reset();
    expect(workers[0]!.runs).toHaveLength(3);
    expect(workers[0]!.runs.at(-1)!.reference).toEqual(Uint8Array.of(255));
  });

  it.each(['play', 'prepare'] as const)('prepares a part and then, at %s, the rest', async (how) => {
    const { crew, workers, heard, activities } = stage(1);
    await crew.start({ config: withBetas('dpo,kldpo', 2), reference: new Uint8Array() }, false, 'kernels');
    await run(workers);
    expect(heard.at(-1)).toMatchObject({ event: 'progress', stage: 'kernels' });
    expect(activities).toEqual(['preparing', 'paused']);
    crew[how]();
    await run(workers);
    // It never seems to train while the rest is prepared.
    expect(activities.slice(2)).toEqual(how === 'play' ? ['preparing', 'training', 'done'] : ['preparing', 'paused']);
    const frames = heard.filter((event) => event.event === 'frame').length;
    expect(frames).toBe(how === 'play' ? 2 : 0);
    expect(heard.filter((event) => event.event === 'evaluation').length).toBeGreaterThan(0);
    expect(activities.at(-1)).toBe(how === 'play' ? 'done' : 'paused');
  });

  it('stops a preparation where it is, at play goes on, and hands on what is half-made of it', async () => {
    const { crew, workers, heard, activities } = stage(2);
    const kept: [Uint8Array, RunRequest][] = [];
    crew.onEvents({ events: () => undefined, activity: () => undefined, failed: () => undefined, halfway: (file, of) => void kept.push([file, of]) });
    const request = { config: withBetas('dpo,kldpo', 2), key: 'k', halfway: Uint8Array.of(7) };
    const begun = crew.start(request, true);
    await settle();
    // The first worker trains the reference policy for all, from where an earlier page was.
    expect(workers[0]!.runs.at(-1)?.halfway).toEqual(Uint8Array.of(7));
    expect(workers[0]!.work()).toBe(true);
    workers[0]!.keep(Uint8Array.of(9));
    workers[1]!.keep(Uint8Array.of(8));
    expect(kept).toEqual([[Uint8Array.of(9), request]]);
    crew.pause();
    await settle();
    expect(activities.at(-1)).toBe('held');
    expect(workers[0]!.work()).toBe(false);
    crew.play();
    expect(activities.at(-1)).toBe('preparing');
    while (workers[0]!.work());
    // Stopped again between the reference policy and the lanes.
    crew.pause();
    await begun;
    await settle();
    expect(workers.map((worker) => worker.resting)).toEqual([true, true]);
    expect([workers.some((worker) => worker.work()), activities.at(-1)]).toEqual([false, 'held']);
    crew.play();
    await run(workers);
    expect(heard.filter((event) => event.event === 'frame')).toHaveLength(2);
    expect(activities.at(-1)).toBe('done');
  });

  it('stops everybody where one fails', async () => {
    const { crew, workers, errors } = stage(2);
    await crew.start({ config: withBetas('dpo,kldpo', 50), reference: new Uint8Array() }, true);
    await settle();
    for (let i = 0; i < 6; i += 1) workers.forEach((worker) => worker.work());
    workers[1]!.fail({ code: 'device', message: 'gone', mend: '' });
    expect(errors).toEqual([{ code: 'device', message: 'gone', mend: '' }]);
    expect(workers[0]!.work()).toBe(false);
  });

  it.each([
    // One worker's only lane; all of two workers; the last lane at a step with an evaluation after it; nobody, at the last step.
    [{ 2: 1 }, undefined],
    [{ 1: 3, 2: 1 }, undefined],
    [{ 1: 2, 2: 4, 3: 1 }, 4],
    [{ 1: 5, 2: 0, 3: 3 }, 5],
    [{ 1: 3, 2: 3, 3: 3 }, 3],
    [{ 1: 8, 2: 8, 3: 8 }, undefined],
  ])('shows lanes that have diverged (%o) as one worker does, and ends where none is left', async (steps, end) => {
    diverges = steps;
    try {
      const told = async (cores: number, seed: number): Promise<[string[], string[], EngineError[], boolean]> => {
        const { crew, workers, heard, errors } = stage(cores);
        await crew.start({ config: withBetas('dpo,kldpo,wdpo', 9), reference: new Uint8Array() }, true);
        await run(workers, seed);
        const warnings = lockstep(heard.filter((event) => event.event === 'warning'));
        return [lockstep(heard.filter((event) => event.event !== 'warning')).slice(1), warnings.sort(), errors, workers.some((worker) => worker.work())];
      };
      const one = await told(1, 1);
      expect(one[2]).toEqual(end === undefined ? [] : [NO_LANE_LEFT(end)]);
      expect(one[0].length).toBeGreaterThan(3);
      for (let seed = 1; seed < 6; seed += 1) {
        expect(await told(2, seed)).toEqual(one);
        expect(await told(3, seed)).toEqual(one);
      }
    } finally {
      diverges = {};
    }
  });

  it('looks into a run whose worker has no lane left, and keeps it', async () => {
    diverges = { 2: 1 };
    try {
      const { crew, workers } = stage(2);
      await crew.start({ config: withBetas('dpo,kldpo', 50), reference: new Uint8Array() }, true);
      await settle();
      while (workers[1]!.made < 5) workers.forEach((worker) => worker.work());
      const looking = crew.probe(3);
      await run(workers);
      const { chosen, writes } = await looking;
      expect(chosen.logps.map((value) => Math.round(value) % 100)).toEqual([1, 2]);
      expect(writes).toEqual([[1], [2]]);
    } finally {
      diverges = {};
    }
  });

  it('does nothing more for an earlier run whose turn comes in the next one', async () => {
    const { crew, workers, heard } = stage(2);
    const whole = { config: withBetas('dpo,kldpo', 6), reference: new Uint8Array() };
    await crew.start(whole, true);
    await settle();
    for (const worker of workers) while (worker.made < 1) worker.work();
    let over = (): void => undefined;
    workers[0]!.busy = new Promise((resolve) => (over = resolve));
    const changes = [crew.update(whole.config), crew.update(whole.config)].map((change) => change.then(() => 'done', (error: EngineError) => error.message));
    await settle();
    await crew.start(whole, true);
    over();
    expect(await Promise.all(changes)).toEqual(['the run was started anew', 'the run was started anew']);
    heard.length = 0;
    await run(workers);
    expect(heard.filter((event) => event.event === 'frame')).toHaveLength(6);
  });

  it('leaves out what an earlier run still says', async () => {
    const { crew, workers, heard } = stage(2);
    const whole = { config: withBetas('dpo,kldpo', 4), reference: new Uint8Array() };
    await crew.start(whole, true);
    await settle();
    workers.forEach((worker) => worker.work());
    const again = crew.start(whole, true);
    workers[0]!.work();
    await again;
    heard.length = 0;
    await run(workers);
    expect(heard.filter((event) => event.event === 'started')).toHaveLength(1);
    expect(heard.filter((event) => event.event === 'frame')).toHaveLength(4);
  });
});
