// When the panels draw what has grown: at most once per animation frame, and a third of the time, for training needs the
// cores too.
import { whenDrawn } from '../charts/frames';

/** Drawing rests this many times as long as it took, at most so long. */
const REST = 2;
const MAX_REST_MS = 200;
/** A page that nobody sees draws this seldom. */
const HIDDEN_MS = 250;

export class Pace {
  private drawing = false;
  private stale = false;

  constructor(private readonly draw: () => void) {}

  /** There is more to draw. */
  grown(): void {
    this.stale = true;
    if (this.drawing) return;
    this.drawing = true;
    if (document.hidden) setTimeout(() => this.frame(), HIDDEN_MS);
    else requestAnimationFrame(() => this.frame());
  }

  private frame(): void {
    this.stale = false;
    this.draw();
    if (document.hidden) return this.again();
    whenDrawn((ms) => void setTimeout(() => this.again(), Math.min(MAX_REST_MS, REST * ms)));
  }

  private again(): void {
    this.drawing = false;
    if (this.stale) this.grown();
  }
}
