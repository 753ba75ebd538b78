import { describe, expect, it } from 'vitest';
import { clamp, defaults, fromConfig, fromQuery, KEYS, liveKeys, mixFor, moved, restartKeys, SETTINGS, toConfig, toQuery, type Setting, type Settings } from './settings';

describe('the URL', () => {
  it('is empty for the defaults', () => {
    expect(toQuery(defaults())).toBe('');
    expect(fromQuery('').settings).toEqual(defaults());
  });

  it('carries every setting there and back', () => {
    const other = defaults() as Record<string, string | number>;
    for (const key of KEYS) {
      const setting: Setting = SETTINGS[key];
      other[key] =
        setting.kind === 'number'
          ? setting.default === setting.max
            ? setting.min
            : Math.min(setting.max, setting.default + setting.step)
          : setting.kind === 'list'
            ? 'dpo,gr_dpo'
            : (setting.options.find((option) => option !== setting.default) ?? '');
    }
    const { settings, notices } = fromQuery(`#${toQuery(other as unknown as Settings)}`);
    expect(settings).toEqual(other);
    expect(notices).toEqual([]);
  });

  it.each([
    ['tau=1e9', 'tau', SETTINGS.tau.max, 'range'],
    ['tau=-3', 'tau', SETTINGS.tau.min, 'range'],
    ['minority=NaN', 'minority', 0.1, 'not-a-number'],
    ['minority=Infinity', 'minority', 0.1, 'not-a-number'],
    ['steps=', 'steps', 300, 'not-a-number'],
    ['steps=12.6', 'steps', 13, 'range'],
    ['scenario=__proto__', 'scenario', 'two-populations', 'not-an-option'],
    ['methods=dpo,evil', 'methods', 'dpo', 'not-an-option'],
    ['methods=', 'methods', 'dpo,kldpo,wdpo', 'not-an-option'],
  ] as const)('holds %s to its limits and says so', (query, key, used, why) => {
    const { settings, notices } = fromQuery(query);
    expect(settings[key]).toBe(used);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({ key, why });
  });

  it('leaves out what it does not know, whatever it is called', () => {
    const { settings, notices } = fromQuery(`constructor=1&toString=2&__proto__=3&${'x'.repeat(5000)}=1`);
    expect(settings).toEqual(defaults());
    expect(notices.map((notice) => notice.why)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
    expect(notices[3]!.key).toHaveLength(40);
  });

  it('starts each scenario from its own defaults', () => {
    expect(fromQuery('scenario=shortcut').settings.tau).toBe(0.1);
    expect(toQuery(defaults('shortcut'))).toBe('scenario=shortcut');
    expect(fromQuery(toQuery({ ...defaults('shortcut'), tau: 0.25 })).settings.tau).toBe(0.25);
    expect(moved({ ...defaults(), seed: 9 }, 'shortcut')).toEqual({ ...defaults('shortcut'), seed: 9 });
  });

  it('puts a list in the table’s order', () => {
    expect(clamp('methods', 'wdpo,dpo').value).toBe('dpo,wdpo');
  });
});

describe('the config', () => {
  it('has shares that add to one whatever the minority', () => {
    for (const minority of [0.01, 0.1, 1 / 3, 0.99]) {
      for (const base of [[0.9, 0.1], [0.4, 0.3, 0.2, 0.1]]) {
        const mix = mixFor(base, minority);
        expect(mix.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(mix.at(-1)).toBeCloseTo(minority, 8);
      }
    }
    expect(mixFor([1], 0.1)).toEqual([1]);
  });

  it('gives each lane only the parameters that it knows', () => {
    const config = toConfig({ ...defaults(), methods: 'dpo,kldpo,wdpo,gr_dpo' });
    expect(config.lanes.map((lane) => Object.keys(lane.params))).toEqual([['beta'], ['beta', 'tau'], ['beta', 'rho'], ['beta']]);
    expect(config.lanes[1]).toMatchObject({ method: 'kldpo', form: 'normalized', learning_rate: 0.0002 });
    expect('form' in config.lanes[0]!).toBe(false);
  });

  it('pairs the tabular scenario with the tabular policy', () => {
    const config = toConfig(defaults('tabular'));
    expect(config.model.policy).toBe('tabular');
    expect(config.eval.samples).toBe(0);
  });

  it('never asks for heads that do not divide the width', () => {
    expect(toConfig({ ...defaults(), d: 10, heads: 4 }).model.heads).toBe(1);
  });

  it('finds the settings again in a recorded config', () => {
    const settings = { ...defaults(), minority: 0.2, tau: 0.25, lr: 0.0005, seed: 7, methods: 'dpo,kldpo' };
    expect(fromConfig(toConfig(settings))).toEqual(settings);
  });

  it('knows what a run under way can take', () => {
    const edited = { ...defaults(), tau: 1, flip: 0.1, lr: 0.01, steps: 400 };
    expect(liveKeys(defaults(), edited)).toEqual(['tau', 'lr', 'steps']);
    expect(restartKeys(defaults(), edited)).toEqual(['flip']);
  });
});
