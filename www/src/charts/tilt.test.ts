import { expect, it, vi } from 'vitest';
import { TiltAxes, TiltChart, tiltCurve } from './index';
import { radiusAt, tauOfRadius, tauThrough } from './tilt-curve';
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

it('finds τ from a point of the curve and from a radius, and back', () => {
  const view = tilt(6, 0.5);
  expect(radiusAt(view, 0.5)).toBeCloseTo(view.radius, 10);
  expect(tauOfRadius(view, view.radius)).toBeCloseTo(0.5, 6);
  for (const tau of [0.1, 0.5, 3]) {
    const there = tiltCurve(view, tau)!(2);
    // As near as the grid of temperatures has it: 2 %.
    expect(Math.abs(Math.log(tauThrough(view, 2, there, [0.02, 20], 0.5) / tau))).toBeLessThan(0.02);
  }
  // In the authors' form the curve is flat above the clamp: of the temperatures that fit equally well, the nearest is kept.
  const clamped = { ...view, clamp: 2 };
  const far = tauThrough(clamped, 9, tiltCurve(clamped, 0.5)!(9), [0.02, 20], 0.5);
  expect(tiltCurve(clamped, far)!(9)).toBeCloseTo(tiltCurve(clamped, 0.5)!(9), 1);
});

it('has the handle on the curve: dragged up, τ falls; by keyboard it goes in steps of its second digit', () => {
  const element = host();
  const onKnob = vi.fn();
  const chart = new TiltChart(element, { width: 300, height: 200, onKnob });
  const view = { ...tilt(6, 0.5), knob: { kind: 'tau' as const, value: 0.5, min: 0.02, max: 20 } };
  chart.update(view);
  const handle = element.querySelector<SVGGElement>('.chart-knob')!;
  const grip = handle.querySelector('.chart-grip')!;
  const [gx, gy] = ['x', 'y'].map((name, i) => Number(grip.getAttribute(name)) + Number(grip.getAttribute(i === 0 ? 'width' : 'height')) / 2);
  expect(handle.getAttribute('aria-valuenow')).toBe('0.5');
  const pointer = (type: string, x: number, y: number): boolean =>
    handle.dispatchEvent(new MouseEvent(type, { clientX: x, clientY: y, button: 0, bubbles: true, cancelable: true }));
  pointer('pointerdown', gx!, gy!);
  pointer('pointermove', gx!, gy! - 15);
  expect(onKnob.mock.lastCall![0]).toBeLessThan(0.5);
  pointer('pointermove', gx!, gy! + 30);
  expect(onKnob.mock.lastCall![0]).toBeGreaterThan(0.5);
  pointer('pointerup', gx!, gy! + 30);
  key(handle, 'ArrowUp');
  expect(onKnob.mock.lastCall![0]).toBe(0.51);
  chart.update({ ...view, knob: { ...view.knob, value: 1 } });
  // The batch was weighed at 0.5; the curve that it would have at 1 is drawn beside it.
  expect(handle.textContent).toMatch(/^τ 1/);
  expect(element.querySelector('.chart-faint')!.getAttribute('d')).toMatch(/^M/);
  key(handle, 'ArrowLeft');
  expect(onKnob.mock.lastCall![0]).toBe(0.99);
  chart.update({ ...view, curve: 'sensitivity' });
  expect(handle.style.display).toBe('none');
});

it('sets the radius where the knob is one', () => {
  const element = host();
  const onKnob = vi.fn();
  const chart = new TiltChart(element, { width: 300, height: 200, onKnob });
  const view = tilt(6, 0.5);
  chart.update({ ...view, knob: { kind: 'radius', value: Math.round(view.radius * 100) / 100, min: 0, max: 3 } });
  const handle = element.querySelector<SVGGElement>('.chart-knob')!;
  expect(element.querySelector('.chart-faint')!.getAttribute('d')).toBe('');
  key(handle, 'ArrowRight');
  expect(onKnob.mock.lastCall![0]).toBeCloseTo(Math.round(view.radius * 100) / 100 + 0.01, 10);
});

