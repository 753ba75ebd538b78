// The engine as the page sees it: one worker, or on the CPU one for each core that a run's lanes can use. Lanes share
// nothing, so each worker trains some of them on the same batches, and what they say is merged (merge.ts). They keep
// step: no worker is more than one frame ahead of another.
import { EngineWorker, type Engine, type EngineCode, type EngineListener, type WorkerListener } from './engine';
import { joinProbes, Merger, partOf, planLanes, type Plan } from './merge';
import { asEngineError, type Activity, type Backend, type Checkpoint, type CheckpointHeader, type EngineError, type Fault, type Inspection, type TextsInspection, type RunRequest, type Until, type UpdateResult, type WorkerState } from './protocol';
import type { Event, Probe, RunConfig } from './types';

/** What the crew asks of a worker. */
export type Worker = Pick<
  EngineWorker,
  'ready' | 'usable' | 'start' | 'allow' | 'hold' | 'rest' | 'stop' | 'update' | 'extend' | 'pace' | 'inspect' | 'exportPolicy' | 'probe' | 'checkpoint' | 'join' | 'peek' | 'dispose'
>;

/** Frames that a worker may be past the last one that every worker has made: one under way, one ahead. */
const AHEAD = 2;

interface Member {
  worker: Worker;
  state: WorkerState;
  granted: number;
}

/** Workers that a run on this device is spread over. */
export function planFor(kind: Backend, config: RunConfig, cores: number): number[][] {
  // Steps of the table policies are over before a message arrives; a GPU is one device.
  const alone = kind !== 'cpu' || config.model.policy !== 'gpt';
  return planLanes(config.lanes, alone ? 1 : cores);
}

export class Crew implements Engine {
  readonly kind: Backend;
  /** Workers at most; takes effect at the next start. */
  cores = 1;
  private readonly members: Member[] = [];
  private readonly listeners = new Set<EngineListener>();
  private plan: Plan = [];
  private merger = new Merger([]);
  private last: RunRequest | undefined;
  /** Raised by every start, so that what belongs to an earlier run is left out. */
  private token = 0;
  /** Frames merged, and frames that the user wants: endless while playing. */
  private merged = 0;
  private aim = 0;
  /** Training steps that the run has behind it. */
  private stepped = 0;
  private evaluated = -1;
  /** While the workers are brought level, none may go past this. */
  private ceiling = Infinity;
  private ended = false;
  private pausing = 0;
  /** What is being prepared was stopped where it was. */
  private held = false;
  /** The run is prepared in part only. */
  private part = false;
  private pacing = 0;
  private said: Activity = 'idle';
  private waiting: { at: number; go(): void; fail(error: EngineError): void }[] = [];
  private turn: Promise<unknown> = Promise.resolve();
  /** Set while the first worker trains the reference policy for all. */
  private reference: { done(): void; fail(error: EngineError): void } | undefined;
  /** The workers make what no one was given; it is still to be told. */
  private making = false;
  private trained: { key: string; imported: string | undefined; bytes: Uint8Array } | undefined;

  constructor(
    code: EngineCode,
    private readonly make: (listener: WorkerListener) => Worker = (listener) => new EngineWorker(code, listener),
  ) {
    this.kind = code.kind;
    this.hire(1);
  }

  get ready(): Promise<unknown> {
    return this.members[0]!.worker.ready;
  }

  get usable(): boolean {
    return this.members.every((member) => member.worker.usable);
  }

  /** Makes workers ahead of the run that will need them. */
  hire(count: number): void {
    while (this.members.length < count) {
      const index = this.members.length;
      const worker = this.make({
        // What an earlier run still had to say is left out.
        events: (batch, run) => void (run === this.token && this.receive(index, batch)),
        state: (state, run) => {
          if (run !== this.token) return;
          this.members[index]!.state = state;
          this.tell();
        },
        halfway: (file, run) => {
          // Workers that make the same on their own make it alike.
          if (run !== this.token || index > 0 || !this.last) return;
          for (const listener of this.listeners) listener.halfway?.(file, this.last);
        },
        failed: (error, fatal, run) => void ((run ?? this.token) === this.token && this.failed(error, fatal)),
      });
      this.members.push({ worker, state: 'idle', granted: 0 });
    }
  }

  // -------------------------------------------------------------- the run

