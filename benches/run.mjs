#!/usr/bin/env node
// Measures our engine beside jax-js and TensorFlow.js in one browser, and natively beside JAX and PyTorch.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { open, serve } from './lib/browser.mjs';
import { HERE, bundles, hasEngine, sizes } from './lib/build.mjs';
import { measureNative } from './lib/native.mjs';
import { measure } from './lib/plan.mjs';
import { table } from './lib/table.mjs';

const { values: args } = parseArgs({
  options: {
    gpu: { type: 'string', default: 'software' },
    backend: { type: 'string', default: 'cpu,webgpu' },
    rounds: { type: 'string', default: '3' },
    ms: { type: 'string', default: '1500' },
    only: { type: 'string' },
    'memory-steps': { type: 'string', default: '1000' },
    'memory-ms': { type: 'string', default: '8000' },
    'skip-native': { type: 'boolean', default: false },
    'skip-browser': { type: 'boolean', default: false },
    headed: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
    port: { type: 'string', default: '4180' },
    out: { type: 'string', default: join(HERE, 'results/latest.json') },
  },
});
const executable = process.env.CHROME ?? '/usr/bin/chromium';
const options = {
  rounds: Number(args.rounds), ms: Number(args.ms), memorySteps: Number(args['memory-steps']), memoryMs: Number(args['memory-ms']),
  backends: args.backend.split(','), only: args.only && new RegExp(args.only),
};
const say = (text) => console.error(text);

for (const kind of ['cpu', 'gpu']) {
  if (!hasEngine(kind)) fail(`the ${kind} engine is not built: run \`make engine\``);
}
if (!['software', 'real'].includes(args.gpu)) fail('--gpu is software or real');
const files = await bundles();
const weights = await sizes();
files.set('/sizes.json', Buffer.from(JSON.stringify(weights)));

if (args.serve) {
  const { url } = await serve(files, { port: Number(args.port) });
  say(`open ${url}?run in the browser to be measured; the table appears there`);
} else {
  await main();
}

async function main() {
  const from = Date.now();
  const [plain, isolated] = [await serve(files), await serve(files, { isolated: true })];
  const host = {
    async browser(f, { isolated: apart } = {}) {
      const bench = await open((apart ? isolated : plain).url, { gpu: args.gpu, executable, headed: args.headed });
      try {
        await f(bench);
      } catch (e) {
        if (bench.said.length > 0) say(`  the page said: ${bench.said.slice(0, 3).join(' | ')}`);
        throw e;
      } finally {
        await bench.quit();
      }
    },
  };
  const result = args['skip-browser'] ? { failures: {}, cold: {}, steady: {}, parity: {}, twoWorkers: {}, memory: {} } : await measure(host, options, say);
  result.when = new Date().toISOString();
  result.machine = { cpu: cpus()[0]?.model, cores: cpus().length };
  result.sizes = weights;
  if (!args['skip-native'] && !args.only) {
    let work;
    await host.browser(async (bench) => {
      await bench.setup();
      work = await bench.give('shape');
    });
    result.native = await measureNative(work, options, say);
  }
  plain.close();
  isolated.close();
  result.minutes = (Date.now() - from) / 60_000;
  mkdirSync(join(args.out, '..'), { recursive: true });
  writeFileSync(args.out, `${JSON.stringify(result, undefined, 1)}\n`);
  console.log(table(result));
  say(`\n${result.minutes.toFixed(1)} minutes; all numbers: ${args.out}`);
  // A peer that is off is marked in the table; the run fails where we are.
  const apart = Object.entries(result.parity).filter(([, p]) => p.off.ours !== undefined && !(p.off.ours <= 1e-3));
  if (apart.length > 0) fail(`our losses differ from the others' by more than 1e-3: ${apart.map(([k, p]) => `${k} ${p.off.ours}`).join(', ')}`);
  if (Object.keys(result.failures).length > 0) fail('some contenders failed (see above)');
}

function fail(text) {
  console.error(`bench: ${text}`);
  process.exit(1);
}
