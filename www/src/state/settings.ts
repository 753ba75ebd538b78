// Every setting of the page, once: the URL, the limits, the controls and the config all read this table.
import type { LaneConfig, RunConfig, Scenario } from '../engine/types';
import type { ScenarioInfo } from '../engine/protocol';

export interface NumberSetting {
  kind: 'number';
  default: number;
  min: number;
  max: number;
  step: number;
  scale: 'linear' | 'log';
  /** Takes effect on the next step of a run under way; otherwise the run restarts. */
  live: boolean;
}

export interface ChoiceSetting {
  kind: 'choice';
  default: string;
  options: readonly string[];
  live: boolean;
}

/** A comma-separated selection, in the order of the options. */
export interface ListSetting {
  kind: 'list';
  default: string;
  options: readonly string[];
  live: boolean;
}

export type Setting = NumberSetting | ChoiceSetting | ListSetting;

const number = (
  value: number,
  min: number,
  max: number,
  step: number,
  more: { scale?: 'log'; live?: boolean } = {},
): NumberSetting => ({ kind: 'number', default: value, min, max, step, scale: more.scale ?? 'linear', live: more.live ?? false });

const choice = (value: string, options: readonly string[], live = false): ChoiceSetting => ({ kind: 'choice', default: value, options, live });

export const METHODS = ['dpo', 'kldpo', 'wdpo', 'gr_dpo', 'dr_dpo'] as const;

