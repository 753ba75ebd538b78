// ④ Shift: each lane's value against the deployed share α of one group, with α to drag.

import { scaleLinear } from 'd3-scale';
import { Figure, groupAt, type Box, type ChartOptions, type Table } from './chart';
import { Axes, linearTicks, rows, tickCount, tickWidth } from './axis';
import type { Metric } from './bars';
import { make, Pool, round, set, show, write } from './dom';
import { fitText, fmt, pct, plain, plainNames, shortNames, strongWidth, textWidth } from './format';
import { niceDomain, span, spread, Sticky } from './layout';
import { dashArray } from './shapes';
import { ShiftHandle } from './shift-handle';
import { worstOf, worthAt, worthErrorAt, type Ball, type ShiftLane, type ShiftView, type Worth } from './shift-value';

/** Options of a shift chart. */
export interface ShiftOptions extends ChartOptions {
  /** α was dragged or keyed; the chart has moved already. */
  onAlpha?: (alpha: number) => void;
}

/** Height of the row over the plot, in units of the type. */
const ROW = 1.3;

/** Value of every lane over α. */
export class ShiftChart extends Figure<ShiftView> {
  private readonly onAlpha: ((alpha: number) => void) | undefined;
  private readonly axes: Axes;
  private readonly body: SVGGElement;
  private readonly bands: Pool<SVGPathElement>;
  private readonly truths: Pool<SVGPathElement>;
  private readonly ghosts: Pool<SVGPathElement>;
  private readonly kept: Pool<SVGPathElement>;
  private readonly worst: Pool<SVGPathElement>;
  private readonly ball: SVGPathElement;
  private readonly ballEdge: SVGPathElement;
  private readonly ballText: SVGTextElement;
  private readonly lines: Pool<SVGPathElement>;
  private readonly dots: Pool<SVGCircleElement>;
  private readonly leaders: Pool<SVGPathElement>;
  private readonly names: Pool<SVGTextElement>;
  private readonly numbers: Pool<SVGTextElement>;
  private readonly training: SVGPathElement;
  private readonly trainingText: SVGTextElement;
  private readonly handle: ShiftHandle;
  private readonly header: SVGTextElement;
  private readonly sticky = new Sticky();
  private metric: Metric | undefined;
  private alpha = 0;
  private box: Box = { left: 0, top: 0, right: 1, bottom: 1 };

  constructor(host: HTMLElement, options: ShiftOptions = {}) {
    super(host, options, 'shift', 'group');
    this.onAlpha = options.onAlpha;
    this.axes = new Axes(this.svg);
    this.body = make(this.svg, 'g');
    const layer = (): SVGGElement => make(this.body, 'g');
    const [bands, guides, ghosts, lines] = [layer(), layer(), layer(), layer()];
    this.ball = make(bands, 'path', { class: 'chart-ball' });
    this.ballEdge = make(guides, 'path', { class: 'chart-thin' });
    this.ghosts = new Pool(() => make(ghosts, 'path', { class: 'chart-line chart-ghost' }));
    this.truths = new Pool(() => make(ghosts, 'path', { class: 'chart-line chart-truth' }));
    this.kept = new Pool(() => make(ghosts, 'path', { class: 'chart-line chart-kept' }));
    this.bands = new Pool(() => make(bands, 'path', { class: 'chart-band' }));
    this.training = make(guides, 'path', { class: 'chart-thin' });
    this.lines = new Pool(() => make(lines, 'path', { class: 'chart-line' }));
    this.leaders = new Pool(() => make(lines, 'path', { class: 'chart-leader' }));
    this.handle = new ShiftHandle(this.svg, this.body, {
      at: (event) => this.pointer(event),
      box: () => (this.ready() ? this.box : undefined),
      alpha: () => this.alpha,
      move: (alpha) => this.move(alpha),
    });
    const front = layer();
    front.setAttribute('class', 'chart-front');
    this.worst = new Pool(() => make(front, 'path', { class: 'chart-worst' }));
    this.ballText = make(front, 'text', { class: 'chart-muted' });
    this.trainingText = make(front, 'text', { class: 'chart-muted' });
    this.dots = new Pool(() => make(front, 'circle', { class: 'chart-dot' }));
    this.names = new Pool(() => make(front, 'text', { dy: '0.35em' }));
    this.numbers = new Pool(() => make(front, 'text', { class: 'chart-strong', dy: '0.35em', 'text-anchor': 'end' }));
    this.header = make(this.svg, 'text', { class: 'chart-label', 'text-anchor': 'end' });
    this.start();
  }

