// Which language the page speaks: asked for by the link (?lang=ja), else remembered, else the browser's, else English.
import { useText } from '../charts/text';
import { en } from './en';

export type Words = typeof en;
/** To add a language: its table, typed as `Words`, and a line here with its own name for itself. English comes with the page. */
const TABLES = {
  en: { name: 'English', load: async (): Promise<Words> => en },
  ja: { name: '日本語', load: async (): Promise<Words> => (await import('./ja')).ja },
} as const;
export type Language = keyof typeof TABLES;
export const LANGUAGES = (Object.keys(TABLES) as Language[]).map((id) => ({ id, name: TABLES[id].name }));

const KEY = 'prefshift-language';
let chosen = $state<Language>('en');
let wish: Language = 'en';
const loaded: Partial<Record<Language, Words>> = { en };

export const language = (): Language => chosen;

/** The words; what reads one in a template or a derived value follows the language. */
export const t: Words = new Proxy(en, { get: (_, key) => Reflect.get(loaded[chosen] ?? en, key) as unknown });

/** The page keeps its words until the others are here; false where they do not come or another language was wished for since. */
async function use(next: Language): Promise<boolean> {
  wish = next;
  try {
    loaded[next] ??= await TABLES[next].load();
  } catch {
    return false;
  }
  if (wish !== next) return false;
  chosen = next;
  useText(t.charts);
  document.documentElement.lang = next;
  document.title = t.pageTitle;
  return true;
}

/** The user's choice, kept for the next visit. */
export async function setLanguage(next: Language): Promise<void> {
  if (!(await use(next))) return;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
}

/** The language to begin with, in use when this resolves; `wanted` is what the link asks for. */
export async function startLanguage(wanted: string | null): Promise<void> {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // See above.
  }
  const known = (id: string | null | undefined): id is Language => id !== null && id !== undefined && Object.hasOwn(TABLES, id);
  const browser = navigator.languages.map((tag) => tag.split('-')[0]).find(known);
  if (!(await use([wanted, kept, browser].find(known) ?? 'en'))) await use('en');
}
