// Lessons: the settings of a run, a question to answer before it, and what its own numbers answer. Their words are in the
// language tables (i18n/lessons-en.ts). `make lessons` runs each from several seeds and checks `found`.
import { fmt, pct } from '../charts/format';
import type { RunData } from '../state/run-data';
import { defaults, type Settings } from '../state/settings';
import { Facts } from './facts';

/** Which of the lesson's answers a run gives, and the numbers that say so. */
export interface Answer {
  answer: number;
  values: Record<string, string>;
}

export interface Lesson {
  id: string;
  settings: Partial<Settings> & Pick<Settings, 'scenario'>;
  /** The answer that the runs of seeds 1 to 3 gave; the page shows what its own run says instead. */
  found: number;
  measure(facts: Facts): Answer | undefined;
}

/** 0, 1 or 2: above the upper bound, between, below the lower one. */
const band = (value: number, low: number, high: number): number => (value > high ? 0 : value < low ? 2 : 1);

/** A robust lane's groups against DPO's, where DPO's path had come equally far; `answer` is given the differences. */
function atEqualKl(facts: Facts, method: string, answer: (rare: number, many: number) => number): Answer | undefined {
  const [dpo, lane] = [facts.lane('dpo'), facts.lane(method)];
  if (dpo === undefined || lane === undefined) return undefined;
  const kl = facts.kl(lane);
  const there = facts.accuracyAt(dpo, kl);
  if (!there) return undefined;
  const own = facts.values('accuracy', lane);
  const pick = (values: number[], g: number): string => fmt(values[g] ?? Number.NaN);
  return {
    answer: answer((own[facts.rare] ?? 0) - (there[facts.rare] ?? 0), (own[facts.many] ?? 0) - (there[facts.many] ?? 0)),
    values: { lane: facts.name(lane), kl: fmt(kl), rare: pick(own, facts.rare), dpoRare: pick(there, facts.rare), many: pick(own, facts.many), dpoMany: pick(there, facts.many) },
  };
}

