// Every setting of the page, once: the URL, the limits, the controls and the config all read this table. What a setting
// starts from is the engine's own default of the scenario (../engine/catalog.ts, generated).
import { METHOD_INFOS, SCENARIOS } from '../engine/catalog';
import type { LaneConfig, RunConfig, ScenarioStart } from '../engine/types';
import { formsOf, MOST_LANES, paramsOf, readLanes, sameLanes, writeLanes, type LaneSpec } from './lanes';

export { formsOf } from './lanes';

export interface NumberSetting {
  kind: 'number';
  min: number;
  max: number;
  step: number;
  scale: 'linear' | 'log';
  /** Takes effect on the next step of a run under way; otherwise the run restarts. */
  live: boolean;
}

export interface ChoiceSetting {
  kind: 'choice';
  options: readonly string[];
  live: boolean;
}

/** A comma-separated selection, in the order of the options. */
export interface ListSetting {
  kind: 'list';
  options: readonly string[];
  live: boolean;
}

/** Comma-separated numbers, each within the limits of another setting. */
export interface NumbersSetting {
  kind: 'numbers';
  of: 'tau';
  most: number;
  live: boolean;
}

/** The list of lanes (lanes.ts); empty where `methods` says it all. */
export interface LanesSetting {
  kind: 'lanes';
  /** A change of parameters alone takes effect on the next step; any other restarts. */
  live: boolean;
}

/** Where a setting stands on the page; its name and help are `knobs` of the language tables. */
export interface Place {
  group: 'data' | 'methods' | 'run' | 'model';
  /** It has a control, which a link may hide. */
  hideable: boolean;
}

type Bare = NumberSetting | ChoiceSetting | ListSetting | NumbersSetting | LanesSetting;
export type Setting = Bare & Place;

const at = <S extends Bare>(group: Place['group'], setting: S, hideable = true): S & Place => ({ ...setting, group, hideable });

const number = (min: number, max: number, step: number, more: { scale?: 'log'; live?: boolean } = {}): NumberSetting => ({
  kind: 'number',
  min,
  max,
  step,
  scale: more.scale ?? 'linear',
  live: more.live ?? false,
});

const choice = (options: readonly string[], live = false): ChoiceSetting => ({ kind: 'choice', options, live });

const info = (method: string): (typeof METHOD_INFOS)[number] | undefined => METHOD_INFOS.find((each) => each.id === method);

/** Emotions of the built-in texts (scenario `emotion`), as the engine names them. */
export const EMOTIONS = ['sadness', 'joy', 'love', 'anger', 'fear'] as const;

export const METHODS = METHOD_INFOS.map((method) => method.id);

