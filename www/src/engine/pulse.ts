// Whether a worker is still there and still turning. A worker that dies lets go of its Web Lock, which is told at once; one
// that hangs stops beating. How long a silence may last grows with the longest unit of work that the run has shown.

/** A silence this long is a hang, where the run's units are short. */
const LEAST_MS = 4_500;
/** Before every kind of unit has been seen: opening a device, compiling, the first chunk of a reference policy. */
const AT_START_MS = 60_000;
const TIMES = 10;
const TICK_MS = 500;
/** Ticks this far apart mean that the page itself was held up, so it cannot say anything about others. */
const OWN_PAUSE_MS = 2_500;

/** How long a worker or a GPU may be silent when the longest silence that came to an end took `longest` ms. */
export const patience = (longest: number | undefined): number => (longest === undefined ? AT_START_MS : Math.max(LEAST_MS, TIMES * longest));

/** Watches for silence; `silent` is called once. */
export class Pulse {
  private heardAt: number;
  private tickedAt: number;
  private longest = 0;
  private known = false;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly silent: (ms: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.heardAt = this.tickedAt = now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** A sign of life. */
  beat(): void {
    const now = this.now();
    // What lay between while the page itself was held up, asleep or frozen, says nothing of the worker.
    if (now - this.tickedAt <= OWN_PAUSE_MS) this.longest = Math.max(this.longest, now - this.heardAt - TICK_MS);
    this.heardAt = now;
  }

  /** A run begins, whose units are of unknown length; or every kind of them has been seen. */
  expect(known: boolean): void {
    if (!known) this.longest = 0;
    this.known = known;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = this.now();
    const own = now - this.tickedAt;
    this.tickedAt = now;
    // After sleep, beats may be waiting behind this very tick.
    if (own > OWN_PAUSE_MS) this.heardAt = now;
    const silence = now - this.heardAt;
    if (silence <= patience(this.known ? this.longest : undefined)) return;
    this.stop();
    this.silent(silence);
  }
}

/** Asks for `lock` and says when it is had: its holder is gone. Call the result to stop waiting. */
export function whenReleased(lock: string, gone: () => void): () => void {
  const locks = globalThis.navigator?.locks;
  if (!locks) return () => undefined;
  const stop = new AbortController();
  locks.request(lock, { signal: stop.signal }, () => gone()).catch(() => undefined);
  return () => stop.abort();
}
