// Writes the service worker of a build: the list of its files and a version made of their contents.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'vite';

const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)]));

export function precache(): Plugin {
  let out = '';
  return {
    name: 'precache',
    apply: 'build',
    configResolved(config) {
      out = join(config.root, config.build.outDir);
    },
    closeBundle() {
      const hash = createHash('sha256');
      const list = files(out)
        .map((path) => relative(out, path).replaceAll('\\', '/'))
        .filter((path) => path !== 'sw.js' && path !== '_headers')
        .sort();
      for (const path of list) hash.update(path).update(readFileSync(join(out, path)));
      // The GPU's engine is kept once it has been used; many machines never do.
      const first = list.filter((path) => !path.startsWith('engine/gpu/')).map((path) => (path === 'index.html' ? './' : path));
      const template = readFileSync(new URL('./src/sw.js', import.meta.url), 'utf8');
      writeFileSync(join(out, 'sw.js'), template.replace('__VERSION__', hash.digest('hex').slice(0, 16)).replace('__FILES__', JSON.stringify(first)));
    },
  };
}
