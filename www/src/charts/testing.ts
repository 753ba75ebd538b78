// Views and helpers for the tests.

import { vi } from 'vitest';
import type { GroupStyle, Shape } from './chart';
import type { BarsView, PlaneView, SharesView, ShiftView, TiltView } from './index';

const SHAPES: Shape[] = ['circle', 'triangle', 'square', 'diamond'];
const NAMES = ['practical', 'sentimental', 'south', 'rare', 'fifth', 'sixth', 'seventh', 'eighth'];

export const groups = (n: number): GroupStyle[] =>
  NAMES.slice(0, n).map((name, i) => ({ name, color: `var(--group-${i})`, shape: SHAPES[i % 4] ?? 'circle' }));

export function host(): HTMLElement {
  const element = document.createElement('div');
  document.body.replaceChildren(element);
  return element;
}

const even = (n: number): number[] => Array.from({ length: n }, () => 1 / n);

export const shares = (n = 2, steps = 3): SharesView => ({
  steps: Array.from({ length: steps }, (_, t) => t * 10),
  shares: Array.from({ length: steps }, (_, t) => (n === 2 ? [0.9 - 0.1 * t, 0.1 + 0.1 * t] : even(n))),
  training: n === 2 ? [0.9, 0.1] : even(n),
  groups: groups(n),
  layer: 'factor',
});

/** Losses 0.2, 0.5, 0.8 … under KLDPO with this τ. */
export function tilt(n = 6, tau = 0.5, groupCount = 2): TiltView {
  const losses = Array.from({ length: n }, (_, i) => 0.2 + 0.3 * i);
  const raw = losses.map((loss) => Math.exp(loss / tau));
  const sum = raw.reduce((a, b) => a + b, 0);
  return {
    losses,
    factors: raw.map((w) => (w * n) / sum),
    group: losses.map((_, i) => i % groupCount),
    pair: losses.map((_, i) => 40 + i),
    tau,
    meanLoss: losses.reduce((a, b) => a + b, 0) / n,
    curve: 'tilt',
    ess: sum ** 2 / raw.reduce((a, w) => a + w * w, 0),
    radius: raw.reduce((a, w) => a + (w / sum) * Math.log((n * w) / sum), 0),
    groups: groups(groupCount),
  };
}

export const bars = (n = 2): BarsView => ({
  metric: 'margin',
  values: [2.4, -1.3, 0.5, 0.2, 1.1, -0.4, 0.9, 0.3].slice(0, n),
  reference: [0.1, -0.1, 0, 0, 0, 0, 0, 0].slice(0, n),
  groups: groups(n),
  worst: n > 1 ? 1 : 0,
  domain: [-2, 3],
});

export const shift = (n = 2): ShiftView => ({
  metric: 'accuracy',
  alpha: 0.5,
  training: n === 2 ? 0.1 : 1 / n,
  lanes: [
    { name: 'DPO', dash: 'solid', values: [0.9, 0.3, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5].slice(0, n) },
    { name: 'KLDPO τ=0.5', dash: 'dashed', values: [0.8, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5].slice(0, n), se: Array(n).fill(0.02) },
  ],
  mix: n === 2 ? [0.9, 0.1] : even(n),
  target: n > 1 ? 1 : 0,
  groups: groups(n),
});

export const plane = (points = 4, lanes = 3): PlaneView => ({
  metric: 'accuracy',
  xLabel: 'nominal accuracy (share)',
  yLabel: 'worst-group accuracy (share)',
  lanes: ['DPO', 'KLDPO τ=0.5', 'WDPO ρ=0.05'].slice(0, lanes).map((name, i) => ({
    name,
    dash: ['solid', 'dashed', 'dotted'][i] ?? '',
    path: Array.from({ length: points }, (_, t) => ({ step: t * 20, x: 0.5 + 0.1 * t, y: 0.5 + 0.02 * t * (i - 1), kl: t })),
  })),
});

/** A clock and frames that go on only when told to. */
export function stage(): { next: () => void; after: () => void; spend: (ms: number) => void; frames: () => number } {
  let now = 0;
  const [queued, timers]: (() => void)[][] = [[], []];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => queued!.push(callback));
  vi.stubGlobal('setTimeout', (callback: () => void) => timers!.push(callback));
  return {
    next: () => queued!.splice(0).forEach((callback) => callback()),
    after: () => timers!.splice(0).forEach((callback) => callback()),
    spend: (ms) => void (now += ms),
    frames: () => queued!.length,
  };
}
