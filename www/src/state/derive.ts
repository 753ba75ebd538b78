// Numbers the page shows, worked out of what the engine sent. Pure functions, no state.
import type { Evaluation, Frame, LaneConfig, PairText } from '../engine/types';

export type Metric = 'accuracy' | 'margin' | 'reward';
export type Layer = 'factor' | 'gradient';
export type Numbers = ArrayLike<number>;

/** One lane's slice of an array laid out `[lane, n]`. */
export function laneSlice(values: Numbers, lane: number, lanes: number): number[] {
  const n = lanes > 0 ? Math.floor(values.length / lanes) : 0;
  return Array.from({ length: n }, (_, i) => values[lane * n + i] ?? Number.NaN);
}

/** Lanes that differ only in their seed, `[family][lane]`, in the order of their first lanes; twins are of two families. */
export function laneFamilies(lanes: readonly LaneConfig[]): number[][] {
  const families = new Map<string, number[]>();
  const twins = new Map<string, number>();
  lanes.forEach(({ seed, ...rest }, lane) => {
    const same = JSON.stringify(rest, (name, value: unknown) =>
      name === 'params' ? Object.entries(value as Record<string, number>).sort(([a], [b]) => (a < b ? -1 : 1)) : value,
    );
    const twin = twins.get(same + seed) ?? 0;
    twins.set(same + seed, twin + 1);
    const key = `${twin} ${same}`;
    families.set(key, [...(families.get(key) ?? []), lane]);
  });
  return [...families.values()];
}

/** Sum of `values` over the pairs of each group, not normalized. `values` and `pairs` are one lane's. */
export function groupSums(values: Numbers, pairs: Numbers, groupOf: Numbers, groups: number): number[] {
  const sums = new Array<number>(groups).fill(0);
  for (let i = 0; i < values.length; i++) {
    const group = groupOf[pairs[i] ?? -1];
    const value = values[i] ?? 0;
    if (group !== undefined && group < groups && Number.isFinite(value)) sums[group] = (sums[group] ?? 0) + value;
  }
  return sums;
}

export function normalize(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0);
  return total > 0 ? values.map((value) => value / total) : values.map(() => 0);
}

/** Group sums of every lane and layer of one frame: `[layer][lane][group]`. */
export function frameSums(frame: Frame, groupOf: Numbers, lanes: number, groups: number): Record<Layer, number[][]> {
  const one = (values: Numbers): number[][] =>
    Array.from({ length: lanes }, (_, lane) =>
      // Each batch counts once whatever its total, so that one unnormalized batch cannot rule a mean of several.
      normalize(groupSums(laneSlice(values, lane, lanes), laneSlice(frame.pairs, lane, lanes), groupOf, groups)),
    );
  return { factor: one(frame.factor), gradient: one(frame.gradient) };
}

/** Mean over the last `window` entries, for every entry. One batch has too few minority pairs to read on its own. */
export function trailingMean(series: readonly (readonly number[])[], window: number): number[][] {
  const out: number[][] = [];
  const width = series[0]?.length ?? 0;
  const sum = new Array<number>(width).fill(0);
  for (const [i, row] of series.entries()) {
    const gone = i >= window ? series[i - window] : undefined;
    for (let g = 0; g < width; g++) sum[g] = (sum[g] ?? 0) + (row[g] ?? 0) - (gone?.[g] ?? 0);
    const n = Math.min(i + 1, window);
    out.push(sum.map((value) => Math.max(0, value) / n));
  }
  return out;
}

/** Effective sample size 1/Σw² of weights in proportion to `factors`. */
export function effectiveSampleSize(factors: Numbers): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < factors.length; i++) {
    const f = factors[i] ?? 0;
    sum += f;
    squares += f * f;
  }
  return squares > 0 ? (sum * sum) / squares : 0;
}

export function mean(values: Numbers): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return values.length > 0 ? sum / values.length : 0;
}

/** A lane's values per group; empty where this run does not have the metric. */
export function metricValues(evaluation: Evaluation, metric: Metric, lane: number, lanes: number): number[] {
  return laneSlice(evaluation[metric], lane, lanes);
}

export function standardErrors(evaluation: Evaluation, metric: Metric, lane: number, lanes: number): number[] | undefined {
  return metric === 'reward' && evaluation.reward_se.length > 0 ? laneSlice(evaluation.reward_se, lane, lanes) : undefined;
}

/** What the reference scores: margins are 0 by definition, accuracy is not defined (every margin is 0). */
export function referenceValues(evaluation: Evaluation, metric: Metric, groups: number): number[] | undefined {
  if (metric === 'margin') return new Array<number>(groups).fill(0);
  if (metric === 'reward' && evaluation.reference_reward.length === groups) return Array.from(evaluation.reference_reward);
  return undefined;
}

