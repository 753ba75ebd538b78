// Runs the tests that break things and writes what came of it to docs/faults.md: make faults
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Given a file of rows that an earlier run left (FAULTS=FILE), only the table is written.
let [, , file] = process.argv;
if (!file) {
  file = join(mkdtempSync(join(tmpdir(), 'prefshift-faults-')), 'rows.jsonl');
  writeFileSync(file, '');
  const { status } = spawnSync('npx', ['playwright', 'test', 'e2e/(faults|keep)[.]spec'], { stdio: 'inherit', env: { ...process.env, FAULTS: file } });
  if (status !== 0) process.exit(status ?? 1);
}

const browser = execFileSync(process.env.CHROME ?? '/usr/bin/chromium', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split(' built')[0];
const seconds = (value) => (value === undefined ? '' : value.toFixed(1));
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
const rows = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
writeFileSync(
  new URL('../../../docs/faults.md', import.meta.url),
  `# What happens when something breaks

Written by \`make faults\`: the built page in headless ${browser} with a software WebGPU adapter. Each fault is made
by the browser, by the server, or in the worker before its own script runs (\`www/e2e/faults\`); the same tests hold the page
to what is said here. Times are seconds from the fault (where it lies in wait in a worker, from when it strikes: the buffer refused,
the shader handed over), on two cores that were doing other work as well: until the page said so, and until the run was past the
step where it had been.

| Fault | What the page says | State reached | Said after, s | Past it after, s |
|---|---|---|---|---|
${rows.map((row) => `| ${cell(row.fault)} | ${cell(row.said)} | ${cell(row.state)} | ${seconds(row.noticed)} | ${seconds(row.resumed)} |`).join('\n')}
`,
);
console.log('faults: wrote docs/faults.md');
