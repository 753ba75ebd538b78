// The panels that teach, on the recorded run: what is pointed at, pinned and dragged, and numbers that are the recording's.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { built, crossed, engineExpected, open, settled, status, stepOf, tableOf } from './lab';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

interface Frame {
  event: string;
  step: number;
  pairs: number[];
  losses: number[];
  factor: number[];
}
interface Started {
  lanes: string[];
  pairs: { prompt: string; group: number }[];
  groups: { name: string }[];
}

const events = readFileSync(new URL('../dist/demo.trace.jsonl', import.meta.url), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { event: string });
const started = events[0] as unknown as Started;
const frames = events.filter((event) => event.event === 'frame') as unknown as Frame[];
const lanes = started.lanes.length;
const named = (panel: string, lane: number): RegExp => new RegExp(`^${panel}.*${started.lanes[lane]!.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&')}$`);

test('② has the numbers of the frame on show, and of all pairs those of the frames that had them', async ({ page }) => {
  await open(page);
  const last = frames.at(-1)!;
  const n = last.pairs.length / lanes;
  for (let lane = 0; lane < lanes; lane += 1) {
    const { rows } = await tableOf(page, '② Loss → weight', named('②', lane));
    expect(rows).toHaveLength(n);
    rows.forEach((row, i) => {
      const at = lane * n + i;
      expect(row.slice(0, 2)).toEqual([String(last.pairs[at]), started.groups[started.pairs[last.pairs[at]!]!.group]!.name]);
      expect(Number(row[2])).toBeCloseTo(last.losses[at]!, 3);
      expect(Number(row[3]) / last.factor[at]!).toBeCloseTo(1, 3);
    });
  }
  await page.getByRole('button', { name: 'all pairs' }).click();
  const { columns, rows } = await tableOf(page, '② Loss → weight', named('②', 1));
  expect(columns.at(-1)).toBe('steps since');
  const latest = new Map<number, [number, number]>();
  for (const frame of frames) for (let i = n; i < 2 * n; i += 1) latest.set(frame.pairs[i]!, [frame.losses[i]!, frame.step]);
  expect(rows).toHaveLength(latest.size);
  for (const row of rows) {
    const [loss, step] = latest.get(Number(row[0]))!;
    expect(Number(row[2])).toBeCloseTo(loss, 3);
    expect(Number(row[4])).toBe(last.step - step);
  }
});

test('τ is dragged and keyed on the curve, in the lane that it is of', async ({ page }) => {
  await open(page);
  const handle = page.getByRole('slider', { name: 'Temperature τ of the adversary' });
  await expect(handle).toHaveCount(1);
  await expect(page.getByRole('figure', { name: named('②', 1) }).getByRole('slider', { name: 'Temperature τ' })).toHaveCount(1);
  const before = Number(await page.getByLabel('τ, value').inputValue());
  await handle.focus();
  await page.keyboard.press('ArrowRight');
  expect(Number(await page.getByLabel('τ, value').inputValue())).toBeGreaterThan(before);
  // The recorded batch was weighed with another τ: the handle says that this one is for the next step.
  await expect(handle).toHaveAttribute('aria-valuetext', /from the next step/);
  const grip = (await handle.locator('.chart-grip').boundingBox())!;
  await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
  await page.mouse.down();
  await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2 + 25, { steps: 3 });
  await page.mouse.up();
  expect(Number(await page.getByLabel('τ, value').inputValue())).toBeGreaterThan(before * 1.5);
  await expect(page.locator('li.pinned')).toHaveCount(0);
});

test('a pair that is pointed at is marked in ①, ② of every lane, ③ and among the pairs', async ({ page }) => {
  await open(page);
  await page.getByRole('figure', { name: named('②', 0) }).locator('[tabindex="0"]').first().focus();
  await page.keyboard.press('End');
  await expect(page.locator('li.pointed')).toBeVisible();
  await expect(page.locator('.chart-pointed:visible')).toHaveCount(lanes);
  await expect(page.locator('.chart-shares .chart-marked')).toHaveCount(lanes);
  await expect(page.locator('.chart-bars .chart-marked')).toHaveCount(lanes);
  await page.keyboard.press('Enter');
  await expect(page.locator('li.pinned')).toBeVisible();
  await expect(page.locator('li.pinned')).toHaveClass(/pointed/);
});