export function worstGroup(values: readonly number[]): number {
  let worst = 0;
  values.forEach((value, g) => {
    if (value < (values[worst] ?? Infinity)) worst = g;
  });
  return worst;
}

/** Value on the training mix. */
export function nominalValue(values: readonly number[], mix: readonly number[]): number {
  return values.reduce((sum, value, g) => sum + value * (mix[g] ?? 0), 0);
}

/** Value on a population where the target group has share α and the others keep their proportions. */
export function shiftedValue(values: readonly number[], mix: readonly number[], target: number, alpha: number): number {
  const rest = 1 - (mix[target] ?? 0);
  return values.reduce((sum, value, g) => {
    const others = rest > 0 ? (mix[g] ?? 0) / rest : 1 / Math.max(1, values.length - 1);
    return sum + value * (g === target ? alpha : (1 - alpha) * others);
  }, 0);
}

/** Standard error of the same, the groups being measured independently. */
function shiftedError(errors: readonly number[], mix: readonly number[], target: number, alpha: number): number {
  const weights = errors.map((_, g) => shiftedValue(errors.map((_, other) => (other === g ? 1 : 0)), mix, target, alpha));
  return Math.hypot(...errors.map((error, g) => error * (weights[g] ?? 0)));
}

export type Against = { kind: 'worst' } | { kind: 'alpha'; target: number; alpha: number };

export interface PathPoint {
  step: number;
  x: number;
  y: number;
  kl?: number;
  /** Standard error of y, where it is known. */
  se?: number;
}

/** Standard errors of a lane's values by group: of rewards as measured, of accuracies over `heldOut` pairs a group. */
function errorsOf(evaluation: Evaluation, metric: Metric, lane: number, lanes: number, heldOut: number | undefined): number[] | undefined {
  if (metric !== 'accuracy' || heldOut === undefined) return standardErrors(evaluation, metric, lane, lanes);
  // One right and one wrong more than were seen, so that 100 % of a few pairs is not taken for certain.
  return metricValues(evaluation, metric, lane, lanes).map((share) => {
    const p = (share * heldOut + 1) / (heldOut + 2);
    return Math.sqrt((p * (1 - p)) / heldOut);
  });
}

/** A lane's way through the plane of nominal value (x) against worst-group or shifted value (y). */
export function planePath(
  evaluations: readonly Evaluation[],
  metric: Metric,
  lane: number,
  lanes: number,
  mix: readonly number[],
  against: Against,
  heldOut?: number,
): PathPoint[] {
  const path: PathPoint[] = [];
  for (const evaluation of evaluations) {
    const values = metricValues(evaluation, metric, lane, lanes);
    if (values.length === 0 || !values.every(Number.isFinite)) continue;
    const y = against.kind === 'worst' ? Math.min(...values) : shiftedValue(values, mix, against.target, against.alpha);
    const kl = evaluation.kl.length > 0 ? evaluation.kl[lane] : undefined;
    const errors = errorsOf(evaluation, metric, lane, lanes, heldOut);
    const se = errors && (against.kind === 'worst' ? errors[worstGroup(values)] : shiftedError(errors, mix, against.target, against.alpha));
    path.push({ step: evaluation.step, x: nominalValue(values, mix), y, ...(kl === undefined ? {} : { kl }), ...(se === undefined ? {} : { se }) });
  }
  return path;
}

/** Share of a lane's weight that lies on pairs whose label was flipped. */
export function flippedShare(frame: Frame, pairs: readonly PairText[], lane: number, lanes: number): number {
  const factors = laneSlice(frame.factor, lane, lanes);
  const rows = laneSlice(frame.pairs, lane, lanes);
  let all = 0;
  let flipped = 0;
  factors.forEach((factor, i) => {
    all += factor;
    if (pairs[rows[i] ?? -1]?.flipped) flipped += factor;
  });
  return all > 0 ? flipped / all : 0;
}

/** Index of the last entry whose step is at most `step`; -1 before the first. Entries are in order of step. */
export function lastAt(entries: readonly { step: number }[], step: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.step ?? Infinity) <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** 100 people shared out over the groups by largest remainder, so that they always add to 100. */
export function people(mix: readonly number[], total = 100): number[] {
  const exact = mix.map((share) => share * total);
  const counts = exact.map(Math.floor);
  let left = total - counts.reduce((sum, n) => sum + n, 0);
  const order = exact.map((value, g) => [value - Math.floor(value), g] as const).sort((a, b) => b[0] - a[0]);
  for (const [, g] of order) {
    if (left <= 0) break;
    counts[g] = (counts[g] ?? 0) + 1;
    left -= 1;
  }
  return counts.flatMap((n, g) => new Array<number>(n).fill(g));
}
