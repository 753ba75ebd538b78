import { describe, expect, it } from 'vitest';
import type { Evaluation, Frame, LaneConfig } from '../engine/types';
import {
  effectiveSampleSize,
  flippedShare,
  frameSums,
  laneFamilies,
  lastAt,
  laneSlice,
  nominalValue,
  people,
  planePath,
  shiftedValue,
  trailingMean,
  worstGroup,
} from './derive';

const frame = (over: Partial<Frame> = {}): Frame => ({
  step: 0,
  pairs: [0, 1, 2, 3, 0, 1, 2, 3],
  losses: [],
  chosen: [],
  rejected: [],
  factor: [1, 1, 1, 1, 0.5, 0.5, 1, 2],
  gradient: [0.25, 0.25, 0.25, 0.25, 0.1, 0.1, 0.2, 0.6],
  objective: [],
  grad_norm: [],
  learning_rate: [],
  radius: [],
  tau: [],
  ...over,
});
const groupOf = [0, 0, 0, 1];

const evaluation = (step: number, accuracy: number[], kl: number[] = []): Evaluation => ({
  step,
  accuracy,
  margin: accuracy,
  reward: [],
  reward_se: [],
  kl,
  distance: [],
  reference_reward: [],
  samples: [],
});

describe('shares per group', () => {
  it('takes the factor of each lane apart by group', () => {
    const sums = frameSums(frame(), groupOf, 2, 2);
    expect(sums.factor).toEqual([
      [0.75, 0.25],
      [0.5, 0.5],
    ]);
    expect(sums.gradient[1]?.[1]).toBeCloseTo(0.6);
  });

  it('is the same from typed arrays, as they come live', () => {
    const typed = frame({ pairs: Uint32Array.from([0, 1, 2, 3, 0, 1, 2, 3]), factor: Float32Array.from([1, 1, 1, 1, 0.5, 0.5, 1, 2]) });
    expect(frameSums(typed, Uint16Array.from(groupOf), 2, 2).factor).toEqual(frameSums(frame(), groupOf, 2, 2).factor);
  });

  it('does not care for the scale of an unnormalized adversary', () => {
    const scaled = frame({ factor: [7, 7, 7, 7, 3.5, 3.5, 7, 14] });
    expect(frameSums(scaled, groupOf, 2, 2).factor).toEqual(frameSums(frame(), groupOf, 2, 2).factor);
  });

  it('gives zeros rather than NaN where there is no weight', () => {
    expect(frameSums(frame({ factor: new Array(8).fill(0) }), groupOf, 2, 2).factor[0]).toEqual([0, 0]);
  });

  it('averages the last entries only', () => {
    const mean = trailingMean([[0], [1], [2], [3]], 2);
    expect(mean.map((row) => row[0])).toEqual([0, 0.5, 1.5, 2.5]);
  });
});

describe('sizes and slices', () => {
  it('effective sample size runs from 1 to n', () => {
    expect(effectiveSampleSize([1, 1, 1, 1])).toBe(4);
    expect(effectiveSampleSize([4, 0, 0, 0])).toBe(1);
    expect(effectiveSampleSize([])).toBe(0);
  });

  it('slices a lane', () => {
    expect(laneSlice([1, 2, 3, 4], 1, 2)).toEqual([3, 4]);
    expect(laneSlice([], 0, 3)).toEqual([]);
  });

  it('finds the last entry up to a step', () => {
    const entries = [{ step: 0 }, { step: 10 }, { step: 20 }];
    expect([-1, 0, 9, 10, 25].map((step) => lastAt(entries, step))).toEqual([-1, 0, 0, 1, 2]);
  });
});

describe('values of a population', () => {
  it('is the training mix at its own share', () => {
    expect(shiftedValue([0.9, 0.2], [0.9, 0.1], 1, 0.1)).toBeCloseTo(nominalValue([0.9, 0.2], [0.9, 0.1]));
  });

  it('is the target group alone at α = 1, and without it at α = 0', () => {
    expect(shiftedValue([0.9, 0.5, 0.2], [0.6, 0.3, 0.1], 2, 1)).toBeCloseTo(0.2);
    expect(shiftedValue([0.9, 0.6, 0.2], [0.6, 0.3, 0.1], 2, 0)).toBeCloseTo(0.8);
  });

  it('stays finite where the target is everybody', () => {
    expect(shiftedValue([0.9, 0.2], [0, 1], 1, 0.5)).toBeCloseTo(0.55);
  });

  it('names the worst group', () => {
    expect(worstGroup([0.9, 0.2, 0.4])).toBe(1);
  });

  it('draws a path through the plane, with KL where there is one', () => {
    const path = planePath([evaluation(0, [0.5, 0.5, 0.6, 0.4]), evaluation(10, [0.9, 0.1, 0.7, 0.6], [5, 1])], 'accuracy', 1, 2, [0.9, 0.1], { kind: 'worst' });
    expect(path[0]).toEqual({ step: 0, x: expect.closeTo(0.58), y: 0.4 });
    expect(path[1]).toEqual({ step: 10, x: expect.closeTo(0.69), y: 0.6, kl: 1 });
    expect(planePath([evaluation(0, [])], 'reward', 0, 2, [0.9, 0.1], { kind: 'worst' })).toEqual([]);
  });

  it('counts the weight on flipped labels', () => {
    const pairs = [false, false, true, true].map((flipped) => ({ prompt: '', chosen: '', rejected: '', group: 0, flipped }));
    expect(flippedShare(frame(), pairs, 1, 2)).toBeCloseTo(0.75);
  });
});

describe('a hundred people', () => {
  it('always add up', () => {
    for (const mix of [[0.9, 0.1], [1 / 3, 1 / 3, 1 / 3], [0.995, 0.005], [1]]) expect(people(mix)).toHaveLength(100);
    expect(people([0.87, 0.13]).filter((g) => g === 1)).toHaveLength(13);
  });
});

describe('lanes of several seeds', () => {
  it('belong together where nothing but the seed differs', () => {
    const lane = (method: string, params: Record<string, number>, seed: number): LaneConfig => ({ method, params, learning_rate: 1e-4, seed });
    const lanes = [
      lane('dpo', { beta: 1 }, 0), lane('dpo', { beta: 1 }, 1),
      lane('kldpo', { beta: 1, tau: 1 }, 0), lane('kldpo', { tau: 1, beta: 1 }, 1), lane('kldpo', { beta: 1, tau: 0.5 }, 0),
    ];
    expect(laneFamilies(lanes)).toEqual([[0, 1], [2, 3], [4]]);
    expect(laneFamilies([...lanes, { ...lanes[0]!, form: 'other' }])).toHaveLength(4);
  });
});
