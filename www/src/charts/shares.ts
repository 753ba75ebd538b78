// ① Whom the adversary weights: stacked share per group over steps, training share dashed.

import { scaleLinear } from 'd3-scale';
import { at, Figure, groupAt, type Box, type ChartOptions, type GroupStyle, type Table } from './chart';
import { Axes, linearTicks, rows, stepTicks, tickCount, tickWidth } from './axis';
import { make, paint, Pool, set, show, write } from './dom';
import { cut, fitText, pct, textWidth } from './format';
import { decimate, spread } from './layout';
import { Readout } from './readout';
import { Tag, tagIndent } from './shapes';

/** What a shares chart draws. */
export interface SharesView {
  steps: ArrayLike<number>;
  /** `[step][group]`, sums to 1. */
  shares: readonly ArrayLike<number>[];
  /** `[group]` share in the training data. */
  training: ArrayLike<number>;
  groups: readonly GroupStyle[];
  /** A step: the numbers are those of this step, what comes later is faded. */
  cursor?: number | undefined;
  layer: 'factor' | 'gradient';
  /** Replaces the vertical label, such as "share of transport budget (%)", from long to short. */
  labels?: readonly string[] | undefined;
  /** Index of a group that is marked. */
  marked?: number | undefined;
  /** A few words in the plot. */
  note?: string | undefined;
}

/** Length of the piece of dashed line beside its name, in units of the type. */
const DASH = 2;

/** Shares per group over steps; the first group is on top, the last on the base line. */
export class SharesChart extends Figure<SharesView> {
  private readonly areas: Pool<SVGPathElement>;
  private readonly guides: Pool<SVGPathElement>;
  private readonly tags: Tag[] = [];
  private readonly body: SVGGElement;
  private readonly axes: Axes;
  private readonly later: SVGRectElement;
  private readonly line: SVGPathElement;
  /** What the dashed line is, over the plot, and a piece of it. */
  private readonly trained: SVGTextElement;
  private readonly sample: SVGPathElement;
  private readonly note: SVGTextElement;
  private readonly when: SVGTextElement;
  private readonly readout: Readout;
  private drawn: number[] = [];
  private box: Box = { left: 0, top: 0, right: 1, bottom: 1 };
  private toX: (step: number) => number = () => 0;

  constructor(host: HTMLElement, options: ChartOptions = {}) {
    super(host, options, 'shares', 'img');
    this.axes = new Axes(this.svg);
    const bands = make(this.svg, 'g', { class: 'chart-bands' });
    this.body = make(this.svg, 'g');
    this.areas = new Pool(() => make(bands, 'path', { class: 'chart-area' }));
    this.later = make(this.body, 'rect', { class: 'chart-later' });
    this.guides = new Pool(() => make(this.body, 'path', { class: 'chart-guide' }));
    this.line = make(this.body, 'path', { class: 'chart-base' });
    this.note = make(this.body, 'text', { class: 'chart-halo chart-muted', 'text-anchor': 'end' });
    this.when = make(this.svg, 'text', { class: 'chart-label', 'text-anchor': 'end' });
    this.trained = make(this.svg, 'text', { class: 'chart-label', 'text-anchor': 'end' });
    this.sample = make(this.svg, 'path', { class: 'chart-guide' });
    this.readout = new Readout(this.svg);
    this.svg.addEventListener('pointermove', (event) => this.point(event));
    this.svg.addEventListener('pointerleave', () => this.readout.hide());
    this.start();
  }

