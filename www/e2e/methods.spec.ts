// The family of methods: cards to read and search, and a league that is trained here.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { METHOD_INFOS } from '../src/engine/catalog';
import { built, engineExpected, expectAccessible, open, stepOf } from './lab';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

test('every method has a card with a typeset formula, found by search and opened by keyboard', async ({ page }) => {
  const { problems } = await open(page);
  await page.getByRole('button', { name: 'All methods…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Methods' });
  await expect(dialog.getByRole('listitem')).toHaveCount(METHOD_INFOS.length);
  await expectAccessible(page);
  await dialog.getByLabel('Search').fill('group 2024 exponentiated');
  await expect(dialog.getByRole('listitem')).toHaveCount(METHOD_INFOS.filter((info) => info.adversary.includes('exponentiated')).length);
  await dialog.getByRole('button', { name: /^GR-DPO/ }).focus();
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('heading', { name: 'GR-DPO' })).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'All methods' })).toBeFocused();
  const formula = dialog.locator('math');
  // The fraction bar's line and the superscript stand above and below the line of text.
  const box = (await formula.boundingBox())!;
  expect(box.height).toBeGreaterThan(18);
  expect(await formula.locator('munder, msub, msup, msubsup').count()).toBeGreaterThan(2);
  await expect(dialog.getByRole('link', { name: 'arXiv 2405.20304' })).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Add as a lane' }).click();
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(/lanes=dpo;kldpo;wdpo;gr_dpo$/);
  expect(problems).toEqual([]);
});

test('a lane’s name opens its card, in the page’s language', async ({ page }) => {
  await open(page, 'lang=ja');
  await page.getByRole('button', { name: /^KLDPO τ/ }).click();
  const dialog = page.getByRole('dialog', { name: '手法' });
  await expect(dialog).toContainText('学習用ペアの比率の変化。');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('a method that cannot train there is offered with the reason', async ({ page }) => {
  await open(page, 'scenario=tabular');
  await page.getByRole('button', { name: 'All methods…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Methods' });
  await dialog.getByRole('button', { name: /^SFT/ }).click();
  await expect(dialog.getByText('needs a transformer')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Add as a lane' })).toBeDisabled();
});

test.describe('lanes of a run', () => {
  test.skip(!engineExpected && !built('engine/cpu/prefshift.js'), 'this build has no engine');

  test('take a parameter of their own on the next step; one more lane restarts', async ({ page }) => {
    const { problems } = await open(page, 'device=cpu&d=8&layers=1&heads=2&sft=5&pairs=32&evalpairs=8&samples=4&every=5&batch=4&steps=100000&lanes=dpo;kldpo:tau=0.2;ipo;chi_po');
    await page.getByRole('button', { name: /Train live/ }).click();
    // The recording's step stands there until the run begins, and a preparation that is paused is held, not paused.
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'training', { timeout: 60_000 });
    await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(3);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'paused');
    const before = await stepOf(page);
    await expect(page.locator('.head h2')).toHaveText(['DPO', 'KLDPO τ=0.2', /^IPO/, /^χPO/]);
    await page.getByText('Methods, sizes, forms').click();
    await page.getByRole('button', { name: '2. KLDPO', exact: true }).click();
    await page.getByLabel('2. KLDPO: τ, value').fill('5');
    await page.getByLabel('2. KLDPO: τ, value').press('Enter');
    await expect(page.locator('.head h2').nth(1)).toHaveText('KLDPO τ=5');
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => stepOf(page)).toBeGreaterThan(before);
    // A run that trains is not restarted under the user's hands, and a step trains.
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'paused');
    await page.getByLabel('Add a lane').selectOption('rDPO');
    await expect(page.locator('.head h2')).toHaveCount(5, { timeout: 60_000 });
    await expect(page.getByTestId('step')).toHaveText(/step 0 /);
    expect(problems).toEqual([]);
  });
});

test.describe('the league', () => {
  test.skip(!engineExpected && !built('engine/cpu/prefshift.js'), 'this build has no engine');

  interface Saved {
    rows: { lane: string; worst: { mean: number; se: number; n: number } }[];
    results: { lane: string; reward: boolean; paths: { accuracy: number[]; reward: number[]; distance: number }[][] }[];
  }

  test('trains two methods from two seeds, and its numbers are those of the runs', async ({ page }) => {
    const { problems } = await open(page, 'device=cpu&d=8&layers=1&heads=2&sft=5&pairs=32&evalpairs=8&samples=4&every=5&batch=4&methods=dpo,kldpo');
    await page.getByRole('button', { name: 'League table…' }).click();
    const dialog = page.getByRole('dialog', { name: 'League table' });
    await dialog.getByLabel('seeds').fill('2');
    await dialog.getByLabel('steps', { exact: true }).fill('20');
    await dialog.getByLabel('steps', { exact: true }).press('Enter');
    await dialog.getByLabel(/again with 10/).check();
    await dialog.getByRole('button', { name: 'Train 4 runs' }).click();
    await expect(dialog.getByRole('button', { name: 'Train 4 runs' })).toBeVisible({ timeout: 60_000 });
    await expect(dialog.getByRole('alert')).toHaveCount(0);
    await expect(dialog.locator('tbody tr')).toHaveCount(2);
    await expectAccessible(page);
    const waiting = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'JSON' }).click();
    const saved = JSON.parse(readFileSync(await (await waiting).path(), 'utf8')) as Saved;
    expect(saved.rows.map((row) => row.lane)).toEqual(['dpo', 'kldpo']);
    for (const [i, row] of saved.rows.entries()) {
      const worst = saved.results[i]!.paths.map((path) => Math.min(...(saved.results[i]!.reward ? path.at(-1)!.reward : path.at(-1)!.accuracy)));
      expect(worst).toHaveLength(2);
      expect(row.worst.mean).toBeCloseTo((worst[0]! + worst[1]!) / 2, 9);
      expect(row.worst.se).toBeCloseTo(Math.abs(worst[0]! - worst[1]!) / 2, 9);
    }
    // Evaluations at 0, 5, 10, 15 and 20.
    expect(saved.results[0]!.paths[0]).toHaveLength(5);
    await dialog.getByRole('button', { name: /^worst group/ }).click();
    await expect(dialog.locator('th[aria-sort="descending"]')).toHaveCount(1);
    const best = [...saved.rows].sort((a, b) => b.worst.mean - a.worst.mean)[0]!;
    await expect(dialog.locator('tbody th').first()).toHaveText(best.lane === 'dpo' ? /^DPO/ : /^KLDPO/);
    expect(problems).toEqual([]);
  });

  test('can be stopped, and leaves the page as it was', async ({ page }) => {
    const { problems } = await open(page, 'scenario=tabular&methods=dpo');
    await page.getByRole('button', { name: 'League table…' }).click();
    const dialog = page.getByRole('dialog', { name: 'League table' });
    await dialog.getByLabel('steps', { exact: true }).fill('100000');
    await dialog.getByLabel('steps', { exact: true }).press('Enter');
    await dialog.getByRole('button', { name: 'Train 1 run' }).click();
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await expect(dialog.getByRole('button', { name: 'Train 1 run' })).toBeVisible();
    await expect(dialog.getByRole('alert')).toHaveCount(0);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: /Train live/ }).click();
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', /training|done/);
    expect(problems).toEqual([]);
  });
});
