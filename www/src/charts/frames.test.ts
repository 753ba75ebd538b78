import { afterEach, describe, expect, it, vi } from 'vitest';
import { inFrame, inMotion, whenDrawn } from './frames';

/** A clock and frames that go on only when told to. */
function stage(): { next: () => void; after: () => void; spend: (ms: number) => void; frames: () => number } {
  let now = 0;
  const [queued, timers]: (() => void)[][] = [[], []];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => queued!.push(callback));
  vi.stubGlobal('setTimeout', (callback: () => void) => timers!.push(callback));
  return {
    next: () => queued!.splice(0).forEach((callback) => callback()),
    after: () => timers!.splice(0).forEach((callback) => callback()),
    spend: (ms) => void (now += ms),
    frames: () => queued!.length,
  };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('drawing in turns', () => {
  it('draws what costs little in one frame, in order, and each once', () => {
    const { next, frames } = stage();
    const drawn: string[] = [];
    const [a, b] = [(): void => void drawn.push('a'), (): void => void drawn.push('b')];
    for (const draw of [a, b, a]) inFrame(draw);
    expect([frames(), drawn]).toEqual([1, []]);
    next();
    expect([frames(), drawn]).toEqual([0, ['a', 'b']]);
  });

  it('tells what drawing took, over all its frames', () => {
    const { next, spend, after } = stage();
    const told: number[] = [];
    whenDrawn((ms) => told.push(ms));
    for (const cost of [1, 1, 1]) inFrame((): void => spend(cost));
    next();
    after();
    expect(told).toEqual([]);
    next();
    after();
    expect(told).toEqual([3]);
    whenDrawn((ms) => told.push(ms));
    next();
    after();
    expect(told).toEqual([3, 0]);
  });

  it('leaves the rest to the next frames where one has taken its part, and forgets what is taken back', () => {
    const { next, spend, frames } = stage();
    const drawn: string[] = [];
    const draws = ['a', 'b', 'c', 'd'].map((name) => () => {
      drawn.push(name);
      spend(1);
    });
    const back = draws.map((draw) => inFrame(draw));
    next();
    expect([frames(), drawn]).toEqual([1, ['a', 'b']]);
    // One that was drawn may wait again, behind the others.
    inFrame(draws[0]!);
    back[2]!();
    next();
    expect(drawn).toEqual(['a', 'b', 'd', 'a']);
    expect(frames()).toBe(0);
  });

  it('puts off what will run over the part, and counts what is in motion', () => {
    const { next, spend, frames } = stage();
    const drawn: string[] = [];
    const draws = [1, 1.5, 5].map((cost) => () => {
      drawn.push(String(cost));
      spend(cost);
    });
    const ask = (): void => draws.forEach((draw) => void inFrame(draw));
    ask();
    // Nothing is known of them yet.
    next();
    next();
    expect([frames(), drawn.splice(0)]).toEqual([0, ['1', '1.5', '5']]);
    ask();
    next();
    expect(drawn).toEqual(['1']);
    next();
    expect(drawn).toEqual(['1', '1.5']);
    next();
    expect([frames(), drawn.splice(0)]).toEqual([0, ['1', '1.5', '5']]);
    // What moves is painted in every frame until it is there; a frame that it fills draws nothing else.
    let steps = 3;
    inMotion(() => (spend(1.2), drawn.push('…'), (steps -= 1) > 0));
    inFrame(draws[0]!);
    next();
    next();
    expect(drawn).toEqual(['…', '…']);
    next();
    expect([frames(), drawn]).toEqual([1, ['…', '…', '…']]);
    next();
    expect([frames(), drawn.at(-1)]).toEqual([0, '1']);
    const stop = inMotion(() => true);
    stop();
    next();
    expect(frames()).toBe(0);
  });
});
