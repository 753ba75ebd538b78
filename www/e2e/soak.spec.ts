// Memory over fifty starts and stops of the page's engine: wasm, JS and GPU. By hand: SOAK=1 npx playwright test soak
import { expect, test, type Page } from '@playwright/test';
import config from '../playwright.config.ts';
import { status, stepOf } from './lab';
import { serve, type FaultServer } from './faults/server.ts';
import { CPU_RUN, GPU_RUN, openAt } from './faults/stage.ts';

test.skip(process.env['SOAK'] !== '1', 'takes minutes');
test.setTimeout(600_000);
// So that a worker can be asked to collect what it no longer uses; and without machine code made of the page's script as it
// runs hot, which lies on the same heap and grew by 10 kB a cycle, while all that the page itself holds stayed as it was.
const FLAGS = '--js-flags=--expose-gc --no-opt --no-maglev --no-sparkplug';
test.use({ launchOptions: { ...config.use?.launchOptions, args: [...(config.use?.launchOptions?.args ?? []), FLAGS] } });

const CYCLES = 50;
/** The heap at rest is up to a tenth larger where something is still to be drawn; the least of so many cycles is what stays. */
const WINDOW = 10;
/** Bytes a cycle. */
const MOST_JS = 1_000;
let server: FaultServer;
test.beforeAll(async () => {
  server = await serve({ none: {} });
});
test.afterAll(() => server.close());

/** Bytes of all workers together. */
const workers = (page: Page): Promise<{ wasm: number; gpu: number }> =>
  page.evaluate(
    () =>
      new Promise<{ wasm: number; gpu: number }>((resolve) => {
        const channel = new BroadcastChannel('prefshift-faults');
        const sum = { wasm: 0, gpu: 0 };
        channel.onmessage = ({ data }: MessageEvent<{ wasm: number; gpu: number }>) => {
          sum.wasm += data.wasm;
          sum.gpu += data.gpu;
        };
        channel.postMessage('memory');
        setTimeout(() => (channel.close(), resolve(sum)), 1000);
      }),
  );

for (const [device, query] of [['CPU', CPU_RUN], ['WebGPU', GPU_RUN]] as const) {
  test(`${CYCLES} runs on ${device}, started and stopped`, async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.enable');
    await openAt(page, server.url('none'), query);
    await page.getByRole('button', { name: 'Train live' }).click();
    const heap: number[] = [];
    const rows: { cycle: number; wasm: number; gpu: number }[] = [];
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      await expect.poll(() => status(page), { timeout: 60_000, intervals: [30] }).toMatch(/training|done/);
      await expect.poll(() => stepOf(page), { timeout: 60_000, intervals: [30] }).toBeGreaterThan(5);
      if (cycle === WINDOW || cycle === CYCLES) rows.push({ cycle, ...(await workers(page)) });
      await page.getByRole('button', { name: 'Reset' }).dispatchEvent('click');
      await expect.poll(() => stepOf(page), { timeout: 60_000, intervals: [30] }).toBe(0);
      await expect.poll(() => status(page), { timeout: 60_000, intervals: [30] }).toBe('paused');
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number };
      heap.push(usedSize);
      await page.getByRole('button', { name: 'Play' }).dispatchEvent('click');
    }
    const [first, last] = [Math.min(...heap.slice(WINDOW, 2 * WINDOW)), Math.min(...heap.slice(-WINDOW))];
    const slope = (last - first) / (CYCLES - 2 * WINDOW);
    console.log(device, JSON.stringify({ rows, js: { first, last, slope } }));
    const [early, late] = rows as [(typeof rows)[0], (typeof rows)[0]];
    expect(late.wasm).toBe(early.wasm);
    expect(late.gpu - early.gpu, 'not a page more').toBeLessThan(4096);
    expect(slope, 'bytes of script a cycle').toBeLessThan(MOST_JS);
  });
}
