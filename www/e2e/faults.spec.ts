// What can break under a run, broken on purpose: the page says so in a sentence and goes on.
import { chromium, expect, test } from '@playwright/test';
import config from '../playwright.config.ts';
import { built, engineExpected, settled, status, stepOf } from './lab';
import { record } from './faults/record.ts';
import { serve, type FaultServer } from './faults/server.ts';
import { CPU_RUN, dismissAll, everyStep, finish, framesOf, GPU_RUN, messages, openAt, order, saidSince, STEPS, strikes, survives, trainSlowly } from './faults/stage.ts';

test.skip(!(built('engine/cpu/prefshift.js') && built('engine/gpu/prefshift.js')) && !engineExpected, 'this build has no engines');
test.setTimeout(60_000);

/** A policy file whose every number is NaN. */
function poisoned(file: Buffer): Buffer {
  const header = 8 + Number(file.readBigUInt64LE(0));
  const out = Buffer.from(file);
  out.fill(0xff, header);
  return out;
}

const wasm = (answer: (body: Buffer) => { status?: number; type?: string; body: Buffer | string }) => ({
  answer: (path: string, body: Buffer) => (path.endsWith('.wasm') ? answer(body) : undefined),
});

let server: FaultServer;
test.beforeAll(async () => {
  server = await serve({
    none: {},
    'no-adapter': { rig: { noAdapter: true } },
    'no-gpu': { rig: { noGpu: true } },
    'base-limits': { rig: { base: true } },
    'no-memory': { rig: { memory: 1 << 18 } },
    'bad-shader': { rig: { shader: ['@compute', '@compute broken'] } },
    'wrong-shader': { rig: { shader: ['exp(', '1.02 * exp('] } },
    'worker-404': { answer: (path) => (/assets\/worker.*\.js$/.test(path) ? { status: 404, type: 'text/plain', body: 'gone' } : undefined) },
    'wasm-404': wasm(() => ({ status: 404, type: 'text/plain', body: 'gone' })),
    'wasm-cut': wasm((body) => ({ type: 'application/wasm', body: body.subarray(0, body.length >> 1) })),
    'wasm-html': wasm(() => ({ type: 'text/html', body: '<!doctype html><title>Sign in</title>' })),
    'wasm-untyped': wasm((body) => ({ type: 'application/octet-stream', body })),
    'nan-weights': { answer: (path, body) => (path.endsWith('.safetensors') ? { body: poisoned(body) } : undefined) },
  });
});
test.afterAll(async () => {
  await server.close();
});

test.describe('a GPU under a run', () => {
  test.beforeEach(async ({ page }) => {
    await openAt(page, server.url('none'), GPU_RUN);
    await trainSlowly(page);
  });

  test('device destroyed', async ({ page }) => {
    await survives(page, '`device.destroy()`', () => order(page, 'destroy'), /^The GPU was lost after step \d+/);
  });

  test('read-back that never settles', async ({ page }) => {
    await survives(page, '`mapAsync` never settles', () => order(page, 'map-hangs'), /^The GPU stopped answering after step \d+/);
  });

  test('read-back that is rejected', async ({ page }) => {
    await survives(page, '`mapAsync` rejects', () => order(page, 'map-rejects'), /after step \d+: .*reading from the GPU failed/);
  });

  test('GPU process crash, and three within a minute', async ({ page, browser }) => {
    const session = await browser.newBrowserCDPSession();
    const at = await stepOf(page);
    // Chromium itself may give no adapter after the second crash, which is then the third loss.
    for (const [i, name] of ['GPU process crash', '… a second one within a minute', '… a third one within a minute'].entries()) {
      const from = performance.now();
      await session.send('Browser.crashGpuProcess').catch(() => undefined);
      const notice = await saidSince(page, from, /^The GPU was lost after step \d+/);
      const back = await saidSince(page, from, i === 0 ? /on WebGPU after/ : /^Training goes on at step/);
      const onCpu = /on the CPU after/.test(back.text);
      const third = onCpu ? await saidSince(page, from, /third time within a minute; training goes on on the CPU/) : undefined;
      record({ fault: name, said: [notice, ...(third && third.text !== notice.text ? [third] : []), back].map((each) => each.text).join(' … '), state: 'training', noticed: notice.seconds, resumed: back.seconds });
      if (onCpu) break;
      await dismissAll(page);
    }
    await expect.poll(() => stepOf(page)).toBeGreaterThanOrEqual(at);
    await expect(page.getByTestId('device')).toContainText(/^CPU.*: the GPU was lost three times within a minute/);
    expect(framesOf(await finish(page))).toEqual(everyStep);
  });
});

