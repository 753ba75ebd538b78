// The engine behind the page: which device it runs on, the crew that trains, the reference policies, and a run that is
// prepared while the recorded one plays, so that pressing play begins at once.
import { asset } from '../engine/assets';
import { Crew, planFor } from '../engine/crew';
import { decide, probe, type Decision, type DeviceChoice, type Probe } from '../engine/device';
import { EngineCode } from '../engine/engine';
import { Supervisor } from '../engine/supervisor';
import { asEngineError, type Activity, type Backend, type EngineError, type RunRequest } from '../engine/protocol';
import type { Event, RunConfig } from '../engine/types';
import { t } from '../i18n';
import type { Lab } from './lab.svelte';
import { madeKey, madeShelf, MadeStore, markOf, type Mark } from './made';
import { fitsReference, toConfig, type Settings } from './settings';

export type EngineState = 'none' | 'loading' | 'ready' | 'failed';

/** A run that waits to be asked for. */
export interface Ahead {
  crew: Supervisor;
  key: string;
  /** What it has said so far. */
  events: Event[];
  activity: Activity;
  begun: Promise<void>;
}

const GPU_WRONG = 'the GPU was found to compute wrongly';
const GPU_LEFT = 'the GPU was lost three times within a minute';

const hasCode = (backend: Backend): boolean => __SHIPPED__[backend === 'cpu' ? 'cpu' : 'gpu'];

export class Backstage {
  engineState = $state<EngineState>('none');
  decision = $state.raw<Decision>({ backend: 'cpu', reason: '' });
  /** Kernels that the GPU has compiled behind the recording. */
  kernels = $state.raw<{ done: number; total: number } | undefined>(undefined);
  crew: Supervisor | undefined;
  private found: Probe = { webgpu: false, software: false, detail: '' };
  private probing: Promise<void> | undefined;
  private ahead: Ahead | undefined;
  private readonly codes = new Map<Backend, EngineCode>();
  /** What earlier runs have made before they trained. */
  readonly made = new MadeStore(madeShelf());
  /** The mark of the file that was read last: a large one takes a while. */
  private marked: { text: string; mark: Mark } | undefined;
  private readonly references = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(
    private readonly lab: Lab,
    private readonly base: URL,
  ) {}

  /** Cores that a run may use. */
  get cores(): number {
    return this.lab.settings.cores > 0 ? this.lab.settings.cores : (navigator.hardwareConcurrency ?? 1);
  }

  /** Cores that the run on the controls would use on this device; 1 on a GPU, which is one device. */
  readonly coresInUse = $derived.by(() => planFor(this.decision.backend, toConfig(this.lab.settings), this.cores).length);

  async open(): Promise<void> {
    if (!__SHIPPED__.cpu && !__SHIPPED__.gpu) {
      this.engineState = 'failed';
      return;
    }
    void this.reference(this.lab.settings);
    // To ask for a GPU takes a while; the CPU's engine does not wait for the answer.
    if (this.lab.settings.device !== 'webgpu' && hasCode('cpu')) this.hire('cpu');
    try {
      await this.ready();
      await this.prepare();
    } catch {
      // The engine's state says so; pressing play tries again and tells why.
    }
  }

  /** The user chose another device: it is made ready behind the recording, as the first one was. */
  redeviced(): void {
    this.probing = undefined;
    this.redecide();
    if (this.lab.source === 'live' || this.lab.transport.busy) return;
    void this.ready().then(() => this.prepare()).catch(() => undefined);
  }

  redecide(): void {
    this.decision = decide(this.lab.settings.device as DeviceChoice, this.found, __SHIPPED__);
  }

  /** The crew on the device that the settings ask for. */
  async ready(): Promise<Supervisor> {
    this.probing ??= probe().then((found) => void (this.found = found));
    await this.probing;
    this.redecide();
    const { backend } = this.decision;
    if (!hasCode(backend)) {
      this.engineState = 'failed';
      throw { code: 'device', message: t.noEngine, mend: t.noEngineMend } satisfies EngineError;
    }
    const crew = this.crew?.kind === backend && this.crew.usable ? this.crew : this.hire(backend);
    try {
      await crew.ready;
      if (this.crew === crew) this.engineState = 'ready';
      return crew;
    } catch (thrown) {
      if (this.crew === crew) this.engineState = 'failed';
      throw asEngineError(thrown);
    }
  }

  /** Another crew on the same device, for runs beside the one on show; whoever asks for it disposes of it. */
  async another(): Promise<Crew> {
    await this.ready();
    const crew = new Crew(this.code(this.decision.backend));
    await crew.ready;
    return crew;
  }

  /** The GPU is not to be counted on: runs are on the CPU until the user chooses a device. */
  leaveGpu(wrong: boolean): void {
    this.found = { webgpu: false, software: false, detail: wrong ? GPU_WRONG : GPU_LEFT };
    this.redecide();
  }

