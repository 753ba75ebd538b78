// Four panels of step time, both axes logarithmic, as SVG.

const PANEL = { width: 300, height: 220, left: 52, right: 14, top: 30, bottom: 38 };
const STYLE = [
  { color: '#1b6ca8', dash: '', mark: 'circle' },
  { color: '#b2541c', dash: '6 3', mark: 'square' },
  { color: '#3b7d3b', dash: '2 3', mark: 'triangle' },
];
const TITLES = { lanes: 'lanes', pairs: 'pairs a step', d_model: 'd_model', context: 'T (tokens)' };

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const text = (x, y, what, anchor = 'middle', size = 11) => `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${escape(what)}</text>`;

function mark(kind, x, y, color) {
  if (kind === 'circle') return `<circle cx="${x}" cy="${y}" r="3" fill="${color}"/>`;
  if (kind === 'square') return `<rect x="${x - 3}" y="${y - 3}" width="6" height="6" fill="${color}"/>`;
  return `<path d="M${x} ${y - 4}l4 7h-8z" fill="${color}"/>`;
}

function panel(data, axis, x0, y0) {
  const points = data.series.flatMap((s) => s.axes[axis]);
  const xs = points.map((p) => p.value);
  const decades = [Math.floor(Math.log10(Math.min(...points.map((p) => p.min)))), Math.ceil(Math.log10(Math.max(...points.map((p) => p.max))))];
  const [lo, hi] = [Math.log2(Math.min(...xs)), Math.log2(Math.max(...xs))];
  const { left, top } = { left: x0 + PANEL.left, top: y0 + PANEL.top };
  const [w, h] = [PANEL.width - PANEL.left - PANEL.right, PANEL.height - PANEL.top - PANEL.bottom];
  const at = (v) => +(left + ((Math.log2(v) - lo) / (hi - lo || 1)) * w).toFixed(1);
  const up = (ms) => +(top + h - ((Math.log10(ms) - decades[0]) / (decades[1] - decades[0])) * h).toFixed(1);
  const out = [text(left + w / 2, y0 + 18, `step time against ${TITLES[axis]}`, 'middle', 12)];
  for (let d = decades[0]; d <= decades[1]; d++) {
    const y = up(10 ** d);
    out.push(`<path d="M${left} ${y}h${w}" stroke="#ccc"/>`, text(left - 6, y + 4, `${10 ** d} ms`, 'end', 10));
  }
  for (const v of new Set(xs)) out.push(text(at(v), top + h + 16, v, 'middle', 10));
  out.push(text(left + w / 2, top + h + 32, TITLES[axis]));
  data.series.forEach((s, i) => {
    const { color, dash, mark: kind } = STYLE[i % STYLE.length];
    const line = s.axes[axis].map((p) => `${at(p.value)} ${up(p.median)}`).join('L');
    out.push(`<path d="M${line}" fill="none" stroke="${color}" stroke-width="1.6" stroke-dasharray="${dash}"/>`);
    for (const p of s.axes[axis]) {
      out.push(`<path d="M${at(p.value)} ${up(p.min)}V${up(p.max)}" stroke="${color}"/>`, mark(kind, at(p.value), up(p.median), color));
    }
  });
  return out.join('\n');
}

/** The chart of measured `data`; bars are the least and the most. */
export function chart(data) {
  const [width, height] = [2 * PANEL.width + 20, 2 * PANEL.height + 56];
  const { lanes, pairs, d_model, context } = data.base;
  const legend = data.series.map((s, i) => {
    const { color, mark: kind } = STYLE[i % STYLE.length];
    return mark(kind, 20, height - 14 * (data.series.length - i), color) + text(30, height - 14 * (data.series.length - i) + 4, s.name, 'start');
  });
  const panels = Object.keys(data.series[0].axes).map((axis, i) => panel(data, axis, (i % 2) * (PANEL.width + 10), Math.floor(i / 2) * PANEL.height));
  const summary = `Milliseconds a training step; the other three stay at ${lanes} lane of DPO, ${pairs} pairs, d_model ${d_model}, T ${context}.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img"><title>${escape(summary)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${panels.join('\n')}
${legend.join('\n')}
</svg>
`;
}
