#!/usr/bin/env node
// Step time of our engine against lanes, pairs, width and context, from the shape of the benchmarks; one at a time.
// Writes scaling.json, and scaling.svg drawn from it. `--from-json` only draws; `--skip-native` keeps the native series.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './chart.mjs';

const { values: args } = parseArgs({
  options: {
    ms: { type: 'string', default: '600' },
    webgpu: { type: 'boolean', default: false },
    gpu: { type: 'string', default: 'software' },
    'limit-ms': { type: 'string', default: '4000' },
    'skip-native': { type: 'boolean', default: false },
    'from-json': { type: 'boolean', default: false },
    out: { type: 'string', default: import.meta.dirname },
  },
});
const BASE = { lanes: 1, pairs: 16, d_model: 64, context: 32 };
const AXES = { lanes: [1, 2, 4, 8, 16, 32], pairs: [8, 16, 32, 64, 128, 256, 512], d_model: [32, 64, 128, 256], context: [16, 32, 64, 128] };
const TURNS = 3;
const path = join(args.out, 'scaling.json');

/** Median, least and most of the milliseconds a step; `turn(ms)` answers { steps, ms }. */
async function timed(turn) {
  const times = [];
  for (let i = 0; i < TURNS; i++) {
    const { steps, ms } = await turn();
    times.push(ms / steps);
    if (times[0] > Number(args['limit-ms'])) break;
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], min: times[0], max: times.at(-1), turns: times.length };
}

/** One series: every axis from small to large, up to the first point that takes longer than the limit. */
async function series(name, point) {
  const out = { name, axes: {} };
  for (const [axis, values] of Object.entries(AXES)) {
    out.axes[axis] = [];
    for (const value of values) {
      const time = await point({ ...BASE, [axis]: value });
      out.axes[axis].push({ value, ...time });
      console.error(`${name}: ${axis} ${value}: ${time.median.toFixed(2)} ms`);
      if (time.median > Number(args['limit-ms'])) break;
    }
  }
  return out;
}

async function native(cores) {
  const { ours } = await import('../lib/native.mjs');
  return series(`native CPU, ${cores === 1 ? 'one core' : `${cores} cores`}`, async ({ lanes, pairs, d_model, context }) => {
    const bench = ours([`${lanes}*dpo`, `pairs=${pairs}`, `d_model=${d_model}`, `context=${context}`], cores);
    await bench.answer();
    const time = await timed(() => bench.ask(args.ms));
    bench.end();
    return time;
  });
}

async function webgpu() {
  const [{ bundles }, { open, serve }] = [await import('../lib/build.mjs'), await import('../lib/browser.mjs')];
  const server = await serve(await bundles());
  const options = { gpu: args.gpu, executable: process.env.CHROME ?? '/usr/bin/chromium' };
  let adapter;
  const out = await series('WebGPU', async ({ lanes, pairs, d_model, context }) => {
    const bench = await open(server.url, options);
    try {
      adapter = await bench.adapter();
      const prompt = Math.floor(((context - 3) * 2) / 5);
      const rows = Math.max(8, Math.ceil(pairs * 1.25) + 2);
      const shape = { width: d_model, layers: 2, heads: 4, context, pairs, prompt, answer: context - 3 - prompt, rows };
      await bench.setup({ point: shape });
      await bench.open('ours', { contender: 'ours', backend: 'webgpu' });
      await bench.start('ours', 'point', { lanes: Array(lanes).fill('dpo') });
      return await timed(() => bench.call('ours', 'turn', { ms: Number(args.ms) }));
    } finally {
      await bench.quit();
    }
  });
  server.close();
  out.name = `WebGPU in Chromium, ${[adapter?.vendor, adapter?.architecture].filter(Boolean).join(' ')}${adapter?.software ? ' (software)' : ''}`;
  return out;
}

let data;
if (args['from-json']) {
  data = JSON.parse(readFileSync(path, 'utf8'));
} else {
  if (args['skip-native']) {
    data = JSON.parse(readFileSync(path, 'utf8'));
    data.series = data.series.filter((s) => s.name.startsWith('native'));
  } else {
    data = { when: new Date().toISOString(), cpu: cpus()[0]?.model, cores: cpus().length, base: BASE, series: [await native(1), await native(cpus().length)] };
  }
  if (args.webgpu) data.series.push({ when: new Date().toISOString(), ...(await webgpu()) });
  writeFileSync(path, `${JSON.stringify(data, undefined, 1)}\n`);
}
writeFileSync(join(args.out, 'scaling.svg'), chart(data));
console.error(`wrote ${path} and scaling.svg`);
