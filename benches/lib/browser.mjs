// Serves the bundles from this machine and opens Chromium on them.
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const TYPES = { js: 'text/javascript', wasm: 'application/wasm', css: 'text/css', svg: 'image/svg+xml' };

/** A server of `files` on 127.0.0.1 (a secure context, so WebGPU is there); `isolated` lets wasm have threads. */
export async function serve(files, { port = 0, isolated = false } = {}) {
  const apart = isolated ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } : {};
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const body = files.get(path);
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[path.split('.').pop()] ?? 'text/html', 'cache-control': 'no-store', ...apart }).end(body);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** The built page's files by their address, as `serve` takes them. */
export function builtPage() {
  const dist = join(import.meta.dirname, '../../www/dist');
  const files = new Map(
    readdirSync(dist, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(dist.length), readFileSync(path)]),
  );
  return files.set('/', files.get('/index.html'));
}

const COMMON = ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-dev-shm-usage', '--js-flags=--expose-gc', '--enable-precise-memory-info'];
const ADAPTER = { software: ['--use-webgpu-adapter=swiftshader'], real: ['--ignore-gpu-blocklist', '--enable-features=Vulkan'] };

/** A new browser with an empty profile; its page's `bench` as functions here. */
export async function open(url, { gpu, executable, headed }) {
  const args = [...COMMON, ...ADAPTER[gpu]];
  const browser = await chromium.launch({ executablePath: executable, headless: false, args: headed ? args : ['--headless=new', ...args] });
  const page = await browser.newPage();
  const said = [];
  page.on('console', (m) => m.type() === 'error' && said.push(m.text()));
  await page.goto(url);
  await page.waitForFunction(() => globalThis.bench !== undefined);
  const remote = (name) => (...args) => page.evaluate(([n, a]) => globalThis.bench[n](...a), [name, args]);
  const bench = Object.fromEntries(['setup', 'open', 'start', 'call', 'close', 'together', 'adapter', 'give'].map((n) => [n, remote(n)]));
  const heap = await heaps(page);
  return { ...bench, heap, version: browser.version(), said, quit: () => browser.close() };
}

/** A function for the JavaScript heap of the last worker of a script, in bytes, after a collection; its own isolate, so asked by protocol. */
async function heaps(page) {
  const client = await page.context().newCDPSession(page);
  const sessions = [];
  const waiting = new Map();
  let asked = 0;
  client.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => sessions.push({ sessionId, url: targetInfo.url }));
  client.on('Target.detachedFromTarget', ({ sessionId }) => sessions.splice(sessions.findIndex((s) => s.sessionId === sessionId), 1));
  client.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.(result);
  });
  await client.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const ask = (sessionId, method) => new Promise((done) => {
    waiting.set(++asked, done);
    void client.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: asked, method }) });
  });
  return async (script) => {
    const target = sessions.findLast((s) => s.url.includes(`/${script}.js`));
    if (!target) return null;
    await ask(target.sessionId, 'HeapProfiler.collectGarbage');
    return (await ask(target.sessionId, 'Runtime.getHeapUsage')).usedSize;
  };
}