  /** `until` says how far the run is prepared; `prepare` and `play` do the rest. */
  async start(run: RunRequest, play: boolean, until: Until = 'ready'): Promise<void> {
    const mine = ++this.token;
    this.last = run;
    this.making = false;
    this.held = false;
    this.part = until !== 'ready';
    this.stopWaiting({ code: 'device', message: 'the run was started anew', mend: '' });
    for (const member of this.members) {
      member.state = 'idle';
      member.worker.stop();
    }
    this.plan = planFor(this.kind, run.config, this.cores);
    this.merger = new Merger(this.plan);
    [this.merged, this.aim, this.ceiling, this.ended] = [0, play ? Infinity : 0, Infinity, false];
    [this.stepped, this.evaluated] = [run.checkpoint?.step ?? 0, run.checkpoint?.evaluated ?? -1];
    this.hire(this.plan.length);
    await Promise.all(this.active.map((member) => member.worker.ready));
    const request = run.checkpoint ? await this.whole(run, run.checkpoint) : await this.withReference(run, mine);
    if (mine !== this.token) return;
    this.making = request.reference === undefined && run.key !== undefined;
    for (const member of this.active) {
      member.granted = 0;
      member.state = 'preparing';
      member.worker.pace(this.pacing);
    }
    this.tell();
    const several = this.plan.length > 1;
    await Promise.all(
      this.active.map((member, i) => {
        const lanes = this.plan[i] ?? [];
        return member.worker.start(mine, { ...request, config: partOf(run.config, lanes), part: several }, until, several && request.checkpoint ? [...lanes] : undefined);
      }),
    );
    if (mine !== this.token) return;
    // Stopped between two stages.
    if (this.held) for (const member of this.active) member.worker.rest(true);
    this.grant();
  }

  /** The run with its checkpoint in one piece. */
  private async whole(run: RunRequest, checkpoint: Checkpoint): Promise<RunRequest> {
    return { ...run, checkpoint: { ...checkpoint, parts: [await this.join(checkpoint.parts)] } };
  }

  private async withReference(run: RunRequest, mine: number): Promise<RunRequest> {
    const reference = run.reference ?? (await this.ownReference(run, mine));
    return { ...run, ...(reference ? { reference } : {}) };
  }

  /** Everything that the run needs to go on from here, and the frames behind it. */
  checkpoint(): Promise<Checkpoint & { frames: number }> {
    return this.level(async () => {
      if (this.training.length < this.plan.length) throw { code: 'checkpoint', message: 'some of the run’s workers have stopped', mend: '' } satisfies EngineError;
      const [frames, step, evaluated, several] = [this.merged, this.stepped, this.evaluated, this.plan.length > 1];
      const parts = await Promise.all(this.active.map((member, i) => member.worker.checkpoint(several ? [...(this.plan[i] ?? [])] : undefined)));
      return { parts, step, evaluated, frames };
    });
  }

  /** One checkpoint out of a run's parts. */
  async join(parts: Uint8Array[]): Promise<Uint8Array> {
    const [only] = parts;
    return parts.length === 1 && only ? only : this.members[0]!.worker.join(parts);
  }

  /** What a checkpoint says of itself; refuses one that is damaged. */
  peek(bytes: Uint8Array): Promise<CheckpointHeader> {
    return this.members[0]!.worker.peek(bytes);
  }

  /** Trains the reference policy in the first worker, where several will start from it and none is given. */
  private async ownReference(run: RunRequest, mine: number): Promise<Uint8Array | undefined> {
    if (this.plan.length < 2) return undefined;
    const { seed, data, model, sft } = run.config;
    const key = JSON.stringify([seed, data, model, sft]);
    if (this.trained?.key === key && this.trained.imported === run.imported) return this.trained.bytes;
    const first = this.members[0]!;
    const trained = new Promise<void>((done, fail) => (this.reference = { done, fail }));
    trained.catch(() => undefined);
    try {
      first.state = 'preparing';
      this.tell();
      await first.worker.start(mine, run, 'reference');
      await trained;
      const bytes = await first.worker.exportPolicy(undefined);
      if (mine === this.token) {
        this.trained = { key, imported: run.imported, bytes };
        this.tellMade(bytes, run);
      }
      return bytes;
    } finally {
      if (mine === this.token) this.reference = undefined;
    }
  }

  /** Reads what the first worker has made of its own, once training is about to begin. */
  private readMade(): void {
    const [mine, run, first] = [this.token, this.last, this.active[0]];
    this.making = false;
    if (!run || !first) return;
    void this.level(() => first.worker.exportPolicy(undefined)).then(
      (bytes) => void (mine === this.token && this.tellMade(bytes, run)),
      () => undefined, // It is made again next time.
    );
  }

