// How smooth the page is while it trains on the CPU with every chart live: node e2e/smooth.mjs [steps] [hash]. Serves
// dist/. Prints the longest main-thread task, and per drawn frame the script, style and layout time.
import { chromium } from '@playwright/test';
import { preview } from 'vite';

const steps = Number(process.argv[2] ?? 200);
const settings = process.argv[3] ?? '';
const server = await preview({ preview: { host: '127.0.0.1', port: 0 } });
const url = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env['CHROME'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
await page.addInitScript(() => {
  const seen = { tasks: [], frames: [] };
  window.smooth = seen;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => seen.tasks.push(entry.duration))).observe({ type: 'longtask' });
  // All callbacks of one animation frame together are what it took to draw it.
  const original = window.requestAnimationFrame.bind(window);
  let frame = -1;
  window.requestAnimationFrame = (callback) =>
    original((now) => {
      const from = performance.now();
      callback(now);
      const took = performance.now() - from;
      if (now === frame) seen.frames[seen.frames.length - 1] += took;
      else seen.frames.push(took);
      frame = now;
    });
});
const client = await page.context().newCDPSession(page);
await client.send('Performance.enable');
const metrics = async () => Object.fromEntries((await client.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
const status = () => page.getByTestId('status').getAttribute('data-status');

await page.goto(`${url}#device=cpu&steps=${steps}${settings ? `&${settings}` : ''}`);
await page.waitForTimeout(2000);
for (const scope of ['batch', 'all pairs']) {
  if (scope !== 'batch') await page.getByRole('button', { name: scope }).click();
  await page.locator('header button').first().click();
  while ((await status()) !== 'training') await page.waitForTimeout(50);
  await page.evaluate(() => {
    window.smooth.tasks.length = 0;
    window.smooth.frames.length = 0;
  });
  const before = await metrics();
  while ((await status()) === 'training') await page.waitForTimeout(200);
  const after = await metrics();
  const { tasks, frames } = await page.evaluate(() => window.smooth);
  // Frames in which something was drawn; the others only look at the clock.
  const drawn = frames.filter((ms) => ms > 0.5).sort((a, b) => a - b);
  const at = (part) => drawn[Math.min(drawn.length - 1, Math.floor(part * drawn.length))]?.toFixed(1);
  const each = (key) => ((1000 * (after[key] - before[key])) / Math.max(1, drawn.length)).toFixed(1);
  console.log(`${scope}: ${drawn.length} frames drawn; script of a frame ms: median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)};`,
    `style ${each('RecalcStyleDuration')} and layout ${each('LayoutDuration')} ms a frame; tasks over 50 ms: ${tasks.length}, longest ${Math.max(0, ...tasks).toFixed(0)} ms`);
}
await browser.close();
await server.close();
