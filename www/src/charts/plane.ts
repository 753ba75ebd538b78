// ⑥ The plane: nominal value against shifted or worst-group value, one path per lane from the shared start.

import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { Figure, type ChartOptions, type Table } from './chart';
import { Axes, linearTicks, rows, tickCount, tickWidth } from './axis';
import { make, Pool, set, show } from './dom';
import { fitText, fmt, plain } from './format';
import { decimate, niceDomain, span, Sticky } from './layout';
import { contoursOf, PlaneLabels, type Drawn, type Mark } from './plane-labels';
import { arrowHeads, crossingOf, klLevels, type Head, type PlanePoint, type Spot } from './plane-path';
import { Readout } from './readout';
import { PairCursor } from './tilt-cursor';
import { dashArray } from './shapes';

/** One policy's path. */
export interface PlaneLane {
  name: string;
  dash: string;
  path: readonly PlanePoint[];
  /** Early stopping for free: drawn heavier. The lane named DPO where no lane says so. */
  baseline?: boolean | undefined;
  /** Of an earlier run, kept for comparison: drawn lighter, all of it. */
  kept?: boolean | undefined;
}

/** What a plane draws. */
export interface PlaneView {
  metric: string;
  xLabel: string;
  /** The same where there is little room. */
  xShort?: string | undefined;
  yLabel: string;
  lanes: readonly PlaneLane[];
  /** A step: paths end there, what comes later is faint. */
  cursor?: number | undefined;
  /** The reference policy; where absent, the first point of the paths. */
  reference?: { x: number; y: number } | undefined;
}

/** Options of a plane. */
export interface PlaneOptions extends ChartOptions {
  /** The step of the path point under the pointer or the keyboard focus; null when there is none. */
  onHover?: (step: number | null) => void;
  /** A path point was clicked, or Enter or Space pressed on it. */
  onSelect?: (step: number) => void;
}

/** Nominal value (x) against shifted value (y). */
export class PlaneChart extends Figure<PlaneView> {
  private readonly planeOptions: PlaneOptions;
  private readonly axes: Axes;
  private readonly body: SVGGElement;
  private readonly diagonal: SVGPathElement;
  private readonly later: Pool<SVGPathElement>;
  private readonly lines: Pool<SVGPathElement>;
  private readonly arrows: Pool<SVGPathElement>;
  private readonly labels: PlaneLabels;
  private readonly levels: Pool<SVGPathElement>;
  private readonly crosses: SVGPathElement;
  private readonly ring: SVGCircleElement;
  private readonly cursor: PairCursor;
  private readonly readout: Readout;
  private readonly xSticky = new Sticky();
  private readonly ySticky = new Sticky();
  private metric = '';
  private spots: Spot[] = [];
  private marks: Mark[] = [];
  private heads: Head[] = [];
  private told: number | null = null;
  private plot: Drawn | undefined;

  constructor(host: HTMLElement, options: PlaneOptions = {}) {
    super(host, options, 'plane', 'group');
    this.planeOptions = options;
    this.axes = new Axes(this.svg);
    this.body = make(this.svg, 'g');
    this.diagonal = make(this.body, 'path', { class: 'chart-thin' });
    const layer = (): SVGGElement => make(this.body, 'g');
    const contours = layer();
    this.levels = new Pool(() => make(contours, 'path', { class: 'chart-level' }));
    const [later, lines, arrows] = [layer(), layer(), layer()];
    this.later = new Pool(() => make(later, 'path', { class: 'chart-line chart-faint' }));
    this.lines = new Pool(() => make(lines, 'path', { class: 'chart-line' }));
    this.arrows = new Pool(() => make(arrows, 'path', { class: 'chart-arrow' }));
    this.crosses = make(this.body, 'path', { class: 'chart-cross' });
    this.labels = new PlaneLabels(this.body, this.text);
    this.ring = make(this.svg, 'circle', { class: 'chart-ring' });
    this.readout = new Readout(this.svg);
    show(this.ring, false);
    this.cursor = new PairCursor(this.svg, this.body, this.text.pathPoints, {
      at: (event) => this.pointer(event),
      lines: (i) => this.words(i),
      show: (i) => this.point(i),
      select: (i) => this.planeOptions.onSelect?.(this.spots[i]?.step ?? 0),
    });
    this.start();
  }

