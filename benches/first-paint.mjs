#!/usr/bin/env node
// From a cold cache on localhost: the built page's first paint, the recorded run moving, and live training on the CPU
// when play is pressed as soon as the recording moves. A fresh browser with an empty profile each time; medians.
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { builtPage, serve } from './lib/browser.mjs';
import { spread } from './lib/plan.mjs';

const { values: args } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const server = await serve(builtPage());

/** Runs in the page: notes when something shows, and presses play when the recording moves. */
function watch() {
  const times = (globalThis.times = {});
  let first;
  const look = () => {
    const status = document.querySelector('[data-testid=status]')?.dataset.status;
    const step = document.querySelector('[data-testid=step]')?.textContent;
    if (status === 'replaying') {
      first ??= step;
      if (step !== first && times.moving === undefined) {
        times.moving = performance.now();
        document.querySelector('button.play').click();
      }
    }
    // The counter starts again with the live run.
    if (status === 'training' && times.live === undefined && /step [1-9]/.test(step ?? '')) {
      times.live = performance.now();
      times.paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    }
    requestAnimationFrame(look);
  };
  look();
}

const runs = [];
for (let i = 0; i < Number(args.runs); i++) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROME ?? '/usr/bin/chromium', headless: false,
    args: ['--headless=new', '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-dev-shm-usage'],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.addInitScript(watch);
  await page.goto(`${server.url}#device=cpu`);
  await page.waitForFunction(() => globalThis.times.live !== undefined, undefined, { timeout: 60_000 });
  runs.push(await page.evaluate(() => globalThis.times));
  await browser.close();
}
server.close();
const ms = (key) => {
  const { median, min, max } = spread(runs.map((run) => run[key]));
  return `${Math.round(median)} (${Math.round(min)}–${Math.round(max)})`;
};
console.log('| Cold cache, localhost, ms after navigation | |\n| --- | --- |');
console.log(`| first contentful paint | ${ms('paint')} |\n| the recorded run moves, and play is pressed | ${ms('moving')} |\n| the first step of live training on the CPU is shown | ${ms('live')} |`);
