// The one store: settings being edited, the run on show, the engine behind it, and what the user may do next.
import { Crew, planFor } from '../engine/crew';
import { EngineCode, type Engine, type EngineListener } from '../engine/engine';
import { decide, probe, type Decision, type DeviceChoice, type Probe } from '../engine/device';
import { asEngineError, type Activity, type Backend, type EngineError, type Inspection, type RunRequest } from '../engine/protocol';
import { parseTrace, ReplayEngine } from '../engine/replay';
import type { Event, RunConfig, Stage } from '../engine/types';
import { t } from '../i18n';
import type { Layer, Metric } from './derive';
import { RunData } from './run-data';
import { clamp, defaults, fitsReference, fromConfig, fromQuery, liveKeys, moved, restartKeys, toConfig, toQuery, type SettingKey, type Settings } from './settings';

export type Status =
  | { kind: 'opening' }
  | { kind: 'empty' }
  | { kind: 'replaying' }
  | { kind: 'replayed' }
  | { kind: 'loading' }
  | { kind: 'preparing'; stage: Stage; done: number; total: number }
  | { kind: 'training' }
  | { kind: 'paused' }
  | { kind: 'done' }
  | { kind: 'failed'; error: EngineError };

export type EngineState = 'none' | 'loading' | 'ready' | 'failed';

export interface Notice {
  id: number;
  tone: 'error' | 'warning' | 'info';
  message: string;
  mend: string;
}

/** The user's own pairs, as the engine read them. */
export interface OwnFile extends Inspection {
  name: string;
}

/** More than the engine reads, so that it refuses a larger file by its own limit and nothing larger is held here. */
const MAX_READ = 48 << 20;
const RESTART_AFTER_MS = 700;
const UPDATE_AFTER_MS = 60;
const REPLAY_SECONDS = 12;
/** How long a notice stays that asks for nothing. */
const NEWS_MS = 12_000;

export class Lab {
  settings = $state<Settings>(fromQuery('').settings);
  /** Settings of the run on show. */
  running = $state.raw<Settings | undefined>(undefined);
  status = $state.raw<Status>({ kind: 'opening' });
  source = $state<'none' | 'replay' | 'live'>('none');
  engineState = $state<EngineState>('none');
  decision = $state.raw<Decision>({ backend: 'cpu', reason: '' });
  notices = $state.raw<Notice[]>([]);
  imported = $state.raw<OwnFile | undefined>(undefined);

  metric = $state<Metric>('accuracy');
  layer = $state<Layer>('factor');
  /** Deployed share of the target group; half and half until it is dragged. */
  alphaSet = $state<number | undefined>(undefined);
  target = $state(1);
  against = $state<'worst' | 'alpha'>('worst');
  /** Step that every panel shows; undefined follows the run. */
  cursor = $state<number | undefined>(undefined);
  selectedPair = $state<number | undefined>(undefined);
  pace = $state(0);

  /** The run on show. Not deeply reactive: `version` says that it has grown. */
  readonly data = new RunData();
  version = $state(0);

  private readonly base: URL;
  private found: Probe = { webgpu: false, software: false, detail: '' };
  private probed = false;
  private worker: Crew | undefined;
  private replay: ReplayEngine | undefined;
  private recording: Event[] | undefined;
  private importedText: string | undefined;
  private readonly references = new Map<string, Promise<Uint8Array | undefined>>();
  private seenWarnings = new Set<string>();
  private nextNotice = 1;
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private updateTimer: ReturnType<typeof setTimeout> | undefined;
  private drawing = false;
  private startToken = 0;
  /** Steps that the run under way goes to, with what was added after its end. */
  private totalSteps = 0;

  constructor(base: URL) {
    this.base = base;
  }

  // -------------------------------------------------------------- derived

  readonly pendingRestart = $derived<SettingKey[]>(
    this.source === 'live' && this.running ? restartKeys(this.running, this.settings) : [],
  );

  /** The recorded run was made with other settings than those on the controls. */
  readonly differsFromReplay = $derived(
    this.source === 'replay' &&
      this.running !== undefined &&
      (['scenario', 'minority', 'marker', 'flip', 'methods', 'beta', 'tau', 'taus', 'radius', 'rho', 'klform', 'wform', 'lr', 'seed', 'batch'] as SettingKey[]).some(
        (key) => this.running?.[key] !== this.settings[key],
      ),
  );

  readonly busy = $derived(this.status.kind === 'training' || this.status.kind === 'preparing' || this.status.kind === 'loading');

