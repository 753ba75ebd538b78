// Links: what a teacher hides and locks, and the dialog that composes them.
import { expect, test } from '@playwright/test';
import { expectAccessible, open } from './lab';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

test('a link hides controls and panels and locks values', async ({ page }) => {
  const { problems } = await open(page, 'tau=0.3&hide=plane,shares,seed,lr&lock=tau,minority,methods');
  await expect(page.getByLabel('τ, value')).toBeDisabled();
  await expect(page.getByLabel('τ, value')).toHaveValue('0.3');
  await expect(page.getByTitle('Locked by the link').first()).toBeVisible();
  await expect(page.getByLabel('learn rate, value')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: /^⑥/ })).toBeHidden();
  await expect(page.getByRole('heading', { name: /^①/ })).toBeHidden();
  await expect(page.getByRole('heading', { name: /^②/ })).toBeVisible();
  // A locked value holds whatever else is changed.
  await page.getByLabel('Scenario').selectOption('Shortcut');
  await expect(page.getByLabel('τ, value')).toHaveValue('0.3');
  await expect(page).toHaveURL(/hide=.*&lock=minority,methods,tau/);
  await expectAccessible(page);
  expect(problems).toEqual([]);
});

test('the share dialog composes such a link', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { problems } = await open(page, 'tau=0.3');
  await page.getByRole('button', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share' });
  await dialog.getByLabel('lock: τ', { exact: true }).check();
  await dialog.getByLabel('hide: seed', { exact: true }).check();
  await dialog.getByLabel('hide: ⑥ Robust or cautious?').check();
  await dialog.getByLabel('Language').selectOption('日本語');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await expect(dialog.getByRole('status')).toHaveText('copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain('#lang=ja&tau=0.3&hide=seed,plane&lock=tau');
  await page.goto('about:blank');
  await page.goto(link);
  await expect(page.getByLabel('τ の値')).toBeDisabled();
  await expect(page.getByRole('heading', { name: /^⑥/ })).toBeHidden();
  expect(problems).toEqual([]);
});

test('names in a link that the page does not know are reported', async ({ page }) => {
  await open(page, 'hide=plane,everything&lock=nothing&lesson=none');
  const notices = page.getByRole('region', { name: 'Messages' });
  for (const word of ['everything', 'nothing', 'none']) await expect(notices).toContainText(word);
});
