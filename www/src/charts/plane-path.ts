// Paths in the plane: arrows along time, and labels at the ends that keep off the paths.

import type { Box } from './chart';
import { textWidth } from './format';
import type { Ground } from './ground';

/** A lane at one evaluation. */
export interface PlanePoint {
  step: number;
  x: number;
  y: number;
  /** KL from the reference, nats. */
  kl?: number | undefined;
  /** Standard error of y, where it is known. */
  se?: number | undefined;
}

/** A point of a path with its place in pixels. */
export interface Spot extends PlanePoint {
  lane: number;
  px: number;
  py: number;
}

/** Where an arrowhead stands, and where it points (degrees). */
export interface Head {
  x: number;
  y: number;
  angle: number;
}

/** Arrowheads along a path, one each time it has come `every` pixels from the last one. */
export function arrowHeads(path: readonly Spot[], every: number): Head[] {
  const out: Head[] = [];
  let from = path[0];
  let wanted = every / 2;
  for (let i = 1; from && i < path.length; i += 1) {
    const [a, b] = [path[i - 1] as Spot, path[i] as Spot];
    if (Math.hypot(b.px - from.px, b.py - from.py) < wanted) continue;
    if (i === path.length - 1 && Math.hypot(b.px - a.px, b.py - a.py) < every / 3) break;
    // In the middle of the step, pointing the way of the last stretch rather than of its noise.
    const angle = (Math.atan2(b.py - from.py, b.px - from.px) * 180) / Math.PI;
    out.push({ x: (a.px + b.px) / 2, y: (a.py + b.py) / 2, angle });
    from = b;
    wanted = every;
  }
  return out;
}

/** A label that belongs to a point, or to whichever of several suits it: its text variants from long to short. */
export interface EndLabel {
  at: readonly (readonly [number, number])[];
  texts: readonly string[];
  /** Left out rather than drawn over a line or led to from afar. */
  quiet?: boolean;
}

/** A label that has its place. */
export interface PlacedLabel {
  text: string;
  box: Box;
  /** Leader from the point to the text, where it stands far off. */
  leader: string;
}

/** Places labels one after the other; a short text beside its point says more than a long one far from it. */
export function placeLabels(labels: readonly (EndLabel | undefined)[], ground: Ground, font: number): (PlacedLabel | undefined)[] {
  const height = font * 1.2;
  return labels.map((label) => {
    let best: { text: string; box: Box; from: readonly [number, number]; to: [number, number]; away: number; covered: number; price: number } | undefined;
    for (const text of label?.texts ?? []) {
      for (const from of label?.at ?? []) {
        const place = ground.place(from[0], from[1], textWidth(text, font), height, label?.quiet);
        if (!place) continue;
        const { box, covered } = place;
        const to: [number, number] = [Math.max(box.left, Math.min(box.right, from[0])), Math.max(box.top, Math.min(box.bottom, from[1]))];
        const away = Math.hypot(to[0] - from[0], to[1] - from[1]);
        const price = covered * 100 + away / font;
        if (!best || price < best.price) best = { text, box, from, to, away, covered, price };
      }
      if (best && best.price <= 2) break;
    }
    if (!best || !label) return undefined;
    const { text, box, from, to, away, covered } = best;
    if (label.quiet && (covered > 0 || away > font * 2.5)) return undefined;
    ground.take(box);
    const far = away > font && !label.quiet;
    if (far) ground.line([from, to]);
    return { text, box, leader: far ? `M${from.map((v) => v.toFixed(1)).join(' ')}L${to.map((v) => v.toFixed(1)).join(' ')}` : '' };
  });
}

/** y where a path first comes to `level` of `by`, between two points in a straight line, with its error; undefined before that. */
export function crossingOf(path: readonly PlanePoint[], by: 'kl' | 'x', level: number): { x: number; y: number; se: number | undefined } | undefined {
  for (let i = 0; i < path.length; i += 1) {
    const [a, b] = [path[i - 1], path[i]];
    const [from, to] = [a?.[by], b?.[by]];
    if (!b || to === undefined || to < level) continue;
    if (!a || from === undefined || from >= level) return { x: b.x, y: b.y, se: b.se };
    const part = (level - from) / (to - from);
    const mix = (u: number, v: number): number => u + (v - u) * part;
    return { x: mix(a.x, b.x), y: mix(a.y, b.y), se: a.se === undefined || b.se === undefined ? undefined : Math.max(a.se, b.se) };
  }
  return undefined;
}

/** The largest value of `by` on a path; −∞ where it has none. */
export const furthest = (path: readonly PlanePoint[], by: 'kl' | 'x'): number => path.reduce((most, point) => Math.max(most, point[by] ?? -Infinity), -Infinity);

/** Levels of KL that most paths cross, 1, 2 or 5 times a power of ten: at most `most`, the largest ones. */
export function klLevels(paths: readonly (readonly PlanePoint[])[], most: number): number[] {
  const reach = paths.map((path) => furthest(path, 'kl')).filter((kl) => Number.isFinite(kl) && kl > 0).sort((a, b) => b - a);
  // A level says something where two paths have it.
  const top = reach[1] ?? reach[0];
  if (top === undefined) return [];
  const levels: number[] = [];
  for (let power = Math.floor(Math.log10(top)); levels.length < most && power > -4; power -= 1) {
    for (const m of [5, 2, 1]) {
      const level = Number((m * 10 ** power).toPrecision(3));
      if (level <= top && levels.length < most) levels.push(level);
    }
  }
  return levels.reverse();
}
