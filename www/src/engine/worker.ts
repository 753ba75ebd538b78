/// <reference lib="webworker" />
// Owns the wasm engine. Pulls one small unit of work at a time and looks at its mailbox in between, so that
// hold, update and stop take effect at once. It trains as far as it is allowed to; the crew says how far.
import { placeAfter, type Held } from './place';
import { GpuWatch } from './gpu-watch';
import {
  asEngineError,
  isFatal,
  type Backend,
  type CheckpointHeader,
  type Envelope,
  type Inspection,
  type TextsInspection,
  type Message,
  type Replies,
  type Request,
  type RunRequest,
  type Until,
  type UpdateResult,
  type WorkerState,
} from './protocol';
import type { Event, Probe, RunConfig, Stage } from './types';

/** The wasm session, as src/web/session.rs exports it. */
interface Session {
  next(): Promise<Event[]>;
  update(json: string): UpdateResult;
  extend(steps: number): void;
  export_policy(lane?: number): Promise<Uint8Array>;
  probe(pair: number): Promise<Probe>;
  checkpoint(places?: Uint32Array): Promise<Uint8Array>;
  halfway(): Promise<Uint8Array | undefined>;
  free(): void;
}

interface EngineModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  check_config(json: string): RunConfig;
  inspect_pairs(text: string): Inspection | TextsInspection;
  inspect_checkpoint(bytes: Uint8Array): CheckpointHeader;
  join_checkpoints(parts: Uint8Array[]): Uint8Array;
  Session: {
    resume(bytes: Uint8Array, device: Backend, imported?: string, lanes?: Uint32Array, reference?: Uint8Array): Promise<Session>;
    create(json: string, device: Backend, imported?: string, reference?: Uint8Array, part?: boolean): Promise<Session>;
  };
}

const POST_EVERY_MS = 50;
/** What is half-made is kept this often, unless keeping it takes more than a twentieth of the time. */
const KEEP_EVERY_MS = 2_000;
const KEEP_SHARE = 20;
const scope = self as unknown as DedicatedWorkerGlobalScope;

let engine: EngineModule | undefined;
let session: Session | undefined;
/** Id of the session's run, which everything it says carries. */
let run = 0;
/** Raised by every start and stop, so that a loop of an earlier session ends. */
let generation = 0;
/** Frames that may be made since the start, and frames made. */
let allowed = 0;
let made = 0;
/** Where it is, and where it is sent to. */
let [place, goal] = [0, 0];
let until: Until = 'ready';
let prepared = false;
let resumed = false;
let finished = false;
/** What is prepared is stopped where it is. */
let resting = false;
/** Whether what is half-made is to be kept, what of it is not kept yet, and when it is next. */
let keeps = false;
let unkept: Stage | undefined;
let keptStage: Stage | undefined;
let keepAt = 0;
let pumping: Promise<void> | undefined;
let pace = 0;
let state: WorkerState = 'idle';

// ---------------------------------------------------------------- to the page

let waiting: Event[] = [];
let lastPost = 0;

function post(message: Message, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

function flush(): void {
  if (waiting.length === 0) return;
  const events = waiting;
  waiting = [];
  lastPost = performance.now();
  post({ type: 'events', run, events }, transferables(events));
}

/** Buffers of the typed arrays in `events`; each array must own its buffer to be handed over. */
function transferables(events: Event[]): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  for (const event of events) {
    for (const [key, value] of Object.entries(event)) {
      if (!ArrayBuffer.isView(value)) continue;
      const view = value as Float32Array<ArrayBuffer>;
      const whole = view.byteLength === view.buffer.byteLength ? view : view.slice();
      (event as unknown as Record<string, unknown>)[key] = whole;
      buffers.add(whole.buffer);
    }
  }
  return [...buffers];
}

function say(next: WorkerState): void {
  if (next === state) return;
  state = next;
  post({ type: 'state', run, state });
}

// ---------------------------------------------------------------- the pull loop

const wanted = (): boolean => session !== undefined && !finished && (prepared ? made < allowed || place < goal : !resting);

function currentState(): WorkerState {
  if (session === undefined) return 'idle';
  return prepared ? 'ready' : 'preparing';
}

function pump(): void {
  pumping ??= pull().finally(() => {
    pumping = undefined;
    flush();
    say(currentState());
    if (wanted()) pump();
  });
}

