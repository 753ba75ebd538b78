import { describe, expect, it } from 'vitest';
import { crossingOf, klLevels } from '../charts';
import type { PathPoint } from './derive';
import { compare } from './verdict';

const path = (points: [number, number, number, number?][]): PathPoint[] =>
  points.map(([kl, x, y, se], step) => ({ step, kl, x, y, ...(se === undefined ? {} : { se }) }));
const dpo = path([[0, 0.5, 0.5, 0.01], [1, 0.7, 0.4, 0.01], [3, 0.9, 0.2, 0.01]]);

describe('a path at a KL', () => {
  it('is where it first comes to it, between two points in a straight line', () => {
    expect(crossingOf(dpo, 'kl', 2)).toEqual({ x: expect.closeTo(0.8, 10), y: expect.closeTo(0.3, 10), se: 0.01 });
    expect(crossingOf(dpo, 'kl', 3.1)).toBeUndefined();
    // One that turns back is met on the way out.
    expect(crossingOf(path([[0, 0, 0], [2, 1, 1], [1, 2, 5]]), 'kl', 1)?.y).toBe(0.5);
  });
});

describe('robust or only cautious', () => {
  it('finds a lane that walked DPO’s path and stopped earlier', () => {
    const cautious = path([[0, 0.5, 0.5, 0.01], [0.5, 0.6, 0.451, 0.01], [1.5, 0.74, 0.352, 0.01]]);
    const found = compare([dpo], [cautious]);
    expect(found).toMatchObject({ by: 'kl', at: 1.5, verdict: 'back' });
    expect(found!.difference).toBeCloseTo(0.352 - 0.35, 10);
    expect(found!.se).toBeCloseTo(0.01 * Math.SQRT2, 10);
  });

  it('finds one that left it, upward or down', () => {
    expect(compare([dpo], [path([[0, 0.5, 0.5, 0.01], [1.5, 0.74, 0.45, 0.01]])])!.verdict).toBe('left');
    expect(compare([dpo], [path([[0, 0.5, 0.5, 0.01], [1.5, 0.74, 0.25, 0.01]])])!.verdict).toBe('below');
  });

  it('takes the error from the seeds where there are several', () => {
    const at = (y: number): PathPoint[] => path([[0, 0.5, 0.5], [1, 0.7, y]]);
    const found = compare([at(0.4), at(0.5), at(0.6)], [at(0.5), at(0.6), at(0.73)])!;
    expect(found.difference).toBeCloseTo(0.11, 10);
    // Differences 0.1, 0.1, 0.13, whatever the seeds themselves differ by.
    expect(found.se).toBeCloseTo(Math.sqrt(0.0003 / 3), 10);
    expect(found.verdict).toBe('left');
  });

  it('leaves it open without an error, and says nothing before there are two points', () => {
    expect(compare([path([[0, 0, 0], [1, 1, 1]])], [path([[0, 0, 0], [1, 1, 2]])])).toMatchObject({ difference: 1, se: undefined, verdict: 'open' });
    expect(compare([path([[0, 0, 0]])], [path([[0, 0, 0]])])).toBeUndefined();
    expect(compare([], [dpo])).toBeUndefined();
  });

  it('compares at the nominal value where no KL was measured', () => {
    const bare = (points: [number, number][]): PathPoint[] => points.map(([x, y], step) => ({ step, x, y, se: 0.01 }));
    expect(compare([bare([[0.5, 0.5], [0.9, 0.3]])], [bare([[0.5, 0.5], [0.7, 0.5]])])).toMatchObject({ by: 'x', at: 0.7, difference: expect.closeTo(0.1, 10), verdict: 'left' });
  });
});

it('marks levels of KL that at least two paths have come to', () => {
  expect(klLevels([dpo, path([[0, 0, 0], [0.53, 1, 1]])], 3)).toEqual([0.1, 0.2, 0.5]);
  expect(klLevels([dpo], 2)).toEqual([1, 2]);
  expect(klLevels([[{ step: 0, x: 0, y: 0 }]], 3)).toEqual([]);
  expect(klLevels([path([[0, 0, 0]])], 3)).toEqual([]);
});
