// Screenshots of the built page, for looking at: node e2e/shots.mjs [folder]. Serves dist/ through vite preview.
import { mkdirSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { preview } from 'vite';

const out = process.argv[2] ?? 'test-results/shots';
mkdirSync(out, { recursive: true });
const server = await preview({ preview: { host: '127.0.0.1', port: 0 } });
const url = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env['CHROME'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

const shots = [
  { name: 'light-1280x720', width: 1280, height: 720, theme: 'light' },
  { name: 'dark-1280x720', width: 1280, height: 720, theme: 'dark' },
  { name: 'wide-1920x1080', width: 1920, height: 1080, theme: 'light' },
  { name: 'tablet-900x1100', width: 900, height: 1100, theme: 'light', full: true },
  { name: 'phone-390x844', width: 390, height: 844, theme: 'light', full: true },
];
for (const shot of shots) {
  const page = await browser.newPage({
    viewport: { width: shot.width, height: shot.height },
    colorScheme: shot.theme,
    reducedMotion: 'reduce',
  });
  page.on('console', (message) => message.type() === 'error' && console.log(shot.name, message.text()));
  page.on('pageerror', (error) => console.log(shot.name, error.message));
  await page.goto(url);
  await page.waitForTimeout(1200);
  const overflow = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
  console.log(shot.name, 'overflow x, y:', overflow.join(', '));
  await page.screenshot({ path: `${out}/${shot.name}.png`, fullPage: shot.full ?? false });
  await page.close();
}
await browser.close();
await server.close();