async function pull(): Promise<void> {
  const mine = generation;
  try {
    while (mine === generation && wanted()) {
      say(currentState());
      const from = performance.now();
      const events = await watch.during(() => session!.next());
      if (mine !== generation) break;
      // An ended session has nothing more to say; asking it again would never end.
      if (events.length === 0) finished = true;
      let frames = 0;
      for (const event of events) {
        if (event.event === 'frame') frames += 1;
        place = placeAfter(place, event);
        if (event.event === 'frame' || event.event === 'evaluation') prepared = true;
        if (event.event === 'progress' && (event.stage === 'train' || (event.stage === until && event.done >= event.total))) prepared = true;
        // A run that is gone on with has no evaluation first: it is where it was as soon as its lanes are there.
        if (resumed && event.event === 'progress' && event.stage === 'reference') prepared = true;
        if (event.event === 'done') finished = true;
        if (event.event === 'progress') notice(event.stage);
        waiting.push(event);
      }
      made += frames;
      if (frames > 0) watch.stepped();
      // Where others wait for this worker's frames, each is sent at once.
      if (Number.isFinite(allowed) || performance.now() - lastPost >= POST_EVERY_MS) flush();
      const pause = pace > 0 && frames > 0 ? 1000 / pace - (performance.now() - from) : 0;
      if (pause > 0) flush();
      if (performance.now() >= keepAt) await keepHalf();
      await mailbox(pause);
    }
  } catch (thrown) {
    if (mine === generation) {
      flush();
      // After an error the session is of no further use; after a trap nothing in its memory can be trusted.
      const old = session;
      session = undefined;
      allowed = 0;
      if (old && !isFatal(thrown)) release(old);
      if (await watch.lost()) return;
      post({ type: 'failed', run, error: asEngineError(thrown), fatal: isFatal(thrown) });
    }
  }
}

/** Trained stages are worth keeping as they grow; while texts are written, only what they are written by. */
function notice(stage: Stage): void {
  const trained = stage === 'reward-model' || stage === 'sft';
  if (trained || (stage === 'pairs' && keptStage !== 'pairs')) unkept = stage;
}

/** Sends what is half-made to be kept. */
async function keepHalf(): Promise<void> {
  if (!keeps || prepared || unkept === undefined || !session) return;
  const [mine, from, stage] = [run, performance.now(), unkept];
  unkept = undefined;
  const file = await watch.during(() => session!.halfway());
  if (file && mine === run) {
    keptStage = stage;
    post({ type: 'halfway', run, file }, [file.buffer as ArrayBuffer]);
  }
  const now = performance.now();
  keepAt = now + Math.max(KEEP_EVERY_MS, KEEP_SHARE * (now - from));
}

const channel = new MessageChannel();
let wake: (() => void) | undefined;
channel.port1.onmessage = () => wake?.();

/** Lets waiting messages in. A message channel, because timers are held to 4 ms and a promise lets nothing in. */
function mailbox(pauseMs: number): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
    if (pauseMs > 4) setTimeout(resolve, pauseMs);
    else channel.port2.postMessage(null);
  });
}

// ---------------------------------------------------------------- signs of life

const BEAT_MS = 500;
setInterval(() => post({ type: 'beat' }), BEAT_MS);
const watch = new GpuWatch((error) => post({ type: 'failed', run: undefined, error, fatal: true }));

/** Takes a lock that nobody gives back: when the page gets it, this worker is gone. */
function takeLock(name: string): Promise<boolean> {
  const locks = scope.navigator.locks;
  if (!locks) return Promise.resolve(false);
  return new Promise((resolve) => {
    locks.request(name, () => (resolve(true), new Promise<never>(() => undefined))).catch(() => resolve(false));
  });
}

// ---------------------------------------------------------------- requests

async function init(glue: string, module: WebAssembly.Module, lock: string): Promise<{ locked: boolean }> {
  const locked = takeLock(lock);
  const loaded = (await import(/* @vite-ignore */ glue)) as EngineModule;
  await loaded.default({ module_or_path: module });
  engine = loaded;
  return { locked: await locked };
}

function drop(): void {
  generation += 1;
  allowed = 0;
  made = 0;
  [place, goal] = [0, 0];
  prepared = false;
  finished = false;
  resting = false;
  waiting = [];
  const old = session;
  session = undefined;
  wake?.();
  // A session that is inside next() is borrowed by wasm; it is freed when that call has come back.
  if (old && !pumping) release(old);
  else if (old) void untilIdle().then(() => release(old));
}

/** Gives back what a session holds; one that has trapped can give nothing back. */
function release(old: Session): void {
  try {
    old.free();
  } catch {
    // Its memory goes with the worker.
  }
}

