// A recorded run, played through the same interface as a live one.
import type { Engine, EngineListener } from './engine';
import type { Activity, EngineError, UpdateResult } from './protocol';
import type { Event } from './types';

const KINDS = new Set(['started', 'progress', 'frame', 'evaluation', 'warning', 'product', 'done']);
const TICK_MS = 50;

function damaged(line: number, what: string): EngineError {
  return { code: 'trace', message: `recorded run, line ${line}: ${what}`, mend: 'record it again with `prefshift train --trace FILE`' };
}

/** Reads a trace: JSON Lines, one event per line, the first of them `started`. */
export function parseTrace(text: string): Event[] {
  const events: Event[] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw damaged(index + 1, 'is not JSON');
    }
    const kind = (value as { event?: unknown } | null)?.event;
    if (typeof kind !== 'string' || !KINDS.has(kind)) throw damaged(index + 1, 'is not an event of a run');
    if (events.length === 0 && kind !== 'started') throw damaged(index + 1, 'the first event must be `started`');
    events.push(value as Event);
  }
  if (events.length === 0) throw damaged(1, 'the file is empty');
  return events;
}

export class ReplayEngine implements Engine {
  readonly kind = 'replay';
  private readonly listeners = new Set<EngineListener>();
  private at = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private activityNow: Activity = 'idle';

  /** The whole recording plays in `seconds`; 0 shows it finished at once. */
  constructor(
    private readonly events: readonly Event[],
    private readonly seconds: number,
  ) {}

  async start(_run: unknown, play: boolean): Promise<void> {
    this.stop();
    this.at = 0;
    this.deliver(this.seconds > 0 ? this.opening() : this.events.length);
    if (play && this.at < this.events.length) this.play();
    else this.say(this.at < this.events.length ? 'paused' : 'done');
  }

  play(): void {
    if (this.timer !== undefined || this.at >= this.events.length) return;
    this.say('training');
    const perTick = Math.max(1, Math.ceil((this.events.length * TICK_MS) / (1000 * Math.max(this.seconds, 0.001))));
    this.timer = setInterval(() => {
      this.deliver(perTick);
      if (this.at >= this.events.length) {
        this.stop();
        this.say('done');
      }
    }, TICK_MS);
  }

  pause(): void {
    this.stop();
    this.say(this.at < this.events.length ? 'paused' : 'done');
  }

  /** One training step: everything up to and including the next frame. */
  step(): void {
    this.stop();
    let n = 1;
    while (this.at + n < this.events.length && this.events[this.at + n - 1]?.event !== 'frame') n += 1;
    this.deliver(n);
    this.say(this.at < this.events.length ? 'paused' : 'done');
  }

  reset(): Promise<void> {
    return this.start(undefined, false);
  }

  async update(): Promise<UpdateResult> {
    return { applied: [], restart: ['a recorded run cannot be changed'] };
  }

  async extend(): Promise<void> {}

  pace(): void {}

  onEvents(listener: EngineListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dispose(): void {
    this.stop();
    this.listeners.clear();
  }

  /** Number of events before the first frame, so that nothing opens empty. */
  private opening(): number {
    const first = this.events.findIndex((event) => event.event === 'frame');
    return first < 0 ? this.events.length : first + 1;
  }

  private deliver(count: number): void {
    const batch = this.events.slice(this.at, this.at + count);
    this.at += batch.length;
    if (batch.length > 0) for (const listener of this.listeners) listener.events(batch);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private say(activity: Activity): void {
    if (activity === this.activityNow) return;
    this.activityNow = activity;
    for (const listener of this.listeners) listener.activity(activity);
  }
}
