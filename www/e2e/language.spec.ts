// The page in another language.
import { expect, test } from '@playwright/test';
import { expectAccessible, open, watch } from './lab';

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

for (const address of ['./?lang=ja', './#lang=ja&tau=0.4']) {
  test(`speaks Japanese where the link asks for it: ${address}`, async ({ page }) => {
    const { problems } = watch(page);
    await page.goto(address);
    await expect(page.getByRole('heading', { name: '集団' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'お知らせ' }).locator('.notice')).toHaveCount(0);
    expect(problems).toEqual([]);
  });
}
