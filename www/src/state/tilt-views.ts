// What ② draws: the batch on show, or every pair as it was when last in a batch; and the handle on the curve.
import type { GroupStyle, TiltAxes, TiltKnob, TiltView } from '../charts';
import type { Frame } from '../engine/types';
import { effectiveSampleSize, laneSlice, mean } from './derive';
import type { Scope } from './panels.svelte';
import type { RunData } from './run-data';
import { formOf, formsOf, laneSpecs, paramOf, SETTINGS, type Settings } from './settings';
import { frameAt, methodOf } from './views';

/** One lane's pairs, each as in the last frame that had it. */
export interface LastSeen {
  pair: number[];
  losses: number[];
  factors: number[];
  /** Steps since that frame. */
  age: number[];
}

/** Goes back from frame `last` until every one of `pairs` pairs has been met, or the run begins. */
export function lastSeen(frames: readonly Frame[], last: number, lane: number, lanes: number, pairs: number): LastSeen {
  const out: LastSeen = { pair: [], losses: [], factors: [], age: [] };
  const met = new Uint8Array(pairs);
  const now = frames[last]?.step ?? 0;
  for (let f = last; f >= 0 && out.pair.length < pairs; f -= 1) {
    const frame = frames[f];
    if (!frame) continue;
    const n = lanes > 0 ? frame.pairs.length / lanes : 0;
    for (let i = lane * n; i < (lane + 1) * n; i += 1) {
      const pair = frame.pairs[i] ?? -1;
      if (met[pair] !== 0) continue;
      met[pair] = 1;
      out.pair.push(pair);
      out.losses.push(frame.losses[i] ?? Number.NaN);
      out.factors.push(frame.factor[i] ?? Number.NaN);
      out.age.push(now - frame.step);
    }
  }
  return out;
}

/** A lane's log-ratios of a pair's two answers in the last frame that had the pair, nats; undefined where none had. */
export function lastRatios(frames: readonly Frame[], last: number, lane: number, lanes: number, pair: number): { chosen: number; rejected: number; age: number } | undefined {
  for (let f = last; f >= 0; f -= 1) {
    const frame = frames[f];
    const n = frame && lanes > 0 ? frame.pairs.length / lanes : 0;
    for (let i = lane * n; frame && i < (lane + 1) * n; i += 1) {
      if (frame.pairs[i] === pair) return { chosen: frame.chosen[i] ?? Number.NaN, rejected: frame.rejected[i] ?? Number.NaN, age: (frames[last]?.step ?? 0) - frame.step };
    }
  }
  return undefined;
}

/** ② of every lane, without what is pointed at and without its handle. */
export function tiltViews(data: RunData, cursor: number | undefined, groups: GroupStyle[], scope: Scope, axes: TiltAxes): TiltView[] {
  const at = frameAt(data, cursor);
  const frame = data.frames[at];
  const lanes = data.lanes;
  const total = data.started?.pairs.length ?? 0;
  const views = Array.from({ length: lanes }, (_, lane): TiltView => {
    const config = data.started?.config.lanes[lane];
    const method = methodOf(data, lane);
    const losses = frame ? laneSlice(frame.losses, lane, lanes) : [];
    const factors = frame ? laneSlice(frame.factor, lane, lanes) : [];
    const tau = frame?.tau[lane] ?? 0;
    const batch = {
      losses,
      factors,
      tau: tau !== 0 ? tau : null,
      meanLoss: mean(losses),
      curve: method === 'dpo' ? ('flat' as const) : method === 'wdpo' ? ('sensitivity' as const) : ('tilt' as const),
      ...(method === 'kldpo' && config?.form === 'authors' ? { clamp: 10 } : {}),
    };
    const seen = scope === 'all' && frame ? lastSeen(data.frames, at, lane, lanes, total) : undefined;
    const pair = seen?.pair ?? (frame ? laneSlice(frame.pairs, lane, lanes) : []);
    return {
      ...batch,
      ...(seen ? { batch, losses: seen.losses, factors: seen.factors, age: seen.age, epoch: total / Math.max(1, losses.length) } : {}),
      pair,
      group: pair.map((id) => data.groupOf[id] ?? 0),
      ess: effectiveSampleSize(factors),
      radius: frame?.radius[lane] ?? 0,
      groups,
    };
  });
  const domain = frame ? axes.fit(views) : undefined;
  return views.map((view) => ({ ...view, domain }));
}

/** The handle of a KLDPO lane's own τ or radius, or of the one that it shares; none while the lanes on show are others. */
export function knobOf(data: RunData, lane: number, settings: Settings): (TiltKnob & { at: number }) | undefined {
  const at = data.families.findIndex((lanes) => lanes.includes(lane));
  const spec = laneSpecs(settings)[at];
  const form = data.started?.config.lanes[lane]?.form ?? formsOf('kldpo')[0]?.id;
  if (!spec || spec.method !== 'kldpo' || methodOf(data, lane) !== 'kldpo' || form !== formOf(spec, settings)) return undefined;
  const kind = form === 'radius' ? 'radius' : 'tau';
  const { min, max } = SETTINGS[kind];
  return { kind, value: paramOf(spec, kind, settings), min, max, at };
}
