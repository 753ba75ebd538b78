// The pairs as points: those of the batch, and behind them, fainter with age, those that were in earlier batches. Where
// motion is welcome, a pair that was drawn before slides to its new place.

import { at, groupAt, type GroupStyle, type Shape } from './chart';
import { make, paint, Pool, set } from './dom';
import { inMotion } from './frames';
import { shapeOf } from './shapes';

/** What is drawn of the pairs. */
export interface Points {
  pair: ArrayLike<number>;
  group: ArrayLike<number>;
  /** `[point]` steps since the pair was in a batch; none where all are in this one. */
  age: ArrayLike<number> | undefined;
  /** Steps of one pass through the data: the unit of age. */
  epoch: number;
  groups: readonly GroupStyle[];
  /** `[point]` places in pixels; NaN where there is none. */
  places: readonly [number, number][];
  radius: number;
}

/** How long a slide takes. */
const SLIDE_MS = 220;
/** Opacity of pairs of this batch, of the last quarter of a pass through the data, of the last pass, and of earlier ones. */
const FADES = [1, 0.6, 0.35, 0.2];

const fadeOf = (age: number, epoch: number): number => (age <= 0 ? 0 : age <= epoch / 4 ? 1 : age <= epoch ? 2 : 3);

/** A pair as it was drawn last: the outline is made again only where something of it differs. */
interface Drawn {
  x: number;
  y: number;
  /** Where its slide began. */
  fromX: number;
  fromY: number;
  radius: number;
  shape: Shape;
  outline: string;
  /** The view that it was in last. */
  view: Points;
}

/** Points of a tilt chart. */
export class PointLayer {
  private readonly paths: Pool<SVGPathElement>;
  private now: Points | undefined;
  /** By pair. */
  private readonly drawn = new Map<number, Drawn>();
  /** `[path]` points of each, and whether one of them is on its way. */
  private parts: { of: number[]; moving: boolean }[] = [];
  private began = 0;
  /** Takes back what is on its way. */
  private halt = (): void => undefined;

  constructor(parent: Element) {
    const node = make(parent, 'g', { class: 'chart-points' });
    this.paths = new Pool(() => make(node, 'path', { class: 'chart-mark' }));
  }

  /** `slide` where pairs may move from where they were; otherwise they are there at once. */
  draw(points: Points, slide: boolean): void {
    this.halt();
    const moving = slide && moves();
    if (!moving) this.drawn.clear();
    for (const [pair, each] of this.drawn) {
      if (each.view !== this.now) this.drawn.delete(pair);
      else [each.fromX, each.fromY] = [each.x, each.y];
    }
    this.now = points;
    this.began = moving ? performance.now() : -Infinity;
    this.sort();
    if (this.paint(true)) this.halt = inMotion(() => this.paint(false));
  }

  stop(): void {
    this.halt();
  }

  /** How far the slide has come, slower toward its end. */
  private part(): number {
    const t = Math.min(1, (performance.now() - this.began) / SLIDE_MS);
    return t * (2 - t);
  }

  /** One path a group and age, the oldest first, so that this batch lies on top. */
  private sort(): void {
    const points = this.now;
    const groups = points?.groups.length ?? 0;
    this.parts = Array.from({ length: groups * FADES.length }, () => ({ of: [], moving: false }));
    points?.places.forEach((place, i) => {
      const group = at(points.group, i);
      if (!Number.isFinite(place[0]) || !Number.isFinite(place[1]) || !(group < groups)) return;
      const fade = points.age ? fadeOf(at(points.age, i), points.epoch) : 0;
      this.parts[(FADES.length - 1 - fade) * groups + group]?.of.push(i);
    });
  }

  /** Draws all paths, or those with a point on its way; true while there is one. */
  private paint(all: boolean): boolean {
    const points = this.now;
    if (!points) return false;
    const groups = points.groups.length;
    const part = this.part();
    this.paths.take(this.parts.length).forEach((node, k) => {
      const path = this.parts[k];
      if (!path || !(all || path.moving)) return;
      const group = groupAt(points.groups, k % Math.max(1, groups));
      const outline = shapeOf(group.shape, points.radius);
      path.moving = false;
      let d = '';
      for (const i of path.of) {
        const place = points.places[i];
        if (!place) continue;
        const each = this.place(points, i, place, part, group.shape, outline);
        if (Math.abs(each.x - place[0]) > 0.3 || Math.abs(each.y - place[1]) > 0.3) path.moving = true;
        d += each.outline;
      }
      // On its way only the outline is another one.
      if (!all) return node.setAttribute('d', d);
      set(node, { d, 'fill-opacity': FADES[FADES.length - 1 - Math.floor(k / Math.max(1, groups))] ?? 1 });
      paint(node, 'fill', group.color);
    });
    return this.parts.some((path) => path.moving);
  }

  /** A pair, part of the way to its place. */
  private place(view: Points, i: number, [toX, toY]: readonly [number, number], part: number, shape: Shape, outline: (x: number, y: number) => string): Drawn {
    const { radius } = view;
    const pair = at(view.pair, i);
    let each = this.drawn.get(pair);
    if (!each) this.drawn.set(pair, (each = { x: NaN, y: NaN, fromX: toX, fromY: toY, radius, shape, outline: '', view }));
    each.view = view;
    const x = part < 1 ? each.fromX + (toX - each.fromX) * part : toX;
    const y = part < 1 ? each.fromY + (toY - each.fromY) * part : toY;
    if (x !== each.x || y !== each.y || radius !== each.radius || shape !== each.shape) {
      each.x = x;
      each.y = y;
      each.radius = radius;
      each.shape = shape;
      each.outline = outline(x, y);
    }
    return each;
  }
}

/** Motion is welcome, and there is somebody to see it. */
function moves(): boolean {
  if (typeof matchMedia === 'undefined' || document.hidden) return false;
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
