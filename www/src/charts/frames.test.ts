import { afterEach, describe, expect, it, vi } from 'vitest';
import { inFrame, inMotion, inNext, whenDrawn } from './frames';
import { stage } from './testing';

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

  it('gives the second half of a drawing a turn of its own, and draws it at once where nobody takes turns', () => {
    const { next, spend } = stage();
    const drawn: string[] = [];
    const rest = (): void => void drawn.push('rest');
    inNext(rest);
    expect(drawn).toEqual(['rest']);
    inFrame(() => {
      spend(2);
      inNext(rest);
      drawn.push('first');
    });
    next();
    expect(drawn).toEqual(['rest', 'first']);
    next();
    expect(drawn).toEqual(['rest', 'first', 'rest']);
    // A drawing that fails takes no turn with it.
    inFrame(() => {
      throw new Error('no canvas');
    });
    inFrame(rest);
    expect(next).toThrow('no canvas');
    next();
    expect(drawn).toHaveLength(4);
    inNext(rest);
    expect(drawn).toHaveLength(5);
  });

  it('draws all that waits where frames are rare, as in a tab in the background', () => {
    const { next, spend, frames } = stage();
    const drawn: number[] = [];
    for (let i = 0; i < 9; i += 1) inFrame(() => (spend(1.5), drawn.push(i)));
    spend(1000);
    next();
    expect([drawn.length, frames()]).toEqual([9, 0]);
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
