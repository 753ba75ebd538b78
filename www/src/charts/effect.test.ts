// Bars, shift and plane: the charts of what came of it.

import { expect, it, vi } from 'vitest';
import { GroupBars, mixesWithin, PlaneChart, populationAt, ShiftChart, valueAt, worstOf, worthAt, worthErrorAt } from './index';
import { bareNames, textWidth } from './format';
import { bars, host, plane, shift } from './testing';

const size = { width: 600, height: 300 };

it('bars: say and tabulate each group, the worst by a word', () => {
  const element = host();
  const chart = new GroupBars(element, size);
  chart.update(bars());
  expect(chart.describe()).toBe('margin h (nats) by group: practical 2.40, sentimental −1.30; worst: sentimental.');
  expect(chart.table()).toEqual({
    columns: ['group', 'margin h (nats)', 'reference policy'],
    rows: [['practical', 2.4, 0.1], ['sentimental', -1.3, -0.1]],
  });
  expect([...element.querySelectorAll('.chart-value')].map((node) => node.textContent)).toEqual(['2.40', '−1.30worst']);
  chart.update({ ...bars(), reference: undefined, worst: -1 });
  expect(chart.describe()).not.toContain('worst');
  expect(chart.table().columns).toHaveLength(2);
  expect(element.querySelectorAll('.chart-reference')).toHaveLength(0);
});

it('bars: start at zero and reach the value', () => {
  const element = host();
  new GroupBars(element, size).update(bars());
  const [up, down] = [...element.querySelectorAll('.chart-bar')].map((bar) => ({
    x: Number(bar.getAttribute('x')),
    width: Number(bar.getAttribute('width')),
  }));
  expect((down?.x ?? 0) + (down?.width ?? 0)).toBeCloseTo(up?.x ?? NaN, 1);
  expect((up?.width ?? 0) / (down?.width ?? 1)).toBeCloseTo(2.4 / 1.3, 1);
});

it('shift: mixes the groups as defined', () => {
  const view = { ...shift(3), mix: [0.6, 0.1, 0.3], target: 1 };
  expect(populationAt(0.4, 1, view.mix).map((p) => Number(p.toFixed(12)))).toEqual([0.4, 0.4, 0.2]);
  expect(valueAt(0.4, view, [1, 2, 3])).toBeCloseTo(0.4 * 1 + 0.4 * 2 + 0.2 * 3, 12);
  expect(valueAt(0.1, view, [1, 2, 3])).toBeCloseTo(0.6 * 1 + 0.1 * 2 + 0.3 * 3, 12);
  expect(valueAt(1, view, [NaN, 2, 3])).toBe(2);
});

it('shift: says and tabulates values at α, at the training mix and at the ends', () => {
  const element = host();
  const chart = new ShiftChart(element, size);
  chart.update(shift());
  expect(chart.describe()).toBe(
    'accuracy (share of held-out pairs) when 50% of the deployed population is sentimental (training data: 10%): DPO 0.60, KLDPO τ=0.5 0.65 ± 0.014; least over all shares: DPO 0.30, KLDPO τ=0.5 0.50.',
  );
  const { columns, rows } = chart.table();
  expect(columns).toEqual(['lane', 'α = 0', 'α = 0.1 (training mix)', 'α = 0.5', 'α = 1', 'worst', '± 1 s.e. (α = 0.5)']);
  expect(rows.map((row) => row.map((cell) => (typeof cell === 'number' ? Number(cell.toFixed(9)) : cell)))).toEqual([
    ['DPO', 0.9, 0.84, 0.6, 0.3, 0.3, NaN],
    ['KLDPO τ=0.5', 0.8, 0.77, 0.65, 0.5, 0.5, 0.014142136],
  ]);
  expect([...element.querySelectorAll('text.chart-strong')].map((node) => node.textContent)).toEqual(['0.60', '0.65']);
});

it('shift: finds the mixes within a KL radius', () => {
  const divergence = (a: number, p: number): number => a * Math.log(a / p) + (1 - a) * Math.log((1 - a) / (1 - p));
  const [low, high] = mixesWithin(0.1, 0.05);
  expect(low).toBeLessThan(0.1);
  for (const edge of [low, high]) expect(divergence(edge, 0.1)).toBeCloseTo(0.05, 9);
  expect(mixesWithin(0.1, 0)).toEqual([0.1, 0.1]);
  // log 10 nats are what all the weight on a tenth of the people takes; log(10/9) what none on them does.
  expect(mixesWithin(0.1, Math.log(10) + 1e-9)).toEqual([0, 1]);
  expect(mixesWithin(0.1, Math.log(10 / 9) + 1e-9)[0]).toBe(0);
});

