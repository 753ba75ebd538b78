// Results as the one table, in Markdown.

const number = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
const cell = (s, scale = 1) => (s ? `${number(s.median * scale)} (${number(s.min * scale)}–${number(s.max * scale)})` : '–');

export function table(result) {
  const { steady, cold, twoWorkers, memory, sizes, native } = result;
  const rows = [];
  // What was not measured in this run has no row.
  const add = (what, ...cells) => cells.some((c) => /\d/.test(c)) && rows.push([what, ...cells]);
  const three = (f, backend, shape) => ['ours', 'jax-js', 'tfjs'].map((c) => f(`${c} ${backend} ${shape} dpo`));
  const rate = (key, scale) => cell(steady[key]?.stepsPerSecond, scale);

  for (const [shape, name] of [['shape', 'the shape'], ['tiny', 'tiny']]) {
    add(`WebGPU, ${name}, steps/s, one DPO policy`, ...three(rate, 'webgpu', shape));
    for (const [lanes, of] of [['dpo+kldpo:0.5+wdpo', 'DPO, KLDPO, WDPO'], ['dpo+kldpo:1+kldpo:0.25', 'DPO, 2 × KLDPO']]) {
      const key = `ours webgpu ${shape} ${lanes}`;
      if (steady[key]) add(`WebGPU, ${name}, lane-steps/s, three lanes (${of})`, rate(key, 3), '', '');
    }
  }
  if (steady['ours webgpu tiny dpo every 8']) add('WebGPU, tiny, steps/s, read back every 8 steps', rate('ours webgpu tiny dpo every 8'), '', '');
  const count = (what) => (key) => (cold[key] ? number(cold[key].perStep[what]) : '–');
  for (const [what, name] of [['dispatches', 'GPU launches a step'], ['submits', 'submits a step'], ['buffers', 'new GPU buffers a step']]) {
    add(`${name}, one policy`, ...three(count(what), 'webgpu', 'tiny'));
    if (what === 'buffers') continue;
    add(`${name}, DPO + KLDPO + WDPO / 15 lanes`, ['dpo+kldpo:0.5+wdpo', '15 lanes'].map((l) => count(what)(`ours webgpu tiny ${l}`)).join(' / '), '', '');
  }
  add('Time to enqueue a step, ms, tiny, one policy', ...three((k) => cell(cold[k]?.enqueueMs), 'webgpu', 'tiny'));
  add('… three lanes (DPO, KLDPO, WDPO)', cell(cold['ours webgpu tiny dpo+kldpo:0.5+wdpo']?.enqueueMs), '', '');
  for (const [shape, name] of [['tiny', 'tiny'], ['shape', 'the shape']]) {
    add(`WebGPU, code loaded → first step done, s, ${name}`, ...three((k) => cell(cold[k]?.firstStepMs, 1e-3), 'webgpu', shape));
    add('… of which before the step (device, reference, first evaluation)', ...three((k) => cell(cold[k]?.prepareMs, 1e-3), 'webgpu', shape));
  }
  add('Pipelines before the first step is done, tiny', ...three((k) => String(cold[k]?.pipelinesBeforeFirst ?? '–'), 'webgpu', 'tiny'));
  add('CPU (wasm), the shape, steps/s, one worker', ...three(rate, 'cpu', 'shape'));
  add('… lane-steps/s of three lanes (DPO, KLDPO, WDPO), one worker', rate('ours cpu shape dpo+kldpo:0.5+wdpo', 3), '', '');
  add('… lane-steps/s, two workers at once', cell(twoWorkers.ours), cell(twoWorkers['jax-js']), cell(twoWorkers.tfjs));
  add('… steps/s, threads in an isolated page', '', cell(twoWorkers['jax-js threads']), cell(twoWorkers['tfjs threads']));
  add('CPU (wasm), tiny, steps/s', ...three(rate, 'cpu', 'tiny'));
  add('CPU, code loaded → first step done, s, the shape', ...three((k) => cell(cold[k]?.firstStepMs, 1e-3), 'cpu', 'shape'));
  for (const [b, s] of [['cpu', 'shape'], ['webgpu', 'tiny']]) {
    const [dpo, wdpo] = ['dpo', 'wdpo'].map((m) => steady[`ours ${b} ${s} ${m}`]?.stepsPerSecond.median);
    if (dpo && wdpo) add(`WDPO step ÷ DPO step, ${b === 'cpu' ? 'CPU, the shape' : 'WebGPU, tiny'}`, (dpo / wdpo).toFixed(2), '', '');
  }
  const kb = (s) => (s ? `${[s.raw, s.gzip, s.brotli].map((n) => Math.round(n / 1000)).join(' / ')}` : '–');
  add('Download, CPU: kB raw / gzip / brotli', kb(sizes['prefshift cpu']), kb(sizes['jax-js']), kb(sizes['TensorFlow.js wasm']));
  add('Download, WebGPU: kB raw / gzip / brotli', kb(sizes['prefshift gpu']), kb(sizes['jax-js']), kb(sizes['TensorFlow.js webgpu']));
  const slope = (key) => {
    const m = memory[key];
    if (!m) return '–';
    const part = (k) => (m.bytesPer1000Steps[k] === null ? '–' : (m.bytesPer1000Steps[k] / 1000).toFixed(1));
    return `${['wasm', 'js', 'gpu'].map(part).join(' / ')} (${m.steps})`;
  };
  add('Memory, CPU, tiny: kB per 1000 steps, wasm / JS / GPU (steps)', ...three(slope, 'cpu', 'tiny'));
  add('Memory, WebGPU, tiny: the same', ...three(slope, 'webgpu', 'tiny'));

  const lines = [['', 'ours', 'jax-js', 'TensorFlow.js'], ['---', '---', '---', '---'], ...rows];
  const adapter = result.adapter ? `${[result.adapter.vendor, result.adapter.architecture, result.adapter.description].filter(Boolean).join(' ')}, ${result.adapter.software ? 'SOFTWARE' : 'hardware'}` : 'none';
  const out = [`Chromium ${result.browser}, WebGPU adapter: ${adapter}. Medians (min–max).`, '', ...lines.map((r) => `| ${r.join(' | ')} |`), ''];
  for (const [what, p] of Object.entries(result.parity)) {
    const each = Object.entries(p.off).map(([c, off]) => `${c} ${off.toExponential(1)}${off <= 1e-3 ? '' : ' NOT THE SAME TRAINING'}`);
    out.push(`Loss parity, ${what}, distance from the median over ${p.steps} steps: ${each.join(', ')}.`);
  }
  if (native) out.push('', ...nativeTable(native));
  for (const [key, what] of Object.entries(result.failures)) out.push(`FAILED ${key}: ${what}`);
  return out.join('\n');
}

function nativeTable(native) {
  const rows = native.runs.map((r) => `| ${r.name} | ${r.threads ?? ''} | ${cell(r.msPerStep)} | ${cell(r.laneStepsPerSecond)} |`);
  return [`Native CPU, the shape${native.cpu ? ` (${native.cpu})` : ''}:`, '', '| | threads | ms a step | lane-steps/s |', '|---|---|---|---|', ...rows, ...(native.notes ?? []).map((n) => `\n${n}`)];
}
