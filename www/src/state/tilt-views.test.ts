import { describe, expect, it } from 'vitest';
import type { Frame } from '../engine/types';
import { lastSeen } from './tilt-views';

const frame = (step: number, pairs: number[], losses: number[]): Frame => ({
  step, pairs, losses, chosen: [], rejected: [], factor: losses.map((loss) => loss * 10), gradient: [],
  objective: [], grad_norm: [], learning_rate: [], radius: [], tau: [],
});

describe('pairs as they were when last in a batch', () => {
  // Two lanes of two pairs each.
  const frames = [frame(0, [0, 1, 0, 1], [1, 2, 5, 6]), frame(1, [2, 3, 2, 3], [3, 4, 7, 8]), frame(4, [1, 0, 3, 2], [0.2, 0.1, 0.8, 0.7])];

  it('takes each from the last frame that had it, lane by lane', () => {
    expect(lastSeen(frames, 2, 0, 2, 5)).toEqual({ pair: [1, 0, 2, 3], losses: [0.2, 0.1, 3, 4], factors: [2, 1, 30, 40], age: [0, 0, 3, 3] });
    expect(lastSeen(frames, 2, 1, 2, 5)).toMatchObject({ pair: [3, 2, 0, 1], losses: [0.8, 0.7, 5, 6], age: [0, 0, 4, 4] });
  });

  it('knows nothing of what comes after the step on show', () => {
    expect(lastSeen(frames, 1, 0, 2, 5)).toMatchObject({ pair: [2, 3, 0, 1], age: [0, 0, 1, 1] });
    expect(lastSeen([], -1, 0, 2, 5).pair).toEqual([]);
  });
});