  // -------------------------------------------------------------- opening

  async open(query: string, reducedMotion: boolean): Promise<void> {
    const { settings, notices } = fromQuery(query);
    for (const notice of notices) this.say('warning', t.urlNotice(notice), '');
    if (settings.scenario === 'imported') {
      settings.scenario = 'two-populations';
      this.say('info', t.importAgain, '');
    }
    this.settings = settings;
    await Promise.all([this.openRecording(query === '', reducedMotion), this.openEngine()]);
  }

  private async openRecording(adopt: boolean, reducedMotion: boolean): Promise<void> {
    if (!__SHIPPED__.demo) {
      if (this.status.kind === 'opening') this.status = { kind: 'empty' };
      return;
    }
    try {
      const answer = await fetch(new URL('demo.trace.jsonl', this.base));
      if (!answer.ok) throw { code: 'io', message: t.noRecording(answer.status), mend: '' };
      this.recording = parseTrace(await answer.text());
      if (this.source === 'live' || this.status.kind !== 'opening') return;
      await this.startReplay(reducedMotion ? 0 : REPLAY_SECONDS, adopt);
    } catch (thrown) {
      this.fail(asEngineError(thrown), 'warning');
      if (this.status.kind === 'opening') this.status = { kind: 'empty' };
    }
  }

  private async startReplay(seconds: number, adopt: boolean): Promise<void> {
    if (!this.recording) return;
    this.replay?.dispose();
    const replay = new ReplayEngine(this.recording, seconds);
    this.replay = replay;
    this.source = 'replay';
    this.listen(replay, (activity) => {
      this.status = { kind: activity === 'done' ? 'replayed' : 'replaying' };
    });
    const first = this.recording[0];
    if (first?.event === 'started') {
      this.running = fromConfig(first.config);
      if (adopt) Object.assign(this.settings, { ...this.running, steps: this.settings.steps });
    }
    await replay.start(undefined, true);
  }

  private async openEngine(): Promise<void> {
    this.found = await probe();
    this.probed = true;
    this.redecide();
    if (!__SHIPPED__.cpu && !__SHIPPED__.gpu) {
      this.engineState = 'failed';
      return;
    }
    await this.ensureWorker().catch(() => undefined);
  }

  /** Cores that a run may use. */
  private get cores(): number {
    return this.settings.cores > 0 ? this.settings.cores : (navigator.hardwareConcurrency ?? 1);
  }

  /** Cores that the run on the controls would use on this device; 1 on a GPU, which is one device. */
  readonly coresInUse = $derived(planFor(this.decision.backend, toConfig(this.settings), this.cores).length);

  private redecide(): void {
    this.decision = decide(this.settings.device as DeviceChoice, this.found, __SHIPPED__);
  }

  // -------------------------------------------------------------- the engine

  private async ensureWorker(): Promise<Crew> {
    if (!this.probed) this.found = await probe();
    this.redecide();
    const backend: Backend = this.decision.backend;
    if (!__SHIPPED__[backend === 'cpu' ? 'cpu' : 'gpu']) {
      this.engineState = 'failed';
      throw { code: 'device', message: t.noEngine, mend: t.noEngineMend } satisfies EngineError;
    }
    if (this.worker && (this.worker.kind !== backend || !this.worker.usable)) {
      this.worker.dispose();
      this.worker = undefined;
    }
    const worker = this.worker ?? new Crew(new EngineCode(backend, this.base));
    if (this.worker !== worker) {
      this.worker = worker;
      this.engineState = 'loading';
      this.listen(worker, (activity) => this.liveActivity(activity));
    }
    try {
      await worker.ready;
      if (this.worker === worker) this.engineState = 'ready';
      return worker;
    } catch (thrown) {
      if (this.worker === worker) this.engineState = 'failed';
      throw asEngineError(thrown);
    }
  }

  private listen(engine: Engine, activity: (activity: Activity) => void): void {
    const listener: EngineListener = {
      events: (batch) => this.onShow(engine) && this.receive(batch),
      activity: (now) => this.onShow(engine) && activity(now),
      failed: (error) => {
        if (!this.onShow(engine)) return;
        this.fail(error, 'error');
        this.status = { kind: 'failed', error };
      },
    };
    engine.onEvents(listener);
  }

  private onShow(engine: Engine): boolean {
    return this.source === 'replay' ? engine === this.replay : engine === this.worker;
  }

