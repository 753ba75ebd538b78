// A GPU's kernels are compiled while the recording plays, so that training starts at once.
import { expect, test, type Worker } from '@playwright/test';
import { built, engineExpected, open, status, stepOf } from './lab';

const TINY = 'device=webgpu&d=16&layers=1&heads=2&batch=2&pairs=16&steps=3&evalpairs=2&every=100&sft=2';

/** Counts the pipelines that the engine's worker makes from now on. */
const count = (worker: Worker): Promise<void> =>
  worker.evaluate(() => {
    const make = GPUDevice.prototype.createComputePipeline;
    (self as unknown as { made: number }).made = 0;
    GPUDevice.prototype.createComputePipeline = function (descriptor) {
      (self as unknown as { made: number }).made += 1;
      return make.call(this, descriptor);
    };
  });
const made = (worker: Worker): Promise<number> => worker.evaluate(() => (self as unknown as { made: number }).made);

test.describe('warm-up on WebGPU', () => {
  test.skip(!built('engine/gpu/prefshift.js') && !engineExpected, 'this build has no WebGPU engine');
  test.setTimeout(420_000);

  for (const samples of [0, 4]) {
    test(`nothing is left to compile when play is pressed${samples > 0 ? ', samples included' : ''}`, async ({ page }) => {
      page.on('worker', (worker) => void count(worker));
      const { problems } = await open(page, `${TINY}&samples=${samples}`);
      await expect(page.getByTestId('device')).toContainText('WebGPU, as chosen');
      await expect(page.getByTestId('device')).toContainText('compiled and ready', { timeout: 120_000 });
      expect(await status(page)).toMatch(/^replay/);
      const workers = page.workers();
      expect(workers).toHaveLength(1);
      const before = await made(workers[0]!);
      expect(before).toBeGreaterThan(10);
      await page.getByRole('button', { name: 'Train live' }).click();
      await expect.poll(() => status(page), { timeout: 240_000 }).toBe('done');
      await expect.poll(() => stepOf(page)).toBe(3);
      expect(await made(workers[0]!)).toBe(before);
      expect(problems).toEqual([]);
    });
  }

  test('a run that was prepared in part goes on to wait at step 0', async ({ page }) => {
    const { problems } = await open(page, `${TINY}&samples=0`);
    await expect(page.getByTestId('device')).toContainText('compiled and ready', { timeout: 120_000 });
    // Asks for a run without letting it train.
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => status(page), { timeout: 120_000 }).toBe('paused');
    await expect(page.getByRole('figure', { name: /^③/ }).first().locator('svg')).toBeVisible({ timeout: 60_000 });
    await expect.poll(() => stepOf(page)).toBe(0);
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBe(1);
    expect(problems).toEqual([]);
  });
});
