// Keeps a run alive over the loss of a worker or a GPU: the crew is replaced, the run goes on from its last checkpoint
// (or its beginning, which comes to the same numbers), and what was told before is not told again. Three losses in a minute,
// and it goes on on the CPU.
import type { Crew } from './crew';
import type { Engine, EngineListener } from './engine';
import { asEngineError, isFatal, type Activity, type Backend, type Checkpoint, type CheckpointHeader, type Fault, type Inspection, type RunRequest, type TextsInspection, type Until, type UpdateResult } from './protocol';
import type { Event, Probe, RunConfig } from './types';

/** What the supervisor asks of a crew. */
export type Supervised = Pick<
  Crew,
  'kind' | 'cores' | 'ready' | 'usable' | 'start' | 'prepare' | 'play' | 'pause' | 'step' | 'runTo' | 'update' | 'extend' | 'pace' | 'inspect' | 'exportPolicy' | 'probe' | 'checkpoint' | 'join' | 'peek' | 'onEvents' | 'dispose'
>;

/** A loss, and what is done about it. */
export interface Trouble {
  fault: Fault;
  /** Training steps that the page has been told of. */
  step: number;
  then: 'again' | 'stopped' | 'cpu' | 'refused' | 'end';
}

/** The engine's word for a GPU that computes wrongly, which it would go on doing. */
const WRONG = 'device-wrong';

/** A run that goes on after a loss. */
export interface Recovery {
  kind: Backend;
  step: number;
  /** From the loss until the run was where it had been. */
  seconds: number;
}

export interface Watcher {
  trouble(trouble: Trouble): void;
  recovered(recovery: Recovery): void;
  /** A checkpoint has been taken. */
  kept?(checkpoint: Checkpoint): void;
}

/** A checkpoint is taken this often while a run trains, unless taking it takes more than a twentieth of the time. */
const KEEP_EVERY_MS = 4_000;
const KEEP_SHARE = 20;
const TICK_MS = 500;

const MINUTE_MS = 60_000;
const MOST_LOSSES = 3;
/** A GPU process that has just died needs a moment. */
const REST_MS = [100, 300, 1_500];

export class Supervisor implements Engine {
  private crew: Supervised;
  private readonly listeners = new Set<EngineListener>();
  private readonly watchers = new Set<Watcher>();
  private run: RunRequest | undefined;
  /** The run's config with the changes made since. */
  private config: RunConfig | undefined;
  /** Steps that the run was extended to. */
  private extended = 0;
  private playing = false;
  /** A stage before training that the user has stopped: it goes on only when it is asked to. */
  private stopped = false;
  /** The crew was hired for a stopped stage and has not been given it. */
  private waits = false;
  private until: Until = 'ready';
  private pacing = 0;
  private coresNow = 1;
  /** What the page has been told: frames, the last frame's step and the last evaluation's. */
  private told = { frames: 0, frame: -1, evaluation: -1, started: false };
  /** Frames that a crew under repair has yet to make again before anything is new. */
  private since: { at: number; step: number } | undefined;
  private losses: number[] = [];
  private mending: Promise<void> | undefined;
  /** The crew that was lost last, whose further complaints say nothing new. */
  private gone: Supervised | undefined;
  private activity: Activity = 'idle';
  /** What a run says of its data on being gone on with has been told. */
  private quiet = false;
  private saved: (Checkpoint & { frames: number }) | undefined;
  private saving: Promise<unknown> | undefined;
  private saveAt = 0;
  /** Frames that the page had been told of at the checkpoint that the crew began from. */
  private offset = 0;
  private readonly timer: ReturnType<typeof setInterval>;
  /** Raised by every start, so that a repair of an earlier run ends. */
  private token = 0;

