// The page on its own, for a browser that a person opens: `?run` measures and shows the table.
import { bench } from './page.mjs';
import { measure } from './plan.mjs';
import { table } from './table.mjs';

const query = new URLSearchParams(location.search);
if (query.has('run')) {
  const out = document.getElementById('out');
  const say = (text) => (out.textContent += `${text}\n`);
  const options = {
    rounds: Number(query.get('rounds') ?? 3), ms: Number(query.get('ms') ?? 1500), memorySteps: Number(query.get('memory-steps') ?? 1000),
    memoryMs: 8000, backends: (query.get('backend') ?? 'cpu,webgpu').split(','), only: query.get('only') && new RegExp(query.get('only')),
  };
  // One browser for everything: shaders may come from its cache, so only the first start of each shape is cold.
  const host = {
    async browser(f, { isolated } = {}) {
      if (isolated && !crossOriginIsolated) return;
      await f({ ...bench, version: navigator.userAgent });
      bench.closeAll();
    },
  };
  const result = await measure(host, options, say);
  result.sizes = await (await fetch('/sizes.json')).json();
  out.textContent = `${table(result)}\n\n${JSON.stringify(result)}`;
}
