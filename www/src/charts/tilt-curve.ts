// The adversary's factor as a function of the loss, in closed form from τ and the batch.

import { quantile } from 'd3-array';
import { at } from './chart';
import { niceDomain, span } from './layout';

/** What the tilt of a batch is made of. */
export interface Tilt {
  losses: ArrayLike<number>;
  factors: ArrayLike<number>;
  tau: number | null;
  meanLoss: number;
  curve: 'tilt' | 'flat' | 'sensitivity';
  clamp?: number | undefined;
}

/**
 * w(ℓ) = n·exp(ℓ/τ) / Σ exp(ℓ_j/τ), or undefined where there is no curve to draw.
 *
 * With a clamp (the authors' form) it is min(clamp, exp((ℓ − mean)/τ)), in the scale the factors come in:
 * as they are, or normalized to mean 1. Another `tau` than the batch's gives the curve that this batch would have.
 */
export function tiltCurve(view: Tilt, tau: number | null = view.tau): ((loss: number) => number) | undefined {
  if (view.curve === 'flat') return () => 1;
  const { losses, meanLoss } = view;
  const n = losses.length;
  if (view.curve === 'sensitivity' || tau === null || tau === 0 || !Number.isFinite(tau) || n === 0) return undefined;
  if (view.clamp !== undefined) {
    const scale = clampScale(view, tau);
    const most = view.clamp;
    return (loss) => scale * Math.min(most, Math.exp((loss - meanLoss) / tau));
  }
  let top = -Infinity;
  for (let i = 0; i < n; i += 1) {
    const score = at(losses, i) / tau;
    if (score > top) top = score;
  }
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const part = Math.exp(at(losses, i) / tau - top);
    if (Number.isFinite(part)) sum += part;
  }
  return Number.isFinite(top) && sum > 0 ? (loss) => (n * Math.exp(loss / tau - top)) / sum : undefined;
}

/** Ratio of the factors as given (mean 1, at another τ than the batch's) to the clamped, unnormalized ones. */
export function clampScale(view: Tilt, tau: number | null = view.tau): number {
  const { losses, factors, meanLoss, clamp } = view;
  let raw = 0;
  let given = 0;
  for (let i = 0; i < losses.length; i += 1) {
    const w = Math.min(clamp ?? Infinity, Math.exp((at(losses, i) - meanLoss) / (tau || 1)));
    const factor = tau === view.tau ? at(factors, i) : 1;
    if (!Number.isFinite(w) || !Number.isFinite(factor)) continue;
    raw += w;
    given += factor;
  }
  return raw > 0 && given > 0 ? given / raw : 1;
}

/** Temperatures that a handle can be put to, evenly spaced in their logarithm. */
function* temperatures(min: number, max: number): Generator<number> {
  for (let i = 0; i <= 360; i += 1) yield min * (max / min) ** (i / 360);
}

/** The τ at which the curve comes nearest to a point. A clamped curve may pass there twice: then the τ nearest to `now`. */
export function tauThrough(view: Tilt, loss: number, factor: number, [min, max]: readonly [number, number], now: number): number {
  let best = now;
  let least = Infinity;
  const goal = Math.log(Math.max(factor, 1e-12));
  for (const tau of temperatures(min, max)) {
    const here = tiltCurve(view, tau)?.(loss) ?? NaN;
    const miss = Math.abs(Math.log(Math.max(here, 1e-12)) - goal) + 1e-6 * Math.abs(Math.log(tau / now));
    if (miss < least) [best, least] = [tau, miss];
  }
  return best;
}

/** KL(weights ‖ uniform) of the batch at a τ, nats. */
export function radiusAt(view: Tilt, tau: number): number {
  const curve = tiltCurve(view, tau);
  if (!curve) return NaN;
  const weights = Array.from(view.losses, curve).filter(Number.isFinite);
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.reduce((sum, w) => (w > 0 ? sum + (w / total) * Math.log((w * weights.length) / total) : sum), 0);
}

