// What the page and the engine's worker say to each other. Requests carry an id and get exactly one reply;
// events and failures come unasked.
import type { Held } from './place';
import type { CheckpointHeader, Error as EngineError, Event, Probe, RunConfig, Summary, TextsSummary, Update as UpdateResult } from './types';

export type { CheckpointHeader, EngineError, UpdateResult };
export type Backend = 'cpu' | 'webgpu';

/** The engine's look at a file of the user's own pairs, and the run that suits them. */
export interface Inspection {
  summary: Summary;
  config: RunConfig;
}

/** How a worker or its GPU was lost. */
export type Cause = 'gpu-lost' | 'gpu-silent' | 'worker-lost' | 'worker-silent';

/** An error, and where nothing more can be had of the worker, why. */
export interface Fault extends EngineError {
  cause?: Cause;
}

/** The engine's look at a file of texts with labels, for the emotion experiment. */
export interface TextsInspection {
  texts: TextsSummary;
  config: RunConfig;
}

export interface RunRequest {
  config: RunConfig;
  /** JSON Lines text of the user's own pairs, or their texts with labels. */
  imported?: string;
  /** Reference policy (safetensors), where one ships with the scenario. */
  reference?: Uint8Array;
  /** A stage before training that was cut off half-way, to be gone on with where there is no reference yet. */
  halfway?: Uint8Array;
  /** The run goes on from here. */
  checkpoint?: Checkpoint;
  /** Names what the run makes before it trains, where that is worth keeping. */
  key?: string;
  /** Its lanes are some of a run's, which goes on in other workers where all of these have diverged. */
  part?: boolean;
  /** The page shows the run up to the checkpoint already, so that is not told again. */
  shown?: boolean;
}

/** Where a run can go on from: as one file, or a part for each worker that it was spread over. */
export interface Checkpoint {
  parts: Uint8Array[];
  /** Training steps done. */
  step: number;
  /** Step of the last evaluation; −1 before the first. */
  evaluated: number;
}

/** How far a run is prepared: until it can train, only until there is a reference policy, or until the GPU has its kernels. */
export type Until = 'ready' | 'reference' | 'kernels';

export type Request =
  /** `lock` is the name of the Web Lock that the worker holds for as long as it lives. */
  | { type: 'init'; glue: string; module: WebAssembly.Module; lock: string }
  /** Prepares a run, all of it or a part. What the run says carries its id; `lanes` are those of its checkpoint that are wanted. */
  | { type: 'start'; id: number; backend: Backend; run: RunRequest; until: Until; lanes: number[] | undefined }
  /** Trains until this many frames have been made since the start, and to this place; what was prepared in part is first prepared whole. */
  | { type: 'allow'; frames: number; place: number }
  /** Stops after the unit of work under way, but not before the place that it was sent to; answered with how far it is. */
  | { type: 'hold' }
  /** Stops what is being prepared where it is, or lets it go on. */
  | { type: 'rest'; resting: boolean }
  | { type: 'stop' }
  | { type: 'pace'; stepsPerSecond: number }
  | { type: 'update'; config: RunConfig }
  | { type: 'extend'; steps: number }
  | { type: 'check'; config: RunConfig }
  | { type: 'inspect'; text: string }
  | { type: 'export'; lane: number | undefined }
  | { type: 'probe'; pair: number }
  /** `places` of the session's lanes in the whole run, where it has not got them all. */
  | { type: 'checkpoint'; places: number[] | undefined }
  | { type: 'join'; parts: Uint8Array[] }
  | { type: 'peek'; bytes: Uint8Array };

/** What each kind of request is answered with. */
export interface Replies {
  init: { locked: boolean };
  start: null;
  allow: null;
  hold: Held;
  rest: null;
  stop: null;
  pace: null;
  update: UpdateResult;
  extend: null;
  check: RunConfig;
  inspect: Inspection | TextsInspection;
  export: Uint8Array;
  probe: Probe;
  checkpoint: Uint8Array;
  join: Uint8Array;
  peek: CheckpointHeader;
}

export type Envelope = { id: number; request: Request };

/** What a worker is doing; whether it waits or trains is up to whoever allows it frames. */
export type WorkerState = 'idle' | 'preparing' | 'ready';

/** `held` is a preparation that was stopped where it was. */
export type Activity = 'idle' | 'preparing' | 'held' | 'training' | 'paused' | 'done';

export type Message =
  | { type: 'reply'; id: number; ok: true; value: Replies[keyof Replies] }
  | { type: 'reply'; id: number; ok: false; error: EngineError; fatal: boolean }
  | { type: 'events'; run: number; events: Event[] }
  | { type: 'state'; run: number; state: WorkerState }
  /** What the stage under way needs to go on as if it had never stopped. */
  | { type: 'halfway'; run: number; file: Uint8Array }
  | { type: 'failed'; run: number | undefined; error: Fault; fatal: boolean }
  /** The worker's event loop turns: sent twice a second. */
  | { type: 'beat' };

/** Makes an EngineError of anything that was thrown. */
export function asEngineError(thrown: unknown): Fault {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
    const { code, message, mend, cause } = thrown as { code?: unknown; message: unknown; mend?: unknown; cause?: unknown };
    return {
      code: typeof code === 'string' ? (code as EngineError['code']) : 'device',
      message: String(message),
      mend: typeof mend === 'string' ? mend : '',
      ...(typeof cause === 'string' ? { cause: cause as Cause } : {}),
    };
  }
  return { code: 'device', message: String(thrown), mend: '' };
}

/** A wasm trap or a lost GPU leaves the module unusable; an error that the engine threw on purpose does not. */
export function isFatal(thrown: unknown): boolean {
  const own = typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'mend' in thrown;
  return !own;
}
