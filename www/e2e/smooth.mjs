// How smooth the page is while it trains on the CPU with every chart live: node e2e/smooth.mjs [steps] [settings]. Serves
// dist/. For both scopes of ②, from Chromium's own trace of the main thread: the longest task, and what each frame took in
// which script drew, with style, layout, paint and commit, by the clock and in CPU time (the two differ where the main thread
// waits for a core).
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { preview } from 'vite';

const steps = Number(process.argv[2] ?? 120);
const settings = process.argv[3] ?? '';
const server = await preview({ preview: { host: '127.0.0.1', port: 0 } });
const url = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env['CHROME'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

const at = (sorted, part) => (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN).toFixed(1);
const rising = (values) => [...values].sort((a, b) => a - b);

/** Events of the page's main thread, which is the one that fires animation frames. */
function read(path) {
  const { traceEvents } = JSON.parse(readFileSync(path, 'utf8'));
  const { pid, tid } = traceEvents.find((event) => event.name === 'FireAnimationFrame');
  return traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.ts !== undefined).sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
}

/** Milliseconds of each frame that was drawn: the task with its callbacks, style, layout, paint and commit. */
function frames(events, key) {
  const drawn = events.filter((event) => event.name === 'FireAnimationFrame' && event.dur > 0);
  const tasks = events.filter((event) => event.name === 'RunTask' && event.dur > 0);
  return rising(tasks.filter((task) => drawn.some((event) => event.ts >= task.ts && event.ts + event.dur <= task.ts + task.dur)).map((task) => (task[key] ?? 0) / 1000));
}

async function measure(scope) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, serviceWorkers: 'block' });
  // Asked for now and then: asking in every animation frame, as is usual, would make frames and be measured with them.
  const reach = (wanted) => page.waitForFunction((want) => document.querySelector('[data-testid="status"]')?.getAttribute('data-status') === want, wanted, { timeout: 120_000, polling: 250 });
  await page.goto(`${url}#device=cpu&steps=${steps}${settings ? `&${settings}` : ''}`);
  await page.getByTestId('device').filter({ hasText: 'CPU' }).waitFor();
  if (scope === 'all pairs') await page.getByRole('button', { name: scope }).click();
  await page.locator('header button.play').click();
  await reach('training');
  const path = join(tmpdir(), `prefshift-smooth-${process.pid}.json`);
  await browser.startTracing(page, { path, categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] });
  const from = Date.now();
  await reach('done');
  const seconds = (Date.now() - from) / 1000;
  await browser.stopTracing();
  const events = read(path);
  rmSync(path);
  const tasks = rising(events.filter((event) => event.name === 'RunTask' && event.dur > 0).map((event) => event.dur / 1000));
  const [clock, cpu] = [frames(events, 'dur'), frames(events, 'tdur')];
  const told = (all) => `median ${at(all, 0.5)}, p95 ${at(all, 0.95)}, most ${at(all, 1)}, 8 or more in ${all.filter((ms) => ms >= 8).length}`;
  console.log(`② ${scope}: ${(steps / seconds).toFixed(1)} steps/s, ${clock.length} frames drawn in ${seconds.toFixed(1)} s
  drawing a frame, ms by the clock: ${told(clock)}
  drawing a frame, ms of CPU time: ${told(cpu)}
  tasks over 50 ms: ${tasks.filter((ms) => ms > 50).length}, the longest ${at(tasks, 1)} ms`);
  await page.close();
}

for (const scope of ['batch', 'all pairs']) await measure(scope);
await browser.close();
await server.close();