test('④ has earlier steps, each lane’s worst case, and the mixes in the ball of τ', async ({ page }) => {
  await open(page);
  const { columns, rows } = await tableOf(page, '④ If the people change', /^④/);
  const evaluations = events.filter((event) => event.event === 'evaluation') as unknown as { step: number; accuracy: number[] }[];
  const groups = started.groups.length;
  const worst = columns.indexOf('worst');
  for (const [lane, name] of started.lanes.entries()) {
    const now = evaluations.at(-1)!.accuracy.slice(lane * groups, (lane + 1) * groups);
    const row = rows.find((each) => each[0] === name)!;
    expect(Number(row[1])).toBeCloseTo(now[0]!, 3);
    expect(Number(row[worst])).toBeCloseTo(Math.min(...now), 3);
    for (const earlier of evaluations.slice(1, -1)) {
      const ghost = rows.find((each) => each[0] === `${name}, step ${earlier.step}`);
      if (ghost) expect(Number(ghost[1])).toBeCloseTo(earlier.accuracy[lane * groups]!, 3);
    }
  }
  expect(rows.filter((row) => row[0]!.startsWith(`${started.lanes[0]!}, step`))).toHaveLength(3);
  // WDPO has a set, of which no interval of shares can be drawn: said, not left out.
  await expect(page.getByText('No band for WDPO: its adversary moves words, not shares.')).toBeVisible();
  await expect(page.locator('.chart-shift > svg')).toHaveAttribute('aria-label', /KL ball of KLDPO.* holds shares from \d+(\.\d)?% to \d+/);
});