test('a GPU that crashes three times within a minute, in a browser that would go on giving it', async () => {
  // Chromium itself takes the GPU from a page after two crashes, unless it is told not to.
  const launchOptions = config.use?.launchOptions;
  const browser = await chromium.launch({ ...launchOptions, args: [...(launchOptions?.args ?? []), '--disable-domain-blocking-for-3d-apis', '--disable-gpu-process-crash-limit'] });
  try {
    const page = await browser.newPage();
    await openAt(page, server.url('none'), GPU_RUN);
    await trainSlowly(page);
    const session = await browser.newBrowserCDPSession();
    for (const [i, back] of [/on WebGPU after/, /on WebGPU after/, /on the CPU after/].entries()) {
      const at = await stepOf(page);
      const from = performance.now();
      await session.send('Browser.crashGpuProcess').catch(() => undefined);
      const lost = await saidSince(page, from, i < 2 ? /^The GPU was lost after step \d+/ : /^The GPU was lost after step \d+.*third time within a minute; training goes on on the CPU/);
      const gone = await saidSince(page, from, back);
      await expect.poll(() => stepOf(page), { intervals: [50] }).toBeGreaterThan(at);
      const resumed = (performance.now() - from) / 1000;
      if (i === 2) record({ fault: 'GPU process crash, the third within a minute, where the browser still gives an adapter', said: `${lost.text} … ${gone.text}`, state: 'done on the CPU', noticed: lost.seconds, resumed });
      await dismissAll(page);
    }
    expect(framesOf(await finish(page))).toEqual(everyStep);
  } finally {
    await browser.close();
  }
});

test.describe('a GPU that is not what it should be', () => {
  for (const [fault, name, said] of [
    ['no-adapter', 'adapter `null` in the worker', /there is no GPU/],
    ['no-gpu', 'no `navigator.gpu` in the worker', /there is no GPU/],
    ['no-memory', '`createBuffer` fails after 256 KiB', /the GPU failed/],
    ['bad-shader', 'shader that does not compile', /the GPU failed/],
  ] as const) {
    test(`${name}: the run goes on on the CPU`, async ({ page }) => {
      await openAt(page, server.url(fault), GPU_RUN);
      const ago = await strikes(page);
      const from = performance.now();
      await page.getByRole('button', { name: 'Train live' }).click();
      const notice = await saidSince(page, from, said);
      // What a worker only finds missing strikes with its start.
      const since = fault === 'no-gpu' ? notice.seconds : await ago();
      const third = await saidSince(page, from, /third time within a minute; training goes on on the CPU/);
      expect(framesOf(await finish(page))).toEqual(everyStep);
      record({ fault: name, said: `${notice.text} … ${third.text}`, state: 'done on the CPU', noticed: since, resumed: third.seconds - notice.seconds + since });
    });
  }

  test('a shader that computes wrongly: found before a step is made, and the GPU is not tried again', async ({ page }) => {
    await openAt(page, server.url('wrong-shader'), GPU_RUN);
    const ago = await strikes(page);
    const from = performance.now();
    await page.getByRole('button', { name: 'Train live' }).click();
    const notice = await saidSince(page, from, /after step 0: this GPU computes wrongly.*Training goes on on the CPU\./);
    const noticed = await ago();
    const back = await saidSince(page, from, /^Training goes on at step 0 on the CPU/);
    await expect(page.getByTestId('device')).toContainText(/^CPU.*: the GPU was found to compute wrongly/);
    expect(framesOf(await finish(page))).toEqual(everyStep);
    record({ fault: 'shader that computes wrongly, by 2 %', said: notice.text, state: 'done on the CPU', noticed, resumed: back.seconds - notice.seconds + noticed });
  });

  test('no WebGPU at all: the CPU is used and the reason given', async ({ page }) => {
    for (const [script, reason] of [
      ['delete Navigator.prototype.gpu', /^CPU.*: this browser has no WebGPU/],
      ['GPU.prototype.requestAdapter = async () => null', /^CPU.*: WebGPU finds no adapter here/],
    ] as const) {
      const fresh = await page.context().newPage();
      await fresh.addInitScript(script);
      await openAt(fresh, server.url('none'), GPU_RUN);
      await expect(fresh.getByTestId('device')).toContainText(reason);
      await fresh.getByRole('button', { name: 'Train live' }).click();
      expect(framesOf(await finish(fresh))).toEqual(everyStep);
      record({ fault: script.startsWith('delete') ? 'no `navigator.gpu`' : 'adapter `null`', said: (await fresh.getByTestId('device').textContent()) ?? '', state: 'done on the CPU' });
      await fresh.close();
    }
  });

  test('no timestamps and no more than every WebGPU has: trains all the same', async ({ page }) => {
    await openAt(page, server.url('base-limits'), GPU_RUN);
    await page.getByRole('button', { name: 'Train live' }).click();
    expect(framesOf(await finish(page))).toEqual(everyStep);
    await expect(messages(page)).not.toContainText('GPU');
    await expect(page.getByTestId('device')).toContainText('WebGPU');
    record({ fault: 'no optional features (`timestamp-query`), base limits (8 storage buffers, 256 invocations, 16 KiB)', said: 'nothing', state: 'done on WebGPU' });
  });
});