export const SETTINGS = {
  scenario: choice('two-populations', ['two-populations', 'shortcut', 'regions', 'tabular', 'imported']),
  minority: number(0.1, 0.01, 0.99, 0.01),
  marker: number(0, 0, 1, 0.05),
  flip: number(0, 0, 0.5, 0.01),
  methods: { kind: 'list', default: 'dpo,kldpo,wdpo', options: METHODS, live: false } satisfies ListSetting,
  beta: number(0.5, 0.01, 5, 0.01, { scale: 'log', live: true }),
  tau: number(0.1, 0.02, 20, 0.01, { scale: 'log', live: true }),
  rho: number(0.2, 0, 10, 0.05, { live: true }),
  klform: choice('normalized', ['normalized', 'authors']),
  wform: choice('algorithm1', ['algorithm1', 'appendix_f']),
  lr: number(0.0002, 0.00001, 1, 0.00001, { scale: 'log', live: true }),
  seed: number(1, 0, 4_294_967_295, 1),
  device: choice('auto', ['auto', 'webgpu', 'cpu']),
  steps: number(300, 1, 100_000, 1, { live: true }),
  batch: number(16, 1, 256, 1),
  pairs: number(512, 4, 16_384, 1),
  // Shape of the model and size of the evaluation: set by tests and by slow machines.
  d: number(64, 4, 256, 1),
  layers: number(2, 1, 6, 1),
  heads: number(4, 1, 16, 1),
  context: number(24, 4, 128, 1),
  sft: number(600, 0, 20_000, 1),
  evalpairs: number(64, 1, 1024, 1),
  every: number(20, 1, 10_000, 1),
  samples: number(32, 0, 512, 1),
} satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SETTINGS;
type ValueOf<S> = S extends { kind: 'number' } ? number : string;
export type Settings = { -readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

export const KEYS = Object.keys(SETTINGS) as SettingKey[];

/** Where a scenario starts from something else than the table's defaults. */
const SCENARIO_DEFAULTS: Record<string, Partial<Settings>> = {
  regions: { minority: 0.05 },
  tabular: { methods: 'dpo,kldpo', beta: 0.1, lr: 0.2, steps: 800, batch: 20, pairs: 20, every: 100, samples: 0, context: 16 },
};

export function defaults(scenario: string = SETTINGS.scenario.default): Settings {
  const table = Object.fromEntries(KEYS.map((key) => [key, SETTINGS[key].default])) as unknown as Settings;
  return { ...table, ...(Object.hasOwn(SCENARIO_DEFAULTS, scenario) ? SCENARIO_DEFAULTS[scenario] : {}), scenario };
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

/** Brings one value into its limits. `undefined` means that it cannot be read at all. */
export function clamp(key: SettingKey, raw: string): { value: string | number; why?: Notice['why'] } {
  const setting: Setting = SETTINGS[key];
  if (setting.kind === 'number') {
    const given = raw.trim() === '' ? Number.NaN : Number(raw);
    if (!Number.isFinite(given)) return { value: setting.default, why: 'not-a-number' };
    const whole = Number.isInteger(setting.step) ? Math.round(given) : given;
    const value = Math.min(setting.max, Math.max(setting.min, whole));
    return value === given ? { value } : { value, why: 'range' };
  }
  if (setting.kind === 'list') {
    const wanted = new Set(raw.split(','));
    const kept = setting.options.filter((option) => wanted.has(option));
    if (kept.length === 0) return { value: setting.default, why: 'not-an-option' };
    const value = kept.join(',');
    return kept.length === wanted.size ? { value } : { value, why: 'not-an-option' };
  }
  return setting.options.includes(raw) ? { value: raw } : { value: setting.default, why: 'not-an-option' };
}

/** Settings from a URL's query or fragment; what could not be used as given is reported, never fatal. */
export function fromQuery(query: string): { settings: Settings; notices: Notice[] } {
  const notices: Notice[] = [];
  const seen = new URLSearchParams(query.replace(/^[?#]/, ''));
  const settings = defaults(String(clamp('scenario', seen.get('scenario') ?? SETTINGS.scenario.default).value));
  for (const [key, raw] of seen) {
    const given = raw.slice(0, 60);
    if (!Object.hasOwn(SETTINGS, key)) {
      notices.push({ key: key.slice(0, 40), given, used: '', why: 'unknown' });
      continue;
    }
    const { value, why } = clamp(key as SettingKey, raw);
    (settings as Record<string, string | number>)[key] = value;
    if (why) notices.push({ key, given, used: String(value), why });
  }
  return { settings, notices };
}

/** Only what differs from the scenario's defaults, in the order of the table. */
export function toQuery(settings: Settings): string {
  const out = new URLSearchParams();
  const base: Settings = { ...defaults(settings.scenario), scenario: SETTINGS.scenario.default };
  for (const key of KEYS) if (settings[key] !== base[key]) out.set(key, String(settings[key]));
  return out.toString();
}

// ---------------------------------------------------------------- the run's config

/** Scenarios as they are known before the engine has said so itself. */
export const FALLBACK_MIX: Record<string, number[]> = {
  'two-populations': [0.9, 0.1],
  shortcut: [0.9, 0.1],
  tabular: [0.9, 0.1],
  regions: [0.45, 0.3, 0.2, 0.05],
  imported: [0.9, 0.1],
};

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

/** The run that these settings describe; `imported` is the one that suits the user's own pairs. */
export function toConfig(s: Settings, scenarios: readonly ScenarioInfo[] = [], imported?: RunConfig): RunConfig {
  const own = s.scenario === 'imported' ? imported : undefined;
  const base = own?.data.mix ?? scenarios.find((info) => info.id === s.scenario)?.mix ?? FALLBACK_MIX[s.scenario] ?? [0.9, 0.1];
  const tabular = s.scenario === 'tabular';
  const heads = s.d % s.heads === 0 ? s.heads : 1;
  return {
    seed: s.seed,
    data: {
      scenario: s.scenario as Scenario,
      pairs: s.pairs,
      eval_pairs: s.evalpairs,
      mix: mixFor(base, s.minority),
      marker: s.marker,
      flip: s.flip,
      labels: 'bradley-terry',
      reward_scale: 4,
    },
    model: { policy: tabular ? 'tabular' : 'gpt', d_model: s.d, layers: s.layers, heads, context: own && s.context === SETTINGS.context.default ? own.model.context : s.context, tied: false },
    sft: { steps: s.sft, batch: 32, learning_rate: 0.003, bundled: s.scenario !== 'imported' },
    lanes: s.methods.split(',').map((method) => lane(method, s)),
    train: {
      steps: s.steps,
      batch: s.batch,
      // Each lane carries its own rate, so that changing it is a change of lanes, which needs no restart.
      learning_rate: SETTINGS.lr.default,
      warmup: 10,
      schedule: tabular ? 'cosine' : 'constant',
      weight_decay: 0,
      clip: tabular ? 1e6 : 1,
      frame_every: tabular ? 4 : 1,
    },
    eval: { every: s.every, samples: s.samples, temperature: 1, top_k: 0, top_p: 1 },
  };
}

function lane(method: string, s: Settings): LaneConfig {
  const params: Record<string, number> = { beta: s.beta };
  if (method === 'kldpo') params['tau'] = s.tau;
  if (method === 'wdpo') params['rho'] = s.rho;
  const form = method === 'kldpo' ? s.klform : method === 'wdpo' ? s.wform : undefined;
  return { method, ...(form ? { form } : {}), params, learning_rate: s.lr, seed: 0 };
}

/** Settings that a recorded run was made with, as far as this page has controls for them. */
export function fromConfig(config: RunConfig): Settings {
  const s = defaults(config.data.scenario);
  const param = (method: string, name: string): number | undefined => config.lanes.find((l) => l.method === method)?.params[name];
  s.minority = config.data.mix.at(-1) ?? s.minority;
  s.marker = config.data.marker;
  s.flip = config.data.flip;
  s.methods = METHODS.filter((id) => config.lanes.some((l) => l.method === id)).join(',');
  s.beta = config.lanes[0]?.params['beta'] ?? s.beta;
  s.tau = param('kldpo', 'tau') ?? s.tau;
  s.rho = param('wdpo', 'rho') ?? s.rho;
  s.lr = config.lanes[0]?.learning_rate ?? config.train.learning_rate;
  s.seed = config.seed;
  s.steps = config.train.steps;
  s.batch = config.train.batch;
  s.pairs = config.data.pairs;
  return s;
}

/** The shapes that the shipped reference policies have. */
export function fitsReference(s: Settings): boolean {
  const base = defaults(s.scenario);
  return (['d', 'layers', 'heads', 'context'] as const).every((key) => s[key] === base[key]);
}

/** Keys whose change needs a restart of the run, among those that differ. */
export function restartKeys(running: Settings, edited: Settings): SettingKey[] {
  return KEYS.filter((key) => !SETTINGS[key].live && running[key] !== edited[key]);
}

export function liveKeys(running: Settings, edited: Settings): SettingKey[] {
  return KEYS.filter((key) => SETTINGS[key].live && running[key] !== edited[key]);
}
