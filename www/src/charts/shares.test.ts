import { expect, it } from 'vitest';
import { SharesChart } from './index';
import { host, shares } from './testing';

const size = { width: 230, height: 110 };
const visible = (element: HTMLElement, selector: string): string[] =>
  [...element.querySelectorAll<SVGElement>(selector)].filter((node) => node.style.display !== 'none').map((node) => node.querySelector('text')?.textContent ?? '');

it('describes the last step and tabulates every drawn one', () => {
  const element = host();
  const chart = new SharesChart(element, size);
  const view = shares();
  chart.update(view);
  expect(chart.describe()).toBe(
    'share of adversary’s weight (%) at step 20: practical 70%, sentimental 30%; in the training data: practical 90%, sentimental 10%.',
  );
  expect(chart.table()).toEqual({
    columns: ['step', 'practical', 'sentimental'],
    rows: [['training data', 0.9, 0.1], ...view.shares.map((row, t) => [t * 10, ...Array.from(row)])],
  });
  expect(visible(element, '.chart-tag')).toEqual(['70%', '30%']);
});

it('reads the step of the cursor, and the layer', () => {
  const element = host();
  const chart = new SharesChart(element, size);
  chart.update({ ...shares(), cursor: 14, layer: 'gradient', note: 'not weight' });
  expect(chart.describe()).toMatch(/^share of the total gradient \(%\) at step 10: practical 80%, sentimental 20%;.* not weight\.$/);
  expect(visible(element, '.chart-tag')).toEqual(['80%', '20%']);
});

it('draws a long run in steps that are in the run', () => {
  const chart = new SharesChart(host(), size);
  chart.update(shares(2, 301));
  const steps = chart.table().rows.slice(1).map((row) => row[0]);
  expect(steps.length).toBeLessThan(110);
  expect(steps[0]).toBe(0);
  expect(steps.at(-1)).toBe(3000);
  expect(steps.every((step) => Number(step) % 10 === 0)).toBe(true);
});

it('drops the labels of small bands rather than let them collide', () => {
  const element = host();
  new SharesChart(element, { width: 230, height: 60 }).update(shares(8));
  const heights = [...element.querySelectorAll<SVGElement>('.chart-tag')]
    .filter((node) => node.style.display !== 'none')
    .map((node) => Number(node.querySelector('text')?.getAttribute('y')))
    .sort((a, b) => a - b);
  expect(heights.length).toBeLessThan(8);
  heights.slice(1).forEach((y, i) => expect(y - (heights[i] ?? 0)).toBeGreaterThan(10));
});
