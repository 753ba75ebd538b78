// A first look at a file of the user's own pairs, before the engine reads it. The engine has the last word.
export interface ImportSummary {
  name: string;
  rows: number;
  groups: { name: string; count: number }[];
  /** Unusable lines, at most 20 of them. */
  problems: { line: number; what: string }[];
  skipped: number;
  examples: { prompt: string; chosen: string; rejected: string; group: string }[];
}

const MAX_PROBLEMS = 20;

export function summarize(name: string, text: string): ImportSummary {
  const counts = new Map<string, number>();
  const out: ImportSummary = { name, rows: 0, groups: [], problems: [], skipped: 0, examples: [] };
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
    if (out.examples.length < 24) {
      out.examples.push({ prompt: String(fields['prompt']), chosen: String(fields['chosen']), rejected: String(fields['rejected']), group });
    }
  }
  out.groups = [...counts].map(([group, count]) => ({ name: group, count }));
  return out;
}
