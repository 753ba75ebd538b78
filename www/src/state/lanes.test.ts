import { describe, expect, it } from 'vitest';
import { METHOD_INFOS } from '../engine/catalog';
import { laneFamilies } from './derive';
import { distinct, RunData } from './run-data';
import { held, infoOf, LR, MOST_LANES, movedLane, paramsOf, positionOf, readLanes, scaleOf, valueAt, withForm, withMore, withoutLane, withParam, writeLanes } from './lanes';
import { defaults, fromConfig, laneSpecs, laneText, liveKeys, restartKeys, toConfig } from './settings';

describe('the list of lanes', () => {
  it('is read and written as on the command line', () => {
    const text = 'dpo;kldpo/radius:radius=0.2,beta=0.1;wdpo:lr=0.001';
    const { lanes, why } = readLanes(text);
    expect(why).toBeUndefined();
    expect(lanes).toEqual([
      { method: 'dpo', params: {} },
      { method: 'kldpo', form: 'radius', params: { radius: 0.2, beta: 0.1 } },
      { method: 'wdpo', params: { lr: 0.001 } },
    ]);
    expect(writeLanes(lanes)).toBe(text);
  });

  it.each([
    ['dpo;dpo;dpo;dpo;dpo;dpo;dpo', 'dpo;dpo;dpo;dpo;dpo;dpo', 'range'],
    ['dpo:beta=1e9', 'dpo:beta=100', 'range'],
    ['dpo:beta=', 'dpo', 'not-a-number'],
    ['dpo:tau=1', 'dpo', 'not-an-option'],
    ['kldpo/radius:tau=1', 'kldpo/radius', 'not-an-option'],
    ['__proto__:constructor=1;dpo', 'dpo', 'not-an-option'],
    [`dpo:${'beta=1,'.repeat(200)}`, 'dpo:beta=1', 'range'],
  ] as const)('holds %s to what there is', (given, used, why) => {
    const read = readLanes(given);
    expect(writeLanes(read.lanes)).toBe(used);
    expect(read.why).toBe(why);
  });

  it('is edited without touching what it was', () => {
    const { lanes } = readLanes('dpo;kldpo:tau=0.2;wdpo');
    expect(writeLanes(movedLane(lanes, 1, -1))).toBe('kldpo:tau=0.2;dpo;wdpo');
    expect(movedLane(lanes, 0, -1)).toEqual(lanes);
    expect(writeLanes(withoutLane(lanes, 0))).toBe('kldpo:tau=0.2;wdpo');
    expect(withoutLane([lanes[0]!], 0)).toHaveLength(1);
    expect(writeLanes([withForm(lanes[1]!, 'radius')])).toBe('kldpo/radius');
    expect(withParam(lanes[1]!, 'tau', undefined).params).toEqual({});
    expect(writeLanes(withMore(lanes, 'kldpo'))).toBe('dpo;kldpo:tau=0.2;wdpo;kldpo:tau=0.25');
    let many = lanes;
    for (let i = 0; i < 9; i++) many = withMore(many, 'dpo');
    expect(many).toHaveLength(MOST_LANES);
    expect(writeLanes(lanes)).toBe('dpo;kldpo:tau=0.2;wdpo');
  });
});

