import { describe, expect, it } from 'vitest';
import type { Probe, ProbeSide } from '../engine/types';
import { hardest, marked, strength, tokensOf, wordsTable } from './words';

const vocabulary = ['<pad>', '<bos>', '<sep>', '<eos>', '<unk>', 'help', 'plan', 'hug', '.'];
const side = (tokens: number[], answer: number, lanes: number): ProbeSide => ({
  tokens,
  answer,
  reference: tokens.slice(answer).map(() => -2),
  logps: Array.from({ length: lanes }, (_, lane) => tokens.slice(answer).map((_, i) => -2 + lane * (i % 2 === 0 ? 1 : -1))).flat(),
  pull: Array.from({ length: lanes }, (_, lane) => tokens.map((_, i) => (lane === 1 ? [0.4, 0.2, 0.1, 0.3, 0][i]! / 2 : 0))).flat(),
  becomes: Array.from({ length: lanes }, (_, lane) => tokens.map((id) => (lane === 1 ? 8 : id))).flat(),
  reach: Array.from({ length: lanes }, (_, lane) => tokens.map((_, i) => lane * i * 0.5)).flat(),
});
// <bos> help <sep> plan <eos>, and the same with hug.
const probe: Probe = { step: 4, pair: 1, chosen: side([1, 5, 2, 6, 3], 3, 2), rejected: side([1, 5, 2, 7, 3], 3, 2), reference_writes: [6], writes: [[6], [7, 8]] };

describe('a pair word by word', () => {
  it('has each token’s change against the reference', () => {
    expect(tokensOf(probe.chosen, 1, vocabulary)).toEqual([
      { word: 'plan', before: -2, now: -1, delta: 1, pull: 0.15 },
      { word: '⏎', before: -2, now: -3, delta: -1, pull: 0 },
    ]);
    expect(tokensOf(probe.rejected, 0, vocabulary).map((token) => token.delta)).toEqual([0, 0]);
  });

  it('names the words that the adversary pulls hardest, and none where it pulls none', () => {
    expect(hardest(probe, 1, vocabulary, 3)).toEqual([
      { word: 'plan', becomes: '.', share: 0.15, reach: 1.5, side: 'chosen' },
      { word: 'hug', becomes: '.', share: 0.15, reach: 1.5, side: 'rejected' },
      { word: 'help', becomes: '.', share: 0.1, reach: 0.5, side: 'chosen' },
    ]);
    expect(hardest(probe, 0, vocabulary, 3)).toEqual([]);
  });

  it('is strongest from 3 nats on, the same for both signs', () => {
    expect([0, 0.75, -0.75, 3, -9, NaN].map(strength)).toEqual([0, 0.5, 0.5, 1, 1, 0]);
  });

  it('puts every token into the table, with what moves only where something does', () => {
    const text = { answer: 'a', token: 't', before: 'b', delta: (l: string) => `d ${l}`, pull: (l: string) => `p ${l}`, becomes: (l: string) => `w ${l}`, reach: (l: string) => `r ${l}`, sides: { chosen: '+', rejected: '-' } };
    const { columns, rows } = wordsTable(probe, [{ name: 'A', lane: 0 }, { name: 'B', lane: 1 }], vocabulary, text);
    expect(columns).toEqual(['a', 't', 'b', 'd A', 'd B', 'p B', 'w B', 'r B']);
    expect(rows).toHaveLength(10);
    expect(rows[0]).toEqual(['+', '<bos>', '', '', '', 0.2, '.', 0]);
    expect(rows[8]).toEqual(['-', 'hug', -2, 0, 1, 0.15, '.', 1.5]);
  });
});

describe('what a policy writes', () => {
  const differing = (a: string, b: string): string => marked(a.split(' '), b.split(' ')).filter((word) => word.differs).map((word) => word.word).join(' ');

  it('marks the words that the reference’s text has not', () => {
    expect(differing('write a plan then rest', 'write a plan then rest')).toBe('');
    expect(differing('write a new plan then rest', 'write a plan then cry')).toBe('new rest');
    expect(differing('a b', '')).toBe('a b');
    expect(marked([], ['a'])).toEqual([]);
  });
});
