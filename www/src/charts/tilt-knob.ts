// The adversary's handle, on the curve itself: a grip that is dragged up and down, and a slider for the keyboard.

import { at, type Box } from './chart';
import { make, set, show, write } from './dom';
import { plain, textWidth } from './format';
import { radiusAt, tauOfRadius, tauThrough, tiltCurve, type Tilt } from './tilt-curve';

/** The number that the handle moves. */
export interface TiltKnob {
  /** The temperature, or the KL radius that it is solved from. */
  kind: 'tau' | 'radius';
  /** What is set now; where the batch was weighed with another one, its curve is drawn beside the batch's. */
  value: number;
  min: number;
  max: number;
}

/** What the handle needs of its chart. */
export interface KnobHost {
  at(event: MouseEvent): [number, number];
  moved(value: number): void;
  /** The handle was taken up. */
  taken(): void;
  label: (kind: TiltKnob['kind']) => string;
  text: (kind: TiltKnob['kind'], value: string, next: boolean) => string[];
}

/** Where the plot lies. */
export interface Plot {
  box: Box;
  font: number;
  x: ((loss: number) => number) & { invert(pixel: number): number };
  y: ((factor: number) => number) & { invert(pixel: number): number };
  /** Right end of the loss axis. */
  last: number;
}

/** Range of τ that a drag searches where the knob is a radius. */
const TAUS = [0.02, 20] as const;

/** The grip on the tilt curve. */
export class KnobHandle {
  private readonly host: KnobHost;
  private readonly node: SVGGElement;
  private readonly hit: SVGRectElement;
  private readonly grip: SVGRectElement;
  private readonly focusRing: SVGRectElement;
  private readonly name: SVGTextElement;
  /** Where the grip and its label are drawn: no other text may be there. */
  covers: readonly Box[] = [];
  private tilt: Tilt | undefined;
  private knob: TiltKnob | undefined;
  private plot: Plot | undefined;
  /** τ of the knob, and the point of its curve that carries the grip. */
  private tau = 1;
  private loss = 0;
  private height = 0;
  /** While it is dragged: the scale and the offset that held when it was taken up, so that a growing axis does not run away. */
  private held: { invert: (pixel: number) => number; loss: number; offset: number } | undefined;