  override update(view: ShiftView): void {
    if (!this.handle.dragging) this.alpha = bounded(view.alpha);
    super.update(view);
  }

  protected render(): void {
    const view = this.view;
    const font = this.font;
    const sheet = rows(this.height, font);
    const lanes = (view?.lanes ?? []).filter(hasWorth);
    // A row of its own over the plot for what is marked along α: no curve and no rule comes there.
    const top = sheet.top + (lanes.length > 0 ? Math.round(font * ROW) : 0);
    const bottom = this.height - sheet.bottom;
    const y = scaleLinear(this.domain(view, lanes), [bottom, top]);
    const yTicks = linearTicks(y, tickCount(bottom - top, font, 2.6, 6));
    const values = lanes.map((lane) => (view ? worthAt(this.alpha, view, lane) : NaN));
    const texts = values.map((value) => fmt(value));
    const numberWidth = Math.max(font * 2, ...texts.map((text) => strongWidth(text, font)));
    const most = this.width * 0.26;
    const names = shortNames(lanes.map((lane) => lane.name), most, font);
    const nameWidth = Math.min(most, Math.max(0, ...names.map((name) => textWidth(name, font))));
    const side = lanes.length > 0 ? nameWidth + numberWidth + font * 2.2 : font;
    const box = { left: tickWidth(yTicks, font) + font * 0.7, top, right: this.width - side, bottom };
    this.box = box;
    const x = scaleLinear([0, 1], [box.left, box.right]);
    const target = view ? groupAt(view.groups, view.target).name : '';
    const header = lanes.length > 0 ? fitText(this.text.atAlpha(plain(this.alpha)), this.width * 0.3, font) : '';
    const metric = this.text.metric[view?.metric ?? 'accuracy'];
    const hasError = view !== undefined && lanes.some((lane) => Number.isFinite(worthErrorAt(this.alpha, view, lane)));
    const labels = hasError ? [...metric.map((text) => `${text}, ${this.text.standardError}`), ...metric] : metric;
    this.axes.draw({
      // Short of the lanes' names, which may reach down into the label's row.
      box, font, width: box.right + font * 1.1, x, y, yTicks,
      xTicks: linearTicks(x, tickCount(box.right - box.left, font, 6, 6)),
      xLabel: view?.xLabel ?? (view ? this.text.deployed(target) : [this.text.deployed('')[3] ?? '']),
      yLabel: fitText(labels, this.width - textWidth(header, font) - font * 1.5, font),
      ownRow: sheet.ownRow,
    });
    write(this.header, header);
    set(this.header, { x: this.width - 1, y: font * 1.05 });
    this.waiting(lanes.length === 0, box);
    show(this.body, lanes.length > 0);
    if (!view || lanes.length === 0) return;

    this.drawMarks(view, x);
    this.drawLines(view, lanes, x, y);
    this.drawWorst(view, lanes, x, y);
    this.drawHandle(view, lanes, values, x, y);
    this.drawLabels(view, lanes, texts, names, y);
  }

  private domain(view: ShiftView | undefined, lanes: readonly ShiftLane[]): [number, number] {
    if (!view) return [0, 1];
    if (view.metric !== this.metric) this.sticky.reset();
    this.metric = view.metric;
    const ends = lanes.flatMap((lane) => [
      ...alphasOf(lane).flatMap((alpha) => {
        const value = worthAt(alpha, view, lane);
        const error = worthErrorAt(alpha, view, lane);
        return Number.isFinite(error) ? [value - error, value + error] : [value];
      }),
      ...(lane.truth ? alphasOf(lane.truth).map((alpha) => worthAt(alpha, view, lane.truth!)) : []),
      ...(lane.ghosts ?? []).flatMap((ghost) => alphasOf(ghost).map((alpha) => worthAt(alpha, view, ghost))),
    ]).concat((view.kept ?? []).flatMap((lane) => alphasOf(lane).map((alpha) => worthAt(alpha, view, lane))));
    const [low, high] = span(ends) ?? [0, 1];
    const isShare = view.metric === 'accuracy';
    const nice = niceDomain(isShare ? Math.max(0, low) : low, isShare ? Math.min(1, high) : high, isShare ? 0.1 : 0.2);
    const bounds: [number, number] = isShare ? [Math.max(0, nice[0]), Math.min(1, nice[1])] : nice;
    return this.sticky.fit(Math.max(low, isShare ? 0 : -Infinity), Math.min(high, isShare ? 1 : Infinity), () => bounds);
  }

