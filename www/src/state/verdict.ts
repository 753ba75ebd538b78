// Robust or only cautious: whether a lane has left the path of DPO, which is early stopping for free, or only walked back
// along it. Decided from the numbers, at a point both paths have come to.
import { crossingOf, furthest } from '../charts';
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