  private liveActivity(activity: Activity): void {
    if (this.status.kind === 'failed' && activity !== 'preparing') return;
    if (activity === 'preparing') {
      if (this.status.kind !== 'preparing') this.status = { kind: 'preparing', stage: 'data', done: 0, total: 1 };
    } else if (activity === 'training' || activity === 'paused' || activity === 'done') this.status = { kind: activity };
  }

  private receive(batch: Event[]): void {
    for (const event of batch) {
      if (event.event === 'started') this.begin(event.groups.length, event.has_reward);
      this.data.add(event);
      if (event.event === 'progress' && this.status.kind === 'preparing') {
        this.status = { kind: 'preparing', stage: event.stage, done: event.done, total: event.total };
      }
      if (event.event === 'warning' && !this.seenWarnings.has(event.code + event.message)) {
        this.seenWarnings.add(event.code + event.message);
        // What the engine made of the user's file is news, not trouble.
        this.say(event.code === 'data' ? 'info' : 'warning', event.message, '');
      }
    }
    this.grown();
  }

  /** A new run takes the stage. */
  private begin(groups: number, reward: boolean): void {
    this.cursor = undefined;
    this.selectedPair = undefined;
    this.seenWarnings.clear();
    this.target = Math.max(0, groups - 1);
    this.alphaSet = undefined;
    if (!reward && this.metric === 'reward') this.metric = 'accuracy';
  }

  /** Lets the panels draw, at most once per animation frame. */
  private grown(): void {
    if (this.drawing) return;
    this.drawing = true;
    const draw = (): void => {
      this.drawing = false;
      this.version += 1;
    };
    if (document.hidden) setTimeout(draw, 250);
    else requestAnimationFrame(draw);
  }

  // -------------------------------------------------------------- what the user does

  toggle(): void {
    const kind = this.status.kind;
    if (kind === 'training' || (kind === 'preparing' && this.playingWanted)) {
      this.playingWanted = false;
      this.worker?.pause();
      return;
    }
    this.cursor = undefined;
    if (this.source !== 'live' || kind === 'failed' || this.pendingRestart.length > 0) {
      void this.start(true);
      return;
    }
    this.playingWanted = true;
    if (kind === 'done') void this.goOn();
    else this.worker?.play();
  }

  /** Whether the run under way is to train as soon as it is prepared. */
  playingWanted = $state(false);

  step(): void {
    this.cursor = undefined;
    if (this.source !== 'live' || this.status.kind === 'failed') {
      void this.start(false);
      return;
    }
    this.playingWanted = false;
    this.worker?.step();
  }

  /** Back to step 0 of the run on show, with the settings on the controls. */
  reset(): void {
    if (this.source === 'live') void this.start(false);
    else void this.startReplay(REPLAY_SECONDS, false);
  }

  restart(): void {
    void this.start(this.playingWanted || this.status.kind === 'training');
  }

  private async goOn(): Promise<void> {
    try {
      this.totalSteps = this.data.lastStep + this.settings.steps;
      await this.worker?.extend(this.totalSteps);
      this.worker?.play();
    } catch (thrown) {
      this.fail(asEngineError(thrown), 'error');
    }
  }

  async start(play: boolean): Promise<void> {
    clearTimeout(this.restartTimer);
    clearTimeout(this.updateTimer);
    const mine = ++this.startToken;
    this.playingWanted = play;
    const before = this.status;
    this.status = { kind: 'loading' };
    try {
      const settings = { ...this.settings };
      const worker = await this.ensureWorker();
      const reference = await this.reference(settings);
      if (mine !== this.startToken) return;
      const run: RunRequest = { config: this.config(settings) };
      if (settings.scenario === 'imported' && this.importedText !== undefined) run.imported = this.importedText;
      if (reference) run.reference = reference;
      this.replay?.dispose();
      this.source = 'live';
      this.running = settings;
      this.totalSteps = settings.steps;
      this.status = { kind: 'preparing', stage: 'data', done: 0, total: 1 };
      worker.cores = this.cores;
      worker.pace(this.pace);
      await worker.start(run, this.playingWanted);
    } catch (thrown) {
      if (mine !== this.startToken) return;
      const error = asEngineError(thrown);
      this.fail(error, 'error');
      // A recorded run stays on show where no live one could be started.
      this.status = this.source === 'live' ? { kind: 'failed', error } : before.kind === 'loading' ? { kind: 'empty' } : before;
      if (this.source !== 'live') this.replay?.play();
    }
  }

  private config(settings: Settings): RunConfig {
    return toConfig(settings, this.imported?.config);
  }

