// Shares the drawing of all charts over animation frames: those that wait are drawn in the order in which they asked, until
// the frame has spent its part; the rest have the next one. What trains needs the cores, too, so no frame may be long.

/** What of an animation frame the charts may take, ms; the last one of a frame may run over it. */
const PART_MS = 2;

const waiting = new Set<() => void>();
let timer = 0;
let listeners: ((ms: number) => void)[] = [];
let spent = 0;

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
  for (const draw of waiting) {
    waiting.delete(draw);
    draw();
    if (performance.now() - from >= PART_MS) break;
  }
  if (waiting.size > 0) timer = requestAnimationFrame(frame);
}

/** Tells once when all that waits has been drawn, at the earliest after the next frame, and how long that took. */
export function whenDrawn(listener: (ms: number) => void): void {
  listeners.push(listener);
  if (timer === 0) timer = requestAnimationFrame(frame);
}

/** Draws in one of the next frames, once however often it is asked for; gives what takes the request back. */
export function inFrame(draw: () => void): () => void {
  waiting.add(draw);
  if (timer === 0) timer = requestAnimationFrame(frame);
  return () => void waiting.delete(draw);
}
