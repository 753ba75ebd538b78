// Work that may wait a moment, a few milliseconds at a time, so that a click or a frame of the recording never waits for
// all of it.
const BUDGET_MS = 8;
const queue: (() => void)[] = [];
const channel = new MessageChannel();
let called = false;

function call(): void {
  if (called || queue.length === 0) return;
  called = true;
  channel.port2.postMessage(null);
}

channel.port1.onmessage = () => {
  called = false;
  const until = performance.now() + BUDGET_MS;
  try {
    while (queue.length > 0 && performance.now() < until) queue.shift()?.();
  } finally {
    // What failed is left out; the rest still has its turn.
    call();
  }
};

/** Does `work` in its turn; the answer takes it back. */
export function inTurn(work: () => void): () => void {
  queue.push(work);
  call();
  return () => {
    const at = queue.indexOf(work);
    if (at >= 0) queue.splice(at, 1);
  };
}
