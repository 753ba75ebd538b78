// ② Loss → weight: every pair of the batch as a point, on the curve that the adversary's τ draws through them.

import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { at, Figure, groupAt, type Box, type ChartOptions, type GroupStyle, type Table } from './chart';
import { Axes, linearTicks, logTicks, rows, tickCount, tickWidth } from './axis';
import { make, set, show, uid, write } from './dom';
import { fmt, plain, textWidth } from './format';
import { Ground, type Spot } from './ground';
import { PairCursor } from './tilt-cursor';
import { Readout } from './readout';
import { clampScale, TiltAxes, tiltCurve, type Tilt, type TiltDomain } from './tilt-curve';
import { KnobHandle, type Plot, type TiltKnob } from './tilt-knob';
import { PointLayer } from './tilt-points';

/** What a tilt chart draws. */
export interface TiltView extends Tilt {
  /** `[point]` index of the group. */
  group: ArrayLike<number>;
  /** `[point]` id of the pair in the data set. */
  pair: ArrayLike<number>;
  /** Effective sample size. */
  ess: number;
  /** KL(weights ‖ uniform), nats. */
  radius: number;
  groups: readonly GroupStyle[];
  /** Id of the pinned pair. */
  selected?: number | undefined;
  /** Id of the pair that is pointed at somewhere else. */
  hovered?: number | undefined;
  /** The batch that the curve, its numbers and its guides are of, where the points are more than that. */
  batch?: Tilt | undefined;
  /** `[point]` steps since each pair was in a batch, and how many make one pass through the data. */
  age?: ArrayLike<number> | undefined;
  epoch?: number | undefined;
  /** The handle on the curve. */
  knob?: TiltKnob | undefined;
  /** Axes shared with other lanes (`TiltAxes.fit` of all of them); its own where absent. */
  domain?: TiltDomain | undefined;
}

/** Options of a tilt chart. */
export interface TiltOptions extends ChartOptions {
  /** A pair was clicked, or Enter or Space pressed on it. */
  onSelect?: (pair: number) => void;
  /** The pair under the pointer or the keyboard focus; null when there is none. */
  onHover?: (pair: number | null) => void;
  /** The handle on the curve was dragged or keyed. */
  onKnob?: (value: number) => void;
}

/** Loss against the adversary's factor. */
export class TiltChart extends Figure<TiltView> {
  private readonly axes: Axes;
  private readonly body: SVGGElement;
  private readonly clip: SVGRectElement;
  private readonly mean: SVGPathElement;
  private readonly meanText: SVGTextElement;
  private readonly clamp: SVGPathElement;
  private readonly clampText: SVGTextElement;
  private readonly curve: SVGPathElement;
  private readonly next: SVGPathElement;
  private readonly points: PointLayer;
  /** Marks on the points that lie beyond the loss axis. */
  private readonly beyond: SVGPathElement;
  private readonly pinned: SVGCircleElement;
  private readonly pointed: SVGCircleElement;
  private readonly knob: KnobHandle;
  private readonly cursor: PairCursor;
  private readonly numbers: SVGTextElement;
  private readonly readout: Readout;
  private readonly own = new TiltAxes();
  private log = false;
  private drawnOn = '';
  private plot: (Plot & { domain: TiltDomain }) | undefined;
  private told: number | null = null;

  constructor(host: HTMLElement, options: TiltOptions = {}) {
    super(host, options, 'tilt', 'group');
    this.axes = new Axes(this.svg);
    const id = uid('chart-clip');
    this.clip = make(make(this.svg, 'clipPath', { id }), 'rect');
    this.body = make(this.svg, 'g');
    this.mean = make(this.body, 'path', { class: 'chart-thin' });
    this.clamp = make(this.body, 'path', { class: 'chart-guide' });
    this.curve = make(this.body, 'path', { class: 'chart-line', 'clip-path': `url(#${id})` });
    this.next = make(this.body, 'path', { class: 'chart-line chart-faint', 'clip-path': `url(#${id})` });
    this.points = new PointLayer(this.body);
    this.meanText = make(this.body, 'text', { class: 'chart-halo chart-muted' });
    this.clampText = make(this.body, 'text', { class: 'chart-halo chart-muted' });
    this.beyond = make(this.body, 'path', { class: 'chart-thin' });
    this.pinned = make(this.body, 'circle', { class: 'chart-ring' });
    this.pointed = make(this.body, 'circle', { class: 'chart-ring chart-pointed' });
    this.numbers = make(this.svg, 'text', { class: 'chart-numbers', 'text-anchor': 'end' });
    this.readout = new Readout(this.svg);
    this.cursor = new PairCursor(this.svg, this.body, this.text.pairsByLoss, {
      at: (event) => this.pointer(event),
      lines: (i) => this.lines(i),
      select: (i) => options.onSelect?.(at(this.view?.pair, i)),
      show: (i) => {
        const spot = this.cursor.place(i);
        const within = { left: 0, top: this.font * 1.5, right: this.width, bottom: this.height };
        if (spot) this.readout.show(spot[0], spot[1], this.lines(i), within, this.font);
        else this.readout.hide();
        const pair = spot ? at(this.view?.pair, i) : null;
        if (pair === this.told) return;
        this.told = pair;
        options.onHover?.(pair);
      },
    });
    this.knob = new KnobHandle(this.body, {
      at: (event) => this.pointer(event),
      moved: (value) => options.onKnob?.(value),
      taken: () => this.cursor.leave(),
      label: (kind) => this.text.knobLabel[kind],
      text: (kind, value, next) => this.text.knobText(kind, value, next),
    });
    this.start();
  }

