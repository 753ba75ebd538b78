// Our native engine, JAX and PyTorch on this machine's CPU, each a process of its own, in turns.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HERE } from './build.mjs';
import { spread } from './plan.mjs';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'prefshift');
/** Where `make bench` puts Python's packages. */
const python = process.env.PREFSHIFT_BENCH_PYTHON ?? join(cache, 'bench-venv/bin/python');
const binary = process.env.PREFSHIFT_BENCH_STEP ?? join(process.env.PREFSHIFT_TARGET ?? join(cache, 'target'), 'native/release/examples/bench_step');
const pin = spawnSync('taskset', ['-V']).status === 0 ? ['taskset', '-c', '0'] : [];

/** A process that answers a line of JSON for every line that it is sent. */
function start(command) {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = '';
  child.stderr.on('data', (d) => (errors = (errors + d).slice(-2000)));
  child.on('error', (e) => (errors += e.message));
  child.stdin.on('error', () => {});
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command.join(' ')} ended: ${errors.trim().split('\n').at(-1) ?? ''}`);
    return JSON.parse(value);
  };
  return {
    answer,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    end: () => child.stdin.end(),
  };
}

/** Opens our binary for `args`, for the scaling charts too. */
export const ours = (args, cores = 2) => start([...(cores === 1 ? pin : []), binary, 'serve', ...args]);

export async function measureNative(work, options, say) {
  const folder = mkdtempSync(join(tmpdir(), 'prefshift-bench-'));
  const path = join(folder, 'work.json');
  writeFileSync(path, JSON.stringify(work));
  const jobs = [];
  const notes = [];
  for (const lanes of ['dpo', 'dpo,kldpo,wdpo', '15*dpo', 'wdpo']) {
    const count = lanes === '15*dpo' ? 15 : lanes.split(',').length;
    for (const threads of [1, 2]) jobs.push({ name: `prefshift, ${lanes}`, lanes: count, threads, make: () => ours([lanes], threads) });
  }
  // What a lane costs beside methods that it does not use: the sum of both alone, where lanes do not slow each other.
  for (const lanes of ['mix', 'beta_dpo', 'dpo,mix,beta_dpo']) jobs.push({ name: `prefshift, ${lanes}`, lanes: lanes.split(',').length, threads: 1, make: () => ours([lanes], 1) });
  for (const framework of ['jax', 'torch']) {
    for (const threads of [1, 2]) jobs.push({ name: framework, lanes: 1, threads, make: () => start([python, join(HERE, 'native.py'), framework, String(threads), path]) });
  }
  const running = [];
  for (const job of jobs) {
    try {
      if (job.name.startsWith('prefshift') && !existsSync(binary)) throw new Error(`${binary} is not built`);
      const process = job.make();
      const hello = await process.answer();
      if (hello.losses) {
        job.name = hello.name;
        job.losses = hello.losses;
        job.firstStepMs = hello.firstStepMs;
      }
      running.push({ job, process, times: [] });
    } catch (e) {
      notes.push(`Not measured: ${job.name}, ${job.threads} threads: ${e.message}`);
      say(notes.at(-1));
    }
  }
  for (let round = 0; round <= options.rounds; round++) {
    for (const { process, times } of running) {
      const { steps, ms } = await process.ask(options.ms);
      if (round > 0) times.push(ms / steps); // the first turn warms caches and clocks
    }
  }
  const runs = running.map(({ job, process, times }) => {
    process.end();
    const { make: _, ...rest } = job;
    const run = { ...rest, msPerStep: spread(times), laneStepsPerSecond: spread(times.map((ms) => (1000 / ms) * job.lanes)) };
    say(`native ${job.name}, ${job.threads} threads: ${run.msPerStep.median.toFixed(1)} ms a step`);
    return run;
  });
  rmSync(folder, { recursive: true });
  const losses = runs.filter((r) => r.losses).map((r) => r.losses);
  if (losses.length > 1) {
    const apart = Math.max(...losses[0].map((_, i) => Math.max(...losses.map((l) => l[i])) - Math.min(...losses.map((l) => l[i]))));
    notes.push(`Loss parity of JAX and PyTorch: at most ${apart.toExponential(1)} apart over ${losses[0].length} steps; last ${losses[0].at(-1).toFixed(6)}.`);
  }
  return { cpu: cpus()[0]?.model, cores: cpus().length, runs, notes };
}
