// The list of lanes: its text in a link, which is the command line's (`method/form:name=value,…`, lanes apart by `;`), and
// the limits of each parameter's control. What a lane does not say is shared (β, the learning rate) or the method's default.
import { METHOD_INFOS } from '../engine/catalog';
import type { FormInfo, MethodInfo, ParamInfo } from '../engine/types';

/** A lane as the user asks for it: only what is its own. `lr` among the parameters is its learning rate. */
export interface LaneSpec {
  method: string;
  form?: string;
  params: Readonly<Record<string, number>>;
}

export type LanesFault = 'range' | 'not-a-number' | 'not-an-option';

/** As many columns as one screen shows. */
export const MOST_LANES = 6;
const MOST_TEXT = 600;

/** A lane's learning rate, which is no parameter of its method. */
export const LR: ParamInfo = { id: 'lr', symbol: 'lr', default: 0.0002, min: 0.00001, max: 1, help: '', forms: [] };

export const infoOf = (method: string): MethodInfo | undefined => METHOD_INFOS.find((each) => each.id === method);

/** The forms of a method, its default first; none where there is only one. */
export const formsOf = (method: string): readonly FormInfo[] => infoOf(method)?.forms ?? [];

/** The parameters that a method uses in this form. */
export function paramsOf(method: string, form?: string): ParamInfo[] {
  const used = form ?? formsOf(method)[0]?.id ?? '';
  return (infoOf(method)?.params ?? []).filter((param) => param.forms.length === 0 || param.forms.includes(used));
}

/** Reads a list of lanes; what cannot be used is left out or brought into its limits, and `why` says that something was. */
export function readLanes(text: string): { lanes: LaneSpec[]; why?: LanesFault } {
  const faults: LanesFault[] = [];
  const given = text.slice(0, MOST_TEXT).split(';').filter((part) => part.trim() !== '');
  if (text.length > MOST_TEXT || given.length > MOST_LANES) faults.push('range');
  const lanes = given.slice(0, MOST_LANES).flatMap((part) => readLane(part.trim(), faults));
  return faults[0] ? { lanes, why: faults[0] } : { lanes };
}

function readLane(text: string, faults: LanesFault[]): LaneSpec[] {
  const [, method = '', form, params = ''] = /^([^/:]*)(?:\/([^:]*))?(?::(.*))?$/.exec(text) ?? [];
  const info = infoOf(method);
  const known = form === undefined || formsOf(method).some((each) => each.id === form);
  if (!info || !known) faults.push('not-an-option');
  if (!info) return [];
  const kept = known && form !== undefined ? form : undefined;
  // Without a form of its own the lane has the one on the controls, whose parameters may be others.
  const allowed = [...(kept === undefined ? info.params : paramsOf(method, kept)), LR];
  const out: Record<string, number> = {};
  for (const pair of params.split(',').filter(Boolean)) {
    const [id = '', raw = ''] = pair.split('=');
    const param = allowed.find((each) => each.id === id);
    const value = raw.trim() === '' ? Number.NaN : Number(raw);
    if (!param) faults.push('not-an-option');
    else if (!Number.isFinite(value)) faults.push('not-a-number');
    else {
      const within = held(param, value);
      if (within !== value) faults.push('range');
      out[id] = within;
    }
  }
  return [{ method, ...(kept === undefined ? {} : { form: kept }), params: out }];
}

export function writeLanes(lanes: readonly LaneSpec[]): string {
  return lanes
    .map(({ method, form, params }) => {
      const own = Object.entries(params).map(([id, value]) => `${id}=${value}`);
      return `${method}${form === undefined ? '' : `/${form}`}${own.length > 0 ? `:${own.join(',')}` : ''}`;
    })
    .join(';');
}

/** A value brought into the parameter's limits. */
export const held = (param: ParamInfo, value: number): number => Math.min(param.max, Math.max(param.min, value));

