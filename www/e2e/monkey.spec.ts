// Whatever is clicked, typed, dragged and chosen at random over everything on show while a run trains, nothing breaks: no error,
// no refusal by the policy, and afterwards Reset and a whole run. By hand: MONKEY_SEEDS=1,2,3 MONKEY_SECONDS=120 npx playwright test monkey
import { expect, test, type Download, type Page } from '@playwright/test';
import { built, engineExpected, open, status, stepOf } from './lab';
import { CPU_RUN, framesOf, finish } from './faults/stage.ts';

test.skip(!built('engine/cpu/prefshift.js') && !engineExpected, 'this build has no CPU engine');

const SEEDS = (process.env['MONKEY_SEEDS'] ?? '1').split(',').map(Number);
const SECONDS = Number(process.env['MONKEY_SECONDS'] ?? 15);
/** Steps of the run that is to come out whole in the end. */
const STEPS = 12;

/** Numbers of a seed (mulberry32). */
function numbers(seed: number): (n: number) => number {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

interface Target {
  x: number;
  y: number;
  width: number;
  height: number;
  kind: 'select' | 'text' | 'range' | 'other';
  options: number;
  name: string;
}

/** What can be acted on and is neither hidden nor behind something else; links that lead away are left out. */
const targets = (page: Page): Promise<Target[]> =>
  page.evaluate(() => {
    const of = 'button, summary, select, input, textarea, label, a[href^="#"], [tabindex], [role="slider"], svg, canvas, li, th, td, h2, h3, .notice';
    return [...document.querySelectorAll(of)].flatMap((node): Target[] => {
      const box = node.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const hit = document.elementFromPoint(x, y);
      if (box.width < 2 || box.height < 2 || !hit || !(node.contains(hit) || hit.contains(node)) || (node as HTMLInputElement).type === 'file') return [];
      const kind = node instanceof HTMLSelectElement ? 'select' : node instanceof HTMLInputElement ? (node.type === 'range' ? 'range' : node.type === 'checkbox' || node.type === 'radio' ? 'other' : 'text') : node instanceof HTMLTextAreaElement ? 'text' : 'other';
      const name = `${node.tagName.toLowerCase()} ${(node.getAttribute('aria-label') ?? node.id) || (node.textContent ?? '').trim().slice(0, 30)}`;
      return [{ x: box.x, y: box.y, width: box.width, height: box.height, kind, options: node instanceof HTMLSelectElement ? node.options.length : 0, name }];
    });
  });

const KEYS = [' ', ' ', 'Enter', 'Escape', 'Tab', 'Tab', 'ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageDown', 'PageUp', 'r', 's', 'p', 'l', '?', 'Delete', 'Backspace'];
const TEXTS = ['', '0', '1', '-1', '3', '0.5', '7', '1e9', 'NaN', 'x', '١٢', '0,25', '<b>', ' '];

/** One act at random; what it was. */
async function act(page: Page, draw: (n: number) => number): Promise<string> {
  const mouse = page.mouse;
  const choice = draw(20);
  if (choice < 3) {
    const key = KEYS[draw(KEYS.length)]!;
    await page.keyboard.press(key);
    return `key ${key}`;
  }
  if (choice === 3) {
    await mouse.wheel(0, draw(800) - 400);
    return 'wheel';
  }
  const found = await targets(page);
  const target = found[draw(found.length)];
  if (!target) return 'nothing';
  const within = (): [number, number] => [target.x + 1 + draw(Math.max(1, target.width - 2)), target.y + 1 + draw(Math.max(1, target.height - 2))];
  const [x, y] = within();
  if (target.kind === 'select' && target.options > 0) {
    const at = draw(target.options);
    // As the browser does it: its own list is no part of the page.
    await page.evaluate(
      ([x, y, at]) => {
        const select = document.elementFromPoint(x, y)?.closest('select');
        if (!select || select.disabled || select.options[at]?.disabled) return;
        select.focus();
        select.selectedIndex = at;
        select.dispatchEvent(new Event('input', { bubbles: true }));
        select.dispatchEvent(new Event('change', { bubbles: true }));
      },
      [target.x + target.width / 2, target.y + target.height / 2, at] as const,
    );
    return `choose ${at} in ${target.name}`;
  }
  if (target.kind === 'text') {
    const text = TEXTS[draw(TEXTS.length)]!;
    await mouse.click(x, y, { clickCount: 3 });
    await page.keyboard.insertText(text);
    await page.keyboard.press(draw(2) === 0 ? 'Enter' : 'Tab');
    return `type ${text} in ${target.name}`;
  }
  if (target.kind === 'range' || choice < 8) {
    await mouse.move(x, y);
    await mouse.down();
    for (let i = 0; i < 3; i += 1) await mouse.move(...within());
    // Now and then it is let go of elsewhere.
    if (draw(6) === 0) await mouse.move(draw(1280), draw(720));
    await mouse.up();
    return `drag ${target.name}`;
  }
  if (choice === 8) await mouse.dblclick(x, y);
  else if (choice === 9) await mouse.move(x, y);
  else await mouse.click(x, y);
  return `${choice === 8 ? 'double ' : choice === 9 ? 'hover ' : ''}click ${target.name}`;
}

for (const seed of SEEDS) {
  test(`monkey ${seed}`, async ({ page }, info) => {
    test.setTimeout((SECONDS + 120) * 1000);
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.effectiveDirective} ${event.blockedURI}`));
      addEventListener('unhandledrejection', (event) => console.error(`rejection: ${String(event.reason)}`));
    });
    const { problems } = await open(page, CPU_RUN);
    page.on('dialog', (dialog) => (problems.push(`dialog: ${dialog.message()}`), void dialog.dismiss()));
    const unwanted = (download: Download): void => void download.cancel().catch(() => undefined);
    page.on('download', unwanted);
    page.on('filechooser', () => undefined);
    // Links to papers lead away; nothing is to be fetched from there.
    await page.context().route(/^https:/, (route) => route.abort());
    page.on('popup', (popup) => void popup.close());
    await page.getByRole('button', { name: 'Train live' }).click();
    const draw = numbers(seed);
    const acts: string[] = [];
    for (const until = performance.now() + SECONDS * 1000; performance.now() < until; ) {
      acts.push(await act(page, draw));
      if (problems.length > 0) break;
    }
    await info.attach('acts', { body: acts.join('\n'), contentType: 'text/plain' });
    expect(problems, `after ${acts.slice(-8).join('; ')}`).toEqual([]);
    console.log(`monkey ${seed}: ${acts.length} acts`);
    page.off('download', unwanted);
    await whole(page);
    expect(problems).toEqual([]);
  });
}

test('lanes of one name stand beside each other', async ({ page }) => {
  const { problems } = await open(page, `${CPU_RUN}&lanes=dpo;dpo;dpo;kldpo`);
  await page.getByRole('button', { name: 'Train live' }).click();
  await expect.poll(() => status(page), { timeout: 60_000 }).toBe('done');
  await expect(page.getByTestId('path-verdict').getByRole('listitem')).toHaveCount(3);
  expect(problems).toEqual([]);
});

/** Brings the controls back to a short run, by hand as anyone would, and lets it run from Reset to its end. */
async function whole(page: Page): Promise<void> {
  const dialog = page.locator('dialog[open]');
  for (let i = 0; i < 3 && (await dialog.count()) > 0; i += 1) await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  if ((await page.locator('html').getAttribute('data-present')) !== null) await page.locator('header .tools button[aria-pressed="true"]').click();
  await page.locator('header .tools select').selectOption('en');
  // What was hidden or locked is shown and free again.
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const ticked = dialog.locator('input[type="checkbox"]:checked');
  while ((await ticked.count()) > 0) await ticked.first().uncheck();
  await dialog.getByRole('button', { name: 'Apply to this page' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Device', exact: true }).selectOption('cpu');
  await page.getByRole('combobox', { name: 'Scenario', exact: true }).selectOption('two-populations');
  const more = page.locator('details.more');
  if ((await more.getAttribute('open')) === null) await more.locator('summary').first().click();
  for (const [knob, value] of [['seeds', 1], ['steps', STEPS], ['batch', 2], ['pairs', 16]] as const) {
    await page.locator(`#knob-${knob}`).fill(String(value));
    await page.locator(`#knob-${knob}`).press('Enter');
  }
  await page.getByRole('combobox', { name: 'Speed', exact: true }).selectOption('0');
  await page.getByRole('button', { name: /^(Reset|Replay)$/ }).click();
  if ((await status(page)).startsWith('replay')) await page.getByRole('button', { name: 'Train live' }).click();
  else {
    await expect.poll(() => status(page), { timeout: 60_000 }).toBe('paused');
    expect(await stepOf(page)).toBe(0);
    await page.getByRole('button', { name: 'Play' }).click();
  }
  expect(framesOf(await finish(page))).toEqual(Array.from({ length: STEPS }, (_, i) => i));
}