  private drawLines(view: ShiftView, lanes: readonly ShiftLane[], x: (v: number) => number, y: (v: number) => number): void {
    const path = (worth: Worth): string => {
      const points = alphasOf(worth).map((alpha) => [x(alpha), y(worthAt(alpha, view, worth))] as const);
      return points.every(([, py]) => Number.isFinite(py)) ? `M${points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')}` : '';
    };
    this.lines.take(lanes.length).forEach((node, i) => {
      const lane = lanes[i];
      if (lane) set(node, { d: path(lane), 'stroke-dasharray': dashArray(lane.dash) });
    });
    // The older, the fainter.
    const ghosts = lanes.flatMap((lane) => (lane.ghosts ?? []).map((ghost, i, all) => ({ d: path(ghost), dash: lane.dash, part: (i + 1) / (all.length + 1) })));
    this.ghosts.take(ghosts.length).forEach((node, i) => {
      const ghost = ghosts[i];
      if (ghost) set(node, { d: ghost.d, 'stroke-dasharray': dashArray(ghost.dash), 'stroke-opacity': 0.1 + 0.25 * ghost.part });
    });
    const truths = lanes.filter((lane) => lane.truth);
    this.truths.take(truths.length).forEach((node, i) => {
      const lane = truths[i];
      if (lane?.truth) set(node, { d: path(lane.truth), 'stroke-dasharray': dashArray(lane.dash) });
    });
    const kept = view.kept ?? [];
    this.kept.take(kept.length).forEach((node, i) => {
      const lane = kept[i];
      if (lane) set(node, { d: path(lane), 'stroke-dasharray': dashArray(lane.dash) });
    });
    this.bands.take(lanes.length).forEach((node, i) => {
      const lane = lanes[i];
      const [upper, lower]: [string[], string[]] = [[], []];
      for (let k = 0; lane && k <= 20; k += 1) {
        const alpha = k / 20;
        const value = worthAt(alpha, view, lane);
        const error = worthErrorAt(alpha, view, lane);
        if (!Number.isFinite(value + error)) continue;
        upper.push(`${x(alpha).toFixed(1)} ${y(value + error).toFixed(1)}`);
        lower.unshift(`${x(alpha).toFixed(1)} ${y(value - error).toFixed(1)}`);
      }
      set(node, { d: upper.length > 1 ? `M${[...upper, ...lower].join('L')}Z` : '' });
    });
  }

  /** A caret under each lane's least value. */
  private drawWorst(view: ShiftView, lanes: readonly ShiftLane[], x: (v: number) => number, y: (v: number) => number): void {
    const r = this.font * 0.4;
    this.worst.take(lanes.length).forEach((node, i) => {
      const lane = lanes[i];
      const least = lane ? worstOf(view, lane) : undefined;
      const fine = least !== undefined && Number.isFinite(least.value);
      set(node, { d: fine ? `M${round(x(least.alpha) - r)} ${round(y(least.value) + 3)}l${r} ${r}l${r} ${-r}` : '' });
    });
  }