  override destroy(): void {
    this.points.stop();
    super.destroy();
  }

  protected render(): void {
    const view = this.view;
    const n = view?.losses.length ?? 0;
    const font = this.font;
    const sheet = rows(this.height, font);
    const domain = view?.domain ?? this.own.fit(view ? [view] : []);
    const [low, high] = domain.y;
    this.log = low > 0;
    const top = sheet.top;
    const bottom = this.height - sheet.bottom;
    const y = this.log ? scaleLog(domain.y, [bottom, top]) : scaleLinear(domain.y, [bottom, top]);
    const count = tickCount(bottom - top, font, 2.6, 5);
    const yTicks = this.log ? logTicks(low, high, count) : linearTicks(y, count);
    // Points below the floor of the axis stand on it, and its tick says so.
    const under = this.log && Array.from(view?.factors ?? []).some((factor) => factor < low * 0.999);
    if (under) {
      if (yTicks[0]?.value !== low) yTicks.unshift({ value: low, text: plain(low) });
      yTicks[0] = { value: low, text: `≤${yTicks[0]?.text ?? ''}` };
    }
    const far = domain.x[1];
    const beyond = Array.from(view?.losses ?? []).some((loss) => loss > far * 1.001);
    const box = { left: tickWidth(yTicks, font) + font * 0.7, top, right: this.width - font * (beyond ? 1.6 : 1), bottom };
    const x = scaleLinear(domain.x, [box.left, box.right]);
    let xTicks = linearTicks(x, tickCount(box.right - box.left, font, 6, 6));
    // Points beyond the axis stand on its end.
    if (beyond) {
      const text = xTicks.find((tick) => tick.value === far)?.text ?? plain(far);
      xTicks = [...xTicks.filter((tick) => x(far) - x(tick.value) > font * 2.5), { value: far, text: `≥${text}` }];
    }

    const [label, numbers] = this.header(view);
    this.axes.draw({
      box, font, width: this.width, x, y, yTicks,
      xTicks,
      xLabel: this.text.loss,
      yLabel: label,
      ownRow: sheet.ownRow,
    });
    write(this.numbers, numbers);
    set(this.numbers, { x: this.width - 1, y: font * 1.05 });
    this.waiting(n === 0, box);
    show(this.body, n > 0);
    show(this.numbers, n > 0);
    this.plot = undefined;
    if (!view || n === 0) {
      this.cursor.draw([], [], this.font);
      return;
    }
    set(this.clip, { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top });
    this.drawPoints(view, box, x, y, domain);
    this.plot = { box, font, x, y, last: far, domain };
  }

  /** The curve, the handle and the named lines. */
  protected override finish(): void {
    const { view, plot } = this;
    if (!view || !plot) return;
    this.drawCurves(view, plot, plot.domain);
    this.drawGuides(view, plot.box, plot.x, plot.y, plot.domain);
  }

