// Which language the page speaks: asked for by the link (?lang=ja), else remembered, else the browser's, else English.
import { useText } from '../charts/text';
import { en } from './en';
import { ja } from './ja';

export type Words = typeof en;
/** To add a language: its table, typed as `Words`, and a line here with its own name for itself. */
const TABLES = { en: { name: 'English', words: en as Words }, ja: { name: '日本語', words: ja } } as const;
export type Language = keyof typeof TABLES;
export const LANGUAGES = (Object.keys(TABLES) as Language[]).map((id) => ({ id, name: TABLES[id].name }));

const KEY = 'prefshift-language';
let chosen = $state<Language>('en');

export const language = (): Language => chosen;

/** The words; what reads one in a template or a derived value follows the language. */
export const t: Words = new Proxy(en, { get: (_, key) => Reflect.get(TABLES[chosen].words, key) as unknown });

function use(next: Language): void {
  chosen = next;
  useText(t.charts);
  document.documentElement.lang = next;
  document.title = t.pageTitle;
}

/** The user's choice, kept for the next visit. */
export function setLanguage(next: Language): void {
  use(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
}

/** The language to begin with; `wanted` is what the link asks for. */
export function startLanguage(wanted: string | null): void {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // See above.
  }
  const known = (id: string | null | undefined): id is Language => id !== null && id !== undefined && Object.hasOwn(TABLES, id);
  const browser = navigator.languages.map((tag) => tag.split('-')[0]).find(known);
  use([wanted, kept, browser].find(known) ?? 'en');
}
