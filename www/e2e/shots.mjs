// Screenshots of the built page: npm run shots [-- folder]. Without a folder, those of the README go to docs/. Each is of
// the recorded run at its end, but for the lesson, which trains. Says what overflows; they are there to be looked at.
import { mkdirSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { preview } from 'vite';

const out = process.argv[2] ?? '../docs';
mkdirSync(out, { recursive: true });
const server = await preview({ preview: { host: '127.0.0.1', port: 0 } });
const url = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env['CHROME'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

async function lesson(page) {
  await page.keyboard.press('2');
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.querySelector('[data-testid="status"]')?.getAttribute('data-status') === 'done', undefined, { timeout: 180_000 });
}

const shots = [
  { name: 'page-light', width: 1280, height: 720, theme: 'light' },
  { name: 'page-dark', width: 1280, height: 720, theme: 'dark' },
  { name: 'page-projector', width: 1280, height: 720, theme: 'light', act: (page) => page.keyboard.press('p') },
  { name: 'page-ja', width: 1280, height: 720, theme: 'light', query: '#lang=ja' },
  { name: 'page-phone', width: 390, height: 844, theme: 'light', full: true },
  { name: 'page-lesson', width: 1280, height: 720, theme: 'light', query: '#lesson=flipped&device=cpu', act: lesson },
];
for (const shot of shots) {
  const page = await browser.newPage({
    viewport: { width: shot.width, height: shot.height },
    colorScheme: shot.theme,
    reducedMotion: 'reduce',
    serviceWorkers: 'block',
  });
  page.on('console', (message) => message.type() === 'error' && console.log(shot.name, message.text()));
  page.on('pageerror', (error) => console.log(shot.name, error.message));
  await page.goto(`${url}${shot.query ?? ''}`);
  await page.waitForTimeout(2500);
  await shot.act?.(page);
  await page.waitForTimeout(700);
  // In a picture of the whole page nothing stands at the foot of a screen.
  if (shot.full) await page.evaluate(() => void (document.querySelector('.foot').style.position = 'static'));
  const overflow = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
  console.log(shot.name, 'overflow x, y:', overflow.join(', '));
  await page.screenshot({ path: `${out}/${shot.name}.png`, fullPage: shot.full ?? false });
  await page.close();
}
await browser.close();
await server.close();