test('⑥ scrubs where a path is pointed at and comes back, and says what became of each lane', async ({ page }) => {
  await open(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(20);
  const end = await settled(() => stepOf(page));
  const { rows } = await tableOf(page, '⑥ Robust or cautious?', /^⑥/);
  // Every lane that came to a level of KL has a mark on it.
  const marks = rows.filter((row) => row[1]!.startsWith('KL = '));
  expect(new Set(marks.map((row) => row[1])).size).toBe(3);
  for (const [lane, step, , , kl] of marks) {
    const furthest = Math.max(...rows.filter((row) => row[0] === lane && !row[1]!.startsWith('KL')).map((row) => Number(row[4])));
    expect(Number(kl), `${lane} ${step}`).toBeLessThanOrEqual(furthest);
  }
  await expect(page.getByTestId('path-verdict')).toContainText(/KLDPO τ=\S+ .*DPO.* \([+−]\d.* ± \d.* at KL \d/);
  await page.getByRole('button', { name: 'Show the numbers of: ⑥' }).click();
  const points = page.getByRole('figure', { name: /^⑥/ }).getByRole('slider');
  await points.focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => stepOf(page)).toBe(20);
  await page.getByRole('button', { name: 'Step', exact: true }).focus();
  await expect.poll(() => stepOf(page)).toBe(end);
  await points.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Step', exact: true }).focus();
  await expect.poll(() => stepOf(page)).toBe(20);
});

for (const [name, size, lang, key] of [
  ['1280×720', [1280, 720], 'en', ''],
  ['1280×720 in Japanese', [1280, 720], 'ja', ''],
  ['1920×1080', [1920, 1080], 'en', ''],
  ['a phone', [390, 844], 'en', ''],
  ['a projector', [1280, 720], 'en', 'p'],
] as const) {
  test(`no label is crossed by a line or another label, at any α: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width: size[0], height: size[1] });
    await open(page, `lang=${lang}`);
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
    if (key !== '') await page.keyboard.press(key);
    await expect(page.locator('.chart-shift path.chart-ball')).toBeVisible();
    await page.waitForTimeout(300);
    const handle = page.locator('.chart-shift [role=slider]');
    await handle.focus();
    await page.keyboard.press('Home');
    for (let tenth = 0; tenth <= 10; tenth += 1) {
      expect(await crossed(page, /^④/, '.chart-line, .chart-rule, .chart-thin'), `④ at α = ${tenth / 10}`).toEqual([]);
      await page.keyboard.press('PageUp');
    }
    expect(await crossed(page, /^⑥/, '.chart-line, .chart-level'), '⑥').toEqual([]);
    expect(await crossed(page, /^①/, '.chart-guide, .chart-area'), '①').toEqual([]);
    for (const step of ['240', '100', '60']) {
      await page.locator('#scrub').fill(step);
      await settled(() => page.locator('.chart-tilt > svg').evaluateAll((all) => all.map((svg) => svg.getAttribute('aria-label'))));
      for (let lane = 0; lane < (await page.locator('.chart-tilt').count()); lane += 1) {
        expect(await crossed(page, new RegExp(`^②.*${['DPO', 'KLDPO', 'WDPO'][lane]!}`), '.chart-line, .chart-thin'), `② of lane ${lane} at step ${step}`).toEqual([]);
      }
    }
    // What is named over the plot is in the chart, whole.
    const names = await page.locator('.chart-shift .chart-front .chart-muted').evaluateAll((all) => all.map((node) => ({ text: node.textContent ?? '', box: node.getBoundingClientRect().toJSON() as DOMRect, chart: node.closest('figure')!.getBoundingClientRect().toJSON() as DOMRect })));
    expect(names).toHaveLength(2);
    for (const { text, box, chart } of names) {
      expect(text).not.toContain('…');
      expect(box.left).toBeGreaterThanOrEqual(chart.left);
      expect(box.right).toBeLessThanOrEqual(chart.right + 1);
    }
  });
}

for (const lang of ['en', 'ja']) {
  test(`the finding under the header is not broken for one word: ${lang}`, async ({ page }) => {
    await open(page, `lang=${lang}`);
    await expect(page.getByTestId('status')).toHaveAttribute('data-status', 'replayed');
    for (const step of ['240', '100', '20']) {
      await page.locator('#scrub').fill(step);
      const lines = await settled(() => page.getByTestId('finding').locator('span').evaluateAll((all) => all.map((node) => node.getBoundingClientRect().height)));
      expect(lines).toHaveLength(2);
      for (const height of lines) expect(height, `step ${step}`).toBeLessThan(24);
    }
    await page.locator('#scrub').fill('240');
    expect((await page.getByTestId('finding').boundingBox())!.height).toBeLessThan(24);
  });
}

test.describe('many lanes', () => {
  test.skip(!engineExpected && !built('engine/cpu/prefshift.js'), 'this build has no engine');
  const small = 'device=cpu&d=8&layers=1&heads=2&sft=5&pairs=32&evalpairs=16&samples=4&batch=4';

  for (const [n, given] of [[4, 'dpo;kldpo:tau=0.1;gr_dpo;dr_dpo'], [6, 'dpo;kldpo:tau=0.1;kldpo:tau=1;gr_dpo;dr_dpo;wdpo/appendix_f']] as const) {
    test(`⑥ says of each of ${n} lanes what became of it, names whole, with the numbers of its table`, async ({ page }) => {
      await open(page, `${small}&steps=40&every=4&lr=0.005&lanes=${given}`);
      await page.getByRole('button', { name: /Train live/ }).click();
      await expect.poll(() => status(page), { timeout: 60_000 }).toBe('done');
      const items = page.getByTestId('path-verdict').getByRole('listitem');
      await expect(items).toHaveCount(n - 1);
      const panel = (await page.locator('.panel.plane').boundingBox())!;
      for (const item of await items.all()) {
        const [box, over] = [(await item.boundingBox())!, await item.locator('span').first().evaluate((node) => node.scrollWidth - node.clientWidth)];
        expect(over).toBeLessThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(panel.x + panel.width + 1);
        expect(box.y + box.height).toBeLessThanOrEqual(720);
      }
      const { rows } = await tableOf(page, '⑥ Robust or cautious?', /^⑥/);
      const path = (lane: string): number[][] => rows.filter((row) => row[0] === lane && !row[1]!.startsWith('KL')).map((row) => row.slice(2).map(Number));
      /** y where a path first comes to a KL. */
      const yAt = (lane: string, kl: number): number => {
        const points = path(lane);
        const i = points.findIndex((point) => point[2]! >= kl * (1 - 1e-3));
        const [a, b] = [points[i - 1]!, points[i]!];
        return a[1]! + ((b[1]! - a[1]!) * (kl - a[2]!)) / (b[2]! - a[2]!);
      };
      for (const said of await items.locator('.sr').allTextContents()) {
        const [, lane = '', difference = '', kl = ''] = /^(.*?) (?:left|cannot|against).*?([+−]?\d[\d.]*)(?: ± [\d.]+)? at KL ([\d.]+)/.exec(said) ?? [];
        expect(path(lane).length, said).toBeGreaterThan(2);
        const number = Number(difference.replace('−', '-'));
        const least = Math.min(...[lane, 'DPO'].map((each) => Math.max(...path(each).map((point) => point[2]!))));
        expect(Number(kl) / least, said).toBeCloseTo(1, 1);
        expect(Math.abs(number - (yAt(lane, least) - yAt('DPO', least))), said).toBeLessThan(0.02);
      }
    });
  }

  test('the device stays in sight while a preparation is stopped', async ({ page }) => {
    await open(page, 'scenario=emotion&device=cpu&lanes=dpo;kldpo;gr_dpo;dr_dpo&d=16&layers=1&heads=2&sft=3000&pairs=32&batch=4&steps=4');
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect(page.getByTestId('status')).toContainText('preparing 1 of 3: training the reward model', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => status(page), { timeout: 60_000 }).toBe('held');
    await expect(page.getByTestId('status')).toHaveAttribute('title', /^stopped at 1 of 3: training the reward model \d+ %$/);
    for (const width of [1280, 1100]) {
      await page.setViewportSize({ width, height: 720 });
      const parts = await page.locator('header > *:not(.sr), header .device select').evaluateAll((all) => all.map((node) => ({ what: node.className || node.tagName, box: node.getBoundingClientRect().toJSON() as DOMRect, device: node.closest('.device') !== null })));
      const device = parts.filter((part) => part.device);
      expect(device).toHaveLength(2);
      for (const { box } of device) {
        for (const other of parts.filter((part) => !part.device)) expect(box.left >= other.box.right - 0.5 || box.right <= other.box.left + 0.5, `${width}: ${other.what}`).toBe(true);
        expect(box.height).toBeLessThan(40);
      }
      expect(device[1]!.box.width).toBeGreaterThan(40);
    }
  });
});
