import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en';
import { BARE, HIDEABLE, readLink, readSettings, writeLink } from './link';
import { defaults, fromQuery, KEYS, PAGE_KEYS, SETTINGS } from './settings';

describe('the page’s part of a link', () => {
  it('comes back as it was written, beside the settings', () => {
    const link = { lang: 'ja', lesson: '', hide: ['plane', 'seed'] as const, lock: ['tau', 'minority'] as const };
    const settings = { ...defaults('shortcut'), tau: 0.3 };
    const query = writeLink(settings, link);
    expect(readLink(query, [])).toEqual({ link: { ...link, lock: ['minority', 'tau'] }, notices: [] });
    expect(fromQuery(query)).toEqual({ settings, notices: [] });
    expect(writeLink(defaults(), BARE)).toBe('');
  });

  it('leaves out and reports what it does not know, however much of it', () => {
    const { link, notices } = readLink(`#hide=plane,everything&lock=${'x,'.repeat(1e5)}tau&lesson=none`, ['one']);
    expect(link).toEqual({ ...BARE, hide: ['plane'] });
    expect(notices.map((notice) => notice.key).sort()).toEqual(['hide', 'lesson', 'lock']);
    for (const notice of notices) expect(notice.given.length).toBeLessThanOrEqual(60);
  });

  it('puts what the link says on top of its lesson', () => {
    const base = { ...defaults('shortcut'), tau: 0.05 };
    expect(readSettings('lesson=x&rho=1', base).settings).toEqual({ ...base, rho: 1 });
    expect(writeLink({ ...base, rho: 1 }, { ...BARE, lesson: 'x' }, base)).toBe('lesson=x&rho=1');
  });
});

describe('the property table', () => {
  it('has words for every setting that a link may hide or the page shows', () => {
    const without = KEYS.filter((key) => SETTINGS[key].hideable && !Object.hasOwn(en.knobs, key));
    expect(without).toEqual([]);
    expect(HIDEABLE.length).toBeGreaterThan(20);
    expect(KEYS.filter((key) => (PAGE_KEYS as readonly string[]).includes(key))).toEqual([]);
  });
});
