// Bars, shift and plane: the charts of what came of it.

import { expect, it, vi } from 'vitest';
import { GroupBars, PlaneChart, populationAt, ShiftChart, valueAt } from './index';
import { textWidth } from './format';
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
    'accuracy (share of held-out pairs) when 50% of the deployed population is sentimental (training data: 10%): DPO 0.60, KLDPO τ=0.5 0.65.',
  );
  const { columns, rows } = chart.table();
  expect(columns).toEqual(['lane', 'α = 0', 'α = 0.1 (training mix)', 'α = 0.5', 'α = 1']);
  expect(rows.map((row) => row.map((cell) => (typeof cell === 'number' ? Number(cell.toFixed(9)) : cell)))).toEqual([
    ['DPO', 0.9, 0.84, 0.6, 0.3],
    ['KLDPO τ=0.5', 0.8, 0.77, 0.65, 0.5],
  ]);
  expect([...element.querySelectorAll('text.chart-strong')].map((node) => node.textContent)).toEqual(['0.60', '0.65']);
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
  expect(chart.table().rows).toEqual(rows);
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
});

it.each([4, 6, 8])('plane: names %i lanes, apart from each other, wherever they end', (lanes) => {
  const names = ['DPO', 'KLDPO τ=1', 'KLDPO τ=0.25', 'KLDPO τ=0.1', 'WDPO ρ=0.2', 'GR-DPO η=0.1', 'Dr. DPO β′=1', 'KLDPO τ=0.5'].slice(0, lanes);
  for (const spread of [0, 0.02, 0.3]) {
    const element = host();
    const chart = new PlaneChart(element, { width: 326, height: 200 });
    const path = (i: number): { step: number; x: number; y: number }[] =>
      [0, 1, 2, 3].map((k) => ({ step: k, x: 0.5 + (0.35 + spread * Math.sin(7 * i)) * (k / 3), y: 0.5 - (0.3 + spread * Math.cos(5 * i)) * (k / 3) }));
    chart.update({ ...plane(), lanes: names.map((name, i) => ({ name, dash: 'solid', path: path(i) })) });
    const boxes = [...element.querySelectorAll<SVGTextElement>('.chart-halo')]
      .filter((node) => names.includes(node.textContent ?? '') && node.style.display !== 'none')
      .map((node) => ({ text: node.textContent ?? '', left: Number(node.getAttribute('x')), middle: Number(node.getAttribute('y')) }));
    expect(boxes.map((box) => box.text).sort()).toEqual([...names].sort());
    for (const [i, a] of boxes.entries()) {
      expect(a.left + textWidth(a.text, 10)).toBeLessThanOrEqual(327);
      for (const b of boxes.slice(i + 1)) {
        const beside = a.left + textWidth(a.text, 10) <= b.left + 0.1 || b.left + textWidth(b.text, 10) <= a.left + 0.1;
        expect(beside || Math.abs(a.middle - b.middle) >= 11.9, `${a.text} and ${b.text}`).toBe(true);
      }
    }
  }
});