/** The lanes train the same methods in the same order and form, so that going from one list to the other needs no restart. */
export function sameLanes(a: readonly LaneSpec[], b: readonly LaneSpec[]): boolean {
  const form = (lane: LaneSpec): string | undefined => lane.form ?? formsOf(lane.method)[0]?.id;
  return a.length === b.length && a.every((lane, i) => lane.method === b[i]!.method && form(lane) === form(b[i]!));
}

// ---------------------------------------------------------------- changes

export const withLane = (lanes: readonly LaneSpec[], at: number, lane: LaneSpec): LaneSpec[] => lanes.map((each, i) => (i === at ? lane : each));

export const withoutLane = (lanes: readonly LaneSpec[], at: number): LaneSpec[] => (lanes.length > 1 ? lanes.filter((_, i) => i !== at) : [...lanes]);

/** The lane `at` changes places with the one before (−1) or after it (1). */
export function movedLane(lanes: readonly LaneSpec[], at: number, by: -1 | 1): LaneSpec[] {
  const out = [...lanes];
  const [lane, other] = [out[at], out[at + by]];
  if (lane && other) [out[at], out[at + by]] = [other, lane];
  return out;
}

/** One more lane of a method; beside a lane that is just like it, its first own parameter is halved to tell them apart. */
export function withMore(lanes: readonly LaneSpec[], method: string): LaneSpec[] {
  if (lanes.length >= MOST_LANES || !infoOf(method)) return [...lanes];
  const like = lanes.filter((lane) => lane.method === method).length;
  const param = paramsOf(method).find((each) => each.id !== 'beta' && each.default > 0);
  const params = like > 0 && param ? { [param.id]: held(param, Number((param.default / 2 ** like).toPrecision(2))) } : {};
  return [...lanes, { method, params }];
}

/** A parameter's value in a lane, or no longer one of its own where `value` is undefined. */
export function withParam(lane: LaneSpec, id: string, value: number | undefined): LaneSpec {
  const { [id]: _, ...rest } = lane.params;
  return { ...lane, params: value === undefined ? rest : { ...rest, [id]: value } };
}

/** Another form; parameters that it does not use are dropped. */
export function withForm(lane: LaneSpec, form: string): LaneSpec {
  const used = new Set([...paramsOf(lane.method, form), LR].map((param) => param.id));
  const params = Object.fromEntries(Object.entries(lane.params).filter(([id]) => used.has(id)));
  return { method: lane.method, form, params };
}

// ---------------------------------------------------------------- sliders

/** A slider from 0 to 1 over a parameter: logarithmic where its range spans powers of ten, with a first place for zero. */
export interface Scale {
  low: number;
  high: number;
  log: boolean;
  zero: boolean;
}

const DECADES = 2;

export function scaleOf(param: ParamInfo): Scale {
  const around = 10 ** DECADES;
  const zero = param.min === 0;
  const wide = param.min >= 0 && param.max >= 100 * Math.max(param.min, zero ? 0.1 : 0);
  if (!wide) return { low: param.min, high: param.max, log: false, zero: false };
  // The limits of the engine are far out; the slider stays near the default, and the number beside it goes all the way.
  const middle = param.default > 0 ? param.default : 0.1;
  return { low: Math.max(param.min, middle / around), high: Math.min(param.max, middle * around), log: true, zero };
}

/** Part of a slider that stands for zero where the rest is logarithmic. */
const FIRST = 0.04;

export function positionOf(scale: Scale, value: number): number {
  const clamped = Math.min(scale.high, Math.max(scale.zero ? 0 : scale.low, value));
  if (!scale.log) return (clamped - scale.low) / (scale.high - scale.low);
  const from = scale.zero ? FIRST : 0;
  if (scale.zero && clamped < scale.low) return 0;
  return from + ((1 - from) * Math.log(clamped / scale.low)) / Math.log(scale.high / scale.low);
}

export function valueAt(scale: Scale, position: number): number {
  if (!scale.log) return Number((scale.low + position * (scale.high - scale.low)).toPrecision(3));
  const from = scale.zero ? FIRST : 0;
  if (scale.zero && position < from / 2) return 0;
  const along = Math.max(0, (position - from) / (1 - from));
  return Number((scale.low * (scale.high / scale.low) ** along).toPrecision(2));
}
