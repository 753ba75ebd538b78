// What a link says of the page rather than of the run: its language, a lesson, what a teacher has hidden or locked.
import { fromQuery, KEYS, SETTINGS, toQuery, type Notice, type SettingKey, type Settings } from './settings';

/** Parts of the page that a link may hide, beside the controls. */
export const PANELS = ['shares', 'tilt', 'bars', 'shift', 'words', 'plane', 'pairs'] as const;
export type Panel = (typeof PANELS)[number];
export type Hideable = Panel | SettingKey;

export interface PageLink {
  lang: string;
  lesson: string;
  hide: readonly Hideable[];
  lock: readonly SettingKey[];
}

export const BARE: PageLink = { lang: '', lesson: '', hide: [], lock: [] };
export const HIDEABLE: readonly Hideable[] = [...PANELS, ...KEYS.filter((key) => SETTINGS[key].hideable)];
const MAX_NAMES = 64;

/** Reads the page's part of a query; names that are not known are reported and left out. */
export function readLink(query: string, lessons: readonly string[]): { link: PageLink; notices: Notice[] } {
  const seen = new URLSearchParams(query.replace(/^[?#]/, ''));
  const notices: Notice[] = [];
  const names = <T extends string>(key: 'hide' | 'lock', known: readonly T[]): T[] => {
    const given = new Set((seen.get(key) ?? '').split(',').slice(0, MAX_NAMES).filter(Boolean));
    const kept = known.filter((name) => given.has(name));
    if (kept.length < given.size) notices.push({ key, given: [...given].filter((name) => !kept.includes(name as T)).join(',').slice(0, 60), used: kept.join(','), why: 'not-an-option' });
    return kept;
  };
  const lesson = seen.get('lesson') ?? '';
  const known = lesson === '' || lessons.includes(lesson);
  if (!known) notices.push({ key: 'lesson', given: lesson.slice(0, 60), used: '', why: 'not-an-option' });
  const link = { lang: (seen.get('lang') ?? '').slice(0, 8), lesson: known ? lesson : '', hide: names('hide', HIDEABLE), lock: names('lock', KEYS) };
  return { link, notices };
}

/** The fragment of a link to these settings; `base` is what the link's lesson sets, which need not be said again. */
export function writeLink(settings: Settings, link: PageLink, base?: Settings): string {
  const out = new URLSearchParams();
  if (link.lang !== '') out.set('lang', link.lang);
  if (link.lesson !== '') out.set('lesson', link.lesson);
  const run = base ? changes(settings, base) : toQuery(settings);
  for (const [key, value] of new URLSearchParams(run)) out.set(key, value);
  if (link.hide.length > 0) out.set('hide', link.hide.join(','));
  if (link.lock.length > 0) out.set('lock', link.lock.join(','));
  return plain(out.toString());
}

function changes(settings: Settings, base: Settings): string {
  const out = new URLSearchParams();
  for (const key of KEYS) if (settings[key] !== base[key]) out.set(key, String(settings[key]));
  return out.toString();
}

/** The settings of a query on top of a lesson's, where the link names one. */
export function readSettings(query: string, base?: Settings): { settings: Settings; notices: Notice[] } {
  const read = fromQuery(query);
  if (!base) return read;
  const said = new URLSearchParams(query.replace(/^[?#]/, ''));
  const settings: Settings = { ...(said.has('scenario') && said.get('scenario') !== base.scenario ? read.settings : base) };
  for (const key of KEYS) if (said.has(key)) (settings as Record<string, string | number>)[key] = read.settings[key];
  return { settings, notices: read.notices };
}

/** Signs that may stand in a fragment as they are, so that a link can be read. */
const plain = (query: string): string => query.replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%3B', ';').replaceAll('%2F', '/').replaceAll('%3D', '=');
