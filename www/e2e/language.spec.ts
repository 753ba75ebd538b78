// The page in another language.
import { expect, test } from '@playwright/test';
import { METHOD_INFOS } from '../src/engine/catalog';
import { leftInEnglish } from './english';
import { expectAccessible, open, watch } from './lab';

/** Methods in the order in which their cards are listed: by family. */
const LISTED = ['paper', 'related', 'peer', 'trl'].flatMap((family) => METHOD_INFOS.filter((info) => info.family === family).map((info) => info.id));

test.use({ contextOptions: { reducedMotion: 'reduce' } });

test('speaks Japanese when it is chosen, charts and all, and remembers it', async ({ page }) => {
  const { problems } = await open(page);
  await page.getByLabel('Language').selectOption('日本語');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
  await expect(page.getByRole('button', { name: 'ここで学習' })).toBeVisible();
  await expect(page.getByRole('heading', { name: '④ 人々が変わったら' })).toBeVisible();
  await expect(page.locator('figure .chart > svg').first()).toHaveAttribute('aria-label', /ステップ/);
  await page.reload();
  await expect(page.getByRole('heading', { name: '集団' })).toBeVisible();
  // Nothing of the page’s own is left in English; texts of the data and the adapter’s name are what they are.
  const text = await page.locator('.page').innerText();
  const english = [...new Set(text.match(/[A-Za-z]{4,}(?: [A-Za-z]{2,})+/g) ?? [])];
  const samples = await page.locator('dl, ol').allInnerTexts();
  expect(english.filter((words) => words !== 'google swiftshader' && !samples.some((sample) => sample.includes(words)))).toEqual([]);
  await expectAccessible(page);
  await page.getByLabel('言語').selectOption('English');
  await expect(page.getByRole('heading', { name: 'Population' })).toBeVisible();
  expect(problems).toEqual([]);
});

test('is left in English nowhere, in no dialog and no panel', async ({ page }) => {
  const { problems } = await open(page, 'lang=ja&lanes=dpo;kldpo/radius;gr_dpo;wdpo/appendix_f');
  await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
  expect(await leftInEnglish(page)).toEqual([]);
  await page.getByText('手法・大きさ・形式').click();
  for (const lane of [1, 2, 3, 4]) {
    await page.locator('.list .name').nth(lane - 1).click();
    expect(await leftInEnglish(page)).toEqual([]);
  }
  for (const button of await page.getByRole('button', { name: /^数値を表で見る/ }).all()) await button.click();
  expect(await leftInEnglish(page)).toEqual([]);
  for (const name of ['ヘルプ', '課題', '共有', '書き出し', '手法の一覧…', 'リーグ表…']) {
    await page.getByRole('button', { name, exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await leftInEnglish(page), name).toEqual([]);
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: '手法の一覧…' }).click();
  for (const { id } of METHOD_INFOS) {
    await page.getByRole('dialog').getByRole('listitem').nth(LISTED.indexOf(id)).getByRole('button').click();
    expect(await leftInEnglish(page, false), id).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: '手法の一覧' }).click();
  }
  await page.keyboard.press('Escape');
  for (const scenario of ['shortcut', 'regions', 'tabular', 'emotion', 'imported']) {
    await page.getByLabel('シナリオ').selectOption(scenario);
    expect(await leftInEnglish(page), scenario).toEqual([]);
  }
  // Own pairs, some of them wrong.
  const lines = ['{"prompt":"a b","chosen":"c","rejected":"d"}', '{"prompt":"a b","chosen":"c"}', 'no JSON', '{"prompt":"a","chosen":"","rejected":"d"}'];
  await page.locator('input[type="file"]').first().setInputFiles({ name: 'mine.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(lines.join('\n')) });
  await page.getByText('使えない行 3 行').click({ timeout: 60_000 });
  expect(await leftInEnglish(page)).toEqual([]);
  await page.keyboard.press('s');
  for (let stage = 0; stage < 6; stage += 1) {
    expect(await leftInEnglish(page)).toEqual([]);
    await page.keyboard.press(' ');
  }
  expect(problems).toEqual([]);
});

for (const address of ['./?lang=ja', './#lang=ja&tau=0.4']) {
  test(`speaks Japanese where the link asks for it: ${address}`, async ({ page }) => {
    const { problems } = watch(page);
    await page.goto(address);
    await expect(page.getByRole('heading', { name: '集団' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'お知らせ' }).locator('.notice')).toHaveCount(0);
    expect(problems).toEqual([]);
  });
}
