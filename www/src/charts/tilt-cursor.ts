// The pair under the pointer or the keyboard: one focusable marker that the arrow keys move through the pairs in
// order of loss (a slider over them), and the nearest point to the mouse.

import { at } from './chart';
import { make, set, show } from './dom';

/** What the cursor needs of its chart. */
export interface CursorHost {
  /** A pointer event in the chart's pixels. */
  at(event: MouseEvent): [number, number];
  /** The pair in words. */
  lines(index: number): string[];
  /** Reads a pair out; -1 for none. */
  show(index: number): void;
  /** Pins a pair. */
  select(index: number): void;
}

/** How near the pointer has to be, in pixels. */
const REACH = 18;

/** Pointer and keyboard over the points of a chart. */
export class PairCursor {
  private readonly host: CursorHost;
  private readonly node: SVGGElement;
  private readonly ring: SVGCircleElement;
  private places: readonly [number, number][] = [];
  private by: ArrayLike<number> = [];
  /** The points that can be drawn, in order of `by`; sorted when it is first asked for. */
  private walk: number[] | undefined;
  private index = 0;
  private mouse: [number, number] | undefined;
  private focused = false;

  constructor(svg: SVGSVGElement, parent: Element, label: string, host: CursorHost) {
    this.host = host;
    this.node = make(parent, 'g', { class: 'chart-cursor', role: 'slider', tabindex: 0, 'aria-label': label });
    set(this.node, { 'aria-valuemin': 1, 'aria-valuemax': 1, 'aria-valuenow': 1 });
    make(this.node, 'circle', { class: 'chart-hit', r: 12 });
    this.ring = make(this.node, 'circle', { class: 'chart-focus' });
    svg.addEventListener('pointermove', (event) => this.hover(host.at(event)));
    svg.addEventListener('pointerleave', () => this.hover(undefined));
    svg.addEventListener('click', (event) => this.pick(this.nearest(host.at(event))));
    this.node.addEventListener('focus', () => this.focus(true));
    this.node.addEventListener('blur', () => this.focus(false));
    this.node.addEventListener('keydown', (event) => this.key(event));
  }

  /** Takes the points' places, in the order of the view, and what to walk them by. */
  draw(places: readonly [number, number][], by: ArrayLike<number>, font: number): void {
    [this.places, this.by, this.walk] = [places, by, undefined];
    if (!this.place(this.index)) this.index = this.order[0] ?? 0;
    show(this.node, this.place(this.index) !== undefined);
    set(this.ring, { r: font * 0.6 });
    this.tell();
  }

  /** The pointer does something else now. */
  leave(): void {
    this.hover(undefined);
  }

  /** Where a point stands, if it can be drawn. */
  place(index: number): [number, number] | undefined {
    const place = this.places[index];
    return place && Number.isFinite(place[0]) && Number.isFinite(place[1]) ? place : undefined;
  }

  private get order(): readonly number[] {
    this.walk ??= this.places.map((_, i) => i).filter((i) => this.place(i) !== undefined).sort((a, b) => this.before(a, b));
    return this.walk;
  }

  private before(a: number, b: number): number {
    return at(this.by, a) - at(this.by, b) || a - b;
  }

  /** How many points there are, and which of them in order of `by` this one is. */
  private rank(): [number, number] {
    let [count, rank] = [0, 1];
    for (let i = 0; i < this.places.length; i += 1) {
      if (!this.place(i)) continue;
      count += 1;
      if (this.before(i, this.index) < 0) rank += 1;
    }
    return [count, rank];
  }

  private tell(): void {
    const place = this.place(this.index);
    if (place) {
      const [count, rank] = this.rank();
      set(this.node, {
        transform: `translate(${place[0].toFixed(1)} ${place[1].toFixed(1)})`,
        'aria-valuemax': count,
        'aria-valuenow': rank,
        'aria-valuetext': this.host.lines(this.index).join(', '),
      });
    }
    const hovered = this.mouse ? this.nearest(this.mouse) : -1;
    this.host.show(hovered >= 0 ? hovered : this.focused && place ? this.index : -1);
  }

  private hover(mouse: [number, number] | undefined): void {
    this.mouse = mouse;
    this.tell();
  }

  private focus(on: boolean): void {
    this.focused = on;
    this.tell();
  }

  private pick(index: number): void {
    if (!this.place(index)) return;
    this.index = index;
    this.tell();
    this.host.select(index);
  }

  private nearest([x, y]: [number, number]): number {
    let best = -1;
    let distance = REACH ** 2;
    for (const [i, [px, py]] of this.places.entries()) {
      const d = (px - x) ** 2 + (py - y) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  }

  private key(event: KeyboardEvent): void {
    const rank = this.order.indexOf(this.index);
    const last = this.order.length - 1;
    const ranks: Record<string, number> = {
      ArrowRight: rank + 1, ArrowUp: rank + 1, ArrowLeft: rank - 1, ArrowDown: rank - 1,
      Home: 0, End: last, PageUp: rank + 10, PageDown: rank - 10,
    };
    const next = ranks[event.key];
    if (next === undefined && event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation();
    if (next === undefined) return this.pick(this.index);
    this.index = this.order[Math.max(0, Math.min(last, next))] ?? this.index;
    this.mouse = undefined;
    this.tell();
  }
}
