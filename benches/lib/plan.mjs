// What is measured, in which order. Knows nothing of Node: `host.browser(f)` gives `f` a fresh browser's `bench`.
import { SHAPES } from './workload.mjs';

const CONTENDERS = ['ours', 'jax-js', 'tfjs'];
const THREE = ['dpo', 'kldpo:0.5', 'wdpo'];
const FIRST_ORDER = ['dpo', 'kldpo:1', 'kldpo:0.25'];
const FIFTEEN = Array.from({ length: 15 }, (_, i) => (i === 0 ? 'dpo' : `kldpo:${(0.1 * i).toFixed(1)}`));
/** Slower steps than this are measured once a round, and not with more lanes. */
const SLOW_MS = 2000;

export const median = (values) => {
  const v = [...values].sort((a, b) => a - b);
  return v.length % 2 ? v[v.length >> 1] : (v[v.length / 2 - 1] + v[v.length / 2]) / 2;
};
export const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values), n: values.length });

/** A job's name is its key in the results: contender, backend, shape, lanes, steps a frame. */
const job = (contender, backend, shape, lanes = ['dpo'], frameEvery = 1) => ({
  contender, backend, shape, lanes, frameEvery,
  key: [contender, backend, shape, lanes.length > 5 ? `${lanes.length} lanes` : lanes.join('+'), ...(frameEvery > 1 ? [`every ${frameEvery}`] : [])].join(' '),
});
const open = (bench, j, count = false) => bench.open(j.key, { contender: j.contender, backend: j.backend, count });
const start = (bench, j) => bench.start(j.key, j.shape, { lanes: j.lanes, frameEvery: j.frameEvery });

/** Everything; `options`: rounds, ms a turn, memorySteps, backends, only (a regular expression on keys). */
export async function measure(host, options, say) {
  const result = { failures: {}, cold: {}, steady: {}, parity: {}, twoWorkers: {}, memory: {} };
  const wanted = (j) => options.backends.includes(j.backend) && (!options.only || options.only.test(j.key));
  /** One contender's failure is a line in the results, not the end of the others. */
  const attempt = async (key, f) => {
    try {
      return await f();
    } catch (e) {
      result.failures[key] = String(e.message ?? e).split('\n').slice(0, 3).join(' ');
      say(`${key}: FAILED: ${result.failures[key]}`);
      return undefined;
    }
  };

  await host.browser(async (bench) => {
    result.browser = bench.version;
    result.adapter = await bench.adapter();
    say(`browser ${bench.version}, adapter ${JSON.stringify(result.adapter)}`);
  });

  for (const j of coldJobs().filter(wanted)) await attempt(j.key, async () => (result.cold[j.key] = await cold(host, j, say)));
  for (const jobs of steadyJobs()) await steady(host, jobs.filter(wanted), options, result, attempt, say);
  if (options.backends.includes('cpu') && !options.only) await twoWorkers(host, options, result, attempt, say);
  for (const j of memoryJobs().filter(wanted)) await attempt(`${j.key} memory`, () => slope(host, j, options, result, say));
  return result;
}

function coldJobs() {
  const all = ['tiny', 'shape'].flatMap((shape) => ['webgpu', 'cpu'].flatMap((b) => CONTENDERS.map((c) => job(c, b, shape))));
  return [...all, job('ours', 'webgpu', 'tiny', THREE), job('ours', 'webgpu', 'tiny', FIRST_ORDER), job('ours', 'webgpu', 'tiny', FIFTEEN)];
}

