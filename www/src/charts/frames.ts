// Shares the drawing of all charts, and of what else follows a run, over animation frames: those that wait are drawn in the
// order in which they asked, until the frame has spent its part; the rest have the next one. What trains needs the cores,
// too, so no frame may be long.

/** What of an animation frame the charts may take, ms; only a chart that takes more by itself runs over it. */
const PART_MS = 2;
/** Where a frame comes this long after it was asked for, frames are rare (a tab in the background): it draws all that waits. */
const RARE_MS = 500;

const waiting = new Set<() => void>();
/** What is on its way somewhere and is drawn in every frame until it is there. */
const moving = new Set<() => boolean>();
/** What each took lately, ms. */
const costs = new WeakMap<() => void, number>();
let timer = 0;
let asked = 0;
let listeners: ((ms: number) => void)[] = [];
let spent = 0;
/** Something is being drawn in its turn. */
let turning = false;

function frame(): void {
  timer = 0;
  const from = performance.now();
  // A timer set at a frame's beginning comes after its layout and paint.
  setTimeout(() => {
    spent += performance.now() - from;
    if (waiting.size > 0) return;
    const [told, ms] = [listeners, spent];
    [listeners, spent] = [[], 0];
    for (const listener of told) listener(ms);
  });
  try {
    for (const paint of [...moving]) {
      moving.delete(paint);
      if (paint()) moving.add(paint);
    }
    turning = true;
    draws(from, from - asked > RARE_MS ? Infinity : PART_MS);
  } finally {
    turning = false;
    // What failed is left out; the rest still has its turn.
    if (waiting.size + moving.size > 0) ask();
  }
}

function draws(from: number, part: number): void {
  let fresh = performance.now() - from < part / 2;
  for (const draw of waiting) {
    const before = performance.now();
    const usual = costs.get(draw) ?? 0;
    // One is drawn in any frame whose motion leaves room; another where it will not run over.
    if (!fresh && (before - from >= part || before - from + usual > part)) break;
    fresh = false;
    waiting.delete(draw);
    draw();
    const took = performance.now() - before;
    costs.set(draw, usual === 0 ? took : (usual + took) / 2);
  }
}

function ask(): void {
  if (timer !== 0) return;
  asked = performance.now();
  timer = requestAnimationFrame(frame);
}

/** Tells once when all that waits has been drawn, at the earliest after the next frame, and how long that took. */
export function whenDrawn(listener: (ms: number) => void): void {
  listeners.push(listener);
  ask();
}

/** Draws in one of the next frames, once however often it is asked for; gives what takes the request back. */
export function inFrame(draw: () => void): () => void {
  waiting.add(draw);
  ask();
  return () => void waiting.delete(draw);
}

/** Draws the rest of what is being drawn in its turn in a turn of its own; at once where nobody takes turns. */
export function inNext(draw: () => void): void {
  if (turning) inFrame(draw);
  else draw();
}

/** Paints in every frame for as long as it says that it is not there yet; gives what stops it. */
export function inMotion(paint: () => boolean): () => void {
  moving.add(paint);
  ask();
  return () => void moving.delete(paint);
}