export const SETTINGS = {
  scenario: at('data', choice(SCENARIOS.map((scenario) => scenario.id))),
  minority: at('data', number(0.01, 0.99, 0.01)),
  marker: at('data', number(0, 1, 0.05)),
  flip: at('data', number(0, 0.5, 0.01)),
  labels: at('data', choice(['bradley-terry', 'arg-max'])),
  /** Scenario emotion: what training emphasizes, the other emotion, and how their rewards become one. */
  major: at('data', choice(EMOTIONS)),
  minor: at('data', choice(EMOTIONS)),
  mixture: at('data', choice(['convex', 'geometric'])),
  /** Own texts: what a token is. */
  tokens: at('data', choice(['words', 'bytes'])),
  methods: at('methods', { kind: 'list', options: METHODS, live: false }),
  /** The general list of lanes; what it says goes before `methods` and `taus`. */
  lanes: at('methods', { kind: 'lanes', live: false }),
  beta: at('methods', number(0.01, 5, 0.01, { scale: 'log', live: true })),
  tau: at('methods', number(0.02, 20, 0.01, { scale: 'log', live: true })),
  /** Further KLDPO lanes, at these τ. */
  taus: at('methods', { kind: 'numbers', of: 'tau', most: 5, live: false }),
  radius: at('methods', number(0, 3, 0.01, { live: true })),
  rho: at('methods', number(0, 10, 0.05, { live: true })),
  klform: at('methods', choice(formsOf('kldpo').map((form) => form.id))),
  wform: at('methods', choice(formsOf('wdpo').map((form) => form.id))),
  lr: at('methods', number(0.00001, 1, 0.00001, { scale: 'log', live: true })),
  seed: at('run', number(0, 4_294_967_295, 1)),
  /** Lanes of each method, each with batches in an order of its own. */
  seeds: at('run', number(1, 5, 1)),
  device: at('run', choice(['auto', 'webgpu', 'cpu'])),
  /** Cores to use on the CPU; 0 takes all. */
  cores: at('run', number(0, 64, 1)),
  steps: at('run', number(1, 100_000, 1, { live: true })),
  batch: at('run', number(1, 256, 1)),
  pairs: at('data', number(4, 16_384, 1)),
  // Shape of the model and size of the evaluation: set by tests and by slow machines.
  d: at('model', number(4, 256, 1), false),
  layers: at('model', number(1, 6, 1), false),
  heads: at('model', number(1, 16, 1), false),
  context: at('model', number(4, 128, 1), false),
  sft: at('model', number(0, 20_000, 1), false),
  evalpairs: at('model', number(1, 1024, 1), false),
  every: at('model', number(1, 10_000, 1), false),
  samples: at('model', number(0, 512, 1), false),
} satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SETTINGS;
type ValueOf<S> = S extends { kind: 'number' } ? number : string;
export type Settings = { -readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

/** What a link says of the page rather than of the run: see link.ts. */
export const PAGE_KEYS = ['lang', 'lesson', 'hide', 'lock'] as const;

export const KEYS = Object.keys(SETTINGS) as SettingKey[];

// ---------------------------------------------------------------- defaults

const FIRST = SCENARIOS[0] as ScenarioStart;

/** The scenario as the engine describes it; the first one where the name is unknown. */
export const scenarioOf = (id: string): ScenarioStart => SCENARIOS.find((each) => each.id === id) ?? FIRST;

/** The run that a scenario starts from; `imported` is the one that suits the user's own pairs. */
function startOf(scenario: string, imported?: RunConfig): RunConfig {
  const config = (scenario === 'imported' ? imported : undefined) ?? scenarioOf(scenario).config;
  return {
    ...config,
    // Where the page departs from the command line: every step is shown, so that Step is one step, and an evaluation,
    // which costs as much as several steps, comes half as often.
    train: { ...config.train, frame_every: 1 },
    eval: { ...config.eval, every: Math.max(20, config.eval.every) },
  };
}

/** What a lane's parameter is where the config does not say. */
const fallback = (method: string, name: string): number => info(method)?.params.find((param) => param.id === name)?.default ?? 0;

/** The settings that describe a config, as far as this page has controls for them. */
export function fromConfig(given: RunConfig): Settings {
  // A recording made before a setting existed had what is its default now.
  const config: RunConfig = { ...given, data: { ...scenarioOf(given.data.scenario).config.data, ...given.data } };
  // Lanes that differ only in their seed are one lane on the controls.
  const seeds = [...new Set(config.lanes.map((lane) => lane.seed))];
  const kldpo = config.lanes.filter((lane) => lane.method === 'kldpo' && lane.seed === seeds[0]);
  const lane = (method: string): LaneConfig | undefined =>
    config.lanes.findLast((each) => each.method === method) ?? FIRST.config.lanes.find((each) => each.method === method);
  const param = (method: string, name: string): number => lane(method)?.params[name] ?? fallback(method, name);
  const form = (method: string): string => lane(method)?.form ?? formsOf(method)[0]?.id ?? '';
  const settings: Settings = {
    scenario: config.data.scenario,
    minority: config.data.mix.at(-1) ?? FIRST.config.data.mix.at(-1) ?? 0.1,
    marker: config.data.marker,
    flip: config.data.flip,
    labels: config.data.labels,
    major: config.data.emotions[0] ?? 'fear',
    minor: config.data.emotions[1] ?? 'anger',
    mixture: config.data.mixture,
    tokens: config.data.tokens,
    methods: METHODS.filter((id) => config.lanes.some((each) => each.method === id)).join(','),
    lanes: '',
    beta: config.lanes[0]?.params['beta'] ?? fallback('dpo', 'beta'),
    tau: param('kldpo', 'tau'),
    taus: kldpo.slice(0, -1).map((each) => each.params['tau'] ?? fallback('kldpo', 'tau')).join(','),
    radius: param('kldpo', 'radius'),
    rho: param('wdpo', 'rho'),
    klform: form('kldpo'),
    wform: form('wdpo'),
    lr: config.lanes[0]?.learning_rate ?? config.train.learning_rate,
    seed: config.seed,
    seeds: Math.max(1, Math.min(SETTINGS.seeds.max, seeds.length)),
    device: 'auto',
    cores: 0,
    steps: config.train.steps,
    batch: config.train.batch,
    pairs: config.data.pairs,
    d: config.model.d_model,
    layers: config.model.layers,
    heads: config.model.heads,
    context: config.model.context,
    sft: config.sft.steps,
    evalpairs: config.data.eval_pairs,
    every: config.eval.every,
    samples: config.eval.samples,
  };
  return { ...settings, lanes: listOf(config.lanes.filter((each) => each.seed === seeds[0]), settings) };
}

/** The list that describes these lanes; empty where the other settings do. */
function listOf(lanes: readonly LaneConfig[], settings: Settings): string {
  const value = (lane: LaneConfig, id: string): number | undefined => (id === 'lr' ? lane.learning_rate : lane.params[id]) ?? undefined;
  const full = (lane: LaneConfig): string =>
    JSON.stringify([lane.method, lane.form ?? formsOf(lane.method)[0]?.id, paramsOf(lane.method, lane.form).map(({ id }) => value(lane, id) ?? fallback(lane.method, id))]);
  const simple = laneSpecs(settings).map((spec) => laneOf(spec, settings));
  if (simple.length === lanes.length && simple.every((lane, i) => full(lane) === full(lanes[i]!))) return '';
  return writeLanes(
    lanes.slice(0, MOST_LANES).map((lane) => {
      const bare = laneOf({ method: lane.method, ...(lane.form ? { form: lane.form } : {}), params: {} }, settings);
      const own = [...paramsOf(lane.method, lane.form).map(({ id }) => id), 'lr'].flatMap((id) => {
        const [wanted, shared] = [value(lane, id) ?? (id === 'lr' ? settings.lr : fallback(lane.method, id)), value(bare, id) ?? fallback(lane.method, id)];
        return wanted === shared ? [] : [[id, wanted] as const];
      });
      return { method: lane.method, ...(lane.form ? { form: lane.form } : {}), params: Object.fromEntries(own) };
    }),
  );
}

export function defaults(scenario: string = FIRST.id): Settings {
  return fromConfig(startOf(scenario));
}

/** The same settings in another scenario: what was left at its default takes the new scenario's. */
export function moved(settings: Settings, scenario: string): Settings {
  const from = defaults(settings.scenario);
  const next = defaults(scenario) as Record<string, string | number>;
  for (const key of KEYS) if (key !== 'scenario' && settings[key] !== from[key]) next[key] = settings[key];
  return next as unknown as Settings;
}

export interface Notice {
  key: string;
  given: string;
  used: string;
  why: 'unknown' | 'range' | 'not-a-number' | 'not-an-option';
}

/** Brings one value into its limits; what cannot be read at all becomes the scenario's default. */
export function clamp(key: SettingKey, raw: string, scenario?: string): { value: string | number; why?: Notice['why'] } {
  const setting: Setting = SETTINGS[key];
  const missing = defaults(scenario)[key];
  if (setting.kind === 'number') {
    const given = raw.trim() === '' ? Number.NaN : Number(raw);
    if (!Number.isFinite(given)) return { value: missing, why: 'not-a-number' };
    const whole = Number.isInteger(setting.step) ? Math.round(given) : given;
    const value = Math.min(setting.max, Math.max(setting.min, whole));
    return value === given ? { value } : { value, why: 'range' };
  }
  if (setting.kind === 'list') {
    const wanted = new Set(raw.split(','));
    const kept = setting.options.filter((option) => wanted.has(option));
    if (kept.length === 0) return { value: missing, why: 'not-an-option' };
    const value = kept.join(',');
    return kept.length === wanted.size ? { value } : { value, why: 'not-an-option' };
  }
  if (setting.kind === 'lanes') {
    const { lanes, why } = readLanes(raw);
    return { value: writeLanes(lanes), ...(why ? { why } : {}) };
  }
  if (setting.kind === 'numbers') {
    const given = raw.split(',').filter((part) => part.trim() !== '');
    const used = given.slice(0, setting.most).map((part) => clamp(setting.of, part));
    const kept = used.filter((one) => one.why !== 'not-a-number').map((one) => one.value);
    const why = used.find((one) => one.why)?.why ?? (given.length > setting.most ? 'range' : undefined);
    return { value: kept.join(','), ...(why ? { why } : {}) };
  }
  return setting.options.includes(raw) ? { value: raw } : { value: missing, why: 'not-an-option' };
}

/** Settings from a URL's query or fragment; what could not be used as given is reported, never fatal. */
export function fromQuery(query: string): { settings: Settings; notices: Notice[] } {
  const notices: Notice[] = [];
  const seen = new URLSearchParams(query.replace(/^[?#]/, ''));
  const settings = defaults(String(clamp('scenario', seen.get('scenario') ?? FIRST.id).value));
  for (const [key, raw] of seen) {
    if ((PAGE_KEYS as readonly string[]).includes(key)) continue;
    const given = raw.slice(0, 60);
    if (!Object.hasOwn(SETTINGS, key)) {
      notices.push({ key: key.slice(0, 40), given, used: '', why: 'unknown' });
      continue;
    }
    const { value, why } = clamp(key as SettingKey, raw, settings.scenario);
    (settings as Record<string, string | number>)[key] = value;
    if (why) notices.push({ key, given, used: String(value), why });
  }
  return { settings, notices };
}

/** Only what differs from the scenario's defaults, in the order of the table. */
export function toQuery(settings: Settings): string {
  const out = new URLSearchParams();
  const base: Settings = { ...defaults(settings.scenario), scenario: FIRST.id };
  for (const key of KEYS) if (settings[key] !== base[key]) out.set(key, String(settings[key]));
  return out.toString();
}

// ---------------------------------------------------------------- the run's config

/** Training mix with the rarest (last) group at `minority`; the others keep their proportions. */
export function mixFor(base: readonly number[], minority: number): number[] {
  if (base.length < 2) return [1];
  const rest = base.slice(0, -1);
  const total = rest.reduce((sum, share) => sum + share, 0);
  const mix = rest.map((share) => round((1 - minority) * (total > 0 ? share / total : 1 / rest.length)));
  mix.push(round(1 - mix.reduce((sum, share) => sum + share, 0)));
  return mix;
}

const round = (value: number): number => Math.round(value * 1e9) / 1e9;

/** Shares of a scenario's groups where none are set; none are known of own pairs before the file is read. */
export const baseMix = (scenario: string, imported?: RunConfig): number[] => startOf(scenario, imported).data.mix;

/** The run that these settings describe; `imported` is the one that suits the user's own pairs. */
export function toConfig(s: Settings, imported?: RunConfig): RunConfig {
  const start = startOf(s.scenario, imported);
  const heads = s.d % s.heads === 0 ? s.heads : 1;
  const context = s.context === defaults(s.scenario).context ? start.model.context : s.context;
  return {
    ...start,
    seed: s.seed,
    data: { ...start.data, pairs: s.pairs, eval_pairs: s.evalpairs, mix: mixFor(start.data.mix, s.minority), marker: s.marker, flip: s.flip, labels: s.labels as RunConfig['data']['labels'], ...emotionsOf(s) },
    model: { ...start.model, d_model: s.d, layers: s.layers, heads, context },
    sft: { ...start.sft, steps: s.sft },
    lanes: laneSpecs(s).map((spec) => laneOf(spec, s)).flatMap((lane) => Array.from({ length: s.seeds }, (_, seed) => ({ ...lane, seed }))),
    train: { ...start.train, steps: s.steps, batch: s.batch },
    eval: { ...start.eval, every: s.every, samples: s.samples },
  };
}

/** The engine wants two different emotions; a link may ask for one twice. */
function emotionsOf(s: Settings): Pick<RunConfig['data'], 'emotions' | 'mixture' | 'tokens'> {
  const minor = s.minor === s.major ? (EMOTIONS.find((emotion) => emotion !== s.major) ?? 'anger') : s.minor;
  return { emotions: [s.major, minor], mixture: s.mixture as RunConfig['data']['mixture'], tokens: s.tokens as RunConfig['data']['tokens'] };
}

/** The lanes of these settings, as far as they differ from what is shared. */
export function laneSpecs(s: Settings): LaneSpec[] {
  if (s.lanes !== '') return readLanes(s.lanes).lanes;
  return s.methods.split(',').flatMap((method): LaneSpec[] => {
    if (method !== 'kldpo' || s.klform === 'radius') return [{ method, params: {} }];
    return [...s.taus.split(',').filter(Boolean).map((tau) => ({ method, params: { tau: Number(tau) } })), { method, params: {} }];
  });
}

/** These lanes as a setting: empty where `methods` and `taus` say the same. */
export function laneText(specs: readonly LaneSpec[], s: Settings): string {
  const text = writeLanes(specs);
  return text === writeLanes(laneSpecs({ ...s, lanes: '' })) ? '' : text;
}

/** The form of a lane: its own, or the one on the controls. */
export const formOf = (spec: LaneSpec, s: Settings): string | undefined =>
  spec.form ?? (spec.method === 'kldpo' ? s.klform : spec.method === 'wdpo' ? s.wform : undefined);

/** What a lane's parameter is where the lane does not say; undefined where that is the method's default. */
function shared(method: string, id: string, s: Settings): number | undefined {
  if (id === 'beta') return s.beta;
  if (method === 'kldpo') return id === 'tau' ? s.tau : id === 'radius' ? s.radius : undefined;
  return method === 'wdpo' && id === 'rho' ? s.rho : undefined;
}

/** A parameter's value in a lane. */
export const paramOf = (spec: LaneSpec, id: string, s: Settings): number =>
  spec.params[id] ?? (id === 'lr' ? s.lr : (shared(spec.method, id, s) ?? fallback(spec.method, id)));

/** A lane's config. It carries its own learning rate, so that changing it is a change of lanes, which needs no restart. */
export function laneOf(spec: LaneSpec, s: Settings): LaneConfig {
  const form = formOf(spec, s);
  const params = paramsOf(spec.method, form).flatMap(({ id }) => {
    const value = spec.params[id] ?? shared(spec.method, id, s);
    return value === undefined ? [] : [[id, value] as const];
  });
  return { method: spec.method, ...(form ? { form } : {}), params: Object.fromEntries(params), learning_rate: spec.params['lr'] ?? s.lr, seed: 0 };
}

/** The shapes that the shipped reference policies have. */
export function fitsReference(s: Settings): boolean {
  const base = defaults(s.scenario);
  return (['d', 'layers', 'heads', 'context'] as const).every((key) => s[key] === base[key]);
}

/** Whether a run under way can take the change of a setting. */
function isLive(key: SettingKey, running: Settings, edited: Settings): boolean {
  return key === 'lanes' ? sameLanes(laneSpecs(running), laneSpecs({ ...running, lanes: edited.lanes })) : SETTINGS[key].live;
}

/** Keys whose change needs a restart of the run, among those that differ. */
export function restartKeys(running: Settings, edited: Settings): SettingKey[] {
  return KEYS.filter((key) => running[key] !== edited[key] && !isLive(key, running, edited));
}

export function liveKeys(running: Settings, edited: Settings): SettingKey[] {
  return KEYS.filter((key) => running[key] !== edited[key] && isLive(key, running, edited));
}
