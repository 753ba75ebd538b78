// One interface over everything that can produce a run: the wasm engine (crew.ts) or a recording (replay.ts); and the
// page's end of a worker that holds the engine.
import { asset, heldWorker, scriptAddress } from './assets';
import type { Held } from './place';
import type {
  Activity,
  Backend,
  CheckpointHeader,
  EngineError,
  Envelope,
  Fault,
  Inspection,
  TextsInspection,
  Message,
  Replies,
  Request,
  RunRequest,
  Until,
  UpdateResult,
  WorkerState,
} from './protocol';
import { Pulse, whenReleased } from './pulse';
import type { Event, Probe, RunConfig } from './types';

export interface EngineListener {
  events(batch: Event[]): void;
  activity(activity: Activity): void;
  /** The run has made its reference policy, and what goes with it, itself. */
  made?(reference: Uint8Array, run: RunRequest): void;
  /** A stage before training as far as it is, to be gone on with after whatever happens. */
  halfway?(file: Uint8Array, run: RunRequest): void;
  /** The run ended in an error; after a fatal one this engine cannot be used again. */
  failed(error: Fault, fatal: boolean): void;
}

export interface Engine {
  readonly kind: Backend | 'replay';
  /** Prepares the run; with `play` it goes on to train. */
  start(run: RunRequest, play: boolean): Promise<void>;
  play(): void;
  pause(): void;
  step(): void;
  reset(): Promise<void>;
  /** Changes what may change in a run under way; says what was applied and what needs a restart. */
  update(config: RunConfig): Promise<UpdateResult>;
  /** Raises the number of steps, to go on after the end. */
  extend(steps: number): Promise<void>;
  /** Training steps a second at most; 0 is as fast as it goes. */
  pace(stepsPerSecond: number): void;
  onEvents(listener: EngineListener): () => void;
  dispose(): void;
}

const NO_ANSWER: EngineError = { code: 'device', message: 'the engine has been stopped', mend: 'press play to start it again' };

/** What a worker says unasked. */
export interface WorkerListener {
  /** `run` is the id that the run was started with. */
  events(batch: Event[], run: number): void;
  state(state: WorkerState, run: number): void;
  halfway?(file: Uint8Array, run: number): void;
  /** Without a run, the worker itself is lost. */
  failed(error: Fault, fatal: boolean, run: number | undefined): void;
}

/** The engine's code for one backend: compiled once, while it arrives, for all the workers that run it. */
export class EngineCode {
  /** Address of the glue that a worker imports. */
  readonly glue: Promise<string>;
  readonly module: Promise<WebAssembly.Module>;

  /** `base` is the folder that holds `engine/cpu` and `engine/gpu`. */
  constructor(
    readonly kind: Backend,
    base: URL,
  ) {
    const folder = new URL(`engine/${kind === 'cpu' ? 'cpu' : 'gpu'}/`, base);
    this.glue = scriptAddress(new URL('prefshift.js', folder));
    this.glue.catch(() => undefined);
    this.module = compile(new URL('prefshift_bg.wasm', folder));
    this.module.catch(() => undefined);
  }
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  let answer: Response;
  try {
    answer = await asset(url);
  } catch {
    throw { code: 'io', message: 'the engine could not be loaded (no connection)', mend: 'reload the page' } satisfies EngineError;
  }
  if (!answer.ok) throw { code: 'io', message: `the engine could not be loaded (${answer.status})`, mend: 'reload the page' } satisfies EngineError;
  try {
    // A server that does not name the type rules streaming out.
    if (answer.headers.get('content-type')?.startsWith('application/wasm')) return await WebAssembly.compileStreaming(answer);
    return await WebAssembly.compile(await answer.arrayBuffer());
  } catch {
    throw { code: 'io', message: 'the engine’s file is damaged, or something else came in its place', mend: 'reload the page' } satisfies EngineError;
  }
}

let made = 0;

/** One worker with the wasm engine in it. */
export class EngineWorker {
  readonly ready: Promise<unknown>;
  private readonly worker: Worker;
  private readonly pulse: Pulse;
  private stopWaiting: () => void = () => undefined;
  private readonly pending = new Map<number, { resolve(value: unknown): void; reject(error: EngineError): void }>();
  private nextId = 1;
  private dead = false;
  /** What it died of. */
  private fate: Fault = NO_ANSWER;