it('shift: takes the error from seeds, draws curves and earlier steps, and marks what is worst', () => {
  const element = host();
  const chart = new ShiftChart(element, size);
  const view = shift();
  const seeded = { name: 'A', dash: '', values: [0.8, 0.4], seeds: [{ values: [0.9, 0.3] }, { values: [0.7, 0.5] }] };
  const curved = { name: 'B', dash: 'dashed', values: [], curve: { alpha: [0, 0.5, 1], value: [0.6, 0.2, 0.8], se: [0.1, 0.2, 0.1] } };
  expect(worthErrorAt(0, view, seeded)).toBeCloseTo(0.1, 12);
  // Seeds that are off in opposite ways for the two groups agree on the even mix.
  expect(worthErrorAt(0.5, view, seeded)).toBeCloseTo(0, 12);
  expect(worthAt(0.25, view, curved)).toBeCloseTo(0.4, 12);
  expect(worthErrorAt(0.75, view, curved)).toBeCloseTo(0.15, 12);
  expect(worstOf(view, curved)).toEqual({ alpha: 0.5, value: 0.2 });
  expect(worstOf(view, seeded)).toEqual({ alpha: 1, value: 0.4 });
  chart.update({ ...view, lanes: [{ ...seeded, ghosts: [{ step: 20, values: [0.5, 0.5] }, { step: 40, values: [0.7, 0.4] }] }, curved], ball: { lane: 'A', radius: 0.05, low: 0.02, high: 0.2 } });
  expect([...element.querySelectorAll('.chart-ghost')].map((node) => Number(node.getAttribute('stroke-opacity')) < 0.35)).toEqual([true, true]);
  expect([...element.querySelectorAll('.chart-worst')].filter((node) => node.getAttribute('d') !== '')).toHaveLength(2);
  expect(element.querySelectorAll('path.chart-line:not(.chart-ghost)')[1]!.getAttribute('d')!.split('L')).toHaveLength(3);
  expect(chart.table().rows.map((row) => row[0])).toEqual(['A', 'A, step 40', 'A, step 20', 'B']);
  expect(chart.describe()).toContain('the KL ball of A, radius 0.050 nats, holds shares from 2% to 20%');
});

it('shift: the handle is a slider', () => {
  const element = host();
  const onAlpha = vi.fn();
  const chart = new ShiftChart(element, { ...size, onAlpha });
  chart.update(shift());
  const handle = element.querySelector<SVGGElement>('[role=slider]');
  const key = (name: string): boolean =>
    handle?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true })) ?? true;
  expect(handle?.getAttribute('aria-label')).toBe('Share of sentimental in the deployed population');
  expect(handle?.getAttribute('aria-valuenow')).toBe('0.5');
  expect(handle?.getAttribute('aria-valuetext')).toBe('50%: DPO 0.60, KLDPO τ=0.5 0.65');
  for (const name of ['ArrowRight', 'ArrowUp', 'ArrowLeft', 'PageUp', 'PageDown', 'Home', 'ArrowLeft', 'End', 'ArrowRight']) expect(key(name)).toBe(false);
  expect(onAlpha.mock.calls.map(([alpha]) => alpha as number)).toEqual([0.51, 0.52, 0.51, 0.61, 0.51, 0, 1]);
  expect(handle?.getAttribute('aria-valuetext')).toBe('100%: DPO 0.30, KLDPO τ=0.5 0.50');
  expect(key('Tab')).toBe(true);
  chart.update({ ...shift(), alpha: 0.2 });
  expect(handle?.getAttribute('aria-valuenow')).toBe('0.2');
});

it('shift: drags, and is not pulled back by an update meanwhile', () => {
  const element = host();
  const onAlpha = vi.fn();
  const chart = new ShiftChart(element, { ...size, onAlpha });
  chart.update(shift());
  const svg = element.querySelector('svg');
  const axis = element.querySelector('.chart-base')?.getAttribute('d')?.match(/[\d.]+/g)?.map(Number) ?? [];
  const [left, , right] = axis as [number, number, number];
  const fire = (type: string, share: number): boolean | undefined =>
    svg?.dispatchEvent(new MouseEvent(type, { clientX: left + share * (right - left), clientY: 100, button: 0, bubbles: true }));
  fire('pointerdown', 0.25);
  expect(onAlpha).toHaveBeenLastCalledWith(0.25);
  chart.update(shift());
  fire('pointermove', 0.75);
  expect(onAlpha).toHaveBeenLastCalledWith(0.75);
  fire('pointermove', 7);
  expect(onAlpha).toHaveBeenLastCalledWith(1);
  fire('pointerup', 1);
  fire('pointermove', 0.1);
  expect(onAlpha).toHaveBeenCalledTimes(3);
});