it('draws pairs of earlier batches fainter, and says how old they are', () => {
  const element = host();
  const chart = new TiltChart(element, { width: 300, height: 200 });
  const batch = tilt(6, 0.5);
  chart.update({ ...batch, batch, losses: [...Array.from(batch.losses), 2.5], factors: [...Array.from(batch.factors), 0.4], pair: [...Array.from(batch.pair), 7], group: [...Array.from(batch.group), 0], age: [0, 0, 0, 0, 0, 0, 12], epoch: 16 });
  const drawn = [...element.querySelectorAll('.chart-points path')].filter((path) => path.getAttribute('d') !== '');
  expect(drawn.map((path) => Number(path.getAttribute('fill-opacity')))).toEqual([0.35, 1, 1]);
  expect(chart.table().columns.at(-1)).toBe('steps since');
  expect(chart.table().rows.at(-1)).toEqual([7, 'practical', 2.5, 0.4, 12]);
  expect(chart.describe()).toMatch(/^7 pairs, each as it was when last in a batch; .*in the latest batch of 6: mean loss 0\.95 nats/);
});

it('puts one far loss at the end of the axis, and says so there', () => {
  const element = host();
  const chart = new TiltChart(element, { width: 400, height: 240 });
  const near = Array.from({ length: 15 }, (_, i) => 0.1 * i);
  const ticks = (): string[] => [...element.querySelectorAll('.chart-x text')].map((node) => node.textContent ?? '');
  const flat = { ...tilt(16), factors: Array(16).fill(1), curve: 'flat' as const, tau: null };
  chart.update({ ...flat, losses: [...near, 1.6] });
  expect(ticks().some((text) => text.startsWith('≥'))).toBe(false);
  chart.update({ ...flat, losses: [...near, 9] });
  expect(ticks().at(-1)).toMatch(/^≥[23]/);
  // The point stands there, with its mark; its number is the true one.
  const marks = element.querySelector('.chart-points ~ .chart-thin')?.getAttribute('d') ?? '';
  expect(marks.match(/M/g)).toHaveLength(1);
  expect(chart.table().rows.at(-1)?.[2]).toBe(9);
  expect(new TiltAxes().fit([{ ...flat, losses: [...near, 9], meanLoss: 5 }]).x[1]).toBeGreaterThanOrEqual(5);
});

it('keeps the mean’s label clear of the handle', () => {
  const element = host();
  const chart = new TiltChart(element, { width: 210, height: 160 });
  // All losses are near each other on a wide axis: the handle stands beside the mean's line.
  const losses = [0.3, 0.32, 0.35, 0.4, 0.42, 0.5];
  const view = { ...tilt(6, 0.05), losses, meanLoss: 0.38, domain: { x: [0, 8] as [number, number], y: [0.01, 20] as [number, number] } };
  chart.update({ ...view, knob: { kind: 'tau', value: 0.05, min: 0.02, max: 20 } });
  const number = (node: Element | null | undefined, name: string): number => Number(node?.getAttribute(name));
  const mean = element.querySelector('text.chart-halo.chart-muted');
  const [grip, label] = [element.querySelector('.chart-grip'), element.querySelector('.chart-knob text')];
  expect(mean?.textContent).toMatch(/0\.38$/);
  const over = Math.abs(number(mean, 'y') - number(label, 'y')) < 8;
  const font = Number.parseFloat((element.querySelector('svg') as SVGElement).style.fontSize);
  const end = number(mean, 'x') + font * 0.5 * (mean?.textContent ?? '').length;
  expect(over && mean?.getAttribute('text-anchor') === 'start' && end > number(grip, 'x')).toBe(false);
});

it('names the mean farther down its rule where points lie at its top, rather than give its number alone', () => {
  const element = host();
  const chart = new TiltChart(element, { width: 260, height: 200 });
  const domain = { x: [0, 1] as [number, number], y: [0, 4] as [number, number] };
  // Points from the middle of the plot to its top, close to each other, on both sides of the rule.
  const losses = Array.from({ length: 120 }, (_, i) => 0.05 + (0.9 * (i % 12)) / 11);
  const factors = losses.map((_, i) => 2 + 0.22 * Math.floor(i / 12));
  chart.update({ ...tilt(losses.length), curve: 'sensitivity', losses, factors, meanLoss: 0.4, domain });
  const mean = element.querySelector('text.chart-halo.chart-muted');
  expect(mean?.textContent).toBe('mean 0.40');
  expect(Number(mean?.getAttribute('y'))).toBeGreaterThan(100);
});