  constructor(
    private readonly code: EngineCode,
    private readonly listener: WorkerListener,
  ) {
    const name = `prefshift-${code.kind}`;
    this.worker = heldWorker(name) ?? new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });
    this.worker.onmessage = (message: MessageEvent<Message>) => this.receive(message.data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.die({ code: 'device', cause: 'worker-lost', message: event.message || 'the engine’s worker could not be started', mend: 'reload the page' });
    };
    this.pulse = new Pulse((ms) =>
      this.die({ code: 'device', cause: 'worker-silent', message: `the engine’s worker has not answered for ${(ms / 1000).toFixed(0)} s`, mend: '' }),
    );
    this.ready = this.open();
    this.ready.catch(() => undefined);
  }

  private async open(): Promise<void> {
    const lock = `prefshift-worker-${Date.now()}-${(made += 1)}-${Math.random()}`;
    const [module, glue] = await Promise.all([this.code.module, this.code.glue]);
    const { locked } = await this.ask({ type: 'init', glue, module, lock });
    if (!locked || this.dead) return;
    this.stopWaiting = whenReleased(lock, () => this.die({ code: 'device', cause: 'worker-lost', message: 'the engine’s worker was ended by the browser', mend: '' }));
  }

  /** `lanes` of the run's checkpoint, where this worker is to have only some. */
  async start(id: number, run: RunRequest, until: Until, lanes?: number[]): Promise<void> {
    await this.ready;
    this.pulse.expect(false);
    await this.ask({ type: 'start', id, backend: this.code.kind, run, until, lanes });
  }

  allow(frames: number, place = 0): void {
    this.tell({ type: 'allow', frames, place });
  }

  hold(): Promise<Held> {
    return this.ask({ type: 'hold' });
  }

  rest(resting: boolean): void {
    this.tell({ type: 'rest', resting });
  }

  stop(): void {
    if (!this.dead) this.tell({ type: 'stop' });
  }

  update(config: RunConfig): Promise<UpdateResult> {
    return this.ask({ type: 'update', config });
  }

  async extend(steps: number): Promise<void> {
    await this.ask({ type: 'extend', steps });
  }

  pace(stepsPerSecond: number): void {
    this.tell({ type: 'pace', stepsPerSecond });
  }

  /** All that the session's run needs to go on; `places` of its lanes where the run has others. */
  checkpoint(places: number[] | undefined): Promise<Uint8Array> {
    return this.ask({ type: 'checkpoint', places });
  }

  /** One checkpoint out of parts. */
  async join(parts: Uint8Array[]): Promise<Uint8Array> {
    await this.ready;
    return this.ask({ type: 'join', parts });
  }

  async peek(bytes: Uint8Array): Promise<CheckpointHeader> {
    await this.ready;
    return this.ask({ type: 'peek', bytes });
  }

  /** What the engine makes of a file of the user's own pairs. */
  async inspect(text: string): Promise<Inspection | TextsInspection> {
    await this.ready;
    return this.ask({ type: 'inspect', text });
  }

  /** A lane's policy, or the reference policy. */
  exportPolicy(lane: number | undefined): Promise<Uint8Array> {
    return this.ask({ type: 'export', lane });
  }

  /** A training pair word by word under every lane. */
  probe(pair: number): Promise<Probe> {
    return this.ask({ type: 'probe', pair });
  }

  dispose(): void {
    this.retire();
    this.worker.terminate();
    for (const waiter of this.pending.values()) waiter.reject(this.fate);
    this.pending.clear();
  }

  /** Sends a request that is not waited for; a failure reaches the listener. */
  private tell(request: Request): void {
    this.ask(request).catch((error: EngineError) => {
      if (!this.dead) this.listener.failed(error, false, undefined);
    });
  }

  private ask<R extends Request>(request: R): Promise<Replies[R['type']]> {
    if (this.dead) return Promise.reject(this.fate);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.worker.postMessage({ id, request } satisfies Envelope);
    });
  }

  private receive(message: Message): void {
    this.pulse.beat();
    switch (message.type) {
      case 'beat':
        return;
      case 'reply': {
        const waiter = this.pending.get(message.id);
        this.pending.delete(message.id);
        if (message.ok) waiter?.resolve(message.value);
        else {
          if (message.fatal) this.retire();
          waiter?.reject(message.error);
        }
        return;
      }
      case 'events':
        // A run begins with an evaluation, its longest unit of work.
        if (message.events.some((event) => event.event === 'frame' || event.event === 'evaluation')) this.pulse.expect(true);
        this.listener.events(message.events, message.run);
        return;
      case 'state':
        this.listener.state(message.state, message.run);
        return;
      case 'halfway':
        this.listener.halfway?.(message.file, message.run);
        return;
      case 'failed':
        if (message.fatal) this.retire();
        this.listener.failed(message.error, message.fatal, message.run);
        return;
    }
  }

  private retire(): void {
    this.dead = true;
    this.pulse.stop();
    this.stopWaiting();
  }

  get usable(): boolean {
    return !this.dead;
  }

  private die(error: Fault): void {
    if (this.dead) return;
    this.fate = error;
    this.dispose();
    this.listener.failed(error, true, undefined);
  }
}
