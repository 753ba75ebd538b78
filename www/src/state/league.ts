// What a league table says: means over seeds with their standard errors, at the end of training and where every path has
// come equally far from the reference. Pure functions; the same numbers as `prefshift report`.
import type { Evaluation } from '../engine/types';
import { laneSlice, nominalValue } from './derive';

/** One look at one lane. */
export interface Point {
  accuracy: number[];
  reward: number[];
  /** KL from the reference (nats), or ‖θ − θ_ref‖ where no samples are drawn. */
  distance: number;
}

/** A mean over seeds with its standard error; `n` says how many seeds had a value. */
export interface Estimate {
  mean: number;
  se: number;
  n: number;
}

/** What is compared: the worst group's value, the value at the training mix, and with the shares of the groups reversed. */
export interface Values {
  worst: Estimate;
  nominal: Estimate;
  shifted: Estimate;
  distance: Estimate;
}

/** One method's runs in one scenario. */
export interface Result {
  scenario: string;
  /** The lane as in a link. */
  lane: string;
  name: string;
  mix: number[];
  /** Values are rewards; accuracies where the scenario has no reward. */
  reward: boolean;
  /** `[seed][evaluation]`. */
  paths: Point[][];
  /** The same with a tenth of the labels flipped, where that was asked for. */
  noisy?: Point[][];
  /** Milliseconds a step of all its seeds took; undefined where it was too quick to measure. */
  cost?: number;
}

export interface Row extends Values {
  scenario: string;
  lane: string;
  name: string;
  reward: boolean;
  seeds: number;
  equal: Values;
  /** What flipped labels change in the worst group's value, seed by seed. */
  noise: Estimate;
  /** Time of a step over DPO's; undefined where either was not measured. */
  cost: number | undefined;
}

/** Mean and standard error of the mean of the finite values; one value has no error of its own and gets 0, as on the command line. */
export function estimate(values: readonly (number | undefined)[]): Estimate {
  const found = values.filter((value): value is number => value !== undefined && Number.isFinite(value));
  const n = found.length;
  if (n === 0) return { mean: Number.NaN, se: Number.NaN, n };
  const mean = found.reduce((sum, value) => sum + value, 0) / n;
  const variance = found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1);
  return { mean, se: Math.sqrt(variance / n), n };
}

/** The trajectory of one lane. */
export function pathOf(evaluations: readonly Evaluation[], lane: number, lanes: number): Point[] {
  return evaluations.map((look) => ({
    accuracy: laneSlice(look.accuracy, lane, lanes),
    reward: laneSlice(look.reward, lane, lanes),
    distance: (look.kl.length > 0 ? look.kl[lane] : look.distance[lane]) ?? Number.NaN,
  }));
}

/** Where a trajectory first reaches `distance`, by linear interpolation; undefined where it never does. */
export function crossing(path: readonly Point[], distance: number): Point | undefined {
  const at = path.findIndex((point, i) => i + 1 < path.length && point.distance < distance && (path[i + 1]?.distance ?? Number.NaN) >= distance);
  const [a, b] = [path[at], path[at + 1]];
  if (!a || !b) return undefined;
  const u = (distance - a.distance) / (b.distance - a.distance);
  const mixed = (x: number[], y: number[]): number[] => x.map((value, i) => value + u * ((y[i] ?? value) - value));
  return { accuracy: mixed(a.accuracy, b.accuracy), reward: mixed(a.reward, b.reward), distance };
}

const valuesAt = (point: Point | undefined, reward: boolean): number[] | undefined => (point ? (reward ? point.reward : point.accuracy) : undefined);

/** The estimates over seeds, each seed at its own point. */
export function summarize(points: readonly (Point | undefined)[], mix: readonly number[], reward: boolean): Values {
  const reversed = [...mix].reverse();
  const over = (of: (values: number[]) => number): Estimate =>
    estimate(points.map((point) => {
      const values = valuesAt(point, reward);
      return values && values.length > 0 ? of(values) : undefined;
    }));
  return {
    worst: over((values) => Math.min(...values)),
    nominal: over((values) => nominalValue(values, mix)),
    shifted: over((values) => nominalValue(values, reversed)),
    distance: estimate(points.map((point) => point?.distance)),
  };
}

