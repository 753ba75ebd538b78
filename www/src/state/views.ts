// What each chart draws, made from the run. Pure functions; the panels call them.
import { mixesWithin, type Ball, type BarsView, type Curve, type GroupStyle, type PlaneLane, type PlaneView, type SharesView, type ShiftLane, type ShiftView } from '../charts';
import type { Evaluation } from '../engine/types';
import { t } from '../i18n';
import {
  lastAt,
  metricValues,
  planePath,
  referenceValues,
  standardErrors,
  trailingMean,
  worstGroup,
  nominalValue,
  shiftedValue,
  type Against,
  type Layer,
  type Metric,
  type PathPoint,
} from './derive';
import { compare, type Comparison } from './verdict';
import type { RunData } from './run-data';

/** Batches that ① averages over: 16 pairs at a 10 % minority say little one batch at a time. */
export const WINDOW = 10;

const SHAPES = ['circle', 'triangle', 'square', 'diamond'] as const;
const DASHES: Record<string, string> = { dpo: 'solid', kldpo: 'dashed', wdpo: 'dotted', gr_dpo: '9 3 2 3', dr_dpo: '14 3' };
/** For further lanes of one method, such as KLDPO at several τ, and for methods that have no line of their own. */
const MORE_DASHES = ['4 2', '11 3', '7 2 1 2', '2 5', '12 2 2 2 2 2', '9 3 2 3', '14 3', '1 1'];

export function styles(names: readonly string[]): GroupStyle[] {
  return names.map((name, g) => ({ name, color: `var(--group-${g % 8})`, shape: SHAPES[g % 4] ?? 'circle' }));
}

export function groupStyles(data: RunData): GroupStyle[] {
  return styles(groupNames(data));
}

/** Names of the groups in the page's language. */
export function groupNames(data: RunData): string[] {
  const scenario = data.started?.config.data.scenario ?? '';
  return data.started?.groups.map((group) => t.group(scenario, group.name)) ?? [];
}

/** An emotion in the page's language; own texts' classes are left as they are. */
export const emotionName = (emotion: string): string => t.group('emotion', emotion.slice(0, 1).toUpperCase() + emotion.slice(1));

export function methodOf(data: RunData, lane: number): string {
  return data.started?.config.lanes[lane]?.method ?? 'dpo';
}

/** A method's own line for its first lane; the others take those that are left over. */
export function dashOf(data: RunData, lane: number): string {
  // Lanes of other seeds look alike.
  const methods = data.families.map((lanes) => methodOf(data, lanes[0] ?? 0));
  const family = data.families.findIndex((lanes) => lanes.includes(lane));
  const own = methods.map((method, i) => (methods.indexOf(method) === i ? DASHES[method] : undefined));
  const free = MORE_DASHES.filter((dash) => !own.includes(dash));
  const place = own.slice(0, Math.max(0, family)).filter((dash) => dash === undefined).length;
  return own[family] ?? free[place % free.length] ?? 'solid';
}

export function frameAt(data: RunData, cursor: number | undefined): number {
  return cursor === undefined ? data.frames.length - 1 : Math.max(0, lastAt(data.frames, cursor));
}

export function evaluationAt(data: RunData, cursor: number | undefined): number {
  return cursor === undefined ? data.evaluations.length - 1 : Math.max(0, lastAt(data.evaluations, cursor));
}

export function smoothedShares(data: RunData, layer: Layer, lane: number): number[][] {
  return trailingMean(data.shares[layer][lane] ?? [], WINDOW);
}

export function sharesView(data: RunData, lane: number, layer: Layer, cursor: number | undefined, groups: GroupStyle[]): SharesView {
  const sensitivity = layer === 'factor' && methodOf(data, lane) === 'wdpo';
  return {
    steps: data.frames.map((frame) => frame.step),
    shares: smoothedShares(data, layer, lane),
    training: data.drawn,
    groups,
    cursor,
    layer,
    labels: sensitivity ? t.sensitivityShare : undefined,
  };
}


