import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { patience, Pulse } from './pulse';

describe('Pulse', () => {
  let skipped = 0;
  const now = (): number => Date.now() + skipped;
  beforeEach(() => {
    skipped = 0;
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  async function beats(pulse: Pulse, count: number, every: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      await vi.advanceTimersByTimeAsync(every);
      pulse.beat();
    }
  }

  it('takes five seconds without a beat for a hang, where the units of work are short', async () => {
    const silences: number[] = [];
    const pulse = new Pulse((ms) => silences.push(ms), now);
    pulse.expect(true);
    await beats(pulse, 20, 500);
    await vi.advanceTimersByTimeAsync(4_400);
    expect(silences).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(silences).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(silences, 'says so once').toHaveLength(1);
  });

  it('allows ten times the longest silence that came to an end', async () => {
    const silences: number[] = [];
    const pulse = new Pulse((ms) => silences.push(ms), now);
    pulse.expect(true);
    await beats(pulse, 2, 2_500);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(silences).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(silences).toHaveLength(1);
  });

  it('waits a minute before it knows how long a unit of this run takes', async () => {
    const silences: number[] = [];
    new Pulse((ms) => silences.push(ms), now);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(silences).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(silences).toHaveLength(1);
    expect(patience(undefined)).toBe(60_000);
  });

  it('does not take the page’s own sleep for the worker’s', async () => {
    const silences: number[] = [];
    const pulse = new Pulse((ms) => silences.push(ms), now);
    pulse.expect(true);
    await beats(pulse, 3, 500);
    // The machine slept for an hour; the next tick comes before the beats that wait.
    skipped = 3_600_000;
    await vi.advanceTimersByTimeAsync(500);
    pulse.beat();
    await beats(pulse, 3, 500);
    expect(silences).toEqual([]);
    // And the hour does not count as a unit of work.
    await vi.advanceTimersByTimeAsync(6_000);
    expect(silences).toHaveLength(1);
  });
});
