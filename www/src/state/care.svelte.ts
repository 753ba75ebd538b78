// Looks after the run on show: says what was lost and what became of it, keeps the run in the browser's storage and as a
// file, and knows what it does behind another tab.
import { MOST_TRACE_BYTES, openExport, openTrace } from '../engine/trace-check';
import { asEngineError, type Checkpoint, type RunRequest } from '../engine/protocol';
import type { Supervisor } from '../engine/supervisor';
import type { Event, RunConfig } from '../engine/types';
import { t } from '../i18n';
import type { Lab } from './lab.svelte';
import { fromConfig, fromQuery, toQuery } from './settings';
import { browserShelf, MOST_BYTES, RunStore, type KeptRun } from './store';

const LOCK = 'prefshift-kept-run';
/** A run that trains is stored this often; one that comes to rest, at once. */
const STORE_EVERY_MS = 10_000;
const BACKGROUND = 'prefshift-background';

export type Background = 'go-on' | 'pause';

/** The first line of a browser's or driver's explanation, which may go on for pages. */
function brief(detail: string): string {
  const line = detail.split('\n')[0]!.replace(/[.\s]+$/, '');
  return line.length > 140 ? `${line.slice(0, 139)}…` : line;
}

export class Care {
  /** A run of an earlier visit. */
  offer = $state.raw<KeptRun | undefined>(undefined);
  background = $state<Background>('go-on');
  private readonly store = new RunStore(browserShelf());
  private storedAt = -Infinity;
  private storing = false;
  /** This tab is the one whose run is stored. */
  private mine = false;
  private troubles = new Set<string>();
  private pausedByHiding = false;

  constructor(private readonly lab: Lab) {}

  async open(): Promise<void> {
    try {
      this.background = localStorage.getItem(BACKGROUND) === 'pause' ? 'pause' : 'go-on';
    } catch {
      // Storage may be switched off.
    }
    document.addEventListener('visibilitychange', () => this.hidden(document.hidden));
    try {
      // A run that another tab trains is not offered.
      const held = await navigator.locks?.query();
      if (held?.held?.some((lock) => lock.name === LOCK)) return;
      this.offer = await this.store.load();
    } catch {
      // Without storage there is nothing to offer.
    }
  }

  // -------------------------------------------------------------- losses

  watch(supervisor: Supervisor): void {
    const { lab } = this;
    supervisor.watch({
      trouble: ({ fault, step, then }) => {
        if (then === 'cpu' || then === 'refused') lab.backstage.leaveGpu(then === 'refused');
        const message = t.care.trouble(fault.cause, step, brief(t.told(fault).message));
        // The same may happen again, and then come to something else.
        lab.notices.unsay(message);
        lab.say('warning', message, t.care.then[then]);
      },
      recovered: ({ kind, step, seconds }) => lab.say('info', t.care.recovered(kind, step, seconds.toFixed(1)), ''),
      kept: (checkpoint) => void (lab.source === 'live' && lab.backstage.crew === supervisor && this.keep(supervisor, checkpoint)),
    });
  }

  // -------------------------------------------------------------- in the browser's storage

  private async keep(supervisor: Supervisor, checkpoint: Checkpoint): Promise<void> {
    const { lab } = this;
    const resting = lab.transport.status.kind !== 'training' || document.hidden;
    const now = performance.now();
    if (this.storing || (!resting && now - this.storedAt < STORE_EVERY_MS)) return;
    this.storing = true;
    this.storedAt = now;
    // What the page has now, for it goes on growing while the rest is made ready.
    const about = this.describe(checkpoint);
    try {
      if (!(await this.own())) return this.once('another-tab', t.care.otherTab, 'info');
      const bytes = await supervisor.join(checkpoint.parts);
      if (about) await this.store.save({ ...about, checkpoint: bytes });
    } catch (thrown) {
      const { name, message } = thrown as Error;
      this.once('storage', name === 'QuotaExceededError' ? t.care.noRoom : t.care.notKept(message || name), 'warning');
    } finally {
      this.storing = false;
    }
  }

  private describe({ step, evaluated }: Checkpoint): Omit<KeptRun, 'checkpoint'> | undefined {
    const { data, running, transport } = this.lab;
    const { pairs: imported, pairsText: importedText } = this.lab.own;
    if (!data.started || !running) return undefined;
    const events: Event[] = [
      { ...data.started, event: 'started' },
      ...data.warnings.map((warning) => ({ ...warning, event: 'warning' as const })),
      ...data.evaluations.filter((each) => each.step <= evaluated).map((each) => ({ ...each, event: 'evaluation' as const })),
      ...data.frames.filter((each) => each.step < step).map((each) => ({ ...each, event: 'frame' as const })),
    ];
    const own = running.scenario === 'imported' && imported && importedText !== undefined ? { file: imported, text: importedText } : undefined;
    return { saved: Date.now(), settings: toQuery(running), scenario: running.scenario, step, evaluated, total: transport.totalOf(), events, own };
  }

