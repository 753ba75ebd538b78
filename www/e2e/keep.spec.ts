// A run outlives its tab: in the browser's storage, as a file, beside another tab, and where storage fails.
import { readFileSync } from 'node:fs';
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { built, engineExpected, settled, status, stepOf } from './lab';
import { record } from './faults/record.ts';
import { CPU_RUN, everyStep, finish, framesOf, messages, openAt, STEPS, trainSlowly } from './faults/stage.ts';

test.skip(!built('engine/cpu/prefshift.js') && !engineExpected, 'this build has no CPU engine');
test.setTimeout(90_000);

const paused = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => status(page)).toBe('paused');
};

/** Steps of the runs in the browser's storage, newest last. */
const stored = (page: Page): Promise<number[]> =>
  page.evaluate(
    () =>
      new Promise<number[]>((resolve, reject) => {
        const open = indexedDB.open('prefshift');
        open.onerror = () => reject(new Error('no database'));
        open.onsuccess = () => {
          const all = open.result.transaction('runs').objectStore('runs').getAll();
          all.onsuccess = () => {
            open.result.close();
            resolve((all.result as { turn: number; step: number }[]).sort((a, b) => a.turn - b.turn).map((slot) => slot.step));
          };
          all.onerror = () => reject(new Error('not read'));
        };
      }),
  );

async function pausedAndStored(page: Page): Promise<number> {
  await paused(page);
  let at = -1;
  await expect.poll(async () => ((at = await stepOf(page)), (await stored(page).catch(() => [])).at(-1) === at), { timeout: 20_000 }).toBe(true);
  return at;
}

async function another(context: BrowserContext, from: Page): Promise<Page> {
  await from.close({ runBeforeUnload: false });
  return context.newPage();
}

/** As the other, from what ships of the steps before alignment: its shape must stay that of the shipped reference. */
const EMOTION_RUN = `scenario=emotion&device=cpu&methods=dpo,kldpo&batch=2&pairs=64&steps=${STEPS}&samples=0&evalpairs=2&every=50`;

for (const [scenario, run] of [['two populations', CPU_RUN], ['emotion', EMOTION_RUN]] as const)
  test(`close the tab, come back, go on: the same run to the last bit (${scenario})`, async ({ context, baseURL }) => {
    let page = await context.newPage();
    await openAt(page, baseURL!, run);
    await page.getByRole('button', { name: 'Train live' }).click();
    const whole = await finish(page);
    page = await another(context, page);

    await openAt(page, baseURL!, run);
    await trainSlowly(page);
    const at = await pausedAndStored(page);
    expect(at).toBeLessThan(STEPS);
    page = await another(context, page);

    const from = performance.now();
    await openAt(page, baseURL!, '');
    await expect(messages(page)).toContainText(`was kept at step ${at} of ${STEPS}`);
    const noticed = (performance.now() - from) / 1000;
    await page.getByRole('button', { name: 'Go on with it' }).click();
    await expect.poll(() => status(page), { timeout: 30_000 }).toBe('paused');
    await expect.poll(() => stepOf(page)).toBe(at);
    await page.getByRole('button', { name: 'Play' }).click();
    expect(await finish(page)).toBe(whole);
    if (run === CPU_RUN) record({ fault: 'tab closed in the middle of a run', said: `A run of “…” was kept at step ${at} of ${STEPS} …`, state: 'gone on with; the whole recording is that of an uninterrupted run, byte for byte', noticed });
  });

test('a checkpoint as a file goes on in another browser, and a damaged one is refused', async ({ browser, page, baseURL }) => {
  await openAt(page, baseURL!, CPU_RUN);
  await trainSlowly(page);
  await paused(page);
  const at = await settled(() => stepOf(page));
  await page.getByText('run file').click();
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'save checkpoint' }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toContain(`step-${at}.safetensors`);
  const bytes = readFileSync(await download.path());
  await page.getByRole('button', { name: 'Play' }).click();
  const rest = framesOf(await finish(page));
  expect(rest).toEqual(everyStep);

  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await openAt(other, baseURL!, 'device=cpu');
  const choose = (buffer: Buffer): Promise<void> => other.locator('input[type="file"]').first().setInputFiles({ name: 'run.safetensors', mimeType: 'application/octet-stream', buffer });
  for (const [what, damaged] of [
    ['cut off', bytes.subarray(0, bytes.length >> 1)],
    ['one bit changed', Buffer.from(bytes).fill(bytes[bytes.length - 100]! ^ 1, bytes.length - 100, bytes.length - 99)],
  ] as const) {
    await choose(Buffer.from(damaged));
    await expect(messages(other)).toContainText('run.safetensors: ');
    const said = (await messages(other).locator('.notice p').first().textContent()) ?? '';
    record({ fault: `checkpoint file ${what}`, said: said.trim(), state: 'what was on show stays' });
    await messages(other).getByRole('button', { name: 'Dismiss' }).first().click();
  }
  await choose(bytes);
  await expect.poll(() => status(other), { timeout: 30_000 }).toBe('paused');
  await other.getByRole('button', { name: 'Play' }).click();
  expect(framesOf(await finish(other))).toEqual(everyStep.slice(at));
  await elsewhere.close();
});

