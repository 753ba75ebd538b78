// What every test of the page needs: open it, and hold it to its promises.
import { existsSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const dist = new URL('../dist/', import.meta.url);
export const built = (path: string): boolean => existsSync(new URL(path, dist));

/** CI sets this, so that a build without an engine fails instead of being skipped. */
export const engineExpected = process.env['EXPECT_ENGINE'] === '1';

export interface Watch {
  /** Console errors, uncaught errors and requests to other origins so far. */
  problems: string[];
}

export function watch(page: Page): Watch {
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    const local = url.protocol === 'blob:' || url.protocol === 'data:' || url.hostname === '127.0.0.1';
    if (!local) problems.push(`request to ${url.host}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  return { problems };
}

export async function open(page: Page, query = ''): Promise<Watch> {
  const seen = watch(page);
  await page.goto(query === '' ? './' : `./#${query}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  return seen;
}

export async function status(page: Page): Promise<string> {
  return (await page.getByTestId('status').getAttribute('data-status')) ?? '';
}

export async function stepOf(page: Page): Promise<number> {
  const text = (await page.getByTestId('step').textContent()) ?? '';
  return Number(/step (\d+)/.exec(text)?.[1] ?? Number.NaN);
}

/** What `read` gives once it gives the same three times: what is drawn lags behind what is so. */
export async function settled<T>(read: () => Promise<T>): Promise<T> {
  const seen: string[] = [];
  let value!: T;
  await expect
    .poll(async () => ((value = await read()), seen.unshift(JSON.stringify(value)), seen.length > 2 && seen.slice(0, 3).every((each) => each === seen[0])), { intervals: [300], timeout: 30_000 })
    .toBe(true);
  return value;
}

/** Rows of a chart's data table: turns the row's tables on and reads the one of `label`. */
export async function tableOf(page: Page, row: string, label: RegExp): Promise<{ columns: string[]; rows: string[][] }> {
  const toggle = page.getByRole('button', { name: `Show the numbers of: ${row}` });
  if ((await toggle.getAttribute('aria-pressed')) !== 'true') await toggle.click();
  const region = page.getByRole('region', { name: label });
  await expect(region.locator('tbody tr').first()).toBeAttached();
  return region.evaluate((node) => ({
    columns: [...node.querySelectorAll('th')].map((cell) => cell.textContent ?? ''),
    rows: [...node.querySelectorAll('tbody tr')].map((tr) => [...tr.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
  }));
}

/** Texts of a chart that one of these lines runs through, or that stand in each other. */
export async function crossed(page: Page, label: RegExp, lines: string): Promise<string[]> {
  return page.getByRole('figure', { name: label }).first().evaluate((figure, selector) => {
    const svg = figure.querySelector<SVGSVGElement>('.chart > svg')!;
    const seen = (node: Element): boolean => node.getClientRects().length > 0 && !node.closest('.chart-readout');
    const texts = [...svg.querySelectorAll('text')].filter((text) => seen(text) && text.textContent !== '').map((text) => {
      const { left, right, top, bottom, height } = text.getBoundingClientRect();
      // A line of type is higher than its letters.
      return { name: text.textContent ?? '', left, right, top: top + height * 0.2, bottom: bottom - height * 0.15 };
    });
    const found: string[] = [];
    for (const [i, a] of texts.entries()) {
      for (const b of texts.slice(i + 1)) if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom && b.top < a.bottom) found.push(`“${a.name}” and “${b.name}”`);
    }
    for (const path of [...svg.querySelectorAll<SVGPathElement>(selector)].filter((path) => seen(path) && path.getTotalLength() > 0)) {
      const [length, matrix] = [path.getTotalLength(), path.getScreenCTM()!];
      const clip = path.hasAttribute('clip-path') ? svg.querySelector('clipPath rect') : null;
      const edge = (name: string): number => Number(clip?.getAttribute(name));
      for (let along = 0; along <= length; along += 1) {
        const here = path.getPointAtLength(along);
        // What is clipped away crosses nothing.
        const hidden = (start: string, size: string, at: number): boolean => clip !== null && (at < edge(start) || at > edge(start) + edge(size));
        if (hidden('x', 'width', here.x) || hidden('y', 'height', here.y)) continue;
        const { x, y } = here.matrixTransform(matrix);
        const text = texts.find(({ left, right, top, bottom }) => x > left && x < right && y > top && y < bottom);
        if (text) {
          found.push(`“${text.name}” and a line`);
          break;
        }
      }
    }
    return found;
  }, lines);
}

/** The cells of a stage of the emotion experiment, in its open dialog. */
export async function stageOf(page: Page, heading: RegExp): Promise<string[][]> {
  const details = page.getByRole('dialog').locator('details').filter({ has: page.locator('summary', { hasText: heading }) });
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click();
  await expect(details.locator('tbody tr').first()).toBeVisible();
  return details.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')));
}

export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter((violation) => violation.impact === 'serious' || violation.impact === 'critical');
  expect(serious.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
}