it('plane: says where every lane is and tabulates its path', () => {
  const chart = new PlaneChart(host(), size);
  const view = plane(3, 2);
  chart.update(view);
  expect(chart.describe()).toBe(
    'nominal accuracy (share) against worst-group accuracy (share): from (0.50, 0.50) at the reference policy, ' +
      'DPO is at (0.70, 0.46) after 40 steps, KLDPO τ=0.5 is at (0.70, 0.50) after 40 steps.',
  );
  const rows = view.lanes.flatMap((lane) => lane.path.map((p) => [lane.name, p.step, p.x, p.y, p.kl]));
  expect(chart.table().rows.slice(0, rows.length)).toEqual(rows);
  // Both paths come to a KL of 0.5, 1 and 2; halfway to the first point, 0.5.
  expect(chart.table().rows.slice(rows.length).map((row) => row.slice(0, 2))).toEqual(['0.5', '1', '2'].flatMap((kl) => view.lanes.map((lane) => [lane.name, `KL = ${kl}`])));
  expect(chart.table().rows[rows.length]!.slice(2)).toEqual([expect.closeTo(0.55, 10), expect.closeTo(0.49, 10), 0.5]);
  chart.update({ ...view, cursor: 20 });
  expect(chart.describe()).toContain('DPO is at (0.60, 0.48) after 20 steps');
});

it('plane: marks the start and draws DPO as the baseline', () => {
  const element = host();
  const chart = new PlaneChart(element, size);
  chart.update(plane());
  expect(element.querySelectorAll('.chart-start')).toHaveLength(1);
  const lines = [...element.querySelectorAll('.chart-line:not(.chart-faint)')];
  expect(lines.map((line) => line.classList.contains('chart-baseline'))).toEqual([true, false, false]);
  expect(lines.map((line) => line.getAttribute('stroke-dasharray'))).toEqual([null, '7 4', '2 3']);
  expect(element.querySelectorAll('.chart-arrow').length).toBeGreaterThan(0);
  expect(element.textContent).toContain('early-stopping baseline');
});

it('plane: tells the step under the pointer', () => {
  const element = host();
  const onHover = vi.fn();
  const onSelect = vi.fn();
  const chart = new PlaneChart(element, { ...size, onHover, onSelect });
  chart.update(plane(3, 1));
  const dot = element.querySelector('.chart-dot');
  const at = { clientX: Number(dot?.getAttribute('cx')), clientY: Number(dot?.getAttribute('cy')), bubbles: true };
  element.querySelector('svg')?.dispatchEvent(new MouseEvent('pointermove', at));
  element.querySelector('svg')?.dispatchEvent(new MouseEvent('click', at));
  expect(onHover).toHaveBeenLastCalledWith(40);
  expect(onSelect).toHaveBeenLastCalledWith(40);
  element.querySelector('svg')?.dispatchEvent(new MouseEvent('pointerleave'));
  expect(onHover).toHaveBeenLastCalledWith(null);
  // By keyboard along the path.
  const slider = element.querySelector<SVGGElement>('[role=slider]')!;
  slider.dispatchEvent(new FocusEvent('focus'));
  for (const name of ['ArrowLeft', 'Home']) slider.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  expect(onHover.mock.calls.slice(-3).map(([step]) => step as number)).toEqual([40, 20, 0]);
});

it.each([4, 6, 8])('plane: names %i lanes, apart from each other, wherever they end', (lanes) => {
  const names = ['DPO', 'KLDPO τ=1', 'KLDPO τ=0.25', 'KLDPO τ=0.1', 'WDPO ρ=0.2', 'GR-DPO η=0.1', 'Dr. DPO β′=1', 'KLDPO τ=0.5'].slice(0, lanes);
  const short = [...names, ...bareNames(names)];
  for (const spread of [0, 0.02, 0.3]) {
    const element = host();
    const chart = new PlaneChart(element, { width: 326, height: 200 });
    const path = (i: number): { step: number; x: number; y: number }[] =>
      [0, 1, 2, 3].map((k) => ({ step: k, x: 0.5 + (0.35 + spread * Math.sin(7 * i)) * (k / 3), y: 0.5 - (0.3 + spread * Math.cos(5 * i)) * (k / 3) }));
    chart.update({ ...plane(), lanes: names.map((name, i) => ({ name, dash: 'solid', path: path(i) })) });
    const boxes = [...element.querySelectorAll<SVGTextElement>('.chart-halo')]
      .filter((node) => short.includes(node.textContent ?? '') && node.style.display !== 'none')
      .map((node) => ({ text: node.textContent ?? '', left: Number(node.getAttribute('x')), middle: Number(node.getAttribute('y')) }));
    // Each is there once, by its name or by the shortest that tells it from the others.
    expect(boxes).toHaveLength(lanes);
    names.forEach((name, i) => expect(boxes.filter((box) => box.text === name || box.text === bareNames(names)[i])).toHaveLength(1));
    for (const [i, a] of boxes.entries()) {
      expect(a.left + textWidth(a.text, 10)).toBeLessThanOrEqual(327);
      for (const b of boxes.slice(i + 1)) {
        const beside = a.left + textWidth(a.text, 10) <= b.left + 0.1 || b.left + textWidth(b.text, 10) <= a.left + 0.1;
        expect(beside || Math.abs(a.middle - b.middle) >= 11.9, `${a.text} and ${b.text}`).toBe(true);
      }
    }
  }
});
