// The emotion experiment in the page, whole, from a file of own texts.
import { truncateSync, writeFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { built, engineExpected, open, stageOf, status } from './lab';

const cpu = built('engine/cpu/prefshift.js');
test.skip(!cpu && !engineExpected, 'this build has no CPU engine');
test.use({ contextOptions: { reducedMotion: 'reduce' } });

const train = (page: Page): Promise<void> => page.getByRole('button', { name: 'Train live' }).click();
const done = (page: Page): Promise<void> => expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');

const SUBJECTS = ['My friend', 'The neighbor', 'Grandma Zoë', 'A stranger', 'Our Lehrerin', 'Der Hund'];
const ROWS = SUBJECTS.flatMap((who, i) =>
  Array.from({ length: 10 }, (_, k) => (k % 2 ? ([`${who} was süß to me today, ${i + k} times`, 'joy'] as const) : ([`${who} shouted at me all ${i + k} nights`, 'anger'] as const))),
);
const FILE = { name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from(`text,label\nshort,joy\n${ROWS.map(([text, label]) => `"${text}",${label}`).join('\n')}\n`) };
/** The same as JSON Lines, with the Emotion data set's numbers for labels. */
const NUMBERED = { name: 'mine.jsonl', mimeType: 'application/json', buffer: Buffer.from(ROWS.map(([text, label]) => `${JSON.stringify({ text, label: label === 'joy' ? 1 : 3 })}\n`).join('')) };

/** What the status line says from now on; once it matches `stopAt`, the run is stopped there. */
const listen = (page: Page, stopAt = '^$'): Promise<void> =>
  page.evaluate((pattern) => {
    const node = document.querySelector('[data-testid="status"]')!;
    const said: string[] = [];
    (globalThis as { said?: string[] }).said = said;
    let stopped = false;
    new MutationObserver(() => {
      said.push(node.textContent ?? '');
      if (stopped || !new RegExp(pattern).test(node.textContent ?? '')) return;
      stopped = true;
      document.querySelector<HTMLButtonElement>('button.play')!.click();
    }).observe(node, { childList: true, characterData: true, subtree: true });
  }, stopAt);
const said = (page: Page): Promise<string> => page.evaluate(() => ((globalThis as { said?: string[] }).said ?? []).join('; '));
/** How far a stage was when the status line first spoke of it, percent. */
const from = async (page: Page, stage: string): Promise<number> => Number(new RegExp(`preparing . of 3: training the ${stage} (\\d+) %`).exec(await said(page))?.[1] ?? Number.NaN);

/** What the browser keeps of what was made: whether it is half-made, and its checksum. */
const kept = (page: Page): Promise<{ half: boolean; checksum: number }[]> =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('prefshift-made');
        opening.onsuccess = () => {
          const db = opening.result;
          if (!db.objectStoreNames.contains('files')) return resolve([]);
          const all = db.transaction('files').objectStore('files').getAll();
          all.onsuccess = () => {
            db.close();
            resolve((all.result as { half?: boolean; checksum: number }[]).map(({ half, checksum }) => ({ half: half === true, checksum })));
          };
        };
      }),
  );
const forget = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('prefshift-made');
        opening.onsuccess = () => {
          const change = opening.result.transaction('files', 'readwrite');
          change.objectStore('files').clear();
          change.oncomplete = () => (opening.result.close(), resolve());
        };
      }),
  );

test('own texts, in byte pairs, go through every stage; what was made is not made twice; too large a file is not read', async ({ page }, info) => {
  test.setTimeout(200_000);
  const query = 'scenario=emotion&device=cpu&cores=1&methods=dpo,kldpo&d=16&layers=1&heads=2&sft=10&pairs=32&batch=4&steps=4&every=2&evalpairs=4&samples=4';
  const { problems } = await open(page, query);
  const choose = (): Promise<void> => page.locator('input[type="file"]').first().setInputFiles(FILE);

  const huge = info.outputPath('huge.csv');
  writeFileSync(huge, 'text,label\n');
  truncateSync(huge, 100 << 20);
  await page.locator('input[type="file"]').first().setInputFiles(huge);
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('huge.csv: 100 MiB is more than the 32 MiB');

  const run = async (): Promise<string[]> => {
    await choose();
    await expect(page.getByText('mine.csv: 60 texts with labels.')).toBeVisible({ timeout: 30_000 });
    await page.getByLabel('tokens').selectOption('byte pairs');
    await listen(page);
    await train(page);
    await done(page);
    await page.getByRole('button', { name: 'Read every stage…' }).click();
    const pairs = (await stageOf(page, /^3 · /)).map(([text]) => text!);
    await page.keyboard.press('Escape');
    return pairs;
  };
  const first = await run();
  expect(await said(page)).toContain('training the reward model');
  await page.getByText('1 line not used').click();
  await expect(page.getByText(/^line 2: 1 words/)).toBeVisible();

  await page.goto('about:blank');
  await open(page, query);
  expect(await run()).toEqual(first);
  expect(await said(page)).not.toContain('training the reward model');
  expect(problems).toEqual([]);
});

test('a stage that is stopped half-way goes on there, also in another visit, and ends at the same bytes', async ({ page }) => {
  test.setTimeout(200_000);
  const query = 'scenario=emotion&device=cpu&cores=2&methods=dpo,kldpo&d=16&layers=1&heads=2&sft=600&pairs=32&batch=4&steps=2&every=2&evalpairs=4&samples=4';
  const begin = async (stopAt?: string): Promise<void> => {
    await page.goto('about:blank');
    await open(page, query);
    await page.locator('input[type="file"]').first().setInputFiles(NUMBERED);
    await expect(page.getByText('mine.jsonl: 60 texts with labels.')).toBeVisible({ timeout: 30_000 });
    await expect(page.getByLabel('mostly').getByRole('option')).toHaveText(['Anger', 'Joy']);
    await listen(page, stopAt);
    await train(page);
  };
  await begin();
  await done(page);
  await expect.poll(async () => (await kept(page)).map(({ half }) => half)).toEqual([false]);
  const whole = await kept(page);
  await forget(page);

  // Stopped twice in the reward model, the second time in another visit; then in the reference policy.
  let before = 0;
  let last = 0;
  for (const stage of ['reward model', 'reward model', 'reference policy']) {
    const far = stage === 'reward model' && before === 0 ? '[2-9]\\d' : stage === 'reward model' ? '[5-9]\\d' : '[3-9]\\d';
    await begin(`training the ${stage} ${far} %`);
    await expect.poll(() => status(page), { timeout: 60_000 }).toBe('held');
    await expect.poll(async () => (await kept(page)).map(({ half, checksum }) => half && checksum !== last)).toEqual([true]);
    last = (await kept(page))[0]!.checksum;
    const now = Number(/stopped at . of 3: .* (\d+) %/.exec((await page.getByTestId('status').textContent()) ?? '')?.[1]);
    expect(now).toBeGreaterThan(19);
    if (before > 0) expect(await from(page, 'reward model')).toBeGreaterThanOrEqual(before);
    before = stage === 'reward model' ? now : 0;
    // In the page it goes on from there, too.
    if (stage !== 'reference policy') continue;
    await page.getByRole('button', { name: 'Read every stage…' }).click();
    const stages = page.getByRole('list', { name: 'Stages' }).getByRole('listitem');
    await expect(stages.nth(0)).toContainText('made');
    await expect(stages.nth(1)).toContainText(`${now} %`);
    await expect(stages.nth(4)).toContainText('to come');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.keyboard.press('Escape');
  }
  await done(page);
  await expect.poll(() => kept(page)).toEqual(whole);
});