  protected render(): void {
    const view = this.view;
    const n = view ? Math.min(view.steps.length, view.shares.length) : 0;
    const groups = view?.groups.length ?? 0;
    const font = this.font;
    const { top, bottom, ownRow } = rows(this.height, font);
    const wide = this.width >= font * 34;
    const now = this.current();
    const texts = Array.from({ length: groups }, (_, g) => this.tagText(g, now, wide));
    const right = n > 0 ? Math.max(...texts.map((text) => textWidth(text, font)), 0) + tagIndent(font) + font * 0.6 : font;
    const y = scaleLinear([0, 1], [this.height - bottom, top]);
    const yTicks = linearTicks(scaleLinear([0, 100], [0, 1]), tickCount(this.height - top - bottom, font, 3.2, 5) > 4 ? 5 : 2)
      .map((tick) => ({ value: tick.value / 100, text: tick.text }));
    const box = {
      left: tickWidth(yTicks, font) + font * 0.6,
      top,
      right: Math.max(this.width - right, this.width * 0.4),
      bottom: this.height - bottom,
    };
    this.box = box;
    const first = at(view?.steps, 0);
    const last = at(view?.steps, n - 1);
    const domain: [number, number] = n === 0 ? [0, 1] : n === 1 ? [first - 0.5, last + 0.5] : [first, last];
    const x = scaleLinear(domain, [box.left, box.right]);
    this.toX = x;
    this.drawn = view ? decimate(n, (box.right - box.left) / 2) : [];
    const scrubbed = view?.cursor !== undefined && now >= 0 && now < n - 1;
    const head = this.head(view, n, scrubbed ? `${this.text.step} ${at(view?.steps, now)}` : '');
    this.axes.draw({
      box, font, width: this.width, x, y,
      xTicks: n > 0 ? stepTicks(x, tickCount(box.right - box.left, font, 7, 6)) : [],
      yTicks,
      xLabel: [this.text.step],
      yLabel: head.label,
      ownRow,
    });
    this.waiting(n === 0, box);
    this.readout.hide();
    show(this.body, n > 0);
    this.drawKey(head.key, head.when);
    this.drawAreas(x, y, n);
    this.drawTags(now, texts, y, groups);
    if (!view || n === 0) return;

    show(this.later, scrubbed);
    show(this.line, scrubbed);
    if (scrubbed) {
      const at0 = x(at(view.steps, now));
      set(this.later, { x: at0, y: box.top, width: Math.max(0, box.right - at0), height: box.bottom - box.top });
      set(this.line, { d: `M${at0} ${box.top}V${box.bottom}` });
    }
    this.drawTraining(view, y);
    write(this.note, view.note ? cut(view.note, box.right - box.left - font, font) : '');
    set(this.note, { x: box.right - font * 0.5, y: box.top + font * 1.2 });
  }

  private drawAreas(x: (v: number) => number, y: (v: number) => number, n: number): void {
    const view = this.view;
    const groups = view && n > 0 ? view.groups.length : 0;
    const nodes = this.areas.take(groups);
    if (!view) return;
    // Stacked from the last group up, in tenths of a pixel; rows that are not numbers leave a gap.
    const count = this.drawn.length;
    const half = n === 1 ? Math.min(8, (this.box.right - this.box.left) / 4) : 0;
    const tenth = (v: number): number => Math.round(v * 10) / 10;
    const px = this.drawn.map((i) => tenth(x(at(view.steps, i))));
    const low = new Float64Array(count);
    const edge = new Float64Array(count).fill(tenth(y(0)));
    const fine = this.drawn.map((i) => view.groups.every((_, g) => Number.isFinite(at(view.shares[i], g))));
    for (let g = groups - 1; g >= 0; g -= 1) {
      const node = nodes[g];
      if (!node) continue;
      let path = '';
      for (let k = 0; k < count; k += 1) {
        if (!fine[k]) continue;
        // One run of rows without a gap: along the upper edge, and back along the lower one.
        let upper = '';
        let lower = '';
        for (; k < count && fine[k]; k += 1) {
          const share = (low[k] = (low[k] ?? 0) + at(view.shares[this.drawn[k] ?? 0], g));
          const top = tenth(y(share));
          const here = px[k] ?? 0;
          upper += half > 0 ? `L${here - half} ${top}H${here + half}` : `L${here} ${top}`;
          lower = half > 0 ? `L${here + half} ${edge[k]}H${here - half}${lower}` : `L${here} ${edge[k]}${lower}`;
          edge[k] = top;
        }
        path += `M${upper.slice(1)}${lower}Z`;
      }
      set(node, { d: path });
      paint(node, 'fill', groupAt(view.groups, g).color);
      node.classList.toggle('chart-marked', view.marked === g);
    }
  }

  private drawTags(now: number, texts: readonly string[], y: (v: number) => number, groups: number): void {
    const view = this.view;
    while (this.tags.length < groups) this.tags.push(new Tag(this.svg, 'chart-tag'));
    let low = 0;
    const wishes = Array.from({ length: groups }, () => ({ y: NaN, rank: 0 }));
    for (let g = groups - 1; g >= 0; g -= 1) {
      const share = now >= 0 ? at(view?.shares[now], g) : NaN;
      wishes[g] = { y: y(low + share / 2), rank: share };
      if (Number.isFinite(share)) low += share;
    }
    const font = this.font;
    const heights = spread(wishes, this.box.top + font * 0.3, this.box.bottom - font * 0.3, font * 1.2);
    this.tags.forEach((tag, g) => {
      const height = g < groups ? heights[g] : undefined;
      tag.visible(height !== undefined);
      if (height === undefined || !view) return;
      tag.draw(this.box.right + font * 0.5, height, font, groupAt(view.groups, g), texts[g] ?? '');
      tag.node.classList.toggle('chart-named', view.marked === g);
    });
  }

