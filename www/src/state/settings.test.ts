import { describe, expect, it } from 'vitest';
import { METHOD_INFOS, SCENARIOS } from '../engine/catalog';
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
      const usual = other[key];
      if (setting.kind === 'number') other[key] = usual === setting.max ? setting.min : Math.min(setting.max, Number(usual) + setting.step);
      else if (setting.kind === 'list') other[key] = 'dpo,gr_dpo';
      else if (setting.kind === 'numbers') other[key] = '1,0.25';
      else if (setting.kind === 'lanes') other[key] = 'dpo;kldpo/radius:radius=0.2;wdpo:rho=1,lr=0.001';
      else if (key !== 'scenario') other[key] = setting.options.find((option) => option !== usual) ?? '';
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
    ['klform=exact', 'klform', 'normalized', 'not-an-option'],
    ['taus=1,no,99', 'taus', '1,20', 'not-a-number'],
    ['lanes=dpo;evil', 'lanes', 'dpo', 'not-an-option'],
    ['lanes=kldpo:tau=1e9', 'lanes', 'kldpo:tau=1000', 'range'],
    ['lanes=kldpo/none:tau=x', 'lanes', 'kldpo', 'not-an-option'],
    ['taus=1,2,3,4,5,6', 'taus', '1,2,3,4,5', 'range'],
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
  it('of a recording made before a setting existed has its default', () => {
    const old = structuredClone(toConfig(defaults('shortcut'))) as unknown as { data: Record<string, unknown> };
    for (const key of ['emotions', 'mixture', 'tokens']) delete old.data[key];
    expect(fromConfig(old as unknown as Parameters<typeof fromConfig>[0])).toEqual(fromConfig(toConfig(defaults('shortcut'))));
  });

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

  it('repeats every lane for each seed, and reads that back', () => {
    const settings = { ...defaults(), methods: 'dpo,kldpo', taus: '1', tau: 0.5, seeds: 3 };
    const { lanes } = toConfig(settings);
    expect(lanes.map((lane) => [lane.method, lane.params['tau'], lane.seed])).toEqual(
      [['dpo', undefined], ['kldpo', 1], ['kldpo', 0.5]].flatMap((lane) => [0, 1, 2].map((seed) => [...lane, seed])),
    );
    expect(fromConfig(toConfig(settings))).toMatchObject({ methods: 'dpo,kldpo', taus: '1', tau: 0.5, seeds: 3 });
  });

  it('gives each lane only the parameters that it knows', () => {
    const config = toConfig({ ...defaults(), methods: 'dpo,kldpo,wdpo,gr_dpo' });
    expect(config.lanes.map((lane) => Object.keys(lane.params))).toEqual([['beta'], ['beta', 'tau'], ['beta', 'rho'], ['beta']]);
    expect(config.lanes[1]).toMatchObject({ method: 'kldpo', form: 'normalized', learning_rate: 0.0002 });
    expect('form' in config.lanes[0]!).toBe(false);
  });

  it('is the engine’s own default of each scenario, but for frames and evaluations', () => {
    for (const { id, config } of SCENARIOS) {
      const mine = toConfig(defaults(id));
      const { lanes, train, eval: evaluation, ...rest } = config;
      // Own pairs have no mix before the file is read.
      const data = id === 'imported' ? { ...rest.data, mix: [1] } : rest.data;
      expect(mine).toMatchObject({ ...rest, data });
      expect(mine.train).toEqual({ ...train, frame_every: 1 });
      expect(mine.eval).toEqual({ ...evaluation, every: Math.max(20, evaluation.every) });
      expect(mine.lanes.map((lane) => lane.method)).toEqual(lanes.map((lane) => lane.method));
      lanes.forEach((lane, i) => expect(mine.lanes[i]!.params).toMatchObject(lane.params));
    }
  });

  it('starts inside the limits of the controls', () => {
    for (const { id } of SCENARIOS) {
      for (const key of KEYS) expect([id, key, clamp(key, String(defaults(id)[key])).why]).toEqual([id, key, undefined]);
    }
  });

  it('has no control that goes beyond what the engine allows', () => {
    for (const [key, method] of [['beta', 'dpo'], ['tau', 'kldpo'], ['radius', 'kldpo'], ['rho', 'wdpo']] as const) {
      const param = METHOD_INFOS.find((info) => info.id === method)!.params.find((each) => each.id === key)!;
      expect(SETTINGS[key].min).toBeGreaterThanOrEqual(param.min);
      expect(SETTINGS[key].max).toBeLessThanOrEqual(param.max);
    }
  });

  it('makes one KLDPO lane for each τ, the knob’s last, and one for the exact radius', () => {
    const tabular = toConfig(defaults('tabular'));
    expect(tabular.lanes.map((lane) => lane.params['tau'])).toEqual([undefined, 1, 0.25, 0.1]);
    const exact = toConfig({ ...defaults(), klform: 'radius', radius: 0.3, taus: '1' }).lanes[1];
    expect(exact).toMatchObject({ method: 'kldpo', form: 'radius', params: { radius: 0.3 } });
    expect(exact!.params).not.toHaveProperty('tau');
    expect(fromConfig(toConfig({ ...defaults(), klform: 'radius', radius: 0.3 }))).toMatchObject({ klform: 'radius', radius: 0.3, taus: '' });
  });

  it('fits own pairs as the engine says', () => {
    const suited = { ...toConfig(defaults('imported')), model: { ...toConfig(defaults()).model, context: 61 } };
    suited.data = { ...suited.data, mix: [0.5, 0.3, 0.2] };
    const config = toConfig({ ...defaults('imported'), minority: 0.2 }, suited);
    expect(config.data.mix).toEqual([0.5, 0.3, 0.2]);
    expect(config.model.context).toBe(61);
    expect(toConfig({ ...defaults('imported'), context: 40 }, suited).model.context).toBe(40);
  });

  it('never asks for heads that do not divide the width', () => {
    expect(toConfig({ ...defaults(), d: 10, heads: 4 }).model.heads).toBe(1);
  });

  it('finds the settings again in a recorded config', () => {
    const settings = { ...defaults(), minority: 0.2, tau: 0.25, taus: '1,0.5', lr: 0.0005, seed: 7, methods: 'dpo,kldpo' };
    expect(fromConfig(toConfig(settings))).toEqual(settings);
  });

  it('knows what a run under way can take', () => {
    const edited = { ...defaults(), tau: 1, flip: 0.1, lr: 0.01, steps: 400 };
    expect(liveKeys(defaults(), edited)).toEqual(['tau', 'lr', 'steps']);
    expect(restartKeys(defaults(), edited)).toEqual(['flip']);
  });
});