/** The τ that amounts to a radius on this batch: the smaller the τ, the larger the radius. */
export function tauOfRadius(view: Tilt, radius: number): number {
  let [low, high] = [Math.log(1e-3), Math.log(1e3)];
  for (let i = 0; i < 50; i += 1) {
    const middle = (low + high) / 2;
    if (radiusAt(view, Math.exp(middle)) > radius) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** Domains of both axes. */
export interface TiltDomain {
  /** Loss, nats. */
  x: [number, number];
  /** Factor; logarithmic where it starts above 0. */
  y: [number, number];
}

/** On a logarithmic axis the highest point is at least this factor below the top, where the mean's label and the handle are. */
const HEADROOM = 1.5;
/** Where a loss is half as large again as this many times the ninth decile, the axis ends there and the loss stands on its end. */
const FAR = 2;
/** The factor spans more than this before its axis is logarithmic. */
const LOG_ABOVE = 20;

/** Domains that hold the points of the views, but for a few far ones: pass several lanes for shared axes. */
export function tiltDomain(views: readonly Tilt[]): TiltDomain {
  const losses = views.flatMap((view) => Array.from(view.losses)).filter(Number.isFinite);
  const x = span(losses) ?? [0, 1];
  // One far loss of one lane would press all the others together.
  const far = FAR * (quantile(losses, 0.9) ?? 0);
  if (far > 0 && x[1] > 1.5 * far) x[1] = Math.max(far, ...views.map((view) => view.meanLoss).filter(Number.isFinite));
  const factors = span([1, ...views.flatMap((view) => Array.from(view.factors))]) ?? [0, 2];
  // Three decades at most: a few zeros do not make the axis endless. What is smaller is drawn on its floor.
  const positive = span(views.flatMap((view) => Array.from(view.factors)).filter((f) => f > 0)) ?? [1, 1];
  const high = Math.max(factors[1], 1);
  const least = Math.min(positive[0], 1);
  const low = Math.max(least, high / 1e3);
  const log = high / low > LOG_ABOVE;
  return { x: niceDomain(x[0], x[1], 0.2), y: log ? logDomain(low, high) : [0, niceDomain(0, high * 1.05, 2)[1]] };
}

/** Axes that hold still from frame to frame and only ever grow; one for all the lanes that share them. */
export class TiltAxes {
  private kept: TiltDomain | undefined;

  /** Domains for these views, and for all that came before. */
  fit(views: readonly Tilt[]): TiltDomain {
    if (views.every((view) => view.losses.length === 0)) return this.kept ?? { x: [0, 1], y: [0, 2] };
    this.kept = grown(this.kept, tiltDomain(views));
    return this.kept;
  }

  reset(): void {
    this.kept = undefined;
  }
}

function grown(kept: TiltDomain | undefined, fresh: TiltDomain): TiltDomain {
  if (!kept) return fresh;
  const [low, high] = [Math.min(kept.x[0], fresh.x[0]), Math.max(kept.x[1], fresh.x[1])];
  const x = low < kept.x[0] || high > kept.x[1] ? niceDomain(low, high, 0.2) : kept.x;
  const top = Math.max(kept.y[1], fresh.y[1]);
  // Once logarithmic, always: a linear domain starts at 0, which a logarithmic one cannot.
  const floors = [kept.y[0], fresh.y[0]].filter((floor) => floor > 0);
  if (floors.length === 0) return { x, y: [0, top] };
  const floor = Math.max(Math.min(...floors), top / 2e3);
  return { x, y: floor === kept.y[0] && top === kept.y[1] ? kept.y : logDomain(floor, top / HEADROOM) };
}

/** Ends at 1, 2 or 5 times a power of ten. */
function logDomain(low: number, high: number): [number, number] {
  const end = (x: number, up: boolean): number => {
    const power = 10 ** Math.floor(Math.log10(x));
    const steps = [1, 2, 5, 10].map((m) => Number((m * power).toPrecision(6)));
    return (up ? steps.find((s) => s >= x) : steps.reverse().find((s) => s <= x)) ?? x;
  };
  return [end(low, false), end(high * HEADROOM, true)];
}
