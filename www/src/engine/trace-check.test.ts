import { describe, expect, it } from 'vitest';
import text from '../../public/demo.trace.jsonl?raw';
import { openExport, openTrace } from './trace-check';


const lines = text.split('\n').filter(Boolean);
const kinds = lines.map((line) => (JSON.parse(line) as { event: string }).event);
// The start, a frame, an evaluation and the end are enough to break.
const short = [0, kinds.indexOf('evaluation'), kinds.indexOf('frame'), kinds.lastIndexOf('done')].filter((i) => i >= 0).map((i) => lines[i]!);

describe('openTrace', () => {
  it('opens what the command line recorded', () => {
    expect(openTrace(text)).toHaveLength(lines.length);
  });

  it('refuses, naming the event, whatever has another type or length than it should', () => {
    const junk: unknown[] = [null, 7, -1, 1e999, 'text', '<img src=x onerror=alert(1)>', [], [null], {}, [['a']], true, 'x'.repeat(5000)];
    let tried = 0;
    let refused = 0;
    short.forEach((line, at) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      for (const key of Object.keys(event).filter((each) => each !== 'event')) {
        for (const value of [...junk, undefined]) {
          const broken = [...short];
          broken[at] = JSON.stringify({ ...event, [key]: value });
          tried += 1;
          try {
            // What passes is harmless: text where text is shown, a number where a number is.
            const was = event[key];
            openTrace(broken.join('\n'));
            const seen = JSON.parse(broken[at]) as Record<string, unknown>;
            expect([typeof seen[key], Array.isArray(seen[key])], `${String(event['event'])}.${key}: ${JSON.stringify(value)}`).toEqual([typeof was, Array.isArray(was)]);
          } catch (thrown) {
            if (thrown instanceof Error) throw thrown;
            refused += 1;
            expect(thrown).toMatchObject({ code: 'trace', message: expect.stringMatching(/^event \d+: |^recorded run, line \d+: /) as string });
          }
        }
      }
    });
    expect(tried).toBeGreaterThan(300);
    expect(refused / tried).toBeGreaterThan(0.8);
  });

  it('opens a run that was exported as JSON, and says what else is not one', () => {
    const trace = lines.map((line) => JSON.parse(line) as unknown);
    expect(openExport(JSON.stringify({ format: 'prefshift-run/1', trace }))).toHaveLength(lines.length);
    for (const bad of ['', '{', '7', '[]', '{"trace":7}', '{"trace":[]}', '{"trace":[null]}', '{"trace":["x"]}', '{"trace":[{"event":"frame"}]}']) {
      expect(() => openExport(bad), bad).toThrow(expect.objectContaining({ code: 'trace' }));
    }
  });

  it('takes what the emotion experiment made, whose pairs frames then name, and its curves, or says what is wrong with them', () => {
    const [start, evaluation, frame] = short.map((line) => JSON.parse(line) as Record<string, unknown>);
    const lanes = (start!['lanes'] as string[]).length;
    const pair = { prompt: 'i am', chosen: 'afraid', rejected: 'angry', group: 0, flipped: false, rewards: [0.9, 0.1, 0.1, 0.9] };
    const text = { text: 'i am afraid', labels: [0], words: [1, 0], learned: [0.9, 0.1] };
    const product = { event: 'product', stage: 'pairs', emotions: ['fear', 'anger'], texts: [text], quality: { accuracy: 0.8, answers: 0.9, auc: 0.99, tested: 9 }, pairs: [pair, pair] };
    const each = (n: number): number[] => Array.from({ length: n }, () => 0.5);
    const curve = { alphas: [0, 1], reward: each(2 * lanes), reward_se: each(2 * lanes), words: each(2 * lanes), reference: each(2), reference_words: each(2) };
    const own = { ...curve, words: [], reference_words: [] };
    const opened = (...events: unknown[]): number => openTrace([{ ...start, pairs: [] }, ...events].map((event) => JSON.stringify(event)).join('\n')).length;
    const named = { ...frame, pairs: (frame!['pairs'] as number[]).map(() => 0) };
    const losses = { ...named, pairs: each(2 * lanes).map((_, i) => i % 2) } as Record<string, unknown>;
    for (const key of ['losses', 'chosen', 'rejected', 'factor', 'gradient']) losses[key] = each(2 * lanes);
    expect(opened(product, { ...evaluation, curve }, { ...evaluation, curve: own }, losses)).toBe(5);
    expect(() => opened(losses)).toThrow();
    for (const bad of [{ texts: [{}] }, { pairs: [{ ...pair, group: 99 }] }, { pairs: [{ ...pair, rewards: ['x'] }] }, { emotions: [7] }, { quality: {} }, { stage: 7 }, { texts: 7 }]) {
      expect(() => opened({ ...product, ...bad }), JSON.stringify(bad)).toThrow(expect.objectContaining({ code: 'trace' }));
    }
    for (const bad of [{ alphas: [] }, { reward: [1] }, { words: [1] }, { reference: 'x' }, { reference_words: {} }]) {
      expect(() => opened({ ...evaluation, curve: { ...curve, ...bad } }), JSON.stringify(bad)).toThrow(expect.objectContaining({ code: 'trace' }));
    }
  });

  it('refuses a pair, a group or a lane that is not there', () => {
    const [start, evaluation, frame] = short.map((line) => JSON.parse(line) as Record<string, unknown[]>);
    const of = (...events: unknown[]): string => events.map((event) => JSON.stringify(event)).join('\n');
    expect(() => openTrace(of(start, { ...frame, pairs: frame!['pairs']!.map(() => 10 ** 7) }))).toThrow();
    expect(() => openTrace(of(start, { ...evaluation, kl: [1] }))).toThrow();
    expect(() => openTrace(of({ ...start, lanes: ['one'] }))).toThrow();
    expect(() => openTrace(of(start, start))).toThrow();
    expect(() => openTrace(of(frame))).toThrow();
  });
});
