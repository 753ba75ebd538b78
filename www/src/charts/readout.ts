// A small box of text beside a point, kept inside the chart.

import type { Box } from './chart';
import { make, Pool, set, show, write } from './dom';
import { cut, textWidth } from './format';

/** Shows a few lines of numbers where the reader points. */
export class Readout {
  private readonly node: SVGGElement;
  private readonly back: SVGRectElement;
  private readonly lines: Pool<SVGTextElement>;

  constructor(parent: Element) {
    this.node = make(parent, 'g', { class: 'chart-readout', 'aria-hidden': 'true' });
    this.back = make(this.node, 'rect', { rx: 3 });
    this.lines = new Pool(() => make(this.node, 'text'));
    this.hide();
  }

  show(x: number, y: number, texts: readonly string[], within: Box, font: number): void {
    const most = within.right - within.left - font;
    const lines = texts.map((text) => cut(text, most, font));
    const width = Math.max(...lines.map((text) => textWidth(text, font))) + font;
    const height = lines.length * font * 1.3 + font * 0.5;
    const beside = x + font * 0.8 + width <= within.right ? x + font * 0.8 : x - font * 0.8 - width;
    const left = Math.max(within.left, Math.min(within.right - width, beside));
    const top = Math.max(within.top, Math.min(within.bottom - height, y - height - font * 0.5));
    set(this.back, { x: left, y: top, width, height });
    this.lines.take(lines.length).forEach((node, i) => {
      set(node, { x: left + font * 0.5, y: top + font * (1.2 + 1.3 * i) });
      write(node, lines[i] ?? '');
    });
    show(this.node, true);
  }

  hide(): void {
    show(this.node, false);
  }
}
