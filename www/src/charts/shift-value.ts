// What a policy is worth to a population in which one group has share α.

import { at, type GroupStyle } from './chart';
import type { Metric } from './bars';

/** A value measured on a grid of α, rising from 0 to 1; for what is not linear in α. */
export interface Curve {
  alpha: ArrayLike<number>;
  value: ArrayLike<number>;
  /** Standard errors. */
  se?: ArrayLike<number> | undefined;
}

/** What one policy is worth: group by group, or as a curve over α, which then counts. */
export interface Worth {
  /** `[group]` */
  values: ArrayLike<number>;
  curve?: Curve | undefined;
}

/** One policy's values. */
export interface ShiftLane extends Worth {
  name: string;
  dash: string;
  /** `[group]` standard errors. */
  se?: ArrayLike<number> | undefined;
  /** The same policy trained with other seeds, of which `values` is the mean: their spread is the error. */
  seeds?: readonly Worth[] | undefined;
  /** What the same texts are truly worth, where rewards are learned. */
  truth?: Worth | undefined;
  /** The same at earlier steps. */
  ghosts?: readonly (Worth & { step: number })[] | undefined;
}

/** Mixes that an ambiguity set holds, as an interval of α. */
export interface Ball {
  low: number;
  high: number;
  /** The lane whose set it is, and its radius in nats. */
  lane: string;
  radius: number;
}

/** What a shift chart draws. */
export interface ShiftView {
  metric: Metric;
  /** Deployed share of the target group. */
  alpha: number;
  /** Its share in the training data. */
  training: number;
  lanes: readonly ShiftLane[];
  /** `[group]` training mix. */
  mix: ArrayLike<number>;
  /** Index of the group that the population shifts to. */
  target: number;
  groups: readonly GroupStyle[];
  ball?: Ball | undefined;
  /** Of an earlier run, kept for comparison: drawn lighter, without labels. */
  kept?: readonly ShiftLane[] | undefined;
  /** Where α is no share of people: the words of the axis, from long to short, and of the mark at `training`. */
  xLabel?: readonly string[] | undefined;
  trainingLabel?: readonly string[] | undefined;
}

/** Population of share α of the target group; the others keep their proportions among themselves. */
export function populationAt(alpha: number, target: number, mix: ArrayLike<number>): number[] {
  let rest = 0;
  for (let g = 0; g < mix.length; g += 1) if (g !== target) rest += at(mix, g);
  const even = 1 / Math.max(1, mix.length - 1);
  return Array.from(mix, (share, g) => (g === target ? alpha : (1 - alpha) * (rest > 0 ? share / rest : even)));
}

/** α·V_target + (1−α)·Σ_{g≠t} mix_g/(1−mix_t)·V_g. */
export function valueAt(alpha: number, view: Pick<ShiftView, 'target' | 'mix'>, values: ArrayLike<number>): number {
  if (view.mix.length === 1) return at(values, 0);
  // A group that is absent from the population does not count, whatever its value.
  return populationAt(alpha, view.target, view.mix).reduce((sum, p, g) => (p === 0 ? sum : sum + p * at(values, g)), 0);
}

/** Standard error of the same, the groups being measured independently. */
export function errorAt(alpha: number, view: Pick<ShiftView, 'target' | 'mix'>, se: ArrayLike<number>): number {
  if (view.mix.length === 1) return at(se, 0);
  return Math.sqrt(populationAt(alpha, view.target, view.mix).reduce((sum, p, g) => (p === 0 ? sum : sum + (p * at(se, g)) ** 2), 0));
}

type Mix = Pick<ShiftView, 'target' | 'mix'>;

/** Linear between the points of a curve. */
function interpolate(alpha: number, grid: ArrayLike<number>, values: ArrayLike<number>): number {
  let i = 1;
  while (i < grid.length - 1 && at(grid, i) < alpha) i += 1;
  if (grid.length < 2) return at(values, 0);
  const [a, b] = [at(grid, i - 1), at(grid, i)];
  const part = b > a ? Math.max(0, Math.min(1, (alpha - a) / (b - a))) : 0;
  return at(values, i - 1) + (at(values, i) - at(values, i - 1)) * part;
}

/** What a policy is worth at α. */
export function worthAt(alpha: number, view: Mix, worth: Worth): number {
  return worth.curve ? interpolate(alpha, worth.curve.alpha, worth.curve.value) : valueAt(alpha, view, worth.values);
}

/** Standard error of the same: over seeds where there are several, else as measured; NaN where it is not known. */
export function worthErrorAt(alpha: number, view: Mix, lane: ShiftLane): number {
  const seeds = lane.seeds ?? [];
  if (seeds.length > 1) {
    const values = seeds.map((seed) => worthAt(alpha, view, seed));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) / values.length);
  }
  if (lane.curve) return lane.curve.se ? interpolate(alpha, lane.curve.alpha, lane.curve.se) : NaN;
  return lane.se && lane.se.length > 0 ? errorAt(alpha, view, lane.se) : NaN;
}

/** Where along α a policy is worth least. A line is least at one of its ends. */
export function worstOf(view: Mix, worth: Worth): { alpha: number; value: number } {
  const grid = worth.curve ? Array.from(worth.curve.alpha) : [0, 1];
  return grid
    .map((alpha) => ({ alpha, value: worthAt(alpha, view, worth) }))
    .reduce((least, here) => (here.value < least.value || !Number.isFinite(least.value) ? here : least));
}

/**
 * The shares α of one group with KL(mix at α ‖ training mix) ≤ radius, by bisection. The others keep their proportions, so
 * this is the divergence of two coins. Weights on pairs within KL `radius` of uniform reach exactly these mixes: grouping
 * the pairs cannot raise the divergence, and weights that are even within each group attain it.
 */
export function mixesWithin(training: number, radius: number): [number, number] {
  const term = (p: number, q: number): number => (p === 0 ? 0 : p * Math.log(p / q));
  const divergence = (alpha: number): number => term(alpha, training) + term(1 - alpha, 1 - training);
  const edge = (end: number): number => {
    if (!(training > 0 && training < 1) || !(radius > 0)) return training;
    if (divergence(end) <= radius) return end;
    let [inside, outside] = [training, end];
    for (let i = 0; i < 60; i += 1) {
      const middle = (inside + outside) / 2;
      if (divergence(middle) <= radius) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return [edge(0), edge(1)];
}
