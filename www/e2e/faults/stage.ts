// A run on a rigged page, and the questions that every fault asks of it.
import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { status, stepOf } from '../lab';
import type { Order } from './prologue.ts';
import { record } from './record.ts';

/** A run of a second or two at full speed; slowed down it takes eight. */
export const STEPS = 80;
const SHAPE = `methods=dpo,kldpo&batch=2&pairs=16&steps=${STEPS}&samples=0&evalpairs=2&every=50`;
export const GPU_RUN = `device=webgpu&d=16&layers=1&heads=2&sft=0&${SHAPE}`;
export const CPU_RUN = `device=cpu&d=16&layers=1&heads=2&sft=0&${SHAPE}`;

export const messages = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('region', { name: 'Messages' });

/** Closes every message at once, for some go away by themselves. */
export const dismissAll = (page: Page): Promise<void> =>
  messages(page)
    .getByRole('button', { name: 'Dismiss' })
    .evaluateAll((buttons) => buttons.forEach((button) => (button as HTMLElement).click()));

export async function openAt(page: Page, url: string, query: string): Promise<void> {
  // Another document each time, even where only the fragment differs.
  await page.goto('about:blank');
  await page.goto(`${url}#${query}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

export async function trainSlowly(page: Page): Promise<void> {
  await page.getByLabel('Speed').selectOption('10');
  await page.getByRole('button', { name: 'Train live' }).click();
  await expect.poll(() => status(page), { timeout: 60_000 }).toBe('training');
  await expect.poll(() => stepOf(page), { timeout: 30_000 }).toBeGreaterThan(3);
}

export const order = (page: Page, what: Order): Promise<void> =>
  page.evaluate((text) => {
    const channel = new BroadcastChannel('prefshift-faults');
    channel.postMessage(text);
    channel.close();
  }, what);

/** From now on, notes when a fault has struck that lies in wait in a worker; the answer gives how many seconds ago that was. */
export async function strikes(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const seen = globalThis as { struckAt?: number };
    new BroadcastChannel('prefshift-faults').onmessage = ({ data }: MessageEvent<{ struck?: number }>) => {
      if (typeof data.struck === 'number') seen.struckAt ??= data.struck;
    };
  });
  return async () => {
    const at = await page.evaluate(() => (globalThis as { struckAt?: number }).struckAt);
    expect(at, 'the fault has struck').toBeGreaterThan(0);
    return (Date.now() - at!) / 1000;
  };
}

/** Seconds until the messages match, and the one that did. */
export async function saidSince(page: Page, from: number, what: RegExp, timeout = 30_000): Promise<{ text: string; seconds: number }> {
  let text = '';
  await expect
    .poll(
      async () => {
        const all = await messages(page).locator('.notice p').allTextContents();
        text = all.find((each) => what.test(each)) ?? '';
        return text === '' ? all.join(' | ') : 'said';
      },
      { timeout, intervals: [50] },
    )
    .toBe('said');
  return { text: text.trim(), seconds: (performance.now() - from) / 1000 };
}

/** Lets the run finish and gives its recording. */
export async function finish(page: Page): Promise<string> {
  await page.getByLabel('Speed').selectOption('0');
  await expect.poll(() => status(page), { timeout: 60_000 }).toBe('done');
  const waiting = page.waitForEvent('download');
  // A message may lie over the button.
  await page.getByRole('button', { name: 'save run' }).dispatchEvent('click');
  return readFileSync(await (await waiting).path(), 'utf8');
}

export const framesOf = (recording: string): number[] =>
  recording
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { event: string; step: number })
    .filter((event) => event.event === 'frame')
    .map((event) => event.step);

export const everyStep = Array.from({ length: STEPS }, (_, i) => i);

/** Breaks a run under way, and holds it to going on as if nothing had been. */
export async function survives(page: Page, fault: string, strike: () => Promise<unknown>, said: RegExp): Promise<string> {
  const at = await stepOf(page);
  const from = performance.now();
  await strike();
  const notice = await saidSince(page, from, said);
  const back = await saidSince(page, from, /^Training goes on at step/);
  await expect.poll(() => stepOf(page), { intervals: [50] }).toBeGreaterThan(at);
  const resumed = (performance.now() - from) / 1000;
  const recording = await finish(page);
  expect(framesOf(recording), 'no step is missing or doubled').toEqual(everyStep);
  record({ fault, said: `${notice.text} … ${back.text}`, state: `done, ${STEPS} of ${STEPS} steps, each once`, noticed: notice.seconds, resumed });
  return recording;
}