describe('lanes in the settings', () => {
  const base = defaults();
  it('share what they do not say', () => {
    const config = toConfig({ ...base, beta: 0.3, tau: 0.7, lanes: 'dpo:beta=1;kldpo;kldpo:tau=2,lr=0.01;gr_dpo:eta=1' });
    expect(config.lanes.map((lane) => [lane.method, lane.params, lane.learning_rate])).toEqual([
      ['dpo', { beta: 1 }, 0.0002],
      ['kldpo', { beta: 0.3, tau: 0.7 }, 0.0002],
      ['kldpo', { beta: 0.3, tau: 2 }, 0.01],
      ['gr_dpo', { beta: 0.3, eta: 1 }, 0.0002],
    ]);
  });

  it('take the form on the controls where they have none', () => {
    const config = toConfig({ ...base, klform: 'radius', lanes: 'kldpo:radius=0.4;kldpo/normalized:tau=1' });
    expect(config.lanes.map((lane) => [lane.form, lane.params])).toEqual([['radius', { beta: 0.5, radius: 0.4 }], ['normalized', { beta: 0.5, tau: 1 }]]);
  });

  it('are left out where the methods say the same', () => {
    expect(laneText(laneSpecs(base), base)).toBe('');
    expect(laneText(withMore(laneSpecs(base), 'dr_dpo'), base)).toBe('dpo;kldpo;wdpo;dr_dpo');
  });

  it('are found again in a recorded config', () => {
    for (const lanes of ['dpo:beta=1;dpo', 'wdpo;dpo', 'dpo;kldpo/radius:radius=0.3;kldpo:tau=0.2', 'gr_dpo:eta=0.5;dpo:lr=0.01']) {
      const config = toConfig({ ...base, lanes, seeds: 2 });
      expect(toConfig(fromConfig(config)).lanes, lanes).toEqual(config.lanes);
    }
  });

  it('change live where only parameters do', () => {
    const to = (lanes: string): [string[], string[]] => [liveKeys(base, { ...base, lanes }), restartKeys(base, { ...base, lanes })];
    expect(to('dpo;kldpo:tau=0.3;wdpo')).toEqual([['lanes'], []]);
    expect(to('dpo;kldpo;wdpo;dr_dpo')).toEqual([[], ['lanes']]);
    expect(to('kldpo;dpo;wdpo')).toEqual([[], ['lanes']]);
    expect(to('dpo;kldpo/radius;wdpo')).toEqual([[], ['lanes']]);
  });

  it('have names that tell them apart and follow live changes', () => {
    const { lanes } = toConfig({ ...base, lanes: 'dpo:beta=1;dpo;kldpo:lr=0.01;kldpo', seeds: 2 });
    const engine = ['DPO', 'DPO #1', 'DPO', 'DPO #1', 'KLDPO τ=0.1', 'KLDPO τ=0.1 #1', 'KLDPO τ=0.1', 'KLDPO τ=0.1 #1'];
    const names = distinct(engine, lanes, laneFamilies(lanes));
    expect(names).toEqual(['DPO β=1', 'DPO β=1 #1', 'DPO β=0.5', 'DPO β=0.5 #1', 'KLDPO τ=0.1 lr=0.01', 'KLDPO τ=0.1 lr=0.01 #1', 'KLDPO τ=0.1 lr=0.0002', 'KLDPO τ=0.1 lr=0.0002 #1']);
    const data = Object.assign(new RunData(), { said: names });
    data.renamed(toConfig({ ...base, beta: 0.3, lanes: 'dpo:beta=2;dpo;kldpo:lr=0.02,tau=7;kldpo', seeds: 2 }).lanes);
    expect(data.names).toEqual(['DPO β=2', 'DPO β=2 #1', 'DPO β=0.3', 'DPO β=0.3 #1', 'KLDPO τ=7 lr=0.02', 'KLDPO τ=7 lr=0.02 #1', 'KLDPO τ=0.1 lr=0.0002', 'KLDPO τ=0.1 lr=0.0002 #1']);
  });

  it('that are alike stand in columns of their own', () => {
    const { lanes } = toConfig({ ...base, lanes: 'dpo;dpo', seeds: 2 });
    expect(laneFamilies(lanes)).toEqual([[0, 1], [2, 3]]);
  });
});

describe('a parameter’s slider', () => {
  it('goes there and back, and holds the default', () => {
    for (const info of METHOD_INFOS) {
      for (const param of [...info.params, LR]) {
        const scale = scaleOf(param);
        const at = positionOf(scale, param.default);
        expect(at, `${info.id}/${param.id}`).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThanOrEqual(1);
        // To the two or three digits that a slider gives.
        expect(valueAt(scale, at)).toBeCloseTo(param.default, param.default > 1 ? 1 : 2);
        for (const end of [0, 1]) expect(held(param, valueAt(scale, end))).toBeCloseTo(valueAt(scale, end), 9);
      }
    }
  });

  it('is logarithmic over powers of ten, with a place for zero', () => {
    const rho = scaleOf(paramsOf('wdpo').find((param) => param.id === 'rho')!);
    expect(rho).toMatchObject({ log: true, zero: true });
    expect(valueAt(rho, 0)).toBe(0);
    expect(positionOf(rho, 0)).toBe(0);
    expect(valueAt(rho, positionOf(rho, 0.05))).toBe(0.05);
    expect(scaleOf({ id: 'x', symbol: 'x', default: 0.1, min: 0, max: 0.5, help: '', forms: [] })).toMatchObject({ log: false, low: 0, high: 0.5 });
    expect(infoOf('dpo')!.params.map((param) => scaleOf(param).log)).toEqual([true]);
  });
});