  private tellMade(bytes: Uint8Array, run: RunRequest): void {
    for (const listener of this.listeners) listener.made?.(bytes, run);
  }

  /** Prepares the rest of a run that was prepared in part. */
  prepare(): void {
    this.onward();
    for (const member of this.active) member.worker.allow(member.granted);
    this.tell();
  }

  play(): void {
    this.onward();
    this.aim = Infinity;
    for (const member of this.active) member.granted = -1;
    this.grant();
    this.tell();
  }

  pause(): void {
    this.aim = this.merged;
    // What is being prepared stops where it is.
    if (this.activity() === 'preparing') this.rest(true);
    this.pausing += 1;
    void this.level(async () => undefined)
      .catch(() => undefined)
      .finally(() => {
        this.pausing -= 1;
        this.tell();
      });
  }

  /** Lets the preparation go on, where it was stopped or was made in part only. */
  private onward(): void {
    this.rest(false);
    // The worker says so too, a moment later: until then the run would seem to train.
    if (this.part) for (const member of this.active) if (member.state === 'ready') member.state = 'preparing';
    this.part = false;
  }

  /** Stops what is being prepared, or lets it go on. */
  private rest(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    for (const member of this.active) if (member.state !== 'idle') member.worker.rest(held);
  }

  step(): void {
    this.onward();
    if (this.aim === Infinity) {
      this.pause();
      void this.level(async () => undefined).then(() => this.step(), () => undefined);
      return;
    }
    this.aim = Math.max(this.aim, this.merged) + 1;
    if (this.ended) for (const member of this.active) member.granted = -1;
    this.grant();
    this.tell();
  }

  /** Trains until this many frames have been made since the start, where the run is not playing. */
  runTo(frames: number): void {
    this.aim = Math.max(this.aim, frames);
    this.grant();
    this.tell();
  }

  async reset(): Promise<void> {
    if (this.last) await this.start(this.last, false);
  }

  /** Every lane takes the change on the same step. */
  update(config: RunConfig): Promise<UpdateResult> {
    return this.level(async () => {
      const results = await Promise.all(this.training.map((member) => member.worker.update(partOf(config, this.plan[this.members.indexOf(member)] ?? []))));
      const union = (key: keyof UpdateResult): string[] => [...new Set(results.flatMap((result) => result[key]))];
      return { applied: union('applied'), restart: union('restart') };
    });
  }

  async extend(steps: number): Promise<void> {
    await this.level(() => Promise.all(this.training.map((member) => member.worker.extend(steps))));
    this.ended = false;
  }

  pace(stepsPerSecond: number): void {
    this.pacing = stepsPerSecond;
    for (const member of this.active) member.worker.pace(stepsPerSecond);
  }

  inspect(text: string): Promise<Inspection | TextsInspection> {
    return this.members[0]!.worker.inspect(text);
  }

  /** The policy of a lane as a safetensors file. */
  exportPolicy(lane: number): Promise<Uint8Array> {
    const worker = Math.max(0, this.plan.findIndex((lanes) => lanes.includes(lane)));
    return this.level(() => this.members[worker]!.worker.exportPolicy(this.plan[worker]?.indexOf(lane)));
  }

  /** A training pair word by word under every lane, all at the same step. */
  probe(pair: number): Promise<Probe> {
    return this.level(async () => joinProbes(this.plan, await Promise.all(this.active.map((member) => member.worker.probe(pair)))));
  }

