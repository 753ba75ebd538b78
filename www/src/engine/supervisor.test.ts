import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaults, toConfig } from '../state/settings';
import type { EngineListener } from './engine';
import type { Activity, Backend, Checkpoint, Fault, RunRequest } from './protocol';
import { Supervisor, type Recovery, type Supervised, type Trouble } from './supervisor';
import type { Event, RunConfig } from './types';

const LOST: Fault = { code: 'device', cause: 'gpu-lost', message: 'the GPU was lost (unknown)', mend: '' };
const config = toConfig({ ...defaults(), steps: 1000 });
const run: RunRequest = { config };

const frame = (step: number): Event => ({ event: 'frame', step }) as Event;
const evaluation = (step: number): Event => ({ event: 'evaluation', step }) as Event;

/** A crew that makes a frame when told to, and can be lost. */
class Fake {
  cores = 1;
  usable = true;
  disposed = false;
  readonly ready = Promise.resolve();
  starts: { run: RunRequest; play: boolean }[] = [];
  updates: RunConfig[] = [];
  paused = 0;
  played = 0;
  prepared = 0;
  stepped = 0;
  ran = 0;
  refuses: Fault | undefined;
  /** It is at a stage before training, and stays there. */
  preparing = false;
  private listener: EngineListener | undefined;
  private at = 0;
  private made = 0;

  constructor(readonly kind: Backend) {}

  async start(request: RunRequest, play: boolean): Promise<void> {
    this.starts.push({ run: request, play });
    if (this.refuses) throw this.refuses;
    this.at = request.checkpoint?.step ?? 0;
    this.made = 0;
    this.say('preparing');
    if (this.preparing) return;
    this.listener?.events([{ event: 'started' } as Event, ...(this.at === 0 ? [evaluation(0)] : [])]);
    if (play) this.say('training');
  }
  begin(): void {
    this.listener?.events([{ event: 'started' } as Event]);
  }
  /** Trains `n` steps; every fifth is preceded by an evaluation. */
  train(n: number): void {
    for (let i = 0; i < n; i += 1) {
      if (this.at % 5 === 0 && this.at > 0) this.listener?.events([evaluation(this.at)]);
      this.listener?.events([frame(this.at)]);
      this.at += 1;
      this.made += 1;
    }
  }
  half(file: Uint8Array): void {
    this.listener?.halfway?.(file, this.starts.at(-1)!.run);
  }
  tell(made: Uint8Array): void {
    this.listener?.made?.(made, this.starts.at(-1)!.run);
  }
  lose(fault: Fault = LOST, fatal = true): void {
    this.usable = false;
    this.listener?.failed(fault, fatal);
  }
  say(activity: Activity): void {
    this.listener?.activity(activity);
  }
  async checkpoint(): Promise<Checkpoint & { frames: number }> {
    return { parts: [Uint8Array.of(this.at)], step: this.at, evaluated: this.at - (this.at % 5), frames: this.made };
  }
  async update(changed: RunConfig): Promise<{ applied: string[]; restart: string[] }> {
    this.updates.push(changed);
    return { applied: [], restart: [] };
  }
  prepare(): void {
    this.prepared += 1;
  }
  play(): void {
    this.played += 1;
  }
  pause(): void {
    this.paused += 1;
    this.say(this.preparing ? 'held' : 'paused');
  }
  step(): void {
    this.stepped += 1;
  }
  runTo(frames: number): void {
    this.ran = frames;
    this.train(frames);
    if (!this.preparing) this.say('paused');
  }
  async extend(): Promise<void> {}
  pace(): void {}
  async join(parts: Uint8Array[]): Promise<Uint8Array> {
    return parts[0]!;
  }
  onEvents(listener: EngineListener): () => void {
    this.listener = listener;
    return () => undefined;
  }
  dispose(): void {
    this.disposed = true;
    this.usable = false;
  }
}

interface Heard {
  steps: number[];
  evaluations: number[];
  started: number;
  troubles: Trouble[];
  recoveries: Recovery[];
  activities: Activity[];
  failures: Fault[];
}

