// A finished run kept beside the one on show: its paths stay in ⑥, and one line says what was changed since.
import { fmt } from '../charts/format';
import { t } from '../i18n';
import { metricValues } from './derive';
import type { Lab } from './lab.svelte';
import { RunData } from './run-data';
import { KEYS, type SettingKey, type Settings } from './settings';

export interface KeptRun {
  data: RunData;
  settings: Settings;
}

/** Settings that say nothing of how a run comes out. */
const SILENT: readonly SettingKey[] = ['device', 'cores'];

/** A copy that does not grow with the run. */
function snapshot(data: RunData): RunData {
  const copy = Object.assign(new RunData(), data);
  copy.names = [...data.names];
  copy.frames = [...data.frames];
  copy.evaluations = [...data.evaluations];
  return copy;
}

export class Kept {
  run = $state.raw<KeptRun | undefined>(undefined);

  constructor(private readonly lab: Lab) {}

  keep(): void {
    const { data, running } = this.lab;
    if (data.started && running) this.run = { data: snapshot(data), settings: { ...running } };
  }

  drop(): void {
    this.run = undefined;
  }

  /** What differs between the kept run and the one on show, and what became of the worst group. */
  readonly line = $derived.by(() => {
    void this.lab.version;
    const { run, lab } = this;
    if (!run) return '';
    if (run.data.started === lab.data.started) return t.keptSame;
    const changed = differences(run.settings, lab.running ?? lab.settings);
    const worst = (data: RunData, lane: number): number => {
      const last = data.evaluations.at(-1);
      return last ? Math.min(...metricValues(last, 'accuracy', lane, data.lanes)) : Number.NaN;
    };
    const lanes = lab.data.names.flatMap((name, lane) => {
      // The same lane of the kept run: of the same name, or at the same place among as many.
      const before = run.data.names.includes(name) ? run.data.names.indexOf(name) : run.data.lanes === lab.data.lanes ? lane : -1;
      const [a, b] = [worst(run.data, before), worst(lab.data, lane)];
      return before >= 0 && Number.isFinite(a) && Number.isFinite(b) ? [t.keptChange(name, fmt(a), fmt(b))] : [];
    });
    return t.keptLine(changed.length > 0 ? t.list(changed) : t.keptNothing, t.list(lanes));
  });
}

/** "τ 0.1 → 0.5" for every setting that differs. */
export function differences(from: Settings, to: Settings): string[] {
  return KEYS.filter((key) => !SILENT.includes(key) && from[key] !== to[key]).map((key) => {
    const word = (value: string | number): string => (value === '' ? t.tausNone : key === 'scenario' ? t.scenario(String(value)).name : String(value));
    return t.keptChange(t.knobs[key]?.label ?? key, word(from[key]), word(to[key]));
  });
}
