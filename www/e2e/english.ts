// Whether a page in another language has something left in English.
import type { Page } from '@playwright/test';
import { METHOD_INFOS } from '../src/engine/catalog';

const NAMES = new RegExp([...METHOD_INFOS.map(({ name }) => name.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&')), 'JSON Lines', 'google swiftshader', 'prefshift \\w+', 'make \\w+'].join('|'), 'g');

/** Words in a row that are English, of what is shown, read out or said on pointing; formulas, names and the data's own texts aside. */
export async function leftInEnglish(page: Page, inJapanese = true): Promise<string[]> {
  const texts = await page.evaluate(() => {
    const shown = (node: Element): boolean => node.getClientRects().length > 0;
    // Data, titles of papers, formulas, commands, and the languages' own names for themselves.
    const theirs = '.panel.words dd, .panel.words .pair p, .pairs li > span, dialog td.text, .source, math, code, pre, option[lang]';
    const out: string[] = [];
    for (const node of document.querySelectorAll('body *')) {
      if (!shown(node) && !(node instanceof HTMLOptionElement)) continue;
      if (node.closest(theirs)) continue;
      for (const name of ['title', 'aria-label', 'aria-valuetext', 'placeholder']) out.push(node.getAttribute(name) ?? '');
      for (const child of node.childNodes) if (child instanceof Text) out.push(child.data);
    }
    return out;
  });
  // A method's card says in Japanese what its English name stands for.
  const looked = texts.filter((text) => inJapanese || !/[\u3040-\u30ff\u4e00-\u9fff]/.test(text));
  return [...new Set(looked.filter((text) => /[A-Za-z]{3,} [A-Za-z]{2,}/.test(text.replaceAll(NAMES, '·'))))];
}
