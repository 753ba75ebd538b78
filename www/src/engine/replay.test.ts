import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunData } from '../state/run-data';
import { defaults, toConfig } from '../state/settings';
import { parseTrace, ReplayEngine } from './replay';
import type { Event } from './types';

const started: Event = {
  event: 'started',
  version: '0',
  config: toConfig(defaults()),
  device: 'test',
  groups: [
    { name: 'a', wants: '', share: 0.9 },
    { name: 'b', wants: '', share: 0.1 },
  ],
  lanes: ['DPO'],
  vocabulary: [],
  parameters: 1,
  pairs: [
    { prompt: 'p', chosen: 'c', rejected: 'r', group: 0, flipped: false },
    { prompt: 'p', chosen: 'r', rejected: 'c', group: 1, flipped: false },
  ],
  has_reward: true,
};
const frame = (step: number): Event => ({
  event: 'frame',
  step,
  pairs: [0, 1],
  losses: [0.7, 0.7],
  chosen: [0, 0],
  rejected: [0, 0],
  factor: [1, 1],
  gradient: [0.5, 0.5],
  objective: [0.7],
  grad_norm: [1],
  learning_rate: [0.001],
  radius: [0],
  tau: [0],
});
const events: Event[] = [started, { event: 'progress', stage: 'data', done: 1, total: 1, loss: null }, ...Array.from({ length: 40 }, (_, i) => frame(i)), { event: 'done', steps: 40 }];
const text = events.map((event) => JSON.stringify(event)).join('\n') + '\n';

describe('reading a trace', () => {
  it('gives the events back', () => {
    expect(parseTrace(text)).toEqual(events);
  });

  it.each([
    ['', 'line 1'],
    ['{"event":"done","steps":1}', 'line 1'],
    [`${JSON.stringify(started)}\n{"event":"fra`, 'line 2'],
    [`${JSON.stringify(started)}\n\n{"event":"unheard-of"}`, 'line 3'],
    [`${JSON.stringify(started)}\nnull`, 'line 2'],
  ])('names the line of what is damaged (%#)', (damaged, where) => {
    let thrown: unknown;
    try {
      parseTrace(damaged);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'trace', message: expect.stringContaining(where) });
    expect((thrown as { mend: string }).mend).not.toBe('');
  });
});

describe('playing a trace', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch(engine: ReplayEngine): { got: Event[]; said: string[] } {
    const got: Event[] = [];
    const said: string[] = [];
    engine.onEvents({ events: (batch) => got.push(...batch), activity: (now) => said.push(now), failed: () => said.push('failed') });
    return { got, said };
  }

  it('opens with a frame on show and plays to the end, each event once and in order', async () => {
    const engine = new ReplayEngine(events, 1);
    const { got, said } = watch(engine);
    await engine.start(undefined, true);
    expect(got.at(-1)).toMatchObject({ event: 'frame', step: 0 });
    vi.advanceTimersByTime(5000);
    expect(got).toEqual(events);
    expect(said).toEqual(['training', 'done']);
  });

  it('pauses, and steps one frame at a time', async () => {
    const engine = new ReplayEngine(events, 1);
    const { got } = watch(engine);
    await engine.start(undefined, true);
    engine.pause();
    const before = got.length;
    vi.advanceTimersByTime(5000);
    expect(got).toHaveLength(before);
    engine.step();
    expect(got.slice(before).filter((event) => event.event === 'frame')).toHaveLength(1);
  });

  it('shows the whole run at once where motion is not wanted', async () => {
    const engine = new ReplayEngine(events, 0);
    const { got, said } = watch(engine);
    await engine.start(undefined, true);
    expect(got).toEqual(events);
    expect(said).toEqual(['done']);
  });

  it('starts again from the beginning', async () => {
    const engine = new ReplayEngine(events, 0);
    const { got } = watch(engine);
    await engine.start(undefined, true);
    await engine.reset();
    expect(got).toEqual([...events, ...events]);
  });
});

describe('what a run leaves in memory', () => {
  it('is bounded, keeps the last frame, and stays in step with the shares', () => {
    const data = new RunData();
    data.add(started);
    for (let step = 0; step < 5000; step++) data.add(frame(step));
    expect(data.frames.length).toBeLessThanOrEqual(1600);
    expect(data.shares.factor[0]).toHaveLength(data.frames.length);
    expect(data.lastStep).toBe(5000);
    expect(data.frames.map((each) => each.step)).toEqual([...new Set(data.frames.map((each) => each.step))].sort((a, b) => a - b));
  });

  it('begins anew with every run', () => {
    const data = new RunData();
    for (const event of events) data.add(event);
    data.add(started);
    expect(data.frames).toHaveLength(0);
    expect(data.shares.factor).toEqual([[]]);
    expect(data.finished).toBe(false);
  });
});