  /** Vertical label and numbers: the longest of each that share the row. */
  private header(view: TiltView | undefined): [string, string] {
    const sensitivity = view?.curve === 'sensitivity';
    const names = sensitivity ? this.text.sensitivity : this.text.factor;
    const labels = this.log ? names.map((name) => name.replace(/[)）]$/, (end) => `, ${this.text.logScale}${end}`)) : names;
    if (!view) return [labels[0] ?? '', ''];
    const radius = sensitivity ? null : fmt(view.radius);
    const numbers = this.text.sampleSize(fmt(view.ess), (view.batch ?? view).losses.length, radius);
    // From the fourth on, a text leaves something out.
    const cost = (i: number): number => (i > 2 ? i + 4 : i);
    const pairs = labels.flatMap((label, i) => numbers.map((text, j) => ({ label, text, cost: cost(i) + cost(j) })));
    pairs.sort((a, b) => a.cost - b.cost);
    const fit = pairs.find(({ label, text }) => textWidth(label, this.font) + textWidth(text, this.font) + this.font < this.width);
    return fit ? [fit.label, fit.text] : [labels[labels.length - 1] ?? '', ''];
  }

  /** The mean's rule and the clamp's line, each named where the points, the curve and the handle leave room. */
  private drawGuides(view: TiltView, box: Box, x: ((v: number) => number) & { invert(pixel: number): number }, y: (v: number) => number, domain: TiltDomain): void {
    const font = this.font;
    const tilt = view.batch ?? view;
    const hasMean = Number.isFinite(tilt.meanLoss);
    const px = x(tilt.meanLoss);
    const limit = tilt.clamp === undefined ? NaN : tilt.clamp * clampScale(tilt);
    const hasClamp = limit <= domain.y[1] && limit >= domain.y[0];
    const ground = this.ground(tilt, box, x, y);
    const spots = (texts: readonly string[], rows: readonly number[], lefts: (width: number) => number[]): Spot[] =>
      texts.flatMap((text) => rows.flatMap((row) => lefts(textWidth(text, font)).map((left) => ({ text, x: left, y: row }))));
    const name = (node: SVGTextElement, all: readonly Spot[]): void => {
      const place = ground.first(all, font);
      show(node, place !== undefined);
      if (!place) return;
      set(node, { x: place.x, y: place.y });
      write(node, place.text);
      ground.take({ left: place.x, top: place.y - font, right: place.x + textWidth(place.text, font), bottom: place.y + font * 0.25 });
    };
    for (const node of [this.mean, this.meanText]) show(node, hasMean);
    for (const node of [this.clamp, this.clampText]) show(node, hasClamp);
    if (hasClamp) {
      set(this.clamp, { d: `M${box.left} ${y(limit)}H${box.right}` });
      ground.line([[box.left, y(limit)], [box.right, y(limit)]]);
    }
    if (hasMean) {
      set(this.mean, { d: `M${px} ${box.top}V${box.bottom}` });
      // At the top of its rule, to the left where there is room: a tilted curve rises to the right.
      // Farther down where points lie there; a number alone says less than one that is named anywhere.
      const count = Math.max(1, Math.floor((box.bottom - box.top) / font / 1.6 - 1));
      const rows = Array.from({ length: count }, (_, i) => box.top + font * (0.9 + 1.6 * i));
      const texts = [this.text.meanLoss(fmt(tilt.meanLoss)), fmt(tilt.meanLoss)];
      const beside = spots(texts, rows, (width) => [px - font * 0.3 - width, px + font * 0.3]);
      // Where the curve rises right beside the rule, behind the curve.
      const behind = spots(texts, rows, () => Array.from({ length: 8 }, (_, i) => px + font * (1 + i)));
      name(this.meanText, [...beside, ...behind]);
      ground.line([[px, box.top], [px, box.bottom]]);
    }
    if (hasClamp) {
      // At an end of its line, over it or under it.
      const rows = [-0.4, 1.2, 2.6].map((down) => y(limit) + font * down).filter((row) => row - font > box.top - font * 0.5);
      name(this.clampText, spots(this.text.clamp(plain(limit)), rows, (width) => [box.right - width, box.left + font * 0.4]));
    }
  }

  /** What is drawn in the plot, for the labels to keep off. */
  private ground(tilt: Tilt, box: Box, x: ((v: number) => number) & { invert(pixel: number): number }, y: (v: number) => number): Ground {
    const ground = new Ground(box);
    for (const cover of this.knob.covers) ground.take(cover);
    const curve = tiltCurve(tilt);
    if (curve) ground.line(Array.from({ length: 33 }, (_, i): [number, number] => {
      const at0 = box.left + ((box.right - box.left) * i) / 32;
      return [at0, Math.max(box.top - 300, Math.min(box.bottom + 300, y(Math.max(curve(x.invert(at0)), 1e-9))))];
    }));
    const ages = this.view?.age;
    for (let i = 0; i < (this.view?.losses.length ?? 0); i += 1) {
      // Those of earlier batches are faint.
      if (ages && at(ages, i) > 0) continue;
      const place = this.cursor.place(i);
      if (place) ground.mark(place[0], place[1], 2);
    }
    return ground;
  }

  /** The batch's curve with its handle, and where another τ is set the curve that this batch would have under it. */
  private drawCurves(view: TiltView, plot: Plot, domain: TiltDomain): void {
    const tilt = view.batch ?? view;
    const { box, x, y } = plot;
    const path = (curve: ((loss: number) => number) | undefined): string => {
      const samples: [number, number][] = [];
      const [from, to] = domain.x;
      const least = this.log ? domain.y[0] / 10 : 0;
      for (let i = 0; curve && i <= 64; i += 1) {
        const loss = from + ((to - from) * i) / 64;
        const factor = curve(loss);
        if (Number.isFinite(factor)) samples.push([x(loss), Math.max(y(Math.max(factor, least)), box.top - 1000)]);
      }
      return line().digits(1)(samples) ?? '';
    };
    set(this.curve, { d: path(tiltCurve(tilt)) });
    const next = this.knob.draw(tilt, view.knob, plot);
    set(this.next, { d: next === undefined ? '' : path(tiltCurve(tilt, next)) });
  }

  private drawPoints(view: TiltView, box: Box, x: (v: number) => number, y: (v: number) => number, domain: TiltDomain): void {
    const n = view.losses.length;
    const r = Math.max(2.2, this.font * (n > 200 ? 0.24 : 0.32));
    const places = Array.from({ length: n }, (_, i): [number, number] => {
      const factor = at(view.factors, i);
      const py = Number.isFinite(factor) ? Math.max(box.top, Math.min(box.bottom, y(Math.max(factor, domain.y[0])))) : NaN;
      return [x(Math.min(at(view.losses, i), domain.x[1])), py];
    });
    const beyond = places.filter((_, i) => at(view.losses, i) > domain.x[1] * 1.001);
    set(this.beyond, { d: beyond.map(([px, py]) => `M${(px + r + 2).toFixed(1)} ${(py - 3).toFixed(1)}l3 3l-3 3`).join('') });
    // A slide says that a pair has moved; when the axes have moved instead, the points jump with them.
    const axes = JSON.stringify([domain, box]);
    this.points.draw({ pair: view.pair, group: view.group, age: view.age, epoch: view.epoch ?? 1, groups: view.groups, places, radius: r }, axes === this.drawnOn);
    this.drawnOn = axes;
    this.cursor.draw(places, view.losses, this.font);
    const mark = (ring: SVGCircleElement, pair: number | undefined, size: number): void => {
      const place = pair === undefined ? undefined : this.cursor.place(Array.prototype.indexOf.call(view.pair, pair));
      show(ring, place !== undefined);
      if (place) set(ring, { cx: place[0], cy: place[1], r: size });
    };
    mark(this.pinned, view.selected, r + 3);
    mark(this.pointed, view.hovered === view.selected ? undefined : view.hovered, r + 4);
  }

  private lines(i: number): string[] {
    const view = this.view;
    if (!view) return [];
    const name = groupAt(view.groups, at(view.group, i)).name;
    const age = at(view.age, i);
    const when = age > 0 ? ` · ${this.text.ago(age)}` : '';
    return [`${this.text.pair(at(view.pair, i))} · ${name}${when}`, this.text.pairReadout(fmt(at(view.losses, i)), fmt(at(view.factors, i)))];
  }

  describe(): string {
    const view = this.view;
    const n = view?.losses.length ?? 0;
    if (!view || n === 0) return `${this.text.factor[0] ?? ''}: ${this.waitingText()}.`;
    const factors = Array.from(view.factors).filter(Number.isFinite);
    const tilt = view.batch ?? view;
    const extra = tilt.curve === 'flat'
      ? this.text.flatCurve
      : tilt.curve === 'sensitivity'
        ? this.text.sensitivityNote
        : tilt.tau === null ? this.text.noCurve(fmt(view.radius)) : this.text.tiltCurve(plain(tilt.tau), fmt(view.radius));
    return this.text.tiltSummary(
      n, tilt.losses.length, fmt(tilt.meanLoss), fmt(factors.reduce((a, b) => Math.min(a, b), Infinity)),
      fmt(factors.reduce((a, b) => Math.max(a, b), -Infinity)), fmt(view.ess), extra,
    );
  }

  table(): Table {
    const view = this.view;
    const label = (view?.curve === 'sensitivity' ? this.text.sensitivity : this.text.factor)[0] ?? '';
    const columns = [this.text.pairColumn, this.text.group, this.text.loss[0] ?? '', label, ...(view?.age ? [this.text.ageColumn] : [])];
    if (!view) return { columns, rows: [] };
    const cells = Array.from(view.losses, (loss, i) => [
      at(view.pair, i), groupAt(view.groups, at(view.group, i)).name, loss, at(view.factors, i), ...(view.age ? [at(view.age, i)] : []),
    ]);
    return { columns, rows: cells };
  }
}