/** Start-up in a fresh browser, with an empty cache of shaders, and what a step asks of the GPU. */
async function cold(host, j, say) {
  const [first, prepare] = [[], []];
  let [last, counts, enqueue, spent] = [undefined, undefined, undefined, 0];
  while (first.length < 3 && spent < 8000) {
    await host.browser(async (bench) => {
      await bench.setup();
      await open(bench, j, true);
      last = await start(bench, j);
      first.push(last.firstStepMs);
      prepare.push(last.prepareMs);
      spent += last.firstStepMs;
      if (counts) return;
      counts = await bench.call(j.key, 'counts', { n: last.firstStepMs > 2 * SLOW_MS ? 1 : 4 });
      enqueue = spread(await bench.call(j.key, 'enqueue', { n: last.firstStepMs > 2 * SLOW_MS ? 2 : 10 }));
    });
  }
  say(`${j.key}: first step after ${Math.round(median(first))} ms, ${counts.perStep.dispatches} launches, ${last.pipelines} pipelines, ${enqueue.median.toFixed(1)} ms to enqueue`);
  return { firstStepMs: spread(first), prepareMs: spread(prepare), pipelinesBeforeFirst: last.pipelines, ...counts, enqueueMs: enqueue, device: last.note };
}

function steadyJobs() {
  const peers = (b, s) => CONTENDERS.map((c) => job(c, b, s));
  return [
    [...peers('webgpu', 'tiny'), job('ours', 'webgpu', 'tiny', THREE), job('ours', 'webgpu', 'tiny', FIRST_ORDER), job('ours', 'webgpu', 'tiny', ['wdpo']), job('ours', 'webgpu', 'tiny', ['dpo'], 8)],
    [...peers('webgpu', 'shape'), job('ours', 'webgpu', 'shape', FIRST_ORDER), job('ours', 'webgpu', 'shape', THREE)],
    [...peers('cpu', 'shape'), job('ours', 'cpu', 'shape', ['wdpo']), job('ours', 'cpu', 'shape', THREE)],
    [...peers('cpu', 'tiny'), job('ours', 'cpu', 'tiny', THREE)],
  ];
}

/** All jobs in one browser, each in its own worker, turn and turn about. */
async function steady(host, jobs, options, result, attempt, say) {
  if (jobs.length === 0) return;
  await host.browser(async (bench) => {
    await bench.setup();
    const rates = new Map();
    const losses = {};
    let slowOurs = false;
    for (const j of jobs) {
      if (slowOurs && j.contender === 'ours' && j.lanes.length > 1) {
        say(`${j.key}: left out, one lane alone takes more than ${SLOW_MS} ms a step`);
        continue;
      }
      await attempt(j.key, async () => {
        await open(bench, j);
        const { loss } = await start(bench, j);
        const { ms } = await bench.call(j.key, 'turn', { ms: 0 });
        slowOurs ||= j.contender === 'ours' && ms > SLOW_MS;
        if (j.lanes.length === 1 && j.lanes[0] === 'dpo' && j.frameEvery === 1) {
          losses[j.contender] = [loss, ...(await bench.call(j.key, 'losses', { n: ms > SLOW_MS ? 2 : 8 }))];
        }
        rates.set(j, []);
      });
    }
    if (Object.keys(losses).length > 1) result.parity[`${jobs[0].backend} ${jobs[0].shape}`] = parity(losses);
    for (let round = 0; round < options.rounds; round++) {
      for (const [j, measured] of rates) {
        await attempt(j.key, async () => {
          const { steps, ms } = await bench.call(j.key, 'turn', { ms: options.ms });
          measured.push((steps / ms) * 1000);
        });
      }
    }
    for (const [j, measured] of rates) {
      if (measured.length === 0) continue;
      result.steady[j.key] = { stepsPerSecond: spread(measured), lanes: j.lanes.length };
      say(`${j.key}: ${median(measured).toFixed(2)} steps/s`);
    }
  });
}

/** How far each contender's losses are from the median of all, step by step; the second step's was used to time it. */
function parity(losses) {
  const runs = Object.values(losses);
  const n = Math.min(...runs.map((r) => r.length));
  const middle = Array.from({ length: n }, (_, i) => median(runs.map((r) => r[i])));
  const off = (run) => (run.every(Number.isFinite) ? Math.max(...middle.map((m, i) => Math.abs(run[i] - m))) : NaN);
  return { steps: n + 1, off: Object.fromEntries(Object.entries(losses).map(([c, run]) => [c, off(run)])), losses };
}

