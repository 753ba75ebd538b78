// Robust or only cautious: whether a lane has left the path of DPO, which is early stopping for free, or only walked back
// along it. Decided from the numbers, at a point both paths have come to.
import type { PathPoint } from './derive';

/** Paths of one method's lanes, one a seed, and where they are compared. */
export interface Comparison {
  /** Both are compared where their KL from the reference is `at`; where KL is not known, at a nominal value. */
  by: 'kl' | 'x';
  at: number;
  /** How much higher the lane is than DPO there, and its standard error; undefined where nothing tells it. */
  difference: number;
  se: number | undefined;
  /** How much higher its nominal value is there. */
  nominal: number;
  verdict: 'left' | 'back' | 'below' | 'open';
}

/** A difference of fewer standard errors is none. */
const SURE = 2;

/** y where a path first comes to `level` of `by`, between two points in a straight line, with its error; undefined before that. */
export function crossingOf(path: readonly PathPoint[], by: 'kl' | 'x', level: number): { x: number; y: number; se: number | undefined } | undefined {
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

const furthest = (path: readonly PathPoint[], by: 'kl' | 'x'): number => path.reduce((most, point) => Math.max(most, point[by] ?? -Infinity), -Infinity);

/**
 * Compares a lane with DPO at the largest KL (or nominal value) that every path has come to. With several seeds the error
 * is that of the mean of the seeds' differences, since lanes of one seed see the same batches; with one it is that of the
 * two values as measured, if that is known.
 */
export function compare(dpo: readonly (readonly PathPoint[])[], lane: readonly (readonly PathPoint[])[]): Comparison | undefined {
  const all = [...dpo, ...lane];
  if (dpo.length === 0 || lane.length === 0 || all.some((path) => path.length === 0)) return undefined;
  const by = all.every((path) => path.every((point) => point.kl !== undefined)) ? 'kl' : 'x';
  const at = Math.min(...all.map((path) => furthest(path, by)));
  const start = Math.max(...all.map((path) => path[0]?.[by] ?? Infinity));
  if (!Number.isFinite(at) || at <= start) return undefined;
  const pairs = Array.from({ length: Math.min(dpo.length, lane.length) }, (_, seed) => {
    const [base, there] = [dpo[seed], lane[seed]].map((path) => crossingOf(path ?? [], by, at));
    return base && there ? { difference: there.y - base.y, nominal: there.x - base.x, se: base.se === undefined || there.se === undefined ? undefined : Math.hypot(base.se, there.se) } : undefined;
  }).filter((each) => each !== undefined);
  if (pairs.length === 0) return undefined;
  const difference = pairs.reduce((sum, each) => sum + each.difference, 0) / pairs.length;
  const nominal = pairs.reduce((sum, each) => sum + each.nominal, 0) / pairs.length;
  const spread = pairs.reduce((sum, each) => sum + (each.difference - difference) ** 2, 0) / Math.max(1, pairs.length - 1);
  const se = pairs.length > 1 ? Math.sqrt(spread / pairs.length) : pairs[0]?.se;
  const verdict = se === undefined ? 'open' : difference > SURE * se ? 'left' : difference < -SURE * se ? 'below' : 'back';
  return { by, at, difference, nominal, se, verdict };
}

/** Levels of KL that most paths cross, 1, 2 or 5 times a power of ten: at most `most`, the largest ones. */
export function klLevels(paths: readonly (readonly PathPoint[])[], most: number): number[] {
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