test.describe('a worker under a run', () => {
  let whole = '';

  test('loss, trap, hang and an error of its own: the same run to the last bit', async ({ page }) => {
    await openAt(page, server.url('none'), CPU_RUN);
    await page.getByRole('button', { name: 'Train live' }).click();
    whole = await finish(page);
    expect(framesOf(whole)).toEqual(everyStep);
    for (const [what, fault, said] of [
      ['close', 'worker ended', /^The engine’s worker was lost after step \d+/],
      ['trap', 'Rust panic or trap (memory overwritten)', /^The engine failed after step \d+/],
      ['throw', 'uncaught error in the worker', /^The engine’s worker was lost after step \d+/],
      ['spin', 'worker in an endless loop', /^The engine’s worker stopped answering after step \d+/],
    ] as const) {
      await openAt(page, server.url('none'), CPU_RUN);
      await trainSlowly(page);
      const recording = await survives(page, `${fault}, CPU`, () => order(page, what), said);
      expect(recording, `${fault}: as if nothing had been`).toBe(whole);
    }
  });

  test('initialized twice, and a hundred commands at random: still a whole run', async ({ page }) => {
    await openAt(page, server.url('none'), CPU_RUN);
    await trainSlowly(page);
    await order(page, 'init-again');
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    // A fixed sequence, so that a failure can be made again.
    await page.evaluate(async () => {
      let seed = 7;
      const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
      const keys = [' ', 'ArrowRight', 'r', ' ', 'ArrowRight', ' '];
      const speed = document.querySelector<HTMLSelectElement>('select[aria-label="Speed"]')!;
      for (let i = 0; i < 100; i += 1) {
        const which = next(8);
        if (which < 6) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: keys[which]!, bubbles: true, cancelable: true }));
        else {
          speed.value = which === 6 ? '0' : '10';
          speed.dispatchEvent(new Event('change', { bubbles: true }));
        }
        if (next(3) === 0) await new Promise((go) => setTimeout(go, next(30)));
      }
    });
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => stepOf(page), { timeout: 30_000 }).toBe(0);
    await expect.poll(() => status(page), { timeout: 30_000 }).toBe('paused');
    await page.getByRole('button', { name: 'Play' }).click();
    expect(framesOf(await finish(page))).toEqual(everyStep);
    expect(errors).toEqual([]);
    record({ fault: 'worker initialized twice, 100 random commands in a burst', said: 'nothing', state: 'reset and done' });
  });

  test('a tab that is frozen and thawed, and six times slower: nothing is taken for a hang', async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    await openAt(page, server.url('none'), CPU_RUN);
    await trainSlowly(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await new Promise((go) => setTimeout(go, 6_000));
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await session.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    const at = await stepOf(page);
    await expect.poll(() => stepOf(page), { timeout: 20_000 }).toBeGreaterThan(at + 3);
    expect(framesOf(await finish(page))).toEqual(everyStep);
    await expect(messages(page).locator('.warning, .error')).toHaveCount(0);
    record({ fault: 'tab frozen for 6 s and thawed, then the page slowed down six times', said: 'nothing', state: 'done' });
  });
});

test('a stage that was stopped stays so when its worker is lost, and then ends as if nothing had been', async ({ page }) => {
  test.setTimeout(150_000);
  const pipeline = 'scenario=emotion&device=cpu&cores=2&methods=dpo,kldpo&d=16&layers=1&heads=2&sft=40&pairs=32&batch=4&steps=4&every=2&evalpairs=4&samples=4';
  const begin = async (): Promise<void> => {
    await openAt(page, server.url('none'), pipeline);
    await page.getByRole('button', { name: 'Train live' }).click();
  };
  const said = async (): Promise<string> => (await page.getByTestId('status').textContent()) ?? '';
  const done = (): Promise<void> => expect.poll(() => status(page), { timeout: 60_000 }).toBe('done');
  await begin();
  await expect.poll(said, { timeout: 30_000, intervals: [20] }).toMatch(/training the reward model [1-9]\d? %/);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => status(page)).toBe('held');
  const held = await settled(said);
  expect(held).toMatch(/training the reward model \d\d? %/);
  for (const losses of [1, 2]) {
    const from = performance.now();
    await order(page, 'close');
    const notice = await saidSince(page, from, /^The engine’s worker was lost .*The stage stays stopped/);
    if (losses === 1) record({ fault: 'worker ended while a stage before training is stopped, CPU', said: notice.text, state: 'stopped, until it is to go on', noticed: notice.seconds });
    // Longer than a stage that goes on takes to show it.
    await page.waitForTimeout(3_000);
    expect(await said()).toBe(held);
    await dismissAll(page);
  }
  await page.getByRole('button', { name: 'Play' }).click();
  await done();
  const recording = await finish(page);
  await page.evaluate(() => indexedDB.deleteDatabase('prefshift-made'));
  await begin();
  await done();
  expect(recording).toBe(await finish(page));
});

