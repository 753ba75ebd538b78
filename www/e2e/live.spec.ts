// The page with its engine, training for real.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { built, engineExpected, open, settled, status, stepOf, tableOf } from './lab';

const cpu = built('engine/cpu/prefshift.js');
const gpu = built('engine/gpu/prefshift.js');
/** Small enough to be quick, large enough to learn. */
const QUICK = 'steps=60&samples=4&every=20&evalpairs=16';

test.describe('on the CPU', () => {
  test.skip(!cpu && !engineExpected, 'this build has no CPU engine');
  test.setTimeout(300_000);

  test('trains when play is pressed, and the adversary finds the minority', async ({ page }) => {
    const { problems } = await open(page, `device=cpu&${QUICK}`);
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('training');
    await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(2);
    await expect.poll(() => status(page), { timeout: 200_000 }).toBe('done');
    await expect.poll(() => stepOf(page)).toBe(60);
    const { columns, rows } = await tableOf(page, '① Whom the adversary weights', /^①.*KLDPO/);
    // The rarest group is the last column that is a share; late in the run it has more than its share of the data.
    const last = rows.at(-1)!.map(Number);
    const minority = last[columns.length - 1]!;
    expect(minority).toBeGreaterThan(0.1);
    expect(problems).toEqual([]);
  });

  test('pauses, steps once, takes a new τ on the next step, and resets', async ({ page }) => {
    const { problems } = await open(page, `device=cpu&steps=2000&samples=0&every=500&evalpairs=8`);
    await page.getByRole('button', { name: 'Train live' }).click();
    // Until then the counter is the recorded run's.
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('training');
    await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(1);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => status(page)).toBe('paused');
    const at = await settled(() => stepOf(page));
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => stepOf(page)).toBe(at + 1);
    await page.getByLabel('τ, value').fill('0.1');
    await page.getByLabel('τ, value').press('Enter');
    await page.waitForTimeout(300);
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => stepOf(page)).toBe(at + 2);
    await expect(page.getByRole('heading', { name: 'KLDPO τ=0.1', exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBe(0);
    expect(problems).toEqual([]);
  });

  test('trains the same run on one core and on two, to the last bit', async ({ page }) => {
    const runs: string[] = [];
    for (const cores of [1, 2]) {
      // A new document each time: a change of the fragment alone does not load the page again.
      await page.goto('about:blank');
      const { problems } = await open(page, `device=cpu&cores=${cores}&klform=radius&steps=8&samples=4&every=4&evalpairs=8`);
      await expect(page.getByTestId('device')).toContainText(cores === 1 ? 'CPU, as chosen' : 'CPU, 2 cores, as chosen');
      await page.getByRole('button', { name: 'Train live' }).click();
      await expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');
      const waiting = page.waitForEvent('download');
      await page.getByRole('button', { name: 'save run' }).click();
      const path = await (await waiting).path();
      runs.push(readFileSync(path, 'utf8'));
      expect(problems).toEqual([]);
    }
    const events = runs[0]!.split('\n').filter(Boolean).map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events.filter((event) => event === 'frame')).toHaveLength(8);
    expect(events.filter((event) => event === 'evaluation')).toHaveLength(3);
    expect(runs[1]!.replace('CPU, 2 cores', 'CPU, one core')).toBe(runs[0]!);
  });

  test('shows every τ of the closed form', async ({ page }) => {
    const { problems } = await open(page, 'scenario=tabular&device=cpu');
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');
    for (const [tau, weight] of [['1', 0.25], ['0.25', 0.392], ['0.1', 0.45]] as const) {
      await expect(page.getByRole('heading', { name: `KLDPO τ=${tau}`, exact: true })).toBeVisible();
      const { rows } = await tableOf(page, '① Whom the adversary weights', new RegExp(`^①.*KLDPO τ=${tau.replace('.', '\\.')}$`));
      expect(Number(rows.at(-1)!.at(-1))).toBeCloseTo(weight, 2);
    }
    expect(problems).toEqual([]);
  });

  test('says what needs a restart, and restarts', async ({ page }) => {
    await open(page, `device=cpu&steps=2000&samples=0&every=500&evalpairs=8`);
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('training');
    await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(1);
    await page.getByLabel('flipped, value').fill('0.1');
    await page.getByLabel('flipped, value').press('Enter');
    await page.getByRole('button', { name: 'Restart with these settings' }).click();
    await expect(page.getByText('of weight on flips').first()).toBeVisible({ timeout: 60_000 });
  });

  test('reads a file of own pairs, lists the lines it cannot use, and trains on the rest', async ({ page }) => {
    const { problems } = await open(page, 'device=cpu&d=16&layers=1&heads=2&batch=4&sft=10&steps=3&every=2&evalpairs=4');
    const choose = (name: string, lines: string[]): Promise<void> =>
      page.locator('input[type="file"]').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(`${lines.join('\n')}\n`) });

    await choose('bad.jsonl', ['{"prompt": "p"}']);
    const messages = page.getByRole('region', { name: 'Messages' });
    await expect(messages).toContainText('bad.jsonl');
    await expect(messages).toContainText('line 1');

    // Half in the plain layout, half as conversations, every fourth of those without a prompt of its own.
    const say = (role: string, content: string): { role: string; content: string } => ({ role, content });
    const rows = Array.from({ length: 40 }, (_, i) => {
      const [prompt, chosen, rejected] = [`question ${i}`, `warm words ${i % 7}`, `plain words ${i % 5}`];
      if (i % 2 === 0) return JSON.stringify({ prompt, chosen, rejected, group: i % 4 === 0 ? 'few' : 'many' });
      const asked = say('user', prompt);
      return i % 4 === 1
        ? JSON.stringify({ prompt: [asked], chosen: [say('assistant', chosen)], rejected: [say('assistant', rejected)], group: 'many' })
        : JSON.stringify({ chosen: [asked, say('assistant', chosen)], rejected: [asked, say('assistant', rejected)], group: 'many' });
    });
    await choose('mine.jsonl', [...rows.slice(0, 10), 'broken', '{"prompt":"p","chosen":"same","rejected":"same"}', ...rows.slice(10)]);
    await expect(page.getByText('mine.jsonl: 40 pairs; many 30, few 10')).toBeVisible();
    await page.getByText('2 lines not used').click();
    await expect(page.getByText('line 11: not JSON')).toBeVisible();
    await expect(page.getByText('line 12: `chosen` and `rejected` have the same words')).toBeVisible();

    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');
    await expect.poll(() => stepOf(page)).toBe(3);
    // Of the four remarks on the file one notice tells; the refused file has another.
    await expect(messages.getByText('with 4 remarks')).toHaveCount(1);
    await expect(messages.locator('.notice')).toHaveCount(2);
    await page.locator('summary', { hasText: 'What was made of it' }).click();
    await expect(page.locator('#main').getByText('Read 40 rows')).toBeVisible();
    expect(problems).toEqual([]);
  });
});

