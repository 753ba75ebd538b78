// The Content-Security-Policy both ways: what must work works, what must not is refused; and nothing leaves the origin.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { CSP, headersFile } from '../csp.ts';
import { built, engineExpected, open, status, stepOf } from './lab';

/** What the browser refuses from here on, as `directive blocked-uri`. */
async function refusals(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const seen: string[] = [];
    (globalThis as { refused?: string[] }).refused = seen;
    document.addEventListener('securitypolicyviolation', (event) => seen.push(`${event.effectiveDirective} ${event.blockedURI}`));
  });
  return () => page.evaluate(() => (globalThis as { refused?: string[] }).refused ?? []);
}

test('the built page carries the policy, and nothing inline that it would refuse', () => {
  const html = readFileSync(new URL('../dist/index.html', import.meta.url), 'utf8');
  const decoded = html.replaceAll('&#39;', "'");
  expect(decoded.indexOf(CSP)).toBeGreaterThan(0);
  expect(decoded.indexOf(CSP), 'the policy comes before the first script').toBeLessThan(decoded.indexOf('<script'));
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  expect(readFileSync(new URL('../dist/_headers', import.meta.url), 'utf8')).toBe(headersFile());
  const notes = readFileSync(new URL('../../docs/hosting.md', import.meta.url), 'utf8');
  expect(notes, 'docs/hosting.md gives the headers as they are').toContain(headersFile().trim());
});

test('inline script and style, eval, foreign scripts and foreign requests are refused', async ({ page }) => {
  const refused = await refusals(page);
  await page.goto('./');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const outcome = await page.evaluate(async () => {
    const ran: string[] = [];
    (globalThis as { ran?: string[] }).ran = ran;
    const inline = document.createElement('script');
    inline.textContent = 'globalThis.ran.push("inline script")';
    document.head.append(inline);
    const image = document.createElement('div');
    image.innerHTML = '<img src="x" onerror="globalThis.ran.push(\'inline handler\')">';
    document.body.append(image);
    const foreign = document.createElement('script');
    foreign.src = 'https://example.invalid/x.js';
    document.head.append(foreign);
    const style = document.createElement('style');
    style.textContent = 'h1 { color: rgb(1, 2, 3) !important }';
    document.head.append(style);
    // In a task of its own: the test's own way into the page is exempt from the policy while it runs.
    setTimeout(() => (0, eval)('globalThis.ran.push("eval")'));
    setTimeout('globalThis.ran.push("timer of text")');
    try {
      // A thread of someone else's making.
      new Worker(URL.createObjectURL(new Blob(['globalThis.x = 1'], { type: 'text/javascript' }))).onmessage = () => undefined;
    } catch {
      // As it should be.
    }
    const asked = await Promise.allSettled([
      fetch('https://example.invalid/'),
      new Promise((_, fail) => {
        const socket = new WebSocket('wss://example.invalid/');
        socket.onerror = fail;
      }),
    ]);
    await new Promise((go) => setTimeout(go, 500));
    return { ran, asked: asked.map((each) => each.status), color: getComputedStyle(document.querySelector('h1')!).color };
  });
  expect(outcome.ran).toEqual([]);
  expect(outcome.asked).toEqual(['rejected', 'rejected']);
  expect(outcome.color).not.toBe('rgb(1, 2, 3)');
  const directives = new Set((await refused()).map((each) => each.split(' ')[0]));
  for (const directive of ['script-src-elem', 'script-src-attr', 'script-src', 'style-src-elem', 'connect-src', 'worker-src']) {
    expect([...directives], `${directive} was enforced`).toContain(directive);
  }
});

test.describe('with the engine', () => {
  const engines = built('engine/cpu/prefshift.js') && built('engine/gpu/prefshift.js');
  test.skip(!engines && !engineExpected, 'this build has no engines');
  test.setTimeout(240_000);

  for (const device of ['cpu', 'webgpu'] as const) {
    test(`loads, trains and exports on ${device} without a refusal and without leaving its origin`, async ({ page, context }) => {
      const refused = await refusals(page);
      const origins = new Set<string>();
      context.on('request', (request) => origins.add(new URL(request.url()).protocol === 'blob:' ? 'blob:' : new URL(request.url()).origin));
      const { problems } = await open(page, `device=${device}&d=16&layers=1&heads=2&batch=2&pairs=16&steps=3&samples=0&evalpairs=2&every=100&sft=0`);
      await page.getByRole('button', { name: 'Train live' }).click();
      await expect.poll(() => status(page), { timeout: 200_000 }).toBe('done');
      await expect.poll(() => stepOf(page)).toBe(3);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'save run' }).click();
      expect(readFileSync(await (await download).path(), 'utf8').split('\n').filter((line) => line.startsWith('{"event":"frame"') || line.includes('"event":"frame"'))).toHaveLength(3);
      await page.keyboard.press('?');
      await page.keyboard.press('Escape');
      expect(await refused()).toEqual([]);
      expect([...origins].filter((origin) => origin !== 'blob:')).toEqual([new URL(page.url()).origin]);
      expect(problems).toEqual([]);
    });
  }
});
