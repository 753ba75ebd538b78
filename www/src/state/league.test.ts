import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../engine/types';
import { crossing, estimate, leagueCsv, pathOf, sorted, summarize, tabulate, type Point, type Result } from './league';
import type { EngineListener } from '../engine/engine';
import type { RunRequest } from '../engine/protocol';
import type { Lab } from './lab.svelte';
import { League, settingsFor, StepTimer } from './league.svelte';
import { defaults, toConfig } from './settings';

const point = (reward: number[], distance: number): Point => ({ accuracy: reward.map((value) => value / 2), reward, distance });

describe('estimates over seeds', () => {
  it('are the mean and its standard error', () => {
    // Deviations −2, 0, 2: variance 8/2 = 4, error √(4/3).
    const { mean, se, n } = estimate([1, 3, 5]);
    expect([mean, n]).toEqual([3, 3]);
    expect(se).toBeCloseTo(1.1547005, 6);
    // Two values: half their difference.
    expect(estimate([0.2, 0.6]).se).toBeCloseTo(0.2, 12);
  });
  it('count only seeds that have a value', () => {
    expect(estimate([2, undefined, Number.NaN, 4])).toEqual({ mean: 3, se: 1, n: 2 });
    expect(estimate([7])).toEqual({ mean: 7, se: 0, n: 1 });
    expect(estimate([]).n).toBe(0);
    expect(estimate([undefined]).mean).toBeNaN();
  });
});

describe('a path', () => {
  const look = (step: number, kl: number[]): Evaluation => ({
    step, accuracy: [1, 0.5, 0.25, 0], margin: [], reward: [], reward_se: [], kl, distance: [3, 4], reference_reward: [], samples: [],
  });
  it('takes a lane’s own values, and ‖θ‖ where there is no KL', () => {
    expect(pathOf([look(0, [0.5, 0.7])], 1, 2)).toEqual([{ accuracy: [0.25, 0], reward: [], distance: 0.7 }]);
    expect(pathOf([look(0, [])], 0, 2)[0]!.distance).toBe(3);
  });
  it('is read where it first reaches a distance, between two looks', () => {
    const path = [point([0, 0], 0), point([1, 2], 0.5), point([3, 0], 1.5), point([9, 9], 0.2), point([0, 0], 2)];
    expect(crossing(path, 1)).toEqual({ accuracy: [1, 0.5], reward: [2, 1], distance: 1 });
    expect(crossing(path, 0.25)!.reward).toEqual([0.5, 1]);
    expect(crossing(path, 3)).toBeUndefined();
    expect(crossing([], 1)).toBeUndefined();
  });
});

describe('a table', () => {
  const result = (lane: string, ends: number[][], more: Partial<Result> = {}): Result => ({
    scenario: 's', lane, name: lane.toUpperCase(), mix: [0.75, 0.25], reward: true, paths: ends.map((end, i) => [point([0, 0], 0), point(end, 2 + i)]), ...more,
  });
  const dpo = result('dpo:beta=1', [[1, -1], [3, 1]], { cost: 4, noisy: [[point([1, -2], 1)], [point([0, 0.5], 1)]] });
  const other = result('kldpo', [[2, 2], [2, 2]], { cost: 6 });
  const rows = tabulate([dpo, other], 1);

  it('has the numbers worked out by hand', () => {
    // Worst −1 and 1; at 3:1 they are 0.5 and 2.5; reversed −0.5 and 1.5.
    expect(rows[0]!.worst).toEqual({ mean: 0, se: 1, n: 2 });
    expect(rows[0]!.nominal).toEqual({ mean: 1.5, se: 1, n: 2 });
    expect(rows[0]!.shifted).toEqual({ mean: 0.5, se: 1, n: 2 });
    expect(rows[0]!.distance).toEqual({ mean: 2.5, se: 0.5, n: 2 });
    // At distance 1 the first seed is half way, the second a third: worst −0.5 and 1/3.
    expect(rows[0]!.equal.worst.mean).toBeCloseTo((-0.5 + 1 / 3) / 2, 12);
    // At the training mix flipped labels take 0.5 − 0.25 and 2.5 − 0.125.
    expect(rows[0]!.noise).toEqual({ mean: 1.3125, se: 1.0625, n: 2 });
    expect(rows[1]!.noise.n).toBe(0);
    expect(rows.map((row) => row.cost)).toEqual([1, 1.5]);
  });
  it('says what was not measured', () => {
    expect(tabulate([other], 1)[0]!.cost).toBeUndefined();
    expect(tabulate([other], 5)[0]!.equal.worst.n).toBe(0);
    expect(summarize([point([], 1)], [0.5, 0.5], true).worst.n).toBe(0);
    expect(tabulate([{ ...dpo, reward: false }], 1)[0]!.nominal.mean).toBe(0.75);
  });
  it('is sorted by any column, without a value last', () => {
    expect(sorted(rows, 'worst', true).map((row) => row.lane)).toEqual(['kldpo', 'dpo:beta=1']);
    expect(sorted(rows, 'worst', false).map((row) => row.lane)).toEqual(['dpo:beta=1', 'kldpo']);
    expect(sorted(rows, 'noise', true).at(-1)!.lane).toBe('kldpo');
    expect(sorted(rows, 'noise', false).at(-1)!.lane).toBe('kldpo');
  });
  it('is written as comma-separated values', () => {
    const lines = leagueCsv([{ ...rows[0]!, name: 'A, "b"' }, rows[1]!]).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^s,dpo:beta=1,"A, ""b""",reward,2,0,1,2,1\.5,1,2,/);
    expect(lines[2]!.split(',')).toHaveLength(lines[0]!.split(',').length);
    expect(lines[2]).toContain(',,,0,1.5');
  });
});

