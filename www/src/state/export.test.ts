import { describe, expect, it } from 'vitest';
import type { Event } from '../engine/types';
import { commandLine, metricRows, metricsCsv, runJson } from './export';
import { differences } from './kept.svelte';
import { RunData } from './run-data';
import { defaults, toConfig } from './settings';

function run(group = 'a'): RunData {
  const settings = { ...defaults(), methods: 'dpo,kldpo' };
  const data = new RunData();
  const events: Event[] = [
    {
      event: 'started', version: '0.1', config: toConfig(settings), device: 'CPU', groups: [{ name: group, wants: '', share: 0.9 }, { name: 'b', wants: '', share: 0.1 }],
      lanes: ['DPO', 'KLDPO τ=0.1'], vocabulary: [], parameters: 1, pairs: [{ prompt: 'p', chosen: 'c', rejected: 'r', group: 0, flipped: false }], has_reward: false,
    },
    { event: 'evaluation', step: 0, accuracy: [0.5, 0.4, 0.3, 0.2], margin: [1, 2, 3, 4], reward: [], reward_se: [], kl: [0.5, 0.25], distance: [], reference_reward: [], samples: [] },
  ];
  for (const event of events) data.add(event);
  return data;
}

describe('export', () => {
  it('has a row for every evaluation, lane and group, in the lane’s own numbers', () => {
    const rows = metricRows(run());
    expect(rows).toHaveLength(4);
    expect(rows[3]).toMatchObject({ step: 0, lane: 1, method: 'kldpo', group: 'b', 'rewards/accuracies': 0.2, log_ratio_margin: 4, reward: null, kl: 0.25 });
  });

  it('writes CSV that a spreadsheet reads as it is meant', () => {
    const lines = metricsCsv(run('=HYPERLINK("x"), y')).split('\r\n');
    expect(lines[0]).toBe('step,lane,name,method,seed,group,rewards/accuracies,log_ratio_margin,reward,reward_se,kl');
    expect(lines[1]).toBe(`0,0,DPO,dpo,0,"'=HYPERLINK(""x""), y",0.5,1,,,0.5`);
  });

  it('puts all of a run into one object', () => {
    const text = runJson(run(), defaults(), 'http://x/#tau=1', false);
    const parsed = JSON.parse(text) as Record<string, unknown>;
    expect(parsed).toMatchObject({ format: 'prefshift-run/1', version: '0.1', device: 'CPU', seed: 1, link: 'http://x/#tau=1' });
    expect(parsed['trace']).toHaveLength(2);
  });

  it('names in the command only what differs, in words for a shell', () => {
    const config = toConfig({ ...defaults('shortcut'), seed: 7, flip: 0.1 });
    const command = commandLine(config, ['shortcut']);
    expect(command).toMatch(/^prefshift train --scenario shortcut --seed 7 --reference www\/public\/reference\/shortcut\.safetensors /);
    expect(command).toContain('--set data.flip=0.1 ');
    expect(command).not.toContain('data.pairs');
    expect(command).toContain(`--set 'lanes=[{"method":"dpo"`);
    // A reference policy of another shape is not to be loaded.
    expect(commandLine(toConfig({ ...defaults('shortcut'), d: 16 }), ['shortcut'])).not.toContain('--reference');
  });

  it('says in words what was changed between two runs', () => {
    expect(differences(defaults(), { ...defaults(), tau: 0.5, cores: 3 })).toEqual(['τ 0.1 → 0.5']);
  });
});
