// The handle of ④: α dragged anywhere over the plot, or moved by the keyboard.

import type { Box } from './chart';
import { make, set } from './dom';

/** What the handle needs of its chart. */
export interface ShiftHandleHost {
  at(event: MouseEvent): [number, number];
  /** Where the plot lies; undefined while there is nothing to drag over. */
  box(): Box | undefined;
  alpha(): number;
  move(alpha: number): void;
}

/** A rule over the plot with a grip at its foot. */
export class ShiftHandle {
  /** The pointer has it; what comes from elsewhere waits. */
  dragging = false;
  private readonly host: ShiftHandleHost;
  private readonly node: SVGGElement;
  private readonly hit: SVGRectElement;
  private readonly rule: SVGPathElement;
  private readonly grip: SVGRectElement;
  private readonly focusRing: SVGRectElement;

  constructor(svg: SVGSVGElement, parent: Element, host: ShiftHandleHost) {
    this.host = host;
    this.node = make(parent, 'g', { class: 'chart-handle', role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': 1, 'aria-orientation': 'horizontal' });
    this.hit = make(this.node, 'rect', { class: 'chart-hit' });
    this.rule = make(this.node, 'path', { class: 'chart-rule' });
    this.grip = make(this.node, 'rect', { class: 'chart-grip', rx: 4 });
    this.focusRing = make(this.node, 'rect', { class: 'chart-focus', rx: 6 });
    svg.addEventListener('pointerdown', (event) => this.take(svg, event));
    svg.addEventListener('pointermove', (event) => {
      if (this.dragging) this.follow(event);
    });
    const release = (): void => void (this.dragging = false);
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) svg.addEventListener(name, release);
    this.node.addEventListener('keydown', (event) => this.key(event));
  }

  draw(px: number, box: Box, font: number, label: string, alpha: number, spoken: string): void {
    const half = font * 0.55;
    set(this.hit, { x: px - 14, y: box.top - 4, width: 28, height: box.bottom - box.top + 8 });
    set(this.rule, { d: `M${px} ${box.top}V${box.bottom}` });
    set(this.grip, { x: px - half, y: box.bottom - font * 1.4, width: half * 2, height: font * 1.3 });
    set(this.focusRing, { x: px - half - 3, y: box.bottom - font * 1.4 - 3, width: half * 2 + 6, height: font * 1.3 + 6 });
    set(this.node, { 'aria-label': label, 'aria-valuenow': alpha, 'aria-valuetext': spoken });
  }

  private take(svg: SVGSVGElement, event: PointerEvent): void {
    const [px, py] = this.host.at(event);
    const box = this.host.box();
    if (!box || event.button !== 0 || px < box.left - 14 || px > box.right + 14 || py < box.top - 8) return;
    this.dragging = true;
    svg.setPointerCapture?.(event.pointerId);
    this.node.focus({ preventScroll: true });
    this.follow(event);
    event.preventDefault();
  }

  private follow(event: PointerEvent): void {
    const [px] = this.host.at(event);
    const { left, right } = this.host.box() ?? { left: 0, right: 0 };
    this.host.move(right > left ? (px - left) / (right - left) : 0);
  }

  private key(event: KeyboardEvent): void {
    const alpha = this.host.alpha();
    const to: Record<string, number> = {
      ArrowRight: alpha + 0.01, ArrowUp: alpha + 0.01, ArrowLeft: alpha - 0.01, ArrowDown: alpha - 0.01,
      PageUp: alpha + 0.1, PageDown: alpha - 0.1, Home: 0, End: 1,
    };
    const next = to[event.key];
    if (next === undefined || !this.host.box()) return;
    event.preventDefault();
    event.stopPropagation();
    this.host.move(next);
  }
}
