import { existsSync, readdirSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { HtmlTagDescriptor, Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { CSP, HEADERS, headersFile } from './csp.ts';
import { formulas } from './formulas.ts';
import { precache } from './precache.ts';

const folder = new URL('./public/', import.meta.url);
const has = (path: string): boolean => existsSync(new URL(path, folder));

// The page asks only for files that are there, so that nothing it does shows up as a failed request.
const shipped = {
  cpu: has('engine/cpu/prefshift.js'),
  gpu: has('engine/gpu/prefshift.js'),
  demo: has('demo.trace.jsonl'),
  references: has('reference')
    ? readdirSync(new URL('reference/', folder))
        .filter((name) => name.endsWith('.safetensors'))
        .map((name) => name.replace(/\.safetensors$/, ''))
        .sort()
    : [],
};

// Asked for before any script has run; the page fetches them first thing.
const early: HtmlTagDescriptor[] = [
  ...(shipped.demo ? ['demo.trace.jsonl'] : []),
  ...(shipped.cpu ? ['engine/cpu/prefshift_bg.wasm'] : []),
].map((path) => ({ tag: 'link', attrs: { rel: 'preload', href: `./${path}`, as: 'fetch', crossorigin: true }, injectTo: 'head' }));

// The development server styles by inline tags, so only what is built is held to it.
const strict: Plugin = {
  name: 'strict',
  apply: 'build',
  transformIndexHtml: () => [{ tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: CSP }, injectTo: 'head-prepend' }],
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: '_headers', source: headersFile() });
  },
};

// A relative base lets the built page work under any path (GitHub Pages, a folder on a school server).
export default defineConfig(({ mode }) => ({
  base: './',
  appType: 'mpa',
  define: { __SHIPPED__: JSON.stringify(shipped) },
  plugins: [svelte(), formulas, { name: 'early', transformIndexHtml: () => early }, strict, precache()],
  preview: { headers: HEADERS },
  worker: { format: 'es' },
  // The style sheet is written for browsers that know light-dark(); nothing of it is rewritten.
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 300,
    // The file that runs from disk (make single) has nothing that it could fetch.
    rolldownOptions: mode === 'single' ? { output: { codeSplitting: false } } : {},
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts', 'e2e/*.verify.ts'] },
}));
