// Holds every lesson to what it claims, natively: `make lessons`, which is PREFSHIFT=path/to/prefshift npx vitest run
// e2e/lessons.verify.ts. Without the binary nothing runs. SEEDS and ONLY narrow it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTrace } from '../src/engine/replay';
import { LESSONS_EN } from '../src/i18n/lessons-en';
import { answerOf, LESSONS, settingsOf } from '../src/lessons';
import { RunData } from '../src/state/run-data';
import { toConfig } from '../src/state/settings';

const binary = process.env['PREFSHIFT'];
const seeds = (process.env['SEEDS'] ?? '1,2,3').split(',').map(Number);
const only = process.env['ONLY']?.split(',');

describe.runIf(binary)('lessons, by the command line', () => {
  for (const { id, found } of LESSONS.filter((lesson) => !only || only.includes(lesson.id))) {
    it(`${id}: the run says what the lesson found`, { timeout: 600_000 }, () => {
      const folder = mkdtempSync(join(tmpdir(), 'prefshift-lesson-'));
      try {
        for (const seed of seeds) {
          const settings = { ...settingsOf(id)!, seed };
          const reference = new URL(`../public/reference/${settings.scenario}.safetensors`, import.meta.url).pathname;
          const [config, trace] = [join(folder, 'config.json'), join(folder, 'run.jsonl')];
          writeFileSync(config, JSON.stringify(toConfig(settings)));
          execFileSync(binary!, ['train', '-q', '--config', config, '--trace', trace, ...(existsSync(reference) ? ['--reference', reference] : [])]);
          const data = new RunData();
          for (const event of parseTrace(readFileSync(trace, 'utf8'))) data.add(event);
          const said = answerOf(id, data);
          console.log(`${id}, seed ${seed}: ${said ? LESSONS_EN[id]!.verdict(said.values) : 'no answer'}`);
          expect.soft(said?.answer, `seed ${seed}`).toBe(found);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
