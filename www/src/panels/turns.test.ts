import { expect, it } from 'vitest';
import { inTurn } from './turns';

const later = (): Promise<void> => new Promise((done) => setTimeout(done, 30));

it('does work in order, a little at a time, and leaves out what was taken back', async () => {
  const done: number[] = [];
  const slow = (n: number) => (): void => {
    const until = performance.now() + 6;
    while (performance.now() < until);
    done.push(n);
  };
  const back = [1, 2, 3, 4].map((n) => inTurn(slow(n)));
  expect(done).toEqual([]);
  back[2]?.();
  for (let i = 0; i < 10 && done.length < 3; i += 1) await later();
  expect(done).toEqual([1, 2, 4]);
  inTurn(slow(5));
  await later();
  expect(done.at(-1)).toBe(5);
});
