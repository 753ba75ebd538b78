import { describe, expect, it } from 'vitest';
import { bareNames, cut, fitText, fmt, pct, plain, plusMinus, shortNames, tickText } from './format';
import { Ground } from './ground';
import { decimate, niceDomain, overlaps, spread, Sticky } from './layout';
import { logTicks } from './axis';

describe('numbers', () => {
  it('have two to three significant digits and a true minus', () => {
    expect([0, 1234.5, 12.345, 1.2345, 0.12345, 0.012345, 0.00123, 1e-7, -3.2, NaN, Infinity].map(fmt)).toEqual([
      '0', '1235', '12.3', '1.23', '0.12', '0.012', '0.0012', '1.0e−7', '−3.20', '–', '–',
    ]);
    expect([plusMinus(0.1079, 0.0812), plusMinus(-0.1079, 0.0123), plusMinus(12.34, 2.5), plusMinus(0.5, 0.0996), plusMinus(0.25, NaN)]).toEqual(['0.11 ± 0.08', '−0.108 ± 0.012', '12 ± 3', '0.50 ± 0.10', '0.25']);
    expect([0.25, 0.004, 0.0002, 1, 0, NaN].map(pct)).toEqual(['25%', '0.4%', '<0.1%', '100%', '0%', '–']);
    expect([10, 0.5, 100, 0.05].map(plain)).toEqual(['10', '0.5', '100', '0.05']);
    expect([tickText(0.30000000000000004, 0.1), tickText(-2, 1), tickText(-1e-17, 0.5)]).toEqual(['0.3', '−2', '0.0']);
  });
});

describe('texts', () => {
  it('take the longest variant that fits, else are cut', () => {
    expect(fitText(['long label', 'short'], 1000, 10)).toBe('long label');
    expect(fitText(['long label', 'short'], 40, 10)).toBe('short');
    expect(cut('sentimental', 30, 10)).toMatch(/^sen?t?…$/);
    expect(cut('sentimental', 0, 10)).toBe('');
    expect(bareNames(['KLDPO τ=0.1', 'Dr. DPO β′=1', 'WDPO (appendix F) ρ=0.1 #2', 'EXO（ペア）'])).toEqual(['KLDPO', 'Dr. DPO', 'WDPO', 'EXO']);
    expect(bareNames(['DPO', 'KLDPO τ=0.1', 'KLDPO (exact radius) ρ=1'])).toEqual(['DPO', 'KLDPO τ=0.1', 'KLDPO ρ=1']);
    expect(bareNames(['KLDPO τ=0.1', "KLDPO (authors' code) τ=0.1"])).toEqual(['KLDPO τ=0.1', "KLDPO (authors' code) τ=0.1"]);
    expect(bareNames(['DPO', 'DPO (kept)'])).toEqual(['DPO', 'DPO (kept)']);
    const long = ['DPO', 'KLDPO（半径を固定） ρ=0.1', 'KLDPO（著者のコード） τ=0.1'];
    expect([400, 80, 30].map((width) => shortNames(long, width, 10))).toEqual([long, ['DPO', 'KLDPO ρ=0.1', 'KLDPO τ=0.1'], ['DPO', expect.stringMatching(/^KL.*…$/), expect.stringMatching(/^KL.*…$/)]]);
  });
});

describe('layout', () => {
  it('spreads labels apart and keeps the foremost', () => {
    const y = (values: number[]): (number | undefined)[] => spread(values.map((v, i) => ({ y: v, rank: -i })), 0, 40, 10);
    expect(y([5, 6, 7])).toEqual([5, 15, 25]);
    expect(y([39, 38, 40])).toEqual([30, 20, 40]);
    expect(y([1, 2, 3, 4, 5, 6, 7]).filter((v) => v === undefined)).toHaveLength(2);
    expect(y([NaN, 5])).toEqual([undefined, 5]);
  });

  it('keeps a domain until the data leaves it', () => {
    const sticky = new Sticky();
    const fit = (low: number, high: number): [number, number] => sticky.fit(low, high, (a, b) => niceDomain(a, b, 0.1));
    const first = fit(0, 0.93);
    expect(fit(0.1, 0.8)).toBe(first);
    expect(fit(0, 1.3)[1]).toBeGreaterThanOrEqual(1.3);
    expect(fit(0, 0.1)[1]).toBeLessThan(0.5);
    expect(niceDomain(0.693, 0.693, 0.2)[1]).toBeGreaterThan(0.693);
  });

  it('decimates by powers of two, with the last point', () => {
    expect(decimate(5, 10)).toEqual([0, 1, 2, 3, 4]);
    expect(decimate(10, 5)).toEqual([0, 2, 4, 6, 8, 9]);
    expect(decimate(0, 5)).toEqual([]);
    expect(decimate(100, 50).every((i, k, all) => decimate(99, 50).includes(i) || k === all.length - 1)).toBe(true);
  });

  it('places a text off the boxes taken and off the path', () => {
    const within = { left: 0, top: 0, right: 100, bottom: 100 };
    const ground = new Ground(within);
    const beside = ground.place(50, 50, 30, 10);
    expect(beside?.box.left).toBeGreaterThan(50);
    ground.line([[52, 50], [98, 50]]);
    ground.mark(40, 40, 4);
    expect(ground.covered(beside!.box)).toBeGreaterThan(0);
    const free = ground.place(50, 50, 30, 10)!;
    expect(ground.covered(free.box)).toBe(0);
    ground.take(free.box);
    const other = ground.place(50, 50, 30, 10)!;
    expect([ground.covered(other.box), overlaps(other.box, free.box)]).toEqual([0, false]);
    // Where lines are all over, the place with the fewest; where no place is large enough, none.
    for (let y = 1; y < 100; y += 6) ground.line([[0, y], [100, y]]);
    expect(ground.place(50, 50, 30, 10)!.covered).toBeGreaterThan(0);
    expect(ground.place(50, 50, 300, 10)).toBeUndefined();
  });

  it('labels decades, and 2 and 5 within one', () => {
    expect(logTicks(0.01, 100, 3).map((tick) => tick.text)).toEqual(['0.01', '1', '100']);
    expect(logTicks(0.2, 5, 3).map((tick) => tick.text)).toEqual(['0.2', '0.5', '1', '2', '5']);
  });
});
