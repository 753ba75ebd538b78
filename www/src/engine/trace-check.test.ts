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