  /** Dashed lines where the bands would meet if the adversary left the training data as it is. */
  private drawTraining(view: SharesView, y: (v: number) => number): void {
    const { box } = this;
    const groups = view.groups.length;
    const edges: number[] = [];
    let low = 0;
    for (let g = groups - 1; g >= 1; g -= 1) {
      low += at(view.training, g);
      if (Number.isFinite(low)) edges.push(low);
    }
    this.guides.take(edges.length).forEach((node, i) => {
      set(node, { d: `M${box.left} ${y(edges[i] ?? 0)}H${box.right}` });
    });
  }

  /** What stands over the plot: the vertical label, what the dashed line is, the step that the numbers are of; the longest that fit. */
  private head(view: SharesView | undefined, n: number, step: string): { label: string; key: string; when: string } {
    const font = this.font;
    const labels = view?.labels ?? this.text.shareOf[view?.layer ?? 'factor'];
    const groups = view?.groups.length ?? 0;
    const keys = n === 0 || groups < 2 ? [''] : groups === 2 ? this.text.trainingShare(pct(at(view?.training, 1))) : this.text.trainingEdges;
    const wide = (text: string, more = 0): number => (text === '' ? 0 : textWidth(text, font) + font * (1 + more));
    const all = labels.flatMap((label, i) =>
      keys.flatMap((key, j) => [...new Set([step, ''])].map((when, k) => ({ label, key, when, cost: i + j + 2 * k, width: textWidth(label, font) + wide(key, DASH) + wide(when) }))),
    );
    all.sort((a, b) => a.cost - b.cost);
    return all.find(({ width }) => width <= this.width - 2) ?? { label: fitText(labels, this.width - 2, font), key: '', when: '' };
  }

  private drawKey(key: string, when: string): void {
    const { font, width } = this;
    const y = font * 1.05;
    set(this.trained, { x: width - 1, y });
    write(this.trained, key);
    const left = width - 1 - textWidth(key, font) - font * DASH;
    set(this.sample, { d: key === '' ? '' : `M${left} ${y - font * 0.35}h${font * (DASH - 0.4)}` });
    set(this.when, { x: key === '' ? width - 1 : left - font * 0.8, y });
    write(this.when, when);
  }

  private tagText(group: number, now: number, wide: boolean): string {
    const share = pct(now >= 0 ? at(this.view?.shares[now], group) : NaN);
    if (!wide || !this.view) return share;
    const name = cut(groupAt(this.view.groups, group).name, this.width * 0.22, this.font);
    return `${name} ${share}`;
  }

  /** Index of the step that is read out: the last one at or before the cursor, else the last. */
  private current(): number {
    const view = this.view;
    if (!view) return -1;
    const n = Math.min(view.steps.length, view.shares.length);
    if (view.cursor === undefined) return n - 1;
    return Math.min(n - 1, Math.max(0, this.indexOf(view.cursor, n)));
  }

  /** Last index whose step is at most this one. */
  private indexOf(step: number, n: number): number {
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (at(this.view?.steps, middle) <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private point(event: PointerEvent): void {
    const view = this.view;
    const [px, py] = this.pointer(event);
    const { box } = this;
    let best = -1;
    let distance = Infinity;
    for (const i of this.drawn) {
      const d = Math.abs(this.toX(at(view?.steps, i)) - px);
      if (d < distance) [best, distance] = [i, d];
    }
    if (!view || best < 0 || px < box.left - 4 || px > box.right + 4) return this.readout.hide();
    const lines = view.groups.map((group, g) => `${group.name} ${pct(at(view.shares[best], g))}`);
    const within = { left: 0, top: 0, right: this.width, bottom: this.height };
    const most = Math.max(1, Math.floor((this.height - this.font) / (this.font * 1.3)) - 1);
    this.readout.show(px, py, [`${this.text.step} ${at(view.steps, best)}`, ...lines.slice(0, most)], within, this.font);
  }

  describe(): string {
    const view = this.view;
    const now = this.current();
    if (!view || now < 0) return `${this.label()}: ${this.waitingText()}.`;
    const list = (values: ArrayLike<number> | undefined): string =>
      view.groups.map((group, g) => `${group.name} ${pct(at(values, g))}`).join(', ');
    const summary = this.text.sharesSummary(this.label(), String(at(view.steps, now)), list(view.shares[now]), list(view.training));
    return view.note ? `${summary} ${view.note}.` : summary;
  }

  table(): Table {
    const view = this.view;
    if (!view) return { columns: [this.text.step], rows: [] };
    const numbers = (values: ArrayLike<number> | undefined): number[] => view.groups.map((_, g) => at(values, g));
    const steps = this.drawn.map((i) => [at(view.steps, i), ...numbers(view.shares[i])]);
    return {
      columns: [this.text.step, ...view.groups.map((group) => group.name)],
      rows: [[this.text.training, ...numbers(view.training)], ...steps],
    };
  }

  private label(): string {
    return this.view?.labels?.[0] ?? this.text.shareOf[this.view?.layer ?? 'factor'][0] ?? '';
  }
}
