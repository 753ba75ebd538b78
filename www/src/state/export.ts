// The run on show as files, and as the command that makes it again.
import { SCENARIOS } from '../engine/catalog';
import type { Event, RunConfig } from '../engine/types';
import { metricValues } from './derive';
import type { RunData } from './run-data';
import type { Settings } from './settings';
import { toTrace } from './trace';

/** Everything about a run in one JSON object: config, seed, versions, device, metrics, and the lines of its trace. */
export function runJson(data: RunData, settings: Settings, link: string, changedLive: boolean): string {
  const { started } = data;
  if (!started) return '';
  const trace = toTrace(data).split('\n').filter(Boolean).map((line) => JSON.parse(line) as Event);
  return JSON.stringify({
    format: 'prefshift-run/1',
    version: started.version,
    device: started.device,
    seed: started.config.seed,
    config: started.config,
    settings,
    settings_changed_while_it_ran: changedLive,
    link,
    command: commandLine(started.config),
    metrics: metricRows(data),
    trace,
  });
}

export interface MetricRow {
  step: number;
  lane: number;
  name: string;
  method: string;
  seed: number;
  group: string;
  /** Named as in TRL, where it has the metric. */
  'rewards/accuracies': number;
  /** Mean log-ratio, chosen − rejected, in nats. */
  log_ratio_margin: number;
  /** Reward of fresh samples and its standard error; absent where none are drawn. */
  reward: number | null;
  reward_se: number | null;
  /** From the reference policy, in nats per completion; absent where it is not measured. */
  kl: number | null;
}

/** One row per evaluation, lane and group. */
export function metricRows(data: RunData): MetricRow[] {
  const groups = data.started?.groups ?? [];
  return data.evaluations.flatMap((evaluation) =>
    data.said.flatMap((name, lane) => {
      const [accuracy, margin, reward] = (['accuracy', 'margin', 'reward'] as const).map((metric) => metricValues(evaluation, metric, lane, data.lanes));
      const config = data.started?.config.lanes[lane];
      return groups.map((group, g) => ({
        step: evaluation.step,
        lane,
        name,
        method: config?.method ?? '',
        seed: config?.seed ?? 0,
        group: group.name,
        'rewards/accuracies': accuracy?.[g] ?? Number.NaN,
        log_ratio_margin: margin?.[g] ?? Number.NaN,
        reward: reward?.[g] ?? null,
        reward_se: evaluation.reward_se[lane * groups.length + g] ?? null,
        kl: evaluation.kl[lane] ?? null,
      }));
    }),
  );
}

/** The same rows as comma-separated values (RFC 4180). */
export function metricsCsv(data: RunData): string {
  const rows = metricRows(data);
  const columns = Object.keys(rows[0] ?? {}) as (keyof MetricRow)[];
  const cell = (value: string | number | null): string => {
    const text = value === null ? '' : String(value);
    // What a spreadsheet would take for a formula is made plain text; a number is one already.
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.map(cell), ...rows.map((row) => columns.map((column) => cell(row[column])))].map((line) => `${line.join(',')}\r\n`).join('');
}

/** The command that trains this run natively, to be called at the root of the repository; `texts` says that its texts are the user's own. */
export function commandLine(config: RunConfig, shipped: readonly string[] = [], texts = false): string {
  const { scenario } = config.data;
  const known = SCENARIOS.find((each) => each.id === scenario)?.config;
  const words = ['prefshift', 'train', ...(scenario === 'imported' ? ['--data', 'YOUR-PAIRS.jsonl'] : texts ? ['--data', 'YOUR-TEXTS.csv'] : ['--scenario', scenario])];
  if (config.seed !== known?.seed) words.push('--seed', String(config.seed));
  const fits = known !== undefined && (['d_model', 'layers', 'heads', 'context'] as const).every((key) => config.model[key] === known.model[key]);
  if (config.model.policy === 'gpt' && shipped.includes(scenario) && fits && !texts) words.push('--reference', `www/public/reference/${scenario}.safetensors`);
  for (const part of ['data', 'model', 'sft', 'train', 'eval'] as const) {
    const from = known?.[part] as Record<string, unknown> | undefined;
    for (const [key, value] of Object.entries(config[part] as Record<string, unknown>)) {
      if (key === 'scenario' || JSON.stringify(value) === JSON.stringify(from?.[key])) continue;
      words.push('--set', quoted(`${part}.${key}=${JSON.stringify(value)}`));
    }
  }
  words.push('--set', quoted(`lanes=${JSON.stringify(config.lanes)}`));
  return words.join(' ');
}

/** A word for a POSIX shell. */
const quoted = (word: string): string => (/^[\w./=,:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