  /** A backend's code, loaded once unless that failed. */
  private code(backend: Backend): EngineCode {
    const known = this.codes.get(backend);
    if (known) return known;
    const code = new EngineCode(backend, this.base);
    this.codes.set(backend, code);
    code.module.catch(() => this.codes.delete(backend));
    return code;
  }

  private hire(backend: Backend): Supervisor {
    this.crew?.dispose();
    this.ahead = undefined;
    this.kernels = undefined;
    const crew = new Supervisor(backend, (kind) => new Crew(this.code(kind)));
    this.lab.care.watch(crew);
    this.crew = crew;
    this.engineState = 'loading';
    this.lab.listen(crew, (activity) => this.lab.transport.heard(activity));
    crew.onEvents({
      events: (batch) => {
        if (!this.waits(crew)) return;
        this.ahead?.events.push(...batch);
        for (const event of batch) if (event.event === 'progress' && event.stage === 'kernels') this.kernels = event;
      },
      activity: (now) => {
        if (this.waits(crew) && this.ahead) this.ahead.activity = now;
      },
      made: (bytes, run) => void (run.key !== undefined && crew.kind === backend && this.made.put(run.key, bytes)),
      halfway: (file, run) => void (run.key !== undefined && crew.kind === backend && this.made.put(run.key, file, true)),
      failed: () => {
        if (this.waits(crew)) this.ahead = undefined;
      },
    });
    return crew;
  }

  /** The crew's run is still waiting to be asked for. */
  private waits(crew: Supervisor): boolean {
    return this.ahead?.crew === crew && this.lab.source !== 'live';
  }

  /** What the engine needs for a run with these settings. */
  async request(settings: Settings): Promise<RunRequest> {
    const { pairs: imported, pairsText: importedText, texts } = this.lab.own;
    const config = toConfig(settings, imported?.config);
    const own = settings.scenario === 'emotion' ? texts?.text : settings.scenario === 'imported' ? importedText : undefined;
    const shipped = await this.reference(settings);
    const made = shipped ? { reference: shipped } : await this.madeBefore(config, own === undefined ? undefined : this.mark(own));
    return { config, ...(own === undefined ? {} : { imported: own }), ...made };
  }

  /** What an earlier run made of the same settings and the same file, or the stage that it was cut off in, and its name. */
  async madeBefore(config: RunConfig, own: Mark | undefined): Promise<Pick<RunRequest, 'key' | 'reference' | 'halfway'>> {
    const key = madeKey(this.decision.backend, config, own);
    const found = key === undefined ? undefined : await this.made.get(key);
    return { ...(key === undefined ? {} : { key }), ...(found && { [found.half ? 'halfway' : 'reference']: found.file }) };
  }

  private mark(text: string): Mark {
    if (this.marked?.text !== text) this.marked = { text, mark: markOf(text) };
    return this.marked.mark;
  }

  /**
   * Prepares the run on the controls, where it takes no reference policy to be trained and the device is a quick one.
   * Otherwise a GPU only compiles its kernels: more would take the cores from the recording.
   */
  private async prepare(): Promise<void> {
    const { lab, crew } = this;
    const settings = { ...lab.settings };
    const gpu = this.decision.backend === 'webgpu';
    const whole = !(gpu && this.found.software) && __SHIPPED__.references.includes(settings.scenario) && fitsReference(settings);
    const taken = (): boolean => lab.source === 'live' || lab.transport.busy || this.crew !== crew;
    if (!crew || taken() || !(whole || gpu) || settings.scenario === 'imported' || (settings.scenario === 'emotion' && lab.own.texts)) return;
    const run = await this.request(settings);
    if (taken()) return;
    crew.cores = this.cores;
    const begun = crew.start(run, false, whole ? 'ready' : 'kernels');
    this.ahead = { crew, key: JSON.stringify([run.config, this.cores]), events: [], activity: 'preparing', begun };
    await begun;
  }

  /** The run that was prepared, where it is the one that is wanted now; it is given once. */
  take(crew: Supervisor, run: RunRequest): Ahead | undefined {
    const ahead = this.ahead;
    this.ahead = undefined;
    const fits = ahead?.crew === crew && crew.usable && run.imported === undefined && ahead.key === JSON.stringify([run.config, this.cores]);
    return fits ? ahead : undefined;
  }

  private reference(settings: Settings): Promise<Uint8Array | undefined> {
    const id = settings.scenario;
    if (!__SHIPPED__.references.includes(id) || !fitsReference(settings) || (id === 'emotion' && this.lab.own.texts)) return Promise.resolve(undefined);
    const known = this.references.get(id);
    if (known) return known;
    const loading = asset(new URL(`reference/${id}.safetensors`, this.base))
      .then(async (answer) => (answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined))
      .catch(() => undefined);
    this.references.set(id, loading);
    return loading;
  }
}