  onEvents(listener: EngineListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dispose(): void {
    this.token += 1;
    this.listeners.clear();
    this.stopWaiting({ code: 'device', message: 'the engine has been stopped', mend: '' });
    for (const member of this.members) member.worker.dispose();
  }

  // -------------------------------------------------------------- keeping step

  private get active(): Member[] {
    return this.members.slice(0, Math.max(1, this.plan.length));
  }

  /** Those that have a run. */
  private get training(): Member[] {
    return this.active.filter((member) => member.state !== 'idle');
  }

  /** Lets every worker go as far as the user and the slowest worker allow. */
  private grant(): void {
    // The worker that trains the reference policy is to stop there.
    if (this.reference) return;
    const several = this.plan.length > 1;
    const frames = Math.min(this.aim, this.ceiling, several ? this.merged + AHEAD : Infinity);
    for (const member of this.active) {
      if (member.state === 'idle' || frames <= member.granted) continue;
      member.granted = frames;
      member.worker.allow(frames);
    }
  }

  /** Refuses what belongs to an earlier run. */
  private stillIn(run: number): void {
    if (run !== this.token) throw { code: 'device', message: 'the run was started anew', mend: '' } satisfies EngineError;
  }

  /** Brings every worker to the same place and does something there; one such thing at a time. */
  private level<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.token;
    const next = this.turn.then(async () => {
      // Its turn comes in another run, which it must not hold.
      this.stillIn(mine);
      const crew = this.training;
      // What arrives while some are still being held lets nobody go on who has answered already.
      this.ceiling = 0;
      try {
        const held = await Promise.all(crew.map((member) => member.worker.hold()));
        this.stillIn(mine);
        const goal = Math.max(this.merged, ...held.map(({ frames }) => frames));
        const place = Math.max(...held.map((each) => each.place));
        this.ceiling = goal;
        if (this.aim < goal) this.aim = goal;
        const behind = crew.filter((_, i) => held[i]!.frames < goal || held[i]!.place < place);
        crew.forEach((member, i) => (member.granted = held[i]!.frames));
        for (const member of behind) {
          member.granted = goal;
          member.worker.allow(goal, place);
        }
        await this.until(goal);
        // The same frame is not enough: one may have evaluated it already. A worker answers when it is there.
        await Promise.all(behind.map((member) => member.worker.hold()));
        this.stillIn(mine);
        return await act();
      } finally {
        if (mine === this.token) {
          this.ceiling = Infinity;
          this.grant();
        }
      }
    });
    this.turn = next.catch(() => undefined);
    return next;
  }

  private until(frames: number): Promise<void> {
    if (this.merged >= frames || this.ended) return Promise.resolve();
    return new Promise((go, fail) => this.waiting.push({ at: frames, go, fail }));
  }

  private stopWaiting(error: EngineError): void {
    this.reference?.fail(error);
    this.reference = undefined;
    for (const waiter of this.waiting.splice(0)) waiter.fail(error);
  }

  // -------------------------------------------------------------- what the workers say

  private receive(from: number, batch: Event[]): void {
    if (this.reference) {
      // The run's data are told now; the workers will say them again. Its lanes are still to be prepared.
      this.emit(batch.filter((event) => event.event !== 'progress' || event.stage !== 'reference'));
      if (batch.some((event) => event.event === 'progress' && event.stage === 'reference')) this.reference.done();
      return;
    }
    try {
      this.emit(this.plan.length > 1 ? this.merger.push(from, batch) : batch);
      if (this.merger.end) throw this.merger.end;
    } catch (thrown) {
      this.failed(asEngineError(thrown), false);
    }
  }

  private emit(events: Event[]): void {
    if (events.length === 0) return;
    for (const event of events) {
      if (event.event === 'frame') this.merged += 1;
      if (event.event === 'frame') this.stepped = event.step + 1;
      if (event.event === 'evaluation') this.evaluated = event.step;
      if (event.event === 'frame' || event.event === 'evaluation') this.ended = false;
      if (event.event === 'done') this.ended = true;
    }
    if (this.ended) this.aim = this.merged;
    for (const listener of this.listeners) listener.events(events);
    if (this.making && events.some((event) => event.event === 'evaluation' || event.event === 'frame')) this.readMade();
    this.waiting = this.waiting.filter((waiter) => {
      const there = this.merged >= waiter.at || this.ended;
      if (there) waiter.go();
      return !there;
    });
    this.grant();
    this.tell();
  }

  private failed(error: Fault, fatal: boolean): void {
    this.token += 1;
    this.stopWaiting(error);
    for (const member of this.members) if (member.worker.usable) member.worker.stop();
    for (const listener of this.listeners) listener.failed(error, fatal);
  }

  private tell(): void {
    const activity = this.activity();
    if (activity === this.said) return;
    this.said = activity;
    for (const listener of this.listeners) listener.activity(activity);
  }

  private activity(): Activity {
    const states = this.active.map((member) => member.state);
    if (this.reference || states.includes('preparing')) return this.held ? 'held' : 'preparing';
    if (states.every((state) => state === 'idle')) return 'idle';
    if (this.ended) return 'done';
    return this.aim > this.merged || this.pausing > 0 ? 'training' : 'paused';
  }
}