  private reference(settings: Settings): Promise<Uint8Array | undefined> {
    const id = settings.scenario;
    if (!__SHIPPED__.references.includes(id) || !fitsReference(settings)) return Promise.resolve(undefined);
    const known = this.references.get(id);
    if (known) return known;
    const loading = fetch(new URL(`reference/${id}.safetensors`, this.base))
      .then(async (answer) => (answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined))
      .catch(() => undefined);
    this.references.set(id, loading);
    return loading;
  }

  /** One setting was changed by the user. */
  change<K extends SettingKey>(key: K, value: Settings[K]): void {
    if (this.settings[key] === value) return;
    if (key === 'scenario') this.settings = moved($state.snapshot(this.settings), String(value));
    else this.settings[key] = value;
    this.changed();
    if (key === 'device') this.redecide();
    if (key === 'scenario' && value === 'imported' && this.importedText === undefined) this.say('info', t.chooseFileFirst, '');
  }

  private changed(): void {
    this.remember();
    if (this.source !== 'live' || !this.running) return;
    if (liveKeys(this.running, this.settings).length > 0) {
      clearTimeout(this.updateTimer);
      this.updateTimer = setTimeout(() => void this.applyLive(), UPDATE_AFTER_MS);
    }
    clearTimeout(this.restartTimer);
    if (this.pendingRestart.length > 0 && (this.status.kind === 'paused' || this.status.kind === 'done')) {
      this.restartTimer = setTimeout(() => {
        if (this.pendingRestart.length > 0 && !this.busy) void this.start(false);
      }, RESTART_AFTER_MS);
    }
  }

  private async applyLive(): Promise<void> {
    if (!this.running || !this.worker || this.status.kind === 'failed') return;
    const next = { ...this.running };
    for (const key of liveKeys(this.running, this.settings)) (next as Record<string, unknown>)[key] = this.settings[key];
    if (next.steps !== this.running.steps) this.totalSteps = next.steps;
    const config = this.config(next);
    config.train.steps = Math.max(this.totalSteps, this.data.lastStep);
    try {
      const result = await this.worker.update(config);
      this.running = next;
      this.data.renamed(config.lanes);
      this.grown();
      if (result.restart.length > 0) this.say('warning', t.needsRestart(result.restart), '');
    } catch (thrown) {
      this.fail(asEngineError(thrown), 'error');
    }
  }

  /** Steps that the run on show goes to. */
  totalOf(): number {
    const planned = this.source === 'live' && this.totalSteps > 0 ? this.totalSteps : (this.data.started?.config.train.steps ?? this.settings.steps);
    return Math.max(planned, this.data.lastStep);
  }

  setPace(stepsPerSecond: number): void {
    this.pace = stepsPerSecond;
    if (this.worker && this.engineState === 'ready') this.worker.pace(stepsPerSecond);
  }

  async importFile(file: File): Promise<void> {
    let text: string;
    try {
      text = await file.slice(0, MAX_READ).text();
    } catch {
      this.say('error', t.fileUnreadable(file.name), '');
      return;
    }
    try {
      const engine = await this.ensureWorker();
      this.imported = { name: file.name, ...(await engine.inspect(text)) };
    } catch (thrown) {
      const { message, mend } = asEngineError(thrown);
      this.say('error', t.fileRefused(file.name, message), mend);
      return;
    }
    this.importedText = text;
    // The file's own mix, unless another one was asked for.
    const own = this.imported.config.data.mix.at(-1);
    if (own !== undefined && own < 1 && this.settings.minority === defaults(this.settings.scenario).minority) {
      this.settings.minority = Number(clamp('minority', own.toFixed(4)).value);
    }
    if (this.settings.scenario === 'imported' && this.source === 'live') void this.start(false);
    else this.change('scenario', 'imported');
  }

  private remember(): void {
    const query = toQuery(this.settings);
    try {
      history.replaceState(null, '', query === '' ? location.pathname : `${location.pathname}#${query}`);
    } catch {
      // A page opened from disk may not change its address; the settings still hold.
    }
  }

  // -------------------------------------------------------------- telling

  say(tone: Notice['tone'], message: string, mend: string): void {
    if (this.notices.some((notice) => notice.message === message)) return;
    const id = this.nextNotice++;
    this.notices = [...this.notices, { id, tone, message, mend }].slice(-6);
    if (tone === 'info') setTimeout(() => this.dismiss(id), NEWS_MS);
  }

  private fail(error: EngineError, tone: Notice['tone']): void {
    this.say(tone, error.message, error.mend);
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }
}
