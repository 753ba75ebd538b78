// Recordings and links of any content, damaged at random: each is opened or refused in a sentence, and what is opened can be
// drawn. Some hundred here; `make fuzz` goes on for two minutes each (PREFSHIFT_FUZZ_SECONDS) from another seed each time
// (PREFSHIFT_FUZZ_SEED repeats one).
import { describe, expect, it } from 'vitest';
import recording from '../../public/demo.trace.jsonl?raw';
import { openExport, openTrace } from '../engine/trace-check';
import { readLink, readSettings, writeLink } from './link';
import { RunData } from './run-data';
import { defaults, fromQuery, KEYS, SETTINGS, toConfig, toQuery, type Settings } from './settings';
import { barsView, finding, groupStyles, metricDomain, planeView, sharesView, shiftView, verdicts } from './views';

// The page knows no Node; its tests run in it.
declare const process: { env: Record<string, string | undefined> };

const seconds = Number(process.env['PREFSHIFT_FUZZ_SECONDS'] ?? 0);
const first = Number(process.env['PREFSHIFT_FUZZ_SEED'] ?? (seconds > 0 ? Date.now() : 7)) % 2_147_483_646 + 1;

const TOKENS = [
  'null', 'true', '-1', '-0', '1e999', '-1e999', 'NaN', 'Infinity', '18446744073709551615', '9007199254740993', '1e-400', '0.1', '""', '[]', '{}', '[[[[[[[[', '{"a":', '\\u0000',
  '\\ud800', '\uFEFF', '\u202E', '\n', '\u2028', '<script>alert(1)</script>', '","__proto__":{"x":1},"', 'constructor', '\0', 'é', '🦀', ',', ':', '"', '%', '%ff', '%00', '&', '=', '#', '+', ';', '|', '*',
];

type Random = (below: number) => number;

/** One to four places of `text` damaged; `other` lends a part. */
function damage(random: Random, text: string, other: string): string {
  let out = text;
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(out.length + 1);
    const end = Math.min(out.length, at + 1 + random([1, 8, 64, out.length + 1][random(4)]!));
    const from = random(other.length + 1);
    const middle = [
      '',
      out.slice(at, end) + out.slice(at, end),
      other.slice(from, from + 1 + random(200)),
      String.fromCharCode(random(0x10000)),
      '[{"0 &'[random(6)]!.repeat(1 + random(3_000)),
      TOKENS[random(TOKENS.length)]!,
    ][random(6)]!;
    out = random(12) === 0 ? out.slice(0, at) : out.slice(0, at) + middle + out.slice(random(3) === 0 ? at : end);
  }
  return out;
}

/** Gives damaged texts to `read`, which says whether a text was good, until the time is up. */
function feed(name: string, seeds: readonly string[], read: (text: string) => boolean): void {
  let state = first;
  const random: Random = (below) => (state = (state * 48_271) % 2_147_483_647) % below;
  for (const seed of seeds) expect(read(seed), `${name}: as it was`).toBe(true);
  const until = performance.now() + seconds * 1000;
  let [tried, good] = [0, 0];
  for (; seconds > 0 ? performance.now() < until : tried < 400; tried += 1) {
    const text = damage(random, seeds[random(seeds.length)]!, seeds[random(seeds.length)]!);
    try {
      if (read(text)) good += 1;
    } catch (thrown) {
      throw new Error(`${name}, seed ${first}, text ${tried}: ${String((thrown as Error).message ?? thrown)}\n${text.slice(0, 2_000)}`, { cause: thrown });
    }
  }
  if (seconds > 0) console.log(`${name}: ${tried} texts, ${good} of them still good`);
  expect(good).toBeLessThan(tried);
}

/** Everything that the page makes of a run. */
function draw(text: string, open: (text: string) => ReturnType<typeof openTrace>): boolean {
  let events;
  try {
    events = open(text);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'trace' });
    const { message } = thrown as { message: string };
    expect(message.length > 0 && message.length < 2_100, message.slice(0, 100)).toBe(true);
    return false;
  }
  const data = new RunData();
  for (const event of events) data.add(event);
  const groups = groupStyles(data);
  for (const metric of ['accuracy', 'margin', 'reward'] as const) {
    finding(data, metric, undefined);
    shiftView(data, metric, undefined, groups, 0, 0.5);
    for (const against of [{ kind: 'worst' }, { kind: 'alpha', target: 0, alpha: 1 }] as const) {
      planeView(data, metric, 2, against, groups);
      verdicts(data, metric, undefined, against);
    }
    for (let lane = 0; lane < data.lanes; lane += 1) barsView(data, lane, metric, 1, groups, metricDomain(data, metric));
  }
  for (let lane = 0; lane < data.lanes; lane += 1) sharesView(data, lane, 'factor', undefined, groups);
  return true;
}

/** Whether every setting is one that its control could have. */
function allowed(settings: Settings): void {
  for (const key of KEYS) {
    const [setting, value] = [SETTINGS[key], settings[key]];
    if (setting.kind === 'number') expect(typeof value === 'number' && value >= setting.min && value <= setting.max, `${key}: ${value}`).toBe(true);
    if (setting.kind === 'choice') expect((setting.options as readonly string[]).includes(String(value)), `${key}: ${value}`).toBe(true);
    if (setting.kind === 'list') for (const each of String(value).split(',')) expect((setting.options as readonly string[]).includes(each), `${key}: ${value}`).toBe(true);
  }
}

describe('damaged at random', { timeout: (seconds + 60) * 1000 }, () => {
  const events = recording.split('\n').filter(Boolean);
  const kind = (line: string): string => (JSON.parse(line) as { event: string }).event;
  const short = events.filter((line, i) => !['frame', 'evaluation', 'progress'].includes(kind(line)) || events.slice(0, i).filter((other) => kind(other) === kind(line)).length < 3);

  it('recordings', () => {
    feed('recording', [short.join('\n')], (text) => draw(text, openTrace));
  });

  it('exported runs', () => {
    const run = JSON.stringify({ format: 'prefshift-run/1', trace: short.slice(0, 6).map((line) => JSON.parse(line) as unknown) });
    feed('exported run', [run], (text) => draw(text, openExport));
  });

  it('links', () => {
    const full = (scenario: string): string => KEYS.map((key) => `${key}=${encodeURIComponent(String(defaults(scenario)[key]))}`).join('&');
    const seeds = [
      '#scenario=shortcut&lanes=dpo;kldpo:tau=0.3;wdpo/appendix_f:lr=0.001&hide=plane,seed&lock=tau&lang=ja', `?${full('two-populations')}`, full('emotion'),
      writeLink({ ...defaults('regions'), tau: 0.3, lr: 0.002 }, { lang: 'ja', lesson: 'one', hide: ['plane'], lock: ['tau'] }),
    ];
    feed('link', seeds, (text) => {
      const { settings, notices } = fromQuery(text);
      allowed(settings);
      const { link, notices: more } = readLink(text, ['one']);
      for (const notice of [...notices, ...more]) expect(notice.given.length <= 60 && notice.key.length <= 40).toBe(true);
      allowed(readSettings(text, defaults('shortcut')).settings);
      // What was read can be written, and then is read as it is, without a word.
      expect(fromQuery(toQuery(settings))).toEqual({ settings, notices: [] });
      expect(readLink(writeLink(settings, link), ['one'])).toEqual({ link, notices: [] });
      expect(JSON.stringify(toConfig(settings))).not.toContain('null,');
      return notices.length + more.length === 0;
    });
  });
});
