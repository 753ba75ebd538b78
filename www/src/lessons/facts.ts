// What a finished run says, in the terms that lessons ask about. Means are over its last frames: one batch says little.
import { effectiveSampleSize, flippedShare, laneSlice, mean, metricValues, nominalValue, referenceValues, worstGroup } from '../state/derive';
import type { RunData } from '../state/run-data';
import type { Evaluation } from '../engine/types';

const LAST = 100;

export class Facts {
  /** The rarest group of the training data, and the most frequent one. */
  readonly rare: number;
  readonly many: number;

  constructor(readonly data: RunData) {
    this.rare = worstGroup(data.mix);
    this.many = data.mix.indexOf(Math.max(...data.mix));
  }

  /** First lane of a method, or the one that `prefer` likes best. */
  lane(method: string, prefer: (params: Record<string, number>) => number = () => 0): number | undefined {
    const lanes = (this.data.started?.config.lanes ?? []).map((lane, i) => ({ lane, i })).filter(({ lane }) => lane.method === method);
    return lanes.sort((a, b) => prefer(b.lane.params as Record<string, number>) - prefer(a.lane.params as Record<string, number>))[0]?.i;
  }

  name(lane: number): string {
    return this.data.names[lane] ?? '';
  }

  param(lane: number, id: string): number {
    return this.data.started?.config.lanes[lane]?.params[id] ?? Number.NaN;
  }

  /** Values per group at the last evaluation. */
  values(metric: 'accuracy' | 'margin' | 'reward', lane: number): number[] {
    const last = this.data.evaluations.at(-1);
    return last ? metricValues(last, metric, lane, this.data.lanes) : [];
  }

  /** Reward of the reference policy per group. */
  reference(): number[] {
    const last = this.data.evaluations.at(-1);
    return (last && referenceValues(last, 'reward', this.data.groups)) ?? [];
  }

  /** Reward at the training mix. */
  nominal(lane: number): number {
    return nominalValue(this.values('reward', lane), this.data.mix);
  }

  kl(lane: number): number {
    return this.data.evaluations.at(-1)?.kl[lane] ?? Number.NaN;
  }

  /** Share of a lane's weight that each group gets. */
  shares(lane: number): number[] {
    const rows = (this.data.shares.factor[lane] ?? []).slice(-LAST);
    return this.data.mix.map((_, g) => mean(rows.map((row) => row[g] ?? 0)));
  }

  sampleSize(lane: number): number {
    return mean(this.data.frames.slice(-LAST).map((frame) => effectiveSampleSize(laneSlice(frame.factor, lane, this.data.lanes))));
  }

  /** Share of a lane's weight on flipped labels, and their share of the data. */
  flips(lane: number): { weight: number; data: number } {
    const pairs = this.data.started?.pairs ?? [];
    const weight = mean(this.data.frames.slice(-LAST).map((frame) => flippedShare(frame, pairs, lane, this.data.lanes)));
    return { weight, data: pairs.filter((pair) => pair.flipped).length / Math.max(1, pairs.length) };
  }

  /** Mean mixed reward over α at α₀ and at α = 1, at the last evaluation; NaN where the run has no such curve. */
  ends(lane: number): [number, number] {
    const last = this.data.evaluations.at(-1);
    return last ? this.endsOf(last, lane) : [Number.NaN, Number.NaN];
  }

  private endsOf({ curve }: Evaluation, lane: number): [number, number] {
    const n = curve?.alphas.length ?? 0;
    const value = (i: number): number => curve?.reward[lane * n + i] ?? Number.NaN;
    const training = this.data.mix[this.rare] ?? 0;
    // α₀ lies between two points of the grid, or on one.
    const above = Math.max(1, Array.from(curve?.alphas ?? []).findIndex((alpha) => alpha >= training - 1e-6));
    const [a, b] = [curve?.alphas[above - 1] ?? 0, curve?.alphas[above] ?? 1];
    return [value(above - 1) + ((training - a) / (b - a)) * (value(above) - value(above - 1)), value(n - 1)];
  }

  /** The same where a lane's path first reached this KL. */
  endsAt(lane: number, kl: number): number[] | undefined {
    return this.whereAt(lane, kl, (evaluation) => this.endsOf(evaluation, lane));
  }

  /** Accuracy per group where a lane's path first reached this KL; undefined where it never did. */
  accuracyAt(lane: number, kl: number): number[] | undefined {
    return this.whereAt(lane, kl, (evaluation) => metricValues(evaluation, 'accuracy', lane, this.data.lanes));
  }

  private whereAt(lane: number, kl: number, values: (evaluation: Evaluation) => number[]): number[] | undefined {
    const { evaluations } = this.data;
    for (let i = 1; i < evaluations.length; i++) {
      const [a, b] = [evaluations[i - 1]!, evaluations[i]!];
      const [from, to] = [a.kl[lane] ?? Number.NaN, b.kl[lane] ?? Number.NaN];
      if (!(from <= kl && kl <= to)) continue;
      const u = to > from ? (kl - from) / (to - from) : 0;
      const [x, y] = [values(a), values(b)];
      return x.map((value, g) => value + u * ((y[g] ?? value) - value));
    }
    return undefined;
  }
}
