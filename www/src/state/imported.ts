// A first look at a file of the user's own pairs, before the engine reads it. The engine has the last word.
export interface ImportSummary {
  name: string;
  rows: number;
  groups: { name: string; count: number }[];
  /** Unusable lines, at most 20 of them. */
  problems: { line: number; what: string }[];
  skipped: number;
  /** Tokens that all but one in a hundred rows fit in, as far as can be told here. */
  context: number;
}

const SPECIALS = 3;

/** Smallest context that keeps both whole; the engine leaves at least a quarter of it to the answer. */
function contextFor(prompt: number, answer: number): number {
  let context = prompt + answer + SPECIALS;
  while (context - Math.floor(context / 4) - 2 < prompt) context += 1;
  return context;
}

const tokens = (text: string): number => text.match(/[\p{L}\p{N}'’-]+|[^\s]/gu)?.length ?? 0;

const MAX_PROBLEMS = 20;

export function summarize(name: string, text: string): ImportSummary {
  const lengths: number[] = [];
  const counts = new Map<string, number>();
  const out: ImportSummary = { name, rows: 0, groups: [], problems: [], skipped: 0, context: 16 };
  const bad = (line: number, what: string): void => {
    out.skipped += 1;
    if (out.problems.length < MAX_PROBLEMS) out.problems.push({ line, what });
  };
  for (const [index, raw] of text.replace(/^\uFEFF/, '').split('\n').entries()) {
    if (raw.trim() === '') continue;
    const line = index + 1;
    let row: unknown;
    try {
      row = JSON.parse(raw);
    } catch {
      bad(line, 'is not JSON');
      continue;
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      bad(line, 'is not an object');
      continue;
    }
    const fields = row as Record<string, unknown>;
    const missing = ['prompt', 'chosen', 'rejected'].find((key) => typeof fields[key] !== 'string');
    if (missing) {
      bad(line, `misses the text field “${missing}”`);
      continue;
    }
    if (fields['chosen'] === fields['rejected']) {
      bad(line, '“chosen” equals “rejected”');
      continue;
    }
    const group = fields['group'] === undefined || fields['group'] === null ? 'all' : String(fields['group']);
    counts.set(group, (counts.get(group) ?? 0) + 1);
    out.rows += 1;
    const answer = Math.max(tokens(String(fields['chosen'])), tokens(String(fields['rejected'])));
    lengths.push(contextFor(tokens(String(fields['prompt'])), answer));
  }
  // Most frequent first, ties by name: the order in which the engine takes the training mix.
  out.groups = [...counts].map(([group, count]) => ({ name: group, count })).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  lengths.sort((a, b) => a - b);
  out.context = Math.min(128, Math.max(16, lengths[Math.ceil(lengths.length * 0.99) - 1] ?? 16));
  return out;
}
