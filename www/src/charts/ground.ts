// Where a text can stand in a plot: what is drawn there, as a grid of small cells in which any box is looked up at once.

import type { Box } from './chart';
import { textWidth } from './format';
import { overlaps } from './layout';

/** Side of a cell, pixels. */
const CELL = 3;

/** A place found for a text. */
export interface Place {
  box: Box;
  /** How many cells of what is drawn it covers. */
  covered: number;
}

/** A text and where its line begins. */
export interface Spot {
  text: string;
  x: number;
  y: number;
}

/** What is drawn in a plot, and the texts that have their place. */
export class Ground {
  private readonly within: Box;
  private readonly columns: number;
  private readonly rows: number;
  private readonly cells: Uint8Array;
  /** Sums of all cells above and to the left; made when first asked for. */
  private sums: Uint32Array | undefined;
  private readonly taken: Box[] = [];

  constructor(within: Box) {
    this.within = within;
    this.columns = Math.max(1, Math.ceil((within.right - within.left) / CELL));
    this.rows = Math.max(1, Math.ceil((within.bottom - within.top) / CELL));
    this.cells = new Uint8Array(this.columns * this.rows);
  }

  /** A line along these points. */
  line(points: readonly (readonly [number, number])[]): void {
    for (let i = 1; i < points.length; i += 1) {
      const [from, to] = [points[i - 1]!, points[i]!];
      const parts = Math.min(1000, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / (CELL / 2)));
      for (let k = 0; k <= parts; k += 1) this.dot(from[0] + ((to[0] - from[0]) * k) / Math.max(1, parts), from[1] + ((to[1] - from[1]) * k) / Math.max(1, parts));
    }
  }

  /** A mark of radius r. */
  mark(x: number, y: number, r: number): void {
    for (let dy = -r; dy <= r; dy += CELL / 2) for (let dx = -r; dx <= r; dx += CELL / 2) this.dot(x + dx, y + dy);
  }

  /** No other text may stand here. */
  take(box: Box): void {
    this.taken.push(box);
  }

  private dot(x: number, y: number): void {
    const [column, row] = [Math.floor((x - this.within.left) / CELL), Math.floor((y - this.within.top) / CELL)];
    this.sums = undefined;
    if (column >= 0 && column < this.columns && row >= 0 && row < this.rows) this.cells[row * this.columns + column] = 1;
  }

  /** How many drawn cells a box touches. */
  covered(box: Box): number {
    const wide = this.columns + 1;
    this.sums ??= this.added(wide);
    const column = (x: number): number => Math.max(0, Math.min(this.columns, x));
    const row = (y: number): number => Math.max(0, Math.min(this.rows, y));
    const [left, right] = [column(Math.floor((box.left - this.within.left) / CELL)), column(Math.ceil((box.right - this.within.left) / CELL))];
    const [top, bottom] = [row(Math.floor((box.top - this.within.top) / CELL)), row(Math.ceil((box.bottom - this.within.top) / CELL))];
    const sum = (r: number, c: number): number => this.sums?.[r * wide + c] ?? 0;
    return sum(bottom, right) - sum(top, right) - sum(bottom, left) + sum(top, left);
  }

  /** The first of these texts that covers nothing of it and no other text where it is to stand; else the one that covers least. */
  first(spots: readonly Spot[], font: number): Spot | undefined {
    let best: Spot | undefined;
    let least = Infinity;
    for (const spot of spots) {
      const box = { left: spot.x, top: spot.y - font * 0.9, right: spot.x + textWidth(spot.text, font), bottom: spot.y + font * 0.2 };
      if (box.left < this.within.left || box.right > this.within.right || this.taken.some((other) => overlaps(box, other))) continue;
      const covered = this.covered(box);
      if (covered < least) [best, least] = [spot, covered];
      if (least === 0) return best;
    }
    return best;
  }

  private added(wide: number): Uint32Array {
    const sums = new Uint32Array(wide * (this.rows + 1));
    for (let r = 0; r < this.rows; r += 1) {
      let along = 0;
      for (let c = 0; c < this.columns; c += 1) {
        along += this.cells[r * this.columns + c] ?? 0;
        sums[(r + 1) * wide + c + 1] = (sums[r * wide + c + 1] ?? 0) + along;
      }
    }
    return sums;
  }

  /** The place for a text that covers least of what is drawn, covers no other text, and is nearest to its point; `beside` it only, or anywhere. */
  place(x: number, y: number, width: number, height: number, beside = false): Place | undefined {
    const { within } = this;
    let best: Place | undefined;
    let cost = Infinity;
    const consider = (left: number, top: number): void => {
      const box = { left, top, right: left + width, bottom: top + height };
      if (left < within.left || box.right > within.right || top < within.top || box.bottom > within.bottom) return;
      const away = Math.hypot(Math.max(left - x, 0, x - box.right), Math.max(top - y, 0, y - box.bottom));
      if (away >= cost || this.taken.some((other) => overlaps(box, other))) return;
      const covered = this.covered(box);
      // Anywhere that is free comes before a place over a line.
      const price = away + covered * 1000;
      if (price < cost) [best, cost] = [{ box, covered }, price];
    };
    for (const gap of [6, 12, 20]) {
      for (const [sx, sy] of BESIDE) {
        const middle = y + sy * (gap + (sx === 0 ? height / 2 : height / 3));
        consider(sx > 0 ? x + gap : sx < 0 ? x - gap - width : x - width / 2, middle - height / 2);
      }
    }
    if (beside || best?.covered === 0) return best;
    for (let top = within.top; top + height <= within.bottom; top += CELL) {
      for (let left = within.left; left + width <= within.right; left += 2 * CELL) consider(left, top);
    }
    return best;
  }
}

const BESIDE = [[1, 0], [1, -1], [1, 1], [-1, 0], [-1, -1], [-1, 1], [0, -1], [0, 1]] as const;
