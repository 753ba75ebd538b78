import { expect, it } from 'vitest';
import { parseTrace } from '../engine/replay';
import type { Event } from '../engine/types';
import { RunData } from './run-data';
import { defaults, toConfig } from './settings';
import { toTrace } from './trace';

it('writes a run that reads back as it was, typed arrays and all', () => {
  const one = Float32Array.of(0.5);
  const frame = (step: number): Event => ({
    event: 'frame', step, pairs: Uint32Array.of(0), losses: one, chosen: one, rejected: one, factor: one, gradient: one,
    objective: one, grad_norm: one, learning_rate: one, radius: one, tau: one,
  });
  const evaluation = (step: number): Event => ({
    event: 'evaluation', step, accuracy: one, margin: one, reward: [], reward_se: [], kl: [], distance: one, reference_reward: [], samples: [],
  });
  const events: Event[] = [
    {
      event: 'started', version: '0', config: toConfig(defaults()), device: 'CPU', groups: [{ name: 'a', wants: '', share: 1 }], lanes: ['DPO'],
      vocabulary: [], parameters: 1, pairs: [{ prompt: 'p', chosen: 'c', rejected: 'r', group: 0, flipped: false }], has_reward: false,
    },
    { event: 'warning', code: 'data', message: 'seen' },
    evaluation(0), frame(0), frame(1), evaluation(2), { event: 'done', steps: 2 },
  ];
  const data = new RunData();
  for (const event of events) data.add(event);
  const text = toTrace(data);
  expect(parseTrace(text).map((event) => event.event)).toEqual(events.map((event) => event.event));
  expect(JSON.parse(text.split('\n')[3]!)).toMatchObject({ step: 0, losses: [0.5], pairs: [0] });
});
