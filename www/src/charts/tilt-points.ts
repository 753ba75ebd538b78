// The pairs as points: those of the batch, and behind them, fainter with age, those that were in earlier batches. Where
// motion is welcome, a pair that was drawn before slides to its new place.

import { at, groupAt, type GroupStyle } from './chart';
import { make, paint, Pool, set } from './dom';
import { inMotion } from './frames';
import { shapePath } from './shapes';

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

/** Points of a tilt chart. */
export class PointLayer {
  private readonly paths: Pool<SVGPathElement>;
  private now: Points | undefined;
  private from = new Map<number, readonly [number, number]>();
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
    const before = this.shown();
    this.now = points;
    this.from = slide && moves() ? before : new Map();
    this.began = performance.now();
    this.halt();
    this.sort();
    if (this.paint(() => true)) this.halt = inMotion(() => this.paint((path) => path.moving));
  }

  stop(): void {
    this.halt();
  }

  /** Where each pair is drawn at this moment. */
  private shown(): Map<number, readonly [number, number]> {
    const out = new Map<number, readonly [number, number]>();
    const part = this.part();
    this.now?.places.forEach((place, i) => out.set(at(this.now?.pair, i), this.between(i, place, part)));
    return out;
  }

  /** How far the slide has come, slower toward its end. */
  private part(): number {
    const t = Math.min(1, (performance.now() - this.began) / SLIDE_MS);
    return t * (2 - t);
  }

  private between(i: number, place: readonly [number, number], part: number): readonly [number, number] {
    const from = this.from.get(at(this.now?.pair, i));
    if (!from) return place;
    return [from[0] + (place[0] - from[0]) * part, from[1] + (place[1] - from[1]) * part];
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

  /** Draws the paths asked for; true while a point of one is on its way. */
  private paint(asked: (path: { moving: boolean }) => boolean): boolean {
    const points = this.now;
    if (!points) return false;
    const groups = points.groups.length;
    const part = this.part();
    this.paths.take(this.parts.length).forEach((node, k) => {
      const path = this.parts[k];
      if (!path || !asked(path)) return;
      const group = groupAt(points.groups, k % Math.max(1, groups));
      path.moving = false;
      let d = '';
      for (const i of path.of) {
        const place = points.places[i];
        if (!place) continue;
        let [x, y] = this.between(i, place, part);
        if (!Number.isFinite(x) || !Number.isFinite(y)) [x, y] = place;
        if (Math.abs(x - place[0]) > 0.3 || Math.abs(y - place[1]) > 0.3) path.moving = true;
        d += shapePath(group.shape, x, y, points.radius);
      }
      set(node, { d, 'fill-opacity': FADES[FADES.length - 1 - Math.floor(k / Math.max(1, groups))] ?? 1 });
      paint(node, 'fill', group.color);
    });
    return this.parts.some((path) => path.moving);
  }
}

/** Motion is welcome, and there is somebody to see it. */
function moves(): boolean {
  if (typeof matchMedia === 'undefined' || document.hidden) return false;
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
