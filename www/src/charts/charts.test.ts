// What holds of every chart, whatever it draws.

import { describe, expect, it } from 'vitest';
import type { Chart } from './chart';
import { GroupBars, PlaneChart, ShiftChart, SharesChart, TiltChart } from './index';
import { bars, groups, host, plane, shares, shift, tilt } from './testing';

interface Case {
  name: string;
  make: (element: HTMLElement, size: { width: number; height: number }) => Chart<unknown>;
  views: Record<string, unknown>;
}

const cast = <View>(chart: Chart<View>): Chart<unknown> => chart as unknown as Chart<unknown>;
const NAN = [NaN, NaN];

const cases: Case[] = [
  {
    name: 'shares',
    make: (element, size) => cast(new SharesChart(element, size)),
    views: {
      usual: shares(), long: shares(2, 3000), one: shares(2, 1), 'one group': shares(1), eight: shares(8),
      empty: { ...shares(), steps: [], shares: [] },
      nan: { ...shares(), shares: [[0.9, 0.1], NAN, [0.7, 0.3]], training: NAN },
      typed: { ...shares(), steps: new Uint32Array([0, 10, 20]), shares: [1, 2, 3].map(() => new Float32Array([0.5, 0.5])) },
      'cursor before the start': { ...shares(), cursor: -5 },
    },
  },
  {
    name: 'tilt',
    make: (element, size) => cast(new TiltChart(element, size)),
    views: {
      usual: tilt(), many: tilt(300, 40), one: tilt(1), 'one group': tilt(6, 1, 1), eight: tilt(16, 1, 8), sharp: tilt(64, 0.001),
      flat: { ...tilt(), curve: 'flat', tau: null, factors: Array(6).fill(1) },
      sensitivity: { ...tilt(), curve: 'sensitivity', tau: null },
      clamped: { ...tilt(12, 0.2), clamp: 10 },
      empty: { ...tilt(), losses: [], factors: [], group: [], pair: [], meanLoss: NaN, ess: 0 },
      nan: { ...tilt(), losses: [NaN, 0.2, Infinity, 1, 2, 3], factors: [1, NaN, 1, 1, 0, 2], meanLoss: NaN, tau: NaN, ess: NaN, radius: NaN },
      equal: { ...tilt(), losses: Array(6).fill(0.693), factors: Array(6).fill(1) },
    },
  },
  {
    name: 'bars',
    make: (element, size) => cast(new GroupBars(element, size)),
    views: {
      usual: bars(), 'one group': bars(1), eight: bars(8),
      empty: { ...bars(), values: [] },
      nan: { ...bars(), values: NAN, reference: NAN, domain: [NaN, NaN], worst: -1 },
      point: { ...bars(), domain: [1, 1] },
    },
  },
  {
    name: 'shift',
    make: (element, size) => cast(new ShiftChart(element, size)),
    views: {
      usual: shift(), 'one group': shift(1), eight: shift(8),
      empty: { ...shift(), lanes: [] },
      nan: { ...shift(), alpha: NaN, training: NaN, lanes: [{ name: 'DPO', dash: '', values: NAN, se: NAN }] },
      'all target': { ...shift(), mix: [0, 1], training: 1 },
    },
  },
  {
    name: 'plane',
    make: (element, size) => cast(new PlaneChart(element, size)),
    views: {
      usual: plane(), long: plane(300), one: plane(1), 'one lane': plane(5, 1),
      empty: { ...plane(), lanes: [] }, 'empty paths': plane(0),
      nan: { ...plane(), lanes: [{ name: 'DPO', dash: '', path: [{ step: 0, x: NaN, y: NaN }, { step: 1, x: 0.5, y: NaN }] }] },
      still: { ...plane(), lanes: [{ name: 'DPO', dash: '', path: [{ step: 0, x: 1, y: 1 }, { step: 1, x: 1, y: 1 }] }] },
      scrubbed: { ...plane(), cursor: 20, reference: { x: 0.5, y: 0.5 } },
    },
  },
];

const SIZES = [{ width: 230, height: 110 }, { width: 600, height: 300 }, { width: 40, height: 30 }];

/** Attributes that hold a coordinate that is not a number. */
function broken(element: Element): string[] {
  return [...element.querySelectorAll('*')].flatMap((node) =>
    [...node.attributes]
      .filter((a) => !a.name.startsWith('aria') && /NaN|Infinity|undefined|null/.test(a.value))
      .map((a) => `${node.tagName} ${a.name}=${a.value}`),
  );
}

for (const { name, make, views } of cases) {
  describe(name, () => {
    it('says that it waits before the first view, with axes and no data', () => {
      const element = host();
      const chart = make(element, { width: 230, height: 110 });
      expect(element.querySelector<SVGElement>('.chart-quiet')?.textContent).toBe('waiting for the first step');
      expect(element.querySelector<SVGElement>('.chart-quiet')?.style.display).not.toBe('none');
      expect(chart.describe()).toMatch(/waiting for the first step\.$/);
      expect(chart.table().rows).toEqual([]);
      expect(element.querySelector('.chart-base')).not.toBeNull();
    });

    for (const size of SIZES) {
      it(`draws every odd view at ${size.width}×${size.height}`, () => {
        const element = host();
        const chart = make(element, size);
        for (const [kind, view] of Object.entries(views)) {
          chart.update(view);
          expect(broken(element), kind).toEqual([]);
          expect(chart.describe(), kind).not.toMatch(/NaN|undefined|Infinity/);
          expect(chart.table().rows.every((row) => row.length === chart.table().columns.length), kind).toBe(true);
        }
      });
    }

    it('keeps its nodes from one update to the next', () => {
      const element = host();
      const chart = make(element, { width: 400, height: 200 });
      chart.update(views['usual']);
      const before = [...element.querySelectorAll('*')];
      chart.update(structuredClone(views['usual']));
      expect([...element.querySelectorAll('*')]).toEqual(before);
      expect([...element.querySelectorAll('*')].every((node, i) => node === before[i])).toBe(true);
    });

    it('names itself for a screen reader', () => {
      const element = host();
      const chart = make(element, { width: 400, height: 200 });
      chart.update(views['usual']);
      const svg = element.querySelector('svg');
      expect(svg?.getAttribute('aria-label')).toBe(chart.describe());
      expect(svg?.getAttribute('role')).toBe(svg?.querySelector('[tabindex]') ? 'group' : 'img');
    });

    it('leaves nothing behind', () => {
      const element = host();
      const chart = make(element, { width: 400, height: 200 });
      chart.update(views['usual']);
      chart.destroy();
      expect(element.childElementCount).toBe(0);
      expect(element.className).toBe('');
      chart.update(views['usual']);
      expect(element.childElementCount).toBe(0);
    });
  });
}

describe('groups', () => {
  it('are colored by the theme only', () => {
    const element = host();
    new GroupBars(element).update(bars(2));
    const fills = [...element.querySelectorAll<SVGElement>('.chart-bar')].map((bar) => bar.style.getPropertyValue('fill'));
    expect(fills).toEqual(groups(2).map((group) => group.color));
  });
});