test.describe('on WebGPU', () => {
  test.skip(!gpu && !engineExpected, 'this build has no WebGPU engine');
  test.setTimeout(420_000);

  test('trains a tiny shape on whatever adapter there is', async ({ page }) => {
    const { problems } = await open(page, 'device=webgpu&d=16&layers=1&heads=2&batch=2&pairs=16&steps=3&samples=0&evalpairs=2&every=100&sft=0');
    await expect(page.getByTestId('device')).toContainText('WebGPU, as chosen');
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 400_000 }).toBe('done');
    await expect.poll(() => stepOf(page)).toBe(3);
    expect(problems).toEqual([]);
  });
});

test.describe('word by word', () => {
  test.skip(!cpu && !engineExpected, 'this build has no CPU engine');
  test.setTimeout(200_000);

  test('a pinned pair is looked at under every lane, after every evaluation, and the words follow the scrub bar', async ({ page }) => {
    const { problems } = await open(page, 'device=cpu&cores=2&d=16&layers=1&heads=2&batch=4&pairs=32&sft=10&steps=6&every=3&evalpairs=4&samples=2');
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');
    // Drawn a moment after the run has ended.
    const points = page.getByRole('figure', { name: /^② .*WDPO/ }).locator('[tabindex="0"]').first();
    await expect(points).toBeVisible();
    await points.focus();
    await page.keyboard.press('Enter');
    const words = page.getByRole('region', { name: 'The pinned pair word by word' });
    await expect(words.locator('.lane')).toHaveCount(3);
    await expect(words.getByText(/^pulled: .+ → .+ \(\d+(\.\d)?%, ×/)).toHaveCount(1);
    // Each answer's words are those of the pair that is pinned.
    const pinned = (await page.locator('li.pinned .answer').first().textContent())!.replace('✓', '').trim();
    const tokens = await words.locator('.lane').first().locator('.answer').first().locator('.token').allTextContents();
    expect(tokens.at(-1)).toBe('⏎');
    expect(tokens.slice(0, -1).join('').replaceAll(' ', '')).toBe(pinned.replaceAll(' ', ''));
    await page.getByRole('button', { name: 'Show the numbers of: ⑤ Word by word' }).click();
    const table = page.getByRole('region', { name: '⑤ Word by word' });
    await expect(table.locator('tbody tr').first()).toBeAttached();
    const rows = await table.locator('tbody tr').evaluateAll((all) => all.map((tr) => [...tr.querySelectorAll('td')].map((cell) => cell.textContent)));
    // Both answers' shares of the pull add to 1, to the digits shown.
    const at = (await table.locator('th').allTextContents()).findIndex((name) => name.startsWith('pull WDPO'));
    expect(rows.reduce((sum, row) => sum + Number(row[at]), 0)).toBeCloseTo(1, 2);
    // Nothing is known of the pair's words at earlier steps, since it was pinned later; the next evaluation adds a look.
    await page.getByRole('button', { name: '6 more' }).click();
    await expect(page.getByText('at step 12')).toBeVisible({ timeout: 60_000 });
    await page.getByLabel('Step on show').fill('7');
    await expect(page.getByText('at step 6')).toBeVisible();
    await page.getByLabel('Step on show').fill('2');
    await expect(page.getByText('Looked at from step 6 on.')).toBeVisible();
    expect(problems).toEqual([]);
  });
});