  constructor(parent: Element, host: KnobHost) {
    this.host = host;
    this.node = make(parent, 'g', { class: 'chart-knob', role: 'slider', tabindex: 0, 'aria-orientation': 'vertical' });
    this.hit = make(this.node, 'rect', { class: 'chart-hit' });
    this.name = make(this.node, 'text', { class: 'chart-halo chart-strong', dy: '0.35em' });
    this.grip = make(this.node, 'rect', { class: 'chart-grip', rx: 3 });
    this.focusRing = make(this.node, 'rect', { class: 'chart-focus', rx: 5 });
    this.node.addEventListener('pointerdown', (event) => this.take(event));
    this.node.addEventListener('pointermove', (event) => this.drag(event));
    const release = (): void => void (this.held = undefined);
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) this.node.addEventListener(name, release);
    // A click on the handle pins no pair.
    this.node.addEventListener('click', (event) => event.stopPropagation());
    this.node.addEventListener('keydown', (event) => this.key(event));
    show(this.node, false);
  }

  /** Draws the handle of a batch, or none; gives the τ whose curve it lies on. */
  draw(tilt: Tilt, knob: TiltKnob | undefined, plot: Plot): number | undefined {
    const there = knob !== undefined && tiltCurve(tilt) !== undefined;
    show(this.node, there);
    this.knob = there ? knob : undefined;
    this.covers = [];
    if (!there) return undefined;
    [this.tilt, this.plot] = [tilt, plot];
    const next = !this.holds(tilt, knob);
    this.tau = !next && tilt.tau !== null ? tilt.tau : knob.kind === 'tau' ? knob.value : tauOfRadius(tilt, knob.value);
    const { box, font, x, y } = plot;
    this.loss = this.held?.loss ?? this.place(tilt, plot);
    const factor = tiltCurve(tilt, this.tau)?.(this.loss) ?? NaN;
    this.height = Math.max(box.top, Math.min(box.bottom, y(Math.max(factor, 1e-9))));
    if (!Number.isFinite(this.height)) this.height = box.top;
    const px = x(this.loss);
    const [wide, high] = [font * 0.9, font * 1.5];
    set(this.hit, { x: px - 15, y: this.height - 18, width: 30, height: 36 });
    set(this.grip, { x: px - wide / 2, y: this.height - high / 2, width: wide, height: high });
    set(this.focusRing, { x: px - wide / 2 - 3, y: this.height - high / 2 - 3, width: wide + 6, height: high + 6 });
    const value = plain(knob.value);
    const texts = this.host.text(knob.kind, value, next);
    // Beside the grip: to the right where that is wide enough, for the points lie to the left; else a little over them.
    const [left, right] = [px - wide - box.left, box.right - px - wide];
    const fits = (room: number): string | undefined => texts.find((each) => textWidth(each, font) * 1.1 < room);
    const toRight = fits(right) !== undefined;
    const text = fits(right) ?? fits(left) ?? texts.at(-1) ?? '';
    const [edge, middle, length] = [px + (toRight ? wide * 0.9 : -wide * 0.9), toRight ? Math.min(box.bottom - font, this.height) : Math.max(box.top + font * 0.6, this.height - font * 0.4), textWidth(text, font) * 1.1];
    set(this.name, { x: edge, y: middle, 'text-anchor': toRight ? 'start' : 'end' });
    write(this.name, text);
    this.covers = [
      { left: px - wide / 2, top: this.height - high / 2, right: px + wide / 2, bottom: this.height + high / 2 },
      { left: toRight ? edge : edge - length - font * 0.5, top: middle - font * 0.6, right: toRight ? edge + length + font * 0.5 : edge, bottom: middle + font * 0.6 },
    ];
    set(this.node, {
      'aria-label': this.host.label(knob.kind),
      'aria-valuemin': knob.min,
      'aria-valuemax': knob.max,
      'aria-valuenow': knob.value,
      'aria-valuetext': texts[0] ?? value,
    });
    return next ? this.tau : undefined;
  }

  /** Whether the batch was weighed with what is set now. The frame's numbers are single precision, a solved radius is near. */
  private holds(tilt: Tilt, knob: TiltKnob): boolean {
    if (tilt.tau === null) return false;
    if (knob.kind === 'tau') return Math.abs(knob.value - tilt.tau) <= 1e-4 * knob.value;
    return Math.abs(knob.value - radiusAt(tilt, tilt.tau)) <= 0.005 + 0.01 * knob.value;
  }

  /** Past the largest loss, where the curve only rises as τ falls; under the clamp, where it is still a curve. */
  private place(tilt: Tilt, plot: Plot): number {
    let largest = -Infinity;
    for (let i = 0; i < tilt.losses.length; i += 1) largest = Math.max(largest, at(tilt.losses, i));
    const beside = Math.min(plot.last, largest + (plot.last * plot.font) / Math.max(1, plot.box.right - plot.box.left));
    if (tilt.clamp !== undefined) return Math.min(beside, tilt.meanLoss + 0.8 * this.tau * Math.log(tilt.clamp));
    // Not above the plot either, where the numbers are.
    const curve = tiltCurve(tilt, this.tau);
    const over = (loss: number): boolean => plot.y(Math.max(curve?.(loss) ?? 0, 1e-9)) < plot.box.top + plot.font * 0.75;
    let [low, high] = [tilt.meanLoss, beside];
    if (!over(high) || over(low)) return beside;
    for (let i = 0; i < 30; i += 1) {
      const middle = (low + high) / 2;
      if (over(middle)) high = middle;
      else low = middle;
    }
    return low;
  }

  private take(event: PointerEvent): void {
    if (!this.plot || event.button !== 0) return;
    const [, py] = this.host.at(event);
    const { y } = this.plot;
    this.held = { invert: (pixel) => y.invert(pixel), loss: this.loss, offset: py - this.height };
    this.node.setPointerCapture?.(event.pointerId);
    this.node.focus({ preventScroll: true });
    this.host.taken();
    event.preventDefault();
    event.stopPropagation();
  }

  private drag(event: PointerEvent): void {
    const { held, knob, tilt } = this;
    if (!held || !knob || !tilt) return;
    const [, py] = this.host.at(event);
    const range = knob.kind === 'tau' ? ([knob.min, knob.max] as const) : TAUS;
    const tau = tauThrough(tilt, held.loss, held.invert(py - held.offset), range, this.tau);
    this.move(knob.kind === 'tau' ? tau : radiusAt(tilt, tau));
    event.stopPropagation();
  }

  private key(event: KeyboardEvent): void {
    const { knob } = this;
    if (!knob) return;
    // In units of the second digit of a temperature, in hundredths of a radius.
    const power = 10 ** (Math.floor(Math.log10(Math.max(knob.value, 1e-9)) + 1e-9) - 1);
    const unit = (down: boolean): number =>
      knob.kind === 'radius' ? 0.01 : down && Math.abs(knob.value / power - 10) < 1e-6 ? power / 10 : power;
    const to: Record<string, number> = {
      ArrowRight: knob.value + unit(false), ArrowUp: knob.value + unit(false),
      ArrowLeft: knob.value - unit(true), ArrowDown: knob.value - unit(true),
      PageUp: knob.kind === 'tau' ? knob.value * 2 : knob.value + 0.1, PageDown: knob.kind === 'tau' ? knob.value / 2 : knob.value - 0.1,
      Home: knob.min, End: knob.max,
    };
    const value = to[event.key];
    if (value === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(value);
  }

  private move(value: number): void {
    const { knob } = this;
    if (!knob || !Number.isFinite(value)) return;
    const within = Math.max(knob.min, Math.min(knob.max, value));
    const next = knob.kind === 'tau' ? Number(within.toPrecision(2)) : Math.round(within * 100) / 100;
    if (next !== knob.value) this.host.moved(next);
  }
}
