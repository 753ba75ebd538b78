#!/usr/bin/env node
// Wall time of every stage of the emotion experiment in the built page, as its default run makes them where nothing ships:
// from the first sign of a stage in the status line to that of the next (`--shipped`: with what ships; `--set steps=20`: other settings).
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { builtPage, serve } from './lib/browser.mjs';

const { values: args } = parseArgs({ options: { device: { type: 'string', default: 'cpu' }, set: { type: 'string', default: '' }, shipped: { type: 'boolean', default: false } } });
const files = builtPage();
// Without what ships the page makes every stage itself.
if (!args.shipped) files.delete('/reference/emotion.safetensors');
const server = await serve(files);

/** Runs in the page: when the status line first says something. */
function watch() {
  const times = (globalThis.times = {});
  const look = () => {
    const node = document.querySelector('[data-testid=status]');
    if (node) {
      const kind = node.dataset.status;
      const what = kind === 'preparing' ? node.textContent.replace(/ \d+ %$/, '') : kind;
      times[what] ??= performance.now();
      times.step = document.querySelector('[data-testid=step]')?.textContent;
    }
    requestAnimationFrame(look);
  };
  look();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROME ?? '/usr/bin/chromium', headless: false,
  args: ['--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-dev-shm-usage'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
await page.addInitScript(watch);
await page.goto(`${server.url}#scenario=emotion&device=${args.device}${args.set && `&${args.set}`}`);
await page.getByRole('button', { name: 'Train live' }).click();
await page.waitForFunction(() => globalThis.times.done !== undefined || globalThis.times.failed !== undefined, undefined, { timeout: 900_000 });
const times = await page.evaluate(() => globalThis.times);
console.log(`${args.device}, ${await page.getByTestId('device').textContent()}, ${times.step}`);
const order = Object.entries(times).filter(([, at]) => typeof at === 'number').sort(([, a], [, b]) => a - b);
order.forEach(([what, at], i) => console.log(`${what.padEnd(48)} at ${(at / 1000).toFixed(1)} s${order[i + 1] ? `, ${((order[i + 1][1] - at) / 1000).toFixed(1)} s` : ''}`));
await browser.close();
server.close();
