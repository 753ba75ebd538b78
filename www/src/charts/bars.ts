// ③ A metric per group, the worst group marked with a word.

import { scaleLinear } from 'd3-scale';
import { at, Figure, groupAt, type ChartOptions, type GroupStyle, type Table } from './chart';
import { Axes, linearTicks, tickCount } from './axis';
import { make, paint, Pool, set, show, write } from './dom';
import { cut, fitText, fmt, strongWidth, textWidth } from './format';
import { Tag, tagIndent } from './shapes';

/** The metrics a group can be judged by. */
export type Metric = 'accuracy' | 'margin' | 'reward';

/** What the bars draw. */
export interface BarsView {
  metric: Metric;
  /** `[group]` */
  values: ArrayLike<number>;
  /** `[group]` the same of the reference policy. */
  reference?: ArrayLike<number> | undefined;
  groups: readonly GroupStyle[];
  /** Index of the worst group; -1 where there is none. */
  worst: number;
  /** Index of a group that is marked. */
  marked?: number | undefined;
  domain: readonly [number, number];
}

/** One bar per group. */
export class GroupBars extends Figure<BarsView> {
  private readonly axes: Axes;
  private readonly zero: SVGPathElement;
  private readonly bars: Pool<SVGRectElement>;
  private readonly marks: Pool<SVGPathElement>;
  private readonly values: Pool<SVGTextElement>;
  private readonly names: Tag[] = [];
  private readonly key: SVGTextElement;

  constructor(host: HTMLElement, options: ChartOptions = {}) {
    super(host, options, 'bars', 'img');
    this.axes = new Axes(this.svg);
    const bars = make(this.svg, 'g');
    this.bars = new Pool(() => make(bars, 'rect', { class: 'chart-bar' }));
    this.zero = make(this.svg, 'path', { class: 'chart-base' });
    this.marks = new Pool(() => make(this.svg, 'path', { class: 'chart-reference' }));
    this.values = new Pool(() => {
      const text = make(this.svg, 'text', { dy: '0.35em', class: 'chart-value' });
      make(text, 'tspan');
      make(text, 'tspan', { class: 'chart-strong', dx: '0.4em' });
      return text;
    });
    this.key = make(this.svg, 'text', { class: 'chart-label', 'text-anchor': 'end' });
    this.start();
  }