/** The y range that all lanes share, from every value on show, with zero in it. */
export function metricDomain(data: RunData, metric: Metric): [number, number] {
  if (metric === 'accuracy') return [0, 1];
  let low = 0;
  let high = metric === 'reward' ? 0.5 : 1;
  for (const evaluation of data.evaluations) {
    const values = evaluation[metric];
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

export function barsView(data: RunData, lane: number, metric: Metric, cursor: number | undefined, groups: GroupStyle[], domain: [number, number]): BarsView {
  const evaluation = data.evaluations[evaluationAt(data, cursor)];
  const values = evaluation ? metricValues(evaluation, metric, lane, data.lanes) : [];
  return {
    metric,
    values,
    reference: evaluation ? referenceValues(evaluation, metric, data.groups) : undefined,
    groups,
    worst: values.length > 1 ? worstGroup(values) : -1,
    domain,
  };
}

export function shiftView(data: RunData, metric: Metric, cursor: number | undefined, groups: GroupStyle[], target: number, alpha: number, kept?: RunData): ShiftView {
  const evaluation = data.evaluations[evaluationAt(data, cursor)];
  const mix = data.mix;
  const now = evaluationAt(data, cursor);
  // A quarter, half and three quarters of the way here; the start is the same for every lane. None beside a kept run.
  // Nor where every lane has a second line, of what its texts are truly worth.
  const truths = metric === 'reward' && target === 1 && (evaluation?.curve?.words.length ?? 0) > 0;
  const ghosts = [...new Set(truths || comparable(data, kept) ? [] : [1, 2, 3].map((quarter) => Math.round((now * quarter) / 4)))].flatMap((i) => (i > 0 && i < now ? (data.evaluations[i] ?? []) : []));
  return {
    metric,
    alpha,
    training: mix[target] ?? 0,
    mix,
    target,
    groups,
    // In the emotion experiment α mixes two rewards, not shares of people: no set of mixes belongs there.
    ...(data.started?.config.data.scenario === 'emotion' ? { trainingLabel: ['α₀'] } : { ball: ballOf(data, cursor, mix[target] ?? 0) }),
    ...(evaluation?.curve && metric === 'reward' ? { xLabel: t.stages.alpha(groups[target]?.name ?? '') } : {}),
    lanes: evaluation
      ? data.families.map((lanes) => {
          const first = lanes[0] ?? 0;
          const curve = (of: Evaluation, which: readonly number[]): Curve | undefined => (metric === 'reward' && target === 1 ? curveOf(of, which, data.lanes) : undefined);
          const seeds = lanes.map((lane) => ({ values: metricValues(evaluation, metric, lane, data.lanes), curve: curve(evaluation, [lane]) }));
          return {
            name: data.names[first] ?? '',
            dash: dashOf(data, first),
            values: meanOver(seeds.map((seed) => seed.values)),
            curve: curve(evaluation, lanes),
            se: lanes.length === 1 ? standardErrors(evaluation, metric, first, data.lanes) : undefined,
            seeds,
            truth: truths ? { values: [], curve: curveOf(evaluation, lanes, data.lanes, 'words') } : undefined,
            ghosts: ghosts.map((earlier) => ({
              step: earlier.step,
              values: meanOver(lanes.map((lane) => metricValues(earlier, metric, lane, data.lanes))),
              curve: curve(earlier, lanes),
            })),
          };
        })
      : [],
    kept: comparable(data, kept) ? keptLanes(kept, metric, target) : [],
  };
}

/** A run that was kept, where it is another one of as many groups. */
const comparable = (data: RunData, kept: RunData | undefined): kept is RunData => kept !== undefined && kept.started !== data.started && kept.groups === data.groups;

/** What a kept run's lanes were worth at its end. */
function keptLanes(kept: RunData, metric: Metric, target: number): ShiftLane[] {
  const last = kept.evaluations.at(-1);
  if (!last) return [];
  return kept.families.map((lanes) => ({
    name: t.keptName(kept.names[lanes[0] ?? 0] ?? ''),
    dash: dashOf(kept, lanes[0] ?? 0),
    values: meanOver(lanes.map((lane) => metricValues(last, metric, lane, kept.lanes))),
    curve: metric === 'reward' && target === 1 ? curveOf(last, lanes, kept.lanes) : undefined,
  }));
}

/** Mean mixed reward over α of some lanes, where the engine measured it (scenario emotion); the error is one lane's own. */
export function curveOf(evaluation: Evaluation, lanes: readonly number[], all: number, by: 'reward' | 'words' = 'reward'): Curve | undefined {
  const { curve } = evaluation;
  if (!curve) return undefined;
  const n = curve.reward.length / Math.max(1, all);
  const row = (values: ArrayLike<number>, lane: number): number[] => Array.from({ length: n }, (_, i) => values[lane * n + i] ?? Number.NaN);
  return {
    alpha: curve.alphas,
    value: meanOver(lanes.map((lane) => row(curve[by], lane))),
    se: lanes.length === 1 && by === 'reward' ? row(curve.reward_se, lanes[0] ?? 0) : undefined,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Value of the group that is worst off, mean over the lanes of several seeds. */
export function worstValue(data: RunData, evaluation: Evaluation, metric: Metric, lanes: readonly number[]): number {
  return mean(lanes.map((lane) => Math.min(...metricValues(evaluation, metric, lane, data.lanes))));
}

/** Means of several lists, place by place. */
function meanOver(lists: readonly (readonly number[])[]): number[] {
  return (lists[0] ?? []).map((_, i) => lists.reduce((sum, list) => sum + (list[i] ?? Number.NaN), 0) / lists.length);
}

/**
 * The mixes that the last KLDPO's ambiguity set holds, from the radius that its τ amounted to in the last batches. WDPO's
 * adversary moves words and leaves the shares of people as they are: its set is no interval of α.
 */
function ballOf(data: RunData, cursor: number | undefined, training: number): Ball | undefined {
  const family = data.families.filter((lanes) => methodOf(data, lanes[0] ?? 0) === 'kldpo').at(-1);
  const last = frameAt(data, cursor);
  const radii = data.frames.slice(Math.max(0, last - WINDOW + 1), last + 1).flatMap((frame) => (family ?? []).map((lane) => frame.radius[lane] ?? 0));
  if (!family || radii.length === 0 || data.groups < 2) return undefined;
  const radius = radii.reduce((sum, each) => sum + each, 0) / radii.length;
  const [low, high] = mixesWithin(training, radius);
  return { low, high, radius, lane: data.names[family[0] ?? 0] ?? '' };
}

export function planeView(data: RunData, metric: Metric, cursor: number | undefined, against: Against, groups: GroupStyle[], kept?: RunData): PlaneView {
  const name = t.metricName[metric];
  const axis = t.metricAxis[metric];
  const last = data.evaluations.at(-1);
  const reference = last && metric !== 'accuracy' ? referenceValues(last, metric, data.groups) : undefined;
  const mix = data.mix;
  const y = (values: number[]): number => (against.kind === 'worst' ? Math.min(...values) : shiftedValue(values, mix, against.target, against.alpha));
  return {
    metric: name,
    xLabel: t.planeX(axis),
    xShort: t.planeXShort(name),
    yLabel:
      against.kind === 'worst' ? t.planeYWorst(axis) : t.planeYAlpha(axis, `${Math.round(against.alpha * 100)}%`, groups[against.target]?.name ?? ''),
    lanes: data.families.map((lanes): PlaneLane => ({
      name: data.names[lanes[0] ?? 0] ?? '',
      dash: dashOf(data, lanes[0] ?? 0),
      path: meanPath(lanes.map((lane) => pathOf(data, metric, lane, against))),
      baseline: methodOf(data, lanes[0] ?? 0) === 'dpo',
    })).concat(
      comparable(data, kept)
        ? kept.families.map((lanes) => ({
            name: t.keptName(kept.names[lanes[0] ?? 0] ?? ''),
            dash: dashOf(kept, lanes[0] ?? 0),
            path: meanPath(lanes.map((lane) => planePath(kept.evaluations, metric, lane, kept.lanes, mix, against))),
            baseline: false,
            kept: true,
          }))
        : [],
    ),
    cursor,
    ...(reference ? { reference: { x: nominalValue(reference, mix), y: y(reference) } } : {}),
  };
}

const pathOf = (data: RunData, metric: Metric, lane: number, against: Against): PathPoint[] =>
  // How many pairs are held out of each group is known where the engine writes them.
  planePath(data.evaluations, metric, lane, data.lanes, data.mix, against, data.started?.config.data.scenario === 'imported' ? undefined : data.started?.config.data.eval_pairs);

/** The way of the mean over seeds, evaluation by evaluation. */
function meanPath(paths: readonly PathPoint[][]): PathPoint[] {
  if (paths.length === 1) return paths[0] ?? [];
  const steps = (paths[0] ?? []).map((point) => point.step).filter((step) => paths.every((path) => path.some((point) => point.step === step)));
  return steps.map((step) => {
    const points = paths.map((path) => path.find((point) => point.step === step)!);
    const mean = (of: (point: PathPoint) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    return { step, x: mean((p) => p.x), y: mean((p) => p.y), ...(points.every((p) => p.kl !== undefined) ? { kl: mean((p) => p.kl ?? 0) } : {}) };
  });
}

/** What became of a method's lane beside DPO. */
export interface Verdict {
  lane: string;
  comparison: Comparison;
}

/** Lanes beside DPO by what became of them. */
export function verdictGroups(found: readonly Verdict[]): { verdict: Comparison['verdict']; of: Verdict[] }[] {
  return (['left', 'back', 'below', 'open'] as const).flatMap((verdict) => {
    const of = found.filter((each) => each.comparison.verdict === verdict);
    return of.length > 0 ? [{ verdict, of }] : [];
  });
}

/** What became of each method beside DPO: whether it left DPO's path or walked back along it, up to the step on show. */
export function verdicts(data: RunData, metric: Metric, cursor: number | undefined, against: Against): Verdict[] {
  const paths = (lanes: readonly number[]): PathPoint[][] =>
    lanes.map((lane) => pathOf(data, metric, lane, against).filter((point) => cursor === undefined || point.step <= cursor));
  const dpo = data.families.find((lanes) => methodOf(data, lanes[0] ?? 0) === 'dpo');
  if (!dpo) return [];
  return data.families.flatMap((lanes) => {
    const comparison = lanes === dpo ? undefined : compare(paths(dpo), paths(lanes));
    return comparison ? [{ lane: data.names[lanes[0] ?? 0] ?? '', comparison }] : [];
  });
}

export interface Finding {
  /** Rarest group of the training data. */
  group: string;
  share: number;
  /** Methods that reweight pairs, and the share they give that group; means over seeds. */
  weights: { lane: string; share: number }[];
  worst: { lane: string; value: number; kl: number | undefined }[];
}

/** The numbers of the sentence under the lesson; undefined before there are any. */
export function finding(data: RunData, metric: Metric, cursor: number | undefined): Finding | undefined {
  const started = data.started;
  if (!started || data.groups < 2 || data.frames.length === 0) return undefined;
  const mix = data.drawn;
  const rare = worstGroup(mix);
  const evaluation = data.evaluations[evaluationAt(data, cursor)];
  const at = frameAt(data, cursor);
  return {
    group: groupNames(data)[rare] ?? '',
    share: mix[rare] ?? 0,
    weights: data.families.flatMap((lanes) =>
      ['kldpo', 'gr_dpo', 'dr_dpo'].includes(methodOf(data, lanes[0] ?? 0))
        ? [{ lane: data.names[lanes[0] ?? 0] ?? '', share: mean(lanes.map((lane) => smoothedShares(data, 'factor', lane)[at]?.[rare] ?? 0)) }]
        : [],
    ),
    worst: evaluation
      ? data.families.map((lanes) => ({
          lane: data.names[lanes[0] ?? 0] ?? '',
          value: worstValue(data, evaluation, metric, lanes),
          kl: evaluation.kl.length > 0 ? mean(lanes.map((lane) => evaluation.kl[lane] ?? Number.NaN)) : undefined,
        }))
      : [],
  };
}
