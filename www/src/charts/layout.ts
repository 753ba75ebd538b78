// Domains that hold still, labels that do not collide, series short enough to draw.

import type { Box } from './chart';

/** A nice domain kept until the data leaves it or fills less than 40 % of it, so that axes do not jitter. */
export class Sticky {
  private kept: [number, number] | undefined;

  fit(low: number, high: number, make: (low: number, high: number) => [number, number]): [number, number] {
    const kept = this.kept;
    if (kept && low >= kept[0] && high <= kept[1]) {
      const fresh = make(low, high);
      if (fresh[1] - fresh[0] >= 0.4 * (kept[1] - kept[0])) return kept;
      this.kept = fresh;
      return fresh;
    }
    this.kept = make(low, high);
    return this.kept;
  }

  reset(): void {
    this.kept = undefined;
  }
}

/** Smallest and largest finite number, or undefined. */
export function span(values: Iterable<number>): [number, number] | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/** Rounds a span outward to a few multiples of 1, 2 or 5; never narrower than `least`. */
export function niceDomain(low: number, high: number, least: number): [number, number] {
  if (high - low < least) {
    const middle = (low + high) / 2;
    low = middle - least / 2;
    high = middle + least / 2;
  }
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const part = raw / power;
  const step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
  const clean = (x: number): number => Number(x.toPrecision(12));
  return [clean(Math.floor(low / step + 1e-9) * step), clean(Math.ceil(high / step - 1e-9) * step)];
}

/** Indices of a series drawn with at most `room` points: every 2^k-th and the last. Stable as it grows. */
export function decimate(length: number, room: number): number[] {
  let stride = 1;
  while (length / stride > Math.max(2, room)) stride *= 2;
  const out: number[] = [];
  for (let i = 0; i < length; i += stride) out.push(i);
  if (length > 0 && (length - 1) % stride !== 0) out.push(length - 1);
  return out;
}

/** A label that wants to stand at a height. */
export interface Wish {
  y: number;
  /** Kept first where there is no room for all. */
  rank: number;
}

/** Heights near the wished ones, at least `gap` apart within [top, bottom]; undefined where dropped. */
export function spread(wishes: readonly Wish[], top: number, bottom: number, gap: number): (number | undefined)[] {
  const room = Math.max(1, Math.floor((bottom - top) / gap + 1e-6) + 1);
  const kept = wishes
    .map((wish, index) => ({ ...wish, index }))
    .filter((wish) => Number.isFinite(wish.y))
    .sort((a, b) => b.rank - a.rank)
    .slice(0, room)
    .sort((a, b) => a.y - b.y || a.index - b.index);
  const out: (number | undefined)[] = wishes.map(() => undefined);
  let floor = top;
  for (const item of kept) {
    item.y = Math.max(floor, Math.min(bottom, item.y));
    floor = item.y + gap;
  }
  let ceiling = bottom;
  for (const item of kept.reverse()) {
    item.y = Math.min(ceiling, item.y);
    ceiling = item.y - gap;
    out[item.index] = item.y;
  }
  return out;
}

/** Whether two boxes overlap. */
export function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
