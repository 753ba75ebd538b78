// The page on its recorded run: nothing here needs an engine.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { defaults, KEYS, SETTINGS, type Setting } from '../src/state/settings';
import { built, expectAccessible, open, settled, stepOf, tableOf } from './lab';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

interface TraceEvent {
  event: string;
  step?: number;
  accuracy?: number[];
  lanes?: string[];
  groups?: { name: string }[];
}

function recording(): TraceEvent[] {
  return readFileSync(new URL('../dist/demo.trace.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TraceEvent);
}

test.beforeAll(() => {
  expect(built('index.html'), 'build the page first: npm run build').toBe(true);
  expect(built('demo.trace.jsonl'), 'public/demo.trace.jsonl is missing: record it with `prefshift train --trace`').toBe(true);
});

test('opens on the recorded run, with every chart drawn and nothing amiss', async ({ page }) => {
  const { problems } = await open(page);
  await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
  const lanes = recording()[0]!.lanes!.length;
  await expect(page.locator('figure')).toHaveCount(lanes * 3 + 2);
  for (const svg of await page.locator('figure .chart > svg').all()) {
    const label = await svg.getAttribute('aria-label');
    expect(label, 'a chart says what it shows').toMatch(/\d/);
  }
  await expect(page.getByTestId('finding')).toContainText('Recorded run');
  expect(problems).toEqual([]);
});

test('fits one screen at 1280×720 without scrolling', async ({ page }) => {
  await open(page);
  const over = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
  expect(over).toEqual([0, 0]);
  for (const figure of await page.locator('figure').all()) {
    const box = (await figure.boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(1280);
    expect(box.y + box.height).toBeLessThanOrEqual(720);
    expect(box.height).toBeGreaterThan(80);
  }
});

test('plays the recording where motion is welcome', async ({ browser }) => {
  const context = await browser.newContext({ reducedMotion: 'no-preference' });
  const page = await context.newPage();
  await open(page, '');
  await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replaying');
  const first = await stepOf(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(first);
  await context.close();
});

test('the numbers in the data tables are those of the recording', async ({ page }) => {
  await open(page);
  const events = recording();
  const started = events[0]!;
  const last = events.filter((event) => event.event === 'evaluation').at(-1)!;
  const groups = started.groups!.length;
  for (const [lane, name] of started.lanes!.entries()) {
    const { rows } = await tableOf(page, '③ What each group gets', new RegExp(`^③.*${name.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&')}$`));
    for (let g = 0; g < groups; g++) {
      const row = rows.find((each) => each[0] === started.groups![g]!.name)!;
      expect(Number(row[1])).toBeCloseTo(last.accuracy![lane * groups + g]!, 3);
    }
  }
});

test('scrubbing lands on the recorded step and comes back', async ({ page }) => {
  await open(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(20); // the recording is there
  const end = await settled(() => stepOf(page));
  const scrub = page.getByLabel('Step on show');
  await scrub.fill('20');
  await expect.poll(() => stepOf(page)).toBe(20);
  const [started, there] = [recording()[0]!, recording().find((event) => event.event === 'evaluation' && event.step === 20)!];
  await expect(async () => {
    const { rows } = await tableOf(page, '③ What each group gets', /^③.*DPO$/);
    expect(Number(rows.find((row) => row[0] === started.groups![0]!.name)![1])).toBeCloseTo(there.accuracy![0]!, 3);
  }).toPass({ timeout: 15_000 });
  await page.getByRole('button', { name: 'follow the run' }).click();
  await expect.poll(() => stepOf(page)).toBe(end);
});

test('a pair clicked in ② is read out among the pairs', async ({ page }) => {
  await open(page);
  const tilt = page.getByRole('figure', { name: /^② / }).first();
  await tilt.locator('[tabindex="0"]').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.locator('li.pinned')).toBeVisible();
  await page.getByRole('button', { name: 'unpin' }).click();
  await expect(page.locator('li.pinned')).toHaveCount(0);
});

test('α moves by the keyboard and every lane is read out at it', async ({ page }) => {
  await open(page);
  const handle = page.getByRole('slider', { name: /share/i }).and(page.locator('svg *'));
  await handle.focus();
  const before = await handle.getAttribute('aria-valuenow');
  await page.keyboard.press('ArrowRight');
  expect(await handle.getAttribute('aria-valuenow')).not.toBe(before);
});

test('settings go into the address and come back from it', async ({ page }) => {
  await open(page);
  await page.getByLabel('τ, value').fill('0.4');
  await page.getByLabel('τ, value').press('Enter');
  await expect(page).toHaveURL(/#.*tau=0\.4/);
  await page.reload();
  await expect(page.getByLabel('τ, value')).toHaveValue('0.4');
});

test('KLDPO’s forms can be chosen, and each has its own knob', async ({ page }) => {
  await open(page);
  await page.getByText('Methods, sizes, forms').click();
  await page.getByRole('button', { name: '2. KLDPO', exact: true }).click();
  const form = page.getByLabel('2. KLDPO form');
  await form.selectOption('exact radius');
  await expect(page.getByLabel('KL radius ρ, value')).toHaveValue('0.1');
  await expect(page.getByLabel('τ, value', { exact: true })).toHaveCount(0);
  await page.getByLabel('KL radius ρ, value').fill('0.3');
  await page.getByLabel('KL radius ρ, value').press('Enter');
  await expect(page).toHaveURL(/lanes=dpo;kldpo\/radius;wdpo&radius=0\.3/);
  await form.selectOption('normalized');
  await page.getByLabel('2. KLDPO: τ, value').fill('0.25');
  await page.getByLabel('2. KLDPO: τ, value').press('Enter');
  await expect(page).toHaveURL(/lanes=dpo;kldpo\/normalized:tau=0\.25;wdpo/);
  // A lane with a τ of its own does not follow the shared one, which no lane reads any more.
  await expect(page.getByLabel('τ, value', { exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: '2. KLDPO: share τ again' }).click();
  await expect(page.getByLabel('τ, value', { exact: true })).toBeVisible();
});

test('lanes of any method are added, moved and removed, and the link carries them', async ({ page }) => {
  const { problems } = await open(page, 'lanes=dpo;evil;kldpo:tau=0.2');
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('lanes');
  await page.getByText('Methods, sizes, forms').click();
  await page.getByLabel('Add a lane').selectOption('Dr. DPO');
  await page.getByRole('button', { name: 'Move 3. Dr. DPO up' }).click();
  await page.getByRole('button', { name: 'Remove 1. DPO' }).click();
  await expect(page).toHaveURL(/lanes=dr_dpo;kldpo:tau=0\.2$/);
  await page.reload();
  await page.getByText('Methods, sizes, forms').click();
  await expect(page.getByRole('button', { name: '1. Dr. DPO', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Remove 2. KLDPO' })).toBeVisible();
  await expectAccessible(page);
  expect(problems).toEqual([]);
});

test('a hostile address is held to the limits, with a notice', async ({ page }) => {
  const { problems } = await open(page, 'tau=1e99&minority=abc&scenario=%3Cscript%3E&nonsense=1');
  const notices = page.getByRole('region', { name: 'Messages' });
  await expect(notices).toContainText('tau');
  await expect(notices).toContainText('minority');
  await expect(notices).toContainText('nonsense');
  await expect(page.getByLabel('τ, value')).toHaveValue('20');
  expect(problems).toEqual([]);
});

test('every setting in the address is in the link that is shared again', async ({ page }) => {
  const wanted = defaults() as Record<string, string | number>;
  for (const key of KEYS) {
    const setting: Setting = SETTINGS[key];
    const usual = wanted[key];
    if (setting.kind === 'number') wanted[key] = usual === setting.max ? setting.min : Math.min(setting.max, Number(usual) + setting.step);
    else if (setting.kind === 'list') wanted[key] = 'dpo,gr_dpo';
    else if (setting.kind === 'numbers') wanted[key] = '1,0.25';
    else if (setting.kind === 'lanes') wanted[key] = 'dpo;kldpo/radius:radius=0.2;wdpo:rho=1,lr=0.001';
    else if (key !== 'scenario') wanted[key] = setting.options.find((option) => option !== usual) ?? '';
  }
  const given = new URLSearchParams(Object.entries(wanted).filter(([key]) => key !== 'scenario').map(([key, value]) => [key, String(value)]));
  const { problems } = await open(page, given.toString());
  await expect(page.getByRole('region', { name: 'Messages' }).locator('.notice')).toHaveCount(0);
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const link = await page.getByRole('dialog').getByLabel('Link').inputValue();
  expect([...new URLSearchParams(new URL(link).hash.slice(1))].sort()).toEqual([...given].sort());
  expect(problems).toEqual([]);
});

test('what shows the run otherwise shows it so', async ({ page }) => {
  const { problems } = await open(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(20);
  const label = (panel: RegExp): Promise<string | null> => page.getByRole('figure', { name: panel }).first().locator('.chart > svg').getAttribute('aria-label');
  const steps: [string, RegExp, RegExp][] = [
    ['gradient', /^①/, /^share of the total gradient/],
    ['all pairs', /^②/, /each as it was when last in a batch/],
    ['margin', /^③/, /^margin h \(nats\) by group/],
    ['reward', /^④/, /^reward of fresh samples/],
    ['at α', /^⑥/, /reward at 50% Sentimental/],
  ];
  for (const [button, panel, says] of steps) {
    expect(await label(panel)).not.toMatch(says);
    await page.getByRole('button', { name: button, exact: true }).click();
    await expect.poll(() => label(panel)).toMatch(says);
  }
  // The people that the settings describe.
  await page.getByLabel('rare group, value').fill('0.3');
  await page.getByLabel('rare group, value').press('Enter');
  await expect(page.locator('.who')).toContainText('Sentimental 30%');
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  expect(problems).toEqual([]);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`has no serious accessibility violation (${colorScheme})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await open(page);
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
    await expectAccessible(page);
    for (const name of ['Help', 'Lessons', 'Share', 'Export', 'All methods…', 'League table…', 'WDPO ρ=0.2']) {
      await page.getByRole('button', { name, exact: true }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
    }
    // What is opened on the page itself: numbers over every chart, a pinned pair, the menu of run files, slow motion, a notice.
    for (const button of await page.getByRole('button', { name: /^Show the numbers of/ }).all()) await button.click();
    await expectAccessible(page);
    for (const button of await page.getByRole('button', { name: /^Show the numbers of/ }).all()) await button.click();
    await page.getByRole('button', { name: /^Pin pair/ }).first().focus();
    await page.keyboard.press('Enter');
    await page.locator('summary', { hasText: 'run file' }).click();
    await page.getByText('Methods, sizes, forms').click();
    await page.getByRole('button', { name: '2. KLDPO', exact: true }).click();
    await page.locator('input[type="file"]').first().setInputFiles({ name: 'run.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from('{"event":"started"}\n') });
    await expect(page.getByRole('region', { name: 'Messages' }).locator('.notice')).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.keyboard.press('s');
    await expect(page.getByTestId('slow')).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await expect(page.getByRole('button', { name: 'Present on a projector' })).toHaveAttribute('aria-pressed', 'true');
    await expectAccessible(page);
    const over = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
    expect(over).toEqual([0, 0]);
  });
}

test('fits a phone: the first chart in the first screen, one lane at a time, settings folded, nothing wider than the screen', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  const lanes = recording()[0]!.lanes!;
  await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
  // The finding, the lane chooser and ① are seen at once, and the scrub bar with them.
  const foot = (await page.getByLabel('Step on show').boundingBox())!;
  for (const part of [page.getByTestId('finding'), page.getByRole('group', { name: 'Lane on show' }), page.getByRole('figure', { name: /^①/ })]) {
    const box = (await part.boundingBox())!;
    expect(box.y + box.height).toBeLessThanOrEqual(foot.y);
  }
  // The settings are a step before the lanes by keyboard, and all there when they are unfolded.
  const fold = page.getByRole('button', { name: 'Population and settings' });
  await expect(fold).toHaveAttribute('aria-expanded', 'false');
  await expect(page.getByRole('heading', { name: 'Population' })).toBeHidden();
  await page.getByLabel('Language').focus();
  for (let i = 0; i < 20 && !(await fold.evaluate((node) => node === document.activeElement)); i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('group', { name: 'Lane on show' }).getByRole('button').first()).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(fold).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Scenario')).toBeFocused();
  for (const name of ['rare group, value', 'τ, value', 'learn rate, value']) await expect(page.getByLabel(name)).toBeVisible();
  for (const name of ['All methods…', 'League table…', 'Your own data…']) await expect(page.getByRole('button', { name }).first()).toBeVisible();
  await expectAccessible(page);
  await fold.click();
  await expect(page.getByLabel('Scenario')).toBeHidden();
  await expect(page.locator('figure')).toHaveCount(5);
  await page.getByRole('group', { name: 'Lane on show' }).getByRole('button', { name: lanes[1]! }).click();
  await expect(page.getByRole('figure', { name: new RegExp(`^①.*${lanes[1]!.slice(0, 5)}`) })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await expectAccessible(page);
});

test('slow motion on a phone shows each panel that it speaks of', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
  await page.getByRole('button', { name: 'Slow motion' }).click();
  for (const panel of ['.panel.pairs', '.row.two', '.row.two', '.row.one', '.row.heads', '.row.three']) {
    await expect(page.locator(panel)).toHaveCSS('outline-style', 'solid');
    await expect(page.locator(panel)).toBeInViewport({ ratio: 0.95 });
    const [box, bar] = [(await page.locator(panel).boundingBox())!, (await page.getByRole('region', { name: 'Slow motion' }).boundingBox())!];
    expect(box.y + box.height, panel).toBeLessThanOrEqual(bar.y + 1);
    await page.getByRole('button', { name: 'Next (space)' }).click();
  }
});
