// Whether a method can train here and now, and if not, why.
import { METHOD_INFOS } from '../engine/catalog';
import type { MethodInfo } from '../engine/types';
import { t } from '../i18n';
import type { Lab } from './lab.svelte';
import { scenarioOf } from './settings';

/** What decides it. */
export interface Circumstances {
  policy: string;
  imported: boolean;
  backend: 'cpu' | 'webgpu';
}

/** Why a method cannot train there; undefined where it can. */
export type Unmet = 'margins' | 'rewards' | 'gpu';

export function unmet(info: MethodInfo, at: Circumstances): Unmet | undefined {
  if (at.policy !== 'gpt' && !info.margins_only) return 'margins';
  if (at.imported && info.needs.includes('rewards')) return 'rewards';
  if (at.backend === 'webgpu' && !info.gpu) return 'gpu';
  return undefined;
}

export function circumstances(lab: Pick<Lab, 'settings' | 'backstage'>): Circumstances {
  const { scenario } = lab.settings;
  return { policy: scenarioOf(scenario).config.model.policy, imported: scenario === 'imported', backend: lab.backstage.decision.backend };
}

/** The reason in words. */
export function availability(method: string, lab: Pick<Lab, 'settings' | 'backstage'>): string | undefined {
  const info = METHOD_INFOS.find((each) => each.id === method);
  const why = info && unmet(info, circumstances(lab));
  return why && t.unmet[why];
}