  protected render(): void {
    const view = this.view;
    const font = this.font;
    const sheet = rows(this.height, font);
    const paths = (view?.lanes ?? []).map((lane) => lane.path.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y)));
    const start = this.origin();
    const empty = paths.every((path) => path.length === 0);
    const [xDomain, yDomain] = this.domains(paths, start);
    const [top, bottom] = [sheet.top, this.height - sheet.bottom];
    const y = scaleLinear(yDomain, [bottom, top]);
    const yTicks = linearTicks(y, tickCount(bottom - top, font, 2.6, 6));
    const box = { left: tickWidth(yTicks, font) + font * 0.7, top, right: this.width - font, bottom };
    const x = scaleLinear(xDomain, [box.left, box.right]);
    this.axes.draw({
      box, font, width: this.width, x, y, yTicks,
      xTicks: linearTicks(x, tickCount(box.right - box.left, font, 6, 6)),
      xLabel: view ? [view.xLabel, view.xLabel.replace(/ ?[(（][^)）]*[)）]/, ''), ...(view.xShort ? [view.xShort] : [])] : [this.text.nominal],
      yLabel: fitText([view?.yLabel ?? ''], this.width - 2, font),
      ownRow: sheet.ownRow,
      gridX: true,
    });
    this.waiting(empty, box);
    show(this.body, !empty);
    this.spots = [];
    this.marks = [];
    this.plot = undefined;
    if (!view || empty) {
      this.cursor.draw([], [], font);
      return;
    }

    const equal = this.drawDiagonal(x, y, xDomain, yDomain);
    const pixels = paths.map((path, lane) =>
      decimate(path.length, 240).map((i): Spot => {
        const point = path[i] as PlanePoint;
        return { ...point, lane, px: x(point.x), py: y(point.y) };
      }),
    );
    this.spots = pixels.flat();
    const reached = pixels.map((path) => (view.cursor === undefined || view.lanes[path[0]?.lane ?? -1]?.kept ? path : path.filter((p) => p.step <= (view.cursor ?? 0))));
    this.drawPaths(view, pixels, reached);
    this.drawLevels(view, reached, x, y);
    this.cursor.draw(this.spots.map((spot) => [spot.px, spot.py]), this.spots.map((spot) => spot.lane * 1e9 + spot.step), font);
    const lanes = view.lanes.map(({ name }, i) => ({ name, baseline: this.isBaseline(i) }));
    this.plot = { pixels, reached, lanes, heads: this.heads, marks: this.marks, start: start ? [x(start.x), y(start.y)] : undefined, equal, box, width: this.width, font };
  }

  protected override finish(): void {
    if (this.plot) this.labels.draw(this.plot);
  }

  private domains(paths: readonly (readonly PlanePoint[])[], start: { x: number; y: number } | undefined): [[number, number], [number, number]] {
    const metric = this.view?.metric ?? '';
    if (metric !== this.metric) {
      this.xSticky.reset();
      this.ySticky.reset();
    }
    this.metric = metric;
    const points = [...paths.flat(), ...(start ? [start] : [])];
    const isShare = metric.startsWith('accuracy');
    const fit = (sticky: Sticky, values: number[]): [number, number] => {
      const found = span(values);
      if (!found) return [0, 1];
      const nice = niceDomain(found[0], found[1], isShare ? 0.1 : 0.2);
      return sticky.fit(found[0], found[1], () => (isShare ? [Math.max(0, nice[0]), Math.min(1, nice[1])] : nice));
    };
    return [fit(this.xSticky, points.map((p) => p.x)), fit(this.ySticky, points.map((p) => p.y))];
  }

  /** y = x, where the shift costs nothing; its far end, where there is room to name it. */
  private drawDiagonal(x: (v: number) => number, y: (v: number) => number, xs: [number, number], ys: [number, number]): [number, number] | undefined {
    const [from, to] = [Math.max(xs[0], ys[0]), Math.min(xs[1], ys[1])];
    show(this.diagonal, from < to);
    if (from >= to) return undefined;
    set(this.diagonal, { d: `M${x(from).toFixed(1)} ${y(from).toFixed(1)}L${x(to).toFixed(1)} ${y(to).toFixed(1)}`, 'stroke-dasharray': '1 3' });
    return x(to) - x(from) > this.font * 4 ? [x(to), y(to) + this.font * 0.2] : undefined;
  }

  private drawPaths(view: PlaneView, pixels: readonly Spot[][], reached: readonly Spot[][]): void {
    const shape = line<Spot>().digits(1).x((p) => p.px).y((p) => p.py);
    const later = this.later.take(pixels.length);
    const heads: Head[] = (this.heads = []);
    this.lines.take(pixels.length).forEach((node, i) => {
      const lane = view.lanes[i];
      const path = reached[i] ?? [];
      if (!lane) return;
      const dash = dashArray(lane.dash);
      set(node, { d: shape(path) ?? '', 'stroke-dasharray': dash });
      node.classList.toggle('chart-baseline', this.isBaseline(i));
      node.classList.toggle('chart-kept', lane.kept === true);
      const rest = later[i];
      const all = pixels[i] ?? [];
      if (rest) set(rest, { d: path.length < all.length ? (shape(all.slice(Math.max(0, path.length - 1))) ?? '') : '', 'stroke-dasharray': dash });
      heads.push(...arrowHeads(path, this.font * 6.5));
    });
    const size = Math.max(3, this.font * 0.38);
    this.arrows.take(heads.length).forEach((node, i) => {
      const head = heads[i];
      if (!head) return;
      set(node, {
        d: `M${size} 0L${-size} ${size}L${-size * 0.4} 0L${-size} ${-size}Z`,
        transform: `translate(${head.x.toFixed(1)} ${head.y.toFixed(1)}) rotate(${head.angle.toFixed(0)})`,
      });
    });
  }

  private isBaseline(index: number): boolean {
    const lanes = this.view?.lanes ?? [];
    const lane = lanes[index];
    if (lanes.some((other) => other.baseline !== undefined)) return lane?.baseline === true;
    return lane !== undefined && /^DPO\b/.test(lane.name);
  }

  private origin(): { x: number; y: number } | undefined {
    const view = this.view;
    const start = view?.reference ?? view?.lanes.find((lane) => lane.path.length > 0)?.path[0];
    return start && Number.isFinite(start.x) && Number.isFinite(start.y) ? start : undefined;
  }

  /** Where the paths come to the same KL from the reference: as far gone, one as the other. */
  private drawLevels(view: PlaneView, reached: readonly Spot[][], x: (v: number) => number, y: (v: number) => number): void {
    const running = reached.filter((_, i) => !view.lanes[i]?.kept);
    this.marks = klLevels(running, 3).flatMap((kl) =>
      reached.flatMap((path, lane): Mark[] => {
        const there = view.lanes[lane]?.kept ? undefined : crossingOf(path, 'kl', kl);
        return there ? [{ kl, lane, x: there.x, y: there.y, px: x(there.x), py: y(there.y) }] : [];
      }),
    );
    const contours = contoursOf(this.marks);
    this.levels.take(contours.length).forEach((node, i) => {
      const row = contours[i] ?? [];
      set(node, { d: row.length > 1 ? `M${row.map((mark) => `${mark.px.toFixed(1)} ${mark.py.toFixed(1)}`).join('L')}` : '' });
    });
    const r = this.font * 0.32;
    set(this.crosses, { d: this.marks.map(({ px, py }) => `M${(px - r).toFixed(1)} ${(py - r).toFixed(1)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`).join('') });
  }

  /** Reads a point out, and tells its step; -1 for none. */
  private point(index: number): void {
    const spot = this.spots[index];
    show(this.ring, spot !== undefined);
    if (spot) {
      set(this.ring, { cx: spot.px, cy: spot.py, r: 6 });
      this.readout.show(spot.px, spot.py, this.words(index), { left: 0, top: this.font * 1.5, right: this.width, bottom: this.height }, this.font);
    } else this.readout.hide();
    const step = spot?.step ?? null;
    if (step === this.told) return;
    this.told = step;
    this.planeOptions.onHover?.(step);
  }

  private words(index: number): string[] {
    const spot = this.spots[index];
    if (!spot) return [];
    const kl = spot.kl !== undefined && Number.isFinite(spot.kl) ? ` · ${this.text.kl(fmt(spot.kl))}` : '';
    return [`${this.view?.lanes[spot.lane]?.name ?? ''} · ${this.text.step} ${spot.step}`, `(${fmt(spot.x)}, ${fmt(spot.y)})${kl}`];
  }

  describe(): string {
    const view = this.view;
    const start = this.origin();
    if (!view || !start) return `${view?.metric ?? this.text.nominal}: ${this.waitingText()}.`;
    const cursor = view.cursor ?? Infinity;
    const ends = view.lanes.flatMap((lane) => {
      const end = lane.path.filter((p) => p.step <= cursor && Number.isFinite(p.x + p.y)).at(-1);
      return end ? [this.text.planeEnd(lane.name, fmt(end.x), fmt(end.y), String(end.step))] : [];
    });
    return this.text.planeSummary(view.xLabel, view.yLabel, `(${fmt(start.x)}, ${fmt(start.y)})`, ends.join(', '));
  }

  table(): Table {
    const view = this.view;
    const columns = [this.text.lane, this.text.step, view?.xLabel ?? 'x', view?.yLabel ?? 'y', this.text.klColumn];
    const name = (spot: Spot): string => view?.lanes[spot.lane]?.name ?? '';
    const marks = this.marks.map((mark) => [view?.lanes[mark.lane]?.name ?? '', this.text.klMark(plain(mark.kl)), mark.x, mark.y, mark.kl]);
    return { columns, rows: [...this.spots.map((spot) => [name(spot), spot.step, spot.x, spot.y, spot.kl ?? '']), ...marks] };
  }
}