/** A lab whose crew makes one evaluation a run; lanes of a method among `bad` blow up. */
function labWith(bad: string[]): { lab: Lab; started: string[]; disposed: () => boolean } {
  const started: string[] = [];
  let disposed = false;
  const crew = () => {
    const listeners = new Set<EngineListener>();
    return {
      usable: true,
      cores: 1,
      onEvents(listener: EngineListener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      dispose: () => void (disposed = true),
      async start({ config }: RunRequest) {
        const { method } = config.lanes[0]!;
        started.push(`${method} ${config.data.flip}`);
        await Promise.resolve();
        if (bad.includes(method)) {
          for (const each of listeners) each.failed({ code: 'numerics', message: 'every lane blew up', mend: '' }, false);
          return;
        }
        const n = config.lanes.length;
        const groups = [{ name: 'a', wants: '', share: 0.75 }, { name: 'b', wants: '', share: 0.25 }];
        const look = { step: 0, accuracy: config.lanes.flatMap((_, i) => [1, i / 2]), margin: [], reward: [], reward_se: [], kl: Array<number>(n).fill(0.5), distance: [], reference_reward: [], samples: [] };
        const run = { version: '', config, device: '', groups, lanes: config.lanes.map(() => method), vocabulary: [], parameters: 1, pairs: [], has_reward: false };
        for (const each of listeners) each.events([{ event: 'started', ...run }, { event: 'evaluation', ...look }, { event: 'done', steps: 1 }]);
      },
    };
  };
  const lab = {
    settings: defaults(),
    transport: { rest: () => undefined },
    backstage: { cores: 1, another: () => Promise.resolve(crew()), request: (settings: ReturnType<typeof defaults>) => Promise.resolve({ config: toConfig(settings) }) },
  };
  return { lab: lab as unknown as Lab, started, disposed: () => disposed };
}

describe('a league’s run', () => {
  it('goes on past a method that blows up, and says which', async () => {
    const { lab, started, disposed } = labWith(['kldpo']);
    const league = new League(lab);
    await league.run({ lanes: ['dpo', 'kldpo', 'wdpo'], scenarios: ['shortcut'], seeds: 2, steps: 5, noise: true });
    expect(started).toEqual(['dpo 0', 'dpo 0.1', 'kldpo 0', 'wdpo 0', 'wdpo 0.1']);
    expect(league.warnings).toEqual(['kldpo: every lane blew up']);
    expect([league.error, league.running, disposed()]).toEqual([undefined, false, true]);
    expect(league.rows.map((row) => [row.lane, row.seeds, row.worst.mean, row.nominal.mean, row.noise.mean])).toEqual([
      ['dpo', 2, 0.25, 0.8125, 0],
      ['wdpo', 2, 0.25, 0.8125, 0],
    ]);
  });

  it('trains one lane with its seeds in the scenario asked for', () => {
    const choice = { lanes: ['kldpo:tau=0.3'], scenarios: ['tabular'], seeds: 3, steps: 7, noise: true };
    const config = toConfig(settingsFor({ ...defaults(), lanes: 'dpo;wdpo', seed: 5 }, choice, 'tabular', 'kldpo:tau=0.3', 0.1));
    expect(config.lanes.map((lane) => [lane.method, lane.params['tau'], lane.seed])).toEqual([0, 1, 2].map((seed) => ['kldpo', 0.3, seed]));
    expect([config.data.scenario, config.data.flip, config.train.steps, config.seed]).toEqual(['tabular', 0.1, 7, 5]);
  });
  it('times steps without the evaluations between them, and only where there is enough to time', () => {
    const timer = new StepTimer();
    timer.frame(0, 0);
    timer.frame(5, 50);
    timer.evaluation();
    timer.frame(10, 1000);
    timer.frame(20, 1100);
    expect(timer.perStep).toBeUndefined();
    timer.frame(25, 1150);
    expect(timer.perStep).toBe(10);
  });
});