function scene(kind: Backend = 'webgpu', make = (of: Backend): Fake => new Fake(of)): { supervisor: Supervisor; crews: Fake[]; heard: Heard; now: () => Fake } {
  const crews: Fake[] = [];
  const supervisor = new Supervisor(
    kind,
    (of) => {
      const crew = make(of);
      crews.push(crew);
      return crew as unknown as Supervised;
    },
    { now: () => Date.now(), rest: (ms) => new Promise((go) => setTimeout(go, ms)) },
  );
  const heard: Heard = { steps: [], evaluations: [], started: 0, troubles: [], recoveries: [], activities: [], failures: [] };
  supervisor.onEvents({
    events: (batch) => {
      for (const event of batch) {
        if (event.event === 'frame') heard.steps.push(event.step);
        if (event.event === 'evaluation') heard.evaluations.push(event.step);
        if (event.event === 'started') heard.started += 1;
      }
    },
    activity: (activity) => heard.activities.push(activity),
    failed: (fault) => heard.failures.push(fault),
  });
  supervisor.watch({ trouble: (trouble) => heard.troubles.push(trouble), recovered: (recovery) => heard.recoveries.push(recovery) });
  return { supervisor, crews, heard, now: () => crews.at(-1)! };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('Supervisor', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('starts a lost run again from its beginning where there is no checkpoint, and tells nothing twice', async () => {
    const { supervisor, crews, heard, now } = scene();
    await supervisor.start(run, true);
    now().train(7);
    now().lose();
    expect(heard.troubles).toMatchObject([{ then: 'again', step: 7, fault: { cause: 'gpu-lost' } }]);
    await vi.advanceTimersByTimeAsync(400);
    expect(crews).toHaveLength(2);
    expect(crews[0]!.disposed).toBe(true);
    now().train(6);
    expect(heard.recoveries, 'it is not yet where it was').toEqual([]);
    expect(heard.activities.at(-1)).toBe('preparing');
    now().train(4);
    expect(heard.recoveries).toMatchObject([{ kind: 'webgpu', step: 7 }]);
    expect(heard.activities.at(-1)).toBe('training');
    expect(heard.steps).toEqual(upTo(10));
    expect(heard.evaluations).toEqual([0, 5]);
    expect(heard.started).toBe(1);
  });

  it('goes on from the last checkpoint, with what was changed since', async () => {
    const { supervisor, heard, now } = scene();
    await supervisor.start(run, true);
    now().train(8);
    await vi.advanceTimersByTimeAsync(600);
    now().train(3);
    const changed = { ...config, train: { ...config.train, learning_rate: 0.5 } };
    await supervisor.update(changed);
    now().lose();
    await vi.advanceTimersByTimeAsync(400);
    const { run: resumed, play } = now().starts[0]!;
    expect(resumed.checkpoint).toMatchObject({ step: 8, frames: 8 });
    expect(resumed.config.train.learning_rate).toBe(0.5);
    expect(play).toBe(true);
    now().train(5);
    expect(heard.steps).toEqual(upTo(13));
    expect(heard.recoveries).toHaveLength(1);
  });

  it('gives the crew that takes over what the lost one had made before it trained', async () => {
    const { supervisor, now } = scene();
    const told: number[][] = [];
    supervisor.onEvents({ events: () => undefined, activity: () => undefined, failed: () => undefined, made: (bytes) => told.push([...bytes]) });
    await supervisor.start({ config, key: 'k' }, true);
    now().tell(Uint8Array.of(4, 2));
    now().train(3);
    now().lose();
    await vi.advanceTimersByTimeAsync(400);
    expect([...now().starts[0]!.run.reference!]).toEqual([4, 2]);
    expect(told).toEqual([[4, 2]]);
    await supervisor.reset();
    expect([...now().starts.at(-1)!.run.reference!]).toEqual([4, 2]);
  });

  it('lets the crew that takes over go on with the stage that the lost one was at', async () => {
    const { supervisor, now } = scene('cpu');
    const told: number[][] = [];
    supervisor.onEvents({ events: () => undefined, activity: () => undefined, failed: () => undefined, halfway: (file) => told.push([...file]) });
    await supervisor.start({ config, key: 'k' }, true);
    now().half(Uint8Array.of(3));
    now().half(Uint8Array.of(6));
    now().lose({ code: 'device', cause: 'worker-lost', message: 'gone', mend: '' });
    await vi.advanceTimersByTimeAsync(400);
    expect([...now().starts[0]!.run.halfway!]).toEqual([6]);
    expect(told).toEqual([[3], [6]]);
    // What is whole takes its place.
    now().tell(Uint8Array.of(4));
    await supervisor.reset();
    expect([...now().starts.at(-1)!.run.reference!]).toEqual([4]);
  });

  it('tells a run that the page shows already from the checkpoint on', async () => {
    const { supervisor, heard, now } = scene('cpu');
    await supervisor.start({ config, shown: true, checkpoint: { parts: [Uint8Array.of(10)], step: 10, evaluated: 10 } }, true);
    now().train(3);
    expect(heard).toMatchObject({ steps: [10, 11, 12], evaluations: [], started: 0 });
    now().lose();
    await vi.advanceTimersByTimeAsync(400);
    now().train(6);
    expect(heard).toMatchObject({ steps: [10, 11, 12, 13, 14, 15], evaluations: [15] });
  });

  it('passes on a second beginning, which a run has whose reference policy is trained first', async () => {
    const { supervisor, heard, now } = scene('cpu');
    await supervisor.start(run, true);
    now().begin();
    now().train(2);
    expect(heard).toMatchObject({ started: 2, steps: [0, 1] });
  });

  it('counts frames from the beginning over several losses', async () => {
    const { supervisor, heard, now } = scene();
    await supervisor.start(run, true);
    for (const seconds of [70, 70, 70, 70]) {
      now().train(6);
      await vi.advanceTimersByTimeAsync(5_000);
      now().train(2);
      now().lose();
      await vi.advanceTimersByTimeAsync(seconds * 1000);
      now().train(3);
    }
    expect(heard.troubles.map((trouble) => trouble.then)).toEqual(['again', 'again', 'again', 'again']);
    expect(heard.steps).toEqual(upTo(heard.steps.length));
    expect(heard.recoveries).toHaveLength(4);
  });

  it('keeps a checkpoint every few seconds while it trains, and at once after a change', async () => {
    const kept: number[] = [];
    const { supervisor, now } = scene();
    supervisor.watch({ trouble: () => undefined, recovered: () => undefined, kept: ({ step }) => kept.push(step) });
    await supervisor.start(run, true);
    await vi.advanceTimersByTimeAsync(2000);
    expect(kept, 'nothing has been trained').toEqual([]);
    now().train(2);
    await vi.advanceTimersByTimeAsync(3000);
    now().train(1);
    expect(kept).toEqual([2]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(kept).toEqual([2, 3]);
    now().train(1);
    await supervisor.update(config);
    await vi.advanceTimersByTimeAsync(500);
    expect(kept).toEqual([2, 3, 4]);
    now().train(1);
    supervisor.pause();
    await vi.advanceTimersByTimeAsync(500);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kept, 'once when it comes to rest').toEqual([2, 3, 4, 5]);
  });

  it('brings a paused run back to where it was, and leaves it paused', async () => {
    const { supervisor, heard, now } = scene();
    await supervisor.start(run, true);
    now().train(3);
    supervisor.pause();
    now().lose();
    await vi.advanceTimersByTimeAsync(400);
    expect(now().starts[0]!.play).toBe(false);
    expect(now().ran).toBe(3);
    expect(heard.steps).toEqual(upTo(3));
    expect(heard.activities.at(-1)).toBe('paused');
    expect(heard.recoveries).toHaveLength(1);
  });

  describe('where a stage before training is under way', () => {
    const GONE: Fault = { code: 'device', cause: 'worker-lost', message: 'gone', mend: '' };
    const staged = (): ReturnType<typeof scene> => scene('cpu', (kind) => Object.assign(new Fake(kind), { preparing: true }));

    it('leaves it stopped where the user has stopped it, over any number of losses, until it is to go on', async () => {
      for (const onward of ['play', 'prepare', 'step'] as const) {
        const { supervisor, crews, heard, now } = staged();
        await supervisor.start({ config, key: 'k' }, true);
        now().half(Uint8Array.of(6));
        supervisor.pause();
        for (let losses = 1; losses < 3; losses += 1) {
          now().lose(GONE);
          await vi.advanceTimersByTimeAsync(65_000);
          expect(crews).toHaveLength(losses + 1);
          expect(now().starts, 'nothing is made').toEqual([]);
          expect(heard.activities.at(-1)).toBe('held');
        }
        expect(heard.troubles.map((trouble) => trouble.then)).toEqual(['stopped', 'stopped']);
        expect(heard.recoveries).toEqual([]);
        supervisor[onward]();
        await vi.advanceTimersByTimeAsync(0);
        expect(now().starts).toMatchObject([{ play: onward === 'play', run: { halfway: Uint8Array.of(6) } }]);
        expect([now().played, now().prepared, now().stepped], 'it begins as it is to go on').toEqual([0, 0, onward === 'step' ? 1 : 0]);
        expect(heard.activities.at(-1)).toBe('preparing');
        // Lost again, it goes on by itself, for it is no longer stopped.
        now().lose(GONE);
        await vi.advanceTimersByTimeAsync(400);
        expect(now().starts).toHaveLength(1);
        expect(heard.activities.at(-1)).toBe('preparing');
      }
    });

    it('stops it where the user stops it while its crew is replaced, before and after the new one has it', async () => {
      for (const wait of [0, 400]) {
        const { supervisor, heard, now } = staged();
        await supervisor.start({ config, key: 'k' }, true);
        now().lose(GONE);
        await vi.advanceTimersByTimeAsync(wait);
        supervisor.pause();
        await vi.advanceTimersByTimeAsync(2_000);
        expect(heard.activities.at(-1)).toBe('held');
        expect(now().starts.length).toBe(wait > 0 ? 1 : 0);
        expect(now().paused).toBe(wait > 0 ? 1 : 0);
      }
    });

    it('lets it go on where it was not stopped, though nobody has pressed play', async () => {
      const { supervisor, heard, now } = staged();
      await supervisor.start({ config, key: 'k' }, false);
      now().lose(GONE);
      await vi.advanceTimersByTimeAsync(400);
      expect(now().starts).toMatchObject([{ play: false }]);
      expect(now().paused).toBe(0);
      expect(heard.activities.at(-1)).toBe('preparing');
    });

    it('forgets what was stopped with a new start', async () => {
      const { supervisor, heard, now } = staged();
      await supervisor.start({ config, key: 'k' }, true);
      supervisor.pause();
      now().lose(GONE);
      await vi.advanceTimersByTimeAsync(400);
      await supervisor.start({ config }, false);
      expect(now().starts).toHaveLength(1);
      expect(heard.activities.at(-1)).toBe('preparing');
      now().lose(GONE);
      await vi.advanceTimersByTimeAsync(400);
      expect(now().starts).toHaveLength(1);
    });
  });

  it('goes on on the CPU after three losses in a minute', async () => {
    const { supervisor, heard, now } = scene();
    await supervisor.start(run, true);
    for (let i = 0; i < 3; i += 1) {
      now().train(3);
      now().lose();
      await vi.advanceTimersByTimeAsync(2_000);
    }
    expect(heard.troubles.map((trouble) => trouble.then)).toEqual(['again', 'again', 'cpu']);
    expect(supervisor.kind).toBe('cpu');
    now().train(9);
    expect(heard.steps).toEqual(upTo(9));
    expect(heard.recoveries.at(-1)).toMatchObject({ kind: 'cpu' });
    expect(heard.failures).toEqual([]);
  });

  it('does not count losses that lie further apart', async () => {
    const { supervisor, heard, now } = scene();
    await supervisor.start(run, true);
    for (let i = 0; i < 4; i += 1) {
      now().train(3);
      now().lose();
      await vi.advanceTimersByTimeAsync(31_000);
    }
    expect(heard.troubles.map((trouble) => trouble.then)).toEqual(['again', 'again', 'again', 'again']);
  });

  it('gives up where the CPU is lost three times as well, and can be started anew', async () => {
    const { supervisor, heard, now } = scene('cpu');
    await supervisor.start(run, true);
    for (let i = 0; i < 3; i += 1) {
      now().train(1);
      now().lose({ ...LOST, cause: 'worker-lost' });
      await vi.advanceTimersByTimeAsync(2_000);
    }
    expect(heard.troubles.map((trouble) => trouble.then)).toEqual(['again', 'again', 'end']);
    expect(heard.failures).toHaveLength(1);
    expect(supervisor.usable).toBe(false);
    await supervisor.start(run, true);
    now().train(2);
    expect(heard.started).toBe(2);
  });

  it('mends a start that fails, and gives up on one that always does', async () => {
    let crews = 0;
    const first = scene('webgpu', (kind) => {
      const crew = new Fake(kind);
      if ((crews += 1) === 1) crew.refuses = { code: 'device', message: 'the GPU did not start', mend: '' };
      return crew;
    });
    const started = first.supervisor.start(run, true);
    await vi.advanceTimersByTimeAsync(400);
    await started;
    first.now().train(2);
    expect(first.heard.steps).toEqual([0, 1]);

    const never = scene('cpu', (kind) => Object.assign(new Fake(kind), { refuses: LOST }));
    const hopeless = never.supervisor.start(run, true);
    await vi.advanceTimersByTimeAsync(10_000);
    await hopeless;
    expect(never.heard.failures).toHaveLength(1);
    expect(never.crews).toHaveLength(3);
  });

  it('leaves a GPU that computes wrongly at once', async () => {
    const { supervisor, heard, now } = scene();
    await supervisor.start(run, true);
    now().lose({ code: 'device-wrong' as Fault['code'], message: 'loss 1.2 against 0.7', mend: '' }, false);
    await vi.advanceTimersByTimeAsync(400);
    expect(heard.troubles).toMatchObject([{ then: 'refused' }]);
    expect(supervisor.kind).toBe('cpu');
  });

  it('passes on what the engine refuses on purpose', async () => {
    const { supervisor, crews, heard, now } = scene();
    await supervisor.start(run, true);
    now().lose({ code: 'numerics', message: 'every lane blew up', mend: '' }, false);
    expect(heard.failures).toHaveLength(1);
    expect(heard.troubles).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(crews).toHaveLength(1);
    const refusing = scene('cpu', (kind) => Object.assign(new Fake(kind), { refuses: { code: 'config', message: 'model.width: 7', mend: '' } }));
    await expect(refusing.supervisor.start(run, true)).rejects.toMatchObject({ code: 'config' });
  });

  it('waits with a change until the run has been mended', async () => {
    const { supervisor, crews, now } = scene();
    await supervisor.start(run, true);
    now().train(2);
    now().lose();
    const changed = { ...config, train: { ...config.train, learning_rate: 0.25 } };
    const done = supervisor.update(changed);
    await vi.advanceTimersByTimeAsync(400);
    await done;
    expect(crews[0]!.updates).toEqual([]);
    expect(now().updates).toEqual([changed]);
  });

  it('forgets a repair when another run is started meanwhile', async () => {
    const { supervisor, crews, heard, now } = scene();
    await supervisor.start(run, true);
    now().train(2);
    now().lose();
    await supervisor.start({ config }, true);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(crews).toHaveLength(2);
    now().train(1);
    expect(heard.steps).toEqual([0, 1, 0]);
  });
});
