// One interface over everything that can produce a run: the wasm engine in a worker (CPU or WebGPU), or a recording.
import type {
  Activity,
  Backend,
  EngineError,
  Envelope,
  Inspection,
  Message,
  Replies,
  Request,
  RunRequest,
  UpdateResult,
} from './protocol';
import type { Event, RunConfig } from './types';

export interface EngineListener {
  events(batch: Event[]): void;
  activity(activity: Activity): void;
  /** The run ended in an error; after a fatal one this engine cannot be used again. */
  failed(error: EngineError, fatal: boolean): void;
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

/** The wasm engine in its worker. */
export class WorkerEngine implements Engine {
  readonly kind: Backend;
  readonly ready: Promise<null>;
  private readonly worker: Worker;
  private readonly pending = new Map<number, { resolve(value: unknown): void; reject(error: EngineError): void }>();
  private readonly listeners = new Set<EngineListener>();
  private nextId = 1;
  private last: RunRequest | undefined;
  private dead = false;

  /** `base` is the folder that holds `engine/cpu` and `engine/gpu`. */
  constructor(kind: Backend, base: URL) {
    this.kind = kind;
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: `prefshift-${kind}` });
    this.worker.onmessage = (message: MessageEvent<Message>) => this.receive(message.data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.die({ code: 'device', message: event.message || 'the engine’s worker could not be started', mend: 'reload the page' });
    };
    const folder = new URL(`engine/${kind === 'cpu' ? 'cpu' : 'gpu'}/`, base);
    this.ready = this.ask({
      type: 'init',
      glue: new URL('prefshift.js', folder).href,
      wasm: new URL('prefshift_bg.wasm', folder).href,
    });
    this.ready.catch(() => undefined);
  }

  async start(run: RunRequest, play: boolean): Promise<void> {
    this.last = run;
    await this.ready;
    await this.ask({ type: 'start', backend: this.kind, run, play });
  }

  play(): void {
    this.tell({ type: 'play' });
  }

  pause(): void {
    this.tell({ type: 'pause' });
  }

  step(): void {
    this.tell({ type: 'step' });
  }

  async reset(): Promise<void> {
    if (this.last) await this.start(this.last, false);
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

  /** What the engine makes of a file of the user's own pairs. */
  async inspect(text: string): Promise<Inspection> {
    await this.ready;
    return this.ask({ type: 'inspect', text });
  }

  exportPolicy(lane: number): Promise<Uint8Array> {
    return this.ask({ type: 'export', lane });
  }

  onEvents(listener: EngineListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dispose(): void {
    this.listeners.clear();
    this.die(NO_ANSWER);
  }

  /** Sends a request that is not waited for; a failure reaches the listeners. */
  private tell(request: Request): void {
    this.ask(request).catch((error: EngineError) => {
      for (const listener of this.listeners) listener.failed(error, this.dead);
    });
  }

  private ask<R extends Request>(request: R): Promise<Replies[R['type']]> {
    if (this.dead) return Promise.reject(NO_ANSWER);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.worker.postMessage({ id, request } satisfies Envelope);
    });
  }

  private receive(message: Message): void {
    switch (message.type) {
      case 'reply': {
        const waiter = this.pending.get(message.id);
        this.pending.delete(message.id);
        if (message.ok) waiter?.resolve(message.value);
        else {
          if (message.fatal) this.dead = true;
          waiter?.reject(message.error);
        }
        return;
      }
      case 'events':
        for (const listener of this.listeners) listener.events(message.events);
        return;
      case 'activity':
        for (const listener of this.listeners) listener.activity(message.activity);
        return;
      case 'failed':
        if (message.fatal) this.dead = true;
        for (const listener of this.listeners) listener.failed(message.error, message.fatal);
        return;
    }
  }

  get usable(): boolean {
    return !this.dead;
  }

  private die(error: EngineError): void {
    this.dead = true;
    this.worker.terminate();
    for (const waiter of this.pending.values()) waiter.reject(error);
    this.pending.clear();
    for (const listener of this.listeners) listener.failed(error, true);
  }
}
