// The user's own data: pairs to train on, or texts for the emotion experiment. It stays on this machine.
import { asEngineError, type Inspection, type TextsInspection } from '../engine/protocol';
import { t } from '../i18n';
import type { Lab } from './lab.svelte';
import { clamp, defaults, scenarioOf } from './settings';

/** The user's own pairs, as the engine read them. */
export interface OwnPairs extends Inspection {
  name: string;
}

/** The user's own texts, for the emotion experiment. */
export interface OwnTexts extends TextsInspection {
  name: string;
  text: string;
}

/** As much as the engine reads of own pairs or texts; a larger file is refused before it is read. */
const MAX_READ = 32 << 20;

export class Own {
  pairs = $state.raw<OwnPairs | undefined>(undefined);
  texts = $state.raw<OwnTexts | undefined>(undefined);
  /** The pairs' file as it was read. */
  pairsText: string | undefined;

  constructor(private readonly lab: Lab) {}

  /** A file that the user chose or dropped: pairs, texts, or a run. */
  async open(file: File): Promise<void> {
    const { lab } = this;
    if (await lab.care.opens(file)) return;
    if (file.size > MAX_READ) {
      lab.say('error', t.fileRefused(file.name, t.care.tooLarge(file.size >> 20, MAX_READ >> 20)), '');
      return;
    }
    let text: string;
    try {
      text = await file.text();
    } catch {
      lab.say('error', t.fileUnreadable(file.name), '');
      return;
    }
    try {
      const crew = await lab.backstage.ready();
      const seen = await crew.inspect(text);
      if ('texts' in seen) return this.useTexts({ name: file.name, text, ...seen });
      this.pairs = { name: file.name, ...seen };
    } catch (thrown) {
      const { message, mend } = t.told(asEngineError(thrown));
      lab.say('error', t.fileRefused(file.name, message), mend);
      return;
    }
    this.pairsText = text;
    // The file's own mix, unless another one was asked for.
    const mix = this.pairs.config.data.mix.at(-1);
    if (mix !== undefined && mix < 1 && lab.settings.minority === defaults(lab.settings.scenario).minority) {
      lab.settings.minority = Number(clamp('minority', mix.toFixed(4)).value);
    }
    if (lab.settings.scenario === 'imported' && lab.source === 'live') void lab.start(false);
    else lab.change('scenario', 'imported');
  }

  /** Own texts for the emotion experiment, whose two most frequent labels are rewarded at first; none goes back to the built-in ones. */
  useTexts(texts: OwnTexts | undefined): void {
    const { lab } = this;
    this.texts = texts;
    const [major, minor] = texts?.config.data.emotions ?? scenarioOf('emotion').config.data.emotions;
    Object.assign(lab.settings, { major, minor });
    if (lab.settings.scenario === 'emotion' && lab.source === 'live') void lab.start(false);
    else if (lab.settings.scenario !== 'emotion') lab.change('scenario', 'emotion');
  }
}
