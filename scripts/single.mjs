// The built page as one HTML file that runs when it is opened from disk: single.mjs DIST OUT. Scripts and styles are put
// in as they are, all other files as gzip in base64; src/engine/assets.ts unpacks them. Nothing is left to be fetched.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const [dist, out] = process.argv.slice(2);
const CSP = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'wasm-unsafe-eval' data: blob:",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const files = (folder) => readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)]));
const all = files(dist).map((path) => relative(dist, path).replaceAll('\\', '/'));
const read = (path) => readFileSync(join(dist, path));
const one = (pattern) => {
  const found = all.filter((path) => pattern.test(path));
  if (found.length !== 1) throw new Error(`${found.length} files match ${pattern}: ${found.join(', ')}`);
  return found[0];
};

const [script, style, worker] = [one(/^assets\/index-.*\.js$/), one(/^assets\/index-.*\.css$/), one(/^assets\/worker-.*\.js$/)];
const packed = all.filter((path) => /^(engine|reference)\//.test(path) || path.endsWith('.jsonl'));
const left = all.filter((path) => ![script, style, worker, 'index.html', 'icon.svg', '_headers', 'sw.js', ...packed].includes(path));
if (left.length > 0) throw new Error(`not in the single file: ${left.join(', ')}`);

const inert = (path, text) => `<script type="text/plain" data-path="${path}">${text}</script>`;
const icon = `data:image/svg+xml,${encodeURIComponent(read('icon.svg').toString())}`;
const source = read('index.html').toString();
const head = source
  .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '')
  .replace(/<link rel="(preload|modulepreload|stylesheet)"[^>]*>/g, '')
  .replace(/<script type="module"[^>]*><\/script>/, '')
  .replace(/<link rel="icon"[^>]*>/, () => `<link rel="icon" href="${icon}">`)
  .replace('<head>', () => `<head>\n    <meta http-equiv="Content-Security-Policy" content="${CSP}">`);
const body = [
  `<style>${read(style).toString().replaceAll('</style', '<\\/style')}</style>`,
  ...packed.map((path) => inert(path, gzipSync(read(path), { level: 9 }).toString('base64'))),
  inert('worker.js', encodeURIComponent(read(worker).toString())),
  `<script type="module">${read(script).toString().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')}</script>`,
].join('\n');
const page = head.replace('</body>', () => `${body}\n</body>`);
for (const address of page.matchAll(/(?:src|href)="(?!data:|#)([^"]+)"/g)) if (!address[1].includes('{')) throw new Error(`still refers to ${address[1]}`);
writeFileSync(out, page);
console.log(`single: ${out} is ${(Buffer.byteLength(page) / 1e6).toFixed(1)} MB, ${packed.length} files in it`);
