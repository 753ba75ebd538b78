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

  it('has the forms in the names of lanes, and the engine’s own name where it is one', () => {
    expect(ja.lane('DPO')).toBe('DPO');
    expect(ja.lane('KLDPO (exact radius) ρ=0.1 #2')).toBe('KLDPO（半径を固定） ρ=0.1 #2');
    expect(ja.lane('Dr. DPO β′=1 lr=0.01')).toBe('Dr. DPO β′=1 lr=0.01');
    expect(ja.lane('something else')).toBe('something else');
    for (const { id, name, forms } of METHOD_INFOS) {
      for (const form of forms) expect(ja.lane(`${name} (${form.name}) x=1`), `${id}/${form.id}`).toBe(`${METHODS[id]!.name}（${FORMS[`${id}/${form.id}`]!.name}） x=1`);
    }
    const told = 'KLDPO (exact radius) ρ=0.1 blew up at step 3: its numbers were no longer finite. It went back to what it was at step 2 and goes on with learning rate 0.1; the other lanes are as they were.';
    expect(ja.remark(told)).toMatch(/^KLDPO（半径を固定） ρ=0.1 はステップ 3 で発散/);
  });

  it('translates what the engine says of a file, line by line', () => {
    const said = [
      'misses `chosen`', '`group` is empty', '`chosen` and `rejected` have the same words', '`prompt` is not text but a list', '`confidence` is not a number but text',
      '`confidence` is 0.2; it must be from 0.5 to 1', '`chosen` has no assistant message', '70 KiB long; at most 64 can be read', 'not an object but a number',
      'misses `prompt`, and `chosen` and `rejected` begin with different turns', '1 words; the first 2 are the prompt, and more must follow', 'label 9; numbers go from 0 to 5',
      'the file has more than 32 MiB', 'the file has no lines', 'take a sample of its lines', 'Read 40 rows: young (30), old (10).', 'Held out for evaluation, with their prompts: young (8), old (2).',
      'Kept the 2000 most frequent words; 31 rarer ones (1.2 % of the text) read <unk>.', 'Cut 3 of 40 rows to 24 tokens; a context of 30 keeps 99 % whole.',
      'Left out 2 rows whose two answers are the same, as the policy would see them.', 'Left out 2 rows that repeat another, as the policy would see them.',
      'Group `old` has 8 pairs to train on, not 51: trained on 80 pairs instead of 512, at the same mix.', 'group `old` has 1 usable rows; one is needed to train on and one to hold out',
      'add rows; every group needs pairs that no training pair repeats', '3 different labels', 'label `joy` has 3 texts', '2 to 8 labels, at least 8 texts each',
    ];
    const own = /prompt|chosen|rejected|confidence|group|role|content|assistant|JSON|KiB|MiB|young|old|joy|unk/g;
    for (const text of said) expect(ja.remark(text).replaceAll(own, ''), text).not.toMatch(/[A-Za-z]{2}/);
    expect(ja.remark('no line can be used: line 1: not JSON: expected value at line 1; line 3: misses `chosen`; and more')).toBe('使える行がありません（1 行目：JSON ではありません、3 行目：`chosen` がありません、ほか）');
    expect(ja.remark('Left out 2 lines: line 4: `chosen` is empty; line 9: not JSON: x.')).toBe('2 行を除きました（4 行目：`chosen` が空です、9 行目：JSON ではありません）。');
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