test('a second tab trains, says that it does not store, and leaves the first one’s run alone', async ({ context, baseURL }) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  await openAt(first, baseURL!, CPU_RUN);
  await trainSlowly(first);
  const at = await pausedAndStored(first);
  await openAt(second, baseURL!, CPU_RUN);
  await expect(second.getByRole('button', { name: 'Go on with it' }), 'a run that is under way in another tab is not offered').toHaveCount(0);
  await second.getByRole('button', { name: 'Train live' }).click();
  await expect(messages(second)).toContainText('Another tab of this page is storing its run', { timeout: 20_000 });
  expect(framesOf(await finish(second))).toEqual(everyStep);
  expect((await stored(first)).at(-1)).toBe(at);
  record({ fault: 'second tab', said: 'Another tab of this page is storing its run, so this tab’s run is not stored. …', state: 'both train; the first one’s stored run is untouched' });
});

test('what another tab has made whole is not written over by a tab that is half-way', async ({ context, baseURL }) => {
  const kept = (page: Page, whole: boolean): Promise<boolean[]> =>
    page.evaluate(
      (finish) =>
        new Promise<boolean[]>((resolve) => {
          const open = indexedDB.open('prefshift-made');
          open.onsuccess = () => {
            const files = open.result.transaction('files', 'readwrite').objectStore('files');
            const [found, seen] = [files.openCursor(), [] as boolean[]];
            found.onsuccess = () => {
              const at = found.result;
              if (!at) return open.result.close(), resolve(seen);
              seen.push(at.value.half);
              if (finish) at.update({ ...at.value, half: false });
              at.continue();
            };
          };
        }),
      whole,
    );
  const run = 'scenario=emotion&device=cpu&cores=1&methods=dpo&d=16&layers=1&heads=2&sft=4000&pairs=32&batch=4&steps=2&evalpairs=4&samples=0';
  const [first, second] = [await context.newPage(), await context.newPage()];
  await second.goto(baseURL!);
  await openAt(first, baseURL!, run);
  await first.getByRole('button', { name: 'Train live' }).click();
  const stop = async (): Promise<void> => {
    await first.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => status(first)).toBe('held');
  };
  await expect(first.getByTestId('status')).toContainText('training', { timeout: 30_000 });
  await stop();
  await expect.poll(() => kept(second, false)).toEqual([true]);
  // As the other tab does when it has made it whole, between two writes of the first.
  await kept(second, true);
  for (let i = 0; i < 2; i += 1) {
    await first.getByRole('button', { name: 'Play' }).click();
    await first.waitForTimeout(2_500);
    await stop();
  }
  await first.waitForTimeout(500);
  expect(await kept(second, false)).toEqual([false]);
  record({ fault: 'two tabs at the same stage, one of them done', said: 'nothing', state: 'what is whole stays; the other tab goes on with its own' });
});

test('a save that is killed half-way, or damaged, costs nothing but itself', async ({ context, baseURL }) => {
  let page = await context.newPage();
  await openAt(page, baseURL!, CPU_RUN);
  await trainSlowly(page);
  const at = await pausedAndStored(page);
  // The next save is cut short with the tab: the transaction never ends.
  await page.evaluate(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...args: Parameters<typeof put>) {
      const asked = put.apply(this, args);
      this.transaction.abort();
      return asked;
    };
  });
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await expect.poll(() => stepOf(page)).toBe(at + 1);
  await page.waitForTimeout(1500);
  page = await another(context, page);
  await openAt(page, baseURL!, '');
  await expect(messages(page)).toContainText(`was kept at step ${at} of`);
  record({ fault: 'killed during a save', said: `A run of “…” was kept at step ${at} …`, state: 'the save before it is offered' });
});

test('no room: said once, and the run goes on', async ({ page, baseURL }) => {
  await page.addInitScript(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await openAt(page, baseURL!, CPU_RUN);
  await trainSlowly(page);
  await expect(messages(page)).toContainText('The browser has no room left to store this run', { timeout: 20_000 });
  expect(framesOf(await finish(page))).toEqual(everyStep);
  record({ fault: 'storage quota exceeded', said: 'The browser has no room left to store this run. Training goes on; save it as a file to keep it.', state: 'done' });
});

test('a hidden tab goes on or pauses, as chosen', async ({ page, baseURL }) => {
  const hide = (hidden: boolean): Promise<void> =>
    page.evaluate((now) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => now });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await openAt(page, baseURL!, CPU_RUN);
  await trainSlowly(page);
  await hide(true);
  const at = await stepOf(page);
  await page.waitForTimeout(1000);
  await hide(false);
  await expect.poll(() => stepOf(page), { timeout: 5_000 }).toBeGreaterThan(at + 3);
  await page.getByText('run file').click();
  await page.getByLabel('pause while the tab is hidden').check();
  await hide(true);
  await expect.poll(() => status(page)).toBe('paused');
  const rest = await settled(() => stepOf(page));
  await page.waitForTimeout(1000);
  expect(await stepOf(page)).toBe(rest);
  await hide(false);
  await expect.poll(() => status(page)).toBe('training');
  expect(framesOf(await finish(page))).toEqual(everyStep);
});
