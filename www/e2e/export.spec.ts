// What can be taken away from a run, and the native run that its command makes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { built, engineExpected, expectAccessible, open, stageOf, status, stepOf, tableOf } from './lab';

const cpu = built('engine/cpu/prefshift.js');
const binary = process.env['PREFSHIFT'];
const root = new URL('../../', import.meta.url).pathname;

test.use({ contextOptions: { reducedMotion: 'reduce' } });

async function download(page: Page, name: string | RegExp): Promise<{ name: string; bytes: Buffer }> {
  const waiting = page.waitForEvent('download');
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  const file = await waiting;
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

test('the recorded run can be taken away as JSON, CSV and pictures', async ({ page }) => {
  const { problems } = await open(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(20);
  await page.getByRole('button', { name: 'Export' }).click();
  await expectAccessible(page);
  const lines = readFileSync(new URL('../dist/demo.trace.jsonl', import.meta.url), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
  const run = JSON.parse((await download(page, 'Everything (JSON)')).bytes.toString()) as Record<string, unknown> & { trace: { event: string }[] };
  expect(run['config']).toEqual(lines[0]!['config']);
  for (const kind of ['frame', 'evaluation']) expect(run.trace.filter((event) => event.event === kind)).toEqual(lines.filter((line) => line['event'] === kind));
  const csv = (await download(page, 'Metrics (CSV)')).bytes.toString().trim().split('\r\n').map((line) => line.split(','));
  const last = lines.findLast((line) => line['event'] === 'evaluation') as { accuracy: number[]; step: number };
  const rows = csv.filter((row) => row[0] === String(last.step));
  expect(rows.map((row) => Number(row[6]))).toEqual(last.accuracy);
  const svg = await download(page, /^⑥.*: SVG$/);
  expect(svg.name).toMatch(/\.svg$/);
  const shape = await page.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    return { error: parsed.querySelector('parsererror') !== null, texts: parsed.querySelectorAll('text').length, width: Number(parsed.documentElement.getAttribute('width')), variables: text.includes('var(--') };
  }, svg.bytes.toString());
  expect(shape).toMatchObject({ error: false, variables: false });
  expect(shape.texts).toBeGreaterThan(5);
  const png = (await download(page, /^⑥.*: PNG$/)).bytes;
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(shape.width * 3);
  expect(png.length).toBeGreaterThan(5000);
  expect(problems).toEqual([]);
});

test('an exported run is opened again, with the numbers that are in it', async ({ page }) => {
  const { problems } = await open(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(20);
  await page.getByRole('button', { name: 'Export' }).click();
  const run = JSON.parse((await download(page, 'Everything (JSON)')).bytes.toString()) as { trace: { event: string; step: number; accuracy: number[] }[] };
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  // Cut short and with one number of its own, so that it is not the recording that came with the page.
  const last = run.trace.filter((event) => event.event === 'evaluation' && event.step <= 100).at(-1)!;
  last.accuracy[0] = 0.123;
  run.trace = run.trace.filter((event) => event.step === undefined || event.step <= last.step);
  await page.locator('input[type="file"]').first().setInputFiles({ name: 'run.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(run)) });
  await page.getByRole('button', { name: 'Show the numbers of: ③ What each group gets' }).click();
  await expect(page.getByRole('region', { name: /^③.*DPO$/ }).first().locator('tbody tr').first()).toContainText('0.123', { timeout: 30_000 });
  await expect.poll(() => stepOf(page)).toBe(run.trace.findLast((event) => event.event === 'frame')!.step + 1);
  expect(problems).toEqual([]);
});

test.describe('a live run', () => {
  test.skip(!cpu && !engineExpected, 'this build has no CPU engine');
  test.setTimeout(300_000);

  async function train(page: Page, query: string): Promise<void> {
    await page.goto('about:blank');
    await open(page, `device=cpu&${query}`);
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 200_000 }).toBe('done');
  }

  test('is trained again natively by its command, with the same conclusions', async ({ page }) => {
    test.skip(!binary, 'PREFSHIFT names no command line: make cli');
    interface Evaluation { event: string; accuracy: number[]; margin: number[]; kl: number[]; stage?: string; pairs?: { prompt: string; chosen: string; rejected: string; rewards: number[] }[] }
    for (const query of ['steps=40&samples=4&every=20', 'scenario=tabular&steps=200', 'scenario=shortcut&d=16&layers=1&heads=2&sft=20&steps=20&every=10&samples=0&flip=0.1&klform=radius', 'scenario=emotion&steps=20&every=10&samples=4']) {
      await train(page, query);
      await page.getByRole('button', { name: 'Export' }).click();
      const command = await page.getByRole('dialog').getByLabel('The same run from the command line').inputValue();
      const here = (JSON.parse((await download(page, 'Everything (JSON)')).bytes.toString()) as { trace: Evaluation[] }).trace.findLast((event) => event.event === 'evaluation')!;
      const trace = join(mkdtempSync(join(tmpdir(), 'prefshift-')), 'run.jsonl');
      execFileSync('sh', ['-c', `${command.replace(/^prefshift/, binary!)} --quiet --trace ${trace}`], { cwd: root });
      const native = readFileSync(trace, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Evaluation);
      const there = native.findLast((event) => event.event === 'evaluation')!;
      const written = native.find((event) => event.event === 'product' && event.stage === 'pairs')?.pairs;
      if (written) {
        // Pairs that each scored and labeled itself.
        await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: 'Read every stage…' }).click();
        const rows = await stageOf(page, /^3 · /);
        const shown = written.slice(0, rows.length / 2).flatMap(({ prompt, chosen, rejected, rewards }) => [{ text: `${prompt} ✓ ${chosen}`, rewards: rewards.slice(0, 2) }, { text: `${prompt} ✗ ${rejected}`, rewards: rewards.slice(2) }]);
        expect(rows.map(([text]) => text)).toEqual(shown.map(({ text }) => text));
        for (const [i, { rewards }] of shown.entries()) for (const g of [0, 1]) expect(Number(rows[i]![g + 1])).toBeCloseTo(rewards[g]!, 2);
      }
      const lanes = here.kl.length || 3;
      // The vectors of the browser are narrower than a CPU's, so sums differ in their last digits and training spreads that.
      const worst = (values: number[]): number[] => Array.from({ length: lanes }, (_, lane) => Math.min(...values.slice((lane * values.length) / lanes, ((lane + 1) * values.length) / lanes)));
      for (const [i, value] of there.margin.entries()) expect(Math.abs(value - here.margin[i]!), `${query}: margin ${i}`).toBeLessThan(2e-3 * Math.max(1, Math.abs(value)));
      const order = (values: number[]): number[] => values.map((_, i) => i).sort((a, b) => values[b]! - values[a]!);
      expect(order(worst(here.margin)), `${query}: order of the lanes`).toEqual(order(worst(there.margin)));
    }
  });

  test('is kept beside the next one, which says what was changed; its policies are saved', async ({ page }) => {
    await train(page, 'd=16&layers=1&heads=2&sft=5&steps=20&every=5&samples=0&evalpairs=8');
    const paths = page.getByRole('figure', { name: /^⑥/ }).locator('path.chart-line:not(.chart-faint)');
    const before = await paths.count();
    await page.getByRole('button', { name: 'keep to compare' }).click();
    await page.getByLabel('τ, value').fill('0.5');
    await page.getByLabel('τ, value').press('Enter');
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => status(page), { timeout: 60_000 }).toBe('paused');
    await page.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => status(page), { timeout: 60_000 }).toBe('done');
    await expect(page.getByTestId('kept')).toContainText('Changed since the kept run: τ 0.1 → 0.5. Worst group’s accuracy at the end: DPO');
    await expect(paths).toHaveCount(2 * before);
    // ④ has both runs, too.
    const kept = page.getByRole('figure', { name: /^④/ }).locator('path.chart-kept');
    await expect(kept).toHaveCount(before);
    for (const line of await kept.all()) await expect(line).toHaveAttribute('d', /^M[\d.]+ [\d.]+L/);
    const { rows } = await tableOf(page, '④ If the people change', /^④/);
    expect(rows.filter((row) => row[0]!.endsWith('(kept)')).map((row) => row[0])).toEqual(['DPO (kept)', 'KLDPO τ=0.1 (kept)', 'WDPO ρ=0.2 (kept)']);
    await page.getByRole('button', { name: 'Export' }).click();
    const policy = (await download(page, 'DPO')).bytes;
    const header = JSON.parse(policy.subarray(8, 8 + Number(policy.readBigUInt64LE(0))).toString()) as Record<string, { shape: number[] }>;
    expect(header['wte']!.shape[1]).toBe(16);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'drop the kept run' }).click();
    await expect(paths).toHaveCount(before);
  });
});
