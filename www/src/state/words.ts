// ⑤ word by word: what a look at a pair (the engine's Probe) says of each token, ready to be shown.
import type { Table } from '../charts';
import type { Probe, ProbeSide } from '../engine/types';

/** One token of an answer under one lane. */
export interface Token {
  word: string;
  /** log π_ref and log π, nats. */
  before: number;
  now: number;
  /** Their difference. */
  delta: number;
  /** Share of the adversary's pull on the pair; 0 where it pulls nothing. */
  pull: number;
}

/** A token that the adversary pulls. */
export interface Pulled {
  word: string;
  becomes: string;
  /** Share of ‖∇_e ℓ‖² of the pair. */
  share: number;
  /** Part of the way that the adversary goes; from 1 on the token has become the other word. */
  reach: number;
  side: 'chosen' | 'rejected';
}

/** |Δ| at which a mark is as strong as it gets, nats. */
const FULL = 3;

/** Strength of a token's mark, 0 to 1: the square root, so that small changes can be told from none. */
export const strength = (delta: number): number => (Number.isFinite(delta) ? Math.sqrt(Math.min(1, Math.abs(delta) / FULL)) : 0);

const END = 3;
const FIRST_WORD = 4;
/** A token in print; the end of an answer is a sign of its own. */
const wordOf = (vocabulary: readonly string[], id: number): string => (id === END ? '⏎' : (vocabulary[id] ?? '?'));

/** The tokens of an answer under one lane. */
export function tokensOf(side: ProbeSide, lane: number, vocabulary: readonly string[]): Token[] {
  const n = side.reference.length;
  return side.reference.map((before, i) => {
    const now = side.logps[lane * n + i] ?? Number.NaN;
    const at = side.answer + i;
    const id = side.tokens[at] ?? 0;
    return { word: wordOf(vocabulary, id), before, now, delta: now - before, pull: side.pull[lane * side.tokens.length + at] ?? 0 };
  });
}

/** The words that the lane's adversary pulls hardest, in either answer; special tokens are no words. */
export function hardest(probe: Probe, lane: number, vocabulary: readonly string[], most: number): Pulled[] {
  return (['chosen', 'rejected'] as const)
    .flatMap((name) => {
      const side = probe[name];
      const n = side.tokens.length;
      return side.tokens.flatMap((id, i): Pulled[] => {
        const at = lane * n + i;
        const [share, to] = [side.pull[at] ?? 0, side.becomes[at] ?? id];
        if (id < FIRST_WORD || share <= 0 || to === id) return [];
        return [{ word: wordOf(vocabulary, id), becomes: wordOf(vocabulary, to), share, reach: side.reach[at] ?? 0, side: name }];
      });
    })
    .sort((a, b) => b.share - a.share)
    .slice(0, most);
}

/** Whether any pull is on words at all. */
export const pulls = (probe: Probe, lane: number): boolean => hardest(probe, lane, [], 1).length > 0;

/** Words of a text, with those marked that the other text has not at this place of their longest common part. */
export function marked(words: readonly string[], other: readonly string[]): { word: string; differs: boolean }[] {
  // Longest common subsequence; the texts have a few dozen words.
  const [n, m] = [words.length, other.length];
  const length = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = m - 1; j >= 0; j -= 1) {
      length[i]![j] = words[i] === other[j] ? (length[i + 1]![j + 1] ?? 0) + 1 : Math.max(length[i + 1]![j] ?? 0, length[i]![j + 1] ?? 0);
    }
  }
  const out: { word: string; differs: boolean }[] = [];
  let j = 0;
  for (let i = 0; i < n; ) {
    if (j < m && words[i] === other[j]) {
      out.push({ word: words[i]!, differs: false });
      i += 1;
      j += 1;
    } else if (j < m && (length[i]![j + 1] ?? 0) >= (length[i + 1]![j] ?? 0)) j += 1;
    else {
      out.push({ word: words[i]!, differs: true });
      i += 1;
    }
  }
  return out;
}

/** Text that is written of tokens: no space before closing marks. */
export const spaced = (word: string, first: boolean): string => (first || /^[.,!?;:)⏎]$/.test(word) ? word : ` ${word}`);

/** Everything that was measured, as a table: one row a token. */
export function wordsTable(probe: Probe, lanes: readonly { name: string; lane: number }[], vocabulary: readonly string[], text: WordsText): Table {
  const moving = lanes.filter(({ lane }) => pulls(probe, lane));
  const columns = [
    text.answer,
    text.token,
    text.before,
    ...lanes.map(({ name }) => text.delta(name)),
    ...moving.flatMap(({ name }) => [text.pull(name), text.becomes(name), text.reach(name)]),
  ];
  const rows = (['chosen', 'rejected'] as const).flatMap((name) => {
    const side = probe[name];
    const n = side.tokens.length;
    const counted = side.reference.length;
    return side.tokens.map((id, i) => {
      const k = i - side.answer;
      const has = k >= 0;
      return [
        text.sides[name],
        vocabulary[id] ?? '?',
        has ? (side.reference[k] ?? Number.NaN) : '',
        ...lanes.map(({ lane }) => (has ? (side.logps[lane * counted + k] ?? Number.NaN) - (side.reference[k] ?? Number.NaN) : '')),
        ...moving.flatMap(({ lane }) => [side.pull[lane * n + i] ?? 0, vocabulary[side.becomes[lane * n + i] ?? id] ?? '?', side.reach[lane * n + i] ?? 0]),
      ];
    });
  });
  return { columns, rows };
}

/** Headings of the table. */
export interface WordsText {
  answer: string;
  token: string;
  before: string;
  delta: (lane: string) => string;
  pull: (lane: string) => string;
  becomes: (lane: string) => string;
  reach: (lane: string) => string;
  sides: Record<'chosen' | 'rejected', string>;
}