  /** The training mix, and the mixes that a robust lane's ambiguity set holds: named over the plot, side by side. */
  private drawMarks(view: ShiftView, x: (v: number) => number): void {
    const { box, font } = this;
    const { ball } = view;
    const trained = Number.isFinite(view.training);
    for (const node of [this.ball, this.ballEdge, this.ballText]) show(node, ball !== undefined);
    for (const node of [this.training, this.trainingText]) show(node, trained);
    const [from, to] = ball ? [x(ball.low), x(ball.high)] : [NaN, NaN];
    const px = x(bounded(view.training));
    const foot = box.top - font * 0.3;
    if (ball) {
      set(this.ball, { d: `M${from} ${box.top}H${to}V${box.bottom}H${from}Z` });
      set(this.ballEdge, { d: `M${from} ${box.top}V${foot}H${to}V${box.top}` });
    }
    if (trained) set(this.training, { d: `M${px} ${foot - font * 0.1}V${box.bottom}` });
    // The longest texts that have room beside each other.
    const mixes = trained ? (view.trainingLabel ?? this.text.trainingMix) : [''];
    const balls = ball ? this.ballTexts(view, ball) : [''];
    const [left, right] = [box.left, this.width - 1];
    const gap = trained && ball ? font : 0;
    // The whole name of the training mix before the whole sentence on the set.
    const pairs = mixes.flatMap((a) => balls.map((b) => [a, b] as const));
    const [mix = '', name = ''] = pairs.find(([a, b]) => textWidth(a, font) + gap + textWidth(b, font) <= right - left) ?? pairs[pairs.length - 1] ?? [];
    const [wide, long] = [textWidth(mix, font), textWidth(name, font)];
    const held = (middle: number, width: number): number => Math.max(left, Math.min(right - width, middle - width / 2));
    // Each over what it names; the set's gives way, and the training mix's where even that is not enough.
    let [mixAt, ballAt] = [held(px, wide), held((from + to) / 2, long)];
    if (trained && ball) {
      if (px > (from + to) / 2 && mixAt - gap - long >= left) ballAt = Math.min(ballAt, mixAt - gap - long);
      else {
        ballAt = Math.max(ballAt, mixAt + wide + gap);
        if (ballAt + long > right) ballAt = right - long;
        mixAt = Math.min(mixAt, ballAt - gap - wide);
      }
    }
    const row = foot - font * 0.45;
    set(this.trainingText, { x: mixAt, y: row });
    write(this.trainingText, mix);
    if (!ball) return;
    set(this.ballText, { x: ballAt, y: row });
    write(this.ballText, name);
  }

  /** What the set is called, from long to short: with the lane's form, without it, without the lane. */
  private ballTexts(view: ShiftView, ball: Ball): string[] {
    const names = view.lanes.map((lane) => lane.name);
    const say = (lane: string): string[] => this.text.ball(lane, pct(ball.low), pct(ball.high));
    const [whole = '', named = '', ...bare] = say(ball.lane);
    return [whole, named, say(plainNames(names)[names.indexOf(ball.lane)] ?? ball.lane)[1] ?? named, ...bare];
  }

  private drawHandle(view: ShiftView, lanes: readonly ShiftLane[], values: readonly number[], x: (v: number) => number, y: (v: number) => number): void {
    const { box, font } = this;
    const px = x(this.alpha);
    const spoken = lanes.map((lane, i) => `${lane.name} ${fmt(values[i] ?? NaN)}`).join(', ');
    this.handle.draw(px, box, font, this.text.alphaLabel(groupAt(view.groups, view.target).name), this.alpha, `${pct(this.alpha)}: ${spoken}`);
    this.dots.take(lanes.length).forEach((node, i) => {
      const value = values[i] ?? NaN;
      show(node, Number.isFinite(value));
      if (Number.isFinite(value)) set(node, { cx: px, cy: y(value), r: Math.max(2.5, font * 0.27) });
    });
  }

  /** Lane name and value at α beside each line's end, with a leader where it had to move. */
  private drawLabels(view: ShiftView, lanes: readonly ShiftLane[], texts: readonly string[], labels: readonly string[], y: (v: number) => number): void {
    const { box, font } = this;
    const ends = lanes.map((lane) => y(worthAt(1, view, lane)));
    const wishes = ends.map((end, i) => ({ y: Number.isFinite(end) ? end : (box.top + box.bottom) / 2, rank: -i }));
    // Below the axis only where they would not fit beside the plot.
    const gap = font * 1.2;
    const low = (lanes.length - 1) * gap <= box.bottom - box.top - font * 0.4 ? box.bottom : this.height - font * 0.6;
    const heights = spread(wishes, box.top + font * 0.4, low, gap);
    const names = this.names.take(lanes.length);
    const numbers = this.numbers.take(lanes.length);
    this.leaders.take(lanes.length).forEach((leader, i) => {
      const [name, number, height, end] = [names[i], numbers[i], heights[i], ends[i] ?? NaN];
      if (!name || !number) return;
      const shown = height !== undefined;
      for (const node of [name, number, leader]) show(node, shown);
      if (!shown) return;
      set(leader, { d: Number.isFinite(end) ? `M${box.right + 2} ${end}L${box.right + font * 0.9} ${height}` : '' });
      set(name, { x: box.right + font * 1.1, y: height });
      write(name, labels[i] ?? '');
      set(number, { x: this.width - 1, y: height });
      write(number, texts[i] ?? '');
    });
  }