  /** Makes this tab the one that stores, unless another one is. Without locks, whoever stores last is kept, whole. */
  private async own(): Promise<boolean> {
    if (this.mine || !navigator.locks) return true;
    this.mine = await new Promise<boolean>((resolve) => {
      navigator.locks
        .request(LOCK, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          // Held as long as the tab is there.
          return lock ? new Promise<void>(() => undefined) : undefined;
        })
        .catch(() => resolve(false));
    });
    return this.mine;
  }

  private once(what: string, message: string, tone: 'info' | 'warning'): void {
    if (this.troubles.has(what)) return;
    this.troubles.add(what);
    this.lab.say(tone, message, '');
  }

  /** Goes on with the run of the earlier visit: paused, at its step, with everything it had said. */
  async goOn(): Promise<void> {
    const { lab, offer } = this;
    if (!offer) return;
    this.offer = undefined;
    const first = offer.events[0];
    if (first?.event !== 'started') return;
    if (offer.own) {
      lab.own.pairs = offer.own.file;
      lab.own.pairsText = offer.own.text;
    }
    lab.settings = fromQuery(offer.settings).settings;
    const config = { ...first.config, train: { ...first.config.train, steps: offer.total } };
    try {
      const run = await this.onward(config, { parts: [offer.checkpoint], step: offer.step, evaluated: offer.evaluated });
      await lab.start(false, { run: { ...run, shown: true }, events: offer.events });
    } catch (thrown) {
      lab.fail(asEngineError(thrown), 'error');
    }
  }

  /** What the engine needs to go on from a checkpoint with the settings on the controls. */
  private async onward(config: RunConfig, checkpoint: Checkpoint): Promise<RunRequest> {
    const { backstage, settings } = this.lab;
    const { imported: own } = await (await backstage.ready()).peek(checkpoint.parts[0]!);
    const { imported, reference, key } = await backstage.request(settings);
    // What ships knows nothing of the user's own texts, which are in the checkpoint; an earlier run may.
    const made = reference && key === undefined && !own ? { reference } : await backstage.madeBefore(config, own ?? undefined);
    return { ...(imported === undefined ? {} : { imported }), ...made, config, checkpoint };
  }

  async forget(): Promise<void> {
    this.offer = undefined;
    await Promise.allSettled([this.store.forget(), this.lab.backstage.made.forget()]);
  }

  // -------------------------------------------------------------- as a file

  async saveFile(): Promise<void> {
    const { lab } = this;
    try {
      const crew = await lab.backstage.ready();
      const { step, parts } = await crew.checkpoint();
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(parts as BlobPart[], { type: 'application/octet-stream' }));
      link.download = `prefshift-${lab.running?.scenario ?? 'run'}-step-${step}.safetensors`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    } catch (thrown) {
      lab.fail(asEngineError(thrown), 'error');
    }
  }

  /** Opens a recording, an exported run or a checkpoint; false where the file is neither, and so a file of pairs. */
  async opens(file: File): Promise<boolean> {
    const { lab } = this;
    try {
      const start = new Uint8Array(await file.slice(0, 64).arrayBuffer());
      // The header's length in eight bytes, then the header.
      const checkpoint = start[8] === 0x7b && start[7] === 0 && start[6] === 0;
      const recording = /^\s*\{\s*"event"\s*:/.test(new TextDecoder().decode(start));
      const exported = /^\s*\{\s*"format"\s*:\s*"prefshift-run\//.test(new TextDecoder().decode(start));
      if (!checkpoint && !recording && !exported) return false;
      const most = checkpoint ? MOST_BYTES : MOST_TRACE_BYTES;
      if (file.size > most) lab.say('error', t.fileRefused(file.name, t.care.tooLarge(file.size >> 20, most >> 20)), '');
      else if (exported) await lab.showRecording(openExport(await file.text()));
      else if (recording) await lab.showRecording(openTrace(await file.text()));
      else await this.openCheckpoint(file.name, new Uint8Array(await file.arrayBuffer()));
    } catch (thrown) {
      const { message, mend } = t.told(asEngineError(thrown));
      lab.say('error', t.fileRefused(file.name, message), mend);
    }
    return true;
  }

  private async openCheckpoint(name: string, bytes: Uint8Array): Promise<void> {
    const { lab } = this;
    const crew = await lab.backstage.ready();
    const { config, step, evaluated, imported } = await crew.peek(bytes);
    const inside = imported?.stored && config.data.scenario === 'emotion';
    if (imported && !inside && lab.own.pairsText === undefined) {
      lab.say('info', t.fileRefused(name, t.care.pairsFirst), '');
      return;
    }
    const { device, cores } = lab.settings;
    lab.settings = { ...fromConfig(config), device, cores };
    await lab.start(false, { run: await this.onward(config, { parts: [bytes], step, evaluated: evaluated ?? -1 }), events: [] });
  }

  // -------------------------------------------------------------- behind another tab

  setBackground(value: Background): void {
    this.background = value;
    try {
      localStorage.setItem(BACKGROUND, value);
    } catch {
      // It then lasts as long as the page.
    }
  }

  private hidden(now: boolean): void {
    const { transport, backstage } = this.lab;
    if (now && this.background === 'pause' && transport.going) {
      this.pausedByHiding = true;
      backstage.crew?.pause();
    } else if (!now && this.pausedByHiding) {
      this.pausedByHiding = false;
      if (transport.playingWanted) backstage.crew?.play();
    }
  }
}
