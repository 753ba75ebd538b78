import { describe, expect, it } from 'vitest';
import { summarize } from './imported';

const row = (over: object = {}): string => JSON.stringify({ prompt: 'p', chosen: 'a', rejected: 'b', ...over });

describe('a file of pairs', () => {
  it('counts rows and groups', () => {
    const summary = summarize('x.jsonl', [row({ group: 'one' }), row({ group: 'two' }), '', row({ group: 'one' })].join('\n'));
    expect(summary).toMatchObject({ rows: 3, skipped: 0, groups: [{ name: 'one', count: 2 }, { name: 'two', count: 1 }] });
  });

  it('names the line of what it cannot use and keeps the rest', () => {
    const summary = summarize('x', ['nonsense', '[1]', row({ chosen: undefined }), row({ chosen: 'b' }), row()].join('\n'));
    expect(summary.rows).toBe(1);
    expect(summary.skipped).toBe(4);
    expect(summary.problems.map((problem) => problem.line)).toEqual([1, 2, 3, 4]);
    expect(summary.problems[2]?.what).toContain('chosen');
  });

  it('lists at most twenty lines', () => {
    const summary = summarize('x', 'no\n'.repeat(500));
    expect(summary.problems).toHaveLength(20);
    expect(summary.skipped).toBe(500);
  });

  it('says what context keeps the rows whole, with room for the answer', () => {
    expect(summarize('x', row()).context).toBe(16);
    const long = 'word '.repeat(44);
    expect(summarize('x', row({ prompt: long, chosen: 'yes', rejected: 'no' })).context).toBe(61);
  });

  it('reads a byte-order mark and Windows line ends', () => {
    expect(summarize('x', `\uFEFF${row()}\r\n${row()}\r\n`).rows).toBe(2);
  });
});
