import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// A relative base lets the built page work under any path (GitHub Pages, a folder on a school server).
export default defineConfig({
  base: './',
  plugins: [svelte()],
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 300 },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'] },
});