test.describe('files that do not arrive as they should', () => {
  for (const [fault, name, said] of [
    ['worker-404', 'worker’s script is missing (404)', /worker could not be started/],
    ['wasm-404', 'engine’s file is missing (404)', /engine could not be loaded \(404\)/],
    ['wasm-cut', 'engine’s file is cut off', /engine’s file is damaged/],
    ['wasm-html', 'engine’s file is a page of a login portal', /engine’s file is damaged/],
  ] as const) {
    test(`${name}: said, and the recorded run stays`, async ({ page }) => {
      await openAt(page, server.url(fault), CPU_RUN);
      await expect(page.getByTestId('device')).toContainText('engine not available');
      const from = performance.now();
      await page.getByRole('button', { name: 'Train live' }).click();
      const notice = await saidSince(page, from, said);
      await expect(page.getByTestId('status')).toHaveAttribute('data-status', /replay/);
      expect(await page.locator('figure').count()).toBeGreaterThan(4);
      record({ fault: name, said: notice.text, state: 'recorded run on show', noticed: notice.seconds });
    });
  }

  test('engine’s file without its type: trains all the same', async ({ page }) => {
    await openAt(page, server.url('wasm-untyped'), CPU_RUN);
    await page.getByRole('button', { name: 'Train live' }).click();
    expect(framesOf(await finish(page))).toEqual(everyStep);
    record({ fault: 'engine’s file served without its type', said: 'nothing', state: 'done' });
  });
});

test.describe('numbers that blow up', () => {
  test('a reference policy of NaN is refused or stops in a sentence', async ({ page }) => {
    await openAt(page, server.url('nan-weights'), `device=cpu&steps=5&samples=0&evalpairs=4`);
    const from = performance.now();
    await page.getByRole('button', { name: 'Train live' }).click();
    const notice = await saidSince(page, from, /finite|NaN|numbers|blew up/i, 60_000);
    await expect.poll(() => status(page), { timeout: 30_000 }).toMatch(/failed|replay|empty/);
    record({ fault: 'weights of the reference policy are NaN', said: notice.text, state: await status(page), noticed: notice.seconds });
  });

  test('a lane whose weights are not numbers goes back, and says so; the others go on', async ({ page }) => {
    await openAt(page, server.url('none'), GPU_RUN);
    await trainSlowly(page);
    const from = performance.now();
    await order(page, 'not-a-number');
    const notice = await saidSince(page, from, /^DPO blew up at step \d+: .*finite\. It went back to what it was at step \d+/);
    expect(framesOf(await finish(page))).toEqual(everyStep);
    await expect(messages(page)).not.toContainText('KLDPO');
    record({ fault: 'weights of a lane set to NaN while it trains, GPU', said: notice.text, state: 'done', noticed: notice.seconds });
  });

  test('absurd hyperparameters are held to the limits; what is left of them ends in a sentence or a result', async ({ page }) => {
    await openAt(page, server.url('none'), `${CPU_RUN}&lr=1e9&beta=1e9&tau=-5&seed=99999999999`);
    for (const key of ['lr', 'beta', 'tau', 'seed']) await expect(messages(page)).toContainText(`sets ${key} to`);
    await dismissAll(page);
    await page.getByRole('button', { name: 'Train live' }).click();
    await expect.poll(() => status(page), { timeout: 60_000 }).toMatch(/done|failed/);
    const told = (await messages(page).locator('.notice p').allTextContents()).join(' … ');
    if ((await status(page)) === 'failed') expect(told).toMatch(/blew up/);
    else await expect.poll(() => stepOf(page)).toBe(STEPS);
    record({ fault: 'learning rate, β, τ and seed of 10⁹ and worse in the address', said: `“The link sets lr to …, which is not allowed” and so for each${told && ` … ${told}`}`, state: await status(page) });
  });
});
