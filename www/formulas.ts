// The formulas of the method cards as MathML, made while the page is built, so that nothing typesets in the browser.
import temml from 'temml';
import type { Plugin } from 'vite';
import { METHOD_INFOS } from './src/engine/catalog.ts';

/** A formula on a line of its own. Its inline styles are left out: the page's policy refuses them, and the browser's rules do. */
export function mathml(latex: string): string {
  return temml.renderToString(latex, { displayMode: true, throwOnError: true }).replaceAll(/ style="[^"]*"/g, '');
}

const ID = 'virtual:formulas';

/** `virtual:formulas`: MathML by method id. */
export const formulas: Plugin = {
  name: 'formulas',
  resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
  load: (id) => (id === `\0${ID}` ? `export default ${JSON.stringify(Object.fromEntries(METHOD_INFOS.map((info) => [info.id, mathml(info.formula)])))};` : undefined),
};
