// Axes: few ticks, the vertical label above the plot, the horizontal one beside its ticks or under them.

import type { ScaleContinuousNumeric } from 'd3-scale';
import type { Box } from './chart';
import { make, Pool, set, show, write } from './dom';
import { cut, plain, textWidth, tickText } from './format';

/** A tick. */
export interface Tick {
  value: number;
  text: string;
}

type Scale = ScaleContinuousNumeric<number, number>;

/** Ticks of a linear domain, about `count` of them. */
export function linearTicks(scale: Scale, count: number): Tick[] {
  const values = scale.ticks(count);
  const step = values.length > 1 ? Math.abs((values[1] ?? 0) - (values[0] ?? 0)) : Math.abs(values[0] ?? 1);
  return values.map((value) => ({ value, text: tickText(value, step) }));
}

/** Ticks of a logarithmic domain: decades, thinned to about `count`; 2 and 5 too where there is no second decade. */
export function logTicks(low: number, high: number, count: number): Tick[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const inside = (value: number): boolean => value >= low * 0.999 && value <= high * 1.001;
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const decades = powers.filter((power) => inside(10 ** power));
  let every = Math.max(1, Math.ceil(decades.length / Math.max(1, count)));
  while (every > 1 && decades.filter((power) => power % every === 0).length < 2) every -= 1;
  const values = decades.length > 1
    ? decades.filter((power) => power % every === 0).map((power) => 10 ** power)
    : powers.flatMap((power) => [1, 2, 5].map((m) => m * 10 ** power)).filter(inside);
  return values.map((value) => ({ value, text: plain(value) }));
}

/** Whole-number ticks (steps). */
export function stepTicks(scale: Scale, count: number): Tick[] {
  const whole = scale.ticks(count).filter((value) => Number.isInteger(value));
  return whole.map((value) => ({ value, text: String(value).replace('-', '−') }));
}

/** How many ticks suit a length. */
export function tickCount(pixels: number, font: number, perTick: number, most: number): number {
  return Math.max(2, Math.min(most, Math.floor(pixels / (font * perTick))));
}

/** Space under and over the plot. The horizontal label has a row of its own where the chart is tall. */
export function rows(height: number, font: number): { top: number; bottom: number; ownRow: boolean } {
  const ownRow = height >= font * 11.5;
  return { top: Math.round(font * 1.9), bottom: Math.round(font * (ownRow ? 3.1 : 1.65)), ownRow };
}

/** Width of the widest tick text. */
export function tickWidth(ticks: readonly Tick[], font: number): number {
  return Math.ceil(Math.max(0, ...ticks.map((tick) => textWidth(tick.text, font))));
}

/** What an axis pair shows. */
export interface AxesView {
  box: Box;
  font: number;
  width: number;
  x: (value: number) => number;
  y: (value: number) => number;
  xTicks: readonly Tick[];
  yTicks: readonly Tick[];
  xLabel: readonly string[];
  yLabel: string;
  ownRow: boolean;
  /** Vertical grid lines too. */
  gridX?: boolean;
}

interface Placed {
  tick: Tick;
  x: number;
}

/** The horizontal ticks that fit left of a limit without touching. */
function placeTicks(view: AxesView, limit: number): Placed[] {
  const out: Placed[] = [];
  let from = 0;
  for (const tick of view.xTicks) {
    const half = textWidth(tick.text, view.font) / 2;
    const x = view.x(tick.value);
    if (!Number.isFinite(x) || x - half < from || x + half > limit) continue;
    out.push({ tick, x });
    from = x + half + view.font * 0.5;
  }
  return out;
}

/** Both axes of a plot. */
export class Axes {
  private readonly xNodes: Pool<SVGGElement>;
  private readonly yNodes: Pool<SVGGElement>;
  private readonly base: SVGPathElement;
  private readonly xText: SVGTextElement;
  private readonly yText: SVGTextElement;

  constructor(parent: Element) {
    const node = make(parent, 'g', { class: 'chart-axes', 'aria-hidden': 'true' });
    const tick = (className: string) => (): SVGGElement => {
      const group = make(node, 'g', { class: className });
      make(group, 'line', { class: 'chart-grid' });
      make(group, 'text', { class: 'chart-tick' });
      return group;
    };
    this.xNodes = new Pool(tick('chart-x'));
    this.yNodes = new Pool(tick('chart-y'));
    this.base = make(node, 'path', { class: 'chart-base' });
    this.xText = make(node, 'text', { class: 'chart-label chart-x-label' });
    this.yText = make(node, 'text', { class: 'chart-label chart-y-label' });
  }

  draw(view: AxesView): void {
    const { box, font } = view;
    const row = box.bottom + font * 1.3;
    set(this.base, { d: `M${box.left} ${box.bottom}H${box.right}` });

    // The longest label that leaves room for two ticks beside it; one on its own row leaves room for all.
    let xLabel = '';
    let xTicks: Placed[] = [];
    for (const [i, text] of view.xLabel.entries()) {
      const room = view.ownRow ? view.width - 2 : (view.width - box.left) * 0.65;
      const last = i === view.xLabel.length - 1;
      if (!last && textWidth(text, font) > room) continue;
      xLabel = cut(text, room, font);
      const used = view.ownRow || xLabel === '' ? 0 : textWidth(xLabel, font) + font * 0.6;
      xTicks = placeTicks(view, view.width - 1 - used);
      if (xTicks.length >= Math.min(2, view.xTicks.length)) break;
    }
    if (view.ownRow) {
      const half = textWidth(xLabel, font) / 2;
      const middle = Math.min(Math.max((box.left + box.right) / 2, half + 1), view.width - half - 1);
      set(this.xText, { x: middle, y: row + font * 1.4, 'text-anchor': 'middle' });
    } else {
      set(this.xText, { x: view.width - 1, y: row, 'text-anchor': 'end' });
    }
    write(this.xText, xLabel);
    show(this.xText, xLabel !== '');
    set(this.yText, { x: 1, y: font * 1.05, 'text-anchor': 'start' });
    write(this.yText, view.yLabel);
    this.xNodes.take(xTicks.length).forEach((node, i) => {
      const item = xTicks[i];
      if (!item) return;
      const [line, text] = [node.children[0] as SVGElement, node.children[1] as SVGElement];
      show(line, view.gridX === true);
      set(line, { x1: item.x, x2: item.x, y1: box.top, y2: box.bottom });
      set(text, { x: item.x, y: row, 'text-anchor': 'middle' });
      write(text, item.tick.text);
    });

    const yTicks: { tick: Tick; y: number }[] = [];
    let below = Infinity;
    for (const tick of view.yTicks) {
      const y = view.y(tick.value);
      if (!Number.isFinite(y) || y > below || y < box.top - 1 || y > box.bottom + 1) continue;
      yTicks.push({ tick, y });
      below = y - font * 1.15;
    }
    this.yNodes.take(yTicks.length).forEach((node, i) => {
      const item = yTicks[i];
      if (!item) return;
      const [line, text] = [node.children[0] as SVGElement, node.children[1] as SVGElement];
      set(line, { x1: box.left, x2: box.right, y1: item.y, y2: item.y });
      set(text, { x: box.left - font * 0.4, y: item.y, dy: '0.35em', 'text-anchor': 'end' });
      write(text, item.tick.text);
    });
  }
}