async function untilIdle(): Promise<void> {
  while (pumping) await pumping;
}

async function start(id: number, backend: Backend, request: RunRequest, to: Until, lanes: number[] | undefined): Promise<null> {
  drop();
  const mine = generation;
  await untilIdle();
  const fresh = await opened(backend, request, lanes);
  if (mine !== generation) {
    release(fresh);
    return null;
  }
  session = fresh;
  resumed = request.checkpoint !== undefined;
  keeps = request.key !== undefined && request.reference === undefined;
  [unkept, keptStage, keepAt] = [undefined, undefined, performance.now() + KEEP_EVERY_MS];
  run = id;
  state = 'idle';
  until = to;
  pump();
  return null;
}

/** Reads from the session while it does nothing else; until that is over it neither trains nor is freed. */
async function reading<T>(read: (session: Session) => Promise<T>): Promise<T> {
  while (pumping) await pumping;
  const open = need(session);
  const found = watch.during(() => read(open));
  pumping = found
    .then(() => undefined, () => undefined)
    .finally(() => {
      pumping = undefined;
      if (wanted()) pump();
    });
  return found;
}

function opened(backend: Backend, request: RunRequest, lanes: number[] | undefined): Promise<Session> {
  watch.begin(backend === 'webgpu');
  const { Session } = need(engine);
  const { config, imported, checkpoint } = request;
  const reference = request.reference ?? request.halfway;
  const [bytes] = checkpoint?.parts ?? [];
  if (!bytes) return watch.during(() => Session.create(JSON.stringify(config), backend, imported, reference, request.part));
  return watch.during(async () => {
    const fresh = await Session.resume(bytes, backend, imported, lanes && Uint32Array.from(lanes), reference);
    // What was changed after the checkpoint, and how far the run is to go.
    try {
      fresh.update(JSON.stringify(config));
    } catch (thrown) {
      release(fresh);
      throw thrown;
    }
    return fresh;
  });
}

async function hold(): Promise<Held> {
  const mine = generation;
  allowed = made;
  wake?.();
  // The unit under way may still make a frame. Preparation goes on by itself and makes none.
  if (prepared) await untilIdle();
  if (mine === generation) allowed = made;
  return { frames: made, place };
}

/** Stops the preparation after the unit of work under way, and keeps what is half-made; or lets it go on. */
async function rest(stop: boolean): Promise<void> {
  resting = stop;
  wake?.();
  if (!stop) return pump();
  if (!prepared) await untilIdle();
  if (resting && session && !prepared) await reading(keepHalf);
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw { code: 'device', message: 'no run has been started', mend: 'press play first' };
  return value;
}

async function handle(request: Request): Promise<Replies[keyof Replies]> {
  switch (request.type) {
    case 'init':
      return init(request.glue, request.module, request.lock);
    case 'start':
      return start(request.id, request.backend, request.run, request.until, request.lanes);
    case 'allow':
      [allowed, goal] = [request.frames, request.place];
      if (until === 'kernels') [until, prepared] = ['ready', made > 0];
      pump();
      return null;
    case 'hold':
      return hold();
    case 'rest':
      await rest(request.resting);
      return null;
    case 'stop':
      drop();
      state = 'idle';
      return null;
    case 'pace':
      pace = request.stepsPerSecond;
      return null;
    case 'update':
      // The number of steps may have been raised; a session that is done says so again.
      finished = false;
      return need(session).update(JSON.stringify(request.config));
    case 'extend':
      need(session).extend(request.steps);
      finished = false;
      return null;
    case 'check':
      return need(engine).check_config(JSON.stringify(request.config));
    case 'inspect':
      return need(engine).inspect_pairs(request.text);
    case 'export':
      return reading((session) => session.export_policy(request.lane));
    case 'probe':
      return reading((session) => session.probe(request.pair));
    case 'checkpoint':
      return reading((session) => session.checkpoint(request.places && Uint32Array.from(request.places)));
    case 'join':
      return need(engine).join_checkpoints(request.parts);
    case 'peek':
      return need(engine).inspect_checkpoint(request.bytes);
  }
}

// The only place where a request's failure is handled.
scope.onmessage = async (message: MessageEvent<Envelope>) => {
  const { id, request } = message.data;
  try {
    const value = await handle(request);
    post({ type: 'reply', id, ok: true, value });
  } catch (thrown) {
    post({ type: 'reply', id, ok: false, error: asEngineError(thrown), fatal: isFatal(thrown) });
  }
};
