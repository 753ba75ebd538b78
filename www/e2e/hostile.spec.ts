// Files, names and addresses that mean harm: shown as text or refused in a sentence; no dialog, no refusal by the policy.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { built, engineExpected, open, status, stepOf } from './lab';
import { dismissAll, messages } from './faults/stage.ts';

const CORPUS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "'-alert(1)-'",
  'javascript:alert(1)',
  '<iframe srcdoc="<script>parent.alert(1)</script>">',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '<style>*{display:none}</style>',
  '<a href="javascript:alert(1)">x</a>',
  '</text></svg><script>alert(1)</script>',
  '\u202egnp.exe',
  '__proto__',
];

/** Dialogs, refusals and errors so far. */
async function harm(page: Page): Promise<() => Promise<string[]>> {
  const seen: string[] = [];
  page.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => seen.push(`error: ${error.message}`));
  await page.addInitScript(() => {
    const refused: string[] = [];
    (globalThis as { refused?: string[] }).refused = refused;
    document.addEventListener('securitypolicyviolation', (event) => refused.push(`${event.effectiveDirective} ${event.blockedURI}`));
  });
  return async () => [...seen, ...(await page.evaluate(() => (globalThis as { refused?: string[] }).refused ?? []))];
}

const choose = (page: Page, name: string, text: string): Promise<void> => page.locator('input[type="file"]').first().setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

test('addresses', async ({ page }) => {
  const done = await harm(page);
  for (const text of CORPUS) {
    await page.goto('about:blank');
    await open(page, `scenario=${encodeURIComponent(text)}&${encodeURIComponent(text)}=1&methods=${encodeURIComponent(text)}&lang=${encodeURIComponent(text)}&lesson=${encodeURIComponent(text)}&hide=${encodeURIComponent(text)}`);
    await expect(messages(page)).toContainText(text.slice(0, 20));
  }
  await page.goto('about:blank');
  await open(page, `${'x'.repeat(100_000)}=1&tau=${'9'.repeat(10_000)}`);
  await expect(page.getByLabel('τ, value')).toBeVisible();
  expect(await done()).toEqual([]);
});

test('recordings: hostile ones are text, damaged ones are refused by line, and a good one is shown', async ({ page }) => {
  const done = await harm(page);
  await open(page);
  const lines = readFileSync(new URL('../dist/demo.trace.jsonl', import.meta.url), 'utf8').split('\n').filter(Boolean);
  const [start, ...rest] = lines;
  const event = JSON.parse(start!) as { lanes: string[]; groups: { name: string; wants: string }[]; pairs: { prompt: string; chosen: string; rejected: string }[]; device: string };
  const nasty = {
    ...event,
    device: CORPUS[1],
    lanes: event.lanes.map((_, i) => CORPUS[i]!),
    groups: event.groups.map((group, i) => ({ ...group, name: CORPUS[i + 3]!, wants: CORPUS[i]! })),
    pairs: event.pairs.map((pair, i) => ({ ...pair, prompt: CORPUS[i % CORPUS.length]!, chosen: CORPUS[(i + 1) % CORPUS.length]!, rejected: CORPUS[(i + 2) % CORPUS.length]! })),
  };
  const warning = JSON.stringify({ event: 'warning', code: CORPUS[0], message: CORPUS[2] });
  await choose(page, `${CORPUS[1]}.jsonl`, [JSON.stringify(nasty), warning, ...rest].join('\n'));
  await expect.poll(() => status(page), { timeout: 30_000 }).toMatch(/replay/);
  await expect(page.getByRole('heading', { name: CORPUS[0]! })).toBeVisible();
  await expect(messages(page)).toContainText(CORPUS[2]!);
  expect(await page.locator('script:not([src]), iframe, img, main style').count()).toBe(0);

  for (const [text, what] of [
    [`{"event":"started"}`, /event 1: /],
    [`${start}\n{"event":"frame","step":1}`, /event 2: /],
    [`${start}\nnot json`, /line 2: is not JSON/],
    [`${start}\n{"event":"frame","step":1,"pairs":${'['.repeat(50_000)}`, /line 2: is not JSON/],
  ] as const) {
    await choose(page, 'run.jsonl', text);
    await expect(messages(page)).toContainText(what);
    await dismissAll(page);
  }
  await choose(page, 'good.jsonl', lines.join('\n'));
  await expect.poll(() => stepOf(page), { timeout: 30_000 }).toBeGreaterThan(20);
  expect(await done()).toEqual([]);
});

test('own pairs and file names', async ({ page }) => {
  test.skip(!built('engine/cpu/prefshift.js') && !engineExpected, 'this build has no CPU engine');
  test.setTimeout(90_000);
  const done = await harm(page);
  await open(page, 'device=cpu&d=16&layers=1&heads=2&batch=4&sft=0&steps=3&every=2&evalpairs=4');
  const rows = Array.from({ length: 52 }, (_, i) => JSON.stringify({ prompt: `${CORPUS[i % CORPUS.length]} ${i}`, chosen: `good ${CORPUS[(i + 1) % CORPUS.length]}`, rejected: `bad ${CORPUS[(i + 2) % CORPUS.length]}`, group: CORPUS[i % 2] }));
  await choose(page, `${CORPUS[1]}.jsonl`, [...rows, CORPUS[0]!].join('\n'));
  await expect(page.getByText(`${CORPUS[1]}.jsonl: 52 pairs`)).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Train live' }).click();
  await expect.poll(() => status(page), { timeout: 60_000 }).toBe('done');
  for (const [name, text] of [['empty.jsonl', ''], ['binary.jsonl', '\0\u0001\u0002'.repeat(1000)], ['deep.jsonl', '['.repeat(100_000)], ['<b>bold</b>.jsonl', 'x'.repeat(2_000_000)]] as const) {
    await choose(page, name, text);
    await expect(messages(page)).toContainText(name);
    await dismissAll(page);
  }
  expect(await page.locator('script:not([src]), iframe, img').count()).toBe(0);
  expect(await done()).toEqual([]);
});