  private ready(): boolean {
    return (this.view?.lanes ?? []).some(hasWorth);
  }

  private move(alpha: number): void {
    // In hundredths, so that the α that is shown is the α that is meant.
    const next = Math.round(bounded(alpha) * 100) / 100;
    if (next === this.alpha) return;
    this.alpha = next;
    this.draw();
    this.onAlpha?.(next);
  }

  describe(): string {
    const view = this.view;
    const metric = this.text.metric[view?.metric ?? 'accuracy'][0] ?? '';
    if (!view || !this.ready()) return `${metric}: ${this.waitingText()}.`;
    const values = view.lanes.map((lane) => `${lane.name} ${this.withError(worthAt(this.alpha, view, lane), worthErrorAt(this.alpha, view, lane))}`).join(', ');
    const summary = this.text.shiftSummary(metric, pct(this.alpha), groupAt(view.groups, view.target).name, values, pct(view.training));
    const worst = view.lanes.map((lane) => `${lane.name} ${fmt(worstOf(view, lane).value)}`).join(', ');
    const ball = view.ball ? this.text.ballSummary(view.ball.lane, fmt(view.ball.radius), pct(view.ball.low), pct(view.ball.high)) : '';
    // One sentence of all of it.
    return summary.replace(/[.。]$/, (end) => `${this.text.worstSummary(worst)}${ball}${end}`);
  }

  private withError(value: number, error: number): string {
    return Number.isFinite(error) ? `${fmt(value)} ± ${fmt(error)}` : fmt(value);
  }

  /**
   * Each lane's value at both ends, at the training mix and at α with its error, and its least; under it what its texts
   * are truly worth and earlier steps.
   */
  table(): Table {
    const view = this.view;
    const alphas = [0, view?.training ?? NaN, this.alpha, 1];
    const hasError = view !== undefined && view.lanes.some((lane) => Number.isFinite(worthErrorAt(this.alpha, view, lane)));
    const columns = [this.text.lane, ...alphas.map((alpha) => `α = ${plain(alpha)}`), this.text.worst];
    columns[2] = `${columns[2] ?? ''} (${(view?.trainingLabel ?? this.text.trainingMix)[0] ?? ''})`;
    if (hasError) columns.push(`${this.text.standardError} (α = ${plain(this.alpha)})`);
    if (!view) return { columns, rows: [] };
    const row = (name: string, worth: Worth): (string | number)[] => [name, ...alphas.map((alpha) => worthAt(alpha, view, worth)), worstOf(view, worth).value];
    const rows = view.lanes.flatMap((lane) => [
      [...row(lane.name, lane), ...(hasError ? [worthErrorAt(this.alpha, view, lane)] : [])],
      ...(lane.truth ? [row(this.text.byWords(lane.name), lane.truth)] : []),
      ...[...(lane.ghosts ?? [])].reverse().map((ghost) => row(this.text.atStep(lane.name, ghost.step), ghost)),
    ]);
    return { columns, rows: [...rows, ...(view.kept ?? []).map((lane) => row(lane.name, lane))] };
  }
}

const hasWorth = (lane: ShiftLane): boolean => lane.values.length > 0 || (lane.curve?.alpha.length ?? 0) > 0;

/** The shares that make a lane's line: its ends, or the grid that its curve was measured on. */
const alphasOf = (worth: Worth): number[] => (worth.curve ? Array.from(worth.curve.alpha) : [0, 1]);

function bounded(alpha: number): number {
  return Number.isFinite(alpha) ? Math.max(0, Math.min(1, alpha)) : 0;
}
