// How smooth the page is while it trains on the CPU with every chart live: node e2e/smooth.mjs [steps] [settings]. Serves
// dist/. For both scopes of ②: the longest task of the main thread, and what drawing took in each frame that drew (script
// and layout: every callback of the frame, then a forced layout, which is what the browser would do next).
import { chromium } from '@playwright/test';
import { preview } from 'vite';

const steps = Number(process.argv[2] ?? 120);
const settings = process.argv[3] ?? '';
const server = await preview({ preview: { host: '127.0.0.1', port: 0 } });
const url = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env['CHROME'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

async function measure(scope) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, serviceWorkers: 'block' });
  await page.addInitScript(() => {
    const seen = { tasks: [], frames: [], parts: [] };
    globalThis.smooth = seen;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => seen.tasks.push(entry.duration))).observe({ type: 'longtask' });
    // All callbacks of one animation frame together, and the layout that they leave to do, are what it took to draw it.
    const original = globalThis.requestAnimationFrame.bind(globalThis);
    let frame = -1;
    globalThis.requestAnimationFrame = (callback) =>
      original((now) => {
        const from = performance.now();
        callback(now);
        document.documentElement.getBoundingClientRect();
        const took = performance.now() - from;
        if (now === frame) seen.frames[seen.frames.length - 1] += took;
        else seen.frames.push(took);
        frame = now;
      });
  });
  const status = () => page.getByTestId('status').getAttribute('data-status');
  const reach = async (wanted, ms = 180_000) => {
    await page.waitForFunction((want) => document.querySelector('[data-testid="status"]')?.getAttribute('data-status') === want, wanted, { timeout: ms });
  };
  await page.goto(`${url}#device=cpu&steps=${steps}${settings ? `&${settings}` : ''}`);
  await page.getByTestId('device').filter({ hasText: 'CPU' }).waitFor();
  if (scope === 'all pairs') await page.getByRole('button', { name: scope }).click();
  await page.locator('header button.play').click();
  await reach('training');
  await page.evaluate(() => {
    globalThis.smooth.tasks.length = 0;
    globalThis.smooth.frames.length = 0;
  });
  const from = Date.now();
  await reach('done');
  const seconds = (Date.now() - from) / 1000;
  const { tasks, frames } = await page.evaluate(() => globalThis.smooth);
  // Frames in which something was drawn; the others only look at the clock.
  const drawn = frames.filter((ms) => ms > 0.5).sort((a, b) => a - b);
  const at = (part) => (drawn[Math.min(drawn.length - 1, Math.floor(part * drawn.length))] ?? Number.NaN).toFixed(1);
  const over = drawn.filter((ms) => ms >= 8).length;
  console.log(`${scope}: ${(steps / seconds).toFixed(1)} steps/s, ${drawn.length} frames drawn in ${seconds.toFixed(1)} s; drawing a frame, ms: median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)}, 8 or more in ${over}; tasks over 50 ms: ${tasks.length}, the longest ${Math.max(0, ...tasks).toFixed(0)} ms`);
  if ((await status()) !== 'done') process.exitCode = 1;
  await page.close();
}

for (const scope of ['batch', 'all pairs']) await measure(scope);
await browser.close();
await server.close();
