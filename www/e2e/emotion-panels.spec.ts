// The emotion experiment in the page from what ships: its stages, its figure, and what moves them.
import { expect, test, type Page } from '@playwright/test';
import { leftInEnglish } from './english';
import { built, engineExpected, expectAccessible, open, stageOf, status, stepOf, tableOf } from './lab';

const cpu = built('engine/cpu/prefshift.js');
test.skip(!cpu && !engineExpected, 'this build has no CPU engine');
test.use({ contextOptions: { reducedMotion: 'reduce' } });

const train = (page: Page): Promise<void> => page.getByRole('button', { name: 'Train live' }).click();

test('every stage can be read, the figure has its caption and its bands, and α, α₀ and the emotions move', async ({ page }) => {
  test.setTimeout(200_000);
  const { problems } = await open(page, 'scenario=emotion&device=cpu&methods=dpo,kldpo&seeds=2&steps=400&every=6&samples=8');
  await train(page);
  // Stopped under way, and looked at.
  await expect.poll(() => status(page), { timeout: 60_000 }).toBe('training');
  await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(7);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => status(page), { timeout: 60_000 }).toBe('paused');
  await page.getByRole('button', { name: 'Read every stage…' }).click();
  const sentences = await stageOf(page, /^1 · /);
  expect(sentences.every(([text, written]) => text!.includes(' ') && /^((fear|anger|joy|love|sadness)(, )?)*$/i.test(written!))).toBe(true);
  expect(sentences.filter(([, written]) => written !== '').length).toBeGreaterThan(20);
  const judged = await stageOf(page, /^2 · /);
  expect(judged.length).toBeGreaterThan(20);
  expect(judged.every((row) => row.length === 7)).toBe(true);
  await expect(page.getByRole('dialog').getByText(/On \d+ held-out texts: every emotion right in \d\d %, ROC-AUC 0\.9\d+/)).toBeVisible();
  const pairs = await stageOf(page, /^3 · /);
  expect(pairs.every(([, ...rewards]) => rewards.length === 2 && rewards.every((value) => Number(value) >= 0 && Number(value) <= 1))).toBe(true);
  // Bradley–Terry at α₀ = 0.1: what was chosen has more of the first emotion, more often than not.
  const fear = pairs.map((row) => Number(row[1]));
  const wins = fear.filter((value, i) => i % 2 === 0 && value > fear[i + 1]!).length;
  expect(wins).toBeGreaterThan(pairs.length / 4);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.keyboard.press('Escape');
  // The same in Japanese, all of it.
  await page.getByLabel('Language').selectOption('日本語');
  await page.getByRole('button', { name: '各段階を読む…' }).click();
  const closed = page.getByRole('dialog').locator('details:not([open]) summary');
  while ((await closed.count()) > 0) await closed.first().click();
  await expect(page.getByRole('dialog').locator('tbody:visible')).toHaveCount(3);
  await expect.poll(() => leftInEnglish(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByLabel('言語').selectOption('English');

  // The figure: mixed reward against α with the paper's finding beside it, an error band for each method's seeds.
  await page.getByRole('group', { name: 'Value' }).getByRole('button', { name: 'reward', exact: true }).click();
  await expect(page.getByText('Mean mixed reward of fresh texts. The paper, at GPT-2’s size')).toBeVisible();
  const figure = page.getByRole('figure', { name: /^④/ });
  await expect.poll(() => figure.locator('path.chart-band').evaluateAll((all) => all.filter((path) => (path.getAttribute('d') ?? '').length > 20).length)).toBe(2);
  const handle = page.getByRole('slider', { name: 'Share of Anger in the deployed population' });
  const before = Number(await handle.getAttribute('aria-valuenow'));
  await handle.focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(async () => Number(await handle.getAttribute('aria-valuenow'))).toBeGreaterThan(before);
  const { rows } = await tableOf(page, '④ If the people change', /^④/);
  expect(rows.flatMap((row) => row.slice(1, 6)).every((value) => Number(value) >= 0 && Number(value) <= 1)).toBe(true);

  // Another α₀ and other emotions are another run: the same texts, labeled anew.
  await page.getByLabel('α₀, value').fill('0.4');
  await page.getByLabel('α₀, value').press('Enter');
  await page.getByLabel('mostly').selectOption('joy');
  await page.getByRole('button', { name: 'Read every stage…' }).click();
  const rewards = (of: string[][]): string => of.map((row) => row.slice(1).join(' ')).join('; ');
  const texts = (of: string[][]): string[] => of.map(([text]) => text!.replace(/ [✓✗] /, ' ')).sort();
  await expect.poll(async () => rewards(await stageOf(page, /^3 · /)), { timeout: 60_000 }).not.toBe(rewards(pairs));
  expect(texts(await stageOf(page, /^3 · /))).toEqual(texts(pairs));
  await expect(page.getByRole('dialog').getByRole('columnheader', { name: 'Joy' }).last()).toBeAttached();
  expect(problems).toEqual([]);
});
