// What the built page downloads, in kB of brotli at its best level: sizes.mjs DIST [--check]. With --check it fails
// where something has outgrown its budget, so that the page does not grow heavy unseen.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [dist, check] = process.argv.slice(2);
const files = (folder) => readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)]));
const all = files(dist)
  .map((path) => relative(dist, path).replaceAll('\\', '/'))
  .filter((path) => !path.endsWith('.map') && path !== '_headers');
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const kB = (paths) => paths.reduce((sum, path) => sum + brotliCompressSync(readFileSync(join(dist, path)), { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length, 0) / 1000;

// What stands in the page's own head is fetched at once; the worker when the page trains or probes.
const page = all.filter((path) => path === 'index.html' || path === 'icon.svg' || path.startsWith('assets/worker-') || (path.startsWith('assets/') && html.includes(path)));
const rows = [
  ['page', kB(page), 130],
  ['CPU engine', kB(all.filter((path) => path.startsWith('engine/cpu/'))), 630],
  ['reference policy (two-populations)', kB(['reference/two-populations.safetensors']), 150],
];
// What was aimed at.
rows.push(['together: what training on the CPU waits for', rows.reduce((sum, [, size]) => sum + size, 0), 900]);
rows.push(['GPU engine, instead of the CPU engine', kB(all.filter((path) => path.startsWith('engine/gpu/'))), 720]);
rows.push(['recorded run', kB(['demo.trace.jsonl']), 100]);
const later = all.filter((path) => path.startsWith('assets/') && !page.includes(path));
rows.push([`on demand: ${later.map((path) => path.replace(/^assets\/|-.{8}\.(js|css)$/g, '')).filter((name, i, names) => names.indexOf(name) === i).join(', ')}`, kB(later), 60]);

let over = 0;
for (const [name, size, budget] of rows) {
  console.log(`${size.toFixed(1).padStart(7)} kB of ${String(budget).padStart(4)}  ${name}${size > budget ? '  OVER ITS BUDGET' : ''}`);
  over += Number(size > budget);
}
if (check === '--check' && over > 0) process.exit(1);
