import { defineConfig } from '@playwright/test';

const PORT = Number(process.env['PORT'] ?? 4173);
// Flags that give headless Chromium a software WebGPU adapter and keep it from calling anywhere.
const ARGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
];

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  timeout: 120_000,
  expect: { timeout: 15_000 },
  // Training and drawing share the machine's few cores; side by side they would only slow each other.
  workers: 1,
  // A machine under load may stall a run for seconds; what needed its second try is listed as flaky.
  retries: process.env['CI'] ? 1 : 0,
  forbidOnly: Boolean(process.env['CI']),
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    viewport: { width: 1280, height: 720 },
    launchOptions: { executablePath: process.env['CHROME'] ?? '/usr/bin/chromium', args: ARGS },
    screenshot: 'only-on-failure',
    // A service worker would answer what a test means to intercept; offline.spec.ts lets it in.
    serviceWorkers: 'block',
  },
  webServer: {
    command: `npx vite preview --host 127.0.0.1 --port ${PORT} --strictPort`,
    url: `http://127.0.0.1:${PORT}/`,
    reuseExistingServer: false,
  },
});
