import { describe, expect, it } from 'vitest';
import { METHOD_INFOS, SCENARIOS as CATALOG } from '../engine/catalog';
import { decide } from '../engine/device';
import { en } from './en';
import { CARDS, PARAMS } from './cards-ja';
import { FORMS, GROUPS, ja, METHODS, SCENARIOS } from './ja';
import { LANGUAGES, setLanguage, startLanguage, t } from './language.svelte';

describe('Japanese', () => {
  it('has words for everything in the engine’s catalog', () => {
    const missing: string[] = [];
    for (const scenario of CATALOG) {
      if (!Object.hasOwn(SCENARIOS, scenario.id)) missing.push(`scenario ${scenario.id}`);
      for (const group of scenario.groups) if (!Object.hasOwn(GROUPS, `${scenario.id}/${group.name}`)) missing.push(`group ${scenario.id}/${group.name}`);
    }
    for (const method of METHOD_INFOS) {
      if (!Object.hasOwn(METHODS, method.id)) missing.push(`method ${method.id}`);
      if (!Object.hasOwn(CARDS, method.id)) missing.push(`card ${method.id}`);
      const card = CARDS[method.id];
      for (const [field, english] of [['note', method.note], ['clash', method.name_clash], ['gauge', method.gauge]] as const) {
        if ((english === '') !== ((card?.[field] ?? '') === '')) missing.push(`card ${method.id}: ${field}`);
      }
      for (const param of method.params) if (!Object.hasOwn(PARAMS, `${method.id}/${param.id}`) && !Object.hasOwn(PARAMS, param.id)) missing.push(`param ${method.id}/${param.id}`);
      for (const form of method.forms) if (!Object.hasOwn(FORMS, `${method.id}/${form.id}`)) missing.push(`form ${method.id}/${form.id}`);
    }
    expect(missing).toEqual([]);
  });

  it('has the same knobs, rows and lists as English, none of them left empty', () => {
    const blank: string[] = [];
    const walk = (path: string, english: unknown, japanese: unknown): void => {
      if (typeof english === 'string') {
        if (typeof japanese !== 'string' || (japanese === '' && english !== '')) blank.push(path);
      } else if (Array.isArray(english)) {
        // A chart's label has as many shorter forms as its language needs.
        if (path.startsWith('.charts')) expect((japanese as unknown[]).length, path).toBeGreaterThan(0);
        else expect((japanese as unknown[]).length, path).toBe(english.length);
      } else if (typeof english === 'object' && english !== null) {
        for (const [key, value] of Object.entries(english)) walk(`${path}.${key}`, value, (japanese as Record<string, unknown> | undefined)?.[key]);
      }
    };
    walk('', en, ja);
    expect(blank).toEqual([]);
  });

  it('tells an error by its code where the text is not known, and keeps the detail', () => {
    expect(ja.told({ code: 'config', message: 'tau: is 0', mend: 'use 1' })).toEqual({ message: '設定の誤り：tau: is 0', mend: 'use 1' });
    expect(ja.told({ code: 'io', message: 'the engine could not be loaded (404)', mend: 'reload the page' })).toEqual({
      message: 'エンジンを読み込めませんでした（404）',
      mend: 'ページを読み込み直してください',
    });
  });

  it('translates every reason for a device', () => {
    const reasons = [
      decide('cpu', { webgpu: true, software: false, detail: 'x' }, { cpu: true, gpu: true }),
      decide('auto', { webgpu: true, software: false, detail: 'x' }, { cpu: true, gpu: false }),
      decide('webgpu', { webgpu: true, software: false, detail: 'x' }, { cpu: true, gpu: true }),
      decide('auto', { webgpu: true, software: true, detail: 'SwiftShader' }, { cpu: true, gpu: true }),
    ].map((decision) => decision.reason);
    for (const reason of reasons) expect(ja.remark(reason), reason).not.toBe(reason);
  });
});

describe('the language', () => {
  it('is the link’s, else the remembered one, else the browser’s', async () => {
    localStorage.clear();
    await startLanguage('ja');
    expect([t.language, document.documentElement.lang, document.title]).toEqual(['ja', 'ja', ja.pageTitle]);
    await startLanguage(null);
    expect(t.language).toBe('en');
    await setLanguage('ja');
    await startLanguage('xx');
    expect(t.language).toBe('ja');
    await setLanguage('en');
    expect(t.play).toBe(en.play);
    localStorage.clear();
  });

  it('that was wished for last is the one in use', async () => {
    const first = setLanguage('ja');
    await setLanguage('en');
    await first;
    expect([t.language, document.documentElement.lang]).toEqual(['en', 'en']);
    localStorage.clear();
  });

  it('names itself', () => expect(LANGUAGES.map(({ name }) => name)).toEqual(['English', '日本語']));
});
