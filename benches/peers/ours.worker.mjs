// Our engine through the interface that the page uses: `Session.create`, then `next()`.
import { serve } from '../lib/worker.mjs';
import { config, jsonl } from '../lib/workload.mjs';

serve(async ({ backend }) => {
  const base = backend === 'cpu' ? '/engine/cpu' : '/engine/gpu';
  const engine = await import(/* bundled apart */ `${base}/prefshift.js`);
  await engine.default({ module_or_path: `${base}/prefshift_bg.wasm` });

  return {
    /** What the engine makes of the text: its vocabulary and the pairs that it trains on. */
    async probe({ shape }) {
      const session = await engine.Session.create(JSON.stringify(config(shape, ['dpo'])), 'cpu', jsonl(shape));
      const started = (await session.next()).find((e) => e.event === 'started');
      session.free();
      return { vocabulary: started.vocabulary, pairs: started.pairs };
    },
    async start(work, { lanes = ['dpo'], frameEvery = 1 }) {
      const run = JSON.stringify(config(work.shape, lanes, frameEvery));
      const session = await engine.Session.create(run, backend, work.jsonl, work.reference);
      let device;
      const frame = async () => {
        for (;;) {
          for (const event of await session.next()) {
            if (event.event === 'frame') return event;
            if (event.event === 'started') device = event.device;
            if (event.event === 'done') throw new Error('the run ended before the measurement');
          }
        }
      };
      // The stages before training, so that they are timed as preparation: what is left is a step.
      let events = [];
      while (!events.some((e) => e.event === 'evaluation')) {
        events = await session.next();
        device ??= events.find((e) => e.event === 'started')?.device;
      }
      return {
        per: frameEvery,
        note: device,
        step: frame,
        // Mean loss of the first lane, measured before the step's update.
        read: async (f) => f.losses.slice(0, work.shape.pairs).reduce((a, b) => a + b, 0) / work.shape.pairs,
        discard: () => {},
      };
    },
  };
});