/** Two runs at once in two workers: what the second core adds. With isolation the peers may use threads instead. */
async function twoWorkers(host, options, result, attempt, say) {
  await host.browser(async (bench) => {
    await bench.setup();
    const pairs = CONTENDERS.map((c) => [0, 1].map((i) => ({ ...job(c, 'cpu', 'shape'), key: `${c} ${i}` })));
    const running = [];
    for (const pair of pairs) {
      await attempt(`${pair[0].contender} two workers`, async () => {
        for (const j of pair) {
          await open(bench, j);
          await start(bench, j);
        }
        running.push({ pair, rates: [] });
      });
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const { pair, rates } of running) {
        const turns = await bench.together(pair.map((j) => j.key), { ms: options.ms });
        rates.push(turns.reduce((n, t) => n + (t.steps / t.ms) * 1000, 0));
      }
    }
    for (const { pair, rates } of running) {
      result.twoWorkers[pair[0].contender] = spread(rates);
      say(`${pair[0].contender}: two workers, ${median(rates).toFixed(2)} lane-steps/s together`);
    }
  });
  await host.browser(async (bench) => {
    await bench.setup();
    const rates = {};
    for (const c of ['jax-js', 'tfjs']) {
      await attempt(`${c} threads`, async () => {
        await open(bench, job(c, 'cpu', 'shape'));
        await start(bench, job(c, 'cpu', 'shape'));
        rates[c] = [];
      });
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const c of Object.keys(rates)) {
        const { steps, ms } = await bench.call(job(c, 'cpu', 'shape').key, 'turn', { ms: options.ms });
        rates[c].push((steps / ms) * 1000);
      }
    }
    for (const [c, r] of Object.entries(rates)) {
      result.twoWorkers[`${c} threads`] = spread(r);
      say(`${c}: one policy with threads (cross-origin isolated page), ${median(r).toFixed(2)} steps/s`);
    }
  }, { isolated: true });
}

const memoryJobs = () => ['cpu', 'webgpu'].flatMap((b) => CONTENDERS.map((c) => job(c, b, 'tiny')));

/** Bytes held after a tenth of the steps and at the end. */
async function slope(host, j, options, result, say) {
  await host.browser(async (bench) => {
    await bench.setup();
    await open(bench, j, true);
    await start(bench, j);
    const script = j.contender === 'tfjs' ? (j.backend === 'cpu' ? 'tfjs-wasm' : 'tfjs-webgpu') : j.contender;
    const look = async () => ({ ...(await bench.call(j.key, 'memory')), js: await bench.heap?.(script) });
    const run = (max) => bench.call(j.key, 'turn', { ms: options.memoryMs, max });
    const warm = await run(Math.ceil(options.memorySteps / 10));
    const before = await look();
    const { steps } = await run(options.memorySteps);
    const after = await look();
    const per = (k) => (before[k] === undefined || before[k] === null ? null : ((after[k] - before[k]) / steps) * 1000);
    result.memory[j.key] = { steps, warm: warm.steps, before, after, bytesPer1000Steps: { wasm: per('wasm'), js: per('js'), gpu: per('gpu') } };
    say(`${j.key}: over ${steps} steps wasm ${kb(after.wasm)} kB, JS ${kb(after.js)} kB, GPU ${kb(after.gpu)} kB; per 1000 steps ${['wasm', 'js', 'gpu'].map((k) => kb(per(k))).join(', ')} kB`);
  });
}

const kb = (bytes) => (bytes === null || bytes === undefined ? '–' : (bytes / 1000).toFixed(1));
export { FIRST_ORDER, THREE, SHAPES };
