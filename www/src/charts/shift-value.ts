// What a policy is worth to a population in which one group has share α.

import { at, type GroupStyle } from './chart';
import type { Metric } from './bars';

/** One policy's values. */
export interface ShiftLane {
  name: string;
  dash: string;
  /** `[group]` */
  values: ArrayLike<number>;
  /** `[group]` standard errors. */
  se?: ArrayLike<number> | undefined;
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