  protected render(): void {
    const view = this.view;
    const font = this.font;
    const groups = view ? Math.min(view.groups.length, view.values.length) : 0;
    const top = Math.round(font * 1.7);
    const bottom = this.height - Math.round(font * 1.6);
    // Where many lanes stand side by side, shapes alone say the group, and a bold number says which is worst.
    const narrow = this.width < font * 17;
    const tight = this.width < font * 13;
    const longest = Math.max(0, ...(view?.groups ?? []).map((group) => textWidth(group.name, font)));
    const nameWidth = narrow ? 0 : Math.min(this.width * 0.36, longest);
    // Room for the widest usual number and for the word, used or not: lanes side by side keep one scale.
    const worst = groups > 1 && !tight ? strongWidth(this.text.worst, font) + font * 0.5 : 0;
    const usual = view?.metric === 'accuracy' ? '0.000' : '−0.000';
    const number = Math.max(...[usual, ...Array.from(view?.values ?? [], fmt)].map((text) => textWidth(text, font)));
    const box = {
      left: groups > 0 ? tagIndent(font) + nameWidth + font * 0.8 : font,
      top,
      right: this.width - (groups > 0 ? number : 0) - worst - font * 0.8,
      bottom,
    };
    const x = scaleLinear(domainOf(view), [box.left, box.right]).clamp(true);
    const label = this.text.metric[view?.metric ?? 'accuracy'];
    const hasReference = groups > 0 && Array.from(view?.reference ?? []).some(Number.isFinite);
    const keyText = hasReference ? fitText(this.text.reference, this.width * 0.4, font) : '';
    const keyWidth = hasReference ? textWidth(keyText, font) + font * 1.6 : 0;
    const ticks = linearTicks(x, tickCount(box.right - box.left, font, 4.5, 6));
    this.axes.draw({
      box, font, width: this.width, x,
      y: () => NaN,
      xTicks: groups > 0 || !view ? ticks : [],
      yTicks: [],
      xLabel: [''],
      yLabel: fitText(label, this.width - keyWidth, font),
      ownRow: false,
      gridX: true,
    });
    this.waiting(groups === 0, box);
    write(this.key, keyText);
    set(this.key, { x: this.width - 1, y: font * 1.05 });

    const step = (box.bottom - box.top) / Math.max(1, groups);
    const thick = Math.max(3, Math.min(step * 0.66, font * 2.4));
    const origin = Math.max(x.domain()[0] ?? 0, Math.min(0, x.domain()[1] ?? 0));
    show(this.zero, groups > 0);
    set(this.zero, { d: `M${x(origin)} ${box.top}V${box.bottom}` });
    const bars = this.bars.take(groups);
    const marks = this.marks.take(hasReference ? groups + 1 : 0);
    const values = this.values.take(groups);
    while (this.names.length < groups) this.names.push(new Tag(this.svg, 'chart-tag'));
    this.names.forEach((tag, g) => tag.visible(g < groups));
    for (let g = 0; g < groups; g += 1) {
      const [bar, text] = [bars[g], values[g]];
      if (!view || !bar || !text) continue;
      const group = groupAt(view.groups, g);
      const value = at(view.values, g);
      const middle = box.top + step * (g + 0.5);
      const fine = Number.isFinite(value);
      const [a, b] = fine ? [x(Math.min(value, origin)), x(Math.max(value, origin))] : [0, 0];
      show(bar, fine);
      set(bar, { x: a, width: Math.max(b - a, 0), y: middle - thick / 2, height: thick });
      paint(bar, 'fill', group.color);
      bar.classList.toggle('chart-marked', view.marked === g);
      this.names[g]?.node.classList.toggle('chart-named', view.marked === g);
      this.names[g]?.draw(0, middle, font, group, narrow ? '' : cut(group.name, nameWidth + 1, font));
      set(text, { x: box.right + font * 0.6, y: middle });
      const [figure, word] = [text.children[0] as SVGElement, text.children[1] as SVGElement];
      write(figure, fmt(value));
      const isWorst = g === view.worst && groups > 1;
      figure.classList.toggle('chart-strong', tight && isWorst);
      write(word, isWorst && !tight ? this.text.worst : '');
      const mark = marks[g];
      const reference = at(view.reference, g);
      if (mark) {
        show(mark, Number.isFinite(reference));
        if (Number.isFinite(reference)) set(mark, { d: `M${x(reference)} ${middle - step * 0.45}v${step * 0.9}` });
      }
    }
    const sample = marks[groups];
    if (sample) set(sample, { d: `M${this.width - textWidth(keyText, font) - font * 0.5} ${font * 0.3}v${font * 0.9}` });
  }

  describe(): string {
    const view = this.view;
    const metric = this.text.metric[view?.metric ?? 'accuracy'][0] ?? '';
    if (!view || view.values.length === 0) return `${metric}: ${this.waitingText()}.`;
    const values = view.groups.map((group, g) => `${group.name} ${fmt(at(view.values, g))}`).join(', ');
    const worst = view.worst >= 0 && view.groups.length > 1 ? this.text.worstIs(groupAt(view.groups, view.worst).name) : '';
    return this.text.barsSummary(metric, values, worst);
  }

  table(): Table {
    const view = this.view;
    const metric = this.text.metric[view?.metric ?? 'accuracy'][0] ?? '';
    const columns = [this.text.group, metric];
    if (!view) return { columns, rows: [] };
    const reference = view.reference;
    if (reference) columns.push(this.text.reference[0] ?? '');
    const cells = view.groups.map((group, g) => {
      const row: (string | number)[] = [group.name, at(view.values, g)];
      if (reference) row.push(at(reference, g));
      return row;
    });
    return { columns, rows: cells };
  }
}

function domainOf(view: BarsView | undefined): [number, number] {
  const [low, high] = view?.domain ?? [0, 1];
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  return low < high ? [low, high] : [low - 0.5, low + 0.5];
}