export const LESSONS: readonly Lesson[] = [
  {
    id: 'majority',
    settings: { scenario: 'two-populations', methods: 'dpo,gr_dpo', steps: 200 },
    found: 2,
    measure(facts) {
      const dpo = facts.lane('dpo');
      if (dpo === undefined) return undefined;
      const [before, after] = [facts.reference(), facts.values('reward', dpo)];
      const [from, to] = [before[facts.rare] ?? Number.NaN, after[facts.rare] ?? Number.NaN];
      return {
        answer: band(to - from, -0.1, 0.1),
        values: { from: fmt(from), to: fmt(to), manyFrom: fmt(before[facts.many] ?? Number.NaN), manyTo: fmt(after[facts.many] ?? Number.NaN) },
      };
    },
  },
  {
    id: 'contested',
    settings: { scenario: 'two-populations', methods: 'dpo,kldpo,wdpo', tau: 0.25, steps: 200 },
    found: 1,
    measure: (facts) => atEqualKl(facts, 'kldpo', (rare, many) => (Math.min(rare, many) < -0.03 ? 1 : Math.min(rare, many) > 0.03 ? 0 : 2)),
  },
  {
    id: 'shortcut',
    settings: { scenario: 'shortcut', methods: 'dpo,kldpo', tau: 0.1, steps: 200 },
    found: 0,
    measure: (facts) => atEqualKl(facts, 'kldpo', (rare) => band(rare, -0.05, 0.05)),
  },
  {
    id: 'flipped',
    settings: { scenario: 'shortcut', methods: 'dpo,kldpo,gr_dpo,dr_dpo', tau: 0.1, flip: 0.1, steps: 200 },
    found: 1,
    measure(facts) {
      const [kldpo, dr] = [facts.lane('kldpo'), facts.lane('dr_dpo')];
      if (kldpo === undefined) return undefined;
      const flips = facts.flips(kldpo);
      const [share, mix] = [facts.shares(kldpo)[facts.rare] ?? 0, facts.data.mix[facts.rare] ?? 1];
      const [wrong, rare] = [flips.weight / flips.data, share / mix];
      return {
        answer: Math.max(wrong, rare) < 1.2 ? 2 : wrong >= rare ? 1 : 0,
        values: { wrong: pct(flips.weight), wrongData: pct(flips.data), rare: pct(share), rareData: pct(mix), dr: dr === undefined ? '–' : pct(facts.flips(dr).weight) },
      };
    },
  },
  {
    id: 'tiny-tau',
    settings: { scenario: 'two-populations', methods: 'dpo,kldpo', tau: 0.02, taus: '0.1', steps: 200 },
    found: 2,
    measure(facts) {
      const lane = facts.lane('kldpo', (params) => -(params['tau'] ?? 0));
      if (lane === undefined) return undefined;
      const size = facts.sampleSize(lane);
      const other = facts.lane('kldpo', (params) => params['tau'] ?? 0) ?? lane;
      return {
        answer: band(size, 3, 10),
        values: { lane: facts.name(lane), size: fmt(size), batch: String(facts.data.started?.config.train.batch ?? ''), other: facts.name(other), otherSize: fmt(facts.sampleSize(other)) },
      };
    },
  },
  {
    id: 'marker',
    settings: { scenario: 'two-populations', methods: 'dpo,kldpo,gr_dpo', marker: 1, tau: 0.25, steps: 300 },
    found: 0,
    measure(facts) {
      const [dpo, told] = [facts.lane('dpo'), facts.lane('gr_dpo')];
      if (dpo === undefined || told === undefined) return undefined;
      const [a, b] = [facts.values('accuracy', dpo), facts.values('accuracy', told)];
      const gain = (b[facts.rare] ?? 0) - (a[facts.rare] ?? 0);
      const price = (a[facts.many] ?? 0) - (b[facts.many] ?? 0);
      return { answer: price < 0.08 ? 0 : price < 0.2 ? 1 : 2, values: { gain: fmt(gain), price: fmt(price) } };
    },
  },
  {
    id: 'nothing',
    settings: { scenario: 'two-populations', methods: 'dpo,kldpo', minority: 0.5, marker: 1, tau: 0.1, steps: 200 },
    found: 0,
    measure(facts) {
      const [dpo, kldpo] = [facts.lane('dpo'), facts.lane('kldpo')];
      if (dpo === undefined || kldpo === undefined) return undefined;
      const [a, b] = [facts.nominal(dpo), facts.nominal(kldpo)];
      const answer = a - b > 0.05 ? 0 : b - a > 0.05 ? 1 : 2;
      return { answer, values: { dpo: fmt(a), lane: facts.name(kldpo), kldpo: fmt(b), dpoKl: fmt(facts.kl(dpo)), kl: fmt(facts.kl(kldpo)) } };
    },
  },
  {
    id: 'wasserstein',
    settings: { scenario: 'two-populations', methods: 'dpo,wdpo', rho: 0.2, steps: 200 },
    found: 1,
    measure(facts) {
      const equal = atEqualKl(facts, 'wdpo', () => 1);
      const [dpo, wdpo] = [facts.lane('dpo'), facts.lane('wdpo')];
      if (dpo === undefined || wdpo === undefined) return undefined;
      const ratio = facts.kl(wdpo) / facts.kl(dpo);
      return { answer: band(ratio, 0.2, 0.8), values: { rare: '–', dpoRare: '–', ...equal?.values, lane: facts.name(wdpo), kl: fmt(facts.kl(wdpo)), dpoKl: fmt(facts.kl(dpo)) } };
    },
  },
  {
    id: 'regions',
    settings: { scenario: 'regions', methods: 'dpo,kldpo,gr_dpo', tau: 0.1, steps: 300 },
    found: 2,
    measure(facts) {
      const [told, kldpo] = [facts.lane('gr_dpo'), facts.lane('kldpo')];
      if (told === undefined || kldpo === undefined) return undefined;
      const share = facts.shares(told)[facts.rare] ?? 0;
      const mix = facts.data.mix[facts.rare] ?? 1;
      return { answer: band(share / mix, 0.75, 1.25), values: { share: pct(share), mix: pct(mix), kldpo: pct(facts.shares(kldpo)[facts.rare] ?? 0) } };
    },
  },
  {
    id: 'flatter',
    settings: { scenario: 'emotion', methods: 'dpo,kldpo', tau: 0.1, steps: 200 },
    found: 1,
    measure(facts) {
      const [dpo, kldpo] = [facts.lane('dpo'), facts.lane('kldpo')];
      if (dpo === undefined || kldpo === undefined) return undefined;
      const [[dpoNear, dpoFar], [near, far]] = [facts.ends(dpo), facts.ends(kldpo)];
      const there = facts.endsAt(dpo, facts.kl(kldpo));
      return {
        answer: band(far - dpoFar, -0.05, 0.05),
        values: {
          dpoNear: fmt(dpoNear), dpoFar: fmt(dpoFar), lane: facts.name(kldpo), near: fmt(near), far: fmt(far), dpoKl: fmt(facts.kl(dpo)), kl: fmt(facts.kl(kldpo)),
          thereNear: there ? fmt(there[0]!) : '–', thereFar: there ? fmt(there[1]!) : '–',
        },
      };
    },
  },
  {
    id: 'clean-labels',
    settings: { scenario: 'emotion', labels: 'arg-max', methods: 'dpo,kldpo,wdpo', beta: 0.1, tau: 0.1, rho: 0.1, steps: 200 },
    found: 0,
    measure(facts) {
      const lanes = ['dpo', 'kldpo', 'wdpo'].map((method) => facts.lane(method));
      if (lanes.some((lane) => lane === undefined)) return undefined;
      const [dpo, kldpo, wdpo] = lanes.map((lane) => facts.ends(lane!));
      const far = [dpo, kldpo, wdpo].map((ends) => ends![1]);
      const said = (ends: [number, number] | undefined): string => `${fmt(ends![0])} → ${fmt(ends![1])}`;
      return {
        answer: far.indexOf(Math.max(...far)),
        values: {
          dpo: said(dpo), kldpo: said(kldpo), wdpo: said(wdpo), kldpoName: facts.name(lanes[1]!), wdpoName: facts.name(lanes[2]!),
          dpoKl: fmt(facts.kl(lanes[0]!)), kldpoKl: fmt(facts.kl(lanes[1]!)), wdpoKl: fmt(facts.kl(lanes[2]!)),
        },
      };
    },
  },
  {
    id: 'closed-form',
    settings: { scenario: 'tabular' },
    found: 1,
    measure(facts) {
      // The lane whose τ is nearest 1.
      const [dpo, kldpo] = [facts.lane('dpo'), facts.lane('kldpo', (params) => -Math.abs(Math.log(params['tau'] ?? 1)))];
      if (dpo === undefined || kldpo === undefined) return undefined;
      const tilt = (lane: number): number => facts.param(lane, 'beta') * (facts.values('margin', lane)[facts.many] ?? Number.NaN);
      const [a, b, tau] = [tilt(dpo), tilt(kldpo), facts.param(kldpo, 'tau')];
      const p = facts.data.mix[facts.rare] ?? 0.5;
      const exact = Math.log((1 - p) / p);
      const answer = b < 0 ? 2 : b < 0.95 * a ? 1 : 0;
      return { answer, values: { dpo: fmt(a), exact: fmt(exact), tau: fmt(tau), kldpo: fmt(b), kldpoExact: fmt(exact / (1 + 1 / tau)) } };
    },
  },
];

export const lessonOf = (id: string): Lesson | undefined => LESSONS.find((each) => each.id === id);

/** The settings that a lesson begins with. */
export function settingsOf(id: string): Settings | undefined {
  const lesson = lessonOf(id);
  return lesson ? { ...defaults(lesson.settings.scenario), ...lesson.settings } : undefined;
}

/** What a finished run says to a lesson's question; undefined where it lacks the lanes or has not ended. */
export function answerOf(id: string, data: RunData): Answer | undefined {
  const lesson = lessonOf(id);
  const fits = lesson && data.finished && data.evaluations.length > 1 && data.started?.config.data.scenario === lesson.settings.scenario;
  return fits ? lesson.measure(new Facts(data)) : undefined;
}