  constructor(
    kind: Backend,
    private readonly make: (kind: Backend) => Supervised,
    private readonly clock: { now(): number; rest(ms: number): Promise<void> } = {
      now: () => performance.now(),
      rest: (ms) => new Promise((go) => setTimeout(go, ms)),
    },
  ) {
    this.crew = this.hire(kind);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** The device that the run is on, which may have changed under way. */
  get kind(): Backend {
    return this.crew.kind;
  }

  get ready(): Promise<unknown> {
    return this.crew.ready;
  }

  get usable(): boolean {
    return this.mending !== undefined || this.crew.usable;
  }

  /** Workers at most; takes effect at the next start. */
  get cores(): number {
    return this.coresNow;
  }
  set cores(count: number) {
    this.coresNow = count;
    this.crew.cores = count;
  }

  watch(watcher: Watcher): void {
    this.watchers.add(watcher);
  }

  // -------------------------------------------------------------- the run

  async start(run: RunRequest, play: boolean, until: Until = 'ready'): Promise<void> {
    const mine = ++this.token;
    this.run = run;
    this.until = until;
    this.config = run.config;
    [this.playing, this.extended, this.since, this.mending, this.losses] = [play, 0, undefined, undefined, []];
    const { checkpoint } = run;
    this.told = { frames: 0, frame: -1, evaluation: -1, started: false };
    this.quiet = run.shown === true;
    if (checkpoint && this.quiet) this.told = { frames: 0, frame: checkpoint.step - 1, evaluation: checkpoint.evaluated, started: true };
    this.saved = run.checkpoint && { ...run.checkpoint, frames: 0 };
    [this.saveAt, this.offset] = [0, 0];
    [this.stopped, this.waits] = [false, false];
    if (!this.crew.usable) this.replace(this.crew.kind);
    const crew = this.crew;
    try {
      await crew.start(run, play, until);
    } catch (thrown) {
      if (mine !== this.token) return;
      if (crew === this.crew) this.lost(crew, asEngineError(thrown), isFatal(thrown), true);
      // A loss under way is being mended, or has ended the run.
      await this.mended(thrown);
    }
  }

  /** Prepares the whole of a run that was prepared in part. */
  prepare(): void {
    this.until = 'ready';
    if (!this.wake()) this.crew.prepare();
  }

  play(): void {
    this.until = 'ready';
    this.playing = true;
    if (!this.wake()) this.crew.play();
  }

  pause(): void {
    this.playing = false;
    this.stopped = this.told.frames === 0 && (this.since !== undefined || this.activity === 'preparing' || this.activity === 'held');
    // A run that is catching up pauses where it was.
    if (!this.since && !this.waits) this.crew.pause();
  }

  step(): void {
    this.until = 'ready';
    this.playing = false;
    this.wake();
    if (!this.since) this.crew.step();
  }

  async reset(): Promise<void> {
    if (this.run) await this.start(this.run, false);
  }

  async update(config: RunConfig): Promise<UpdateResult> {
    this.config = config;
    const result = await this.safely((crew) => crew.update(config));
    // So that steps from here on are never made again with other settings than they were made with.
    this.saveAt = 0;
    return result;
  }

  async extend(steps: number): Promise<void> {
    this.extended = Math.max(this.extended, steps);
    await this.safely((crew) => crew.extend(steps));
  }

  /** A checkpoint of the run as it is now, in one piece. */
  async checkpoint(): Promise<Checkpoint> {
    const { step, evaluated, parts } = await this.safely((crew) => crew.checkpoint());
    return { step, evaluated, parts: [await this.join(parts)] };
  }

  join(parts: Uint8Array[]): Promise<Uint8Array> {
    return this.safely((crew) => crew.join(parts));
  }

  peek(bytes: Uint8Array): Promise<CheckpointHeader> {
    return this.safely((crew) => crew.peek(bytes));
  }

  pace(stepsPerSecond: number): void {
    this.pacing = stepsPerSecond;
    this.crew.pace(stepsPerSecond);
  }

  inspect(text: string): Promise<Inspection | TextsInspection> {
    return this.safely((crew) => crew.inspect(text));
  }

  exportPolicy(lane: number): Promise<Uint8Array> {
    return this.safely((crew) => crew.exportPolicy(lane));
  }

  probe(pair: number): Promise<Probe> {
    return this.safely((crew) => crew.probe(pair));
  }

  onEvents(listener: EngineListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dispose(): void {
    this.token += 1;
    this.run = undefined;
    clearInterval(this.timer);
    this.listeners.clear();
    this.watchers.clear();
    this.crew.dispose();
  }

  /** Does something with the crew, again where the crew is lost meanwhile. */
  private async safely<T>(act: (crew: Supervised) => Promise<T>): Promise<T> {
    for (;;) {
      await this.mending;
      const crew = this.crew;
      try {
        return await act(crew);
      } catch (thrown) {
        if (crew === this.crew && !this.mending) throw thrown;
      }
    }
  }

  // -------------------------------------------------------------- the crew

  private hire(kind: Backend): Supervised {
    const crew = this.make(kind);
    crew.cores = this.coresNow;
    crew.pace(this.pacing);
    const here = (): boolean => crew === this.crew && crew !== this.gone;
    crew.onEvents({
      events: (batch) => void (here() && this.receive(batch)),
      activity: (now) => void (here() && this.heard(now)),
      made: (bytes, run) => void (here() && this.keepMade(bytes, run)),
      halfway: (file, run) => void (here() && this.keepHalf(file, run)),
      failed: (error, fatal) => void (here() && this.lost(crew, error, fatal, false)),
    });
    return crew;
  }

  private replace(kind: Backend): void {
    this.crew.dispose();
    this.crew = this.hire(kind);
  }

  /** A crew that takes over need not make again what this one made. */
  private keepMade(reference: Uint8Array, run: RunRequest): void {
    if (this.run && !this.run.reference) this.run = { ...this.run, reference };
    for (const listener of this.listeners) listener.made?.(reference, run);
  }

  /** Nor does it begin a stage again that this one is at. */
  private keepHalf(halfway: Uint8Array, run: RunRequest): void {
    if (this.run && !this.run.reference) this.run = { ...this.run, halfway };
    for (const listener of this.listeners) listener.halfway?.(halfway, run);
  }

  private heard(activity: Activity): void {
    this.activity = activity;
    // A run that comes to rest is kept as it is then.
    if (activity === 'paused' || activity === 'done') this.saveAt = 0;
    if (activity === 'held') this.stopped = true;
    // A crew that makes again what was made is on its way, whatever it is at.
    const shown = this.mending || this.since ? this.underRepair() : activity;
    for (const listener of this.listeners) listener.activity(shown);
  }

  private underRepair(): Activity {
    return this.stopped ? 'held' : 'preparing';
  }

  private receive(batch: Event[]): void {
    const fresh = batch.filter((event) => this.isNew(event));
    if (fresh.length > 0) for (const listener of this.listeners) listener.events(fresh);
    const goal = this.since?.step ?? Infinity;
    if (batch.some((event) => event.event === 'done' || (event.event === 'frame' && event.step >= goal))) this.arrive();
  }

  /** Whether the page has not been told yet. */
  private isNew(event: Event): boolean {
    const { told } = this;
    switch (event.event) {
      case 'started':
        // A run whose reference policy is trained first begins a second time, with its lanes.
        if (this.quiet || (this.since && told.started)) return false;
        told.started = true;
        return true;
      case 'frame':
        if (event.step <= told.frame) return false;
        this.quiet = false;
        told.frame = event.step;
        told.frames += 1;
        return true;
      case 'evaluation':
        if (event.step <= told.evaluation) return false;
        told.evaluation = event.step;
        return true;
      case 'warning':
        return this.since === undefined && !this.quiet;
      default:
        return true;
    }
  }

  // -------------------------------------------------------------- losses

  private lost(crew: Supervised, fault: Fault, fatal: boolean, starting: boolean): void {
    if (crew === this.gone) return;
    // What the engine refuses on purpose it would refuse again.
    const wrong = String(fault.code) === WRONG && crew.kind === 'webgpu';
    if (!this.run || !(fatal || wrong || fault.code === 'device')) {
      if (!starting) for (const listener of this.listeners) listener.failed(fault, fatal);
      return;
    }
    const now = this.clock.now();
    this.losses = [...this.losses.filter((at) => now - at < MINUTE_MS), now];
    const often = this.losses.length >= MOST_LOSSES;
    const then = wrong ? 'refused' : !often ? (this.stopped ? 'stopped' : 'again') : crew.kind === 'webgpu' ? 'cpu' : 'end';
    const step = this.told.frame + 1;
    this.since ??= { at: now, step: this.told.frame };
    this.gone = crew;
    crew.dispose();
    for (const watcher of this.watchers) watcher.trouble({ fault, step, then });
    if (then === 'end') {
      this.mending = undefined;
      this.since = undefined;
      for (const listener of this.listeners) listener.failed(fault, true);
      return;
    }
    for (const listener of this.listeners) listener.activity(this.underRepair());
    const leave = then === 'cpu' || then === 'refused';
    if (leave) this.losses = [];
    const mending = this.mend(leave ? 'cpu' : crew.kind, REST_MS[this.losses.length] ?? 0);
    this.mending = mending;
    void mending.finally(() => {
      if (this.mending === mending) this.mending = undefined;
    });
  }

  /** Replaces the crew and sets the run going again, unless it was stopped. */
  private async mend(kind: Backend, rest: number): Promise<void> {
    const mine = this.token;
    await this.clock.rest(rest);
    if (mine !== this.token || !this.run) return;
    this.replace(kind);
    if (!this.stopped) return this.begin();
    this.waits = true;
    [this.since, this.mending] = [undefined, undefined];
    this.heard('held');
  }

  /** Lets a stopped stage go on; true where the crew is given it only now. */
  private wake(): boolean {
    this.stopped = false;
    if (!this.waits) return false;
    this.waits = false;
    void this.begin();
    return true;
  }

  /** Gives the crew the run as far as it is known. */
  private async begin(): Promise<void> {
    const [mine, crew] = [this.token, this.crew];
    const { run, saved } = this;
    if (!run || !this.config) return;
    const config = { ...this.config, train: { ...this.config.train, steps: Math.max(this.config.train.steps, this.extended) } };
    const frames = saved?.frames ?? 0;
    this.offset = frames;
    try {
      await crew.start({ ...run, config, ...(saved ? { checkpoint: saved } : {}) }, this.playing, this.until);
      if (crew !== this.crew || mine !== this.token) return;
      if (!this.playing) crew.runTo(this.told.frames - frames);
      // There is nothing to catch up with.
      if (this.told.frames <= frames) this.arrive();
    } catch (thrown) {
      if (mine === this.token && crew === this.crew) this.lost(crew, asEngineError(thrown), isFatal(thrown), false);
    }
  }

  /** The run is where it was. */
  private arrive(): void {
    const { since } = this;
    if (!since) return;
    this.since = undefined;
    this.mending = undefined;
    // What is still prepared for a run that does not play goes on, unless it was stopped.
    if (this.stopped || (!this.playing && this.told.frames > 0)) this.crew.pause();
    this.heard(this.activity);
    const recovery = { kind: this.kind, step: since.step + 1, seconds: (this.clock.now() - since.at) / 1000 };
    for (const watcher of this.watchers) watcher.recovered(recovery);
  }

  // -------------------------------------------------------------- checkpoints

  private tick(): void {
    const resting = this.activity === 'paused' || this.activity === 'done';
    const due = this.clock.now() >= this.saveAt && (this.activity === 'training' || (resting && this.saveAt === 0));
    if (!this.run || this.saving || this.mending || this.since || !due || this.told.frames === 0) return;
    this.saving = this.keep().finally(() => (this.saving = undefined));
  }

  private async keep(): Promise<void> {
    const [mine, crew, from] = [this.token, this.crew, this.clock.now()];
    this.saveAt = Infinity;
    try {
      const checkpoint = await crew.checkpoint();
      if (mine !== this.token || crew !== this.crew) return;
      // The crew counts from where it was started, the page from the beginning.
      this.saved = { ...checkpoint, frames: this.offset + checkpoint.frames };
      for (const watcher of this.watchers) watcher.kept?.(this.saved);
    } catch {
      // No checkpoint can be had now (nothing is trained yet, or the crew is being lost); an older one stands.
    } finally {
      const now = this.clock.now();
      if (mine === this.token && this.saveAt === Infinity) this.saveAt = now + Math.max(KEEP_EVERY_MS, KEEP_SHARE * (now - from));
    }
  }

  /** Waits for the repairs under way; what was thrown is thrown on where there are none. */
  private async mended(thrown: unknown): Promise<void> {
    if (!this.mending) throw thrown;
    while (this.mending) await this.mending;
  }
}