/** The table's rows; `at` is the distance at which paths are compared. */
export function tabulate(results: readonly Result[], at: number): Row[] {
  return results.map((result) => {
    const nominal = (path: readonly Point[] | undefined): number => nominalValue(valuesAt(path?.at(-1), result.reward) ?? [Number.NaN], result.mix);
    const dpo = results.find((each) => each.scenario === result.scenario && each.lane.split(/[:/]/)[0] === 'dpo');
    return {
      scenario: result.scenario,
      lane: result.lane,
      name: result.name,
      reward: result.reward,
      seeds: result.paths.length,
      ...summarize(result.paths.map((path) => path.at(-1)), result.mix, result.reward),
      equal: summarize(result.paths.map((path) => crossing(path, at)), result.mix, result.reward),
      noise: estimate((result.noisy ?? []).map((path, seed) => nominal(result.paths[seed]) - nominal(path))),
      cost: result.cost !== undefined && dpo?.cost !== undefined ? result.cost / dpo.cost : undefined,
    };
  });
}

/** Columns that can be sorted by, and what each compares. */
export const COLUMNS = {
  scenario: (row: Row) => row.scenario,
  name: (row: Row) => row.name,
  worst: (row: Row) => row.worst.mean,
  nominal: (row: Row) => row.nominal.mean,
  shifted: (row: Row) => row.shifted.mean,
  distance: (row: Row) => row.distance.mean,
  equalWorst: (row: Row) => row.equal.worst.mean,
  equalNominal: (row: Row) => row.equal.nominal.mean,
  equalShifted: (row: Row) => row.equal.shifted.mean,
  noise: (row: Row) => row.noise.mean,
  cost: (row: Row) => row.cost ?? Number.NaN,
} as const;
export type Column = keyof typeof COLUMNS;

/** Rows in order of a column; those without a value come last either way. */
export function sorted(rows: readonly Row[], column: Column, descending: boolean): Row[] {
  const of = COLUMNS[column];
  const absent = (value: string | number): boolean => typeof value === 'number' && Number.isNaN(value);
  return [...rows].sort((a, b) => {
    const [x, y] = [of(a), of(b)];
    if (absent(x) || absent(y)) return Number(absent(x)) - Number(absent(y));
    const order = x < y ? -1 : x > y ? 1 : 0;
    return descending ? -order : order;
  });
}

const ESTIMATES: [string, (row: Row) => Estimate][] = [
  ['worst_group', (row) => row.worst],
  ['training_mix', (row) => row.nominal],
  ['reversed_mix', (row) => row.shifted],
  ['distance', (row) => row.distance],
  ['worst_group_at_equal', (row) => row.equal.worst],
  ['training_mix_at_equal', (row) => row.equal.nominal],
  ['reversed_mix_at_equal', (row) => row.equal.shifted],
  ['lost_to_flips', (row) => row.noise],
];

/** The table as comma-separated values; what was not measured is empty. */
export function leagueCsv(rows: readonly Row[]): string {
  const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const number = (value: number | undefined): string => (value === undefined || !Number.isFinite(value) ? '' : String(value));
  const head = ['scenario', 'lane', 'name', 'value', 'seeds', ...ESTIMATES.flatMap(([id]) => [id, `${id}_se`, `${id}_n`]), 'cost_over_dpo'];
  const lines = rows.map((row) => [
    row.scenario, quoted(row.lane), quoted(row.name), row.reward ? 'reward' : 'accuracy', row.seeds,
    ...ESTIMATES.flatMap(([, of]) => [number(of(row).mean), number(of(row).se), of(row).n]),
    number(row.cost),
  ]);
  return `${[head, ...lines].map((line) => line.join(',')).join('\n')}\n`;
}
