// What a finished run says, in the terms that lessons ask about. Means are over its last frames: one batch says little.
import { effectiveSampleSize, flippedShare, laneSlice, mean, metricValues, nominalValue, referenceValues, worstGroup } from '../state/derive';
import type { RunData } from '../state/run-data';

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

  /** Accuracy per group where a lane's path first reached this KL; undefined where it never did. */
  accuracyAt(lane: number, kl: number): number[] | undefined {
    const { evaluations, lanes } = this.data;
    for (let i = 1; i < evaluations.length; i++) {
      const [a, b] = [evaluations[i - 1]!, evaluations[i]!];
      const [from, to] = [a.kl[lane] ?? Number.NaN, b.kl[lane] ?? Number.NaN];
      if (!(from <= kl && kl <= to)) continue;
      const u = to > from ? (kl - from) / (to - from) : 0;
      const [x, y] = [metricValues(a, 'accuracy', lane, lanes), metricValues(b, 'accuracy', lane, lanes)];
      return x.map((value, g) => value + u * ((y[g] ?? value) - value));
    }
    return undefined;
  }
}
