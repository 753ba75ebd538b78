// A finished run kept beside the one on show: its lines stay in ④ and its paths in ⑥, and one line says what was changed since.
import { fmt } from '../charts/format';
import { t } from '../i18n';
import type { Lab } from './lab.svelte';
import { RunData } from './run-data';
import { KEYS, type SettingKey, type Settings } from './settings';
import { worstValue } from './views';

export interface KeptRun {
  data: RunData;
  settings: Settings;
}

/** Settings that say nothing of how a run comes out. */
const SILENT: readonly SettingKey[] = ['device', 'cores'];

/** A copy that does not grow with the run. */
function snapshot(data: RunData): RunData {
  const copy = Object.assign(new RunData(), data);
  copy.said = [...data.said];
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
    void this.lab.pace.drawn.finding;
    const { run, lab } = this;
    if (!run) return '';
    if (run.data.started === lab.data.started) return t.keptSame;
    const changed = differences(run.settings, lab.running ?? lab.settings);
    const worst = (data: RunData, lanes: readonly number[] | undefined): number => {
      const last = data.evaluations.at(-1);
      return last && lanes ? worstValue(data, last, 'accuracy', lanes) : Number.NaN;
    };
    const nameOf = (data: RunData, lanes: readonly number[]): string => data.names[lanes[0] ?? 0] ?? '';
    const lanes = lab.data.families.flatMap((family, i) => {
      const name = nameOf(lab.data, family);
      // The same lane of the kept run: of the same name, or at the same place among as many.
      const same = run.data.families.find((each) => nameOf(run.data, each) === name);
      const before = same ?? (run.data.families.length === lab.data.families.length ? run.data.families[i] : undefined);
      const [a, b] = [worst(run.data, before), worst(lab.data, family)];
      return Number.isFinite(a) && Number.isFinite(b) ? [t.keptChange(name, fmt(a), fmt(b))] : [];
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
