// The groups' shapes as paths, of equal area, and small labels that carry one.

import type { GroupStyle, Shape } from './chart';
import { make, paint, round, set, show, write } from './dom';

/** Draws a shape centered on a point as a path; r is the radius of the circle of equal area. */
export function shapeOf(shape: Shape, r: number): (x: number, y: number) => string {
  // Where its outline begins, from its center, and the outline: the same wherever it stands.
  const [dx, dy, outline] = outlineOf(shape, r);
  return (x, y) => `M${round(x + dx)} ${round(y + dy)}${outline}`;
}

function outlineOf(shape: Shape, r: number): [number, number, string] {
  if (shape === 'circle') return [-r, 0, `a${round(r)} ${round(r)} 0 1 0 ${round(2 * r)} 0a${round(r)} ${round(r)} 0 1 0 ${round(-2 * r)} 0z`];
  if (shape === 'square') {
    const a = r * 0.886;
    return [-a, -a, `h${round(2 * a)}v${round(2 * a)}h${round(-2 * a)}z`];
  }
  if (shape === 'diamond') {
    const a = r * 1.32;
    return [0, -a, `l${round(a)} ${round(a)}l${round(-a)} ${round(a)}l${round(-a)} ${round(-a)}z`];
  }
  const a = r * 1.347; // half the side
  const h = a * 1.732;
  return [0, -h * 0.62, `l${round(a)} ${round(h)}h${round(-2 * a)}z`];
}

/** The same, of one. */
export function shapePath(shape: Shape, x: number, y: number, r: number): string {
  return shapeOf(shape, r)(x, y);
}

/** A group's shape followed by a text. */
export class Tag {
  readonly node: SVGGElement;
  private readonly mark: SVGPathElement;
  private readonly label: SVGTextElement;
  private readonly title: SVGTitleElement;

  constructor(parent: Element, className: string) {
    this.node = make(parent, 'g', { class: className });
    this.title = make(this.node, 'title');
    this.mark = make(this.node, 'path', { class: 'chart-mark' });
    this.label = make(this.node, 'text', { dy: '0.35em' });
  }

  draw(x: number, y: number, font: number, group: GroupStyle, text: string): void {
    const r = font * 0.32;
    set(this.mark, { d: shapePath(group.shape, x + r * 1.2, y, r) });
    paint(this.mark, 'fill', group.color);
    set(this.label, { x: x + tagIndent(font), y });
    write(this.label, text);
    write(this.title, group.name);
  }

  visible(on: boolean): void {
    show(this.node, on);
  }
}

/** Width that the shape takes before the text. */
export function tagIndent(font: number): number {
  return font * 0.95;
}

/** Stroke pattern of a lane: an SVG dash array, or one of three words. */
export function dashArray(dash: string): string | null {
  if (dash === '' || dash === 'solid' || dash === 'none') return null;
  if (dash === 'dashed') return '7 4';
  if (dash === 'dotted') return '2 3';
  return dash;
}
