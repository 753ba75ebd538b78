// Without a network: the page after one visit, under a path of its own and across deployments; and the single file from disk.
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, type Page } from '@playwright/test';
import { built, engineExpected, status, watch } from './lab';

const dist = new URL('../dist/', import.meta.url).pathname;
const single = new URL('../dist-single/prefshift.html', import.meta.url).pathname;
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.wasm': 'application/wasm' };
const QUICK = 'device=cpu&d=16&layers=1&heads=2&sft=5&steps=6&every=3&samples=0&evalpairs=8';

/** Serves a folder under a path, as a school's server would. */
async function serve(folder: string, path: string): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://x').pathname;
    const file = join(folder, name.slice(path.length) || 'index.html');
    if (!name.startsWith(path) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, server };
}

const stop = (server: Server): Promise<void> =>
  new Promise((done) => {
    server.closeAllConnections();
    server.close(() => done());
  });

/** The page's worker has kept everything and answers for it. */
const kept = (page: Page): Promise<boolean> => page.evaluate(async () => (await navigator.serviceWorker.ready).active !== null);

async function train(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train live' }).click();
  await expect.poll(() => status(page), { timeout: 120_000 }).toBe('done');
}

test.describe('offline', () => {
  test.use({ serviceWorkers: 'allow', contextOptions: { reducedMotion: 'reduce' } });
  test.skip(!built('engine/cpu/prefshift.js') && !engineExpected, 'this build has no CPU engine');
  test.setTimeout(240_000);

  test('opens and trains with the server gone, after one visit', async ({ page, context }) => {
    const { url, server } = await serve(dist, '/school/prefshift/');
    await page.goto(url);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await kept(page)).toBe(true);
    await stop(server);
    await context.setOffline(true);
    const again = await context.newPage();
    await page.close();
    const { problems } = watch(again);
    await again.goto(`${url}#${QUICK}`);
    await expect.poll(() => status(again)).toBe('replayed');
    await train(again);
    expect(problems).toEqual([]);
  });

  test('a new deployment is taken up when the old page is closed', async ({ page, context }) => {
    const folder = join(mkdtempSync(join(tmpdir(), 'prefshift-')), 'dist');
    cpSync(dist, folder, { recursive: true });
    const { url, server } = await serve(folder, '/p/');
    await page.goto(url);
    expect(await kept(page)).toBe(true);
    for (const [name, from, to] of [['index.html', '<html', '<html data-build="2"'], ['sw.js', 'prefshift-', 'prefshift-2']] as const) {
      const path = join(folder, name);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    }
    // The old page goes on with its own files while the new ones arrive.
    await page.reload();
    await expect(page.locator('html[data-build]')).toHaveCount(0);
    await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting?.state), { timeout: 60_000 }).toBe('installed');
    await page.close();
    const next = await context.newPage();
    await expect(async () => {
      await next.goto(url);
      await expect(next.locator('html[data-build="2"]')).toHaveCount(1, { timeout: 1000 });
    }).toPass({ timeout: 30_000 });
    await expect.poll(() => next.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('prefshift-')).length)).toBe(1);
    await stop(server);
  });
});

test.describe('the single file', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });
  test.skip(!existsSync(single) && !engineExpected, 'make single has not been run');
  test.setTimeout(240_000);

  for (const device of ['cpu', 'webgpu']) {
    test(`opened from disk, plays its recording and trains: ${device}`, async ({ page, context }) => {
      await context.setOffline(true);
      const requests: string[] = [];
      const problems: string[] = [];
      page.on('request', (request) => void (/^(file|data|blob):/.test(request.url()) || requests.push(request.url())));
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
      await page.goto(`${pathToFileURL(single).href}#${QUICK.replace('device=cpu', `device=${device}`).replace('steps=6', 'steps=3')}`);
      await expect.poll(() => status(page)).toBe('replayed');
      await expect(page.getByTestId('device')).toContainText(device === 'cpu' ? 'CPU' : 'WebGPU');
      await train(page);
      expect([requests, problems]).toEqual([[], []]);
    });
  }
});
