import { expect, it, vi } from 'vitest';
import { TiltAxes, TiltChart, tiltCurve } from './index';
import { host, tilt } from './testing';

const size = { width: 230, height: 110 };
const key = (node: Element | null, name: string): boolean =>
  node?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true })) ?? false;

it('draws the curve from τ and the batch, and it meets the points', () => {
  const view = tilt(6, 0.5);
  const curve = tiltCurve(view);
  Array.from(view.losses).forEach((loss, i) => expect(curve?.(loss)).toBeCloseTo(view.factors[i] ?? NaN, 10));
  // Not fitted to them: other factors leave it where it is.
  const other = tiltCurve({ ...view, factors: Array(6).fill(1) });
  expect(other?.(1.7)).toBeCloseTo(view.factors[5] ?? NaN, 10);
});

it('is flat for DPO, absent for WDPO, clamped in the authors’ form', () => {
  const view = tilt();
  expect(tiltCurve({ ...view, curve: 'flat', tau: null })?.(3)).toBe(1);
  expect(tiltCurve({ ...view, curve: 'sensitivity' })).toBeUndefined();
  expect(tiltCurve({ ...view, tau: null })).toBeUndefined();
  const raw = Array.from(view.losses, (loss) => Math.min(2, Math.exp((loss - view.meanLoss) / 0.5)));
  const clamped = tiltCurve({ ...view, clamp: 2, factors: raw });
  Array.from(view.losses).forEach((loss, i) => expect(clamped?.(loss)).toBeCloseTo(raw[i] ?? NaN, 10));
  const mean = raw.reduce((a, b) => a + b, 0) / 6;
  const normalized = tiltCurve({ ...view, clamp: 2, factors: raw.map((w) => w / mean) });
  expect(normalized?.(9)).toBeCloseTo(2 / mean, 10);
});

it('survives losses and τ that would overflow', () => {
  const curve = tiltCurve({ ...tilt(3, 0.001), losses: [700, 800, 900] });
  expect(curve?.(900)).toBeCloseTo(3, 10);
  expect(curve?.(700)).toBe(0);
});

it('describes and tabulates the numbers of the view', () => {
  const chart = new TiltChart(host(), size);
  const view = tilt(3, 1);
  chart.update(view);
  expect(chart.describe()).toBe(
    '3 pairs with mean loss 0.50 nats; factors from ×0.72 to ×1.31; effective sample size 2.83 of 3; tilt curve at τ = 1, radius 0.029 nats.',
  );
  expect(chart.table()).toEqual({
    columns: ['pair', 'group', 'loss ℓ (nats)', 'adversary’s factor (×, mean 1)'],
    rows: [0, 1, 2].map((i) => [40 + i, ['practical', 'sentimental', 'practical'][i], view.losses[i], view.factors[i]]),
  });
});

it('calls WDPO’s factor sensitivity, not weight', () => {
  const element = host();
  const chart = new TiltChart(element, { width: 600, height: 300 });
  chart.update({ ...tilt(), curve: 'sensitivity', tau: null });
  expect(chart.describe()).toContain('sensitivity (share of the transport budget), not weight');
  expect(element.querySelector('.chart-y-label')?.textContent).toMatch(/^share of transport budget/);
  expect(element.querySelector('.chart-numbers')?.textContent).not.toContain('radius');
});

it('walks the pairs in order of loss by keyboard, reads them out, and pins one', () => {
  const element = host();
  const onSelect = vi.fn();
  const onHover = vi.fn();
  const chart = new TiltChart(element, { ...size, onSelect, onHover });
  const view = tilt(4);
  chart.update({ ...view, losses: [0.8, 0.2, 1.1, 0.5] });
  const cursor = element.querySelector<SVGGElement>('.chart-cursor');
  expect(cursor?.getAttribute('role')).toBe('slider');
  expect(cursor?.getAttribute('tabindex')).toBe('0');
  cursor?.focus();
  expect(key(cursor, 'Home')).toBe(false);
  expect(cursor?.getAttribute('aria-valuenow')).toBe('1');
  expect(cursor?.getAttribute('aria-valuetext')).toMatch(/^pair 41 · sentimental, ℓ 0\.20 nats · ×/);
  const walked = ['ArrowRight', 'ArrowUp', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'End', 'PageDown'].map((name) => {
    key(cursor, name);
    return onHover.mock.lastCall?.[0] as number;
  });
  expect(walked).toEqual([43, 40, 42, 42, 40, 42, 41]);
  expect(element.querySelector<SVGElement>('.chart-readout')?.style.display).toBe('');
  key(cursor, 'Enter');
  key(cursor, ' ');
  expect(onSelect.mock.calls).toEqual([[41], [41]]);
  expect(key(cursor, 'Tab')).toBe(true);
  cursor?.blur();
  expect(onHover).toHaveBeenLastCalledWith(null);
});

it('rings the pinned pair', () => {
  const element = host();
  const chart = new TiltChart(element, size);
  const ring = (): string | undefined => element.querySelector<SVGElement>('.chart-ring')?.style.display;
  chart.update({ ...tilt(), selected: 42 });
  expect(ring()).toBe('');
  chart.update({ ...tilt(), selected: 7 });
  expect(ring()).toBe('none');
});

it('goes to a log axis above a range of 20 and stays there until it is reset', () => {
  const axes = new TiltAxes();
  const of = (low: number): number => axes.fit([{ ...tilt(2), factors: [low, 1] }]).y[0];
  expect([0.1, 0.04, 0.07, 0.9].map(of).map((low) => low > 0)).toEqual([false, true, true, true]);
  axes.reset();
  expect(of(0.9)).toBe(0);
});

it('keeps its axes from frame to frame and only lets them grow', () => {
  const axes = new TiltAxes();
  const of = (losses: number[], factors: number[]): { x: [number, number]; y: [number, number] } => axes.fit([{ ...tilt(2), losses, factors }]);
  const first = of([0.2, 2], [0.6, 1.4]);
  expect(of([0.9, 1], [0.99, 1.01])).toEqual(first);
  const wider = of([0.9, 7], [0.2, 4]);
  expect(wider.x[0]).toBeLessThanOrEqual(0.2);
  expect(wider.x[1]).toBeGreaterThanOrEqual(7);
  expect(wider.y[1]).toBeGreaterThanOrEqual(4);
  const log = of([1, 1], [0.001, 9]);
  expect([log.y[0] > 0, log.y[0] <= 0.01, log.y[1] >= 9]).toEqual([true, true, true]);
  expect(of([1, 1], [0.5, 1])).toEqual(log);
  expect(of([1, 1], [0.001, 9])).toEqual(log);
});

it('shares axes that hold every lane’s points', () => {
  const sharp = tilt(6, 0.2);
  const flat = { ...tilt(4), curve: 'flat' as const, losses: [0.1, 3.2, 1, 1], factors: [1, 1, 1, 1] };
  const { x, y } = new TiltAxes().fit([sharp, flat]);
  expect(x[0]).toBeLessThanOrEqual(0.1);
  expect(x[1]).toBeGreaterThanOrEqual(3.2);
  expect(y[1]).toBeGreaterThanOrEqual(Math.max(...Array.from(sharp.factors)));
});
