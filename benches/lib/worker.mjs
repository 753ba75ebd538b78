// What every contender's worker does: open, train, be measured. `load(options)` gives `{ start(work, options) }`, and
// that gives `{ step(), read(result), discard(result) }`, where a step may stand for several (`per`).
import { counts, memory } from './counters.mjs';

const now = () => performance.now();
const channel = new MessageChannel();
let arrived;
channel.port1.onmessage = () => arrived?.(now());

export function serve(load) {
  let runtime, run;
  const commands = {
    async load(options) {
      const from = now();
      runtime = await load(options);
      return { loadMs: now() - from };
    },
    probe: (args) => runtime.probe(args),
    /** From the code being there to the first step being done, its loss read. */
    async start({ work, options }) {
      const from = now();
      run = await runtime.start(work, options);
      const prepared = now();
      const loss = await run.read(await run.step());
      return { prepareMs: prepared - from, firstStepMs: now() - from, loss, pipelines: counts.pipelines, note: run.note };
    },
    async losses({ n }) {
      const out = [];
      for (let i = 0; i < n; i++) out.push(await run.read(await run.step()));
      return out;
    },
    /** Steps for about `ms`, at least `min` of them, each awaited. */
    async turn({ ms, min = 1, max = 1e9 }) {
      const from = now();
      let calls = 0;
      while (calls < max && (calls < min || now() - from < ms)) {
        run.discard(await run.step());
        calls += 1;
      }
      return { steps: calls * (run.per ?? 1), ms: now() - from };
    },
    /** Time from asking for a step until the worker is idle again: the message waits behind all that JS and wasm do. */
    async enqueue({ n }) {
      const out = [];
      for (let i = 0; i < n; i++) {
        await new Promise((done) => setTimeout(done, 0));
        const from = now();
        const idle = new Promise((done) => (arrived = done));
        channel.port2.postMessage(0);
        const step = run.step();
        out.push(((await idle) - from) / (run.per ?? 1));
        run.discard(await step);
      }
      return out;
    },
    async counts({ n }) {
      const before = { ...counts };
      for (let i = 0; i < n; i++) run.discard(await run.step());
      const per = {};
      for (const key of ['dispatches', 'submits', 'buffers', 'bindGroups', 'writes', 'maps', 'pipelines']) {
        per[key] = (counts[key] - before[key]) / n / (run.per ?? 1);
      }
      return { perStep: per, pipelines: counts.pipelines };
    },
    memory: async () => {
      // Collections and their finalizers run between tasks.
      for (let i = 0; i < 3; i++) {
        globalThis.gc?.();
        await new Promise((done) => setTimeout(done, 20));
      }
      return memory();
    },
  };
  self.onmessage = async ({ data: { id, command, args } }) => {
    try {
      self.postMessage({ id, value: await commands[command](args ?? {}) });
    } catch (e) {
      const text = e?.stack ?? (e?.message ? `${e.code ?? ''} ${e.message} ${e.mend ?? ''}` : String(e));
      self.postMessage({ id, error: text });
    }
  };
}
