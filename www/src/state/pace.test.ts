import { afterEach, describe, expect, it, vi } from 'vitest';
import { stage } from '../charts/testing';
import type { Event } from '../engine/types';
import { Pace, type Part } from './pace.svelte';

const said = (...kinds: Event['event'][]): Event[] => kinds.map((event) => ({ event }) as Event);
const drawn = (pace: Pace): Part[] => (Object.entries(pace.drawn) as [Part, number][]).flatMap(([part, times]) => new Array<Part>(times).fill(part));

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('what follows a run', () => {
  it('is drawn in the next frames, and only what an event changes', () => {
    const { next } = stage();
    const pace = new Pace();
    pace.said(said('frame'));
    expect(drawn(pace)).toEqual([]);
    next();
    expect(drawn(pace).sort()).toEqual(['finding', 'shares', 'shift', 'step', 'tilt']);
    expect(pace.run).toBe(0);
  });

  it('waits until all that is being drawn has been, and rests; what came meanwhile is drawn once', () => {
    const { next, after } = stage();
    const pace = new Pace();
    pace.said(said('progress'));
    pace.said(said('progress'));
    next();
    expect(drawn(pace)).toEqual(['step']);
    pace.said(said('progress', 'evaluation'));
    pace.said(said('progress'));
    next();
    expect(drawn(pace)).toEqual(['step']);
    // The frame is over, then the rest.
    after();
    after();
    next();
    expect(drawn(pace).sort()).toEqual(['bars', 'finding', 'plane', 'shift', 'step', 'step', 'words']);
  });

  it('is all drawn at once where the run is another one', () => {
    const { frames } = stage();
    const pace = new Pace();
    pace.said(said('started', 'frame'));
    expect([pace.run, new Set(drawn(pace)).size, frames()]).toEqual([1, 8, 0]);
    pace.anew();
    expect(pace.run).toBe(2);
  });

  it('is drawn now and then where nobody sees it', () => {
    const { next, after } = stage();
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    const pace = new Pace();
    pace.said(said('frame'));
    next();
    expect(drawn(pace)).toEqual([]);
    after();
    expect(drawn(pace)).toContain('tilt');
  });
});
