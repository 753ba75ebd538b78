// The emotion experiment in the page, whole, from a file of own texts.
import { truncateSync, writeFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { built, engineExpected, open, stageOf, status } from './lab';

const cpu = built('engine/cpu/prefshift.js');
test.skip(!cpu && !engineExpected, 'this build has no CPU engine');
test.use({ contextOptions: { reducedMotion: 'reduce' } });

const train = (page: Page): Promise<void> => page.getByRole('button', { name: 'Train live' }).click();
const done = (page: Page): Promise<void> => expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');

test('own texts, in byte pairs, go through every stage; what was made is not made twice; too large a file is not read', async ({ page }, info) => {
  test.setTimeout(200_000);
  const query = 'scenario=emotion&device=cpu&cores=1&methods=dpo,kldpo&d=16&layers=1&heads=2&sft=10&pairs=32&batch=4&steps=4&every=2&evalpairs=4&samples=4';
  const { problems } = await open(page, query);
  const subjects = ['My friend', 'The neighbor', 'Grandma Zoë', 'A stranger', 'Our Lehrerin', 'Der Hund'];
  const rows = subjects.flatMap((who, i) => Array.from({ length: 10 }, (_, k) => (k % 2 ? `"${who} was süß to me today, ${i + k} times",joy` : `"${who} shouted at me all ${i + k} nights",anger`)));
  const file = { name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from(`text,label\nshort,joy\n${rows.join('\n')}\n`) };
  const choose = (): Promise<void> => page.locator('input[type="file"]').first().setInputFiles(file);

  const huge = info.outputPath('huge.csv');
  writeFileSync(huge, 'text,label\n');
  truncateSync(huge, 100 << 20);
  await page.locator('input[type="file"]').first().setInputFiles(huge);
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('huge.csv: 100 MiB is more than the 32 MiB');

  /** What the status line has said so far. */
  const listen = (): Promise<void> =>
    page.evaluate(() => {
      const node = document.querySelector('[data-testid="status"]')!;
      const said: string[] = [];
      (globalThis as { said?: string[] }).said = said;
      new MutationObserver(() => said.push(node.textContent ?? '')).observe(node, { childList: true, characterData: true, subtree: true });
    });
  const said = (): Promise<string> => page.evaluate(() => ((globalThis as { said?: string[] }).said ?? []).join('; '));
  const run = async (): Promise<string[]> => {
    await choose();
    await expect(page.getByText('mine.csv: 60 texts with labels.')).toBeVisible({ timeout: 30_000 });
    await page.getByLabel('tokens').selectOption('byte pairs');
    await listen();
    await train(page);
    await done(page);
    await page.getByRole('button', { name: 'Read every stage…' }).click();
    const pairs = (await stageOf(page, /^3 · /)).map(([text]) => text!);
    await page.keyboard.press('Escape');
    return pairs;
  };
  const first = await run();
  expect(await said()).toContain('training the reward model');
  await page.getByText('1 line not used').click();
  await expect(page.getByText(/^line 2: 1 words/)).toBeVisible();

  await page.goto('about:blank');
  await open(page, query);
  expect(await run()).toEqual(first);
  expect(await said()).not.toContain('training the reward model');
  expect(problems).toEqual([]);
});
